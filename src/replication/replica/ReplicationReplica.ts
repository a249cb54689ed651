/**
 * ReplicationReplica: follows a master. One fiber runs the link (ReplicaState.ts draws its phases): dial, handshake,
 * snapshot if the history is not shared, then the command stream, for ever; after a failure it dials again, at once the
 * first time and then with growing pauses.
 *
 * The stream's commands are run by StreamApplier.ts, and its bytes go on to this server's own log.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import { restarted } from "../../engine/Background.js"
import { attemptText, lossLines, receivingText, timeoutText } from "../LinkReport.js"
import {
  type DialMaster,
  type MasterAddress,
  type MasterConnection,
  MasterLinkError,
  MasterStream,
} from "./MasterStream.js"
import { handshake, type ReplicaSettings } from "./ReplicaHandshake.js"
import { linkMaster, unlinkMaster } from "./MasterClient.js"
import { Acknowledgements } from "./Acknowledgements.js"
import { ReceivedSnapshot } from "./ReceivedSnapshot.js"
import { takeRole } from "./ReplicaRole.js"
import { StreamRefusals } from "./StreamRefusals.js"
import { StreamApplier } from "./StreamApplier.js"
import type { Beating, Heartbeat } from "../Heartbeat.js"
import type { Master } from "../master/ReplicationMaster.js"
import type { ReplicationServices } from "../ReplicationServices.js"
import { mayFollow, type ReplicaPhase } from "../ReplicaState.js"
import { encodeCommand } from "../../resp/CommandEncoder.js"
import type { ReplicationLog } from "../ReplicationLog.js"
import { openSnapshot, receiveSnapshot, type TransferProgress } from "./SnapshotTransfer.js"

/** Pause before the master is dialled again: grows from the first to the second, then stays. */
const RETRY_MS_MIN = 100
const RETRY_MS_MAX = 1000
const HEARTBEAT_MS = 1000
/** A link that was up for shorter than this counts as one that failed: its master may refuse us again and again. */
const UP_MS_MIN = 1000
/** Characters of a replication ID. */
const ID_LENGTH = 40
const NEWLINE = Buffer.from("\n", "latin1")
const SYNTHESIZED =
  "Before turning into a replica, using my own master parameters to synthesize a cached master: I may be able to synchronize with the new master with just a partial transfer."

/** Offsets are counted exactly up to 2^53. */
const isOffset = (text: string | undefined): boolean =>
  text !== undefined && /^\d+$/.test(text) && Number.isSafeInteger(Number(text))

/** Whoever has the master asked, with FAILOVER, to step down for this server. */
export interface Takeover {
  succeeded(): void
  refused(reason: string): void
}

export class Replica implements Beating {
  master: MasterAddress | undefined = undefined
  phase: ReplicaPhase = "none"
  /** Unix milliseconds since when the link is down; 0 while it is up, or was never up. */
  downSinceMs = 0
  /** Bytes of the snapshot in transfer: announced (-1 = up to a mark) and read. */
  readonly transfer: TransferProgress = { total: 0, read: 0, lastMs: 0 }
  /** Hears what comes of the other side's taking over. */
  private takeover: Takeover | undefined = undefined
  /** The next handshake asks the other side to take over. */
  private asksTakeover = false
  readonly refusals: StreamRefusals
  private readonly received: ReceivedSnapshot
  private fiber: Fiber.Fiber<unknown> | undefined = undefined
  private stream: MasterStream | undefined = undefined
  readonly acknowledgements: Acknowledgements
  private applier: StreamApplier | undefined = undefined
  /** Since when the link is up, in real time. */
  private upSinceMs = 0
  /** How the last link ended, for the log: its phase, and whether by timeout. */
  private endedIn: ReplicaPhase | undefined = undefined
  private timedOut = false
  /** The master does not know PSYNC: acknowledgements are not for it. */
  private plain = false

  constructor(
    readonly log: ReplicationLog,
    readonly settings: ReplicaSettings,
    private readonly services: ReplicationServices,
    private readonly heartbeat: Heartbeat,
    /** This server's own replicas. */
    private readonly subMaster: Master,
    private readonly dial: DialMaster,
  ) {
    const { engine, persistence, facts } = services
    this.received = new ReceivedSnapshot(engine, log, persistence, settings, subMaster)
    this.refusals = new StreamRefusals(engine, log, settings, facts.crash)
    heartbeat.add(this)
    this.acknowledgements = new Acknowledgements(engine.hold, log, (bytes) => {
      if (!this.plain) this.stream?.write(bytes)
    })
  }

  private now(): number {
    return this.services.engine.clock.currentTimeMillisUnsafe()
  }

