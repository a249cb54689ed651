/** BITOP: combines strings bit by bit. */
import { chunkOf } from "../../memory/Ref.js"
import { copyBytes } from "../../memory/Arena.js"
import type { Ref } from "../../memory/Arena.js"
import { combine, invert, OP_AND, OP_OR, OP_XOR } from "../../bytes/Bits.js"
import * as Errors from "../../resp/Errors.js"
import {
  allocLongString,
  INLINE_BYTES_MAX,
  longStringOffset,
  STRING_EXTERNAL,
  STRING_RAW,
  stringChunk,
  stringLength,
  stringOffset,
  TYPE_STRING,
} from "../../store/Entry.js"
import { stringWords } from "./bitmapArguments.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { Event } from "../../engine/KeyEvents.js"

const OP_NOT = 3

const operationOf = (c: CommandContext): number => {
  if (c.is(1, "AND")) return OP_AND
  if (c.is(1, "OR")) return OP_OR
  if (c.is(1, "XOR")) return OP_XOR
  return c.is(1, "NOT") ? OP_NOT : -1
}

/** Entries of the source keys, in their order; 0 = none. Only valid within one call. */
let sources = new Int32Array(16)

export const bitop = (c: CommandContext): void => {
  const op = operationOf(c)
  if (op < 0) return c.fail(Errors.syntax)
  if (op === OP_NOT && c.argc !== 4) return c.fail(Errors.bitopNotOneKey)
  const count = c.argc - 3
  if (count > sources.length) sources = new Int32Array(count * 2)
  const a = c.keyspace.arena
  let len = 0
  for (let i = 0; i < count; i++) {
    const ref = c.read(i + 3)
    if (c.wrongType(ref, TYPE_STRING)) return
    sources[i] = ref
    if (ref !== 0) len = Math.max(len, stringLength(a, ref))
  }
  if (len > 0) storeResult(c, compute(c, op, count, len), len)
  else {
    const existing = c.write(2)
    if (existing !== 0) {
      c.db.remove(existing, false)
      c.changed(2, Event.generic, "del")
    }
  }
  c.out.int(len)
}

/** The combined string, `len` bytes, in a block laid out as that of a long string. */
const compute = (c: CommandContext, op: number, count: number, len: number): Ref => {
  const a = c.keyspace.arena
  const block = allocLongString(a, len)
  const bytes = a.u8[chunkOf(block)]
  const words = a.i32[chunkOf(block)]
  const off = longStringOffset(block)
  for (let i = 0; i < count; i++) {
    const ref = sources[i]
    const n = ref === 0 ? 0 : stringLength(a, ref)
    if (n > 0) {
      const from = stringChunk(a, ref)
      const at = stringOffset(a, ref)
      if (i === 0) copyBytes(from, at, bytes, off, n)
      else combine(op, bytes, words, off, from, stringWords(c, ref), at, n)
    }
    // A shorter string goes on with zeros, which OR and XOR leave alone.
    if (n < len && (i === 0 || op === OP_AND)) bytes.fill(0, off + n, off + len)
  }
  if (op === OP_NOT) invert(bytes, words, off, len)
  return block
}

const storeResult = (c: CommandContext, block: Ref, len: number): void => {
  const a = c.keyspace.arena
  const { buf, argOff, argLen, db } = c
  const existing = c.write(2)
  if (len > INLINE_BYTES_MAX) {
    db.putValue(existing, buf, argOff[2], argLen[2], TYPE_STRING, STRING_EXTERNAL, block, false)
  } else {
    const off = longStringOffset(block)
    db.putString(existing, buf, argOff[2], argLen[2], a.u8[chunkOf(block)], off, len, STRING_RAW, false)
    a.free(block)
  }
  c.stored(2, existing, Event.string, "set")
}
