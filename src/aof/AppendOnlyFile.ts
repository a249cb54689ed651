/**
 * The append-only file of a server: when it is on, when it is rewritten, and what a failing disk means for writes.
 *
 *     AofLog.ts      takes what commands change      AofFiles (AofRewrite.ts)   manifest, increments, rewriting
 *     AofWriter.ts   writes it, and syncs            AofLoading.ts              reads it back
 *
 *     off --start--> waiting --first base is there--> on        a full resync, and a file that is distrusted: on -> waiting
 *
 * While it waits nothing of what is logged counts, because no base goes with it: the files of before are what a start would
 * find. Replies then wait for nothing, unless the file was on and has become distrusted: those that wait go on waiting.
 *
 * One thing at a time is done with the files (`steps`): a start, a stop, a rewrite.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as FileSystem from "effect/FileSystem"
import * as Semaphore from "effect/Semaphore"
import type { Run } from "../engine/Background.js"
import { PAUSED_FOR_EVER } from "../engine/clients/ClientPause.js"
import type { Engine } from "../engine/Engine.js"
import { ShutdownError, type ShutdownOptions } from "../engine/Lifecycle.js"
import type { EnginePart } from "../engine/EnginePart.js"
import type { InfoField } from "../engine/InfoRegistry.js"
import type { RdbFiles } from "../rdb/RdbPersistence.js"
import { AofDirectory, type DirectorySettings, type OpenIncrement } from "./AofDirectory.js"
import { type AofError, type AofIoError, failureText } from "./AofErrors.js"
import { asLoad, loadFiles } from "./AofLoading.js"
import { AofLog } from "./AofLog.js"
import { AofFiles, type RewriteError, type RewriteKind, type RewriteSettings } from "./AofRewrite.js"
import { AofStatus, statusFields } from "./AofStatus.js"
import { AofWriter } from "./AofWriter.js"

interface AofSettings extends DirectorySettings, RewriteSettings {
  readonly appendonly: boolean
  readonly appendfsync: string
  readonly noAppendfsyncOnRewrite: boolean
  readonly autoAofRewritePercentage: number
  readonly autoAofRewriteMinSize: number
  readonly aofLoadTruncated: boolean
  /** Files that are no longer needed stay. */
  readonly aofDisableAutoGc: boolean
  readonly aofTimestampEnabled: boolean
  readonly aofChecksum: boolean
}

interface AofParts {
  readonly engine: Engine
  readonly rdb: RdbFiles
  readonly settings: AofSettings
  readonly fs: FileSystem.FileSystem
  readonly fork: Run
  /** For lines that name the process which rewrites. */
  readonly pid: number
}

/** With so many bytes not written writes wait until half of them are. */
const BUFFER_BYTES_MAX = 64 * 1024 * 1024
const PURPOSE = "append-only file"
const RETRY_MS = 1000

const SLOW_SYNC =
  "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync to complete, this may slow down Redis."