  /** Gates and log follow the phase, and the settings. */
  takeRole(phase = this.phase): void {
    takeRole(this.services.engine, this.settings, phase)
    this.heartbeat.begin()
  }

  /** Unix milliseconds of the last byte from the master, 0 without link. */
  get heardAtMs(): number {
    return this.stream?.heardAtMs ?? 0
  }

  /** master_repl_offset plus what was read of an open transaction, of a command that is not whole, and of what waits. */
  get readOffset(): number {
    return this.log.offset + (this.applier?.pendingBytes ?? 0) + (this.stream?.unreadBytes ?? 0)
  }

  /** Starts to follow a master, in place of any present one. The data set stays until a snapshot replaces it. */
  follow(master: MasterAddress): void {
    const again = this.master?.host === master.host && this.master.port === master.port
    if (this.master === undefined && this.log.continues) this.note(SYNTHESIZED)
    this.noteLoss()
    const before = this.endLink()
    this.endedIn = again ? this.phase : undefined
    this.timedOut = false
    this.master = master
    this.log.follow(this)
    if (this.phase === "connected") this.downSinceMs = this.now()
    this.enter("connect")
    // The former link must have let go of the data set before the next may touch it.
    const ended = before === undefined ? Effect.yieldNow : Fiber.interrupt(before)
    const link = restarted(
      "the link to the master",
      this.services.engine.turns.sleep(RETRY_MS_MAX),
      this.run(master),
    )
    this.fiber = this.services.background(Effect.andThen(ended, link))
  }

  /** REPLICAOF NO ONE: this server's history goes on from here under a new name. */
  stopFollowing(): void {
    if (this.master === undefined) return
    this.noteLoss()
    if (this.phase === "connected") this.note("Discarding previously cached master state.")
    this.endLink()
    this.master = undefined
    this.forgetTakeover()
    this.downSinceMs = 0
    this.log.follow(undefined)
    this.log.shiftId()
    const { id, secondId, secondOffset } = this.log
    this.warn(
      `Setting secondary replication ID to ${secondId}, valid up to offset: ${secondOffset}. New replication ID is ${id}`,
    )
    // Whatever became of the master's stream, this server's own begins with the data it has.
    this.log.continues = true
    this.enter("none")
  }

  /** The next link asks the other side to take over (FAILOVER's old master does). */
  askTakeover(takeover: Takeover): void {
    this.takeover = takeover
    this.asksTakeover = true
  }

  forgetTakeover(): void {
    this.takeover = undefined
    this.asksTakeover = false
  }

  /** Ends the link; it is dialled again. CLIENT KILL TYPE master. */
  reconnect(): void {
    if (this.master !== undefined) this.follow(this.master)
  }

  /** The data set is no longer what the master's history says. */
  broken(what: string): void {
    this.warn(`${what}. The master is asked for a snapshot.`)
    this.log.continues = false
    this.reconnect()
  }

  /** Ends the fiber of the link without changing the role; answers the fiber, which may take a while. */
  private endLink(): Fiber.Fiber<unknown> | undefined {
    const fiber = this.fiber
    this.fiber = undefined
    if (fiber !== undefined) fiber.interruptUnsafe()
    this.forgetLink()
    return fiber
  }

  private forgetLink(): void {
    unlinkMaster(this.services.engine, this.log)
    this.applier?.giveUp()
    this.applier = undefined
    this.stream = undefined
  }

  get busy(): boolean {
    return this.master !== undefined
  }

  beat(): void {
    if (this.phase === "connected") this.acknowledgements.send()
  }

  private enter(phase: ReplicaPhase): void {
    if (phase !== this.phase && !mayFollow(this.phase, phase) && phase !== "connect") {
      throw new Error(`replica link: ${phase} cannot follow ${this.phase}`)
    }
    this.phase = phase
    this.takeRole()
    if (phase === "connected") this.takeover?.succeeded()
  }

  private note(text: string): void {
    this.services.engine.logger.notice(text)
  }

  private warn(text: string): void {
    this.services.engine.logger.warning(text)
  }

  /** The link that is up goes down. */
  private noteLoss(): void {
    if (this.phase !== "connected") return
    this.warn("Connection with master lost.")
    this.note("Caching the disconnected master state.")
  }

  private logFailure(error: MasterLinkError): Effect.Effect<void> {
    if (error.passing === true) return Effect.logInfo(error.logged ?? error.message)
    this.timedOut = error.timedOut === true
    const lines = lossLines(error, this.phase, this.transfer)
    return Effect.forEach(lines, (line) => Effect.logWarning(line), { discard: true })
  }

