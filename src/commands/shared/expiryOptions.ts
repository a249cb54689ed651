/**
 * Expiry times as commands take them: EX, PX, EXAT, PXAT and the second argument of EXPIRE and its kin.
 *
 * The time read last stands in `deadline` until the next read: one object for the one thread, so that nothing is
 * allocated. Times reach up to 2^63 - 1 ms, beyond what a double names exactly, hence the two halves.
 *
 * Example: with the clock at 1700000000000, "EX 10" leaves ms = 1700000010000, high = 395, low = -833177840.
 */
import * as Errors from "../../resp/Errors.js"
import type { CommandContext } from "../../engine/CommandContext.js"

const INT64_MAX = 9223372036854775807n
const INT64_MIN = -9223372036854775808n
const SAFE = Number.MAX_SAFE_INTEGER

export const deadline = {
  /** Low and high half of the Unix time in milliseconds, as Database.setExpiryWords takes them. */
  low: 0,
  high: 0,
  /** The same as a double: exact up to 2^53, else the nearest. */
  ms: 0,
}

/** The exact digits of the deadline, for the command log. */
export const deadlineText = (): string =>
  Math.abs(deadline.ms) <= SAFE
    ? String(deadline.ms)
    : ((BigInt(deadline.high) << 32n) | BigInt(deadline.low >>> 0)).toString()

/**
 * Reads the time in argument i into `deadline`; false after an error reply.
 * @param unitMs 1000 for seconds, 1 for milliseconds
 * @param relative counted from now, not from 1970
 * @param positive refuse zero and less (SET, GETEX, SETEX; EXPIRE takes them)
 */
export const readDeadline = (
  c: CommandContext,
  i: number,
  unitMs: number,
  relative: boolean,
  positive: boolean,
): boolean => {
  const n = c.integer(i)
  if (n !== n) {
    c.fail(Errors.notInteger)
    return false
  }
  const ms = n * unitMs + (relative ? c.keyspace.now : 0)
  if (positive && n <= 0) return refuse(c)
  if (Math.abs(n) > SAFE || Math.abs(ms) > SAFE || Math.abs(n * unitMs) > SAFE)
    return readBig(c, i, unitMs, relative)
  deadline.ms = ms
  deadline.low = ms | 0
  deadline.high = Math.floor(ms / 4294967296) | 0
  return true
}

const readBig = (c: CommandContext, i: number, unitMs: number, relative: boolean): boolean => {
  const scaled = (c.int64(i) ?? 0n) * BigInt(unitMs)
  if (scaled > INT64_MAX || scaled < INT64_MIN) return refuse(c)
  const at = scaled + (relative ? BigInt(c.keyspace.now) : 0n)
  if (at > INT64_MAX) return refuse(c)
  deadline.ms = Number(at)
  deadline.low = Number(BigInt.asIntN(32, at))
  deadline.high = Number(at >> 32n)
  return true
}

const refuse = (c: CommandContext): boolean => {
  c.fail(Errors.invalidExpire(c.command?.name ?? ""))
  return false
}
