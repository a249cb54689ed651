/** The commands on single bits and their counts: SETBIT, GETBIT, BITCOUNT, BITPOS; and the list of the family. */
import { bitAt, countOnes, countOnesBetween, findBit } from "../../bytes/Bits.js"
import * as Errors from "../../resp/Errors.js"
import { stringChunk, stringLength, stringOffset, TYPE_STRING } from "../../store/Entry.js"
import { readBitOffset, stringWords } from "./bitmapArguments.js"
import { bitfield, bitfieldRo } from "./bitmapFields.js"
import { bitop } from "./bitmapOp.js"
import { command } from "../../engine/Command.js"
import type { Command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import { Event } from "../../engine/KeyEvents.js"
import * as spec from "../spec/bitmap.js"

const setBit = (c: CommandContext): void => {
  const bit = readBitOffset(c, 2, 0)
  if (bit < 0) return
  const value = c.integer(3)
  if (value !== 0 && value !== 1) return c.fail(Errors.bitValue)
  const existing = c.write(1)
  if (c.wrongType(existing, TYPE_STRING)) return
  const a = c.keyspace.arena
  const old = existing === 0 ? 0 : stringLength(a, existing)
  const byte = Math.floor(bit / 8)
  const total = Math.max(old, byte + 1)
  const ref =
    existing === 0
      ? c.db.putZeros(c.buf, c.argOff[1], c.argLen[1], total)
      : c.db.resizeString(existing, total)
  const bytes = stringChunk(a, ref)
  const at = stringOffset(a, ref) + byte
  const shift = 7 - (bit & 7)
  const before = (bytes[at] >> shift) & 1
  bytes[at] = (bytes[at] & ~(1 << shift)) | (value << shift)
  if (existing === 0) c.notify(1, Event.new, "new")
  if (total !== old || before !== value) c.changed(1, Event.string, "setbit")
  c.out.int(before)
}

const getBit = (c: CommandContext): void => {
  const bit = readBitOffset(c, 2, 0)
  if (bit < 0) return
  const ref = c.read(1)
  if (ref === 0) return c.out.zero()
  if (c.wrongType(ref, TYPE_STRING)) return
  const a = c.keyspace.arena
  c.out.int(bitAt(stringChunk(a, ref), stringOffset(a, ref), stringLength(a, ref), bit))
}

/** The range that `readRange` read, in bits when the unit is BIT, else in bytes; not yet cut to the string. */
const range = { start: 0, end: 0, bits: false, endGiven: false }

/**
 * Reads start, end and unit from argument i on; false after an error reply.
 * @param endOptional BITPOS takes a start alone, BITCOUNT does not
 */
const readRange = (c: CommandContext, i: number, endOptional: boolean): boolean => {
  const given = c.argc - i
  range.start = 0
  range.end = -1
  range.bits = false
  range.endGiven = false
  if (given === 0) return true
  if (given > 3 || (given === 1 && !endOptional)) return c.refuse(Errors.syntax)
  range.start = c.integer(i)
  if (range.start !== range.start) return c.refuse(Errors.notInteger)
  if (given === 1) return true
  range.end = c.integer(i + 1)
  range.endGiven = true
  const unitWrong = given === 3 && !readUnit(c, i + 2)
  // BITPOS looks at the unit before it looks at the end.
  if (unitWrong && endOptional) return c.refuse(Errors.syntax)
  if (range.end !== range.end) return c.refuse(Errors.notInteger)
  // BITCOUNT finds such a range empty before it looks at the unit.
  if (isBackwards()) return true
  return !unitWrong || c.refuse(Errors.syntax)
}

/** Both ends counted from the string's end, in the wrong order: empty whatever the string. */
const isBackwards = (): boolean => range.start < 0 && range.end < 0 && range.start > range.end

/** BITPOS takes the units of BITCOUNT. */
const units = options(spec.BITCOUNT)
const [BIT] = units.bits("BIT")

const readUnit = (c: CommandContext, i: number): boolean => {
  const unit = units.at(c, i)
  range.bits = unit === BIT
  return unit !== 0
}

/** Cuts the range to `len` bytes or bits: negative ends count from the end. Afterwards start > end means nothing. */
const cutRange = (len: number): void => {
  if (range.start < 0) range.start = Math.max(0, range.start + len)
  if (range.end < 0) range.end = Math.max(0, range.end + len)
  if (range.end >= len) range.end = len - 1
}

const bitCount = (c: CommandContext): void => {
  const ref = c.read(1)
  if (ref === 0) return c.out.zero()
  if (c.wrongType(ref, TYPE_STRING) || !readRange(c, 2, false)) return
  const a = c.keyspace.arena
  const len = stringLength(a, ref)
  if (isBackwards()) return c.out.zero()
  cutRange(range.bits ? len * 8 : len)
  const { start, end, bits } = range
  if (start > end) return c.out.zero()
  const bytes = stringChunk(a, ref)
  const words = stringWords(c, ref)
  const off = stringOffset(a, ref)
  c.out.int(
    bits
      ? countOnesBetween(bytes, words, off, start, end)
      : countOnes(bytes, words, off + start, end - start + 1),
  )
}

const bitPos = (c: CommandContext): void => {
  const bit = c.integer(2)
  if (bit !== bit) return c.fail(Errors.notInteger)
  if (bit !== 0 && bit !== 1) return c.fail(Errors.bitArgument)
  const ref = c.read(1)
  if (ref === 0) return c.out.int(bit === 1 ? -1 : 0)
  if (c.wrongType(ref, TYPE_STRING) || !readRange(c, 3, true)) return
  const a = c.keyspace.arena
  const len = stringLength(a, ref)
  cutRange(range.bits ? len * 8 : len)
  const { start, end, bits } = range
  if (start > end) return c.out.int(-1)
  const first = bits ? start : start * 8
  const last = bits ? end : end * 8 + 7
  const at = findBit(stringChunk(a, ref), stringWords(c, ref), stringOffset(a, ref), bit, first, last)
  // Without an end, the string is thought to go on with zeros.
  c.out.int(at < 0 && bit === 0 && !range.endGiven ? len * 8 : at)
}

export const bitmapCommands: ReadonlyArray<Command> = [
  command(spec.SETBIT, setBit),
  command(spec.GETBIT, getBit),
  command(spec.BITCOUNT, bitCount),
  command(spec.BITPOS, bitPos),
  command(spec.BITOP, bitop),
  command(spec.BITFIELD, bitfield),
  command(spec.BITFIELD_RO, bitfieldRo),
]
