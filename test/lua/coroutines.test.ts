/** Coroutines resumed and yielding in every way, whole and in turns. */
import { describe, expect, it } from "vitest"
import { emit } from "../../src/lua/compile/Compiler.js"
import { evaluate, inTurns, sandbox } from "./Interpreter.js"

const programs: Readonly<Record<string, readonly [source: string, answer: string]>> = {
  "values both ways": [
    "local co=coroutine.wrap(function(a,b) while true do a,b=coroutine.yield(a+b,a-b) end end) " +
      "local s='' for i=1,3 do local x,y=co(i,1) s=s..x..','..y..' ' end return s",
    "2,0 3,1 4,2 ",
  ],
  "a yield deep in calls": [
    "local function down(n) if n==0 then return coroutine.yield('deep') end return 1+down(n-1) end " +
      "local co=coroutine.create(function() return down(300) end) local _,d=coroutine.resume(co) local _,r=coroutine.resume(co,5) return d..r",
    "deep305",
  ],
  "one in another": [
    "local inner=coroutine.wrap(function() for i=1,3 do coroutine.yield(i) end return 'end' end) " +
      "local outer=coroutine.wrap(function() while true do coroutine.yield(inner()) end end) return outer()..outer()..outer()..outer()",
    "123end",
  ],
  "an error behind a yield": [
    "local co=coroutine.create(function()\ncoroutine.yield()\nlocal x=nil+1 end) coroutine.resume(co) local ok,e=coroutine.resume(co) return e..coroutine.status(co)",
    "user_script:3: attempt to perform arithmetic on a nil valuedead",
  ],
  "no coroutine": ["local ok,e=pcall(function() coroutine.yield(1) end) return e", "attempt to yield across"],
  "a yield of several results": [
    "local function two() return 1,2 end local co=coroutine.wrap(function() return coroutine.yield(0,two()) end) return select('#',co())..select('#',co(7,8,9))",
    "33",
  ],
}

describe("coroutines", () => {
  for (const [name, [source, answer]] of Object.entries(programs)) {
    it(name, () => {
      expect(evaluate(source).reply).toContain(answer)
      expect(inTurns(source).reply).toBe(evaluate(source).reply)
    })
  }

  it("yield without a generator of the library", () => {
    const [source] = programs["values both ways"]
    expect(emit(sandbox(), { source, name: "@user_script", library: false, cDepth: 0 }).text).toContain(
      "yield S.yielding",
    )
  })
})
