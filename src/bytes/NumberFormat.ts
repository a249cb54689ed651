/**
 * Numbers as the bytes Redis 7.0.15 prints.
 *
 * Integers are written straight into a buffer, two digits at a time, with no string in between. Doubles follow C's
 * `%.17g`, which Redis 7.0 uses in both protocols: at most 17 significant digits, trailing zeros dropped, exponent form
 * below 1e-4 and from 1e17 on, exponent of at least two digits.
 *
 * Example: 3 -> "3", 0.1 -> "0.10000000000000001", 1e20 -> "1e+20", -Infinity -> "-inf", -0 -> "-0".
 */

/** Most bytes `writeInt` writes: a sign and 17 digits of a safe integer. */
export const maxIntBytes = 20

/** Tens and ones of 0..99. */
const digitPairs = new Uint8Array(200)
for (let i = 0; i < 100; i++) {
  digitPairs[i * 2] = 48 + ((i / 10) | 0)
  digitPairs[i * 2 + 1] = 48 + (i % 10)
}

/** Number of decimal digits of an integer in 0 .. 2^53. */
export const digitCount = (n: number): number => {
  if (n < 10) return 1
  if (n < 100) return 2
  if (n < 1000) return 3
  if (n < 10000) return 4
  if (n < 100000) return 5
  if (n < 1000000) return 6
  let count = 6
  let bound = 1e6
  while (n >= bound) {
    count++
    bound *= 10
  }
  return count
}

/** Writes a safe integer at `pos` in decimal and returns the position after it. The caller has made room. */
export const writeInt = (buf: Uint8Array, pos: number, n: number): number => {
  if (n < 0) {
    buf[pos++] = 45
    n = -n
  }
  if (n < 10) {
    buf[pos] = 48 + n
    return pos + 1
  }
  const end = pos + digitCount(n)
  let at = end
  while (n > 0x7fffffff) {
    const rest = Math.floor(n / 100)
    const pair = (n - rest * 100) * 2
    buf[--at] = digitPairs[pair + 1]
    buf[--at] = digitPairs[pair]
    n = rest
  }
  let small = n | 0
  while (small >= 100) {
    const rest = (small / 100) | 0
    const pair = (small - rest * 100) << 1
    buf[--at] = digitPairs[pair + 1]
    buf[--at] = digitPairs[pair]
    small = rest
  }
  if (small >= 10) {
    buf[--at] = digitPairs[small * 2 + 1]
    buf[--at] = digitPairs[small * 2]
  } else {
    buf[--at] = 48 + small
  }
  return end
}

/** Of two neighbours equally near, C rounds to the even digit and JavaScript up: true when that changed the last one. */
const roundedTieUp = (x: number): boolean => {
  const text = x.toPrecision(18)
  const e = text.indexOf("e")
  if (text.charCodeAt((e < 0 ? text.length : e) - 1) !== 53) return false
  // oxlint-disable-next-line number-arg-out-of-range -- since ES2018 the limit is 100
  const exact = x.toPrecision(80)
  const exactEnd = exact.indexOf("e")
  const digits = exact
    .slice(0, exactEnd < 0 ? exact.length : exactEnd)
    .replace(/[-.]/g, "")
    .replace(/^0+/, "")
  return /^50*$/.test(digits.slice(17)) && (digits.charCodeAt(16) & 1) === 0
}

/** 17 significant digits of a finite number, correctly rounded, in JavaScript's exponent form: d.dddde+x. */
const exponent17 = (x: number): string => {
  const text = x.toExponential(16)
  if (!roundedTieUp(x)) return text
  // The discarded part is exactly one half and the digit kept is even: undo the carry by truncating more digits.
  const longer = x.toExponential(17)
  const e = longer.indexOf("e")
  return longer.slice(0, e - 1) + longer.slice(e)
}

/** A double as Redis 7.0 replies it: C's `%.17g`, and `inf`, `-inf`, `nan`. */
export const doubleText = (x: number): string => {
  if (Number.isInteger(x) && x < 1e15 && x > -1e15) return x === 0 && 1 / x < 0 ? "-0" : String(x)
  if (x !== x) return "nan"
  if (x === Infinity) return "inf"
  if (x === -Infinity) return "-inf"
  const text = exponent17(x)
  const e = text.indexOf("e")
  const exponent = Number(text.slice(e + 1))
  const negative = text.charCodeAt(0) === 45
  let digits = negative ? text[1] + text.slice(3, e) : text[0] + text.slice(2, e)
  let last = digits.length
  while (last > 1 && digits.charCodeAt(last - 1) === 48) last--
  digits = digits.slice(0, last)
  const sign = negative ? "-" : ""
  if (exponent < -4 || exponent >= 17) {
    const size = Math.abs(exponent)
    const mantissa = last > 1 ? digits[0] + "." + digits.slice(1) : digits
    return sign + mantissa + (exponent < 0 ? "e-" : "e+") + (size < 10 ? "0" + size : size)
  }
  if (exponent < 0) return sign + "0." + "0".repeat(-exponent - 1) + digits
  if (last <= exponent + 1) return sign + digits + "0".repeat(exponent + 1 - last)
  return sign + digits.slice(0, exponent + 1) + "." + digits.slice(exponent + 1)
}
