/**
 * Persistence in a server: BGSAVE and SAVE, save points, the load at the start, the last save at the end, and what a
 * failed save means for writes. RdbPersistence does the work; this decides when.
 *
 * A data set that could not be loaded whole is never saved over the file it came from, except when a client asks by name.
 */
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { Run } from "../engine/Background.js"
import type { AppendOnly } from "../aof/AppendOnlyFile.js"
import type { AofError } from "../aof/AofErrors.js"
import type { ConfigState } from "../config/ConfigState.js"
import { type RdbError, RdbIoError } from "../rdb/format/RdbErrors.js"
import type { LoadOptions, LoadResult, RdbFiles, SaveOptions } from "../rdb/RdbPersistence.js"
import type { Engine } from "../engine/Engine.js"
import type { ReplicationLog } from "../replication/ReplicationLog.js"
import { doneLine, fieldLines, saveFailure } from "../rdb/FileReport.js"
import type { EnginePart } from "../engine/EnginePart.js"
import type { InfoField } from "../engine/InfoRegistry.js"
import { ShutdownError, type ShutdownOptions } from "../engine/Lifecycle.js"
import { persistenceInfo } from "./PersistenceInfo.js"
import { TURN_MS } from "../engine/world/WorkAlarm.js"

/** Seconds before a failed background save is tried again. */
const RETRY_SECONDS = 5
/** An app that names no directory has no files. */
const NO_DIRECTORY = "no directory ('dir') is set"
/** Longest time writes wait for the last save. */
const FINAL_SAVE_MS_MAX = 24 * 3600 * 1000
const PROGRESS_MS = 5000
/** Why writes are paused: what comes after the cut of the last save would be lost. */
const FINAL_SAVE = "save"

/** A reload failed while it saved, or while it loaded what was saved. */
export class ReloadError extends Data.TaggedError("ReloadError")<{
  readonly during: "save" | "load"
  readonly cause: RdbError
}> {
  override get message(): string {
    return `${this.during}: ${this.cause.message}`
  }
}

/** Why a server cannot start from its files. */
export type StartError = RdbError | AofError

/** Waits for the data set to be as it is to be at the start. */
interface StartListener {
  /** With the file's facts, or without a file. */
  start(loaded: LoadResult | undefined): void
}

type ReloadFlags = { readonly save: boolean; readonly flush: boolean; readonly merge: boolean }

export class ServerPersistence implements EnginePart {
  /** A BGSAVE SCHEDULE (or a BGSAVE inside a transaction) waits for its turn. */
  scheduled = false
  /** What the file loaded at the start said of replication. */
  loaded: LoadResult | undefined = undefined
  /** Keys that the last load left out because their time had passed, until replicas have been told. */
  private readonly expiredAtLoad: Array<{ readonly database: number; readonly key: Uint8Array }> = []
  readonly afterLoad: Array<StartListener> = []
  private running: Fiber.Fiber<unknown> | undefined = undefined
  /** The last save has been made, or was not wanted. */
  private ended = false
  /** A load is announced: clients are kept out before its first turn and until its last. */
  private reloading = false
  /** The file was not there before clients could come: one that appears since is not read over their data. */
  private nothingToLoad = false
  /** How it went to open the append-only file before clients could come. */
  private logOpened: Exit.Exit<void, StartError> | undefined = undefined

  constructor(
    readonly engine: Engine,
    readonly config: ConfigState,
    readonly rdb: RdbFiles,
    readonly aof: AppendOnly,
    private readonly history: ReplicationLog,
    private readonly fork: Run,
    /** For lines that name the process which saves. */
    private readonly pid: number,
  ) {
    rdb.listeners.push(this)
    engine.parts.add(this)
    engine.info.add("persistence", () => this.info())
    engine.lifecycle.addStep(
      (options) => this.beforeEnd(options),
      () => {
        this.ended = false
        engine.pause.unpause(FINAL_SAVE)
      },
    )
    for (const name of ["save", "stop-writes-on-bgsave-error"] as const) {
      config.onChange(name, () => {
        this.updateGates()
        return undefined
      })
    }
  }

