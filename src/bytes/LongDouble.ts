/**
 * The 80-bit extended floating point in which Redis on x86-64 computes INCRBYFLOAT and HINCRBYFLOAT.
 *
 * A value is sign, a mantissa `m` of at most 64 bits, and a power of two:
 *
 *     value = (negative ? -1 : 1) * m * 2^e        -16445 <= e,  m < 2^64,  value < 2^16384
 *
 * Every operation is exact and then rounded once, to 64 bits or to fewer below the smallest normal number, ties to even.
 * Infinity has m = 1 and e = Infinity. NaN does not exist: the sum of opposite infinities reports undefined.
 *
 * Text is read by the grammar of `FloatText.ts`; a number that overflows, or underflows to zero, is refused, as is text
 * of 5120 bytes or more. Values print with 17 decimals rounded half to even, trailing zeros removed ("%.17Lf", trimmed).
 *
 * Worked example: 0.1 is m = 0xcccccccccccccccd, e = -67; 0.1 + 0.2 rounds to 0x999999999999999a * 2^-65 and prints as 0.3.
 * 123456.789 prints as 123456.78900000000000148: the mantissa has no room for more.
 *
 * `sumDecimals` is the way most requests go: for two short decimals it adds in whole units and never builds a BigInt.
 */
import { equalsWord, exponentValue, parseHexParts } from "./FloatText.js"

interface LongDouble {
  readonly negative: boolean
  readonly m: bigint
  readonly e: number
}

const ZERO = 0x30
const NINE = 0x39
const MINUS = 0x2d
const PLUS = 0x2b
const DOT = 0x2e

const MANTISSA_BITS = 64
const EXPONENT_MIN = -16445
const EXPONENT_TOP = 16384

/** Text of this many bytes or more is no number: Redis reads into a buffer of that size. */
const TEXT_BYTES_MAX = 5120

/** Decimals printed. */
const DECIMALS = 17
const UNIT = 10n ** BigInt(DECIMALS)

const infinity = (negative: boolean): LongDouble => ({ negative, m: 1n, e: Infinity })

const bitLength = (v: bigint): number => {
  if (v === 0n) return 0
  const hex = v.toString(16)
  return (hex.length - 1) * 4 + (32 - Math.clz32(parseInt(hex[0], 16)))
}

/** m * 2^e, rounded to the format; `sticky` says that a little more than m was meant. */
const round = (negative: boolean, m: bigint, e: number, sticky: boolean): LongDouble => {
  if (m === 0n) return { negative, m: 0n, e: 0 }
  const drop = Math.max(bitLength(m) - MANTISSA_BITS, EXPONENT_MIN - e)
  let kept = m
  let exponent = e
  if (drop > 0) {
    const shift = BigInt(drop)
    kept = m >> shift
    exponent = e + drop
    const rest = m - (kept << shift)
    const half = 1n << (shift - 1n)
    if (rest > half || (rest === half && (sticky || (kept & 1n) === 1n))) kept += 1n
  }
  if (kept === 0n) return { negative, m: 0n, e: 0 }
  if (bitLength(kept) + exponent > EXPONENT_TOP) return infinity(negative)
  return { negative, m: kept, e: exponent }
}

/** num / den, rounded. */
const roundRatio = (negative: boolean, num: bigint, den: bigint): LongDouble => {
  // Scaled so that the quotient has at least 66 bits: one to round by, and the remainder as sticky.
  const shift = Math.max(0, MANTISSA_BITS + 2 - (bitLength(num) - bitLength(den)))
  const scaled = num << BigInt(shift)
  const quotient = scaled / den
  return round(negative, quotient, -shift, quotient * den !== scaled)
}

/** Decimal text at `[start, end)`, its sign already read. */
const parseDecimal = (
  buf: Uint8Array,
  start: number,
  end: number,
  negative: boolean,
): LongDouble | undefined => {
  let digits = ""
  let decimals = 0
  let pointAt = -1
  let i = start
  for (; i < end; i++) {
    const c = buf[i]
    if (c >= ZERO && c <= NINE) {
      digits += String.fromCharCode(c)
      if (pointAt >= 0) decimals++
    } else if (c === DOT && pointAt < 0) pointAt = i
    else break
  }
  if (digits === "") return undefined
  let power = -decimals
  if (i < end) {
    if ((buf[i] | 0x20) !== 0x65) return undefined
    let j = i + 1
    if (j < end && (buf[j] === PLUS || buf[j] === MINUS)) j++
    if (j === end) return undefined
    for (; j < end; j++) if (buf[j] < ZERO || buf[j] > NINE) return undefined
    power += exponentValue(buf, i + 1, end)
  }
  const value = BigInt(digits)
  if (value === 0n) return { negative, m: 0n, e: 0 }
  // Far outside the range, and far from what 10 ** power should be asked to build.
  const magnitude = digits.replace(/^0+/, "").length + power
  if (magnitude > 4940) return infinity(negative)
  if (magnitude < -4960) return { negative, m: 0n, e: 0 }
  return power >= 0
    ? round(negative, value * 10n ** BigInt(power), 0, false)
    : roundRatio(negative, value, 10n ** BigInt(-power))
}

