/**
 * What compiled code calls by name. Each state has its own set, since all of it knows the state.
 */
import { parseNumber } from "../lib/numberParse.js"
import { numberText } from "../lib/numberText.js"
import { power } from "../lib/power.js"
import { LuaError } from "./LuaError.js"
import { CALL, DirectMetamethods, Metamethods, modulo } from "./Metamethods.js"
import type { Place, Site } from "./Site.js"
import { deepen, listOf, type LuaState, typeName } from "./State.js"
import { LuaFunction, LuaTable, type LuaValue, type Results, type Steps } from "./Value.js"

const NOTHING: LuaValue[] = []

/** The plain form of functions that have none. */
const none = (): never => {
  throw new Error("a function that can be suspended was called as if it could not")
}

/** Whether calling a value needs its generator form. */
const needsSteps = (value: LuaValue): boolean =>
  value instanceof LuaFunction
    ? value.g !== undefined
    : value instanceof LuaTable && value.metatable !== undefined

/** Whether a library function that is given this value may call Lua. */
const mayCall = (value: LuaValue): boolean =>
  value instanceof LuaFunction || (value instanceof LuaTable && value.metatable !== undefined)

/** The table `arg` of functions in the old style. */
const argTable = (values: LuaValue[]): LuaTable => {
  const table = LuaTable.of([...values])
  table.setText("n", values.length)
  return table
}

const lostKey = (state: LuaState): LuaError => state.bare("invalid key to 'next'")

const forNumberOver =
  (state: LuaState) =>
  (value: LuaValue, what: string, place: Place): number => {
    const number = typeof value === "string" ? parseNumber(value) : value
    if (typeof number === "number") return number
    const name = what === "initial" ? "initial value" : what
    throw new LuaError(`${state.where(place)}'for' ${name} must be a number`, place)
  }

const tableOver =
  (state: LuaState) =>
  (value: LuaValue, site: Site): LuaTable => {
    if (value instanceof LuaTable) return value
    state.at = site
    throw state.badArgument(1, `table expected, got ${typeName(value)}`)
  }

/** Calls what is no function: by its metatable, or not at all. */
const callsOver = (state: LuaState, metamethods: Metamethods) => {
  const handlerOf = (value: LuaValue, site: Site): LuaFunction => {
    const handler = state.metamethod(value, "__call")
    if (handler instanceof LuaFunction) return handler
    throw metamethods.callFailure(value, site.callee, site)
  }
  return {
    /** The plain form of a value's `__call`; undefined where there is none, or no plain one. */
    plainHandler(value: LuaValue): LuaFunction["p"] | undefined {
      const handler = state.metamethod(value, "__call")
      return handler instanceof LuaFunction && handler.g === undefined ? handler.p : undefined
    },
    *callOther(value: LuaValue, site: Site, ...args: LuaValue[]): Steps {
      const handler = handlerOf(value, site)
      if (handler.g === undefined) return handler.p(value, ...args)
      const depth = state.depth++
      const results =
        (depth & 127) === 127
          ? yield deepen(state, handler.g(value, ...args), site)
          : yield* handler.g(value, ...args)
      state.depth = depth
      return results
    },
    callPlain(value: LuaValue, site: Site, ...args: LuaValue[]): Results {
      if (value instanceof LuaFunction) {
        return value.g === undefined ? value.p(...args) : state.callNowFrom(site, value, args)
      }
      const handler = handlerOf(value, site)
      return state.callNowFrom(site, handler, [value, ...args])
    },
  }
}

/** The names that compiled code may use, in the order in which it takes them. */
export const support = (state: LuaState) => {
  const metamethods = new Metamethods(state)
  return {
    S: state,
    M: metamethods,
    N: new DirectMetamethods(state),
    G: state.globals,
    F: LuaFunction,
    T: LuaTable,
    E: NOTHING,
    C: CALL,
    list: listOf,
    numberText,
    modulo,
    power,
    deepen,
    none,
    needsSteps,
    mayCall,
    argTable,
    lostKey,
    forNumber: forNumberOver(state),
    tableOf: tableOver(state),
    ...callsOver(state, metamethods),
  }
}

export type Support = ReturnType<typeof support>
