/**
 * Recursive functions that only compute run in a plain form, within a budget. Whatever becomes of it, nobody can tell:
 * results, errors, turns and kills are as if there were only generators.
 */
import { describe, expect, it } from "vitest"
import { compile, start } from "../../src/lua/Lua.js"
import { LuaError } from "../../src/lua/run/LuaError.js"
import { LuaFunction } from "../../src/lua/run/Value.js"
import { evaluate, sandbox } from "./Interpreter.js"

const FIB = "local function fib(n) if n<2 then return n end return fib(n-1)+fib(n-2) end "
const SUM = "local function sum(n) if n==0 then return 0 end return n+sum(n-1) end "

const reply = (source: string): string => evaluate(source).reply

const ticks = (source: string): number => {
  let count = 0
  const state = sandbox(() => {
    count++
    return false
  })
  evaluate(source, state)
  return count
}

describe("recursive functions that only compute", () => {
  it("give what they give, within the budget and far beyond it", () => {
    expect(reply(`${FIB} return fib(10)..' '..fib(23)`)).toBe("55 28657")
    expect(reply(`${SUM} return sum(100)..' '..sum(3999)..' '..sum(4001)..' '..sum(18000)`)).toBe(
      "5050 7998000 8006001 162009000",
    )
    expect(
      reply(
        "local function f(n,...) if n==0 then return 1,nil,3 end return f(n-1) end return f(9)..select('#',f(3))",
      ),
    ).toBe("13")
  })

  it("are tried with all that a few milliseconds allow", () => {
    const tree = "local function make(d) if d==0 then return {} end return {make(d-1),make(d-1)} end "
    const count =
      "local function count(t) if t[1]==nil then return 1 end return 1+count(t[1])+count(t[2]) end "
    expect(ticks(`${tree}${count} return count(make(12))..''`)).toBeLessThan(3)
    const words = "local function f(n,s) if n==0 then return s end return f(n-1,string.reverse(s)) end "
    expect(ticks(`local s=string.rep('ab',1e4) ${words} return #f(5000,s)..''`)).toBeGreaterThan(10)
  })

  it("fail with the same errors, on the same lines", () => {
    expect(
      reply(`local function f(n)\nif n==0 then\nreturn n.x end\nreturn 1+f(n-1) end return f(50)`),
    ).toContain("user_script:3: attempt to index local 'n' (a number value)")
    expect(reply(`${SUM} return sum(25000)`)).toContain("user_script:1: stack overflow")
    expect(reply(`${SUM} local ok,e=pcall(sum,'x') return e`)).toBe(
      "user_script:1: attempt to perform arithmetic on local 'n' (a string value)",
    )
  })

  it("see and change what is theirs alone", () => {
    const writes = "local t={n=0} local function f(n) t.n=t.n+1 if n==0 then return n.x end return f(n-1) end"
    expect(reply(`${writes} local ok=pcall(f,30) return ''..t.n`)).toBe("31")
    const assigns = "local c=0 local function f(n) c=c+1 if n==0 then return n.x end return f(n-1) end"
    expect(reply(`${assigns} local ok=pcall(f,30) return ''..c`)).toBe("31")
    const draws = "local function f(n) if n==0 then return math.random() end return f(n-1) end"
    expect(reply(`math.randomseed(0) ${draws} return ''..f(5)`)).toBe(
      reply("math.randomseed(0) return ''..math.random()"),
    )
  })

  it("pay for what they do, and can be killed", () => {
    expect(ticks(`${FIB} return fib(25)`)).toBeGreaterThan(2)
    const endless = "local function f(n) while true do n=n+1 end return f(n) end return f(1)"
    const state = sandbox((running) => {
      throw running.interrupt("killed")
    })
    const main = compile(state, endless, "@user_script")
    if (!(main instanceof LuaFunction)) throw new Error(main)
    expect(() => start(state, main).run()).toThrow(LuaError)
  })
})