/** Hexadecimal text after its "0x". */
const parseHex = (buf: Uint8Array, start: number, end: number, negative: boolean): LongDouble | undefined => {
  const parts = parseHexParts(buf, start, end)
  if (parts === undefined) return undefined
  if (parts.mantissa === 0n) return { negative, m: 0n, e: 0 }
  const top = bitLength(parts.mantissa) + parts.exponent
  if (top > EXPONENT_TOP + 1) return infinity(negative)
  if (top < EXPONENT_MIN - 1) return { negative, m: 0n, e: 0 }
  return round(negative, parts.mantissa, parts.exponent, false)
}

/** Whether number text has no digit but zero before its exponent. */
const isZeroText = (buf: Uint8Array, start: number, end: number, hex: boolean): boolean => {
  for (let i = start; i < end; i++) {
    const l = buf[i] | 0x20
    if (l === (hex ? 0x70 : 0x65)) return true
    if (buf[i] !== ZERO && buf[i] !== DOT) return false
  }
  return true
}

/**
 * The value of the whole text, rounded to nearest; undefined means "value is not a valid float" (malformed, NaN, out of
 * range or too long). "inf" and "infinity" in any case are values.
 */
export const parseLongDouble = (buf: Uint8Array, off: number, len: number): LongDouble | undefined => {
  if (len === 0 || len >= TEXT_BYTES_MAX) return undefined
  const end = off + len
  let i = off
  const negative = buf[i] === MINUS
  if (negative || buf[i] === PLUS) i++
  if (i === end) return undefined
  if ((buf[i] | 0x20) === 0x69) {
    return equalsWord(buf, i, end, "inf") || equalsWord(buf, i, end, "infinity")
      ? infinity(negative)
      : undefined
  }
  const hex = buf[i] === ZERO && i + 1 < end && (buf[i + 1] | 0x20) === 0x78
  if (hex) i += 2
  const value = hex ? parseHex(buf, i, end, negative) : parseDecimal(buf, i, end, negative)
  if (value === undefined || value.e === Infinity) return undefined
  if (value.m === 0n && !isZeroText(buf, i, end, hex)) return undefined
  return value
}

/** a + b, rounded; undefined when that is NaN (opposite infinities). An overflow gives infinity. */
export const addLongDouble = (a: LongDouble, b: LongDouble): LongDouble | undefined => {
  if (a.e === Infinity) return b.e === Infinity && a.negative !== b.negative ? undefined : a
  if (b.e === Infinity) return b
  const e = Math.min(a.e, b.e)
  const x = a.m << BigInt(a.e - e)
  const y = b.m << BigInt(b.e - e)
  const sum = (a.negative ? -x : x) + (b.negative ? -y : y)
  if (sum === 0n) return { negative: a.negative && b.negative, m: 0n, e: 0 }
  return sum < 0n ? round(true, -sum, e, false) : round(false, sum, e, false)
}

/** units / 10^17 in decimal, without trailing zeros. */
const formatUnits = (negative: boolean, units: bigint): string => {
  if (units === 0n) return "0"
  const text = units.toString().padStart(DECIMALS + 1, "0")
  const whole = text.slice(0, -DECIMALS)
  const fraction = text.slice(-DECIMALS).replace(/0+$/, "")
  return (negative ? "-" : "") + (fraction === "" ? whole : `${whole}.${fraction}`)
}

/** The value as Redis prints it: at most 17 decimals, never an exponent. Infinities print as "inf" and "-inf". */
export const formatLongDouble = (x: LongDouble): string => {
  if (x.e === Infinity) return x.negative ? "-inf" : "inf"
  if (x.e >= 0) return x.m === 0n ? "0" : (x.negative ? "-" : "") + (x.m << BigInt(x.e)).toString()
  const scaled = x.m * UNIT
  const shift = BigInt(-x.e)
  let units = scaled >> shift
  const rest = scaled - (units << shift)
  const half = 1n << (shift - 1n)
  if (rest > half || (rest === half && (units & 1n) === 1n)) units += 1n
  return formatUnits(x.negative, units)
}

