/**
 * `string.find`, `match`, `gmatch` (and its old name `gfind`): patternMatch.ts put to use.
 */
import { numberArgument, stringArgument, toInteger } from "../../run/Arguments.js"
import { builtin } from "../../run/Builtin.js"
import type { LuaState } from "../../run/State.js"
import { LuaFunction, type LuaValue, type Results } from "../../run/Value.js"
import { isPlainText, patternCode } from "./patternCode.js"
import { machine, matchEnd, search } from "./patternMatch.js"

/** The captures of the last match, or the whole of it when the pattern has none. */
export const captured = (start: number, end: number): Results => {
  const count = machine.captures
  if (count <= 1) return machine.capture(0, start, end)
  const values: LuaValue[] = []
  for (let i = 0; i < count; i++) values.push(machine.capture(i, start, end))
  return values
}

/** The optional third argument as an index into the subject, held to its ends. */
const startArgument = (state: LuaState, value: LuaValue, given: number, length: number): number => {
  if (value === undefined) return 0
  const position = toInteger(numberArgument(state, value, 3, given))
  const at = (position < 0 ? Math.max(position + length + 1, 0) : position) - 1
  return at < 0 ? 0 : at > length ? length : at
}

const find = (state: LuaState): LuaFunction =>
  builtin(
    "find",
    function (subject: LuaValue, pattern: LuaValue, init: LuaValue, plain: LuaValue): Results {
      const given = arguments.length
      const s = stringArgument(state, subject, 1, given)
      const p = stringArgument(state, pattern, 2, given)
      const from = startArgument(state, init, given, s.length)
      if ((plain !== undefined && plain !== false) || isPlainText(p)) {
        const at = s.indexOf(p, from)
        state.charge((at < 0 ? s.length : at) >> 6)
        return at < 0 ? undefined : [at + 1, at + p.length]
      }
      const start = search(state, patternCode(p, true), s, from)
      machine.pay()
      if (start < 0) return undefined
      const values: LuaValue[] = [start + 1, matchEnd]
      for (let i = 0; i < machine.captures; i++) values.push(machine.capture(i, start, matchEnd))
      return values
    },
    { cost: 50 },
  )

const match = (state: LuaState): LuaFunction =>
  builtin(
    "match",
    function (subject: LuaValue, pattern: LuaValue, init: LuaValue): Results {
      const given = arguments.length
      const s = stringArgument(state, subject, 1, given)
      const p = stringArgument(state, pattern, 2, given)
      const start = search(state, patternCode(p, true), s, startArgument(state, init, given, s.length))
      machine.pay()
      return start < 0 ? undefined : captured(start, matchEnd)
    },
    { cost: 50 },
  )

const gmatch = (state: LuaState, name: string): LuaFunction =>
  builtin(
    name,
    function (subject: LuaValue, pattern: LuaValue): Results {
      const given = arguments.length
      const s = stringArgument(state, subject, 1, given)
      const code = patternCode(stringArgument(state, pattern, 2, given), false)
      let from = 0
      return new LuaFunction(
        () => {
          if (from > s.length) return []
          const start = search(state, code, s, from)
          machine.pay()
          if (start < 0) {
            from = s.length + 1
            return []
          }
          from = matchEnd > start ? matchEnd : matchEnd + 1
          return captured(start, matchEnd)
        },
        undefined,
        undefined,
        { name: "gmatch_aux", cost: 50 },
      )
    },
    { cost: 50, returns: "value" },
  )

export const stringSearches = (state: LuaState): ReadonlyArray<LuaFunction> => [
  find(state),
  gmatch(state, "gfind"),
  gmatch(state, "gmatch"),
  match(state),
]
