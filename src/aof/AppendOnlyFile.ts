/**
 * The append-only file of a server: when it is on, when it is rewritten, and what a failing disk means for writes.
 *
 *     AofLog.ts      takes what commands change      AofFiles (AofRewrite.ts)   manifest, increments, rewriting
 *     AofWriter.ts   writes it, and syncs            AofStart.ts, AofEnd.ts     how a process begins and ends with them
 *
 *     off --start--> waiting --first base is there--> on        a full resync: on -> waiting
 *                                                             a file that is distrusted: on -> mending
 *
 * While it waits or mends nothing of what is logged counts, because no base goes with it: the files of before are what a
 * start would find. While it waits, replies wait for nothing, but for those that stand for what was logged before; while it
 * mends they all wait.
 *
 * One thing at a time is done with the files (`steps`): a start, a stop, a rewrite, a load. What makes the files void begins
 * another epoch: a base that was begun before it ends nothing.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Semaphore from "effect/Semaphore"
import { TURN_MS } from "../engine/world/WorkAlarm.js"
import { PAUSED_FOR_EVER } from "../engine/clients/ClientPause.js"
import type { EnginePart } from "../engine/EnginePart.js"
import type { InfoField } from "../engine/InfoRegistry.js"
import { AofEnd } from "./AofEnd.js"
import { AofDirectory } from "./AofDirectory.js"
import { type AofError, type AofIoError, failureText, notOnDisk } from "./AofErrors.js"
import type { LoadingParts } from "./AofLoading.js"
import { AofLog } from "./AofLog.js"
import { reloadFiles } from "./AofReload.js"
import { AofFiles, type RewriteError, type RewriteKind } from "./AofRewrite.js"
import type { AofParts } from "./AofParts.js"
import { loadAtStart, openAtStart } from "./AofStart.js"
import { AofStatus, growthOver, statusFields } from "./AofStatus.js"
import { AofWriter } from "./AofWriter.js"
import type { OpenIncrement } from "./OpenIncrement.js"

/** With so many bytes not written writes wait until half of them are. */
const BUFFER_BYTES_MAX = 64 * 1024 * 1024
const PURPOSE = "append-only file"
const RETRY_MS = 1000

const SLOW_SYNC =
  "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync to complete, this may slow down Redis."

const tellLeft = (error: AofIoError): Effect.Effect<void> =>
  Effect.logWarning(`Files of the AOF that are no longer needed could not be removed: ${error.message}`)

const SCHEDULED =
  "AOF was enabled but there is already another background operation. An AOF background was scheduled to start when possible."

export class AppendOnly implements EnginePart {
  readonly status = new AofStatus()
  readonly log: AofLog
  readonly writer: AofWriter
  readonly files: AofFiles
  private readonly ending: AofEnd
  private readonly directory: AofDirectory
  private readonly steps = Semaphore.makeUnsafe(1)
  /** The files are not read yet, or not to be written to any more. */
  private idle = true
  /** A rewrite has failed, and is not to be tried again yet. */
  private resting = false
  rewriteFiber: Fiber.Fiber<unknown> | undefined = undefined
  private toldFailure: string | undefined = undefined
  private epoch = 0
  /** Of the last cut. */
  private cutIn = 0

  constructor(private readonly parts: AofParts) {
    const { engine, settings } = parts
    this.directory = new AofDirectory(parts.fs, settings)
    this.files = new AofFiles(this.directory, parts.rdb, settings, engine.logger)
    this.log = new AofLog(engine.context, engine.hold, {
      logged: () => this.writer.logged(),
      seal: () => this.writer.seal(),
      comment: (line) => this.writer.comment(line),
      brokenOff: (what) => this.brokenOff(what),
      replaced: () => this.replaced(),
    })
    this.writer = new AofWriter(this.log, settings, engine.hold, engine.turns, {
      syncsPaused: () => settings.noAppendfsyncOnRewrite && this.childActive,
      diskIdle: () => !this.childActive,
      statusChanged: () => this.showFailure(),
      distrusted: () => this.distrusted(),
      lessPending: () => this.relieve(),
      sealing: () => engine.hold.onDisk.mark(this.log.position, parts.offset()),
      synced: () => this.showSynced(),
      slowSync: () => engine.logger.notice(SLOW_SYNC),
    })
    engine.log.add(this.log)
    this.ending = new AofEnd(this, parts)
    engine.parts.add(this)
    this.followSettings()
  }

  /** The fibers that write and sync; they end with the layer. */
  begin(): void {
    this.parts.fork(this.writer.writing)
    this.parts.fork(this.writer.syncingEverySecond)
  }

