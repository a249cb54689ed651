/** The timeout of a blocking command. */
import { parseLongDouble } from "../../bytes/LongDouble.js"
import * as Errors from "../../resp/Errors.js"
import type { CommandContext } from "../../engine/CommandContext.js"

const INT64_MAX = 2 ** 63
const INT64_MAX_HALVES = 2n * (2n ** 63n - 1n)
/** From here on a double may be on the wrong side of the largest number. */
const NEAR_MAX = INT64_MAX - 2 ** 12

/**
 * Whether the seconds in argument i are at most 2^63 - 1 milliseconds. Near that number the long double in which Redis
 * computes them has halves, to which it rounds, ties to even.
 */
const fitsInt64 = (c: CommandContext, i: number): boolean => {
  const wide = parseLongDouble(c.buf, c.argOff[i], c.argLen[i])
  if (wide === undefined || wide.negative || wide.e > 0) return false
  const ms = wide.m * 1000n
  const shift = BigInt(-1 - wide.e)
  if (shift <= 0n) return ms << -shift <= INT64_MAX_HALVES
  const halves = ms >> shift
  const rest = ms - (halves << shift)
  const tie = 1n << (shift - 1n)
  const up = rest > tie || (rest === tie && (halves & 1n) === 1n)
  return halves + (up ? 1n : 0n) <= INT64_MAX_HALVES
}

/**
 * The seconds in argument i as whole milliseconds, rounded up; -1 after answering an error. Like Redis, it calls a number
 * that is too large negative.
 */
export const timeoutArgument = (c: CommandContext, i: number): number => {
  let seconds = c.double(i)
  if (Number.isNaN(seconds)) {
    // The argument is read as a long double, whose range is wider.
    const wide = parseLongDouble(c.buf, c.argOff[i], c.argLen[i])
    if (wide === undefined) {
      c.out.error(Errors.timeoutNotFloat)
      return -1
    }
    seconds = wide.e < 0 ? 0 : wide.negative ? -Infinity : Infinity
  }
  const ms = Math.ceil(seconds * 1000)
  if (ms >= 0 && (ms < NEAR_MAX || (ms <= INT64_MAX && fitsInt64(c, i)))) return ms + 0
  c.out.error(Errors.timeoutNegative)
  return -1
}
