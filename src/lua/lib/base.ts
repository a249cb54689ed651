/**
 * The basic library: types, raw access, traversal, conversion.
 */
import {
  anyArgument,
  integerArgument,
  numberArgument,
  optionalInteger,
  tableArgument,
} from "../run/Arguments.js"
import { builtin } from "../run/Builtin.js"
import { parseNumber } from "./numberParse.js"
import { first, type LuaState, typeName } from "../run/State.js"
import { plainText } from "../run/Text.js"
import { type LuaFunction, LuaTable, type LuaValue } from "../run/Value.js"

/** Values that fit Lua's stack, so that `unpack` of more is an error. */
const UNPACKED_MAX = 8000

const NONE: LuaValue[] = []

const typeOf = (state: LuaState) =>
  builtin(
    "type",
    function (value) {
      anyArgument(state, 1, arguments.length)
      return typeName(value)
    },
    { returns: "string" },
  )

const rawAccess = (state: LuaState): LuaFunction[] => [
  builtin(
    "rawequal",
    function (a, b) {
      anyArgument(state, 1, arguments.length)
      anyArgument(state, 2, arguments.length)
      return a === b
    },
    { returns: "boolean" },
  ),
  builtin(
    "rawget",
    function (table, key) {
      const t = tableArgument(state, table, 1, arguments.length)
      anyArgument(state, 2, arguments.length)
      return t.get(key)
    },
    { returns: "value" },
  ),
  builtin(
    "rawset",
    function (table, key, value) {
      const t = tableArgument(state, table, 1, arguments.length)
      anyArgument(state, 2, arguments.length)
      anyArgument(state, 3, arguments.length)
      if (t.readonly) throw state.bare("Attempt to modify a readonly table")
      if (key === undefined || key !== key)
        throw state.bare(`table index is ${key === undefined ? "nil" : "NaN"}`)
      t.set(key, value)
      return t
    },
    { returns: "value" },
  ),
]

const metatables = (state: LuaState): LuaFunction[] => [
  builtin(
    "getmetatable",
    function (value) {
      anyArgument(state, 1, arguments.length)
      const meta =
        value instanceof LuaTable ? value.metatable : typeof value === "string" ? state.strings : undefined
      return meta?.getText("__metatable") ?? meta
    },
    { returns: "value" },
  ),
  builtin(
    "setmetatable",
    function (value, meta) {
      const t = tableArgument(state, value, 1, arguments.length)
      if (arguments.length < 2 || (meta !== undefined && !(meta instanceof LuaTable))) {
        throw state.badArgument(2, "nil or table expected")
      }
      if (t.metatable?.getText("__metatable") !== undefined)
        throw state.raise("cannot change a protected metatable")
      if (t.readonly) throw state.bare("Attempt to modify a readonly table")
      t.metatable = meta
      return t
    },
    { returns: "value" },
  ),
]

const traversal = (state: LuaState): LuaFunction[] => {
  const next = builtin("next", function (table, key) {
    const t = tableArgument(state, table, 1, arguments.length)
    const position = key === undefined ? -1 : t.positionOf(key)
    if (position === -2) throw state.bare("invalid key to 'next'")
    const after = t.advance(position)
    return after < 0 ? undefined : [t.keyAt(after), t.valueAt(after)]
  })
  const step = builtin("", function (table, index) {
    const i = integerArgument(state, index, 2, arguments.length) + 1
    const value = tableArgument(state, table, 1, arguments.length).getNumber(i)
    return value === undefined ? NONE : [i, value]
  })
  return [
    next,
    builtin("pairs", function (table) {
      return [next, tableArgument(state, table, 1, arguments.length), undefined]
    }),
    builtin("ipairs", function (table) {
      return [step, tableArgument(state, table, 1, arguments.length), 0]
    }),
  ]
}

