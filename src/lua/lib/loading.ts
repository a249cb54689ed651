/**
 * loadstring and load: source to functions at run time.
 */
import { compile } from "../compile/Compiler.js"
import { functionArgument, optionalString, stringArgument } from "../run/Arguments.js"
import { builtin } from "../run/Builtin.js"
import { first, type LuaState, runToEnd } from "../run/State.js"
import type { LuaFunction, LuaValue, Results, Steps } from "../run/Value.js"
import { SyntaxFault } from "../syntax/Parser.js"

/** What compiling costs in fuel, for each byte. */
const BYTE_COST = 20

/** About what the code for a byte takes in memory. */
const BYTES_A_BYTE = 100

const loaded = (state: LuaState, source: string, name: string): Results => {
  state.charge(source.length * BYTE_COST)
  state.take(source.length * BYTES_A_BYTE)
  try {
    return compile(state, { source, name, library: false, cDepth: state.cDepth })
  } catch (error) {
    if (error instanceof SyntaxFault) return [undefined, error.text]
    throw error
  }
}

function* pieces(state: LuaState, reader: LuaValue, name: string): Steps {
  let source = ""
  for (;;) {
    const piece = first(yield* state.call(reader))
    if (piece === undefined || piece === "") return loaded(state, source, name)
    if (typeof piece !== "string" && typeof piece !== "number") {
      return [undefined, "reader function must return a string"]
    }
    source += piece
  }
}

export const loadingLibrary = (state: LuaState): LuaFunction[] => [
  builtin(
    "load",
    function (reader, name) {
      const f = functionArgument(state, reader, 1, arguments.length)
      return runToEnd(state, pieces(state, f, optionalString(state, name, 2, arguments.length, "=(load)")))
    },
    { calls: "always" },
    function (reader, name) {
      const f = functionArgument(state, reader, 1, arguments.length)
      return pieces(state, f, optionalString(state, name, 2, arguments.length, "=(load)"))
    },
  ),
  builtin("loadstring", function (text, name) {
    const source = stringArgument(state, text, 1, arguments.length)
    return loaded(state, source, optionalString(state, name, 2, arguments.length, source))
  }),
]
