/**
 * Loads a snapshot into a keyspace in slices, between which the event loop runs: from a file, or from whatever brings it.
 */
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as FileSystem from "effect/FileSystem"
import type { Databases } from "../../store/Databases.js"
import type { Keyspace } from "../../store/Keyspace.js"
import { microsPerKey } from "../snapshot/KeyDelay.js"
import type { PersistenceState } from "../PersistenceState.js"
import { RdbDecoder } from "../decode/RdbDecoder.js"
import { corrupt, RdbCorruptError, type RdbError, RdbVersionError } from "../format/RdbErrors.js"
import { ioError } from "../RdbFile.js"
import type { PackingLimits } from "../../store/types/PackingLimits.js"
import { RdbLoader } from "./RdbLoader.js"
import type { LibraryStore } from "./KeptLibraries.js"
import type { ReplicationPosition } from "../snapshot/SnapshotJob.js"

/** Bytes read and decoded at a time: about 5 ms of work. */
const SLICE_BYTES = 512 * 1024
/** Bytes decoded between two sleeps, and their longest, with `key-load-delay`. */
const SLOW_PIECE_BYTES = 256
const SLEEP_MS_MAX = 20

/** How a file is loaded. */
export interface LoadOptions {
  /** Called once the file's first keys are near: its AUX fields have been read. */
  readonly onFields?: ((fields: ReadonlyMap<string, string>) => void) | undefined
  /** Hears of each key left out because its time had passed; the bytes are lent. */
  readonly onExpired?: ((database: number, key: Uint8Array) => void) | undefined
  /** Empty the keyspace in the turn in which the first bytes are decoded; default false. */
  readonly flush?: boolean | undefined
  /** Keys that are there already: refuse the file (default), or let the file's values win. */
  readonly duplicates?: "refuse" | "replace" | undefined
  /**
   * Load beside the present data set, which is replaced in one turn at the end, and stays if the load fails. While it
   * loads clients are served ("serve") or told that the server loads ("refuse").
   */
  readonly beside?: "serve" | "refuse" | undefined
  /** Called in the turn in which the loaded data set takes the place of the present one. */
  readonly onReplaced?: (() => void) | undefined
  /** Something else follows the file in its source: gets what was read of that, lent; no more is read. */
  readonly onRest?: ((bytes: Uint8Array) => void) | undefined
}

/** Where the bytes of a snapshot come from. */
export interface LoadSource<E> {
  /** Name for errors. */
  readonly path: string
  /** 0 = not known. */
  readonly totalBytes: number
  /** The next bytes, good until it is asked again; undefined after the last. */
  readonly next: Effect.Effect<Uint8Array | undefined, E>
}

/** What was loaded of a file. */
export interface LoadResult {
  /** Keys that are in the keyspace now. */
  readonly keys: number
  /** Keys left out because their time had passed. */
  readonly expired: number
  /** Keys left out because they were empty collections. */
  readonly empty: number
  /** Bytes of the file. */
  readonly bytes: number
  /** Modules whose data, belonging to no key, was left out. */
  readonly modules: ReadonlyArray<string>
  /** Where the replication stream stood when the file was made, if it says so. */
  readonly replication: ReplicationPosition | undefined
  /** The file's AUX fields. */
  readonly fields: ReadonlyMap<string, string>
}

interface LoadTarget {
  readonly keyspace: Keyspace
  readonly settings: PackingLimits & {
    readonly rdbchecksum: boolean
    readonly sanitizeDumpPayload: string
    readonly keyLoadDelay: number
  }
  readonly libraries: LibraryStore
}

const isRdbError = (thrown: unknown): thrown is RdbCorruptError | RdbVersionError =>
  thrown instanceof RdbCorruptError || thrown instanceof RdbVersionError

/** Runs a step of the decoder; what is wrong with the file fails, anything else is a defect. */
const decode = (step: () => void): Effect.Effect<void, RdbCorruptError | RdbVersionError> =>
  Effect.try({
    try: step,
    catch: (thrown) => {
      if (isRdbError(thrown)) return thrown
      throw thrown
    },
  })

/** A file, or what it has from an offset on, as a source, open as long as the scope. */
export const fileSource = Effect.fnUntraced(function* (fs: FileSystem.FileSystem, path: string, from = 0) {
  const file = yield* fs.open(path, { flag: "r" }).pipe(Effect.mapError(ioError(path, "open")))
  const info = yield* file.stat.pipe(Effect.mapError(ioError(path, "stat")))
  const scope = yield* Effect.scope
  let offset = from
  if (from > 0) yield* file.seek(BigInt(from), "start").pipe(Effect.mapError(ioError(path, "seek", from)))
  const read = (into: Uint8Array) =>
    file.read(into).pipe(
      Effect.mapError((error) => ioError(path, "read", offset)(error)),
      Effect.forkIn(scope, { startImmediately: true }),
    )
  let buffer = new Uint8Array(SLICE_BYTES)
  let other = new Uint8Array(SLICE_BYTES)
  let reading = yield* read(buffer)
  const next = Effect.gen(function* () {
    const n = Number(yield* Fiber.join(reading))
    if (n === 0) return undefined
    offset += n
    const slice = buffer.subarray(0, n)
    // The next slice is read while this one is decoded.
    ;[buffer, other] = [other, buffer]
    reading = yield* read(buffer)
    return slice
  })
  return { path, totalBytes: ByteSize.toNumberUnsafe(info.size), next } satisfies LoadSource<RdbError>
})

