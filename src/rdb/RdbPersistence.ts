/**
 * Persistence as a service: the keyspace to and from RDB files, and to anything else that takes bytes. It needs no TCP
 * server; the server's part (commands, save points, shutdown) is in server/.
 *
 * A snapshot stands for the instant at which it was opened, in one turn of the event loop: `atCut` is called in that
 * turn. There is one at a time, with any number of sinks; who comes meanwhile waits, as for the end of a long change.
 * Bytes come from a worker thread over the arena's shared memory (SnapshotSource.ts), so writing costs this thread next
 * to nothing.
 */
import * as Clock from "effect/Clock"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Semaphore from "effect/Semaphore"
import type * as Scope from "effect/Scope"
import type { Keyspace } from "../store/Keyspace.js"
import { type Store, keyspaceIn } from "../store/Store.js"
import { PersistenceState, type SnapshotKind } from "./PersistenceState.js"
import { FunctionLibraries, type LibraryStore } from "./load/KeptLibraries.js"
import {
  fileSource,
  type LoadOptions,
  type LoadResult,
  type LoadSource,
  loadRdb,
} from "./load/RdbLoadFile.js"
import {
  brokenOff,
  type RdbCorruptError,
  type RdbError,
  type RdbIoError,
  type RdbVersionError,
} from "./format/RdbErrors.js"
import { type DurableWriter, tempPathOf, writeDurably } from "./RdbFile.js"
import type { PackingLimits } from "../store/types/PackingLimits.js"
import {
  type AccessPolicy,
  openJob,
  type ReplicationPosition,
  type SnapshotForm,
  type SnapshotJob,
  type SnapshotPart,
} from "./snapshot/SnapshotJob.js"
import { loadAsChange, type LoadListener, type LongChange, whenWhole } from "./snapshot/LongChange.js"
import { inlineSource, type SnapshotSource, workerBeside, workerSource } from "./snapshot/SnapshotSource.js"
import { Threads, type ThreadStarter } from "./snapshot/Threads.js"

export { FunctionLibraries, type LibraryStore } from "./load/KeptLibraries.js"
export type { LoadOptions, LoadResult, LoadSource } from "./load/RdbLoadFile.js"

/** Takes the bytes of a snapshot in order. They are lent until the effect ends; the stream waits for the slowest sink. */
export interface SnapshotSink {
  /** Takes the next bytes; where it fails this sink gets no more, and the others go on. */
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, RdbIoError>
}

/** What the caller knows at the instant of the cut. */
export interface SnapshotTargets {
  readonly sinks: ReadonlyArray<SnapshotSink>
  /** Default: all. */
  readonly part?: SnapshotPart | undefined
  readonly replication?: ReplicationPosition | undefined
}

interface SnapshotResult {
  readonly bytes: number
  readonly keys: number
  /** Sinks whose write failed; the snapshot went on without them. */
  readonly failed: ReadonlyArray<{ readonly sink: SnapshotSink; readonly error: RdbIoError }>
}

/** Settings read at each use; the server's configuration satisfies it by shape. */
export interface PersistenceSettings extends PackingLimits {
  /** Long strings are compressed. */
  readonly rdbcompression: boolean
  /** Files end with a checksum, which is checked when they are loaded. */
  readonly rdbchecksum: boolean
  /** A file is synced every 4 MB while it is written. */
  readonly rdbSaveIncrementalFsync: boolean
  /** For tests: microseconds to wait for each key that is saved; negative, one for so many keys. */
  readonly rdbKeySaveDelay: number
  /** For tests: microseconds to wait for each key that is loaded; negative, one for so many keys. */
  readonly keyLoadDelay: number
  /** Says whether the file keeps times of last use or, with an LFU policy, counts of uses. */
  readonly maxmemoryPolicy: string
  /** "yes" and "clients" check packed values in depth before they are kept. */
  readonly sanitizeDumpPayload: "no" | "yes" | "clients"
}