  /** The file that is loaded at the start and saved to. */
  get path(): string {
    const { dir, dbfilename } = this.config.values
    return `${dir}/${dbfilename}`
  }

  get state(): RdbFiles["state"] {
    return this.rdb.state
  }

  /** A load is under way or announced. */
  get loading(): boolean {
    return this.reloading || this.state.load !== undefined
  }

  resetStats(): void {
    this.rdb.state.begun = 0
  }

  /** Fields of INFO's section. */
  info(): ReadonlyArray<InfoField> {
    return persistenceInfo(
      this.rdb.state,
      this.engine.keyspace,
      this.engine.clock.currentTimeMillisUnsafe(),
      this.aof.info(),
    )
  }

  loadGoesOn(active: boolean): void {
    this.engine.stir()
    if (active || !this.reloading) this.setLoading(active)
  }

  private setLoading(active: boolean): void {
    const { gates } = this.engine
    const serving = active && this.rdb.state.load?.serving === true
    const loading = active && !serving
    if (gates.loading === loading && gates.asyncLoading === serving) return
    gates.loading = loading
    gates.asyncLoading = serving
    gates.update()
  }

  private updateGates(): void {
    const { gates } = this.engine
    const { stopWritesOnBgsaveError, save } = this.config.values
    const failed = stopWritesOnBgsaveError && save.length > 0 && this.rdb.state.lastStatus === "err"
    if (failed === gates.saveFailed) return
    gates.saveFailed = failed
    gates.update()
  }

  // ---- saving

  private save(options: SaveOptions): Effect.Effect<void, RdbIoError> {
    const { path } = this
    const died = (defect: unknown): Effect.Effect<never, RdbIoError> =>
      Effect.andThen(
        Effect.logError("Internal error while saving", defect),
        Effect.fail(new RdbIoError({ path, offset: 0, operation: "save", reason: String(defect) })),
      )
    const { dir, dbfilename } = this.config.values
    const written =
      dir === ""
        ? Effect.fail(
            new RdbIoError({ path: dbfilename, offset: 0, operation: "open", reason: NO_DIRECTORY }),
          )
        : this.rdb.saveFile(path, { atCut: () => this.history.savedPosition, ...options })
    return written.pipe(
      Effect.catchDefect(died),
      Effect.tap(() => Effect.logInfo("DB saved on disk")),
      Effect.tapError((error) => Effect.logWarning(saveFailure(error))),
      Effect.ensuring(
        Effect.sync(() => {
          this.updateGates()
          this.engine.stir()
        }),
      ),
      Effect.asVoid,
    )
  }

  /** Saves now; the snapshot is of the turn in which this is called. */
  saveNow(): Effect.Effect<void, RdbIoError> {
    this.state.begun++
    return this.saveWithoutCount()
  }

  private saveWithoutCount(): Effect.Effect<void, RdbIoError> {
    return Fiber.join(this.fork(this.save({ background: false })))
  }

  /**
   * Starts a background save; the snapshot is of the turn in which this is called. The Effect ends when the save is under
   * way, or fails with the reason it could not begin.
   */
  startBackground(options: SaveOptions = {}): Effect.Effect<void, RdbIoError> {
    const started = Deferred.makeUnsafe<void, RdbIoError>()
    this.scheduled = false
    this.state.begun++
    const save = this.save({ ...options, onOpen: () => Deferred.doneUnsafe(started, Exit.void) }).pipe(
      Effect.tap(() => Effect.logInfo("Background saving terminated with success")),
      Effect.tapError((error) =>
        Effect.andThen(
          Effect.sync(() => Deferred.doneUnsafe(started, Exit.fail(error))),
          Effect.logWarning("Background saving error"),
        ),
      ),
      Effect.ignore,
      // Interrupted before the file was open: nobody may be left waiting.
      Effect.ensuring(Effect.sync(() => void Deferred.doneUnsafe(started, Exit.void))),
    )
    const fiber = this.fork(save)
    this.running = fiber
    fiber.addObserver(() => {
      if (this.running === fiber) this.running = undefined
    })
    this.engine.logger.notice(`Background saving started by pid ${this.pid}`)
    return Deferred.await(started)
  }

