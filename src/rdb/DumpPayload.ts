/** The payload of DUMP: a value with version and checksum (RdbDecoderDump.ts has the form in words). */
import { byteOf, chunkOf } from "../memory/Ref.js"
import type { Arena, Ref } from "../memory/Arena.js"
import { copyBytes } from "../memory/Arena.js"
import { Crc64 } from "../bytes/Crc64.js"
import { type FrozenBlock, FrozenReader } from "../memory/Snapshot.js"
import { DUMP_FOOTER_BYTES } from "./decode/RdbDecoderDump.js"
import { RdbOutput } from "./encode/RdbOutput.js"
import { RDB_VERSION_WRITTEN, RdbWriter } from "./encode/RdbWriter.js"

/** Reads the arena's blocks as they are now, where a writer expects a snapshot. */
class LiveReader extends FrozenReader {
  constructor(private readonly arena: Arena) {
    super({ epoch: 0, chunks: [], log: new SharedArrayBuffer(8) })
  }

  override load(ref: Ref, into: FrozenBlock): void {
    const size = this.arena.blockSize(ref)
    into.reserve(size)
    into.bytes = size
    copyBytes(this.arena.u8[chunkOf(ref)], byteOf(ref), into.u8, 0, size)
  }
}

const CHUNK_BYTES = 64 * 1024
let buffer = new Uint8Array(0)

/** The value of a keyspace entry as DUMP answers it. */
export const dumpPayload = (arena: Arena, entry: Ref, compression: boolean): Uint8Array => {
  if (buffer.length === 0) buffer = new Uint8Array(CHUNK_BYTES)
  const parts: Array<Uint8Array> = []
  const out = new RdbOutput(
    buffer,
    (full, length) => {
      parts.push(full.slice(0, length))
      return full
    },
    compression,
    false,
  )
  new RdbWriter(out, new LiveReader(arena), "none", 0, 0).value(entry)
  out.flushNow()
  const bytes = parts.reduce((n, part) => n + part.length, 0)
  const payload = new Uint8Array(bytes + DUMP_FOOTER_BYTES)
  let at = 0
  for (const part of parts) {
    payload.set(part, at)
    at += part.length
  }
  payload[at] = RDB_VERSION_WRITTEN
  const crc = new Crc64()
  crc.update(payload, 0, at + 2)
  crc.write(payload, at + 2)
  return payload
}