/** What a layer of RDB files is made with. */
export interface PersistenceOptions {
  /** Read at each use, so that they may change. */
  readonly settings: PersistenceSettings
  /** Snapshots open when it has ended; default: there is none. */
  readonly longChange?: LongChange | undefined
  /**
   * Module of the thread that writes snapshots, or "inline" to write them on this thread in slices. Default: the one
   * beside this module. Where the thread cannot start, the slices take its place.
   */
  readonly worker?: URL | "inline" | undefined
  /** Memory of the data below which starting a thread is not worth it; default 1 MB. */
  readonly threadFromBytes?: number | undefined
  /** Part of temporary files' names, unique among servers that share a directory; default "redix". */
  readonly id?: string | undefined
}

/** How a snapshot is saved to a file. */
export interface SaveOptions {
  /** Runs in the turn the snapshot opens, and answers what the file is to say of replication. */
  readonly atCut?: (() => ReplicationPosition | undefined) | undefined
  /** Called when the temporary file is open. */
  readonly onOpen?: (() => void) | undefined
  /** Nobody waits for the save: it stands back behind clients, and its failure is remembered. Default true. */
  readonly background?: boolean | undefined
}

/** The base of an append-only file. */
interface BaseOptions {
  /** Where it is written before it takes its place. */
  readonly temp: string
  readonly form: SnapshotForm
  /** Commands are to begin with a line that says when they were written. */
  readonly timestamp: boolean
  readonly incrementalSync: boolean
  /** Runs in the turn the snapshot opens; it must not throw. */
  readonly atCut: () => void
  /** Called when the temporary file is open. */
  readonly onOpen: () => void
}

/** What RDB files are read and written with. */
export interface RdbPersistenceShape {
  /** How saves and loads went, as INFO has it. */
  readonly state: Readonly<PersistenceState>
  /** Writes a snapshot to sinks. `atCut` runs in the very turn the snapshot opens; it must not throw. */
  readonly streamSnapshot: (atCut: () => SnapshotTargets) => Effect.Effect<SnapshotResult, RdbIoError>
  /**
   * Saves to a file: temporary file in the same directory, fsync, rename, fsync of the directory. The snapshot opens in
   * the turn the effect starts, unless another is being written or a script is suspended.
   */
  readonly saveFile: (path: string, options?: SaveOptions) => Effect.Effect<SnapshotResult, RdbIoError>
  /** Adds the keys of a file to the keyspace, in slices. */
  readonly loadFile: (path: string, options?: LoadOptions) => Effect.Effect<LoadResult, RdbError>
  /** As `loadFile`, from any source of bytes. */
  readonly loadFrom: <E>(
    source: LoadSource<E>,
    options?: LoadOptions,
  ) => Effect.Effect<LoadResult, E | RdbCorruptError | RdbVersionError>
}

/** What a snapshot is to be. */
interface Opening {
  readonly kind: SnapshotKind
  readonly standBack: boolean
  readonly replication?: ReplicationPosition | undefined
  readonly part?: SnapshotPart | undefined
  readonly form?: SnapshotForm | undefined
  readonly timestamp?: boolean | undefined
}

const THREAD_FROM_BYTES = 1024 * 1024

const accessOf = (policy: string): AccessPolicy =>
  policy.endsWith("lru") ? "lru" : policy.endsWith("lfu") ? "lfu" : "none"

/** A span for whoever traces the app, with how much it was about. */
const traced =
  (name: string, attributes: Readonly<Record<string, unknown>>) =>
  <A extends { readonly keys: number; readonly bytes: number }, E, R>(effect: Effect.Effect<A, E, R>) =>
    effect.pipe(
      Effect.tap(({ keys, bytes }) => Effect.annotateCurrentSpan({ keys, bytes })),
      Effect.withSpan(name, { attributes }),
    )

export class RdbFiles implements RdbPersistenceShape {
  readonly state = new PersistenceState()
  readonly listeners: Array<LoadListener> = []
  /** One snapshot at a time; files one after another, from the cut to the rename. */
  private readonly snapshots = Semaphore.makeUnsafe(1)
  private readonly files = Semaphore.makeUnsafe(1)
  /** Ends the snapshot that goes to sinks now. */
  private stream: Deferred.Deferred<never, RdbIoError> | undefined = undefined
  private toldOfNoThread = false
  /** What no snapshot may show half done. */
  private readonly changes: ReadonlyArray<LongChange>

