/**
 * The functions of `string` that need neither patterns nor formats.
 *
 * Strings are bytes: upper and lower change ASCII letters only. A result is measured before it is made: what would be
 * longer than a JavaScript string can be is `not enough memory`, as it is in Lua when memory ends.
 */
import { integerArgument, numberArgument, stringArgument, toInteger } from "../../run/Arguments.js"
import { builtin } from "../../run/Builtin.js"
import { type LuaState, typeName } from "../../run/State.js"
import { LuaFunction, type LuaValue, type Results } from "../../run/Value.js"

/** V8's longest string. */
export const TEXT_LENGTH_MAX = 2 ** 29 - 24

/** What is built piece by piece is made flat whenever this much has come together, so that the pieces can go. */
export const PIECE_LENGTH = 16_384

/** The same text; V8 copies what it is made of into one when a character is asked for. */
export const flat = (text: string): string => {
  text.charCodeAt(0)
  return text
}

/** Values that one call can leave on Lua's stack. */
const RESULTS_MAX = 7_999

/** A position counted from the end where negative. */
const fromEnd = (position: number, length: number): number => {
  const p = position < 0 ? position + length + 1 : position
  return p >= 0 ? p : 0
}

/** Argument `position` as a place in a text of `length`. */
const place = (state: LuaState, value: LuaValue, position: number, given: number, length: number): number =>
  fromEnd(toInteger(numberArgument(state, value, position, given)), length)

const byte = (state: LuaState): LuaFunction =>
  builtin(
    "byte",
    function (text: LuaValue, from: LuaValue, to: LuaValue): Results {
      const given = arguments.length
      const s = stringArgument(state, text, 1, given)
      let start = from === undefined ? 1 : place(state, from, 2, given, s.length)
      let end = to === undefined ? start : place(state, to, 3, given, s.length)
      if (start <= 0) start = 1
      if (end > s.length) end = s.length
      if (start > end) return []
      if (start === end) return s.charCodeAt(start - 1)
      if (end - start + 1 > RESULTS_MAX) throw state.raise("stack overflow (string slice too long)")
      const values: LuaValue[] = []
      state.take((end - start) * 8)
      for (let i = start - 1; i < end; i++) values.push(s.charCodeAt(i))
      return values
    },
    { cost: 5 },
  )

const codeArgument = (state: LuaState, value: LuaValue, position: number, given: number): number => {
  const code = integerArgument(state, value, position, given)
  if (code >>> 0 > 255) throw state.badArgument(position, "invalid value")
  return code
}

const char = (state: LuaState): LuaFunction =>
  builtin(
    "char",
    function (...codes: LuaValue[]): string {
      const given = codes.length
      let text = ""
      for (let i = 0; i < given; i++) text += String.fromCharCode(codeArgument(state, codes[i], i + 1, given))
      return text
    },
    { cost: 5, returns: "string" },
  )

const len = (state: LuaState): LuaFunction =>
  builtin(
    "len",
    function (text: LuaValue): number {
      return stringArgument(state, text, 1, arguments.length).length
    },
    { returns: "number" },
  )

const ASCII = /^[\0-\x7f]*$/

/** A function from text to text that pays for its length. */
const textual = (state: LuaState, name: string, change: (text: string) => string): LuaFunction =>
  builtin(
    name,
    function (text: LuaValue): string {
      const s = stringArgument(state, text, 1, arguments.length)
      state.charge(s.length >> 4)
      state.take(s.length * 2)
      return change(s)
    },
    { cost: 20, returns: "string" },
  )

const lowered = (s: string): string =>
  ASCII.test(s) ? s.toLowerCase() : s.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())

const uppered = (s: string): string =>
  ASCII.test(s) ? s.toUpperCase() : s.replace(/[a-z]+/g, (letters) => letters.toUpperCase())

const reversed = (s: string): string => Buffer.from(s, "latin1").reverse().toString("latin1")

const rep = (state: LuaState): LuaFunction =>
  builtin(
    "rep",
    function (text: LuaValue, count: LuaValue): string {
      const given = arguments.length
      const s = stringArgument(state, text, 1, given)
      const times = integerArgument(state, count, 2, given)
      if (times <= 0) return ""
      const length = s.length * times
      if (length > TEXT_LENGTH_MAX) throw state.bare("not enough memory")
      state.charge(length / 64)
      state.take(length)
      return s.repeat(times)
    },
    { cost: 20, returns: "string" },
  )

const sub = (state: LuaState): LuaFunction =>
  builtin(
    "sub",
    function (text: LuaValue, from: LuaValue, to: LuaValue): string {
      const given = arguments.length
      const s = stringArgument(state, text, 1, given)
      const start = place(state, from, 2, given, s.length)
      const end = to === undefined ? s.length : place(state, to, 3, given, s.length)
      return end < start ? "" : s.substring(start - 1, end)
    },
    { cost: 5, returns: "string" },
  )

/** What a binary chunk of Lua 5.1 on x86-64 starts with. Nothing can load one: `loadstring` refuses them. */
const BINARY_HEADER = "\x1bLuaQ\0\x01\x04\x08\x04\x08\0"

const dump = (state: LuaState): LuaFunction =>
  builtin(
    "dump",
    function (value: LuaValue): string {
      if (!(value instanceof LuaFunction)) {
        const got = arguments.length === 0 ? "no value" : typeName(value)
        throw state.badArgument(1, `function expected, got ${got}`)
      }
      if (value.info !== undefined) throw state.raise("unable to dump given function")
      return BINARY_HEADER
    },
    { returns: "string" },
  )

/** In the order in which Lua registers them, with those of stringFind.ts, stringReplace.ts and stringFormat.ts between. */
export const stringBasics = (state: LuaState): ReadonlyArray<LuaFunction> => [
  byte(state),
  char(state),
  dump(state),
  len(state),
  textual(state, "lower", lowered),
  rep(state),
  textual(state, "reverse", reversed),
  sub(state),
  textual(state, "upper", uppered),
]
