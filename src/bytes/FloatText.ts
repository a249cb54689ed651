/**
 * Doubles from text and to text, as C's strtod and printf do it.
 *
 * Accepted text (`parseDouble`), the whole of it, letters in any case:
 *
 *     sign? ( digits ("." digits?)? | "." digits ) ( "e" sign? digits )?
 *     sign? "0x" ( hex ("." hex?)? | "." hex ) ( "p" sign? digits )?
 *     sign? ( "inf" | "infinity" )
 *
 * Results are the nearest double, ties to even. A number too large for a double, or so small that it rounds to zero,
 * is refused (strtod reports a range error for both); numbers that become subnormal are taken. NaN is never a value
 * here: it is how "not a number" is reported.
 *
 * Printing rounds exact ties to even, as C does. JavaScript's own toPrecision and toFixed round them up, so both
 * printers below look for ties first: a tie at `d` decimals is a double with exactly `d + 1` binary places.
 *
 * Worked example: "0x1.8p1" is 3 and prints as 3; 999999999999999.125 prints as 999999999999999.12 at 17 digits
 * (JavaScript's toPrecision says .13).
 */
import { latin1Text } from "./Latin1.js"

const ZERO = 0x30
const NINE = 0x39
const MINUS = 0x2d
const PLUS = 0x2b
const DOT = 0x2e

