/**
 * `string.format`: C's printf with the conversions and limits of Lua 5.1.
 *
 *     item := "%" flags width? ("." precision?)? conversion     flags "-+ #0", at most 5; width and precision 2 digits
 *
 * A format is taken apart once and kept. What is wrong with it is said only when its item is reached, after the
 * arguments of the items before were found good, and after a missing argument.
 *
 * Text from `%c` and `%s` ends at a NUL byte, as C strings do; only a `%s` without precision and of 100 bytes or more is
 * copied as it is, and not padded.
 */
import { numberArgument, stringArgument, toInteger } from "../../run/Arguments.js"
import { builtin } from "../../run/Builtin.js"
import type { LuaState } from "../../run/State.js"
import type { LuaFunction, LuaValue } from "../../run/Value.js"
import { formatE, formatF, formatG } from "../numberText.js"

interface Item {
  /** Text before the item. */
  readonly literal: string
  /** "" where only the literal is left. */
  readonly conversion: string
  readonly left: boolean
  readonly sign: "" | "+" | " "
  readonly alternate: boolean
  readonly zero: boolean
  readonly width: number
  /** -1: none given. */
  readonly precision: number
  readonly fault: string
}

const FLAGS_MAX = 5
const WHOLE_TEXT_MIN = 100

const isDigit = (text: string, at: number): boolean => {
  const c = text.charCodeAt(at)
  return c >= 48 && c <= 57
}

const twoDigits = (text: string, at: number): number =>
  isDigit(text, at) ? (isDigit(text, at + 1) ? 2 : 1) : 0

const literalItem = (literal: string): Item => ({
  literal,
  conversion: "",
  left: false,
  sign: "",
  alternate: false,
  zero: false,
  width: 0,
  precision: -1,
  fault: "",
})

/** The item whose `%` stands before `at`, and the index behind it. */
const itemAt = (format: string, at: number, literal: string): readonly [Item, number] => {
  let i = at
  while (i < format.length && "-+ #0".includes(format[i])) i++
  const flags = format.slice(at, i)
  let fault = flags.length > FLAGS_MAX ? "invalid format (repeated flags)" : ""
  let digits = twoDigits(format, i)
  const width = digits === 0 ? 0 : Number(format.slice(i, i + digits))
  i += digits
  let precision = -1
  if (format.charCodeAt(i) === 46) {
    digits = twoDigits(format, i + 1)
    precision = digits === 0 ? 0 : Number(format.slice(i + 1, i + 1 + digits))
    i += 1 + digits
  }
  if (fault === "" && isDigit(format, i)) fault = "invalid format (width or precision too long)"
  const conversion = i < format.length ? format[i] : "\0"
  if (fault === "" && !"cdiouxXeEfgGqs".includes(conversion)) {
    fault = `invalid option '%${conversion === "\0" ? "" : conversion}' to 'format'`
  }
  const item: Item = {
    literal,
    conversion,
    left: flags.includes("-"),
    sign: flags.includes("+") ? "+" : flags.includes(" ") ? " " : "",
    alternate: flags.includes("#"),
    zero: flags.includes("0"),
    width,
    precision,
    fault,
  }
  return [item, i + 1]
}

const takeApart = (format: string): ReadonlyArray<Item> => {
  const items: Item[] = []
  let literal = ""
  let at = 0
  for (;;) {
    const percent = format.indexOf("%", at)
    if (percent < 0) break
    literal += format.slice(at, percent)
    if (format.charCodeAt(percent + 1) === 37) {
      literal += "%"
      at = percent + 2
      continue
    }
    const [item, next] = itemAt(format, percent + 1, literal)
    items.push(item)
    literal = ""
    at = next
    if (item.fault !== "") return items
  }
  literal += format.slice(at)
  if (literal !== "") items.push(literalItem(literal))
  return items
}

const KEPT_MAX = 256
const KEPT_LENGTH_MAX = 512
const kept = new Map<string, ReadonlyArray<Item>>()

const itemsOf = (format: string): ReadonlyArray<Item> => {
  const known = kept.get(format)
  if (known !== undefined) return known
  const items = takeApart(format)
  if (format.length <= KEPT_LENGTH_MAX) {
    if (kept.size >= KEPT_MAX) kept.clear()
    kept.set(format, items)
  }
  return items
}

/** `sign` and `body` in the item's width; zeros go between them. */
const pad = (item: Item, sign: string, body: string, zeros: boolean): string => {
  const missing = item.width - sign.length - body.length
  if (missing <= 0) return sign + body
  if (item.left) return sign + body + " ".repeat(missing)
  return zeros ? sign + "0".repeat(missing) + body : " ".repeat(missing) + sign + body
}

