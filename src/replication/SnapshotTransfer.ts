/**
 * Receives a master's snapshot into a file, in either form:
 *
 *   $<length>\r\n  then that many bytes
 *   $EOF:<40 bytes>\r\n  then bytes up to the same 40 bytes
 *
 * What follows the snapshot stays in the stream. The file is temporary and goes with the scope.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { MasterLinkError, type MasterStream } from "./MasterStream.js"

export interface TransferProgress {
  /** Announced length, -1 = up to a mark. */
  total: number
  read: number
  /** Unix milliseconds of the last byte. */
  lastMs: number
}

const MARK_BYTES = 40

export const receiveSnapshot = Effect.fnUntraced(function* (
  stream: MasterStream,
  dir: string,
  progress: TransferProgress,
  now: () => number,
) {
  const fs = yield* FileSystem.FileSystem
  const head = yield* stream.line("Snapshot")
  const mark = /^\$EOF:(.{40})$/.exec(head)?.[1]
  const length = mark === undefined ? /^\$(\d+)$/.exec(head)?.[1] : undefined
  if (mark === undefined && length === undefined) {
    return yield* new MasterLinkError({ step: "Snapshot", reason: `bad length: ${head.slice(0, 80)}` })
  }
  const path = yield* fs.makeTempFileScoped({ directory: dir, prefix: "temp-replica-", suffix: ".rdb" })
  const file = yield* fs.open(path, { flag: "w" })
  progress.total = length === undefined ? -1 : Number(length)
  progress.read = 0
  const write = (bytes: Uint8Array) => (bytes.length === 0 ? Effect.void : file.writeAll(bytes))
  if (length !== undefined) {
    for (let left = Number(length); left > 0;) {
      const chunk = yield* stream.chunk("Snapshot")
      const mine = chunk.subarray(0, left)
      if (chunk.length > left) stream.unread(chunk.subarray(left))
      left -= mine.length
      progress.read += mine.length
      progress.lastMs = now()
      yield* write(mine)
    }
  } else {
    // The last 40 bytes read are held back: they may be the mark, or its first part.
    const end = Buffer.from(mark ?? "", "latin1")
    let tail: Uint8Array = new Uint8Array(0)
    while (Buffer.compare(tail, end) !== 0) {
      const chunk = yield* stream.chunk("Snapshot")
      progress.read += chunk.length
      progress.lastMs = now()
      const joined = Buffer.concat([tail, chunk])
      const keep = Math.min(MARK_BYTES, joined.length)
      yield* write(joined.subarray(0, joined.length - keep))
      tail = joined.subarray(joined.length - keep)
    }
  }
  yield* file.sync
  return path
})
