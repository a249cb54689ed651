/**
 * Numbers as Redis reads them from and writes them to bytes.
 *
 * Two integer grammars exist. The canonical one (command arguments, counters, integer encodings) is
 *
 *     "0"  |  "-"? [1-9] [0-9]*        within the signed 64-bit range
 *
 * so that every accepted text is exactly what the number prints as: "+1", " 1", "01" and "-0" are plain strings. The
 * relaxed one (`parseUint64`: parts of a stream ID) is C's strtoull after the canonical one has been tried.
 *
 * Doubles follow C's strtod (see `FloatText.ts` for the grammar); they are printed as "%.17g", which names every double
 * exactly: 0.1 prints as 0.10000000000000001, 1e17 as 1e+17, 3.0 as 3.
 *
 * Limits: `parseSafeInteger` and `formatInt` serve |v| <= 2^53 - 1 without allocation; wider values go through BigInt.
 *
 * Worked example: the bytes 2d 34 32 ("-42") parse to -42; 2d 30 ("-0") is no integer; 31 65 33 ("1e3") is no integer
 * but is the double 1000.
 */
import { formatDouble17 } from "./FloatText.js"
import { writeInt } from "./NumberFormat.js"

export { formatDouble17, formatFixed, formatHumanDouble, parseDouble, parseDoubleLax } from "./FloatText.js"

const MAX_SAFE = Number.MAX_SAFE_INTEGER
const INT64_MAX = 9223372036854775807n
const UINT64_MASK = 0xffffffffffffffffn

const ZERO = 0x30
const NINE = 0x39
const MINUS = 0x2d
const PLUS = 0x2b

/** Up to 15 digits cannot leave the safe range, so they need no check while accumulating. */
const SAFE_DIGITS = 15

/** The canonical integer in `buf[off, off + len)` when it is one and is safe (|v| <= 2^53 - 1); NaN otherwise. */
export const parseSafeInteger = (buf: Uint8Array, off: number, len: number): number => {
  if (len === 0 || len > 17) return NaN
  let i = off
  const end = off + len
  let c = buf[i]
  const negative = c === MINUS
  if (negative) {
    i++
    if (i === end) return NaN
    c = buf[i]
    if (c === ZERO) return NaN
  } else if (c === ZERO) {
    return len === 1 ? 0 : NaN
  }
  if (c < ZERO || c > NINE) return NaN
  let v = c - ZERO
  for (i++; i < end; i++) {
    c = buf[i]
    if (c < ZERO || c > NINE) return NaN
    v = v * 10 + (c - ZERO)
  }
  // 16 digits reach at most 1e16 - 1; a value over 2^53 may have been rounded, but never to below 2^53.
  if (v > MAX_SAFE) return NaN
  return negative ? -v : v
}

/**
 * Whether the bytes are a canonical integer in the signed 64-bit range: the test that decides if a string or a list
 * element is stored as an integer.
 */
export const isCanonicalInt64 = (buf: Uint8Array, off: number, len: number): boolean => {
  if (len === 0 || len > 20) return false
  let i = off
  const end = off + len
  const negative = buf[i] === MINUS
  if (negative) i++
  const digits = end - i
  if (digits === 0 || digits > 19) return false
  const first = buf[i]
  if (first === ZERO) return digits === 1 && !negative
  for (let j = i; j < end; j++) {
    const c = buf[j]
    if (c < ZERO || c > NINE) return false
  }
  return digits < 19 || isAtMostInt64(buf, i, negative)
}

/** The magnitude 2^63 as digits; a negative number may reach it, a positive one must stay below. */
const TWO_63_DIGITS = "9223372036854775808"

const isAtMostInt64 = (buf: Uint8Array, off: number, negative: boolean): boolean => {
  for (let j = 0; j < 19; j++) {
    const d = buf[off + j] - TWO_63_DIGITS.charCodeAt(j)
    if (d !== 0) return d < 0
  }
  return negative
}

/** The canonical signed 64-bit integer in the bytes, or undefined when they are none. */
export const parseInt64 = (buf: Uint8Array, off: number, len: number): bigint | undefined => {
  if (!isCanonicalInt64(buf, off, len)) return undefined
  const negative = buf[off] === MINUS
  const magnitude = digitsToBigInt(buf, negative ? off + 1 : off, off + len)
  return negative ? -magnitude : magnitude
}

/** The value of a run of decimal digits; at most two BigInt operations per 15 digits. */
const digitsToBigInt = (buf: Uint8Array, start: number, end: number): bigint => {
  let total = 0n
  let i = start
  while (i < end) {
    const stop = Math.min(end, i + SAFE_DIGITS)
    let part = 0
    let scale = 1
    for (; i < stop; i++) {
      part = part * 10 + (buf[i] - ZERO)
      scale *= 10
    }
    total = total * BigInt(scale) + BigInt(part)
  }
  return total
}