/** A short decimal as units * 10^-decimals; the parser below leaves its results here, so that nothing is allocated. */
let shortUnits = 0
let shortDecimals = 0

/** Reads sign? digits ("." digits)? of at most 14 digits and 12 decimals. False: not of that form. */
const readShortDecimal = (buf: Uint8Array, off: number, len: number): boolean => {
  if (len === 0 || len > 16) return false
  const end = off + len
  let i = off
  const negative = buf[i] === MINUS
  if (negative) i++
  let units = 0
  let digits = 0
  let decimals = 0
  let pointAt = -1
  for (; i < end; i++) {
    const c = buf[i]
    if (c >= ZERO && c <= NINE) {
      units = units * 10 + (c - ZERO)
      digits++
      if (pointAt >= 0) decimals++
    } else if (c === DOT && pointAt < 0 && digits > 0) pointAt = i
    else return false
  }
  if (digits === 0 || digits > 14 || decimals > 12) return false
  shortUnits = negative ? -units : units
  shortDecimals = decimals
  return true
}

/**
 * Below this magnitude two rounded operands and their rounded sum are together off by at most
 * 2^-60 + 2^-60 + 2^-59 / 2 < 10^-17 / 2, so the 17 decimals printed are those of the exact sum.
 */
const EXACT_BELOW = 32

/**
 * The sum of two short decimals as `formatLongDouble` would print it, or undefined when the long way must be gone:
 * whole numbers (which the format holds exactly), and decimals below 32 in magnitude.
 */
export const sumDecimals = (
  a: Uint8Array,
  aOff: number,
  aLen: number,
  b: Uint8Array,
  bOff: number,
  bLen: number,
): string | undefined => {
  if (!readShortDecimal(a, aOff, aLen)) return undefined
  const aUnits = shortUnits
  const aDecimals = shortDecimals
  if (!readShortDecimal(b, bOff, bLen)) return undefined
  const decimals = Math.max(aDecimals, shortDecimals)
  if (decimals === 0) return String(aUnits + shortUnits + 0)
  const scale = 10 ** decimals
  const limit = EXACT_BELOW * scale
  const x = aUnits * 10 ** (decimals - aDecimals)
  const y = shortUnits * 10 ** (decimals - shortDecimals)
  if (Math.abs(x) >= limit || Math.abs(y) >= limit) return undefined
  const sum = x + y
  const units = Math.abs(sum)
  const whole = Math.floor(units / scale)
  const fraction = units - whole * scale
  const sign = sum < 0 ? "-" : ""
  if (fraction === 0) return `${sign}${whole}`
  return `${sign}${whole}.${String(fraction).padStart(decimals, "0").replace(/0+$/, "")}`
}

/** Whether the text names an infinity: HINCRBYFLOAT refuses such an increment before it looks at the field. */
export const isInfiniteText = (buf: Uint8Array, off: number, len: number): boolean => {
  const start = len > 0 && (buf[off] === MINUS || buf[off] === PLUS) ? off + 1 : off
  return equalsWord(buf, start, off + len, "inf") || equalsWord(buf, start, off + len, "infinity")
}

/** What an increment came to: the new value's text, or which of the three refusals applies. */
type IncrementResult =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: "value" | "increment" | "overflow" }

const refused = {
  value: { ok: false, reason: "value" },
  increment: { ok: false, reason: "increment" },
  overflow: { ok: false, reason: "overflow" },
} as const

/**
 * The text of value + increment. Refusals: "value" or "increment" is no valid float, or the sum is infinite or NaN
 * ("overflow"). Both texts are any bytes; see the Redis command pages INCRBYFLOAT and HINCRBYFLOAT for the replies.
 */
export const incrementByFloat = (
  value: Uint8Array,
  valueOff: number,
  valueLen: number,
  by: Uint8Array,
  byOff: number,
  byLen: number,
): IncrementResult => {
  const short = sumDecimals(value, valueOff, valueLen, by, byOff, byLen)
  if (short !== undefined) return { ok: true, text: short }
  const b = parseLongDouble(by, byOff, byLen)
  if (b === undefined) return refused.increment
  const a = parseLongDouble(value, valueOff, valueLen)
  if (a === undefined) return refused.value
  const sum = addLongDouble(a, b)
  if (sum === undefined || sum.e === Infinity) return refused.overflow
  return { ok: true, text: formatLongDouble(sum) }
}
