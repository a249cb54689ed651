/**
 * Loops pay for their passes, however they are written, and give up their turn between two passes without a trace.
 */
import { describe, expect, it } from "vitest"
import { evaluate, sandbox } from "./Interpreter.js"

const loops: Readonly<Record<string, readonly [source: string, answer: string]>> = {
  "a numeric loop": ["local s=0 for i=1,100 do s=s+i*0.5 end return s..''", "2525"],
  "a step that is no constant": ["local s,d=0,-0.25 for i=25,0.5,d do s=s+i end return s..''", "1262.25"],
  while: [
    "local i,s=0,'' while i<100 do i=i+1 if i%10==0 then s=s..i end end return s",
    "102030405060708090100",
  ],
  "a condition that changes something": [
    "local t={} local function more() t[#t+1]=1 return #t<100 end while more() do end return #t..''",
    "100",
  ],
  repeat: ["local i=0 repeat local j=i i=i+1 until j==99 return i..''", "100"],
  "repeat with break": ["local i=0 repeat i=i+1 if i==77 then break end until false return i..''", "77"],
  "loops in loops": [
    "local n,s=0,0 for i=1,20 do for j=i,20 do if j==15 then break end n=n+1 s=s+i/j end end return n..' '..s",
    "120 73.458720330237",
  ],
  pairs: [
    "local t={} for i=1,90 do t['k'..i]=i end local s=0 for k,v in pairs(t) do s=s+v end return s..''",
    "4095",
  ],
  ipairs: [
    "local t={} for i=1,90 do t[i]=i end local s=0 for i,v in ipairs(t) do s=s+i*v end return s..''",
    "247065",
  ],
  return: ["local function f() for i=1,100 do if i==60 then return i end end end return f()..''", "60"],
  "closures over its variables": [
    "local fs,s={},0 for i=1,60 do local j=i*2 fs[i]=function() j=j+i return j end end for i=1,60 do s=s+fs[i]() end return s..''",
    "5490",
  ],
  "a variable that functions share": [
    "local n=0 local function up() n=n+1 end for i=1,50 do up() n=n+1 end return n..''",
    "100",
  ],
  "an error": [
    "local t={} for i=1,100 do t[i]=i if i==50 then return i..t.x.y end end",
    "index field 'x' (a nil value)",
  ],
}

const ticking = (source: string, fuel: number) => {
  let ticks = 0
  const state = sandbox(() => {
    ticks++
    return true
  })
  state.fuelATick = fuel
  const { reply } = evaluate(source, state)
  return { reply, ticks }
}

describe("loops", () => {
  for (const [name, [source, answer]] of Object.entries(loops)) {
    it(`${name}: the same with a turn at every pass, and paid for`, () => {
      expect(evaluate(source).reply).toContain(answer)
      for (const fuel of [1, 7]) expect(ticking(source, fuel).reply).toBe(evaluate(source).reply)
      expect(ticking(source, 10).ticks).toBeGreaterThanOrEqual(4)
    })
  }

  it("cannot be entered again and again without paying", () => {
    const source =
      "for i=1,1e3 do local ok=pcall(function() for j=1,9 do if j==9 then error() end end end) end return ''"
    expect(ticking(source, 10_000).ticks).toBeGreaterThan(10)
    const returning =
      "local function f() for j=1,99 do if j==98 then return j end end end for i=1,1e3 do f() end return ''"
    expect(ticking(returning, 10_000).ticks).toBeGreaterThanOrEqual(9)
  })
})
