/**
 * Doubles as text, exactly as C's printf writes them: `%e`, `%f` and `%g` with any precision up to 99, and `numberText`,
 * the `%.14g` of Lua's tostring.
 *
 * JavaScript's toFixed and toExponential round correctly but send exact ties up, where C rounds them to the even digit.
 * A tie at p significant digits is a double whose whole decimal expansion has p + 1 digits and ends in 5, which is rare:
 * it is looked for only when the text with one more digit ends in 5, and then proved with integers.
 *
 * Infinities are `inf` and `-inf`. JavaScript hides the sign of a NaN: arithmetic makes `-nan` on x86, and so is every
 * NaN printed here.
 *
 *     numberText(0.1)              "0.1"
 *     numberText(1e14)             "1e+14"
 *     numberText(123456789012345)  "1.2345678901234e+14"    a tie, rounded to even
 */

const FIVE = 53
const NINE = 57
const ZERO = 48
const DOT = 46

const bits = new DataView(new ArrayBuffer(8))

/** Whether the finite `a` > 0 is exactly `digits` * 10^`power`. */
const equalsDecimal = (a: number, digits: bigint, power: number): boolean => {
  bits.setFloat64(0, a)
  const raw = bits.getBigUint64(0)
  const biased = Number(raw >> 52n)
  let mantissa = raw & 0xfffffffffffffn
  let exponent = -1074
  if (biased > 0) {
    mantissa |= 1n << 52n
    exponent = biased - 1075
  }
  let decimal = digits
  if (exponent > 0) mantissa <<= BigInt(exponent)
  else decimal <<= BigInt(-exponent)
  if (power > 0) decimal *= 10n ** BigInt(power)
  else mantissa *= 10n ** BigInt(-power)
  return mantissa === decimal
}

/** `a` > 0 as d.ddde+x with `places` digits after the point, ties to even. */
const exponential = (a: number, places: number): string => {
  const up = a.toExponential(places)
  const longer = a.toExponential(places + 1)
  const e = longer.indexOf("e")
  if (longer.charCodeAt(e - 1) !== FIVE) return up
  const exponent = Number(longer.slice(e + 1))
  const digits = longer[0] + longer.slice(2, e)
  if (!equalsDecimal(a, BigInt(digits), exponent - places - 1)) return up
  // An exact tie: the digit before the 5 stays when it is even, else rounding up made it so.
  if ((digits.charCodeAt(places) & 1) === 1) return up
  return (places === 0 ? longer[0] : longer.slice(0, e - 1)) + longer.slice(e)
}

/** `a` >= 0 with `places` digits after the point and no exponent, ties to even. */
const fixed = (a: number, places: number): string => {
  // toFixed turns to exponents from 1e21 on; such doubles are whole numbers.
  if (a >= 1e21) return BigInt(a).toString() + (places > 0 ? "." + "0".repeat(places) : "")
  const up = a.toFixed(places)
  const longer = a.toFixed(places + 1)
  if (longer.charCodeAt(longer.length - 1) !== FIVE) return up
  const digits = longer.replace(".", "")
  if (!equalsDecimal(a, BigInt(digits), -places - 1)) return up
  if ((digits.charCodeAt(digits.length - 2) & 1) === 1) return up
  return longer.slice(0, places === 0 ? -2 : -1)
}

/** JavaScript writes e+5 and e-7, C at least two digits. */
const exponentText = (exponent: number): string => {
  const size = Math.abs(exponent)
  return (exponent < 0 ? "e-" : "e+") + (size < 10 ? "0" + size : size)
}

const trimZeros = (text: string): string => {
  if (!text.includes(".")) return text
  let end = text.length
  while (text.charCodeAt(end - 1) === ZERO) end--
  if (text.charCodeAt(end - 1) === DOT) end--
  return text.slice(0, end)
}

