/**
 * ReplicationMaster: the replicas of this server, and what they are sent.
 *
 * A replica's connection stays an ordinary one: its fiber reads REPLCONF ACK as any command. What it is sent comes from
 * here: after PSYNC either the missed part of the backlog, or a snapshot (FullSync.ts) and then the stream from the cut
 * on. Online replicas are fed at the end of each turn of the event loop in which something was appended, straight from
 * the backlog's blocks.
 *
 * Invariants: a link that is not in handshake or waiting has a reader; nothing is pushed to a link in transfer but the
 * snapshot; a link in `awaitingAck` gets nothing until it has acknowledged.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { CommandContext } from "../../engine/CommandContext.js"
import type { Session } from "../../engine/clients/Session.js"
import { describeClient } from "../../engine/clients/clientDescribe.js"
import type { OutputLimit } from "../../engine/Settings.js"
import { type Change, type ChangePosition, type ChangesLostError, changesOf } from "./ChangeStream.js"
import { FullSync, type FullSyncSettings } from "./FullSync.js"
import { ReplicaLink } from "./ReplicaLink.js"
import type { Beating, Heartbeat } from "../Heartbeat.js"
import type { ReplicationLog, StreamListener } from "../ReplicationLog.js"
import type { ReplicationServices } from "../ReplicationServices.js"
import { WaitList } from "./WaitList.js"

/** Settings the master side reads, as in the configuration. */
interface MasterSettings extends FullSyncSettings {
  readonly replBacklogTtl: number
  readonly replPingReplicaPeriod: number
  readonly minReplicasToWrite: number
  readonly minReplicasMaxLag: number
  readonly clientOutputBufferLimit: { readonly replica: OutputLimit }
}

/** Hears of each acknowledgement. */
interface AckListener {
  acknowledged(): void
}

/** A backlog chunk handed to a socket at once is at most this long. */
const CHUNK_BYTES_MAX = 256 * 1024
const GETACK: ReadonlyArray<string> = ["REPLCONF", "GETACK", "*"]
const NEWLINE = "\n"

/** Counters of INFO stats. */
interface SyncStats {
  full: number
  partialOk: number
  partialErr: number
  outputBytes: number
}

export class Master implements Beating, StreamListener {
  readonly links = new Map<number, ReplicaLink>()
  readonly waiters: WaitList
  /** In WAITAOF. */
  readonly diskWaiters: WaitList
  readonly stats: SyncStats = { full: 0, partialOk: 0, partialErr: 0, outputBytes: 0 }
  readonly ackListeners = new Set<AckListener>()
  /** No PING may move the offset now, which a replica is to reach. */
  holdsPings = false
  private readonly fullSync: FullSync
  private flushing = false
  private getAckPending = false
  private withoutReplicasSinceMs: number
  private readonly startedMs: number
  /** Times of pings passed since then. */
  private pingTimes = 0
  private readonly flush = (): void => {
    this.flushing = false
    try {
      this.feed()
    } catch (defect) {
      this.services.background(Effect.die(defect), () => this.endHistory("The stream could not be sent"))
    }
  }
  private readonly feed = (): void => {
    if (this.getAckPending && !this.ending) {
      this.getAckPending = false
      this.log.askedOffset = this.log.offset
      this.log.append(-1, GETACK)
    }
    for (const link of this.links.values()) this.pump(link)
    // Between two batches: what replicas were given leaves now.
    this.services.engine.replies.flush()
    for (const link of this.links.values()) this.goOn(link)
  }

  constructor(
    readonly log: ReplicationLog,
    readonly settings: MasterSettings,
    private readonly services: ReplicationServices,
    private readonly heartbeat: Heartbeat,
  ) {
    const { engine, background } = services
    log.listeners.push(this)
    this.startedMs = engine.turns.now()
    this.waiters = new WaitList(engine, background)
    this.diskWaiters = new WaitList(engine, background)
    engine.hold.onDisk.listeners.push(this)
    this.withoutReplicasSinceMs = this.now()
    this.fullSync = new FullSync(this, services)
    heartbeat.add(this)
  }

  /** CONFIG RESETSTAT. */
  resetStats(): void {
    Object.assign(this.stats, { full: 0, partialOk: 0, partialErr: 0, outputBytes: 0 })
  }

