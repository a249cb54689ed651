/** Loads a file into a keyspace in slices, between which the event loop runs. */
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as FileSystem from "effect/FileSystem"
import type { Keyspace } from "../store/Keyspace.js"
import type { PersistenceState } from "./PersistenceState.js"
import { RdbDecoder } from "./RdbDecoder.js"
import { RdbCorruptError, type RdbError, RdbVersionError } from "./RdbErrors.js"
import { ioError } from "./RdbFile.js"
import { type LoadLimits, RdbLoader } from "./RdbLoader.js"
import type { LibraryStore } from "./RdbPersistence.js"
import type { ReplicationPosition } from "./SnapshotJob.js"

/** Bytes read and decoded at a time: about 5 ms of work. */
const SLICE_BYTES = 512 * 1024

export interface LoadOptions {
  /** Called once the file's first keys are near: its AUX fields have been read. */
  readonly onFields?: ((fields: ReadonlyMap<string, string>) => void) | undefined
  /** Hears of each key left out because its time had passed; the bytes are lent. */
  readonly onExpired?: ((database: number, key: Uint8Array) => void) | undefined
  /** Empty the keyspace in the turn in which the first bytes are decoded; default false. */
  readonly flush?: boolean | undefined
  /** Keys that are there already: refuse the file (default), or let the file's values win. */
  readonly duplicates?: "refuse" | "replace" | undefined
}

export interface LoadResult {
  readonly keys: number
  /** Keys left out because their time had passed. */
  readonly expired: number
  /** Keys left out because they were empty collections. */
  readonly empty: number
  readonly bytes: number
  /** Where the replication stream stood when the file was made, if it says so. */
  readonly replication: ReplicationPosition | undefined
  /** The file's AUX fields. */
  readonly fields: ReadonlyMap<string, string>
}

export interface LoadTarget {
  readonly fs: FileSystem.FileSystem
  readonly keyspace: Keyspace
  readonly settings: LoadLimits & { readonly rdbchecksum: boolean; readonly sanitizeDumpPayload: string }
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

export const loadRdbFile = (
  target: LoadTarget,
  state: PersistenceState,
  onProgress: () => void,
  path: string,
  options: LoadOptions,
): ((now: number) => Effect.Effect<LoadResult, RdbError>) => {
  const { fs, keyspace, settings, libraries } = target
  return (now) =>
    Effect.scoped(
      Effect.gen(function* () {
        const file = yield* fs.open(path, { flag: "r" }).pipe(Effect.mapError(ioError(path, "open")))
        const info = yield* file.stat.pipe(Effect.mapError(ioError(path, "stat")))
        const totalBytes = ByteSize.toNumberUnsafe(info.size)
        const load = { startedMs: now, totalBytes, loadedBytes: 0, usedMemory: 0 }
        state.load = load
        onProgress()
        if (options.flush === true) {
          keyspace.flushAll()
          libraries.clear()
        }
        const loader = new RdbLoader(keyspace, {
          limits: settings,
          dropExpired: keyspace.expiryMode === "delete",
          onExpired: options.onExpired,
          duplicates: options.duplicates ?? "refuse",
          fileBytes: totalBytes,
          library: libraries.load,
        })
        const decoder = new RdbDecoder(loader, {
          path,
          totalBytes,
          checksum: settings.rdbchecksum && !state.skipChecksum,
          sanitize: settings.sanitizeDumpPayload === "yes",
        })
        const read = (into: Uint8Array) =>
          Effect.forkScoped(file.read(into).pipe(Effect.mapError(ioError(path, "read", load.loadedBytes))), {
            startImmediately: true,
          })
        let buffer = new Uint8Array(SLICE_BYTES)
        let other = new Uint8Array(SLICE_BYTES)
        let first = true
        const slices = Effect.gen(function* () {
          let reading = yield* read(buffer)
          while (!decoder.done) {
            const n = Number(yield* Fiber.join(reading))
            if (n === 0) break
            const slice = buffer.subarray(0, n)
            // The next slice is read while this one is decoded.
            ;[buffer, other] = [other, buffer]
            reading = yield* read(buffer)
            yield* decode(() => void decoder.feed(slice))
            load.loadedBytes += n
            if (first) options.onFields?.(loader.fields)
            first = false
            load.usedMemory = Number(loader.fields.get("used-mem") ?? "0")
            state.lastLoadKeys = loader.keys
            state.lastLoadExpired = loader.expired
            onProgress()
          }
          yield* decode(() => decoder.finish())
        })
        yield* slices.pipe(Effect.onError(() => Effect.sync(() => loader.abandon())))
        state.lastLoadKeys = loader.keys
        state.lastLoadExpired = loader.expired
        return {
          keys: loader.keys,
          expired: loader.expired,
          empty: loader.empty,
          bytes: decoder.offset,
          replication: loader.replication,
          fields: loader.fields,
        }
      }),
    )
}