  get enabled(): boolean {
    return this.status.phase !== "off"
  }

  get rewriting(): boolean {
    return this.status.rewriteSinceMs !== undefined
  }

  /** A snapshot is being written, by whomever. */
  private get childActive(): boolean {
    return this.parts.rdb.state.save !== undefined || this.rewriting
  }

  private now(): number {
    return this.parts.engine.clock.currentTimeMillisUnsafe()
  }

  /** A setting has changed. */
  followSettings(): void {
    const { settings } = this.parts
    this.log.timestamps = settings.aofTimestampEnabled
    const always = (this.parts.engine.hold.forAll = settings.appendfsync === "always")
    this.log.holdReads(always)
    if (this.status.phase === "on") this.writer.advance()
    this.writer.wake()
  }

  info(): ReadonlyArray<InfoField> {
    const { writer, status } = this
    return statusFields(
      status,
      {
        failed: writer.failure !== undefined,
        fileBytes: (writer.file?.size ?? 0) + writer.pendingBytes,
        bufferBytes: writer.pendingBytes,
        syncUnderWay: writer.syncUnderWay,
        delayedSyncs: writer.delayedSyncs,
      },
      this.parts.rdb.state.lastBaseCowBytes,
      this.now(),
    )
  }

  resetStats(): void {
    this.status.rewrites = this.writer.delayedSyncs = 0
  }

  logBytes(): number {
    return this.writer.pendingBytes
  }

  // ---- what a disk means for clients

  /** A failure is told once, and stops writes until all is well again. */
  private showFailure(): void {
    const { engine } = this.parts
    const { failure, distrusted } = this.writer
    const reason = failure?.reason
    if (failure === undefined) engine.logger.warning("AOF write error looks solved, Redis can write again.")
    else if (reason !== this.toldFailure) engine.logger.warning(failureText(failure, distrusted))
    this.toldFailure = reason
    engine.gates.aofFailure = reason
    engine.gates.update()
  }

  private showSynced(): void {
    const { onDisk } = this.parts.engine.hold
    onDisk.keep(this.enabled)
    if (this.status.phase === "on" || this.status.phase === "mending") onDisk.reached(this.writer.onDisk)
  }

  /** The kernel may have dropped what the file was said to have: only a new base and a new file can be trusted. */
  private distrusted(): void {
    this.parts.engine.logger.warning(
      "The AOF file is not trusted any more: a new base and a new incr file take its place",
    )
    this.epoch++
    if (this.status.phase === "on") this.status.phase = "mending"
    this.parts.engine.stir()
  }

  /** Writes that wait because the disk does not keep up go on. */
  private relieve(): void {
    const { pause } = this.parts.engine
    if (pause.pausedFor(PURPOSE) && this.writer.pendingBytes < BUFFER_BYTES_MAX / 2) pause.unpause(PURPOSE)
  }

  private brokenOff(what: string): void {
    // The files are more than what is left of them here.
    if (this.parts.rdb.state.loadFailed) return
    this.parts.engine.logger.warning(`${what} was broken off half way: the AOF is rewritten`)
    this.status.scheduled = true
    this.parts.engine.stir()
  }

  /** Another data set is there: the files are void, and a new base must come before anything is logged. */
  private replaced(): void {
    const { status, parts } = this
    if (status.phase === "off" || this.idle) return
    this.epoch++
    this.setReading(false)
    status.phase = "waiting"
    parts.engine.hold.onDisk.begin()
    parts.fork(this.steps.withPermits(1)(this.releaseSettled))
    if (this.childActive) parts.engine.stir()
    else this.rewriteNow()
  }

  /** Nothing is promised of a new data set before its base is there; of the one before everything is, as long as it may be found. */
  private get releaseSettled(): Effect.Effect<void> {
    return Effect.map(this.writer.settled, (settled) => {
      if (settled && this.status.phase === "waiting" && !this.log.reading) this.parts.engine.hold.end()
    })
  }

  setReading(on: boolean): void {
    this.log.reading = on
    this.parts.engine.log.update()
  }

  // ---- on and off

  /** Turns it on, for a data set that is there: a base is written, and from then on it counts. */
  start(): void {
    if (this.enabled) return
    this.status.phase = "waiting"
    this.epoch++
    this.idle = false
    this.showSynced()
    const { save } = this.parts.rdb.state
    // A base that was called off is about to end.
    if (save === undefined || save.kind === "base") this.rewriteNow()
    else {
      this.parts.engine.logger.warning(SCHEDULED)
      this.parts.engine.stir()
    }
  }