  private now(): number {
    return this.services.engine.clock.currentTimeMillisUnsafe()
  }

  /** The last save has been begun: what the stream took now would be behind the position in the file. */
  private get ending(): boolean {
    return this.services.engine.pause.pausedFor("save")
  }

  private get outputLimit(): OutputLimit {
    return this.settings.clientOutputBufferLimit.replica
  }

  private note(text: string, link?: ReplicaLink): void {
    this.services.engine.logger.notice(text, link && { replica: link.name })
  }

  private warn(text: string, link?: ReplicaLink): void {
    this.services.engine.logger.warning(text, link && { replica: link.name })
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
    this.fullSync.left(link)
    if (link.state !== "handshake") {
      this.warn(`Connection with replica ${link.name} lost.`, link)
      this.withoutReplicasSinceMs = this.now()
    }
    this.countGood()
  }

  /** Ends the links of all replicas (a role change, a full resync of our own). */
  dropReplicas(): void {
    for (const link of this.attached) this.drop(link)
  }

  /** The data set is no longer what the stream says: whoever follows it needs a snapshot. */
  endHistory(why: string): void {
    if (this.log.backlog === undefined) return
    this.warn(`${why}. Replicas must resynchronize with a snapshot.`)
    this.log.closeBacklog()
    this.dropReplicas()
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
    this.heartbeat.begin()
    link.heard(this.now())
    this.note(`Replica ${link.name} asks for synchronization`, link)
    const { backlog } = this.log
    if (!link.plainSync && backlog !== undefined && this.log.canContinue(id, offset)) {
      this.stats.partialOk++
      c.out.rawText(link.psync2 ? `+CONTINUE ${this.log.id}\r\n` : "+CONTINUE\r\n")
      link.reader = backlog.attach(offset)
      const bytes = backlog.next - offset
      const text = `Partial resynchronization request from ${link.name} accepted. Sending ${bytes} bytes of backlog starting from offset ${offset}.`
      this.note(text, link)
      this.goOnline(link)
      return
    }
    if (!link.plainSync) this.logRefusal(link, id, offset)
    if (id !== "?" && !link.plainSync) this.stats.partialErr++
    this.stats.full++
    // The first replica of a server that has no history starts one.
    if (backlog === undefined) {
      if (!this.log.following) this.log.changeId()
      this.log.openBacklog(this.settings.replBacklogSize)
      const ids = `'${this.log.id}' and '${this.log.secondId}'`
      this.note(`Replication backlog created, my new replication IDs are ${ids}`)
    }
    this.fullSync.request(link)
  }

  /** Why a replica gets a snapshot. */
  private logRefusal(link: ReplicaLink, id: string, offset: number): void {
    const { log } = this
    const { name } = link
    if (id === "?") return this.note(`Full resync requested by replica ${name}`, link)
    const known = id.toLowerCase()
    const second = known === log.secondId.toLowerCase()
    if (known !== log.id.toLowerCase() && !second) {
      const text = `Partial resynchronization not accepted: Replication ID mismatch (Replica asked for '${id}', my replication IDs are '${log.id}' and '${log.secondId}')`
      return this.note(text, link)
    }
    if (second && offset > log.secondOffset) {
      const text = `Partial resynchronization not accepted: Requested offset for second ID was ${offset}, but I can reply up to ${log.secondOffset}`
      return this.note(text, link)
    }
    this.note(
      `Unable to partial resync with replica ${name} for lack of backlog (Replica request was: ${offset}).`,
      link,
    )
    if (offset <= log.offset) return
    this.warn(
      `Warning: replica ${name} tried to PSYNC with an offset that is greater than the master replication offset.`,
      link,
    )
  }

  /** The replica has its snapshot, and gets the stream from now on. */
  goOnline(link: ReplicaLink): void {
    if (link.awaitingAck) this.note(`Synchronization with replica ${link.name} succeeded`, link)
    link.awaitingAck = false
    link.state = "online"
    this.countGood()
    this.wake()
  }

  // ---- the stream

  /** Bytes were appended. */
  appended(): void {
    this.wake()
  }

  /**
   * Asked along with the write, replicas have mostly answered when WAIT comes: a round of SET and WAIT 1 took 250 us, now
   * 155 (redis-server 190).
   */
  writeAwaited(): void {
    this.askForAcks()
  }

