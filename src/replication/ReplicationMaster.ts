/**
 * ReplicationMaster: the replicas of this server, and what they are sent.
 *
 * A replica's connection stays an ordinary one: its fiber reads REPLCONF ACK as any command. What it is sent comes from
 * here: after PSYNC either the missed part of the backlog, or a snapshot and then the stream from the cut on. One fiber
 * makes snapshots, for all replicas that wait at that moment; online replicas are fed at the end of each turn of the
 * event loop in which something was appended, straight from the backlog's blocks.
 *
 * Invariants: a link that is not in handshake or waiting has a reader; nothing is pushed to a link in transfer but the
 * snapshot; a link in `awaitingAck` gets nothing until it has acknowledged.
 *
 * Wire facts: "Replication" in the README names the sources; sizes and orders are tested against redis-server.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { CommandContext } from "../commands/CommandContext.js"
import type { Session } from "../commands/Session.js"
import type { RdbPersistenceShape, SnapshotSink, SnapshotTargets } from "../rdb/RdbPersistence.js"
import { ReplicaLink } from "./ReplicaLink.js"
import type { ReplicationLog } from "./ReplicationLog.js"
import { WaitList } from "./WaitList.js"

/** Settings the master side reads, as in the configuration. */
export interface MasterSettings {
  readonly replBacklogSize: number
  readonly replBacklogTtl: number
  readonly replDisklessSync: boolean
  readonly replDisklessSyncDelay: number
  readonly replDisklessSyncMaxReplicas: number
  readonly replPingReplicaPeriod: number
  readonly replTimeout: number
  readonly minReplicasToWrite: number
  readonly minReplicasMaxLag: number
}

/** A backlog chunk handed to a socket at once is at most this long. */
const CHUNK_BYTES_MAX = 256 * 1024
const GETACK: ReadonlyArray<string> = ["REPLCONF", "GETACK", "*"]
const NEWLINE = Buffer.from("\n", "latin1")

/** Counters of INFO stats. */
export interface SyncStats {
  full: number
  partialOk: number
  partialErr: number
}

export class Master {
  readonly links = new Map<number, ReplicaLink>()
  readonly waiters = new WaitList()
  readonly stats: SyncStats = { full: 0, partialOk: 0, partialErr: 0 }
  /** Called when the number of good replicas crosses min-replicas-to-write. */
  onGoodReplicas: (tooFew: boolean) => void = () => {}
  /** Runs an Effect in the background of the server. */
  background: (effect: Effect.Effect<unknown>) => void = () => {}
  /** Whether this server may serve a new replica now; a text refuses it ("-NOMASTERLINK ..."). */
  refuses: () => string | undefined = () => undefined
  /** Output limit of replicas: bytes hard, bytes soft, seconds soft. */
  outputLimit: () => readonly [number, number, number] = () => [0, 0, 0]
  private flushing = false
  private syncing = false
  private getAckPending = false
  private withoutReplicasSinceMs = 0
  private pingedAtMs = 0
  private readonly flush = (): void => {
    this.flushing = false
    if (this.getAckPending) {
      this.getAckPending = false
      this.log.append(-1, GETACK)
    }
    for (const link of this.links.values()) this.pump(link)
  }

  constructor(
    readonly log: ReplicationLog,
    readonly settings: MasterSettings,
    private readonly persistence: Pick<RdbPersistenceShape, "streamSnapshot">,
    /** Unix milliseconds. */
    private readonly now: () => number,
    /** 40 random characters that no peer can guess. */
    private readonly newMark: () => string,
  ) {
    log.appended = () => this.wake()
  }

  /** The replica's side of a session, made at its first REPLCONF. */
  linkOf(session: Session): ReplicaLink {
    let link = this.links.get(session.id)
    if (link === undefined) {
      link = new ReplicaLink(session)
      this.links.set(session.id, link)
    }
    return link
  }

  /** The session has ended. */
  detach(session: Session): void {
    const link = this.links.get(session.id)
    if (link === undefined) return
    this.links.delete(session.id)
    if (link.reader !== undefined) this.log.backlog?.detach(link.reader)
    link.reader = undefined
    if (this.links.size === 0) this.withoutReplicasSinceMs = this.now()
    this.countGood()
  }

  /** Ends the links of all replicas (a role change, a full resync of our own). */
  dropReplicas(): void {
    for (const link of [...this.links.values()]) {
      link.session.control.close()
      this.detach(link.session)
    }
  }

  get online(): number {
    let n = 0
    for (const link of this.links.values()) if (link.state === "online") n++
    return n
  }

  /** Replicas that PSYNC has made part of the set, in whatever state. */
  get attached(): ReadonlyArray<ReplicaLink> {
    return [...this.links.values()].filter((link) => link.state !== "handshake")
  }

  // ---- PSYNC

