/**
 * The face of the room: globals that change from run to run, host functions, calls in turns, libraries of functions.
 */
import { describe, expect, it } from "vitest"
import { compile, guard, lock, makeState, RunGlobal, start } from "../../src/lua/Lua.js"
import { builtin, library } from "../../src/lua/run/Builtin.js"
import { LuaError } from "../../src/lua/run/LuaError.js"
import { type LuaState, unwatched } from "../../src/lua/run/State.js"
import { LuaFunction, LuaTable, type LuaValue, type Results } from "../../src/lua/run/Value.js"

const run = (state: LuaState, f: LuaFunction, args: LuaValue[] = []): Results => {
  const call = start(state, f, args)
  while (!call.run());
  return call.results
}

const chunk = (state: LuaState, source: string, options = {}): LuaFunction => {
  const main = compile(state, source, "@user_script", options)
  if (typeof main === "string") throw new Error(main)
  return main
}

const failure = (run: () => unknown): LuaValue => {
  try {
    run()
  } catch (error) {
    if (error instanceof LuaError) return error.value
    throw error
  }
  return "no error"
}

const host = (watch = unwatched): LuaState => {
  const state = makeState({ watch })
  const calls = builtin("call", (...args) => {
    if (args.length === 0) throw state.raise("nothing to call")
    return [...args].reverse()
  })
  state.globals.setText("redis", library([calls], [["VERSION", 7]]))
  lock(state)
  return state
}

describe("a sandbox", () => {
  it("runs a chunk many times, with globals of each run", () => {
    const state = host()
    const keys = new RunGlobal(state, "KEYS")
    keys.set(LuaTable.of(["a"]), false)
    const main = chunk(state, "local k = KEYS[1] local function f() return k .. #KEYS end return f()")
    expect(run(state, main)).toBe("a1")
    keys.set(LuaTable.of(["b", "c"]), false)
    expect(run(state, main)).toBe("b2")
    const byName = chunk(state, "return rawget(_G, 'KE' .. 'YS')[1] .. loadstring('return #KEYS')()")
    keys.set(LuaTable.of(["d", "e", "f"]), true)
    expect(run(state, byName)).toBe("d3")
  })

  it("calls host functions, by any name, and shows their errors where they are called", () => {
    const state = host()
    const main = chunk(state, "local rcall = redis.call\nreturn rcall(1, 2), redis.call('x'), redis.VERSION")
    expect(run(state, main)).toEqual([2, "x", 7])
    expect(failure(() => run(state, chunk(state, "\nredis.call()")))).toBe("user_script:2: nothing to call")
    const caught = chunk(state, "return pcall(redis.call)")
    expect(run(state, caught)).toEqual([false, "nothing to call"])
  })

  it("cannot be changed", () => {
    const state = host()
    const text = "user_script:1: Attempt to modify a readonly table"
    for (const source of [
      "x = 1",
      "redis.call = 1",
      "function foo() end",
      "string.x = 1",
      "getmetatable(_G).__index = 1",
    ]) {
      expect(
        failure(() => run(state, chunk(state, source))),
        source,
      ).toBe(text)
    }
  })

  it("calls a function that a chunk returned, in turns, with the upvalues it had", () => {
    let yields = false
    const state = host({ ...unwatched, tick: () => yields })
    const f = run(
      state,
      chunk(state, "local n = 0 return function(k) for i = 1, 100 do n = n + k end return n end"),
    )
    expect(f).toBeInstanceOf(LuaFunction)
    if (!(f instanceof LuaFunction)) return
    yields = true
    state.fuelATick = 7
    const call = start(state, f, [2])
    let turns = 0
    while (!call.run()) turns++
    expect(turns).toBeGreaterThan(10)
    expect(call.results).toBe(200)
    expect(run(state, f, [1])).toBe(300)
  })

  it("loads a library with other globals than it runs with", () => {
    const state = host()
    const registered: LuaValue[] = []
    const register = builtin("register_function", (...args) => {
      registered.push(...args)
      return []
    })
    const api = library([register])
    state.loading = guard(state, new LuaTable(0, 1))
    state.loading.setText("redis", api)
    const source = "redis.register_function('f', function(k) return redis.call(k, string.upper('a')) end)"
    run(state, chunk(state, source, { library: true }))
    const [name, f] = registered
    expect(name).toBe("f")
    expect(f instanceof LuaFunction && run(state, f, ["x"])).toEqual(["A", "x"])
    const early = chunk(state, "local up = string.upper", { library: true })
    expect(failure(() => run(state, early))).toBe(
      "user_script:1: Script attempted to access nonexistent global variable 'string'",
    )
  })
})