  constructor(
    private readonly keyspace: Keyspace,
    private readonly options: PersistenceOptions,
    private readonly fs: FileSystem.FileSystem,
    private readonly clock: Clock.Clock,
    private readonly threads: ThreadStarter,
    readonly libraries: LibraryStore,
  ) {
    this.state.lastSaveSeconds = this.seconds()
    const load = loadAsChange(this.state, this.listeners)
    this.changes = options.longChange === undefined ? [load] : [options.longChange, load]
  }

  private tell(loading: boolean): void {
    for (const listener of [...this.listeners]) listener.loadGoesOn(loading)
  }

  private seconds(): number {
    return Math.floor(this.clock.currentTimeMillisUnsafe() / 1000)
  }

  private openJob({ kind, replication, part, form, timestamp }: Opening): SnapshotJob {
    const { settings } = this.options
    this.keyspace.now = this.clock.currentTimeMillisUnsafe()
    return openJob(this.keyspace, {
      compression: settings.rdbcompression,
      checksum: settings.rdbchecksum,
      access: accessOf(settings.maxmemoryPolicy),
      keyDelay: settings.rdbKeySaveDelay,
      replication,
      libraries: this.libraries.dump(),
      part,
      form,
      timestamp,
      aofBase: kind === "base",
    })
  }

