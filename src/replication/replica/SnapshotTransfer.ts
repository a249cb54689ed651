/**
 * Receives a master's snapshot in either form:
 *
 *   $<length>\r\n  then that many bytes
 *   $EOF:<40 bytes>\r\n  then bytes up to the same 40 bytes
 *
 * What follows the snapshot stays in the stream. A snapshot is read as it comes, or kept in a file, which is temporary and
 * goes with the scope.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { Traffic } from "../../engine/measures/Traffic.js"
import { MasterLinkError, type MasterStream } from "./MasterStream.js"

export interface TransferProgress {
  /** Announced length, -1 = up to a mark, -2 = not announced yet. */
  total: number
  read: number
  /** Unix milliseconds of the last byte. */
  lastMs: number
}

/** A snapshot on its way. */
export interface IncomingSnapshot {
  /** Its length, 0 = not known. */
  readonly totalBytes: number
  /** The next bytes, undefined after the last. */
  readonly next: Effect.Effect<Uint8Array | undefined, MasterLinkError>
}

const MARK_BYTES = 40

/** Pieces of a snapshot whose length is known. */
const upToLength = (chunk: MasterStream["chunk"], unread: MasterStream["unread"], length: number) => {
  let left = length
  return Effect.suspend(() =>
    left === 0
      ? Effect.undefined
      : Effect.map(chunk("Snapshot"), (bytes) => {
          const mine = bytes.subarray(0, left)
          unread(bytes.subarray(mine.length))
          left -= mine.length
          return mine
        }),
  )
}

/** Pieces of a snapshot that ends with a mark; the last 40 bytes read are held back, for they may be it, or its first part. */
const upToMark = (chunk: MasterStream["chunk"], mark: Uint8Array) => {
  let tail: Uint8Array = new Uint8Array(0)
  return Effect.suspend(() =>
    Buffer.compare(tail, mark) === 0
      ? Effect.undefined
      : Effect.map(chunk("Snapshot"), (bytes) => {
          const joined = Buffer.concat([tail, bytes])
          const keep = Math.min(MARK_BYTES, joined.length)
          tail = joined.subarray(joined.length - keep)
          return joined.subarray(0, joined.length - keep)
        }),
  )
}

/**
 * Reads the line that announces the snapshot.
 * @param traffic hears of all bytes: the line, the snapshot, the mark
 */
export const openSnapshot = Effect.fnUntraced(function* (
  stream: MasterStream,
  progress: TransferProgress,
  clock: Clock.Clock,
  traffic: Traffic,
) {
  const head = yield* stream.line("Snapshot")
  traffic.fromMaster(head.length + 2)
  const mark = /^\$EOF:(.{40})$/.exec(head)?.[1]
  const length = /^\$(\d+)$/.exec(head)?.[1]
  if (head.startsWith("-")) {
    return yield* new MasterLinkError({
      step: "Snapshot",
      reason: `the master gave it up: ${head}`,
      logged: `MASTER aborted replication with an error: ${head.slice(1)}`,
    })
  }
  if (mark === undefined && !(Number(length) > 0)) {
    const shown = head.slice(0, 80)
    return yield* new MasterLinkError({
      step: "Snapshot",
      reason: `bad length: ${shown}`,
      logged: `Bad protocol from MASTER, the first byte is not '$' (we received '${shown}'), are you sure the host and port are right?`,
    })
  }
  progress.total = length === undefined ? -1 : Number(length)
  progress.read = 0
  const chunk = (step: string) => stream.chunk(step)
  const pieces =
    mark === undefined
      ? upToLength(chunk, (bytes) => stream.unread(bytes), Number(length))
      : upToMark(chunk, Buffer.from(mark, "latin1"))
  const next = Effect.tap(pieces, (bytes) =>
    Effect.sync(() => {
      if (bytes === undefined) return traffic.fromMaster(mark === undefined ? 0 : MARK_BYTES)
      traffic.fromMaster(bytes.length)
      progress.read += bytes.length
      progress.lastMs = clock.currentTimeMillisUnsafe()
    }),
  )
  return { totalBytes: Math.max(0, progress.total), next } satisfies IncomingSnapshot
})

/** Keeps a snapshot in a file; answers its path. */
export const receiveSnapshot = Effect.fnUntraced(function* (snapshot: IncomingSnapshot, dir: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* fs.makeTempFileScoped({ directory: dir, prefix: "temp-replica-", suffix: ".rdb" })
  const file = yield* fs.open(path, { flag: "w" })
  for (let bytes = yield* snapshot.next; bytes !== undefined; bytes = yield* snapshot.next) {
    if (bytes.length > 0) yield* file.writeAll(bytes)
  }
  yield* file.sync
  return path
})
