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
import type * as FileSystem from "effect/FileSystem"
import type * as Stream from "effect/Stream"
import type { Run } from "../../engine/Background.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import type { Session } from "../../engine/clients/Session.js"
import type { CommandSpec } from "../../engine/declare/CommandSpec.js"
import type { RdbPersistenceShape } from "../../rdb/RdbPersistence.js"
import { type Change, type ChangePosition, type ChangesLostError, changesOf } from "./ChangeStream.js"
import { FullSync, type FullSyncSettings } from "./FullSync.js"
import { ReplicaLink } from "./ReplicaLink.js"
import type { ReplicationLog } from "../ReplicationLog.js"
import { type Later, WaitList } from "./WaitList.js"
import { atTurnEnd, realNow } from "../../engine/Turn.js"

/** Settings the master side reads, as in the configuration. */
export interface MasterSettings extends FullSyncSettings {
  readonly replBacklogTtl: number
  readonly replPingReplicaPeriod: number
  readonly minReplicasToWrite: number
  readonly minReplicasMaxLag: number
}

/** What the server does for its master side. */
export interface MasterHost {
  readonly persistence: Pick<RdbPersistenceShape, "streamSnapshot" | "stopStream">
  /** 40 random characters that no peer can guess. */
  readonly newMark: () => string
  readonly background: Run<FileSystem.FileSystem>
  /** A client as CLIENT LIST shows it, for the log. */
  readonly describe: (session: Session) => string
  /** For lines that name the process which saves. */
  readonly pid: number
  /** Called whenever it may have changed whether there are fewer good replicas than min-replicas-to-write. */
  readonly tooFewReplicas: (tooFew: boolean) => void
  /** Output limit of replicas: bytes hard, bytes soft, seconds soft. */
  readonly outputLimit: () => readonly [number, number, number]
  /** A replica has joined: `cron` is to be called once a second while there is anything to do. */
  readonly attached: () => void
  /** A replica has acknowledged an offset. */
  readonly acknowledged: (link: ReplicaLink) => void
  readonly later: Later
  /** The last save has been begun: what the stream took now would be behind the position in the file. */
  readonly ending: () => boolean
  /** What was pushed to replicas is to leave now; called between two batches. */
  readonly fed: () => void
  /** The declaration of a command, by its name in lower case. */
  readonly command: (name: string) => CommandSpec | undefined
  /** Unix milliseconds. */
  readonly now: () => number
}

/** A backlog chunk handed to a socket at once is at most this long. */
const CHUNK_BYTES_MAX = 256 * 1024
const GETACK: ReadonlyArray<string> = ["REPLCONF", "GETACK", "*"]
const NEWLINE = "\n"

/** Counters of INFO stats. */
export interface SyncStats {
  full: number
  partialOk: number
  partialErr: number
  outputBytes: number
}

export class Master {
  readonly links = new Map<number, ReplicaLink>()
  readonly waiters: WaitList
  readonly stats: SyncStats = { full: 0, partialOk: 0, partialErr: 0, outputBytes: 0 }
  private readonly fullSync: FullSync
  private flushing = false
  private getAckPending = false
  private withoutReplicasSinceMs: number
  private readonly startedMs = realNow()
  /** Times of pings passed since then. */
  private pingTimes = 0
  private readonly flush = (): void => {
    this.flushing = false
    try {
      this.feed()
    } catch (defect) {
      this.host.background(Effect.die(defect), () => this.endHistory("The stream could not be sent"))
    }
  }
  private readonly feed = (): void => {
    if (this.getAckPending && !this.host.ending()) {
      this.getAckPending = false
      this.log.askedOffset = this.log.offset
      this.log.append(-1, GETACK)
    }
    for (const link of this.links.values()) this.pump(link)
    this.host.fed()
    for (const link of this.links.values()) this.goOn(link)
  }