/** Where keys and libraries go: into the data set, or beside it until all is there. */
interface Destination {
  readonly databases: Databases
  readonly library: (code: Uint8Array) => string | undefined
  readonly succeed: () => void
  readonly fail: () => void
}

const into = ({ keyspace, libraries }: LoadTarget, flush: boolean): Destination => {
  if (flush) {
    keyspace.flushAll()
    libraries.clear()
  }
  return { databases: keyspace.present, library: libraries.load, succeed: () => {}, fail: () => {} }
}

const besides = ({ keyspace, libraries }: LoadTarget, onReplaced: () => void): Destination => {
  const staged = keyspace.stage()
  const codes: Array<Uint8Array> = []
  let replaced = false
  return {
    databases: staged,
    library: (code) => void codes.push(code),
    succeed: () => {
      const before = libraries.dump()
      libraries.clear()
      for (const code of codes) {
        const reason = libraries.load(code)
        if (reason === undefined) continue
        libraries.clear()
        for (const old of before) libraries.load(old)
        corrupt(`function library: ${reason}`)
      }
      replaced = true
      keyspace.replaceBy(staged)
      onReplaced()
    },
    fail: () => {
      if (!replaced) keyspace.discard(staged)
    },
  }
}

/** Feeds a slice in small pieces and sleeps for the keys in each, as `key-load-delay` says from moment to moment. */
const feedSlowly = <E>(
  slice: Uint8Array,
  feed: (bytes: Uint8Array) => Effect.Effect<void, E>,
  loaded: { readonly keys: number },
  settings: { readonly keyLoadDelay: number },
): Effect.Effect<void, E> =>
  Effect.gen(function* () {
    let owedMicros = 0
    let keys = loaded.keys
    for (let at = 0; at < slice.length; at += SLOW_PIECE_BYTES) {
      yield* feed(slice.subarray(at, at + SLOW_PIECE_BYTES))
      if (settings.keyLoadDelay !== 0)
        owedMicros += (loaded.keys - keys) * microsPerKey(settings.keyLoadDelay)
      keys = loaded.keys
      while (owedMicros >= 1000 && settings.keyLoadDelay !== 0) {
        const ms = Math.min(SLEEP_MS_MAX, Math.floor(owedMicros / 1000))
        owedMicros -= ms * 1000
        yield* Effect.sleep(ms)
      }
    }
  })

/** Whether something else may follow a file that has ended at `end`, in the slice: then it is the caller's. */
const handsOver = (
  { onRest }: LoadOptions,
  load: { loadedBytes: number },
  end: number,
  slice: Uint8Array,
): boolean => {
  if (onRest === undefined) return false
  const rest = slice.subarray(slice.length - (load.loadedBytes - end))
  load.loadedBytes = end
  onRest(rest)
  return true
}

/** @param now Unix milliseconds */
export const loadRdb = <E>(
  target: LoadTarget,
  state: PersistenceState,
  onProgress: () => void,
  source: LoadSource<E>,
  options: LoadOptions,
  now: number,
): Effect.Effect<LoadResult, E | RdbCorruptError | RdbVersionError> =>
  Effect.gen(function* () {
    const { keyspace, settings } = target
    const { path, totalBytes, next } = source
    const { beside, flush = false, onReplaced = () => {} } = options
    const load = {
      startedMs: now,
      totalBytes,
      loadedBytes: 0,
      usedMemory: 0,
      staged: beside !== undefined,
      serving: beside === "serve",
    }
    state.load = load
    onProgress()
    const destination = beside === undefined ? into(target, flush) : besides(target, onReplaced)
    const sanitize = settings.sanitizeDumpPayload === "yes"
    const loader = new RdbLoader(keyspace, {
      limits: settings,
      sanitize,
      dropExpired: keyspace.expiryMode === "delete",
      onExpired: options.onExpired,
      duplicates: options.duplicates ?? "refuse",
      fileBytes: totalBytes,
      databases: destination.databases,
      library: destination.library,
    })
    const decoder = new RdbDecoder(loader, {
      path,
      ...(totalBytes === 0 ? {} : { totalBytes }),
      checksum: settings.rdbchecksum && !state.skipChecksum,
      sanitize,
    })
    const feed = (bytes: Uint8Array) =>
      decode(() => {
        if (!decoder.done) decoder.feed(bytes)
        if (load.loadedBytes === 0) options.onFields?.(loader.fields)
        load.loadedBytes += bytes.length
        load.usedMemory = Number(loader.fields.get("used-mem") ?? "0")
        state.lastLoadKeys = loader.keys
        state.lastLoadExpired = loader.expired
        onProgress()
      })
    const slices = Effect.gen(function* () {
      for (let bytes = yield* next; bytes !== undefined; bytes = yield* next) {
        yield* settings.keyLoadDelay === 0 ? feed(bytes) : feedSlowly(bytes, feed, loader, settings)
        if (decoder.done && handsOver(options, load, decoder.offset, bytes)) break
      }
      yield* decode(() => {
        decoder.finish()
        destination.succeed()
      })
    })
    const undo = Effect.sync(() => {
      if (load.loadedBytes === 0) options.onFields?.(loader.fields)
      loader.abandon()
      destination.fail()
    })
    yield* slices.pipe(Effect.onError(() => undo))
    // What is in memory is once more all of one file.
    if (flush || beside !== undefined) state.loadFailed = false
    state.lastLoadKeys = loader.keys
    state.lastLoadExpired = loader.expired
    return {
      keys: loader.keys,
      expired: loader.expired,
      empty: loader.empty,
      bytes: decoder.offset,
      modules: [...loader.modules],
      replication: loader.replication,
      fields: loader.fields,
    }
  })
