/**
 * Numbers as text and text as numbers, as Lua does it with C's printf and strtod.
 *
 * `numberText` is `%.14g`. `textNumber` takes what strtod takes, with white space around it: decimal, hexadecimal (with a
 * binary exponent too), inf, infinity, nan in any case. Anything else is undefined.
 *
 * Worked examples: 1e15 is "1e+15", 1/3 "0.33333333333333", " 0x10 " is 16, "1e" is no number.
 */

/** `%.14g` of any number. NaN prints as C prints the one that arithmetic makes. */
export const numberText = (n: number): string => {
  if (n === Math.trunc(n) && n < 1e14 && n > -1e14) return n === 0 && 1 / n < 0 ? "-0" : `${n}`
  return general(n, 14)
}

/** `%.<digits>g`, digits being 1 to 17. */
export const general = (n: number, digits: number): string => {
  if (n !== n) return "-nan"
  if (n === Infinity) return "inf"
  if (n === -Infinity) return "-inf"
  if (n === 0) return 1 / n < 0 ? "-0" : "0"
  const scientific = rounding(n, digits)
  const mark = scientific.indexOf("e")
  const exponent = Number(scientific.slice(mark + 1))
  if (exponent < -4 || exponent >= digits) {
    const size = Math.abs(exponent)
    return `${trimmed(scientific.slice(0, mark))}e${exponent < 0 ? "-" : "+"}${size < 10 ? "0" : ""}${size}`
  }
  return trimmed(fixed(scientific.slice(0, mark), exponent))
}

/** `%.<digits-1>e` but for the exponent's form. JavaScript rounds exact ties up, C to even. */
const rounding = (n: number, digits: number): string => {
  const longer = n.toExponential(digits)
  const last = longer.indexOf("e") - 1
  if (longer.charCodeAt(last) !== 0x35 || Number(longer) !== n || !isExact(n, longer)) {
    return n.toExponential(digits - 1)
  }
  const before = longer.charCodeAt(last - 1) === 0x2e ? last - 2 : last - 1
  if (((longer.charCodeAt(before) - 0x30) & 1) === 1) return n.toExponential(digits - 1)
  return longer.slice(0, before + 1) + longer.slice(last + 1)
}

/** JavaScript prints no more; a double of 53 bits and moderate exponent has no more. */
const FRACTION_MAX = 100

const isExact = (n: number, text: string): boolean => {
  const all = n.toExponential(FRACTION_MAX)
  const digits = text.indexOf("e")
  return /^0*$/.test(all.slice(digits, all.indexOf("e")))
}

const trimmed = (text: string): string => {
  if (!text.includes(".")) return text
  let end = text.length
  while (text.charCodeAt(end - 1) === 0x30) end--
  return text.slice(0, text.charCodeAt(end - 1) === 0x2e ? end - 1 : end)
}

/** Moves the point of `d.ddd` by the exponent. */
const fixed = (mantissa: string, exponent: number): string => {
  const sign = mantissa.startsWith("-") ? "-" : ""
  const digits = mantissa.slice(sign.length).replace(".", "")
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const HEXADECIMAL = /^([+-]?)0[xX](?:([\da-fA-F]+)(?:\.([\da-fA-F]*))?|\.([\da-fA-F]+))(?:[pP]([+-]?\d+))?$/
const WORD = /^([+-]?)(inf|infinity|nan)$/i
const SPACES = /^[ \t-\r]+|[ \t-\r]+$/g

export const textNumber = (text: string): number | undefined => {
  const first = text.charCodeAt(0)
  const bare = first > 0x20 && text.charCodeAt(text.length - 1) > 0x20 ? text : text.replace(SPACES, "")
  if (DECIMAL.test(bare)) return Number(bare)
  const hex = HEXADECIMAL.exec(bare)
  if (hex !== null) {
    const whole = hex[2] ?? ""
    const fraction = hex[3] ?? hex[4] ?? ""
    const magnitude = hexadecimal(whole + fraction, Number(hex[5] ?? 0) - 4 * fraction.length)
    return hex[1] === "-" ? -magnitude : magnitude
  }
  const word = WORD.exec(bare)
  if (word === null) return undefined
  if (word[2].toLowerCase() === "nan") return NaN
  return word[1] === "-" ? -Infinity : Infinity
}

/** Digits times two to the exponent, rounded once. */
const hexadecimal = (digits: string, exponent: number): number => {
  const significant = digits.replace(/^0+/, "")
  if (significant === "") return 0
  const kept = significant.slice(0, 32)
  const sticky = /[^0]/.test(significant.slice(32)) ? 1n : 0n
  let value = BigInt(`0x${kept}`) | sticky
  let power = exponent + 4 * (significant.length - kept.length)
  const lowest = -1074 - power
  const surplus = value.toString(2).length - 53
  const cut = Math.min(Math.max(surplus, lowest), 2000)
  if (cut > 0) {
    value = rounded(value, BigInt(cut))
    power += cut
  }
  return scaled(Number(value), Math.max(Math.min(power, 5000), -5000))
}

const rounded = (value: bigint, cut: bigint): bigint => {
  const kept = value >> cut
  const rest = value - (kept << cut)
  const half = 1n << (cut - 1n)
  return rest > half || (rest === half && (kept & 1n) === 1n) ? kept + 1n : kept
}

const scaled = (n: number, power: number): number => {
  let value = n
  let left = power
  for (; left > 1000; left -= 1000) value *= 2 ** 1000
  for (; left < -1000; left += 1000) value *= 2 ** -1000
  return value * 2 ** left
}
