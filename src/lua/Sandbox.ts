/**
 * The larger half of the room: the compiler and the libraries. It is loaded when it is first called, in the package by
 * `.build/core.mjs`, so that a server that runs no script does not pay for it. Only `Lua.ts` imports it.
 */
import { callers, compile as compileChunk } from "./compile/Compiler.js"
import { baseLibrary } from "./lib/base.js"
import { bitLibrary } from "./lib/bitLibrary.js"
import { cjsonLibrary } from "./lib/encoding/cjsonLibrary.js"
import { cmsgpackLibrary } from "./lib/encoding/cmsgpackLibrary.js"
import { coroutineLibrary } from "./lib/coroutine.js"
import { loadingLibrary } from "./lib/loading.js"
import { mathLibrary } from "./lib/mathLibrary.js"
import { protectedLibrary } from "./lib/protected.js"
import { LuaRandom } from "./lib/random.js"
import { stringLibrary } from "./lib/strings/stringLibrary.js"
import { structLibrary } from "./lib/encoding/structLibrary.js"
import { tableLibrary } from "./lib/table.js"
import { LuaState, unwatched, type Watch } from "./run/State.js"
import { type LuaFunction, LuaTable } from "./run/Value.js"
import { SyntaxFault } from "./syntax/Parser.js"

interface StateOptions {
  /** The generator behind math.random, which several states may share. */
  readonly random?: LuaRandom
  /** Limits what programs take; default: nobody does. */
  readonly watch?: Watch
}

/** A state with all libraries, its globals still open. */
export const makeState = (options: StateOptions = {}): LuaState => {
  const state = new LuaState(options.watch ?? unwatched, callers)
  const { globals } = state
  globals.setText("_G", globals)
  globals.setText("_VERSION", "Lua 5.1")
  for (const f of [...baseLibrary(state), ...protectedLibrary(state), ...loadingLibrary(state)]) {
    if (f.info !== undefined) globals.setText(f.info.name, f)
  }
  const strings = stringLibrary(state)
  state.strings = new LuaTable(0, 1)
  state.strings.setText("__index", strings)
  globals.setText("coroutine", coroutineLibrary(state))
  globals.setText("table", tableLibrary(state))
  globals.setText("string", strings)
  globals.setText("math", mathLibrary(state, options.random ?? new LuaRandom()))
  globals.setText("cjson", cjsonLibrary(state))
  globals.setText("struct", structLibrary(state))
  globals.setText("cmsgpack", cmsgpackLibrary(state))
  globals.setText("bit", bitLibrary(state))
  return state
}

interface CompileOptions {
  /** A library of functions: its main function sees the globals of `state.loading` while it is loaded. */
  readonly library?: boolean
}

/** The main function of a chunk, or the text of what is wrong with it; its name is as Lua has it: `@user_script`. */
export const compile = (
  state: LuaState,
  source: string,
  name: string,
  options: CompileOptions = {},
): LuaFunction | string => {
  try {
    return compileChunk(state, { source, name, library: options.library ?? false, cDepth: 0 })
  } catch (error) {
    if (error instanceof SyntaxFault) return error.text
    throw error
  }
}
