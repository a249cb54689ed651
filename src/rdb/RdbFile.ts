/**
 * A file that appears whole or not at all: written beside its place under a temporary name, then put there.
 *
 *     temp-<id>.rdb: open, write (fsync every 4 MB), fsync, close | rename to the file | fsync the directory
 *
 * Whatever fails, and whenever the process dies, the file at `path` is the old one or the new one. A failed fsync is
 * final: the kernel may have dropped the bytes, so the temporary file is thrown away and nothing is tried again.
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import { systemCode, systemReason } from "../bytes/SystemReason.js"
import { RdbIoError } from "./format/RdbErrors.js"

/** Bytes between two fsyncs while writing, so that the last one is short. */
const SYNC_BYTES = 4 * 1024 * 1024

interface DurableOptions {
  readonly path: string
  /** Where it is written before it takes its place, on the same file system. */
  readonly temp: string
  /** fsync while writing (`rdb-save-incremental-fsync`). */
  readonly incrementalSync: boolean
  /** Called once the temporary file is open: most of what can be wrong with the path would have shown by then. */
  readonly onOpen?: (() => void) | undefined
}

const splitPath = (path: string): { readonly dir: string; readonly name: string } => {
  const slash = path.lastIndexOf("/")
  if (slash < 0) return { dir: ".", name: path }
  return { dir: slash === 0 ? "/" : path.slice(0, slash), name: path.slice(slash + 1) }
}

const isPlatformError = (defect: unknown): defect is PlatformError =>
  defect instanceof Error && "_tag" in defect && defect._tag === "PlatformError"

export const ioError =
  (path: string, operation: string, offset = 0) =>
  (error: PlatformError): RdbIoError =>
    new RdbIoError({ path, offset, operation, reason: systemReason(error), code: systemCode(error) })

export interface DurableWriter {
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, RdbIoError>
}

/** Where a file is written before it takes its place. */
export const tempPathOf = (path: string, id: string): string => {
  const { dir } = splitPath(path)
  return `${dir === "/" ? "" : dir}/temp-${id}.rdb`
}

/** Makes the names in a directory outlast a power cut. */
export const syncDirectory = (fs: FileSystem.FileSystem, dir: string): Effect.Effect<void, RdbIoError> =>
  Effect.scoped(Effect.flatMap(fs.open(dir, { flag: "r" }), (handle) => handle.sync)).pipe(
    Effect.mapError(ioError(dir, "fsync")),
  )

/** Writes a file through `body`; when this ends well, the file is in its place and on the disk. */
export const writeDurably = <A, E>(
  fs: FileSystem.FileSystem,
  options: DurableOptions,
  body: (writer: DurableWriter) => Effect.Effect<A, E>,
): Effect.Effect<A, E | RdbIoError> => {
  const { path, temp } = options
  const { dir } = splitPath(path)
  const written = Effect.scoped(
    Effect.gen(function* () {
      const file = yield* fs
        .open(temp, { flag: "w", mode: 0o644 })
        .pipe(Effect.mapError(ioError(temp, "open")))
      options.onOpen?.()
      let offset = 0
      let unsynced = 0
      const write = (bytes: Uint8Array): Effect.Effect<void, RdbIoError> =>
        Effect.gen(function* () {
          yield* file.writeAll(bytes).pipe(Effect.mapError(ioError(temp, "write", offset)))
          offset += bytes.length
          unsynced += bytes.length
          if (!options.incrementalSync || unsynced < SYNC_BYTES) return
          unsynced = 0
          yield* file.sync.pipe(Effect.mapError(ioError(temp, "fsync", offset)))
        })
      const result = yield* body({ write })
      yield* file.sync.pipe(Effect.mapError(ioError(temp, "fsync", offset)))
      return result
    }),
  ).pipe(
    // The descriptor's finalizer dies of a failed close; other defects are ours.
    Effect.catchDefect((defect) =>
      isPlatformError(defect) ? Effect.fail(ioError(temp, "close")(defect)) : Effect.die(defect),
    ),
  )
  const put = fs
    .rename(temp, path)
    .pipe(Effect.mapError(ioError(path, "rename")), Effect.andThen(syncDirectory(fs, dir)))
  return written.pipe(
    Effect.tap(() => Effect.uninterruptible(put)),
    Effect.onError(() => Effect.ignore(fs.remove(temp, { force: true }))),
  )
}
