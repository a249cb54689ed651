/**
 * FAILOVER: this master hands its role to a replica without losing a write.
 *
 *   none --FAILOVER--> waiting: writes are held back until the chosen replica has everything
 *   waiting --caught up, or time over with FORCE--> handing: this server becomes a replica and asks the other, with PSYNC ...
 *           FAILOVER, to take over; when it does, writes are let go (and find themselves on a replica)
 *   waiting --time over--> none;  handing --refused--> none, and this server is a master again
 */
import * as Effect from "effect/Effect"
import type { Run } from "../../engine/Background.js"
import type { Beating } from "../../replication/Heartbeat.js"
import type { ReplicaLink } from "../../replication/master/ReplicaLink.js"
import type { Takeover } from "../../replication/replica/ReplicationReplica.js"
import { PAUSED_FOR_EVER } from "../../engine/clients/ClientPause.js"
import type { FailoverState, ReplicationParts } from "./ReplicationParts.js"

export interface FailoverRequest {
  /** Announced address of the replica to take over; undefined = the first that has caught up. */
  readonly to: { readonly host: string; readonly port: number } | undefined
  /** Milliseconds to wait for it, 0 = for ever. */
  readonly timeoutMs: number
  /** Hand over when the time is over even if the replica lags. */
  readonly force: boolean
}

const PURPOSE = "failover"
const FOR_EVER = PAUSED_FOR_EVER

export class Failover implements Beating, Takeover {
  state: FailoverState = "no-failover"
  private request: FailoverRequest | undefined = undefined
  private untilMs = FOR_EVER

  constructor(
    private readonly replication: ReplicationParts,
    private readonly background: Run,
  ) {}

  private now(): number {
    return this.replication.engine.clock.currentTimeMillisUnsafe()
  }

  private note(text: string): void {
    this.replication.engine.logger.notice(text)
  }

  get running(): boolean {
    return this.state !== "no-failover"
  }

  get busy(): boolean {
    return this.running
  }

  beat(): void {
    this.check()
  }

  acknowledged(): void {
    this.check()
  }

  /** Who is to take over, for the log. */
  private get target(): string {
    const to = this.request?.to
    return to === undefined ? "any replica" : `${to.host}:${to.port}`
  }

  begin(request: FailoverRequest): void {
    const { engine, master } = this.replication
    this.request = request
    this.untilMs = request.timeoutMs > 0 ? this.now() + request.timeoutMs : FOR_EVER
    this.state = "waiting-for-sync"
    engine.pause.pause(PURPOSE, "write", FOR_EVER)
    master.holdsPings = request.timeoutMs > 0
    master.ackListeners.add(this)
    this.note(`FAILOVER requested to ${this.target}.`)
    master.askForAcks()
    this.check()
    if (request.timeoutMs > 0) {
      const look = Effect.andThen(
        Effect.sleep(request.timeoutMs),
        Effect.sync(() => this.check()),
      )
      this.background(look)
    }
  }

  /** FAILOVER ABORT and the like; answers whether there was one. */
  abort(why: string): boolean {
    if (!this.running) return false
    const handing = this.state === "failover-in-progress"
    const text = `FAILOVER to ${this.target} aborted: ${why}`
    this.end()
    this.note(text)
    if (handing) this.replication.promote()
    return true
  }

  /** The other side would not take over. */
  refused(reason: string): void {
    if (this.state === "failover-in-progress") this.abort(`Failover target rejected psync request: ${reason}`)
  }

  /** The link to the new master is up. */
  succeeded(): void {
    if (this.state !== "failover-in-progress") return
    this.end()
  }

  /** An acknowledgement came, or time has passed. */
  check(): void {
    const { request } = this
    if (this.state !== "waiting-for-sync" || request === undefined) return
    const target = this.candidates(request).find((link) => link.ackOffset >= this.replication.log.offset)
    if (target !== undefined) {
      this.note(`Failover target ${target.name} is synced, failing over.`)
      return this.hand(target)
    }
    if (this.now() < this.untilMs) return
    const [forced] = this.candidates(request)
    if (request.force && forced !== undefined) {
      this.note(`FAILOVER to ${this.target} time out exceeded, failing over.`)
      this.hand(forced)
    } else this.abort("Replica never caught up before timeout")
  }

  private candidates({ to }: FailoverRequest): ReadonlyArray<ReplicaLink> {
    return this.replication.master.attached.filter(
      (link) =>
        link.state === "online" &&
        (to === undefined || (link.ip === to.host && link.listeningPort === to.port)),
    )
  }

  private hand(target: ReplicaLink): void {
    this.state = "failover-in-progress"
    const { ip, listeningPort } = target
    // Not inside of the acknowledgement that led here: the links are about to change.
    const go = Effect.andThen(
      Effect.yieldNow,
      Effect.sync(() => {
        if (this.state !== "failover-in-progress") return
        this.replication.replica.askTakeover(this)
        this.replication.demote(ip, listeningPort)
      }),
    )
    this.background(go, () => void this.abort("internal error"))
  }

  private end(): void {
    this.state = "no-failover"
    this.request = undefined
    this.untilMs = FOR_EVER
    const { engine, master, replica } = this.replication
    replica.forgetTakeover()
    master.holdsPings = false
    master.ackListeners.delete(this)
    engine.pause.unpause(PURPOSE)
  }
}