  /** Ends a background save to a file without a result; answers whether there was one. */
  private stopBackground(): Effect.Effect<boolean> {
    const { running } = this
    if (running === undefined) return Effect.succeed(false)
    this.running = undefined
    return Effect.as(Fiber.interrupt(running), true)
  }

  /** FLUSHALL has emptied every database: the file is to be empty too. */
  afterFlushAll(): Effect.Effect<void> | undefined {
    const { values } = this.config
    // The snapshot that is being made is of data which is no more, and the save below would wait for its end.
    this.rdb.stopStream("the data set was flushed")
    if (this.running !== undefined) {
      this.fork(
        Effect.andThen(
          this.stopBackground(),
          // redis-server's word for it: its child is sent SIGUSR1.
          Effect.logWarning("Background saving terminated by signal 10"),
        ),
      )
    }
    if (values.save.length === 0 || this.rdb.state.loadFailed) return undefined
    return Fiber.join(this.fork(Effect.ignore(this.save({ background: false }))))
  }

  /** A scheduled save, or a save point that is reached; answers when one will be. */
  cron(nowMs: number): number {
    if (this.engine.cronPaused) return Infinity
    const { state } = this.rdb
    this.updateGates()
    if (state.load !== undefined || this.engine.lifecycle.stopping) return Infinity
    // A snapshot for replicas ends without a word.
    if (state.save !== undefined || this.aof.rewriting) return nowMs + TURN_MS
    const now = Math.floor(nowMs / 1000)
    const retry = state.lastStatus === "ok" ? 0 : state.lastTrySeconds + RETRY_SECONDS + 1
    if (now < retry) return retry * 1000
    if (this.scheduled) {
      this.fork(Effect.ignore(this.startBackground()))
      return Infinity
    }
    if (state.loadFailed) return Infinity
    const { dirty } = this.engine.keyspace
    let next = Infinity
    for (const { seconds, changes } of this.config.values.save) {
      if (dirty < changes) continue
      const due = state.lastSaveSeconds + seconds + 1
      next = Math.min(next, due * 1000)
      if (now < due) continue
      this.engine.logger.notice(`${changes} changes in ${seconds} seconds. Saving...`, { changes, seconds })
      this.fork(Effect.ignore(this.startBackground()))
      return Infinity
    }
    return next
  }

  // ---- loading

  /** Announces a load. Where there is a file, clients are told that the server loads until `loadAtStart` has ended. */
  expectLoad(fileThere = true): void {
    this.nothingToLoad = !fileThere
    this.reloading = true
    this.setLoading(fileThere)
    // Whoever continues the history of the file must hear of keys that go, which can be told once the load has ended.
    this.engine.keyspace.holdExpiry("loading", fileThere)
  }

  private endLoad(): void {
    this.reloading = false
    this.setLoading(false)
    this.engine.keyspace.holdExpiry("loading", false)
    this.engine.stir()
  }

  private readonly onExpired = (database: number, key: Uint8Array): void => {
    this.expiredAtLoad.push({ database, key: key.slice() })
  }

  /** Replicas that have the data from before still have the keys that the load left out. */
  private tellExpired(): void {
    const { log } = this.engine.context.propagation
    const del = this.engine.settings.lazyfreeLazyExpire ? "UNLINK" : "DEL"
    for (const { database, key } of this.expiredAtLoad.splice(0))
      if (log.active) log.append(database, [del, key])
  }

