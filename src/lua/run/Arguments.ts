/**
 * Arguments of library functions, checked as Lua's auxiliary library does it. `position` counts from 1; `given` is the
 * number of arguments, by which nil and nothing differ in the texts.
 */
import { parseNumber } from "../lib/numberParse.js"
import { numberText } from "../lib/numberText.js"
import { type LuaState, typeName } from "./State.js"
import { Coroutine, LuaFunction, LuaTable, type LuaValue } from "./Value.js"

const wrong = (state: LuaState, expected: string, value: LuaValue, position: number, given: number) =>
  state.badArgument(position, `${expected} expected, got ${position > given ? "no value" : typeName(value)}`)

/** A number, or a string that reads as one. */
export const numberArgument = (state: LuaState, value: LuaValue, position: number, given: number): number => {
  if (typeof value === "number") return value
  const number = typeof value === "string" ? parseNumber(value) : undefined
  if (number === undefined) throw wrong(state, "number", value, position, given)
  return number
}

export const optionalNumber = (
  state: LuaState,
  value: LuaValue,
  position: number,
  given: number,
  otherwise: number,
): number => (value === undefined ? otherwise : numberArgument(state, value, position, given))

/** What C makes of a double as a 64-bit integer; the result is still a double. */
export const toInteger = (n: number): number =>
  n >= -9223372036854775808 && n < 9223372036854775808 ? Math.trunc(n) + 0 : -9223372036854775808

/** A number as C's `int`: truncated, and cut to 32 bits. */
export const integerArgument = (state: LuaState, value: LuaValue, position: number, given: number): number =>
  int32(numberArgument(state, value, position, given))

export const int32 = (n: number): number =>
  n >= -9223372036854775808 && n < 9223372036854775808 ? Math.trunc(n) | 0 : 0

export const optionalInteger = (
  state: LuaState,
  value: LuaValue,
  position: number,
  given: number,
  otherwise: number,
): number => (value === undefined ? otherwise : integerArgument(state, value, position, given))

/** A string, or a number as its text. */
export const stringArgument = (state: LuaState, value: LuaValue, position: number, given: number): string => {
  if (typeof value === "string") return value
  if (typeof value === "number") return numberText(value)
  throw wrong(state, "string", value, position, given)
}

export const optionalString = (
  state: LuaState,
  value: LuaValue,
  position: number,
  given: number,
  otherwise: string,
): string => (value === undefined ? otherwise : stringArgument(state, value, position, given))

export const tableArgument = (
  state: LuaState,
  value: LuaValue,
  position: number,
  given: number,
): LuaTable => {
  if (value instanceof LuaTable) return value
  throw wrong(state, "table", value, position, given)
}

export const functionArgument = (
  state: LuaState,
  value: LuaValue,
  position: number,
  given: number,
): LuaFunction => {
  if (value instanceof LuaFunction) return value
  throw wrong(state, "function", value, position, given)
}

export const coroutineArgument = (state: LuaState, value: LuaValue, position: number): Coroutine => {
  if (value instanceof Coroutine) return value
  throw state.badArgument(position, "coroutine expected")
}

/** Anything but nothing. */
export const anyArgument = (state: LuaState, position: number, given: number): void => {
  if (position > given) throw state.badArgument(position, "value expected")
}
