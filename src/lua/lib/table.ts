/**
 * The table library. All of it is raw: metatables matter only to the order of `sort`.
 */
import {
  functionArgument,
  integerArgument,
  optionalInteger,
  optionalString,
  tableArgument,
} from "../run/Arguments.js"
import { builtin, library } from "../run/Builtin.js"
import { numberText } from "./numberText.js"
import { first, type LuaState, runToEnd, TOO_LONG, typeName } from "../run/State.js"
import type { LuaFunction, LuaTable, LuaValue, Steps } from "../run/Value.js"
import { Sort, sortSimply } from "./sort.js"

const NOTHING: LuaValue[] = []

/** What a call costs that goes over a table. */
const WALK_COST = 100
/** Places below the first that an insertion goes over. */
const EMPTY_PLACES_MAX = 1e6

const writable = (state: LuaState, table: LuaTable): LuaTable => {
  if (table.readonly) throw state.bare("Attempt to modify a readonly table")
  return table
}

const joining = (state: LuaState): LuaFunction =>
  builtin(
    "concat",
    function (table, separator, start, end) {
      const between = optionalString(state, separator, 2, arguments.length, "")
      const t = tableArgument(state, table, 1, arguments.length)
      const from = optionalInteger(state, start, 3, arguments.length, 1)
      const to = end === undefined ? t.length() : integerArgument(state, end, 4, arguments.length)
      let text = ""
      for (let i = from; i <= to; i++) {
        const value = t.getNumber(i)
        if (typeof value !== "string" && typeof value !== "number") {
          throw state.raise(`invalid value (${typeName(value)}) at index ${i} in table for 'concat'`)
        }
        if (i > from) text += between
        text += typeof value === "string" ? value : numberText(value)
      }
      if (to > from) state.charge(to - from)
      state.take(text.length * 2)
      return text
    },
    { returns: "string", cost: WALK_COST },
  )

const editing = (state: LuaState): LuaFunction[] => [
  builtin(
    "insert",
    function (table, place, value) {
      const t = tableArgument(state, table, 1, arguments.length)
      const end = t.length() + 1
      if (arguments.length === 2) {
        writable(state, t).setNumber(end, place)
        return NOTHING
      }
      if (arguments.length !== 3) throw state.raise("wrong number of arguments to 'insert'")
      const position = integerArgument(state, place, 2, arguments.length)
      writable(state, t)
      // Lua moves nil from place to place, for a minute down to the least integer.
      if (position < -EMPTY_PLACES_MAX) throw state.bare(TOO_LONG)
      const last = Math.max(position, end)
      state.charge(last - position)
      for (let i = last; i > position; i--) t.setNumber(i, t.getNumber(i - 1))
      t.setNumber(position, value)
      return NOTHING
    },
    { cost: WALK_COST },
  ),
  builtin(
    "remove",
    function (table, place) {
      const t = tableArgument(state, table, 1, arguments.length)
      const end = t.length()
      const position = optionalInteger(state, place, 2, arguments.length, end)
      if (position < 1 || position > end) return NOTHING
      writable(state, t)
      const value = t.getNumber(position)
      state.charge(end - position)
      for (let i = position; i < end; i++) t.setNumber(i, t.getNumber(i + 1))
      t.setNumber(end, undefined)
      return value
    },
    { cost: WALK_COST },
  ),
]

const sizes = (state: LuaState): LuaFunction[] => [
  builtin(
    "getn",
    function (table) {
      return tableArgument(state, table, 1, arguments.length).length()
    },
    { returns: "number" },
  ),
  builtin(
    "maxn",
    function (table) {
      const t = tableArgument(state, table, 1, arguments.length)
      let max = 0
      for (let p = t.advance(-1); p >= 0; p = t.advance(p)) {
        const key = t.keyAt(p)
        if (typeof key === "number" && key > max) max = key
      }
      return max
    },
    { returns: "number", cost: WALK_COST },
  ),
  builtin("setn", function (table) {
    tableArgument(state, table, 1, arguments.length)
    throw state.raise("'setn' is obsolete")
  }),
]

const visiting = (state: LuaState): LuaFunction[] => {
  function* foreach(t: LuaTable, f: LuaValue): Steps {
    let position = -1
    let key: LuaValue
    while ((position = t.follow(position, key)) >= 0) {
      if (--state.fuel < 0 && state.tick()) yield undefined
      key = t.keyAt(position)
      const result = first(yield* state.call(f, key, t.valueAt(position)))
      if (result !== undefined) return result
    }
    return NOTHING
  }
  function* foreachi(t: LuaTable, f: LuaValue): Steps {
    const count = t.length()
    for (let i = 1; i <= count; i++) {
      if (--state.fuel < 0 && state.tick()) yield undefined
      const result = first(yield* state.call(f, i, t.getNumber(i)))
      if (result !== undefined) return result
    }
    return NOTHING
  }
  const declare = (name: string, steps: (t: LuaTable, f: LuaValue) => Steps): LuaFunction => {
    const checked = (args: LuaValue[]): Steps =>
      steps(tableArgument(state, args[0], 1, args.length), functionArgument(state, args[1], 2, args.length))
    return builtin(
      name,
      (...args) => runToEnd(state, checked(args)),
      { calls: "always", through: [1] },
      (...args) => checked(args),
    )
  }
  return [declare("foreach", foreach), declare("foreachi", foreachi)]
}

const sorting = (state: LuaState): LuaFunction => {
  function* sort(args: LuaValue[]): Steps {
    const [table, order] = args
    const t = tableArgument(state, table, 1, args.length)
    const count = t.length()
    if (order !== undefined) functionArgument(state, order, 2, args.length)
    else if (sortSimply(t, count)) {
      state.charge(count * 4)
      return NOTHING
    }
    yield* new Sort(state, t, order).sort(count)
    return NOTHING
  }
  return builtin(
    "sort",
    (...args) => runToEnd(state, sort(args)),
    { calls: "always", cost: WALK_COST },
    (...args) => sort(args),
  )
}

export const tableLibrary = (state: LuaState): LuaTable => {
  const [foreach, foreachi] = visiting(state)
  const [getn, maxn, setn] = sizes(state)
  const [insert, remove] = editing(state)
  return library([joining(state), foreach, foreachi, getn, maxn, insert, remove, setn, sorting(state)])
}
