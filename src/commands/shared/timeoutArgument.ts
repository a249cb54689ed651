/** The timeout of a blocking command. */
import { parseLongDouble } from "../../bytes/LongDouble.js"
import * as Errors from "../../resp/Errors.js"
import type { CommandContext } from "../../engine/CommandContext.js"

const INT64_MAX = 2 ** 63

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
  if (ms >= 0 && ms < INT64_MAX) return ms + 0
  c.out.error(Errors.timeoutNegative)
  return -1
}