  /** Loads the server's files, if they are there. */
  readonly loadAtStart: Effect.Effect<void, StartError> = Effect.suspend(() =>
    (this.config.values.appendonly ? this.startLog : this.loadFile).pipe(
      Effect.tap(() =>
        Effect.sync(() => {
          for (const listener of this.afterLoad) listener.start(this.loaded)
          this.tellExpired()
          // Not after a failure: a server that is about to end takes no commands for an empty data set.
          this.endLoad()
        }),
      ),
    ),
  )

  /**
   * Makes the append-only file where there is none to load, before clients can come: what they wrote before would be in no
   * file. Answers whether it tried; why that failed is told when the load is due.
   */
  get openLogFirst(): Effect.Effect<boolean> {
    return Effect.gen({ self: this }, function* () {
      const found = yield* Effect.exit(this.aof.files.toLoad)
      const none = Exit.isSuccess(found) && found.value === undefined
      if (none) this.logOpened = yield* Effect.exit(this.aof.openAtStart)
      return none
    })
  }

  private get startLog(): Effect.Effect<void, StartError> {
    return Effect.gen({ self: this }, function* () {
      if (this.logOpened !== undefined) return yield* this.logOpened
      const startedMs = this.engine.clock.currentTimeMillisUnsafe()
      const loaded = yield* this.aof.loadAtStart.pipe(
        Effect.onError(() => Effect.sync(() => void (this.rdb.state.loadFailed = true))),
      )
      const seconds = (this.engine.clock.currentTimeMillisUnsafe() - startedMs) / 1000
      if (loaded) yield* Effect.logInfo(`DB loaded from append only file: ${seconds.toFixed(3)} seconds`)
      yield* this.aof.openAtStart
    })
  }

  private readonly loadFile: Effect.Effect<void, RdbError> = Effect.suspend(() => {
    const startedMs = this.engine.clock.currentTimeMillisUnsafe()
    const loading = this.load({ onExpired: this.onExpired }).pipe(
      Effect.tap((result) => {
        this.loaded = result
        const seconds = (this.engine.clock.currentTimeMillisUnsafe() - startedMs) / 1000
        return Effect.logInfo(`DB loaded from disk: ${seconds.toFixed(3)} seconds`)
      }),
      Effect.asVoid,
      Effect.catchTag("RdbIoError", (error) => {
        if (error.operation !== "open" || error.code !== "ENOENT") return Effect.fail(error)
        this.rdb.state.loadFailed = false
        return Effect.void
      }),
    )
    return this.nothingToLoad ? Effect.void : loading
  })

  private load(options: LoadOptions) {
    const now = this.engine.clock.currentTimeMillisUnsafe()
    const onFields = (fields: ReadonlyMap<string, string>): void => {
      for (const line of fieldLines(fields, now)) this.engine.logger.notice(line)
    }
    const progress = Effect.gen({ self: this }, function* () {
      for (;;) {
        yield* Effect.sleep(PROGRESS_MS)
        const { load } = this.rdb.state
        if (load === undefined || load.totalBytes === 0) continue
        const percent = ((load.loadedBytes / load.totalBytes) * 100).toFixed(0)
        yield* Effect.logInfo(`Loading RDB: ${percent}% of ${load.totalBytes} bytes`)
      }
    })
    const loading = this.rdb.loadFile(this.path, { ...options, onFields }).pipe(
      Effect.tap(({ modules }) =>
        modules.length === 0
          ? Effect.void
          : Effect.logWarning(`Left out of the RDB file: data of the modules ${modules.join(", ")}`),
      ),
      Effect.tap((result) => {
        return Effect.logInfo(doneLine(result))
      }),
    )
    return Effect.suspend(() => {
      const watch = this.fork(progress)
      return Effect.ensuring(loading, Fiber.interrupt(watch))
    })
  }

