/**
 * The face of the room: sandboxes of Lua 5.1 as Redis has it, and programs in them.
 *
 *     const state = makeState({ random, watch })     libraries registered, globals open
 *     state.globals.setText("redis", library([..]))  what the host adds
 *     lock(state)                                    readonly from here on
 *     const chunk = compile(state, source, "@user_script")
 *     if (typeof chunk === "string") the error's text
 *     else { const call = start(state, chunk, []); while (!call.run()) ..; call.results }
 *
 * `run` answers false when the state's watch asked for control. It throws a LuaError; anything else is a defect. One state
 * runs one call at a time.
 */
import { builtin } from "./run/Builtin.js"
import { LuaError } from "./run/LuaError.js"
import { C_CALLS_OF_HOST, type LuaState } from "./run/State.js"
import { OUTSIDE } from "./run/Site.js"
import { asLuaError, Task } from "./run/Task.js"
import { plainText } from "./run/Text.js"
import { type LuaFunction, LuaTable, type LuaValue, type Results } from "./run/Value.js"

export { compile, makeState } from "./Sandbox.js"

/** Makes a table readonly, and reading from it what is not there an error. */
export const guard = (state: LuaState, table: LuaTable): LuaTable => {
  const meta = new LuaTable(0, 1)
  meta.setText(
    "__index",
    builtin("__index", (_, name) => {
      throw state.raise(`Script attempted to access nonexistent global variable '${plainText(name)}'`)
    }),
  )
  meta.readonly = true
  table.metatable = meta
  table.readonly = true
  return table
}

/** Guards the globals, and makes all libraries in them readonly. */
export const lock = (state: LuaState): void => {
  const { globals } = state
  if (state.strings !== undefined) state.strings.readonly = true
  for (let p = globals.advance(-1); p >= 0; p = globals.advance(p)) {
    const value = globals.valueAt(p)
    if (value instanceof LuaTable) value.readonly = true
  }
  guard(state, globals)
}

/** A global that is set anew for each run, readonly globals or not. The compiler does not take it for a constant. */
export class RunGlobal {
  private readonly slot: number

  constructor(
    private readonly state: LuaState,
    private readonly name: string,
  ) {
    this.slot = state.slots.push(undefined) - 1
    state.perRun.set(name, this.slot)
    state.globals.setText(name, undefined)
  }

  /** @param listed code may look among the globals for it, by a name made at run time */
  set(value: LuaValue, listed: boolean): void {
    this.state.slots[this.slot] = value
    if (listed) this.state.globals.setText(this.name, value)
  }
}

/** A call that may take several turns. */
export class Call {
  results: Results = undefined
  private task: Task | undefined

  constructor(
    private readonly state: LuaState,
    private readonly f: LuaFunction,
    private readonly args: LuaValue[],
  ) {}

  /** Whether the call has ended. */
  run(): boolean {
    try {
      return this.advance()
    } catch (error) {
      throw this.placed(asLuaError(error))
    }
  }

  private advance(): boolean {
    const { f } = this
    if (f.g === undefined) {
      this.results = f.p(...this.args)
      return true
    }
    this.task ??= new Task(f.g(...this.args))
    if (!this.task.run()) return false
    this.results = this.task.results
    return true
  }

  /** A limit of JavaScript is met somewhere; the last call is the best that is known of where. */
  private placed(error: unknown): unknown {
    const nowhere = error instanceof LuaError && error.place === OUTSIDE
    return nowhere ? new LuaError(error.value, this.state.at) : error
  }
}

/** Prepares a call; the state must not be running another. */
export const start = (state: LuaState, f: LuaFunction, args: LuaValue[] = []): Call => {
  state.at = OUTSIDE
  state.depth = 0
  state.cDepth = C_CALLS_OF_HOST
  state.waste = 0
  state.exhausted = 0
  state.running = undefined
  state.interrupted = undefined
  state.fuel = state.fuelATick
  return new Call(state, f, args)
}