  /** Turns it off, when what was logged is on the disk. */
  stop(): void {
    if (!this.enabled) return
    const { engine, fork } = this.parts
    this.setReading(false)
    this.epoch++
    this.status.phase = "off"
    engine.hold.onDisk.begin()
    this.showSynced()
    this.status.scheduled = false
    this.status.rewriteSinceMs = undefined
    this.rewriteFiber?.interruptUnsafe()
    fork(
      this.steps.withPermits(1)(
        Effect.gen({ self: this }, function* () {
          if (this.enabled) return
          const settled = yield* this.writer.settled
          yield* this.shut
          if (settled) engine.hold.end()
          else engine.hold.giveUp()
          // Or a later stop would wait for it to be written.
          this.writer.forget()
        }),
      ),
    )
  }

  private get shut(): Effect.Effect<void> {
    return Effect.andThen(
      this.writer.close,
      Effect.sync(() => this.writer.healed()),
    )
  }

  // ---- rewriting

  /** BGREWRITEAOF, and a server that finds it due. Done when it is under way, or could not begin. */
  startRewrite(): Effect.Effect<void, RewriteError> {
    const { engine, fork } = this.parts
    const begun = Deferred.makeUnsafe<void, RewriteError>()
    const { status } = this
    const number = status.begin(this.now())
    const work = this.steps
      .withPermits(1)(Effect.suspend(() => this.rewrite(begun)))
      .pipe(
        Effect.tapError((error) =>
          Effect.suspend(() => {
            status.failed()
            this.rest()
            Deferred.doneUnsafe(begun, Exit.fail(error))
            return Effect.logWarning(`Background AOF rewrite failed: ${error.message}`)
          }),
        ),
        Effect.ignore,
        Effect.ensuring(
          Effect.sync(() => {
            status.ended(number, this.now())
            Deferred.doneUnsafe(begun, Exit.void)
            this.writer.wake()
            engine.stir()
          }),
        ),
      )
    const fiber = fork(work)
    this.rewriteFiber = fiber
    fiber.addObserver(() => {
      if (this.rewriteFiber === fiber) this.rewriteFiber = undefined
    })
    return Deferred.await(begun)
  }

  private rewrite(begun: Deferred.Deferred<void, RewriteError>): Effect.Effect<void, RewriteError> {
    const { kind } = this
    const marked = this.status.phase === "mending" ? Effect.ignore(this.files.distrust) : Effect.void
    const rewrite = this.files.rewrite({
      kind,
      begun: () => {
        this.parts.engine.logger.notice(
          `Background append only file rewriting started by pid ${this.parts.pid}`,
        )
        Deferred.doneUnsafe(begun, Exit.void)
      },
      cut: (increment) => this.cut(kind, increment),
      placed: this.placed(kind),
    })
    return Effect.andThen(marked, rewrite)
  }

  /** Tries no rewrite that nobody asks for, for a while. In real time: so is the disk's. */
  private rest(): void {
    const { engine, fork } = this.parts
    if (this.resting) return
    this.resting = true
    const over = Effect.sync(() => {
      this.resting = false
      engine.stir()
    })
    fork(Effect.andThen(engine.turns.sleep(RETRY_MS), over))
  }

  /** A rewrite is due as soon as nothing else is being written. */
  schedule(): void {
    this.status.scheduled = true
    this.parts.engine.stir()
  }

  private get kind(): RewriteKind {
    if (this.status.phase === "off") return "alone"
    return this.status.phase === "on" ? "running" : "anew"
  }

  /** In the turn of the cut. */
  private cut(kind: RewriteKind, increment: OpenIncrement | undefined): void {
    this.cutIn = this.epoch
    if (increment === undefined) return
    if (!this.enabled) {
      increment.superseded = true
      this.parts.fork(increment.close)
      return
    }
    if (kind === "running") return this.writer.switchTo(increment)
    this.writer.limit()
    this.writer.startOver(increment)
    this.parts.engine.hold.onDisk.mark(this.log.position, this.parts.offset())
    this.setReading(true)
  }

  /** A base is in its place. */
  private placed(kind: RewriteKind): Effect.Effect<void> {
    const { status, writer, parts } = this
    return Effect.gen({ self: this }, function* () {
      status.succeeded()
      if (kind === "anew" && this.cutIn === this.epoch) {
        status.phase = "on"
        if (!parts.engine.hold.active) parts.engine.hold.begin(0)
        writer.healed()
        this.showSynced()
      }
      yield* this.tidy
      yield* Effect.logInfo("Background AOF rewrite finished successfully")
    })
  }

