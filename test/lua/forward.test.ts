/** Functions that are defined behind the declaration of their variable, in every way they can be reached before. */
import { describe, expect, it } from "vitest"
import { emit } from "../../src/lua/compile/Compiler.js"
import { evaluate, inTurns, sandbox } from "./Interpreter.js"

const programs: Readonly<Record<string, readonly [source: string, answer: string]>> = {
  "one that calls itself": [
    "local f f=function(n) if n<2 then return n end return f(n-1)+f(n-2) end return f(20)..''",
    "6765",
  ],
  "two that call each other": [
    "local odd local function even(n) if n==0 then return true end return odd(n-1) end " +
      "function odd(n) if n==0 then return false end return even(n-1) end return tostring(even(77))..tostring(odd(77))",
    "falsetrue",
  ],
  "two that change what is around them": [
    "local t,down={} local up=function(n) t[#t+1]=n if n<5 then return down(n+1) end return n end " +
      "down=function(n) t[#t+1]=-n return up(n+1) end return up(1)..table.concat(t,',')",
    "51,-2,3,-4,5",
  ],
  "one that is kept in a table before it is there": [
    "local n,g=0 local t={f=function(x) while x>0 do n=n+1 x=x-1 end return g end} " +
      "g=function(x) n=n+x for i=1,3 do n=n+i end return n end return t.f(3)(4)..' '..tostring(g==t.f(0))",
    "13 true",
  ],
  "one that counts in a variable they share": [
    "local c,b=0 local function a(n) for i=1,n do c=c+1 end return n>0 and b(n-1) or c end " +
      "b=function(n) for i=1,n do c=c+10 end return n>0 and a(n-1) or c end return a(6)..' '..b(5)",
    "102 198",
  ],
  "one in every pass of a loop": [
    "local s='' for i=1,3 do local g local function f(n) return n==0 and i or g(n-1) end g=function(n) return f(n) end s=s..f(2) end return s",
    "123",
  ],
  "one that is called too early": [
    "local g local function f() return g() end local ok,e=pcall(f) g=function() return 1 end return e..f()",
    "user_script:1: attempt to call upvalue 'g' (a nil value)1",
  ],
  "one that is assigned twice": [
    "local g local function f() return g() end g=function() return 1 end local a=f() g=function() return 2 end return a..f()",
    "12",
  ],
  "one that is assigned by another": [
    "local g local function set() g=function() return 3 end end set() return g()..''",
    "3",
  ],
  "one with a metatable between": [
    "local g local t=setmetatable({},{__index=function(_,k) return g and g(k) or 'none' end}) local early=t.x " +
      "g=function(k) return k..k end return early..t.x",
    "nonexx",
  ],
}

describe("functions that are defined after their variable", () => {
  for (const [name, [source, answer]] of Object.entries(programs)) {
    it(name, () => {
      expect(evaluate(source).reply).toContain(answer)
      expect(inTurns(source).reply).toBe(evaluate(source).reply)
    })
  }

  it("are called directly", () => {
    const [source] = programs["two that call each other"]
    const { text } = emit(sandbox(), { source, name: "@user_script", library: false, cDepth: 0 })
    expect(text).not.toContain("instanceof F")
  })
})
