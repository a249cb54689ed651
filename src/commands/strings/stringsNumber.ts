/** The string commands that count: INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT. */
import type { Ref } from "../../memory/Arena.js"
import { incrementByFloat } from "../../bytes/LongDouble.js"
import {
  fitsInt64,
  formatBigInt,
  formatInt,
  parseInt64,
  parseSafeInteger,
  writeAscii,
} from "../../bytes/Numbers.js"
import * as Errors from "../../resp/Errors.js"
import { STRING_INT, stringChunk, stringLength, stringOffset, TYPE_STRING } from "../../store/Entry.js"
import { textEncoding } from "../../store/types/StringValue.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { Event } from "../../engine/KeyEvents.js"

const SAFE = Number.MAX_SAFE_INTEGER
const INT64_MIN = -9223372036854775808n

/** Text of the new value on its way into the keyspace; long doubles print up to 4950 digits. */
const scratch = new Uint8Array(8192)
const zeroText = Uint8Array.of(48)

export const incr = (c: CommandContext): void => add(c, 1)
export const decr = (c: CommandContext): void => add(c, -1)

export const incrBy = (c: CommandContext): void => {
  const by = parseSafeInteger(c.buf, c.argOff[2], c.argLen[2])
  if (by === by) return add(c, by)
  const big = c.int64(2)
  if (big === undefined) return c.fail(Errors.notInteger)
  addBig(c, c.write(1), big)
}

export const decrBy = (c: CommandContext): void => {
  const by = parseSafeInteger(c.buf, c.argOff[2], c.argLen[2])
  if (by === by) return add(c, -by)
  const big = c.int64(2)
  if (big === undefined) return c.fail(Errors.notInteger)
  if (big === INT64_MIN) return c.fail(Errors.decrementOverflow)
  addBig(c, c.write(1), -big)
}

/** Adds a safe integer, in plain numbers while value and sum are safe integers, too; else in exact 64-bit arithmetic. */
const add = (c: CommandContext, by: number): void => {
  const ref = c.write(1)
  let sum = by
  if (ref !== 0) {
    if (c.wrongType(ref, TYPE_STRING)) return
    const a = c.keyspace.arena
    sum += parseSafeInteger(stringChunk(a, ref), stringOffset(a, ref), stringLength(a, ref))
    // NaN, for a value that is not safe, fails the comparison too.
    if (!(sum <= SAFE && sum >= -SAFE)) return addBig(c, ref, BigInt(by))
  }
  storeDigits(c, ref, formatInt(scratch, 0, sum + 0), STRING_INT, "incrby")
  c.out.int(sum + 0)
}

const addBig = (c: CommandContext, ref: Ref, by: bigint): void => {
  let sum = by
  if (ref !== 0) {
    if (c.wrongType(ref, TYPE_STRING)) return
    const a = c.keyspace.arena
    const value = parseInt64(stringChunk(a, ref), stringOffset(a, ref), stringLength(a, ref))
    if (value === undefined) return c.fail(Errors.notInteger)
    sum += value
    if (!fitsInt64(sum)) return c.fail(Errors.overflow)
  }
  storeDigits(c, ref, formatBigInt(scratch, 0, sum), STRING_INT, "incrby")
  c.out.bigint(sum)
}

/** Stores the `len` digits in `scratch` under the key just looked up; in place as long as they fit there. */
const storeDigits = (
  c: CommandContext,
  existing: Ref,
  len: number,
  encoding: number,
  event: string,
): void => {
  c.db.putString(existing, c.buf, c.argOff[1], c.argLen[1], scratch, 0, len, encoding, true)
  c.stored(1, existing, Event.string, event)
}

export const incrByFloat = (c: CommandContext): void => {
  const ref = c.write(1)
  if (c.wrongType(ref, TYPE_STRING)) return
  const a = c.keyspace.arena
  const { buf, argOff, argLen } = c
  const result =
    ref === 0
      ? incrementByFloat(zeroText, 0, 1, buf, argOff[2], argLen[2])
      : incrementByFloat(
          stringChunk(a, ref),
          stringOffset(a, ref),
          stringLength(a, ref),
          buf,
          argOff[2],
          argLen[2],
        )
  if (!result.ok)
    return c.fail(result.reason === "overflow" ? Errors.nanOrInfinityIncrement : Errors.notFloat)
  const len = writeAscii(scratch, 0, result.text)
  storeDigits(c, ref, len, textEncoding(len), "incrbyfloat")
  // The sum as text, so that a replica cannot round differently.
  if (c.replicating) c.propagation.instead(c.db.id, "SET", c.bytes(1), result.text, "KEEPTTL")
  c.out.bulk(scratch, 0, len)
}