  private run(master: MasterAddress): Effect.Effect<never> {
    return Effect.gen({ self: this }, function* () {
      let pause = 0
      if (this.phase !== "connect") {
        this.forgetLink()
        this.enter("connect")
      }
      for (;;) {
        if (pause > 0) yield* this.services.engine.turns.sleep(pause)
        const exit = yield* Effect.exit(Effect.scoped(this.session(master)))
        const wasUp = this.phase === "connected"
        const upMs = wasUp ? this.services.engine.turns.now() - this.upSinceMs : 0
        this.timedOut = false
        if (Exit.isFailure(exit)) yield* this.ended(exit.cause)
        this.noteLoss()
        this.endedIn = this.phase
        if (wasUp) this.downSinceMs = this.now()
        this.forgetLink()
        this.enter("connect")
        pause = upMs >= UP_MS_MIN ? 0 : Math.min(RETRY_MS_MAX, Math.max(RETRY_MS_MIN, pause * 2))
      }
    })
  }

  /** Tells why a link has ended. After a defect nobody knows what of the stream was applied. */
  private ended(cause: Cause.Cause<MasterLinkError>): Effect.Effect<void> {
    if (Cause.hasDies(cause)) {
      this.log.continues = false
      return Effect.logError("MASTER <-> REPLICA: internal error, a snapshot is asked for", cause)
    }
    const error = Option.getOrUndefined(Cause.findErrorOption(cause))
    return error === undefined ? Effect.void : this.logFailure(error)
  }

  /** One connection's life. */
  private session(master: MasterAddress) {
    return Effect.gen({ self: this }, function* () {
      const address = `${master.host}:${master.port}`
      yield* Effect.logInfo(attemptText(address, this.endedIn, this.timedOut))
      yield* Effect.logInfo("MASTER <-> REPLICA sync started")
      this.enter("connecting")
      const connection = yield* this.dial(master)
      yield* Effect.logInfo("Non blocking connect for SYNC fired the event.")
      const stream = new MasterStream(connection, this.services.engine.clock)
      this.stream = stream
      yield* Effect.raceFirst(this.serve(stream, connection), this.watch(stream))
    })
  }

  /** Fails when the master has been silent for repl-timeout, in seconds that have really passed. */
  private watch(stream: MasterStream): Effect.Effect<never, MasterLinkError> {
    return Effect.gen({ self: this }, function* () {
      let received = -1
      let silentMs = 0
      for (;;) {
        yield* this.services.engine.turns.sleep(HEARTBEAT_MS)
        silentMs = stream.received === received ? silentMs + HEARTBEAT_MS : 0
        received = stream.received
        // A load takes its time, and what the master has to say waits in the socket.
        if (this.phase === "transfer" && this.transfer.total === this.transfer.read) silentMs = 0
        // Nor is anything heard of it while the stream is held back and enough of it is here.
        if (stream.resting) silentMs = 0
        if (silentMs > this.settings.replTimeout * 1000)
          return yield* new MasterLinkError({
            step: "Stream",
            reason: "timeout",
            logged: timeoutText(this.phase),
            timedOut: true,
          })
      }
    })
  }

  /** Port this server's clients use. */
  private get port(): number {
    const { tlsReplication, tlsPort, port } = this.settings
    if (tlsReplication) return tlsPort
    return port === 0 ? this.services.engine.listeningPort : port
  }

  private serve(stream: MasterStream, connection: MasterConnection) {
    return Effect.gen({ self: this }, function* () {
      this.enter("handshake")
      yield* handshake(stream, this.settings, this.port)
      yield* Effect.withSpan(this.synchronize(stream), "redix.sync.receive")
      linkMaster(this.services.engine, this.log, connection, () => this.reconnect())
      this.downSinceMs = 0
      this.upSinceMs = this.services.engine.turns.now()
      this.enter("connected")
      this.acknowledgements.send()
      return yield* this.applyStream(stream)
    })
  }

