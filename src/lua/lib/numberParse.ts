/**
 * Text to numbers as Lua 5.1 does it on glibc: `strtod` over the text up to its first NUL byte, spaces around it
 * allowed, nothing else behind it.
 *
 *     number := space* sign? magnitude space*
 *     magnitude := digits ("." digits?)? exponent? | "." digits exponent? | "0x" hexadecimal with "p" exponent
 *                | "inf" | "infinity" | "nan" | "nan(" word ")"                       letters in any case
 *
 * `undefined` means "does not convert"; NaN is a value ("nan"). Results are the nearest double, ties to even; overflow
 * gives infinity and underflow 0, as strtod's results do.
 */

const ZERO = 48
const NINE = 57
const PLUS = 43
const MINUS = 45
const DOT = 46

const isSpace = (c: number): boolean => c === 32 || (c >= 9 && c <= 13)

/** Decimal numbers as strtod takes them, from an index on. */
const DECIMAL = /(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?/iy
const HEXADECIMAL = /0x([0-9a-f]*)(?:\.([0-9a-f]*))?(?:p([+-]?[0-9]+))?/iy
const INFINITE = /inf(?:inity)?/iy
const NOT_A_NUMBER = /nan(?:\([0-9a-z_]*\))?/iy

/** Where the last `scan` stopped. */
let scanEnd = 0

const scan = (pattern: RegExp, text: string, from: number): RegExpExecArray | null => {
  pattern.lastIndex = from
  const found = pattern.exec(text)
  if (found !== null) scanEnd = pattern.lastIndex
  return found
}

/** The double nearest to `mantissa` * 2^`exponent`, ties to even, subnormals included. */
const roundBinary = (mantissa: bigint, exponent: number): number => {
  if (mantissa === 0n) return 0
  const size = mantissa.toString(2).length
  const top = size + exponent
  if (top > 1024) return Infinity
  const keep = top < -1021 ? 53 - (-1021 - top) : 53
  if (keep < 0) return 0
  const drop = size - keep
  let kept = mantissa
  let power = exponent
  if (drop > 0) {
    const shift = BigInt(drop)
    kept = mantissa >> shift
    const rest = mantissa - (kept << shift)
    const half = 1n << (shift - 1n)
    if (rest > half || (rest === half && (kept & 1n) === 1n)) kept += 1n
    power += drop
  }
  // In two steps: 2^power alone may be outside of the doubles where the product is inside.
  const first = Math.max(-1000, Math.min(1000, power))
  return Number(kept) * 2 ** first * 2 ** (power - first)
}

/** Digits beyond these cannot change a double: they only say whether something follows. */
const HEX_DIGITS_MAX = 400
const HEX_EXPONENT_MAX = 1e9

const hexadecimal = (whole: string, fraction: string, exponent: string | undefined): number => {
  let digits = (whole + fraction).replace(/^0+/, "")
  let power = -4 * fraction.length
  if (digits === "") return 0
  if (digits.length > HEX_DIGITS_MAX) {
    const sticky = /[^0]/.test(digits.slice(HEX_DIGITS_MAX)) ? "1" : "0"
    power += 4 * (digits.length - HEX_DIGITS_MAX - 1)
    digits = digits.slice(0, HEX_DIGITS_MAX) + sticky
  }
  const given = exponent === undefined ? 0 : Number(exponent)
  power += Math.max(-HEX_EXPONENT_MAX, Math.min(HEX_EXPONENT_MAX, given))
  return roundBinary(BigInt("0x" + digits), power)
}

/** The magnitude at `from`, with `scanEnd` behind it; `undefined` when there is none. */
const magnitudeAt = (text: string, from: number): number | undefined => {
  const c = text.charCodeAt(from)
  if (c === ZERO && (text.charCodeAt(from + 1) | 32) === 120) {
    const hex = scan(HEXADECIMAL, text, from)
    if (hex !== null && ((hex[1] ?? "") !== "" || (hex[2] ?? "") !== "")) {
      return hexadecimal(hex[1] ?? "", hex[2] ?? "", hex[3])
    }
    scanEnd = from + 1
    return 0
  }
  if (c === DOT || (c >= ZERO && c <= NINE)) {
    const found = scan(DECIMAL, text, from)
    return found === null ? undefined : Number(found[0])
  }
  if (scan(INFINITE, text, from) !== null) return Infinity
  if (scan(NOT_A_NUMBER, text, from) !== null) return NaN
  return undefined
}

/** Index of the double's end after `strtod(text + from)`; `strtodValue` holds the result. -1: nothing converts. */
export const strtod = (text: string, from: number): number => {
  let i = from
  while (isSpace(text.charCodeAt(i))) i++
  const sign = text.charCodeAt(i)
  if (sign === MINUS || sign === PLUS) i++
  const magnitude = magnitudeAt(text, i)
  if (magnitude === undefined) return -1
  strtodValue = sign === MINUS ? -magnitude : magnitude
  return scanEnd
}

export let strtodValue = 0

/** Digits that a double holds exactly, with room for the sum to stay one. */
const PLAIN_DIGITS = 15

/** The number that `text` converts to, as tonumber and arithmetic on strings see it. */
export const parseNumber = (text: string): number | undefined => {
  const length = text.length
  if (length > 0 && length <= PLAIN_DIGITS) {
    let value = 0
    let i = 0
    for (; i < length; i++) {
      const digit = text.charCodeAt(i) - ZERO
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    if (i === length) return value
  }
  const nul = text.indexOf("\0")
  const body = nul < 0 ? text : text.slice(0, nul)
  let end = strtod(body, 0)
  if (end < 0) return undefined
  while (isSpace(body.charCodeAt(end))) end++
  return end === body.length ? strtodValue : undefined
}