  /** Answers PSYNC or SYNC for a session: continues it, or queues it for a snapshot. */
  psync(c: CommandContext, id: string, offset: number): void {
    const link = this.linkOf(c.session)
    c.session.kind = "replica"
    link.ackAtMs = this.now()
    if (!link.plainSync && this.log.canContinue(id, offset)) {
      const backlog = this.log.backlog
      if (backlog === undefined) throw new Error("a history without backlog was found to continue")
      this.stats.partialOk++
      c.out.rawText(link.psync2 ? `+CONTINUE ${this.log.id}\r\n` : "+CONTINUE\r\n")
      link.reader = backlog.attach(offset)
      link.state = "online"
      this.countGood()
      this.wake()
      return
    }
    if (id !== "?" && !link.plainSync) this.stats.partialErr++
    this.stats.full++
    // The first replica of a server that has no history starts one.
    if (this.log.backlog === undefined) {
      if (!this.log.following) this.log.changeId()
      this.log.openBacklog(this.settings.replBacklogSize)
    }
    link.state = "waiting"
    this.scheduleSync()
  }

  private scheduleSync(): void {
    if (this.syncing) return
    this.syncing = true
    this.background(
      Effect.suspend(() => this.syncLoop).pipe(
        Effect.ensuring(Effect.sync(() => void (this.syncing = false))),
      ),
    )
  }

