/**
 * Errors and calls that catch them: error, assert, pcall, xpcall.
 *
 * pcall is Redis's: an error table with a string `err` comes back as that string.
 */
import { anyArgument, optionalInteger } from "../run/Arguments.js"
import { builtin } from "../run/Builtin.js"
import { LuaError } from "../run/LuaError.js"
import { C_LEVELS, first, type LuaState, runToEnd, typeName } from "../run/State.js"
import { OUTSIDE } from "../run/Site.js"
import { asLuaError } from "../run/Task.js"
import { plainText } from "../run/Text.js"
import { type LuaFunction, LuaTable, type LuaValue, type Results, type Steps } from "../run/Value.js"

/** What an error costs in fuel beside a call. */
const ERROR_COST = 500

/** The depth of calls at a place to which errors return. */
const mark = (state: LuaState) => {
  const { at, depth, cDepth, running } = state
  return (error: unknown): LuaValue => {
    const caught = asLuaError(error)
    if (!(caught instanceof LuaError)) throw error
    state.at = at
    state.depth = depth
    state.cDepth = cDepth
    state.running = running
    state.charge(ERROR_COST)
    return caught.value
  }
}

/** What pcall returns for an error: a table that is none of Redis's errors is followed by nil. */
const failure = (value: LuaValue): LuaValue[] => {
  if (!(value instanceof LuaTable)) return [false, value]
  const err = value.getText("err")
  return typeof err === "string" ? [false, err] : [false, value, undefined]
}

/**
 * What `error` throws. That function itself never returns, so the runtime neither learns about it nor compiles it, and
 * whatever it does by itself is slow.
 */
const errorOf = (state: LuaState, args: LuaValue[]): LuaError => {
  const [value, level] = args
  const n = level === undefined ? 1 : optionalInteger(state, level, 2, args.length, 1)
  if (typeof value !== "string" && typeof value !== "number") return new LuaError(value, state.at)
  if (n <= 0) return new LuaError(value, state.at)
  const where = n === 1 ? state.where() : state.whereAbove(n)
  return new LuaError(where + plainText(value), state.at)
}

const errors = (state: LuaState): LuaFunction[] => [
  builtin("error", (...args) => {
    throw errorOf(state, args)
  }),
  builtin("assert", function (...values) {
    anyArgument(state, 1, values.length)
    const [value, message] = values
    if (value !== undefined && value !== false) return values
    if (message === undefined) throw state.raise("assertion failed!")
    if (typeof message === "string" || typeof message === "number") throw state.raise(plainText(message))
    throw state.badArgument(2, `string expected, got ${typeName(message)}`)
  }),
]

const success = (results: Results): LuaValue[] =>
  Array.isArray(results) ? [true, ...results] : [true, results]

const protectedCall = (state: LuaState): LuaFunction =>
  builtin(
    "pcall",
    function (f, ...args) {
      anyArgument(state, 1, arguments.length)
      const caught = mark(state)
      const { at, depth, cDepth } = state
      try {
        // Made here, as `callNow` makes it, because functions that never return are never compiled by the runtime.
        const target = state.enterNow(OUTSIDE, f, args)
        const results = target.g === undefined ? target.p(...args) : runToEnd(state, target.g(...args))
        state.at = at
        state.depth = depth
        state.cDepth = cDepth
        return success(results)
      } catch (error) {
        return failure(caught(error))
      }
    },
    { calls: "always", through: [0], once: true },
    function* (f, ...args) {
      anyArgument(state, 1, arguments.length)
      const caught = mark(state)
      try {
        return success(yield* state.call(f, ...args))
      } catch (error) {
        return failure(caught(error))
      }
    },
  )

/** An error in the handler of an error leaves only this. */
const handlerFailure = (error: unknown, caught: (error: unknown) => LuaValue): LuaValue[] => {
  caught(error)
  return [false, "error in error handling"]
}

const handledCall = (state: LuaState): LuaFunction => {
  function* steps(args: LuaValue[]): Steps {
    if (args.length < 2) throw state.badArgument(2, "value expected")
    const [f, handler] = args
    const caught = mark(state)
    try {
      return success(yield* state.call(f))
    } catch (error) {
      const value = caught(error)
      const { cDepth } = state
      if (cDepth === C_LEVELS - 1) state.cDepth = C_LEVELS
      try {
        const result = first(yield* state.call(handler, value))
        state.cDepth = cDepth
        return [false, result]
      } catch (second) {
        return handlerFailure(second, caught)
      }
    }
  }
  return builtin(
    "xpcall",
    (...args) => runToEnd(state, steps(args)),
    { calls: "always" },
    (...args) => steps(args),
  )
}

export const protectedLibrary = (state: LuaState): LuaFunction[] => [
  ...errors(state),
  protectedCall(state),
  handledCall(state),
]