  constructor(
    readonly log: ReplicationLog,
    readonly settings: MasterSettings,
    private readonly host: MasterHost,
  ) {
    log.listeners.push({
      appended: () => this.wake(),
      // Asked along with the write, replicas have mostly answered when WAIT comes: a round of SET and WAIT 1 took 250 us,
      // now 155 (redis-server 190).
      writeAwaited: () => this.askForAcks(),
    })
    log.onBroken.push((what) => {
      if (!log.following) this.endHistory(what)
    })
    this.waiters = new WaitList(host.now, host.later)
    this.withoutReplicasSinceMs = host.now()
    const { persistence, newMark, background, now, pid } = host
    this.fullSync = new FullSync({
      log,
      settings,
      persistence,
      newMark,
      background,
      pid,
      now,
      links: () => this.links.values(),
      isAttached: (link) => this.links.has(link.session.id),
      drop: (link) => this.drop(link),
      goOnline: (link) => this.goOnline(link),
    })
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
      this.host.background(Effect.logWarning(`Connection with replica ${link.name} lost.`))
      this.withoutReplicasSinceMs = this.host.now()
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
    this.host.background(Effect.logWarning(`${why}. Replicas must resynchronize with a snapshot.`))
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
    this.host.attached()
    link.heard(this.host.now())
    this.host.background(Effect.logInfo(`Replica ${link.name} asks for synchronization`))
    const { backlog } = this.log
    if (!link.plainSync && backlog !== undefined && this.log.canContinue(id, offset)) {
      this.stats.partialOk++
      c.out.rawText(link.psync2 ? `+CONTINUE ${this.log.id}\r\n` : "+CONTINUE\r\n")
      link.reader = backlog.attach(offset)
      const bytes = backlog.next - offset
      const text = `Partial resynchronization request from ${link.name} accepted. Sending ${bytes} bytes of backlog starting from offset ${offset}.`
      this.host.background(Effect.logInfo(text))
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
      this.host.background(Effect.logInfo(`Replication backlog created, my new replication IDs are ${ids}`))
    }
    this.fullSync.request(link)
  }

  /** Why a replica gets a snapshot. */
  private logRefusal(link: ReplicaLink, id: string, offset: number): void {
    const { log, host } = this
    const { name } = link
    if (id === "?") return void host.background(Effect.logInfo(`Full resync requested by replica ${name}`))
    const known = id.toLowerCase()
    const second = known === log.secondId.toLowerCase()
    if (known !== log.id.toLowerCase() && !second) {
      const text = `Partial resynchronization not accepted: Replication ID mismatch (Replica asked for '${id}', my replication IDs are '${log.id}' and '${log.secondId}')`
      return void host.background(Effect.logInfo(text))
    }
    if (second && offset > log.secondOffset) {
      const text = `Partial resynchronization not accepted: Requested offset for second ID was ${offset}, but I can reply up to ${log.secondOffset}`
      return void host.background(Effect.logInfo(text))
    }
    const lacking = Effect.logInfo(
      `Unable to partial resync with replica ${name} for lack of backlog (Replica request was: ${offset}).`,
    )
    const ahead = `Warning: replica ${name} tried to PSYNC with an offset that is greater than the master replication offset.`
    host.background(offset > log.offset ? Effect.andThen(lacking, Effect.logWarning(ahead)) : lacking)
  }

  private goOnline(link: ReplicaLink): void {
    if (link.awaitingAck)
      this.host.background(Effect.logInfo(`Synchronization with replica ${link.name} succeeded`))
    link.awaitingAck = false
    link.state = "online"
    this.countGood()
    this.wake()
  }

  // ---- the stream

  private wake(): void {
    if (this.flushing || this.links.size === 0) return
    this.flushing = true
    atTurnEnd(this.flush)
  }

  /** Sends a replica what it has not got, as far as its socket takes it. */
  private pump(link: ReplicaLink): void {
    const { reader } = link
    const { backlog } = this.log
    if (reader === undefined || backlog === undefined) return
    const { control } = link.session
    const [hard] = this.host.outputLimit()
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
    if (!session.control.congested()) return this.wake()
    link.draining = true
    const drained = Effect.andThen(
      session.control.drained,
      Effect.sync(() => {
        link.draining = false
        this.wake()
      }),
    )
    this.host.background(drained, () => this.drop(link))
  }

