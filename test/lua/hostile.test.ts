/**
 * Scripts that mean harm, or are only wrong: each must end in an error, at the latest when it is killed, and leave the
 * state fit for the next.
 */
import { describe, expect, it } from "vitest"
import type { LuaState, Watch } from "../../src/lua/run/State.js"
import { evaluate, sandbox } from "./Interpreter.js"

const KILLED = "Script killed by user with SCRIPT KILL..."

/** Gives up the turn at every tick, and from the hundredth on throws, as a kill does. */
const killing = (): Watch["tick"] => {
  let ticks = 0
  return (state: LuaState) => {
    if (++ticks > 100) throw state.interrupt(KILLED)
    return true
  }
}

const endless: Readonly<Record<string, string>> = {
  "an empty loop": "while true do end",
  "a loop that repeats": "repeat until false",
  "a long numeric loop": "for i=1,1e18 do end",
  "a loop in pcall": "while true do pcall(function() while true do end end) end",
  "recursion through pcall": "local function f() while true do pcall(f) end end f()",
  "errors caught for ever": "while true do pcall(error,'x') end",
  "a comparator": "table.sort({3,2,1},function() while true do end end)",
  "a comparator that is no order":
    "while true do pcall(table.sort,{3,2,1,5,4,6},function() return true end) end",
  "a replacement": "string.gsub('x','x',function() while true do end end)",
  "an __index handler": "return setmetatable({},{__index=function() while true do end end}).x",
  "an __add handler": "return setmetatable({},{__add=function() while true do end end})+1",
  "an __eq handler":
    "local m={__eq=function() while true do end end} return setmetatable({},m)==setmetatable({},m)",
  "an __lt handler in sort":
    "local m={__lt=function() while true do end end} table.sort({setmetatable({},m),setmetatable({},m)})",
  "a __call handler": "setmetatable({},{__call=function() while true do end end})()",
  "a __tostring handler": "tostring(setmetatable({},{__tostring=function() while true do end end}))",
  "a coroutine": "coroutine.wrap(function() while true do end end)()",
  "coroutines for ever": "while true do coroutine.wrap(function() coroutine.yield() end)() end",
  "an iterator": "for x in function() return 1 end do end",
  loadstring: "loadstring('while true do end')()",
  "a loader": "load(function() return ' ' end)",
  foreach: "table.foreach({1},function() while true do end end)",
  xpcall: "while true do xpcall(function() while true do end end,function() while true do end end) end",
  "two functions that call each other":
    "local a,b function a(n) return n and b(n)+1 end function b(n) return a(n)+1 end while true do pcall(a,1) end",
}

const failing: Readonly<Record<string, readonly [source: string, text: string]>> = {
  "recursion without end": ["local function f() return 1+f() end return f()", "stack overflow"],
  "recursion in a value": ["local f f=function() return 1+f() end return f()", "stack overflow"],
  "mutual recursion": [
    "local a,b function a() return 1+b() end function b() return 1+a() end return a()",
    "stack overflow",
  ],
  "recursion through a table": [
    "local t={} t.f=function(x) return 1+t.f(x) end return t.f(1)",
    "stack overflow",
  ],
  "recursion of methods": ["local t={} function t:f() return 1+self:f() end return t:f()", "stack overflow"],
  "pcall in pcall": ["local function f() return select(2,pcall(f)) end error(f(),0)", "C stack overflow"],
  "metamethods in metamethods": [
    "local m={} m.__index=function(t,k) return setmetatable({},m)[k] end return setmetatable({},m).x",
    "C stack overflow",
  ],
  "coroutines in coroutines": [
    "local function f() return coroutine.wrap(f)() end return f()",
    "C stack overflow",
  ],
  "a chain of tables": [
    "local t={} for i=1,200 do t=setmetatable({},{__index=t}) end return t.x",
    "loop in gettable",
  ],
  "a string that doubles": ["local s='x' while true do s=s..s end", "not enough memory"],
  "a string too long in a plain function": [
    "local s=string.rep('x',2^27) return s..s..s..s..s..s",
    "not enough memory",
  ],
  "brackets nested deeply": [
    `return ${"(".repeat(300)}1${")".repeat(300)}`,
    "chunk has too many syntax levels",
  ],
  "tables nested deeply": [`return ${"{".repeat(300)}${"}".repeat(300)}`, "chunk has too many syntax levels"],
  "functions nested deeply": [
    `${"return function() ".repeat(250)}${"end ".repeat(250)}`,
    "chunk has too many syntax levels",
  ],
}

describe("hostile scripts", () => {
  it("long chains compile, or are refused", () => {
    const chains: ReadonlyArray<readonly [count: number, text: (count: number) => string, value: string]> = [
      [300, (n) => `local a=1 return tostring(a${"+a".repeat(n)})`, "301"],
      [300, (n) => `local t={} t.t=t return tostring(t${".t".repeat(n)}==t)`, "true"],
      [
        300,
        (n) => `local function f() return 1 end local a=0 ${"a=a+f() ".repeat(n)} return tostring(a)`,
        "300",
      ],
      [
        300,
        (n) => `local a=${n} ${"if a==0 then a=1 else".repeat(n)}if a then end return tostring(a)`,
        "300",
      ],
    ]
    for (const [count, text, value] of chains) {
      expect(evaluate(text(count)).reply).toBe(value)
      const { reply } = evaluate(text(50_000))
      const refused = reply.endsWith("user_script:1: function or expression too complex")
      expect(refused || !reply.startsWith("-"), `${text(1)}: ${reply.slice(0, 200)}`).toBe(true)
    }
  })

  for (const [name, source] of Object.entries(endless)) {
    it(`${name} can be killed`, () => {
      const kill = killing()
      let spared = false
      const state = sandbox((running) => !spared && kill(running))
      const { reply } = evaluate(source, state)
      expect(reply).toContain(KILLED)
      expect(reply).toMatch(/, on (@user_script|while true do end|=\(load\)| ):1\.$/)
      spared = true
      expect(evaluate("return tostring(1+1)", state).reply).toBe("2")
    })
  }

  for (const [name, [source, text]] of Object.entries(failing)) {
    it(`${name} is an error`, () => {
      const state = sandbox(() => true)
      const { reply } = evaluate(source, state)
      expect(reply.startsWith("-ERR ")).toBe(true)
      expect(reply).toContain(text)
      expect(evaluate("return tostring(1+1)", state).reply).toBe("2")
    })
  }

  it("names of JavaScript are only names", () => {
    const words =
      "constructor prototype __proto__ eval arguments this new class yield await let S M G F T E C K B list"
    for (const word of words.split(" ")) {
      const source = `local ${word} = "v" local function f(${word}) return ${word} end local t = {${word} = ${word}} return f(t.${word})`
      expect(evaluate(source).reply, word).toBe("v")
    }
  })

  it("texts cannot leave their literals", () => {
    const texts = [
      '"+process.exit()+"',
      "`${1}`",
      '\\"',
      "*/process.exit()/*",
      "\u2028".slice(0, 0) + "\x00\xff",
      "\r\n",
    ]
    for (const text of texts) {
      const literal = [...text].map((c) => `\\${String(c.charCodeAt(0)).padStart(3, "0")}`).join("")
      expect(evaluate(`local t = {["${literal}"] = "${literal}"} return t["${literal}"]`).reply).toBe(text)
    }
  })
})
