/**
 * Persistence in a server: BGSAVE and SAVE, save points, the load at the start, the last save at the end, and what a
 * failed save means for writes. RdbPersistence does the work; this decides when.
 *
 * A data set that could not be loaded whole is never saved over the file it came from, except when a client asks by name.
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { RedixConfig } from "../config/index.js"
import type { ConfigState } from "../config/ConfigState.js"
import type { RdbError, RdbIoError } from "../rdb/format/RdbErrors.js"
import {
  type LoadOptions,
  type LoadResult,
  RdbPersistence,
  type RdbPersistenceShape,
  type SaveOptions,
} from "../rdb/RdbPersistence.js"
import { type Engine, EngineService } from "../engine/Engine.js"
import { doneLine, fieldLines, saveFailure } from "./FileReport.js"
import type { InfoField } from "../engine/InfoRegistry.js"
import type { ShutdownOptions } from "../engine/Lifecycle.js"
import { persistenceInfo } from "./PersistenceInfo.js"
import { ProcessInfo } from "./ProcessInfo.js"

/** Seconds before a failed background save is tried again. */
const RETRY_SECONDS = 5
const CRON_MS = 100
/** Longest time writes wait for the last save. */
const FINAL_SAVE_MS_MAX = 24 * 3600 * 1000
const PROGRESS_MS = 5000

/** A reload failed while it saved, or while it loaded what was saved. */
export interface ReloadError {
  readonly during: "save" | "load"
  readonly cause: RdbError
}

export type ReloadFlags = { readonly save: boolean; readonly flush: boolean; readonly merge: boolean }

type Fork = <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>

export class ServerPersistence {
  /** A BGSAVE SCHEDULE (or a BGSAVE inside a transaction) waits for its turn. */
  scheduled = false
  /** What the file loaded at the start said of replication. */
  loaded: LoadResult | undefined = undefined
  /** Keys that the load at the start left out because their time had passed, until `afterLoad` has been called. */
  readonly expiredAtLoad: Array<{ readonly database: number; readonly key: Uint8Array }> = []
  /** Called once the data set is as it is to be at the start: with the file's facts, or without a file. */
  readonly afterLoad: Array<(loaded: LoadResult | undefined) => void> = []
  private running: Fiber.Fiber<unknown, unknown> | undefined = undefined
  /** The last save has been made, or was not wanted. */
  private ended = false
  /** A load is announced: clients are kept out before its first turn and until its last. */
  private reloading = false