/** Powers of ten that doubles hold exactly. */
const POW10: ReadonlyArray<number> = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`))

const isSpace = (c: number): boolean => c === 0x20 || (c >= 0x09 && c <= 0x0d)

const isDigit = (c: number): boolean => c >= ZERO && c <= NINE

/** The value of a hexadecimal digit, or -1. */
export const hexDigit = (c: number): number => {
  if (c >= ZERO && c <= NINE) return c - ZERO
  const l = c | 0x20
  return l >= 0x61 && l <= 0x66 ? l - 0x61 + 10 : -1
}

/** Whether `buf[i, end)` is `word` (given in lower case), in any case. */
export const equalsWord = (buf: Uint8Array, i: number, end: number, word: string): boolean => {
  if (end - i !== word.length) return false
  for (let j = 0; j < word.length; j++) if ((buf[i + j] | 0x20) !== word.charCodeAt(j)) return false
  return true
}

/** The end of an exponent ("e+5") whose letter is at `i`, or -1 when it has no digits. */
const skipExponent = (buf: Uint8Array, i: number, end: number): number => {
  let j = i + 1
  if (j < end && (buf[j] === PLUS || buf[j] === MINUS)) j++
  const digits = j
  while (j < end && isDigit(buf[j])) j++
  return j === digits ? -1 : j
}

/** An exponent's value, held to a range in which it can still be added to. */
export const exponentValue = (buf: Uint8Array, i: number, end: number): number => {
  let j = i
  const negative = buf[j] === MINUS
  if (negative || buf[j] === PLUS) j++
  let v = 0
  for (; j < end; j++) if (v < 100_000_000) v = v * 10 + (buf[j] - ZERO)
  return negative ? -v : v
}

/** A magnitude from decimal text at `[i, end)`: correctly rounded, possibly 0 or Infinity; NaN when malformed. */
const decimalMagnitude = (buf: Uint8Array, start: number, end: number): number => {
  let mantissa = 0
  let digits = 0
  let significant = 0
  let decimals = 0
  let i = start
  let pointAt = -1
  for (; i < end; i++) {
    const c = buf[i]
    if (isDigit(c)) {
      digits++
      if (significant > 0 || c !== ZERO) significant++
      if (significant <= 15) mantissa = mantissa * 10 + (c - ZERO)
      if (pointAt >= 0) decimals++
    } else if (c === DOT && pointAt < 0) pointAt = i
    else break
  }
  if (digits === 0) return NaN
  if (i === end) {
    // Both operands are exact, so the one division rounds correctly.
    if (significant <= 15 && decimals <= 22) return decimals === 0 ? mantissa : mantissa / POW10[decimals]
  } else if ((buf[i] | 0x20) !== 0x65 || skipExponent(buf, i, end) !== end) return NaN
  const value = Number(latin1Text(buf, start, end))
  return value === 0 && significant > 0 ? -1 : value
}

/** 2^e for any e, 0 or Infinity outside the range. */
const scaleByPowerOfTwo = (m: number, e: number): number => {
  let v = m
  let left = e
  while (left > 1000 && v !== Infinity) {
    v *= 2 ** 1000
    left -= 1000
  }
  while (left < -1000 && v !== 0) {
    v *= 2 ** -1000
    left += 1000
  }
  return v * 2 ** Math.max(-1000, Math.min(1000, left))
}

/** The double nearest to m * 2^e, ties to even, subnormals included. */
const roundBinary = (m: bigint, e: number): number => {
  if (m === 0n) return 0
  const bits = m.toString(2).length
  const top = bits + e
  if (top > 1024) return Infinity
  // Places kept: 53, fewer below the smallest normal exponent.
  const keep = top < -1021 ? 53 - (-1021 - top) : 53
  if (keep < 0) return 0
  const drop = bits - keep
  if (drop <= 0) return scaleByPowerOfTwo(Number(m), e)
  const shift = BigInt(drop)
  let kept = m >> shift
  const rest = m - (kept << shift)
  const half = 1n << (shift - 1n)
  if (rest > half || (rest === half && (kept & 1n) === 1n)) kept += 1n
  return scaleByPowerOfTwo(Number(kept), e + drop)
}

/** Hexadecimal text taken apart: value = mantissa * 2^exponent. */
interface HexParts {
  readonly mantissa: bigint
  readonly exponent: number
}

/** Takes apart the text after "0x" at `[start, end)`; undefined when malformed. */
export const parseHexParts = (buf: Uint8Array, start: number, end: number): HexParts | undefined => {
  let text = ""
  let fraction = 0
  let pointAt = -1
  let i = start
  for (; i < end; i++) {
    const c = buf[i]
    if (hexDigit(c) >= 0) {
      text += String.fromCharCode(c)
      if (pointAt >= 0) fraction++
    } else if (c === DOT && pointAt < 0) pointAt = i
    else break
  }
  if (text === "") return undefined
  let exponent = 0
  if (i < end) {
    if ((buf[i] | 0x20) !== 0x70 || skipExponent(buf, i, end) !== end) return undefined
    exponent = exponentValue(buf, i + 1, end)
  }
  return { mantissa: BigInt(`0x${text}`), exponent: exponent - 4 * fraction }
}

/** The double in `[start, end)`; -0.5 and such keep their sign. Range errors come out as NaN when `strict`. */
const parseText = (buf: Uint8Array, start: number, end: number, strict: boolean): number => {
  let i = start
  const negative = i < end && buf[i] === MINUS
  if (negative || (i < end && buf[i] === PLUS)) i++
  if (i === end) return NaN
  const c = buf[i]
  let magnitude: number
  if ((c | 0x20) === 0x69) {
    magnitude = equalsWord(buf, i, end, "inf") || equalsWord(buf, i, end, "infinity") ? Infinity : NaN
    return negative ? -magnitude : magnitude
  }
  if (c === ZERO && i + 1 < end && (buf[i + 1] | 0x20) === 0x78) {
    const parts = parseHexParts(buf, i + 2, end)
    if (parts === undefined) return NaN
    magnitude = roundBinary(parts.mantissa, parts.exponent)
    if (magnitude === 0 && parts.mantissa !== 0n) magnitude = -1
  } else magnitude = decimalMagnitude(buf, i, end)
  if (magnitude === -1) magnitude = strict ? NaN : 0
  else if (magnitude === Infinity && strict) return NaN
  return negative ? -magnitude : magnitude
}

/**
 * A double as a command argument (ZADD, ZINCRBY, GEOADD, timeouts): the whole text must be a number in range. NaN means
 * "value is not a valid float".
 */
export const parseDouble = (buf: Uint8Array, off: number, len: number): number => {
  // Plain digits, by far the commonest score.
  if (len > 0 && len <= 15) {
    let v = 0
    let i = off
    const end = off + len
    for (; i < end; i++) {
      const d = buf[i] - ZERO
      if (d < 0 || d > 9) break
      v = v * 10 + d
    }
    if (i === end) return v
  }
  return parseText(buf, off, off + len, true)
}

/**
 * A double as the bound of a score range (ZRANGEBYSCORE, after any "("): as C's strtod with no further check. Leading
 * spaces are skipped, a NUL byte ends the text, the empty text is 0, and out-of-range numbers become 0 or infinity.
 * NaN means "min or max is not a float".
 */
export const parseDoubleLax = (buf: Uint8Array, off: number, len: number): number => {
  let end = off
  while (end < off + len && buf[end] !== 0) end++
  if (end === off) return 0
  let start = off
  while (start < end && isSpace(buf[start])) start++
  return parseText(buf, start, end, false)
}

/** The double that a text begins with, as C's sscanf reads one; NaN where it begins with none. */
export const parseDoubleStart = (buf: Uint8Array, off: number, len: number): number => {
  let start = off
  while (start < off + len && isSpace(buf[start])) start++
  if (start === off + len || buf[start] === 0) return NaN
  for (let end = off + len; end > start; end--) {
    const value = parseDoubleLax(buf, start, end - start)
    if (!Number.isNaN(value)) return value
  }
  return NaN
}

/** Whether `x` has exactly `places` binary places, which makes it a tie when rounded to `places - 1` decimals. */
const isTie = (x: number, places: number): boolean => {
  const y = x * 2 ** places
  return Number.isInteger(y) && Math.abs(y) <= Number.MAX_SAFE_INTEGER && y % 2 !== 0
}

const ODD_LAST = /[13579]$/

/** "%.<decimals>f": fixed decimals, ties to even. `decimals` is at most 99; infinities print as "inf" and "-inf". */
export const formatFixed = (x: number, decimals: number): string => {
  if (x === Infinity) return "inf"
  if (x === -Infinity) return "-inf"
  const a = Math.abs(x)
  const sign = x < 0 || Object.is(x, -0) ? "-" : ""
  // toFixed turns to exponents from 1e21 on; such doubles are whole numbers.
  if (a >= 1e21) return sign + BigInt(a).toString() + (decimals > 0 ? `.${"0".repeat(decimals)}` : "")
  const up = a.toFixed(decimals)
  if (isTie(a, decimals + 1) && ODD_LAST.test(up)) {
    const cut = a.toFixed(decimals + 1).slice(0, -1)
    return sign + (decimals === 0 ? cut.slice(0, -1) : cut)
  }
  return sign + up
}

const TRAILING_ZEROS = /\.?0+$/

/**
 * A double as GEOPOS prints it: up to 17 decimals, no exponent, trailing zeros removed ("%.17Lf", trimmed). Negative
 * zero prints as 0.
 */
export const formatHumanDouble = (x: number): string => {
  const text = formatFixed(x, 17)
  const trimmed = text.includes(".") ? text.replace(TRAILING_ZEROS, "") : text
  return trimmed === "-0" ? "0" : trimmed
}

/** Digits and decimal exponent of `a` > 0 at 17 significant digits, ties to even, as "d.dddde+x". */
const exponential17 = (a: number): string => {
  const up = a.toExponential(16)
  // A tie has exactly 18 significant digits, so at most 25 binary places: 5^25 is the last power below 1e18.
  if (!Number.isInteger(a * 33554432) || !ODD_LAST.test(up.slice(0, 18))) return up
  const longer = a.toExponential(17)
  if (longer[18] !== "5") return up
  const e = Number(longer.slice(20))
  if (e > 16) return up
  const eighteen = BigInt(longer[0] + longer.slice(2, 19))
  const exact = BigInt(a * 33554432) * 10n ** BigInt(17 - e) === eighteen << 25n
  return exact ? longer.slice(0, 18) + longer.slice(19) : up
}

/** "%.17g": what Redis prints for a score. Infinities are "inf" and "-inf". */
export const formatDouble17 = (x: number): string => {
  if (x === 0) return Object.is(x, -0) ? "-0" : "0"
  if (x === Infinity) return "inf"
  if (x === -Infinity) return "-inf"
  if (Number.isNaN(x)) return "nan"
  if (Number.isSafeInteger(x)) return x.toString()
  const sign = x < 0 ? "-" : ""
  const text = exponential17(Math.abs(x))
  const e = text.indexOf("e")
  const exponent = Number(text.slice(e + 1))
  const digits = (text[0] + text.slice(2, e)).replace(/0+$/, "")
  if (exponent < -4 || exponent >= 17) {
    const power = Math.abs(exponent)
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : ""
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? "-" : "+"}${power < 10 ? "0" : ""}${power}`
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`
  if (digits.length <= exponent + 1) return sign + digits.padEnd(exponent + 1, "0")
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`
}