  private readonly syncLoop: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    while (this.waiting().length > 0) {
      if (this.settings.replDisklessSync) yield* this.gather
      yield* this.syncWaiting
    }
  })

  private waiting(): Array<ReplicaLink> {
    return [...this.links.values()].filter((link) => link.state === "waiting")
  }

  /** repl-diskless-sync-delay: lets further replicas arrive, unless there are enough. */
  private readonly gather: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    const { replDisklessSyncDelay, replDisklessSyncMaxReplicas } = this.settings
    for (let waited = 0; waited < replDisklessSyncDelay * 10; waited++) {
      if (replDisklessSyncMaxReplicas > 0 && this.waiting().length >= replDisklessSyncMaxReplicas) return
      yield* Effect.sleep(Duration.millis(100))
    }
  })

  /** One snapshot for all that wait now. Those that cannot read up to a mark get it with its length, from memory. */
  private readonly syncWaiting: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    let targets: ReadonlyArray<ReplicaLink> = []
    const mark = this.newMark()
    const kept: Array<Uint8Array> = []
    const atCut = (): SnapshotTargets => {
      targets = this.waiting()
      for (const link of targets) this.beginTransfer(link, mark)
      const sinks = targets.filter((link) => this.usesMark(link)).map((link) => this.sinkOf(link))
      if (targets.some((link) => !this.usesMark(link))) {
        sinks.push({ write: (bytes) => Effect.sync(() => void kept.push(bytes.slice())) })
      }
      this.log.reselect()
      return { sinks, replication: { id: this.log.id, offset: this.log.offset, streamDb: 0 } }
    }
    const result = yield* Effect.result(this.persistence.streamSnapshot(atCut))
    if (result._tag === "Failure") {
      yield* Effect.logWarning(`Snapshot for replicas failed: ${result.failure.message}`)
      for (const link of targets.length > 0 ? targets : this.waiting()) this.drop(link)
      return
    }
    for (const link of targets) if (this.links.has(link.session.id)) this.finishTransfer(link, mark, kept)
    yield* Effect.logInfo(`Synchronization with ${targets.length} replica(s) succeeded`)
  })

  /** The instant of the cut: the replica's part of the stream begins here. */
  private beginTransfer(link: ReplicaLink, mark: string): void {
    const backlog = this.log.openBacklog(this.settings.replBacklogSize)
    const { control } = link.session
    if (!link.plainSync) control.push(fullResync(this.log.id, this.log.offset))
    if (this.usesMark(link)) control.push(Buffer.from(`$EOF:${mark}\r\n`, "latin1"))
    link.reader = backlog.attach(backlog.next)
    link.state = "transfer"
  }

  private sinkOf(link: ReplicaLink): SnapshotSink {
    const { control } = link.session
    return {
      write: (bytes) =>
        Effect.suspend(() => {
          if (!this.links.has(link.session.id)) return Effect.fail("the replica is gone")
          // A copy: the bytes are only lent, the socket may keep them longer.
          control.push(Buffer.from(bytes))
          return control.congested() ? this.untilRead(link) : Effect.void
        }),
    }
  }

  private usesMark(link: ReplicaLink): boolean {
    return this.settings.replDisklessSync && link.acceptsMark && !link.plainSync
  }

  private untilRead(link: ReplicaLink): Effect.Effect<void> {
    return link.session.control.drained.pipe(
      Effect.timeoutOrElse({
        duration: Duration.seconds(this.settings.replTimeout),
        orElse: () =>
          Effect.logWarning(`Disconnecting timed out replica (full sync): ${link.ip}`).pipe(
            Effect.andThen(Effect.sync(() => this.drop(link))),
          ),
      }),
    )
  }

  private finishTransfer(link: ReplicaLink, mark: string, kept: ReadonlyArray<Uint8Array>): void {
    const { control } = link.session
    link.ackAtMs = this.now()
    if (this.usesMark(link)) {
      control.push(Buffer.from(mark, "latin1"))
      link.awaitingAck = true
    } else {
      let bytes = 0
      for (const chunk of kept) bytes += chunk.length
      control.push(Buffer.from(`$${bytes}\r\n`, "latin1"))
      for (const chunk of kept) control.push(chunk)
      this.goOnline(link)
    }
    if (link.snapshotOnly) control.close()
  }

  private goOnline(link: ReplicaLink): void {
    link.awaitingAck = false
    link.state = "online"
    this.countGood()
    this.wake()
  }

  // ---- the stream

  private wake(): void {
    if (this.flushing || this.links.size === 0) return
    this.flushing = true
    setImmediate(this.flush)
  }

  /** Sends a replica what it has not got, as far as its socket takes it. */
  private pump(link: ReplicaLink): void {
    const { reader } = link
    const backlog = this.log.backlog
    if (reader === undefined || backlog === undefined) return
    const [hard] = this.outputLimit()
    if (
      hard > 0 &&
      backlog.lagOf(reader) + link.session.control.pendingBytes() > Math.max(hard, backlog.size)
    ) {
      this.drop(link)
      return
    }
    if (link.state !== "online" || link.draining) return
    const { control } = link.session
    while (!control.congested()) {
      const chunk = backlog.read(reader, CHUNK_BYTES_MAX)
      if (chunk === undefined) return
      control.push(chunk)
    }
    link.draining = true
    this.background(
      control.drained.pipe(
        Effect.andThen(
          Effect.sync(() => {
            link.draining = false
            if (this.links.has(link.session.id)) this.pump(link)
          }),
        ),
      ),
    )
  }

  private drop(link: ReplicaLink): void {
    link.session.control.close()
    this.detach(link.session)
  }

  // ---- acknowledgements

  /** REPLCONF ACK. */
  acknowledge(session: Session, offset: number): void {
    const link = this.links.get(session.id)
    if (link === undefined) return
    link.ackAtMs = this.now()
    if (offset > link.ackOffset) link.ackOffset = offset
    if (link.awaitingAck) this.goOnline(link)
    this.countGood()
    this.waiters.check(link.ackOffset, (wanted) => this.acknowledged(wanted))
  }

  /** Online replicas that have applied everything up to `offset`. */
  acknowledged(offset: number): number {
    let n = 0
    for (const link of this.links.values()) if (link.state === "online" && link.ackOffset >= offset) n++
    return n
  }

  /** Asks all replicas, at the end of this turn, how far they are. */
  askForAcks(): void {
    this.getAckPending = true
    this.wake()
  }

  private countGood(): void {
    const { minReplicasToWrite, minReplicasMaxLag } = this.settings
    if (minReplicasToWrite === 0 || minReplicasMaxLag === 0) return this.onGoodReplicas(false)
    this.onGoodReplicas(this.goodReplicas < minReplicasToWrite)
  }

  /** Online replicas whose last word is at most min-replicas-max-lag old. */
  get goodReplicas(): number {
    const oldest = this.now() - this.settings.minReplicasMaxLag * 1000
    let n = 0
    for (const link of this.links.values()) if (link.state === "online" && link.ackAtMs >= oldest - 999) n++
    return n
  }

  // ---- once a second

  /** Pings, timeouts, limits, and the end of a backlog that nobody uses. `mayPing` is false on a chained replica. */
  cron(mayPing: boolean): void {
    const now = this.now()
    const { replPingReplicaPeriod, replTimeout, replBacklogTtl } = this.settings
    this.countGood()
    if (this.links.size > 0 && mayPing && now - this.pingedAtMs >= replPingReplicaPeriod * 1000) {
      this.pingedAtMs = now
      if (this.attached.length > 0) this.log.append(-1, ["ping"])
    }
    for (const link of [...this.links.values()]) {
      if (link.state === "waiting") link.session.control.push(NEWLINE)
      if (link.state === "online" && !link.plainSync && now - link.ackAtMs > replTimeout * 1000)
        this.drop(link)
      else this.checkSoftLimit(link, now)
    }
    if (this.log.backlog === undefined || this.log.following || this.links.size > 0 || replBacklogTtl === 0)
      return
    if (now - this.withoutReplicasSinceMs > replBacklogTtl * 1000) this.log.closeBacklog()
  }

  private checkSoftLimit(link: ReplicaLink, now: number): void {
    const backlog = this.log.backlog
    const [, soft, seconds] = this.outputLimit()
    if (link.reader === undefined || backlog === undefined || soft === 0) return
    const unsent = backlog.lagOf(link.reader) + link.session.control.pendingBytes()
    if (unsent <= Math.max(soft, backlog.size)) link.aboveSoftSinceMs = 0
    else if (link.aboveSoftSinceMs === 0) link.aboveSoftSinceMs = now
    else if (now - link.aboveSoftSinceMs > seconds * 1000) this.drop(link)
  }
}

const fullResync = (id: string, offset: number): Buffer =>
  Buffer.from(`+FULLRESYNC ${id} ${offset}\r\n`, "latin1")

/** The Master as a service. */
export class ReplicationMaster extends Context.Service<ReplicationMaster, Master>()(
  "redix/replication/Master",
) {}
