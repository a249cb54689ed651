/**
 * Programs whose metatables are written out with plain functions call them at once, in loops that run in one piece; those
 * of other programs can be suspended. Results, errors, lines and turns are the same.
 */
import { describe, expect, it } from "vitest"
import { emit } from "../../src/lua/compile/Compiler.js"
import { evaluate, inTurns, sandbox } from "./Interpreter.js"

const plain: Readonly<Record<string, readonly [source: string, answer: string]>> = {
  __index: [
    "local t=setmetatable({},{__index=function(t,k) return k*2 end}) local s=0 for i=1,50 do s=s+t[i] end return s..''",
    "2550",
  ],
  __newindex: [
    "local n=0 local t=setmetatable({},{__newindex=function(t,k,v) n=n+v end}) for i=1,50 do t[i]=i end return n..''",
    "1275",
  ],
  arithmetic: [
    "local V={} V.__index=V V.__add=function(a,b) return setmetatable({x=a.x+b.x},V) end V.__unm=function(a) return setmetatable({x=-a.x},V) end " +
      "local a,b=setmetatable({x=1},V),setmetatable({x=2},V) for i=1,50 do a=a+b a=-a end return a.x..''",
    "1",
  ],
  comparison: [
    "local V={__eq=function(a,b) return a.x==b.x end,__lt=function(a,b) return a.x<b.x end} local a,b=setmetatable({x=1},V),setmetatable({x=2},V) " +
      "return tostring(a<b)..tostring(a<=b)..tostring(a>b)..tostring(a==b)..tostring(a~=b)",
    "truetruefalsefalsetrue",
  ],
  concatenation: [
    "local t=setmetatable({},{__concat=function(a,b) return 'c' end}) return (t..1)..(2 ..t)",
    "cc",
  ],
  "an error in a handler": [
    "local t=setmetatable({},{__index=function(t,k)\nreturn k.x.y end})\nlocal ok,e=pcall(function() return t.a end) return e",
    "user_script:2: attempt to index field 'x' (a nil value)",
  ],
  "an error at the operator": [
    "local t=setmetatable({},{__add=function(a,b)\nerror('no',2) end})\nlocal ok,e=pcall(function()\nreturn t+1 end) return e",
    "user_script:4: no",
  ],
  "a handler of the library": ["local t=setmetatable({},{__index=rawget}) return tostring(t.x)", "nil"],
  "handlers that call each other": [
    "local m={} m.__index=function(t,k) return setmetatable({},m)[k] end local ok,e=pcall(function() return setmetatable({},m).x end) return e",
    "C stack overflow",
  ],
  "a yield in a handler": [
    "local t=setmetatable({},{__index=function() coroutine.yield(1) end}) local ok,e=coroutine.resume(coroutine.create(function() return t.x end)) return e",
    "attempt to yield across metamethod/C-call boundary",
  ],
  "arguments that fail before the call does": [
    "local t,f=setmetatable({},{}),true local ok,e=pcall(function() return f({[nil]=1}) end) return e",
    "table index is nil",
  ],
  __call: [
    "local c=setmetatable({},{__call=function(self,x,y) return y,x end}) return table.concat({c(1,2)},',')",
    "2,1",
  ],
}

describe("metatables", () => {
  for (const [name, [source, answer]] of Object.entries(plain)) {
    it(`${name}: the same whole and in turns`, () => {
      expect(evaluate(source).reply).toContain(answer)
      expect(inTurns(source).reply).toBe(evaluate(source).reply)
    })
  }

  it("of plain functions need no yield", () => {
    const [source] = plain["arithmetic"]
    const { text } = emit(sandbox(), { source, name: "@user_script", library: false, cDepth: 0 })
    expect(text.split("yield").length).toBe(2)
  })

  it("that keep a plain function busy for ever end it with an error", () => {
    const source =
      "local m={} m.__add=function(a,b) local c=a.n>0 and setmetatable({n=a.n-1},m) or 0 return (c+c)+(c+c) end return setmetatable({n=100},m)+1"
    const state = sandbox(() => true)
    expect(evaluate(source, state).reply).toContain("script runs too long in a call that cannot be suspended")
  })
})