  /**
   * DEBUG RELOAD: saves, then loads what was saved. Other clients are told that the server loads. It goes on when its client
   * has gone: half a data set would be left.
   */
  reload(flags: ReloadFlags): Effect.Effect<void, ReloadError> {
    this.expectLoad()
    const saved = flags.save ? this.saveWithoutCount() : Effect.void
    const duplicates = flags.merge ? "replace" : "refuse"
    const load = this.load({ flush: flags.flush, duplicates, onExpired: this.onExpired })
    // What is there after half a load, no replica has.
    const broken = Effect.sync(() => this.engine.log.brokenOff("DEBUG RELOAD"))
    const failed = (during: ReloadError["during"]) =>
      Effect.mapError((cause: RdbError) => new ReloadError({ during, cause }))
    const whole = saved.pipe(
      failed("save"),
      Effect.tap(() => Effect.sync(() => flags.flush && this.engine.events.flushed())),
      Effect.andThen(
        load.pipe(
          Effect.onError(() => broken),
          failed("load"),
        ),
      ),
      Effect.tap(() =>
        Effect.sync(() => {
          this.tellExpired()
          // The file need not be what was there.
          if (!flags.save || !flags.flush) this.engine.log.replaced()
        }),
      ),
      Effect.andThen(Effect.logWarning("DB reloaded by DEBUG RELOAD")),
      Effect.ensuring(
        Effect.sync(() => {
          this.expiredAtLoad.length = 0
          this.endLoad()
        }),
      ),
    )
    return Fiber.join(this.fork(whole))
  }

  /** DEBUG LOADAOF: the data set as the append-only file has it. */
  reloadLog(): Effect.Effect<void, StartError> {
    this.expectLoad()
    const whole = this.aof.reload.pipe(
      Effect.tapError((error) => Effect.logWarning(error.message)),
      Effect.andThen(Effect.logWarning("Append Only File loaded by DEBUG LOADAOF")),
      Effect.ensuring(Effect.sync(() => this.endLoad())),
    )
    // It goes on when its client has gone: half a data set would be left.
    return Fiber.join(this.fork(whole))
  }

  // ---- the end

  private beforeEnd(options: ShutdownOptions): Effect.Effect<void, ShutdownError> {
    return Effect.gen({ self: this }, function* () {
      const { pause, clock } = this.engine
      if (yield* this.stopBackground()) {
        yield* Effect.logWarning("There is a child saving an .rdb. Killing it!")
      }
      const { state } = this.rdb
      // Also a start that ends before the file was loaded: a port in use must not cost the data.
      const loading = this.reloading || (state.load !== undefined && !state.load.staged)
      const wanted = options.save ?? (this.config.values.save.length > 0 && !state.loadFailed)
      // Half a data set is not saved, whoever asks: the file has all of it.
      if (!wanted || loading) {
        this.ended = true
        return
      }
      yield* Effect.logInfo("Saving the final RDB snapshot before exiting.")
      pause.pause(FINAL_SAVE, "write", clock.currentTimeMillisUnsafe() + FINAL_SAVE_MS_MAX)
      yield* this.save({ background: false }).pipe(
        Effect.tap(() => Effect.sync(() => void (this.ended = true))),
        Effect.tapError(() =>
          Effect.logWarning(
            options.force
              ? "Error trying to save the DB. Exit anyway."
              : "Error trying to save the DB, can't exit.",
          ),
        ),
        Effect.mapError((error) => {
          this.ended = options.force
          return new ShutdownError({ why: "failed", reason: error.message })
        }),
      )
    })
  }

  /** The layer's scope closes: saves as the save points say, unless a shutdown has seen to it. */
  readonly atScopeEnd: Effect.Effect<void> = Effect.suspend(() =>
    Effect.andThen(
      this.engine.lifecycle.leave,
      Effect.suspend(() =>
        this.ended ? Effect.void : Effect.ignore(this.beforeEnd({ save: undefined, now: true, force: true })),
      ),
    ),
  )
}