  /** Said once: whoever bundles Redix need not know that snapshots have a thread whose module goes along. */
  private readonly tellOfNoThread = (reason: string): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (this.toldOfNoThread) return Effect.void
      this.toldOfNoThread = true
      return Effect.logWarning(`Snapshots are written without a thread of their own: ${reason}`)
    })

  private openSource(job: SnapshotJob, standBack: boolean): SnapshotSource {
    const { worker, threadFromBytes = THREAD_FROM_BYTES } = this.options
    if (worker === "inline" || (job.keyDelay === 0 && this.keyspace.arena.usedBytes < threadFromBytes))
      return inlineSource(job)
    const module = worker === undefined ? workerBeside : () => worker
    return workerSource(job, this.threads, module, standBack, this.tellOfNoThread)
  }

  private begin(opening: Opening): SnapshotSource {
    const job = this.openJob(opening)
    try {
      const source = this.openSource(job, opening.standBack)
      this.state.save = {
        kind: opening.kind,
        startedMs: this.clock.currentTimeMillisUnsafe(),
        keysTotal: job.databases.reduce((n, db) => n + db.keys, 0),
        keys: source.keys,
      }
      return source
    } catch (defect) {
      // Left open, it would be in the way of every later one.
      this.keyspace.arena.closeSnapshot()
      throw defect
    }
  }

  /** Ends a snapshot: its reader stops, then the arena takes back what it held. */
  private end(source: SnapshotSource): Effect.Effect<void> {
    return Effect.ensuring(
      source.close,
      Effect.sync(() => {
        const { state, keyspace } = this
        const bytes = keyspace.arena.snapshot?.logBytes ?? 0
        keyspace.arena.closeSnapshot()
        if (state.save?.kind === "base") state.lastBaseCowBytes = bytes
        else state.lastCowBytes = bytes
        state.cowBytesPeak = Math.max(state.cowBytesPeak, bytes)
      }),
    )
  }

  /** Opens a snapshot, gives it to `use`, and sees that it is closed; `use` may close it earlier. */
  private withSnapshot<A, E>(
    open: () => SnapshotSource,
    use: (source: SnapshotSource, close: Effect.Effect<void>) => Effect.Effect<A, E>,
  ): Effect.Effect<A, E> {
    return this.snapshots.withPermits(1)(
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(whenWhole(this.changes, open, restore), (source) => {
          let closed = false
          const close = Effect.suspend(() => {
            if (closed) return Effect.void
            closed = true
            return this.end(source)
          })
          const over = Effect.sync(() => void (this.state.save = undefined))
          return restore(use(source, close)).pipe(Effect.ensuring(close), Effect.ensuring(over))
        }),
      ),
    )
  }

  streamSnapshot(atCut: () => SnapshotTargets): Effect.Effect<SnapshotResult, RdbIoError> {
    let sinks: ReadonlyArray<SnapshotSink> = []
    const open = (): SnapshotSource => {
      const targets = atCut()
      sinks = targets.sinks
      const { replication, part } = targets
      return this.begin({ kind: "stream", replication, standBack: true, part })
    }
    return this.withSnapshot(open, (source) => {
      const stop = (this.stream = Deferred.makeUnsafe<never, RdbIoError>())
      return Effect.raceFirst(pump(source, sinks), Deferred.await(stop)).pipe(
        Effect.ensuring(Effect.sync(() => void (this.stream = undefined))),
      )
    }).pipe(traced("redix.sync.send", {}))
  }

  /** Ends the snapshot that `streamSnapshot` is writing, if it is, which fails with the reason. */
  stopStream(reason: string): void {
    if (this.stream !== undefined) Deferred.doneUnsafe(this.stream, Exit.fail(brokenOff(reason)))
  }

  saveFile(path: string, save: SaveOptions = {}): Effect.Effect<SnapshotResult, RdbIoError> {
    const { state, keyspace, options } = this
    const file = {
      path,
      temp: tempPathOf(path, options.id ?? "redix"),
      incrementalSync: options.settings.rdbSaveIncrementalFsync,
      onOpen: save.onOpen,
    }
    const { atCut } = save
    let startedMs: number | undefined = undefined
    let changes = 0
    const open = (): SnapshotSource => {
      const now = this.clock.currentTimeMillisUnsafe()
      // As in redis-server, a save that somebody waits for does not count as a background save.
      if (save.background !== false) startedMs = now
      state.lastTrySeconds = Math.floor(now / 1000)
      changes = keyspace.dirty
      return this.begin({ kind: "file", replication: atCut?.(), standBack: save.background !== false })
    }
    const written = this.withSnapshot(open, (source, close) => {
      state.tempFile = file.temp
      const body = (writer: DurableWriter) => pumpToFile(source, writer).pipe(Effect.ensuring(close))
      return writeDurably(this.fs, file, body).pipe(
        Effect.ensuring(Effect.sync(() => void (state.tempFile = undefined))),
      )
    })
    return written.pipe(
      Effect.tap(() =>
        Effect.sync(() => {
          keyspace.dirty = Math.max(0, keyspace.dirty - changes)
          state.lastStatus = "ok"
          state.lastError = undefined
          state.saves++
          state.lastSaveSeconds = this.seconds()
        }),
      ),
      Effect.onError((cause) =>
        Effect.sync(() => {
          // As in redis-server, a save that the server itself called off has not failed.
          if (Cause.hasInterruptsOnly(cause)) return
          if (save.background !== false) state.lastStatus = "err"
          const error = Cause.squash(cause)
          state.lastError = error instanceof Error ? error.message : String(error)
        }),
      ),
      Effect.ensuring(
        Effect.sync(() => {
          // One that never began, because it was ended while it waited for its turn, took no time.
          if (startedMs === undefined) return
          state.lastDurationSeconds = Math.round((this.clock.currentTimeMillisUnsafe() - startedMs) / 1000)
        }),
      ),
      traced("redix.save", { path, background: save.background !== false }),
    )
  }

  /** As `saveFile`, for the base of an append-only file: no save that save points and INFO count. */
  writeBase(path: string, base: BaseOptions): Effect.Effect<SnapshotResult, RdbIoError> {
    const open = (): SnapshotSource => {
      base.atCut()
      const { form, timestamp } = base
      return this.begin({ kind: "base", standBack: true, form, timestamp })
    }
    const { temp, incrementalSync, onOpen } = base
    return this.withSnapshot(open, (source, close) =>
      writeDurably(this.fs, { path, temp, incrementalSync, onOpen }, (writer) =>
        pumpToFile(source, writer).pipe(Effect.ensuring(close)),
      ),
    ).pipe(traced("redix.rewrite", { path }))
  }

  loadFile(path: string, options: LoadOptions = {}): Effect.Effect<LoadResult, RdbError> {
    const source = fileSource(this.fs, path)
    const failed = Effect.sync(() => void (this.state.loadFailed = true))
    return source.pipe(
      Effect.tapError(() => failed),
      Effect.flatMap((open) => this.loadFrom(open, options)),
      Effect.scoped,
      traced("redix.load", { path }),
    )
  }

  loadFrom<E>(
    source: LoadSource<E>,
    options: LoadOptions = {},
  ): Effect.Effect<LoadResult, E | RdbCorruptError | RdbVersionError> {
    const { state, keyspace, libraries } = this
    const target = { keyspace, settings: this.options.settings, libraries }
    return Effect.suspend(() => {
      const now = (keyspace.now = this.clock.currentTimeMillisUnsafe())
      return loadRdb(target, state, () => this.tell(true), source, options, now)
    }).pipe(
      Effect.onError((cause) =>
        Effect.sync(() => {
          if (options.beside === undefined && !Cause.hasInterruptsOnly(cause)) state.loadFailed = true
        }),
      ),
      Effect.ensuring(
        Effect.sync(() => {
          state.load = undefined
          this.tell(false)
        }),
      ),
    )
  }
}