  private wake(): void {
    if (this.flushing || this.links.size === 0) return
    this.flushing = true
    this.services.engine.turns.atEnd(this.flush)
  }

  /** Sends a replica what it has not got, as far as its socket takes it. */
  private pump(link: ReplicaLink): void {
    const { reader } = link
    const { backlog } = this.log
    if (reader === undefined || backlog === undefined) return
    const { control } = link.session
    const { hardBytes: hard } = this.outputLimit
    if (hard > 0 && backlog.lagOf(reader) + control.pendingBytes() > Math.max(hard, backlog.size)) {
      this.dropForLimit(link)
      return
    }
    if (link.state !== "online" || link.awaitingAck || link.draining) return
    while (!control.congested()) {
      const chunk = backlog.read(reader, CHUNK_BYTES_MAX)
      if (chunk === undefined) return
      this.stats.outputBytes += chunk.length
      control.push(chunk)
    }
  }

  /**
   * Sees that a replica with more to get gets it: in the next turn if its socket has taken what it was given, else once
   * it has. Always by way of a new turn, never by calling on: a socket that takes everything would be fed ever deeper
   * down one stack, and nobody else would have a turn.
   */
  private goOn(link: ReplicaLink): void {
    const { reader, session } = link
    const { backlog } = this.log
    if (link.state !== "online" || link.awaitingAck || link.draining) return
    if (reader === undefined || backlog === undefined || backlog.lagOf(reader) === 0) return
    const { congested, drained } = session.control
    if (drained === undefined || !congested()) return this.wake()
    link.draining = true
    const goneOn = Effect.andThen(
      drained,
      Effect.sync(() => {
        link.draining = false
        this.wake()
      }),
    )
    this.services.background(goneOn, () => this.drop(link))
  }

  private dropForLimit(link: ReplicaLink): void {
    const client = describeClient(this.services.engine.context, link.session)
    this.warn(`Client ${client} scheduled to be closed ASAP for overcoming of output buffer limits.`, link)
    this.drop(link)
  }

  drop(link: ReplicaLink): void {
    // Outside of whatever walks over the links, and never with what a slow peer has still to read.
    link.session.control.kill()
    this.detach(link.session)
  }

  /** The replication stream as commands, from after `from` on, or from now on; see ChangeStream.ts. */
  changes(from?: ChangePosition): Stream.Stream<Change, ChangesLostError> {
    const { log, settings } = this
    return changesOf({ log, settings, commands: this.services.engine.dispatcher.table }, from)
  }

  broken(what: string): void {
    this.endHistory(what)
  }

  // ---- acknowledgements

  /** REPLCONF ACK; of a replica with an append-only file it also says how much of the stream is on its disk. */
  acknowledge(session: Session, offset: number, diskOffset: number): void {
    const link = this.links.get(session.id)
    if (link === undefined) return
    link.heard(this.now())
    if (offset > link.ackOffset) link.ackOffset = offset
    if (diskOffset > link.diskOffset) link.diskOffset = diskOffset
    if (link.awaitingAck) this.goOnline(link)
    this.countGood()
    if (this.waiters.size > 0) this.waiters.check(link.ackOffset)
    if (this.diskWaiters.size > 0) this.diskWaiters.check(link.diskOffset)
    for (const listener of this.ackListeners) listener.acknowledged()
  }

  /** Online replicas that have applied everything up to `offset`. */
  acknowledged(offset: number): number {
    let n = 0
    for (const link of this.links.values()) if (link.state === "online" && link.ackOffset >= offset) n++
    return n
  }

  /** More is on this server's own disk. */
  synced(): void {
    if (this.diskWaiters.size > 0) this.diskWaiters.check(Infinity)
  }

  /** Online replicas that have everything up to `offset` on their disk. */
  onDisk(offset: number): number {
    let n = 0
    for (const link of this.links.values()) if (link.state === "online" && link.diskOffset >= offset) n++
    return n
  }

  /** Asks all replicas, at the end of this turn, how far they are; if they were not asked since they were sent `offset`. */
  askForAcks(offset = Infinity): void {
    if (offset <= this.log.askedOffset) return
    this.getAckPending = true
    this.wake()
  }