  /** Files that are no longer needed go, and what is left is measured; where it fails the files are good all the same. */
  get tidy(): Effect.Effect<void> {
    return Effect.andThen(this.measure, this.files.removeHistory).pipe(Effect.catch(tellLeft))
  }

  /** `aof-disable-auto-gc` has changed. */
  removeHistory(): void {
    this.parts.fork(this.steps.withPermits(1)(Effect.catch(this.files.removeHistory, tellLeft)))
  }

  private get measure(): Effect.Effect<void, AofIoError> {
    return Effect.map(this.files.closedBytes, (bytes) => {
      this.status.closedBytes = bytes
      this.status.baseBytes = bytes + (this.writer.file?.size ?? 0)
    })
  }

  cron(nowMs: number): number {
    const { engine, settings } = this.parts
    const { status, writer } = this
    if (writer.syncDue) writer.wake()
    if (writer.pendingBytes > BUFFER_BYTES_MAX) engine.pause.pause(PURPOSE, "write", PAUSED_FOR_EVER)
    if (this.idle || engine.cronPaused || engine.lifecycle.stopping || engine.gates.loading) return Infinity
    const baseless = status.phase === "waiting" || status.phase === "mending"
    const needed = status.scheduled || baseless
    if (this.childActive) return needed ? nowMs + TURN_MS : Infinity
    const say = (text: string): void => engine.logger.warning(text)
    if (needed) {
      if (this.resting) return Infinity
      // Writes are refused until a distrusted file has a successor.
      if (status.phase !== "mending" && status.putOff(nowMs, say)) return nowMs + RETRY_MS
      return this.rewriteNow()
    }
    if (status.phase === "off" || this.parts.rdb.state.loadFailed) return Infinity
    const growth = growthOver(settings, status, status.closedBytes + (writer.file?.size ?? 0))
    if (growth === undefined) return Infinity
    if (status.putOff(nowMs, say)) return nowMs + RETRY_MS
    engine.logger.notice(`Starting automatic rewriting of AOF on ${growth}% growth`)
    return this.rewriteNow()
  }

  rewriteNow(): number {
    this.parts.fork(Effect.ignore(this.startRewrite()))
    return Infinity
  }

  // ---- the start

  /** In the turn in which a start has files to log to, or knows that it has none yet. */
  beginAtStart(): void {
    const { hold } = this.parts.engine
    this.status.phase = "on"
    this.idle = false
    this.setReading(true)
    hold.begin(0)
    hold.onDisk.mark(this.log.position, this.parts.offset())
    this.showSynced()
  }

  private get loading(): LoadingParts {
    const { engine, rdb, fs, settings } = this.parts
    return { fs, engine, rdb, directory: this.directory, cutsTornEnd: () => settings.aofLoadTruncated }
  }

  /** Loads the files; answers whether there were any. */
  get loadAtStart(): Effect.Effect<boolean, AofError> {
    return loadAtStart(this.files, this.loading)
  }

  /** Begins to log, behind the files that were loaded, or with new ones. */
  get openAtStart(): Effect.Effect<void, RewriteError> {
    return openAtStart(this)
  }

  /** DEBUG LOADAOF: the data set as the files have it. */
  get reload(): Effect.Effect<void, AofError> {
    const reload = Effect.gen({ self: this }, function* () {
      const { failure } = this.writer
      // What the files lack would be gone.
      if (this.log.reading && !(yield* this.writer.settled))
        return yield* failure ?? notOnDisk(this.directory.path)
      yield* reloadFiles(this.loading, yield* this.files.read)
    })
    // A rewrite would save half a data set.
    return this.steps.withPermits(1)(reload)
  }

  /** Waits until all is on the disk; answers false when it will not be. */
  get flush(): Effect.Effect<boolean> {
    // Of a sync that is broken off nobody knows what has come of it.
    return Effect.suspend(() =>
      this.log.reading ? Fiber.join(this.parts.fork(this.writer.settled)) : Effect.succeed(true),
    )
  }

  /** Something is logged, or about to be. */
  get alive(): boolean {
    return this.enabled && !this.idle
  }

  /** Leaves word that all is on the disk; in vain where a rewrite is still under way. */
  get close(): Effect.Effect<void> {
    return Effect.asVoid(this.steps.withPermitsIfAvailable(1)(Effect.ignore(this.files.close)))
  }

  /** The layer ends. */
  get end(): Effect.Effect<void> {
    this.idle = true
    return this.ending.whole
  }
}
