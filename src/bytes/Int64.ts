/**
 * Signed 64-bit integers as two 32-bit halves, without BigInt and without allocation.
 *
 * Packed collections store integers of up to 64 bits, a JavaScript number holds 53. A value here is the pair
 * (hi, lo), both int32, meaning `hi * 2^32 + (lo >>> 0)`; `num` is the same value when it is a safe integer, else NaN.
 *
 * Canonical decimal text is what Redis turns into an integer inside packed collections: an optional minus, no plus, no
 * leading zero, no "-0", at most 19 digits, within -2^63 .. 2^63-1. "12" is canonical; "012", "+12", " 12", "-0" are not.
 *
 * Example: "-2" is num -2, hi -1, lo -2; "9223372036854775807" is num NaN, hi 0x7fffffff, lo -1.
 */
import { writeDigitsBefore } from "./NumberFormat.js"

const TWO_32 = 4294967296
const MILLION = 1_000_000

/** The longest canonical text, "-9223372036854775808", in bytes. */
export const INT64_TEXT_MAX = 20

/** The last parsed or split value. One object for the one thread: read it before the next call. */
export const int64 = { num: NaN, hi: 0, lo: 0 }

/** The value of a pair when it is a safe integer, else NaN. */
export const pairToNumber = (hi: number, lo: number): number => {
  // Safe integers are those of 53 bits and a sign; -2^53 itself is not one.
  if (hi < -0x200000 || hi > 0x1fffff || (hi === -0x200000 && lo === 0)) return NaN
  return hi * TWO_32 + (lo >>> 0)
}

/** The nearest double to a pair, rounded to nearest even as a C cast does. */
export const pairToDouble = (hi: number, lo: number): number => hi * TWO_32 + (lo >>> 0)

/** Signed order of two pairs: negative, zero or positive. */
export const comparePairs = (aHi: number, aLo: number, bHi: number, bLo: number): number => {
  if (aHi !== bHi) return aHi < bHi ? -1 : 1
  if (aLo === bLo) return 0
  return aLo >>> 0 < bLo >>> 0 ? -1 : 1
}

/** Fills `int64` when the bytes are canonical integer text; answers whether they are. */
export const parseCanonical = (src: Uint8Array, off: number, len: number): boolean => {
  if (len === 0 || len > INT64_TEXT_MAX) return false
  let i = off
  const end = off + len
  const negative = src[i] === 0x2d
  if (negative) {
    i++
    if (i === end) return false
  }
  const first = src[i] - 0x30
  if (first < 1 || first > 9) {
    if (first !== 0 || len !== 1) return false
    int64.num = 0
    int64.hi = 0
    int64.lo = 0
    return true
  }
  const digits = end - i
  if (digits > 15) return parseLong(src, i, end, negative)
  let n = first
  for (i++; i < end; i++) {
    const d = src[i] - 0x30
    if (d < 0 || d > 9) return false
    n = n * 10 + d
  }
  splitNumber(negative ? -n : n)
  return true
}

/** Fills `int64` from a safe integer. */
export const splitNumber = (n: number): void => {
  int64.num = n
  int64.lo = n | 0
  int64.hi = n === int64.lo ? int64.lo >> 31 : Math.floor(n / TWO_32) | 0
}

/** Sixteen digits and more: the head (at most 13 digits) and the last six are summed in 32-bit limbs. */
const parseLong = (src: Uint8Array, from: number, end: number, negative: boolean): boolean => {
  if (end - from > 19) return false
  let head = 0
  let tail = 0
  for (let i = from; i < end; i++) {
    const d = src[i] - 0x30
    if (d < 0 || d > 9) return false
    if (i < end - 6) head = head * 10 + d
    else tail = tail * 10 + d
  }
  const headHi = Math.floor(head / TWO_32)
  const low = (head - headHi * TWO_32) * MILLION + tail
  const carry = Math.floor(low / TWO_32)
  let hi = headHi * MILLION + carry
  let lo = low - carry * TWO_32
  if (hi > 0x7fffffff && !(negative && hi === 0x80000000 && lo === 0)) return false
  if (negative) {
    lo = -lo | 0
    hi = lo === 0 ? -hi | 0 : ~hi
  }
  int64.hi = hi | 0
  int64.lo = lo | 0
  int64.num = pairToNumber(int64.hi, int64.lo)
  return true
}

/**
 * Writes the decimal text of a pair so that it ends just before `end`, and returns where it starts.
 * The caller leaves INT64_TEXT_MAX bytes before `end`.
 */
export const formatPairBefore = (dst: Uint8Array, end: number, hi: number, lo: number): number => {
  const negative = hi < 0
  let uHi = hi >>> 0
  let uLo = lo >>> 0
  if (negative) {
    uLo = -lo >>> 0
    uHi = uLo === 0 ? -hi >>> 0 : ~hi >>> 0
  }
  let at = end
  let rest = uHi * TWO_32 + uLo
  if (uHi > 0x1fffff) {
    // Beyond 53 bits: split off the last six digits with sums that stay exact.
    const headHi = Math.floor(uHi / MILLION)
    const mixed = (uHi - headHi * MILLION) * TWO_32 + uLo
    const headLo = Math.floor(mixed / MILLION)
    let six = mixed - headLo * MILLION
    for (let i = 0; i < 6; i++) {
      const q = (six / 10) | 0
      dst[--at] = 0x30 + (six - q * 10)
      six = q
    }
    rest = headHi * TWO_32 + headLo
  }
  at = writeDigitsBefore(dst, at, rest)
  if (negative) dst[--at] = 0x2d
  return at
}