  /** PSYNC, and the snapshot where the history is not shared. */
  private synchronize(stream: MasterStream) {
    return Effect.gen({ self: this }, function* () {
      const { log, asksTakeover } = this
      this.plain = false
      const from = log.offset + 1
      const ask = log.continues ? ["PSYNC", log.id, String(from)] : ["PSYNC", "?", "-1"]
      if (asksTakeover) ask.push("FAILOVER")
      yield* Effect.logInfo(
        log.continues
          ? `Trying a partial resynchronization (request ${log.id}:${from}).`
          : "Partial resynchronization not possible (no cached master)",
      )
      stream.write(encodeCommand(ask))
      const reply = yield* stream.line("PSYNC")
      const [word, id, offset] = reply.split(" ")
      if (word === "+CONTINUE" && log.continues) {
        this.asksTakeover = false
        yield* Effect.logInfo("Successful partial resynchronization with master.")
        if (id?.length === ID_LENGTH && id !== log.id) {
          this.continueAs(id)
          yield* Effect.logWarning(`Master replication ID changed to ${id}`)
        }
        log.openBacklog(this.settings.replBacklogSize)
        yield* Effect.logInfo("MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.")
        return
      }
      if (word === "+FULLRESYNC" && id?.length === ID_LENGTH && isOffset(offset)) {
        this.asksTakeover = false
        yield* Effect.logInfo(`Full resync from master: ${id}:${offset}`)
        yield* this.replaceData(stream, id)
        log.adopt(id, Number(offset))
      } else if (reply.startsWith("-NOMASTERLINK") || reply.startsWith("-LOADING")) {
        return yield* new MasterLinkError({
          step: "PSYNC",
          reason: `the master is not ready: ${reply}`,
          logged: `Master is currently unable to PSYNC but should be in the future: ${reply}`,
          passing: true,
        })
      } else if (asksTakeover) {
        this.takeover?.refused(reply)
        return yield* new MasterLinkError({
          step: "PSYNC FAILOVER",
          reason: reply,
          logged: `Unexpected reply to PSYNC from master: ${reply}`,
        })
      } else if (reply.startsWith("-")) {
        yield* reply.startsWith("-ERR")
          ? Effect.logInfo(`Master does not support PSYNC or is in error state (reply: ${reply})`)
          : Effect.logWarning(`Unexpected reply to PSYNC from master: ${reply}`)
        yield* Effect.logInfo("Retrying with SYNC...")
        this.plain = true
        stream.write(encodeCommand(["SYNC"]))
        yield* this.replaceData(stream, "")
        log.forget()
      } else {
        return yield* new MasterLinkError({
          step: "PSYNC",
          reason: `unexpected reply: ${reply}`,
          logged: `Unexpected reply to PSYNC from master: ${reply}`,
        })
      }
      log.openBacklog(this.settings.replBacklogSize)
    })
  }

  /**
   * Receives the master's snapshot and puts it in place of the data set.
   * @param id of the history it belongs to
   */
  private replaceData(stream: MasterStream, id: string) {
    return Effect.suspend(() => {
      const { settings, received, transfer, log } = this
      const { clock, traffic, turns } = this.services.engine
      this.enter("transfer")
      Object.assign(transfer, { total: -2, read: 0, lastMs: this.now() })
      const beat = Effect.sync(() => stream.write(NEWLINE))
      const heartbeat = Effect.forever(Effect.andThen(turns.sleep(HEARTBEAT_MS), beat))
      // Also while it is received: all of it may have left the master long since, and wait on a slow way.
      const sameHistory = log.continues && log.id === id
      let from = "disk"
      const work = openSnapshot(stream, transfer, clock, traffic).pipe(
        Effect.flatMap((snapshot) => {
          const loading = received.loadStream(snapshot, sameHistory)
          if (loading !== undefined) {
            from = "socket"
            this.note(receivingText(transfer.total, "parser"))
            return loading
          }
          this.note(receivingText(transfer.total, "disk"))
          return Effect.flatMap(receiveSnapshot(snapshot, settings.dir), (path) => {
            transfer.total = transfer.read
            return received.load(path)
          })
        }),
        Effect.andThen(Effect.logInfo("MASTER <-> REPLICA sync: Finished with success")),
      )
      return Effect.raceFirst(work, heartbeat).pipe(
        Effect.mapError((error) =>
          error instanceof MasterLinkError
            ? error
            : new MasterLinkError({
                step: "Snapshot",
                reason: error.message,
                logged: `Failed trying to load the MASTER synchronization DB from ${from}: ${error.message}`,
              }),
        ),
        Effect.scoped,
        Effect.provideService(FileSystem.FileSystem, this.services.files),
      )
    })
  }

  /** The master continues our history under another name. */
  private continueAs(id: string): void {
    this.log.secondId = this.log.id
    this.log.secondOffset = this.log.offset + 1
    this.log.id = id
    this.subMaster.dropReplicas()
  }

  private applyStream(stream: MasterStream): Effect.Effect<never, MasterLinkError> {
    const applier = new StreamApplier(this.services.engine, this.log, this.refusals)
    this.applier = applier
    return stream.run("Stream", (chunk) => {
      this.services.engine.traffic.fromMaster(chunk.length)
      return applier.take(chunk)
    })
  }
}

/** What an app sees of the replica side. */
export interface ReplicationReplicaShape {
  /** Whom it follows. */
  readonly master: Readonly<MasterAddress> | undefined
  /** How far the link has come. */
  readonly phase: ReplicaPhase
}

/** The side of replication that follows a master. */
export class ReplicationReplica extends Context.Service<ReplicationReplica, ReplicationReplicaShape>()(
  "redix/replication/Replica",
) {}