const withPrecision = (item: Item, digits: string): string => {
  if (item.precision === 0 && digits === "0") return ""
  return digits.length < item.precision ? "0".repeat(item.precision - digits.length) + digits : digits
}

const signed = (item: Item, x: number): string => {
  const n = toInteger(x)
  const size = Math.abs(n)
  const digits = size <= Number.MAX_SAFE_INTEGER ? "" + size : BigInt(size).toString()
  return pad(item, n < 0 ? "-" : item.sign, withPrecision(item, digits), item.zero && item.precision < 0)
}

const TWO_63 = 2 ** 63

/** C's conversion to unsigned long: exact below 2^64, wrapping below 0, and 0 from 2^64 on. */
const unsignedBits = (x: number): bigint => {
  if (!(x >= TWO_63)) return BigInt.asUintN(64, BigInt(toInteger(x)))
  return x < 2 * TWO_63 ? BigInt(x) : 0n
}

const unsigned = (item: Item, x: number): string => {
  const bits = unsignedBits(x)
  const { conversion } = item
  const base = conversion === "o" ? 8 : conversion === "u" ? 10 : 16
  let digits = withPrecision(item, bits.toString(base))
  if (conversion === "X") digits = digits.toUpperCase()
  let prefix = ""
  if (item.alternate) {
    if (base === 8 && digits[0] !== "0") digits = "0" + digits
    else if (base === 16 && bits !== 0n) prefix = "0" + conversion
  }
  return pad(item, prefix, digits, item.zero && item.precision < 0)
}

const floating = (item: Item, x: number): string => {
  const { conversion } = item
  const upper = conversion === "E" || conversion === "G"
  if (x - x !== 0) {
    const word = x !== x ? "nan" : "inf"
    return pad(item, x > 0 ? item.sign : "-", upper ? word.toUpperCase() : word, false)
  }
  const negative = x < 0 || Object.is(x, -0)
  const magnitude = negative ? -x : x
  const precision = item.precision < 0 ? 6 : item.precision
  let body: string
  if (conversion === "f") body = formatF(magnitude, precision, item.alternate)
  else if (conversion === "e" || conversion === "E") body = formatE(magnitude, precision, item.alternate)
  else body = formatG(magnitude, precision, item.alternate)
  return pad(item, negative ? "-" : item.sign, upper ? body.toUpperCase() : body, item.zero)
}

const NEEDS_QUOTE = /["\\\n\r\0]/g
const quoted: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\\n",
  "\r": "\\r",
  "\0": "\\000",
}

const upToNul = (text: string): string => {
  const nul = text.indexOf("\0")
  return nul < 0 ? text : text.slice(0, nul)
}

const textItem = (item: Item, text: string): string => {
  if (item.precision < 0 && text.length >= WHOLE_TEXT_MIN) return text
  const body = upToNul(text)
  return pad(item, "", item.precision >= 0 ? body.slice(0, item.precision) : body, false)
}

/** The low byte of C's cast to int, which knows nothing beyond 31 bits. */
const charCode = (x: number): number => (x > -2147483649 && x < 2147483648 ? x & 0xff : 0)

const conversionText = (
  state: LuaState,
  item: Item,
  value: LuaValue,
  position: number,
  given: number,
): string => {
  switch (item.conversion) {
    case "s":
      return textItem(item, stringArgument(state, value, position, given))
    case "q":
      return '"' + stringArgument(state, value, position, given).replace(NEEDS_QUOTE, (c) => quoted[c]) + '"'
    case "d":
    case "i":
      return signed(item, numberArgument(state, value, position, given))
    case "c": {
      const code = charCode(numberArgument(state, value, position, given))
      return upToNul(pad(item, "", String.fromCharCode(code), false))
    }
    case "o":
    case "u":
    case "x":
    case "X":
      return unsigned(item, numberArgument(state, value, position, given))
    default:
      return floating(item, numberArgument(state, value, position, given))
  }
}

export const stringFormat = (state: LuaState): LuaFunction =>
  builtin(
    "format",
    function (...args: LuaValue[]): string {
      const given = args.length
      const items = itemsOf(stringArgument(state, args[0], 1, given))
      let out = ""
      let position = 1
      for (let i = 0; i < items.length; i++) {
        const item = items[i]
        out += item.literal
        if (item.conversion === "") break
        position++
        if (position > given) throw state.badArgument(position, "no value")
        if (item.fault !== "") throw state.raise(item.fault)
        out += conversionText(state, item, args[position - 1], position, given)
      }
      return out
    },
    { cost: 100, returns: "string" },
  )