/** `%e` of the magnitude of a finite number; `alternate` is the flag `#`, which keeps the point. */
export const formatE = (a: number, precision: number, alternate: boolean): string => {
  const text = a === 0 ? (0).toExponential(precision) : exponential(a, precision)
  const e = text.indexOf("e")
  const point = alternate && precision === 0 ? "." : ""
  return text.slice(0, e) + point + exponentText(Number(text.slice(e + 1)))
}

/** `%f` of the magnitude of a finite number. */
export const formatF = (a: number, precision: number, alternate: boolean): string =>
  fixed(a, precision) + (alternate && precision === 0 ? "." : "")

/** `%g` of the magnitude of a finite number: `#` keeps the trailing zeros. */
export const formatG = (a: number, precision: number, alternate: boolean): string => {
  const digits = precision === 0 ? 1 : precision
  const text = a === 0 ? (0).toExponential(digits - 1) : exponential(a, digits - 1)
  const e = text.indexOf("e")
  const exponent = Number(text.slice(e + 1))
  const mantissa = alternate && digits === 1 ? text.slice(0, e) + "." : text.slice(0, e)
  if (exponent < -4 || exponent >= digits) {
    return (alternate ? mantissa : trimZeros(mantissa)) + exponentText(exponent)
  }
  const all = text[0] + text.slice(2, e)
  let plain: string
  if (exponent < 0) plain = "0." + "0".repeat(-exponent - 1) + all
  else if (exponent + 1 < all.length) plain = all.slice(0, exponent + 1) + "." + all.slice(exponent + 1)
  else plain = alternate ? all + "." : all
  return alternate ? plain : trimZeros(plain)
}

const nonFinite = (x: number): string => (x !== x ? "-nan" : x > 0 ? "inf" : "-inf")

/** A number in `%.<precision>g`, sign and non-finite values included. */
export const generalText = (x: number, precision: number): string => {
  if (x - x !== 0) return nonFinite(x)
  if (x < 0 || Object.is(x, -0)) return "-" + formatG(-x, precision, false)
  return formatG(x, precision, false)
}

const DIGITS = 14

/** Room for 14 digits and a point: the shortest text that reads back, so short, is what `%.14g` says as well. */
const SHORT = DIGITS + 1

/**
 * `text`, the shortest that reads back as a number from 1e-4 up to 1e14, cut to 14 digits. Its own digits decide how to
 * round unless just a 5 is cut off, behind which the number itself may go on; that, and carries, is left to the slow way.
 */
const cutText = (text: string, x: number): string => {
  let first = 0
  if (text.charCodeAt(0) === ZERO) {
    first = 2
    while (text.charCodeAt(first) === ZERO) first++
  } else if (text.indexOf(".") >= DIGITS) return generalText(x, DIGITS)
  const cut = first === 0 ? SHORT : first + DIGITS
  if (text.length <= cut) return text
  const next = text.charCodeAt(cut)
  if (next < FIVE) return trimZeros(text.slice(0, cut))
  const last = text.charCodeAt(cut - 1)
  if ((next === FIVE && text.length === cut + 1) || last === NINE) return generalText(x, DIGITS)
  return text.slice(0, cut - 1) + String.fromCharCode(last + 1)
}

const THREE_DIGITS = Array.from({ length: 1000 }, (_, n) => String(n).padStart(3, "0"))

/** V8 keeps the texts of the last 16,000 numbers, which a loop over more of them only fills and has collected again. */
const integerText = (x: number): string => {
  if (x < 1000 || x >= 1e6) return "" + x
  const thousands = (x / 1000) | 0
  return "" + thousands + THREE_DIGITS[x - thousands * 1000]
}

/** A number as Lua's tostring prints it: `%.14g`. */
export const numberText = (x: number): string => {
  if ((x | 0) === x && x !== 0) return integerText(x)
  if (x >= 1e-4 && x < 1e14) {
    const text = "" + x
    return text.length <= SHORT ? text : cutText(text, x)
  }
  if (x <= -1e-4 && x > -1e14) return "-" + numberText(-x)
  if (x === 0) return Object.is(x, -0) ? "-0" : "0"
  return generalText(x, DIGITS)
}