export class AppendOnly implements EnginePart {
  readonly status = new AofStatus()
  readonly log: AofLog
  readonly writer: AofWriter
  readonly files: AofFiles
  private readonly directory: AofDirectory
  private readonly steps = Semaphore.makeUnsafe(1)
  /** The files are not read yet, or not to be written to any more. */
  private idle = true
  private retryAtMs = 0
  private rewriteFiber: Fiber.Fiber<unknown> | undefined = undefined
  private toldFailure: string | undefined = undefined
  /** Counts the data sets that have taken each other's place, and says of which the last cut was. */
  private dataSet = 0
  private cutOf = 0

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
      statusChanged: () => this.showFailure(),
      distrusted: () => this.distrusted(),
      wrote: () => this.relieve(),
      slowSync: () => engine.logger.notice(SLOW_SYNC),
    })
    engine.log.add(this.log)
    engine.lifecycle.addStep((options) => this.beforeEnd(options))
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
    this.log.readsWait = this.parts.engine.hold.forAll = settings.appendfsync === "always"
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

  /** The kernel may have dropped what the file was said to have: only a new base and a new file can be trusted. */
  private distrusted(): void {
    this.parts.engine.logger.warning(
      "The AOF file is not trusted any more: a new base and a new incr file take its place",
    )
    this.retryAtMs = 0
    this.parts.engine.stir()
  }

  /** The end of a turn in which much was logged: writes wait where the disk does not keep up. */
  private relieve(): void {
    const { pause } = this.parts.engine
    if (pause.pausedFor(PURPOSE) && this.writer.pendingBytes < BUFFER_BYTES_MAX / 2) pause.unpause(PURPOSE)
  }

  private brokenOff(what: string): void {
    this.parts.engine.logger.warning(`${what} was broken off half way: the AOF is rewritten`)
    this.status.scheduled = true
    this.parts.engine.stir()
  }

  /** Another data set is there: the files are void, and a new base must come before anything is logged. */
  private replaced(): void {
    const { status, parts } = this
    if (status.phase === "off" || this.idle) return
    this.dataSet++
    this.setReading(false)
    status.phase = "waiting"
    // Nothing is promised of the new data set before its base is there.
    parts.engine.hold.end()
    this.retryAtMs = 0
    if (this.childActive) parts.engine.stir()
    else this.rewriteNow()
  }

  private setReading(on: boolean): void {
    this.log.reading = on
    this.parts.engine.log.update()
  }

  // ---- on and off

  /** Turns it on, for a data set that is there: a base is written, and from then on it counts. */
  start(): void {
    if (this.enabled) return
    this.status.phase = "waiting"
    this.idle = false
    this.retryAtMs = 0
    const { save } = this.parts.rdb.state
    // A base that was called off is about to end.
    if (save !== undefined && save.kind !== "base") this.parts.engine.stir()
    else this.rewriteNow()
  }

  /** Turns it off, when what was logged is on the disk. */
  stop(): void {
    if (!this.enabled) return
    const { engine, fork } = this.parts
    this.setReading(false)
    this.status.phase = "off"
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
        }),
      ),
    )
  }

  private get shut(): Effect.Effect<void> {
    return Effect.andThen(
      this.writer.close,
      Effect.sync(() => {
        this.writer.distrusted = false
        this.writer.ceiling = Infinity
        if (this.writer.failure === undefined) return
        this.writer.failure = undefined
        this.showFailure()
      }),
    )
  }

  // ---- rewriting

  /** BGREWRITEAOF, and a server that finds it due. Done when it is under way, or could not begin. */
  startRewrite(kind: RewriteKind = this.kind): Effect.Effect<void, RewriteError> {
    const { engine, fork, pid } = this.parts
    const begun = Deferred.makeUnsafe<void, RewriteError>()
    const { status } = this
    status.scheduled = false
    status.rewrites++
    status.rewriteSinceMs = this.now()
    const rewrite = this.files.rewrite({
      kind,
      begun: () => {
        engine.logger.notice(`Background append only file rewriting started by pid ${pid}`)
        Deferred.doneUnsafe(begun, Exit.void)
      },
      cut: (increment) => this.cut(kind, increment),
    })
    const work = this.steps
      .withPermits(1)(rewrite)
      .pipe(
        Effect.tap(() => Effect.uninterruptible(this.rewritten(kind))),
        Effect.tapError((error) =>
          Effect.suspend(() => {
            status.failed()
            this.retryAtMs = this.now() + RETRY_MS
            Deferred.doneUnsafe(begun, Exit.fail(error))
            return Effect.logWarning(`Background AOF rewrite failed: ${error.message}`)
          }),
        ),
        Effect.ignore,
        Effect.ensuring(
          Effect.sync(() => {
            status.lastRewriteSeconds = Math.round((this.now() - (status.rewriteSinceMs ?? 0)) / 1000)
            status.rewriteSinceMs = undefined
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

  /** A rewrite is due as soon as nothing else is being written. */
  schedule(): void {
    this.status.scheduled = true
    this.parts.engine.stir()
  }

  private get kind(): RewriteKind {
    if (this.status.phase === "off") return "alone"
    return this.status.phase === "on" && !this.writer.distrusted ? "running" : "anew"
  }

  /** In the turn of the cut. */
  private cut(kind: RewriteKind, increment: OpenIncrement | undefined): void {
    this.cutOf = this.dataSet
    if (increment === undefined) return
    if (!this.enabled) {
      increment.superseded = true
      this.parts.fork(increment.close)
      return
    }
    if (kind === "running") return this.writer.switchTo(increment)
    this.writer.ceiling = Math.min(this.writer.ceiling, this.parts.engine.hold.safe)
    this.writer.startOver(increment)
    this.setReading(true)
  }

  /** A base is in its place. */
  private rewritten(kind: RewriteKind): Effect.Effect<void, AofIoError> {
    const { status, writer, parts } = this
    return Effect.gen({ self: this }, function* () {
      status.succeeded()
      if (kind === "anew" && this.enabled && this.cutOf === this.dataSet) {
        status.phase = "on"
        if (!parts.engine.hold.active) parts.engine.hold.begin(0)
        writer.healed()
      }
      yield* this.measure
      if (!parts.settings.aofDisableAutoGc) yield* this.files.removeHistory
      yield* Effect.logInfo("Background AOF rewrite finished successfully")
    })
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
    if (this.writer.pendingBytes > BUFFER_BYTES_MAX) engine.pause.pause(PURPOSE, "write", PAUSED_FOR_EVER)
    if (this.idle || engine.cronPaused || engine.lifecycle.stopping || engine.gates.loading) return Infinity
    const needed = status.scheduled || status.phase === "waiting" || writer.distrusted
    if (this.childActive) return needed ? nowMs + 100 : Infinity
    const say = (text: string): void => engine.logger.warning(text)
    if (needed) {
      if (nowMs < this.retryAtMs) return this.retryAtMs
      // Writes are refused until a distrusted file has a successor.
      if (!writer.distrusted && status.putOff(nowMs, say)) return nowMs + RETRY_MS
      return this.rewriteNow()
    }
    if (status.phase === "off" || settings.autoAofRewritePercentage === 0) return Infinity
    const size = status.closedBytes + (writer.file?.size ?? 0)
    if (size <= settings.autoAofRewriteMinSize) return Infinity
    const growth = Math.floor((size * 100) / Math.max(1, status.baseBytes)) - 100
    if (growth < settings.autoAofRewritePercentage) return Infinity
    if (status.putOff(nowMs, say)) return nowMs + RETRY_MS
    engine.logger.notice(`Starting automatic rewriting of AOF on ${growth}% growth`)
    return this.rewriteNow()
  }

  private rewriteNow(): number {
    this.parts.fork(Effect.ignore(this.startRewrite()))
    return Infinity
  }

  // ---- the start

  /** Loads the files, and goes on writing behind them; answers whether there were any. */
  get loadAtStart(): Effect.Effect<boolean, AofError> {
    return Effect.gen({ self: this }, function* () {
      const manifest = yield* this.files.read
      const some = manifest !== undefined && (manifest.base !== undefined || manifest.increments.length > 0)
      if (some) yield* this.load(manifest)
      return some
    })
  }

  private load(manifest: NonNullable<Effect.Success<AofFiles["read"]>>): Effect.Effect<void, AofError> {
    const { engine, rdb, fs, settings } = this.parts
    const parts = { fs, engine, rdb, directory: this.directory, cutsTornEnd: () => settings.aofLoadTruncated }
    return asLoad(engine, loadFiles(parts, manifest))
  }

  /** Begins to log, behind the files that were loaded, or with new ones. */
  get openAtStart(): Effect.Effect<void, RewriteError> {
    const { engine } = this.parts
    return Effect.gen({ self: this }, function* () {
      const { status } = this
      const opened = (increment: OpenIncrement): void => {
        this.writer.switchTo(increment)
        status.phase = "on"
        this.idle = false
        this.setReading(true)
        engine.hold.begin(0)
      }
      const manifest = yield* this.files.read
      if (manifest === undefined) return yield* this.files.begin(opened)
      opened(yield* this.files.openLast)
      yield* this.measure
      if (!this.parts.settings.aofDisableAutoGc) yield* this.files.removeHistory
    })
  }

  /** DEBUG LOADAOF: the data set as the files have it. */
  get reload(): Effect.Effect<void, AofError> {
    const { engine } = this.parts
    return Effect.gen({ self: this }, function* () {
      yield* this.writer.settled
      engine.keyspace.flushAll()
      const manifest = yield* this.files.read
      if (manifest !== undefined) yield* this.load(manifest)
    })
  }

  // ---- the end

  /** Waits until all is on the disk; answers false when it will not be. */
  get flush(): Effect.Effect<boolean> {
    return Effect.suspend(() => (this.log.reading ? this.writer.settled : Effect.succeed(true)))
  }

  /** A step of the shutdown. */
  private beforeEnd({ force }: ShutdownOptions): Effect.Effect<void, ShutdownError> {
    return Effect.gen({ self: this }, function* () {
      if (!this.enabled || this.idle) return
      const { rewriteFiber } = this
      if (rewriteFiber !== undefined) {
        const initial = this.status.phase === "waiting"
        if (initial && !force) {
          yield* Effect.logWarning("Writing initial AOF, can't exit.")
          return yield* new ShutdownError({ why: "failed", reason: "the first base is being written" })
        }
        if (initial) yield* Effect.logWarning("Writing initial AOF. Exit anyway.")
        yield* Effect.logWarning("There is a child rewriting the AOF. Killing it!")
        yield* Fiber.interrupt(rewriteFiber)
      }
      yield* Effect.logInfo("Calling fsync() on the AOF file.")
      if (!(yield* this.flush)) yield* this.tellLoss
    })
  }

  /** The last flush has failed. */
  private get tellLoss(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { failure, distrusted, synced } = this.writer
      const why = failure === undefined ? "The AOF file was not written to" : failureText(failure, distrusted)
      const lost = this.log.position - synced
      return Effect.logWarning(`${why}. The last ${lost} bytes that were logged may not be on the disk.`)
    })
  }

  /** The layer ends. */
  get end(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      this.idle = true
      const { hold, lifecycle } = this.parts.engine
      const flushed = yield* this.flush
      if (!flushed && !lifecycle.ended) yield* this.tellLoss
      this.setReading(false)
      yield* this.writer.close
      if (flushed) hold.end()
      else hold.giveUp()
    })
  }
}