  constructor(
    readonly engine: Engine,
    readonly config: ConfigState,
    readonly rdb: RdbPersistenceShape,
    private readonly fork: Fork,
    /** For lines that name the process which saves. */
    private readonly pid: number,
  ) {
    rdb.onLoading = (active) => this.onLoading(active)
    engine.context.afterFlushAll = () => this.afterFlushAll()
    engine.info.section("persistence", () => this.info().map(fieldOf))
    engine.lifecycle.addStep((options) => this.beforeEnd(options))
    engine.onResetStats.push(() => void (rdb.state.begun = 0))
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

  get state(): RdbPersistenceShape["state"] {
    return this.rdb.state
  }

  /** A load is under way or announced. */
  get loading(): boolean {
    return this.reloading || this.state.load !== undefined
  }

  /** Lines of INFO's section. */
  info(): ReadonlyArray<string> {
    return persistenceInfo(this.rdb.state, this.engine.keyspace, this.engine.clock.currentTimeMillisUnsafe())
  }

  private onLoading(active: boolean): void {
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
    return this.rdb.saveFile(this.path, options).pipe(
      Effect.tap(() => Effect.logInfo("DB saved on disk")),
      Effect.tapError((error) => Effect.logWarning(saveFailure(error))),
      Effect.ensuring(Effect.sync(() => this.updateGates())),
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
    this.fork(Effect.logInfo(`Background saving started by pid ${this.pid}`))
    return Deferred.await(started)
  }

  /** Ends a background save to a file without a result; answers whether there was one. */
  private stopBackground(): Effect.Effect<boolean> {
    const { running } = this
    if (running === undefined) return Effect.succeed(false)
    this.running = undefined
    return Effect.as(Fiber.interrupt(running), true)
  }

  private afterFlushAll(): Effect.Effect<void> | undefined {
    const { values } = this.config
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

  /** Every tenth of a second: a scheduled save, or a save point that is reached. */
  cron(): void {
    const { state } = this.rdb
    this.updateGates()
    if (state.save !== undefined || state.load !== undefined || this.engine.lifecycle.stopping) return
    const now = Math.floor(this.engine.clock.currentTimeMillisUnsafe() / 1000)
    const mayTry = state.lastStatus === "ok" || now - state.lastTrySeconds > RETRY_SECONDS
    if (!mayTry) return
    if (this.scheduled) {
      this.fork(Effect.ignore(this.startBackground()))
      return
    }
    if (state.loadFailed) return
    const { dirty } = this.engine.keyspace
    for (const { seconds, changes } of this.config.values.save) {
      if (dirty < changes || now - state.lastSaveSeconds <= seconds) continue
      this.fork(Effect.logInfo(`${changes} changes in ${seconds} seconds. Saving...`))
      this.fork(Effect.ignore(this.startBackground()))
      return
    }
  }

  // ---- loading

  /** Tells clients that the server loads, until `loadAtStart` has ended. */
  expectLoad(): void {
    this.reloading = true
    this.setLoading(true)
  }

  private endLoad(): void {
    this.reloading = false
    this.setLoading(false)
  }

  /** Loads the server's file, if it is there. */
  readonly loadAtStart: Effect.Effect<void, RdbError> = Effect.suspend(() => {
    const startedMs = this.engine.clock.currentTimeMillisUnsafe()
    const onExpired = (database: number, key: Uint8Array): void => {
      this.expiredAtLoad.push({ database, key: key.slice() })
    }
    return this.load({ onExpired }).pipe(
      Effect.tap((result) => {
        this.loaded = result
        const seconds = (this.engine.clock.currentTimeMillisUnsafe() - startedMs) / 1000
        return Effect.logInfo(`DB loaded from disk: ${seconds.toFixed(3)} seconds`)
      }),
      Effect.asVoid,
      Effect.catchTag("RdbIoError", (error) => {
        if (error.operation !== "open" || error.reason !== "No such file or directory")
          return Effect.fail(error)
        this.rdb.state.loadFailed = false
        return Effect.void
      }),
      Effect.tap(() =>
        Effect.sync(() => {
          for (const listener of this.afterLoad) listener(this.loaded)
          this.expiredAtLoad.length = 0
          // Not after a failure: a server that is about to end takes no commands for an empty data set.
          this.endLoad()
        }),
      ),
    )
  })

  private load(options: LoadOptions) {
    const now = this.engine.clock.currentTimeMillisUnsafe()
    const onFields = (fields: ReadonlyMap<string, string>): void => {
      for (const line of fieldLines(fields, now)) this.fork(Effect.logInfo(line))
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

  /** DEBUG RELOAD: saves, then loads what was saved. Other clients are told that the server loads. */
  reload(flags: ReloadFlags): Effect.Effect<void, ReloadError> {
    this.expectLoad()
    const saved = flags.save ? this.saveWithoutCount() : Effect.void
    const load = this.load({ flush: flags.flush, duplicates: flags.merge ? "replace" : "refuse" })
    const failed = (during: ReloadError["during"]) =>
      Effect.mapError((cause: RdbError) => ({ during, cause }))
    return saved.pipe(
      failed("save"),
      Effect.andThen(load.pipe(failed("load"))),
      Effect.andThen(Effect.logWarning("DB reloaded by DEBUG RELOAD")),
      Effect.ensuring(Effect.sync(() => this.endLoad())),
    )
  }

  // ---- the end

  private beforeEnd(options: ShutdownOptions): Effect.Effect<void, string> {
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
      // What is written after the cut would be lost.
      pause.pause("save", "write", clock.currentTimeMillisUnsafe() + FINAL_SAVE_MS_MAX)
      yield* this.save({ background: false }).pipe(
        Effect.tap(() => Effect.sync(() => void (this.ended = true))),
        // Also when the shutdown is called off.
        Effect.onError(() => Effect.sync(() => pause.unpause("save"))),
        Effect.tapError(() =>
          Effect.logWarning(
            options.force
              ? "Error trying to save the DB. Exit anyway."
              : "Error trying to save the DB, can't exit.",
          ),
        ),
        Effect.mapError((error) => {
          this.ended = options.force
          return error.message
        }),
      )
    })
  }

  /** The layer's scope closes: saves as the save points say, unless a shutdown has seen to it. */
  readonly atScopeEnd: Effect.Effect<void> = Effect.suspend(() =>
    this.ended ? Effect.void : Effect.ignore(this.beforeEnd({ save: undefined, now: true, force: true })),
  )
}

/** Name and value of a line of INFO. */
const fieldOf = (line: string): InfoField => {
  const colon = line.indexOf(":")
  return [line.slice(0, colon), line.slice(colon + 1)]
}

/** ServerPersistence as a service, with its clock-driven work. */
export class PersistenceService extends Context.Service<PersistenceService, ServerPersistence>()(
  "redix/server/Persistence",
) {
  /** `ready` gets the service when it is built: commands are made before it. */
  static readonly layerOf = (
    ready: (persistence: ServerPersistence) => void,
  ): Layer.Layer<PersistenceService, never, EngineService | RedixConfig | RdbPersistence> =>
    Layer.effect(
      PersistenceService,
      Effect.gen(function* () {
        const engine = yield* EngineService
        const fork = Effect.runForkWith(yield* Effect.context<never>())
        const persistence = new ServerPersistence(
          engine,
          yield* RedixConfig,
          yield* RdbPersistence,
          fork,
          (yield* ProcessInfo).pid,
        )
        yield* Effect.addFinalizer(() => persistence.atScopeEnd)
        const turn = Effect.sync(() => persistence.cron())
        yield* Effect.forkScoped(Effect.forever(Effect.andThen(turn, Effect.sleep(CRON_MS))))
        ready(persistence)
        return persistence
      }),
    )
}
