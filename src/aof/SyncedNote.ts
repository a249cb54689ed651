/**
 * How much of an increment is known to be on the disk, noted for the process that comes after one that was killed.
 *
 *     appendonly.aof.synced     "appendonly.aof.3.incr.aof 123456\n"
 *
 * After a sync has failed the kernel goes on showing bytes that it has dropped, and says so to nobody a second time. A
 * process may be killed before it can tell its successor. So that one trusts what is noted, and writes what follows once
 * more, byte for byte in its place, before it reads it: then it is on the disk, or the file is distrusted.
 *
 * The note is behind the truth, never before it, and is not synced: where the power was cut the file shows nothing but
 * what is on the disk, and writing some of it again does no harm.
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"

const CHUNK_BYTES = 1024 * 1024
const NOTE = /^(.+) (\d{1,15})\n$/s

/** Bytes of a file as a note says it; 0 where there is none, or none of this file. */
export const readNote = (
  fs: FileSystem.FileSystem,
  notePath: string,
  name: string,
): Effect.Effect<number, PlatformError> =>
  Effect.gen(function* () {
    if (!(yield* fs.exists(notePath))) return 0
    const [, noted, size] = NOTE.exec(Buffer.from(yield* fs.readFile(notePath)).toString("utf8")) ?? []
    return noted === name ? Number(size) : 0
  })

/** Where it fails there is no note, or the last one, which is good still. */
export const writeNote = (
  fs: FileSystem.FileSystem,
  notePath: string,
  name: string,
  synced: number,
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const file = yield* fs.open(notePath, { flag: "w", mode: 0o644 })
    yield* file.writeAll(Buffer.from(`${name} ${synced}\n`, "utf8"))
  }).pipe(Effect.scoped, Effect.ignore)

/** Has the kernel write everything from there on, whatever it believes. */
export const writeAgain = (
  fs: FileSystem.FileSystem,
  path: string,
  from: number,
): Effect.Effect<void, PlatformError> =>
  Effect.gen(function* () {
    const file = yield* fs.open(path, { flag: "r+" })
    const chunk = new Uint8Array(CHUNK_BYTES)
    for (let at = from; ;) {
      yield* file.seek(BigInt(at), "start")
      const n = Number(yield* file.read(chunk))
      if (n === 0) break
      yield* file.seek(BigInt(at), "start")
      yield* file.writeAll(chunk.subarray(0, n))
      at += n
    }
    yield* file.sync
  }).pipe(Effect.scoped)