/** Carries a snapshot to its sinks, in step with the slowest; a sink that fails is left behind. */
const pump = (
  source: SnapshotSource,
  sinks: ReadonlyArray<SnapshotSink>,
): Effect.Effect<SnapshotResult, RdbIoError> =>
  Effect.gen(function* () {
    let live = sinks
    const failed: Array<{ readonly sink: SnapshotSink; readonly error: RdbIoError }> = []
    let total = 0
    while (live.length > 0) {
      const bytes = yield* source.next
      if (bytes === undefined) break
      total += bytes.length
      const write = (sink: SnapshotSink): Effect.Effect<void> =>
        sink.write(bytes).pipe(Effect.catch((error) => Effect.sync(() => void failed.push({ sink, error }))))
      yield* Effect.forEach(live, write, { discard: true, concurrency: "unbounded" })
      if (failed.length > 0) live = live.filter((sink) => failed.every((f) => f.sink !== sink))
    }
    return { bytes: total, keys: source.keys(), failed }
  })

const pumpToFile = (
  source: SnapshotSource,
  writer: DurableWriter,
): Effect.Effect<SnapshotResult, RdbIoError> =>
  Effect.gen(function* () {
    let total = 0
    for (;;) {
      const bytes = yield* source.next
      if (bytes === undefined) return { bytes: total, keys: source.keys(), failed: [] }
      total += bytes.length
      yield* writer.write(bytes)
    }
  })

/** RDB files and snapshots of a keyspace: loading, saving, streaming. */
export class RdbPersistence extends Context.Service<RdbPersistence, RdbPersistenceShape>()(
  "redix/rdb/RdbPersistence",
) {
  /** Reads and writes the keyspace of the store that is provided. */
  static readonly layerOf = (
    options: PersistenceOptions,
  ): Layer.Layer<RdbPersistence, never, Store | FunctionLibraries | FileSystem.FileSystem> =>
    Layer.effect(RdbPersistence, this.make(options))

  /**
   * As `layerOf`, whole and without a layer, for the server's own parts.
   *
   * @internal
   */
  static readonly make = (
    options: PersistenceOptions,
  ): Effect.Effect<RdbFiles, never, Store | FunctionLibraries | FileSystem.FileSystem | Scope.Scope> =>
    Effect.gen(function* () {
      const services = yield* Effect.context<Store | FunctionLibraries | FileSystem.FileSystem>()
      const threads = yield* Threads
      yield* Effect.addFinalizer(() => Effect.sync(() => threads.release?.()))
      return new RdbFiles(
        keyspaceIn(services),
        options,
        Context.get(services, FileSystem.FileSystem),
        Context.get(services, Clock.Clock),
        threads,
        Context.get(services, FunctionLibraries),
      )
    })
}

/** Whole, for the server's own parts. */
export const rdbFilesIn = (services: Context.Context<RdbPersistence>): RdbFiles => {
  const persistence = Context.get(services, RdbPersistence)
  if (!(persistence instanceof RdbFiles))
    throw new Error("the RDB persistence is not one of this package's layers")
  return persistence
}

/** As `rdbFilesIn`, where that is all a fiber asks for. */
export const theRdbFiles: Effect.Effect<RdbFiles, never, RdbPersistence> = Effect.map(
  Effect.context<RdbPersistence>(),
  rdbFilesIn,
)
