/** Calls from C within each other, of each kind, up to Lua's limit and beyond; each program as redis-server runs it. */
import { expect, it } from "vitest"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { comparable, evaluate, inTurns, unframed } from "./Interpreter.js"

/** Writes down what happens; `n` counts calls. */
const PRELUDE =
  "local O,n={},0 local function W(...) local o={} for i=1,select('#',...) do o[i]=tostring((select(i,...))) end O[#O+1]=table.concat(o,',') end "

/** Calls itself until a call fails, and there does what is given. */
const deepest = (what: string): string =>
  `local function g() n=n+1 local ok,e=pcall(g) if not ok then W(n,e) ${what} end end g()`

const recursion = (call: string): string => `local function g() n=n+1 ${call} end W(pcall(g)) W(n)`

const metamethod = (event: string, use: string): string =>
  `local t t=setmetatable({},{${event}=function() n=n+1 ${use} end}) W(pcall(function() ${use} end)) W(n)`

const programs: Readonly<Record<string, string>> = {
  pcall: deepest(""),
  "pcall of pcall":
    "local function g() n=n+1 local a,b,e=pcall(pcall,g) if not (a and b) then W(n,a,b,e) end end g()",
  xpcall:
    "local function g() n=n+1 local ok,e=xpcall(g,function(m) W('h',n,m,pcall(tostring,'x')) return m end) if not ok then W(n,e) end end g()",
  "a handler without end":
    "local function g() n=n+1 local ok,e=xpcall(g,function(m) local function h() n=n+1 string.gsub('a','a',h) end h() end) if not ok then W(n,e) end end g()",
  "table.sort": recursion("table.sort({1,2},g)"),
  "table.foreach": recursion("table.foreach({1},g)"),
  "table.foreachi": recursion("table.foreachi({1},g)"),
  "string.gsub": recursion("string.gsub('a','a',g)"),
  "coroutine.wrap": recursion("coroutine.wrap(g)()"),
  "coroutine.resume": recursion("return coroutine.resume(coroutine.create(g))"),
  "resume and pcall": recursion("return coroutine.resume(coroutine.create(function() W(pcall(g)) end))"),
  "an iterator": recursion("for _ in g do end"),
  __index: metamethod("__index", "return t.x"),
  __newindex: metamethod("__newindex", "t.x=1"),
  __add: metamethod("__add", "return t+1"),
  "__add with a loop": metamethod("__add", "for i=1,2 do if i>3 then break end end return t+1"),
  __unm: metamethod("__unm", "return -t"),
  __concat: metamethod("__concat", "return t..1"),
  __lt: metamethod("__lt", "return t<t"),
  __le: metamethod("__le", "return t<=t"),
  __tostring: metamethod("__tostring", "return tostring(t)"),
  "__call in pcall":
    "local t t=setmetatable({},{__call=function() n=n+1 local ok,e=pcall(t) if not ok then W(n,e) end end}) W(pcall(t)) W(n)",
  "an assertion at the limit": deepest("W(pcall(assert,false))"),
  "iterators at the limit": deepest(
    "W(pcall(function() for k in pairs({1}) do W(k) end end)) for k in pairs({1}) do W(k) end for k in ipairs({1}) do W(k) end for k in string.gmatch('ab','.') do W(k) end",
  ),
  "a parser at the limit": deepest("W(loadstring('return ((((1))))'))"),
  "sorting at the limit": deepest(
    "local t={2,1} W(pcall(table.sort,t)) W(pcall(table.sort,t,function(a,b) return a<b end)) table.sort(t,function(a,b) return a<b end) W(t[1])",
  ),
  "coroutines at the limit": `
    local begun=coroutine.create(function(a) local x=coroutine.yield(a) W('in',x) local y=coroutine.yield(10) W('in again',y) return 3 end)
    local fresh=coroutine.create(function(a) return 3 end)
    local wrapped=coroutine.wrap(function(a) return 3 end)
    W(coroutine.resume(begun,'s'))
    ${deepest(`W(coroutine.resume(coroutine.create(function()
      for _,co in ipairs({begun,fresh}) do for i=1,2 do W(coroutine.resume(co,'deep','more')) W(coroutine.status(co)) end end
      wrapped() end)))`)}
    for i=1,3 do W(coroutine.resume(begun,'again')) W(coroutine.status(begun)) end
    W(pcall(wrapped)) W(coroutine.status(fresh))`,
  "a yield of an iterator":
    "local co=coroutine.wrap(function() for x in function() return coroutine.yield(5) end do W('x',x) end return 'end' end) W(pcall(co)) W(pcall(co,1))",
  "a yield that is an iterator":
    "local co=coroutine.wrap(function() for x in coroutine.yield do W('x',x) end return 'end' end) W(pcall(co)) W(pcall(co,1))",
  "a yield in the body of a loop":
    "local co=coroutine.wrap(function() for x in string.gmatch('abc','.') do coroutine.yield(x) end return 'end' end) W(co()) W(co()) W(co()) W(co())",
  "levels of syntax in a script": `W(loadstring('return ${"(".repeat(197)}1${")".repeat(197)}')())`,
  "one level of syntax too many": `W(loadstring('return ${"(".repeat(198)}1${")".repeat(198)}'))`,
  "names of chunks":
    "local long=('x'):rep(100) for _,name in ipairs({'='..long,'@'..long,long,'a\\n'..long}) do W(loadstring('return +',name)) W(pcall(loadstring('return nil+1',name))) end",
  "levels of syntax in a call": `W(pcall(loadstring,'return ${"(".repeat(197)}1${")".repeat(197)}'))`,
}

describeOracle("calls from C as redis-server nests them", () => {
  for (const [name, body] of Object.entries(programs))
    it(name, () =>
      withOracle({}, async (oracle) => {
        const client = await oracle.connect()
        const source = `${PRELUDE}${body} return table.concat(O,'|')`
        const theirs = comparable(unframed(await client.command("EVAL", source, "0")))
        expect(comparable(evaluate(source).reply)).toBe(theirs)
        expect(comparable(inTurns(source).reply)).toBe(theirs)
        client.close()
      }),
    )
})