  private dropForLimit(link: ReplicaLink): void {
    const client = this.host.describe(link.session)
    const text = `Client ${client} scheduled to be closed ASAP for overcoming of output buffer limits.`
    this.host.background(Effect.logWarning(text))
    this.drop(link)
  }

  private drop(link: ReplicaLink): void {
    // Outside of whatever walks over the links, and never with what a slow peer has still to read.
    link.session.control.kill()
    this.detach(link.session)
  }

  /** The replication stream as commands, from after `from` on, or from now on; see ChangeStream.ts. */
  changes(from?: ChangePosition): Stream.Stream<Change, ChangesLostError> {
    const source = {
      log: this.log,
      backlogSize: () => this.settings.replBacklogSize,
      database: () => {
        // The next write names its database, so that it does not matter which one was selected.
        if (!this.log.following) this.log.reselect()
        return this.log.position.streamDb
      },
      command: this.host.command,
      lagMax: () => this.host.outputLimit()[0],
    }
    return changesOf(source, from)
  }

  // ---- acknowledgements

  /** REPLCONF ACK. */
  acknowledge(session: Session, offset: number): void {
    const link = this.links.get(session.id)
    if (link === undefined) return
    link.heard(this.host.now())
    if (offset > link.ackOffset) link.ackOffset = offset
    if (link.awaitingAck) this.goOnline(link)
    this.countGood()
    if (this.waiters.size > 0) this.waiters.check(link.ackOffset, (wanted) => this.acknowledged(wanted))
    this.host.acknowledged(link)
  }

  /** Online replicas that have applied everything up to `offset`. */
  acknowledged(offset: number): number {
    let n = 0
    for (const link of this.links.values()) if (link.state === "online" && link.ackOffset >= offset) n++
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
    this.host.tooFewReplicas(!off && this.goodReplicas < minReplicasToWrite)
  }

  /** Online replicas whose last word is at most min-replicas-max-lag seconds old. */
  get goodReplicas(): number {
    const now = this.host.now()
    let n = 0
    for (const link of this.links.values()) {
      if (link.state === "online" && link.lagSeconds(now) <= this.settings.minReplicasMaxLag) n++
    }
    return n
  }

  // ---- once a second

  /** The work begins again after a rest: what was due meanwhile is not made up for. */
  rested(): void {
    this.passesPing(realNow())
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
   * Pings, timeouts and limits, in real time: the replicas are on the network.
   * @param mayPing false on a chained replica, and while a failover holds writes back
   */
  cron(mayPing: boolean): void {
    const now = realNow()
    const { replTimeout } = this.settings
    const { attached, log } = this
    this.countGood()
    if (this.passesPing(now) && attached.length > 0 && mayPing && !this.host.ending())
      log.append(-1, ["ping"])
    for (const reader of log.readers) reader.checkLag()
    if (this.busy) this.withoutReplicasSinceMs = this.host.now()
    for (const link of attached) {
      if (link.state === "waiting" || (link.state === "transfer" && link.saving)) link.push(NEWLINE)
      const mustSpeak = (link.state === "online" || link.awaitingAck) && !link.plainSync
      const silentSeconds = link.listen()
      if (mustSpeak && silentSeconds > replTimeout) {
        this.host.background(
          Effect.logWarning(`Disconnecting timedout replica (streaming sync): ${link.name}`),
        )
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
    this.host.background(
      Effect.logInfo(`Replication backlog freed after ${replBacklogTtl} seconds without connected replicas.`),
    )
    return Infinity
  }

  private checkSoftLimit(link: ReplicaLink, now: number): void {
    const { backlog } = this.log
    const [, soft, seconds] = this.host.outputLimit()
    if (link.reader === undefined || backlog === undefined || soft === 0) return
    const unsent = backlog.lagOf(link.reader) + link.session.control.pendingBytes()
    if (unsent <= Math.max(soft, backlog.size)) link.aboveSoftSinceMs = 0
    else if (link.aboveSoftSinceMs === 0) link.aboveSoftSinceMs = now
    else if (now - link.aboveSoftSinceMs > seconds * 1000) this.dropForLimit(link)
  }
}

/** The Master as a service. */
export class ReplicationMaster extends Context.Service<ReplicationMaster, Master>()(
  "redix/replication/Master",
) {}