const selection = (state: LuaState): LuaFunction[] => [
  builtin("select", function (which, ...values) {
    if (typeof which === "string" && which.startsWith("#")) return values.length
    const n = integerArgument(state, which, 1, arguments.length)
    const from = n < 0 ? values.length + n : n - 1
    if (n === 0 || from < 0) throw state.badArgument(1, "index out of range")
    return values.slice(from)
  }),
  builtin("unpack", function (table, start, end) {
    const t = tableArgument(state, table, 1, arguments.length)
    const from = optionalInteger(state, start, 2, arguments.length, 1)
    const to = end === undefined ? t.length() : integerArgument(state, end, 3, arguments.length)
    if (from > to) return NONE
    const count = to - from + 1
    if (count + arguments.length > UNPACKED_MAX) throw state.raise("too many results to unpack")
    state.charge(count)
    state.take(count * 8)
    const values: LuaValue[] = []
    for (let i = 0; i < count; i++) values.push(t.getNumber(from + i))
    return values
  }),
]

const digitOf = (char: string): number => {
  const digit = Number.parseInt(char, 36)
  return digit === digit ? digit : 99
}

/** An integer as strtoul reads it: white space, a sign, for base 16 also "0x". */
const integerText = (text: string, base: number): number | undefined => {
  const found = /^[ \t-\r]*([+-]?)(?:(0[xX])(?=[\da-fA-F]))?([\da-zA-Z]+)[ \t-\r]*$/.exec(text)
  if (found === null) return undefined
  const digits = found[2] !== undefined && base !== 16 ? `0x${found[3]}` : found[3]
  let value = 0n
  for (const char of digits) {
    const digit = digitOf(char)
    if (digit >= base) return undefined
    value = value * BigInt(base) + BigInt(digit)
  }
  if (value >= 1n << 64n) return 2 ** 64
  return Number(found[1] === "-" && value > 0n ? (1n << 64n) - value : value)
}

const toNumber = (state: LuaState) =>
  builtin(
    "tonumber",
    function (value, base) {
      const radix = optionalInteger(state, base, 2, arguments.length, 10)
      if (radix === 10) {
        anyArgument(state, 1, arguments.length)
        return typeof value === "string" ? parseNumber(value) : typeof value === "number" ? value : undefined
      }
      if (typeof value !== "string" && typeof value !== "number")
        numberOrString(state, value, arguments.length)
      if (radix < 2 || radix > 36) throw state.badArgument(2, "base out of range")
      return integerText(typeof value === "string" ? value : plainText(value), radix)
    },
    { returns: "value" },
  )

const numberOrString = (state: LuaState, value: LuaValue, given: number): never => {
  throw state.badArgument(1, `string expected, got ${given === 0 ? "no value" : typeName(value)}`)
}

const toText = (state: LuaState) => {
  const handlerOf = (value: LuaValue): LuaValue => state.metamethod(value, "__tostring")
  return builtin(
    "tostring",
    function (value) {
      anyArgument(state, 1, arguments.length)
      const handler = handlerOf(value)
      return handler === undefined ? plainText(value) : first(state.callNow(handler, value))
    },
    { returns: "value", calls: "metatables", through: [0] },
    function* (value) {
      anyArgument(state, 1, arguments.length)
      const handler = handlerOf(value)
      return handler === undefined ? plainText(value) : first(yield* state.call(handler, value))
    },
  )
}

const memory = (state: LuaState): LuaFunction[] => [
  builtin(
    "collectgarbage",
    function (what, amount) {
      const option = what === undefined ? "collect" : what
      if (typeof option !== "string" && typeof option !== "number") {
        throw state.badArgument(1, `string expected, got ${typeName(what)}`)
      }
      if (amount !== undefined) numberArgument(state, amount, 2, arguments.length)
      switch (option) {
        case "collect":
        case "stop":
        case "restart":
          return 0
        case "count":
          return KILOBYTES
        case "step":
          return false
        case "setpause":
        case "setstepmul":
          return 200
        default:
          throw state.badArgument(1, `invalid option '${plainText(option)}'`)
      }
    },
    { returns: "value" },
  ),
  builtin("gcinfo", () => KILOBYTES, { returns: "number" }),
]

/** What a sandbox reports as its memory: there is none of its own to count. */
const KILOBYTES = 32

export const baseLibrary = (state: LuaState): LuaFunction[] => [
  typeOf(state),
  ...rawAccess(state),
  ...metatables(state),
  ...traversal(state),
  ...selection(state),
  toNumber(state),
  toText(state),
  ...memory(state),
]