  /** Looks anew whether there are enough good replicas. */
  countGood(): void {
    const { minReplicasToWrite, minReplicasMaxLag } = this.settings
    const off = minReplicasToWrite === 0 || minReplicasMaxLag === 0
    const { gates } = this.services.engine
    const tooFew = !off && this.goodReplicas < minReplicasToWrite
    if (gates.tooFewReplicas === tooFew) return
    gates.tooFewReplicas = tooFew
    gates.update()
  }

  /** Online replicas whose last word is at most min-replicas-max-lag seconds old. */
  get goodReplicas(): number {
    const now = this.now()
    let n = 0
    for (const link of this.links.values()) {
      if (link.state === "online" && link.lagSeconds(now) <= this.settings.minReplicasMaxLag) n++
    }
    return n
  }

  // ---- once a second

  /** The work begins again after a rest: what was due meanwhile is not made up for. */
  rested(): void {
    this.passesPing(this.services.engine.turns.now())
  }

  /**
   * Whether the time of a ping has come since the last look. Times of pings count from the start of the server, as
   * redis-server's do: a replica that comes is not pinged for coming.
   */
  private passesPing(now: number): boolean {
    const before = this.pingTimes
    this.pingTimes = Math.floor((now - this.startedMs) / (this.settings.replPingReplicaPeriod * 1000))
    return this.pingTimes !== before
  }

  /**
   * Pings, timeouts and limits, in real time: the replicas are on the network. A chained replica hands its master's pings on.
   */
  beat(): void {
    const now = this.services.engine.turns.now()
    const { replTimeout } = this.settings
    const { attached, log } = this
    this.countGood()
    const mayPing = !log.following && !this.holdsPings && !this.ending
    if (this.passesPing(now) && attached.length > 0 && mayPing) log.append(-1, ["ping"])
    for (const reader of log.readers) reader.checkLag()
    if (this.busy) this.withoutReplicasSinceMs = this.now()
    for (const link of attached) {
      if (link.state === "waiting" || (link.state === "transfer" && link.saving)) link.push(NEWLINE)
      const mustSpeak = (link.state === "online" || link.awaitingAck) && !link.plainSync
      const silentSeconds = link.listen()
      if (mustSpeak && silentSeconds > replTimeout) {
        this.warn(`Disconnecting timedout replica (streaming sync): ${link.name}`, link)
        this.drop(link)
      } else this.checkSoftLimit(link, now)
    }
  }

  /** Whether there is anything to do once a second. */
  get busy(): boolean {
    return this.links.size > 0 || this.log.readers.size > 0
  }

  /** Frees a backlog that nobody has used for repl-backlog-ttl; answers when it will be, by the clock. */
  expireBacklog(now: number): number {
    const { log } = this
    const { replBacklogTtl } = this.settings
    if (log.backlog === undefined || log.following || replBacklogTtl === 0) return Infinity
    if (this.attached.length > 0 || log.readers.size > 0) return Infinity
    const end = this.withoutReplicasSinceMs + replBacklogTtl * 1000 + 1
    if (now < end) return end
    log.closeBacklog()
    this.note(`Replication backlog freed after ${replBacklogTtl} seconds without connected replicas.`)
    return Infinity
  }

  private checkSoftLimit(link: ReplicaLink, now: number): void {
    const { backlog } = this.log
    const { softBytes: soft, softSeconds: seconds } = this.outputLimit
    if (link.reader === undefined || backlog === undefined || soft === 0) return
    const unsent = backlog.lagOf(link.reader) + link.session.control.pendingBytes()
    if (unsent <= Math.max(soft, backlog.size)) link.aboveSoftSinceMs = 0
    else if (link.aboveSoftSinceMs === 0) link.aboveSoftSinceMs = now
    else if (now - link.aboveSoftSinceMs > seconds * 1000) this.dropForLimit(link)
  }
}

/** What an app sees of the master side. */
export interface ReplicationMasterShape {
  /** Replicas that get the stream. */
  readonly online: number
  /** Since the start: full resyncs, partial ones given and refused, bytes sent to replicas. */
  readonly stats: Readonly<SyncStats>
  /** What is written from now on, or from a position that a reader has kept. */
  readonly changes: (from?: ChangePosition) => Stream.Stream<Change, ChangesLostError>
}

/** The side of replication that has replicas. */
export class ReplicationMaster extends Context.Service<ReplicationMaster, ReplicationMasterShape>()(
  "redix/replication/Master",
) {}