const isSpace = (c: number): boolean => c === 0x20 || (c >= 0x09 && c <= 0x0d)

/** The end of the C string that starts at `off`: its first NUL byte, or the end of the bytes. */
const cStringEnd = (buf: Uint8Array, off: number, len: number): number => {
  const end = off + len
  let i = off
  while (i < end && buf[i] !== 0) i++
  return i
}

/** C's strtoull on a C string that must be consumed whole; a minus sign wraps, as it does there. */
const strtoull = (buf: Uint8Array, off: number, end: number): bigint | undefined => {
  let i = off
  while (i < end && isSpace(buf[i])) i++
  const negative = i < end && buf[i] === MINUS
  if (i < end && (buf[i] === MINUS || buf[i] === PLUS)) i++
  const start = i
  while (i < end && buf[i] >= ZERO && buf[i] <= NINE) i++
  if (i === start || i !== end) return undefined
  const magnitude = digitsToBigInt(buf, start, end)
  if (magnitude > UINT64_MASK) return undefined
  return negative ? -magnitude & UINT64_MASK : magnitude
}

/**
 * An unsigned 64-bit integer as Redis reads the parts of a stream ID: canonical integers, and beyond them what strtoull
 * takes ("007", "+5", " 5", a NUL byte ends the text). A canonical negative number is refused.
 */
export const parseUint64 = (buf: Uint8Array, off: number, len: number): bigint | undefined => {
  const end = cStringEnd(buf, off, len)
  const signed = parseInt64(buf, off, end - off)
  if (signed !== undefined) return signed < 0n ? undefined : signed
  return strtoull(buf, off, end)
}

/**
 * A SCAN cursor: an unsigned 64-bit integer by strtoull, except that the empty text is 0 and a leading space is
 * refused. Undefined stands for "invalid cursor".
 */
export const parseCursor = (buf: Uint8Array, off: number, len: number): bigint | undefined => {
  const end = cStringEnd(buf, off, len)
  if (end === off) return 0n
  if (isSpace(buf[off])) return undefined
  return strtoull(buf, off, end)
}

/** Writes the safe integer `n` in decimal at `dst[off]`; returns its length in bytes (at most 17). */
export const formatInt = (dst: Uint8Array, off: number, n: number): number => writeInt(dst, off, n) - off

/** Writes the low ASCII text `s` at `dst[off]`; returns its length. */
export const writeAscii = (dst: Uint8Array, off: number, s: string): number => {
  for (let i = 0; i < s.length; i++) dst[off + i] = s.charCodeAt(i)
  return s.length
}

/** Writes `n`, any signed 64-bit integer, in decimal at `dst[off]`; returns its length (at most 20). */
export const formatBigInt = (dst: Uint8Array, off: number, n: bigint): number =>
  n <= BigInt(MAX_SAFE) && n >= BigInt(-MAX_SAFE)
    ? formatInt(dst, off, Number(n))
    : writeAscii(dst, off, n.toString())

/** Whether `n` lies in the signed 64-bit range. */
export const fitsInt64 = (n: bigint): boolean => n <= INT64_MAX && n >= -INT64_MAX - 1n

/**
 * Writes a double as "%.17g" at `dst[off]` and returns its length (at most 24): what ZSCORE and RESP3 doubles show.
 * Whole numbers within the safe range take a path without allocation.
 */
export const formatDouble = (dst: Uint8Array, off: number, x: number): number => {
  if (x >= -MAX_SAFE && x <= MAX_SAFE && Math.floor(x) === x && !Object.is(x, -0))
    return formatInt(dst, off, x)
  return writeAscii(dst, off, formatDouble17(x))
}

/** As `formatPackedScore`, written at `dst[off]`; returns its length. */
export const writePackedScore = (dst: Uint8Array, off: number, x: number): number =>
  x >= -MAX_SAFE && x <= MAX_SAFE && Math.floor(x) === x
    ? formatInt(dst, off, x + 0)
    : writeAscii(dst, off, formatPackedScore(x))

/** The greatest magnitude at which a whole score is kept as an integer in a packed sorted set: 2^62. */
const SCORE_INTEGER_MAX = 4611686018427387904

/**
 * The text a score has inside a sorted set's listpack: whole numbers up to 2^62 in plain decimal (the listpack then
 * stores them as integers; -0 becomes 0), others as "%.17g".
 */
export const formatPackedScore = (x: number): string => {
  if (Math.floor(x) !== x || x < -SCORE_INTEGER_MAX || x > SCORE_INTEGER_MAX) return formatDouble17(x)
  return Math.abs(x) <= MAX_SAFE ? (x + 0).toString() : BigInt(x).toString()
}
