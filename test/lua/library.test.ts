/**
 * Lines of Lua about the libraries, with the answers that redis-server 7.0.15 gave to them (testdata/lua/library.json,
 * pairs of line and answer). They run in order in one sandbox, as there: settings of cjson and the random numbers go on
 * from line to line. Where a redis-server is at hand it is asked again; `REDIX_CAPTURE=1` writes its answers down.
 */
import * as fs from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { compile, lock, makeState, start } from "../../src/lua/Lua.js"
import { LuaError } from "../../src/lua/run/LuaError.js"
import { type LuaState, unwatched } from "../../src/lua/run/State.js"
import { machine } from "../../src/lua/lib/strings/patternMatch.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { evaluate, sandbox } from "./Interpreter.js"

const file = fileURLToPath(new URL("../../testdata/lua/library.json", import.meta.url))

const stored: ReadonlyArray<readonly [line: string, answer: string]> = JSON.parse(
  fs.readFileSync(file, "utf8"),
)

/** A line is an expression, or statements that end in a return. What it gives, or its error, becomes one text. */
const program = (line: string): string => {
  const body = /\breturn\b/.test(line) ? line : `return ${line}`
  return (
    `local r = {pcall(function() ${body} end)} local o = {} for i = 1, table.maxn(r) do local v = r[i] ` +
    `o[i] = type(v) == 'string' and string.format('%q', v) or type(v) == 'table' and cjson.encode(v) or tostring(v) end ` +
    `return table.concat(o, ' ')`
  )
}

const answerHere = (state: LuaState, line: string): string => {
  const chunk = compile(state, program(line), "@user_script")
  if (typeof chunk === "string") return chunk
  try {
    const call = start(state, chunk, [])
    while (!call.run()) continue
    return String(call.results)
  } catch (error) {
    if (error instanceof LuaError) return String(error.value)
    throw error
  }
}

describe("the libraries of Lua", () => {
  it("answer as redis-server did", { timeout: 60_000 }, () => {
    const state = makeState()
    lock(state)
    const answers = stored.map(([line]) => [line, answerHere(state, line)])
    expect(answers).toEqual(stored)
  })
})

/** What redis-server would do for minutes, or with all the memory there is. */
const hostile: ReadonlyArray<readonly [line: string, error: string]> = [
  [`("a"):rep(30000):find(".-.-.-.-b")`, "user_script:1: pattern too complex"],
  [`("a"):rep(30):find(("a?"):rep(30) .. ("a"):rep(30))`, "pattern too complex"],
  [`("("):rep(1e5):find("%b()")`, "pattern too complex"],
  [`table.insert({}, -2^31, 1)`, "script runs too long in a call that cannot be suspended"],
  [`string.rep("x", 2^30)`, "not enough memory"],
  [`string.rep(string.rep("x", 1e6), 1e6)`, "not enough memory"],
  [`("x"):rep(1e6):gsub("x", ("y"):rep(1000))`, "not enough memory"],
  [`cmsgpack.pack(("x"):rep(3e8), ("x"):rep(3e8))`, "not enough memory"],
  [`cjson.encode_sparse_array(false, 0, 0) return cjson.encode({[2^30] = 1})`, "not enough memory"],
  [`cjson.decode_max_depth(2^31 - 1) return cjson.decode(("["):rep(1e6))`, "nested data structures (2501)"],
  [
    `cjson.encode_max_depth(2^31 - 1) local t = {} for i = 1, 1e5 do t = {t} end return cjson.encode(t)`,
    "(2501)",
  ],
]

describe("hostile calls of the libraries", () => {
  it("a pattern that is too complex may be tried again, but for less, and others have their turn each time", () => {
    const tried = 20
    const source = `local s = ("a"):rep(3000) for i = 1, ${tried} do pcall(s.find, s, ".-.-.-b") end return "done"`
    const { reply, turns } = evaluate(
      source,
      sandbox(() => true),
    )
    expect(reply).toBe("done")
    expect(turns).toBeGreaterThanOrEqual(tried - 1)
    expect(machine.steps).toBeLessThan(1_000_000)
  })

  for (const [line, error] of hostile) {
    it(`${line} is an error`, { timeout: 60_000 }, () => {
      const state = makeState()
      lock(state)
      expect(answerHere(state, line)).toContain(error)
    })
  }
})

describe("gsub that gives up its turn", () => {
  it("goes on where it was, whoever used the matcher meanwhile", () => {
    const state = makeState({ watch: { ...unwatched, tick: () => true } })
    const other = makeState()
    lock(state)
    lock(other)
    const chunk = compile(
      state,
      `return (("a1b2"):rep(30000):gsub("(%a)(%d)", function(letter, digit) return digit .. letter end))`,
      "@user_script",
    )
    if (typeof chunk === "string") throw new Error(chunk)
    const call = start(state, chunk, [])
    let turns = 0
    while (!call.run()) {
      turns++
      expect(answerHere(other, `string.match("xyz", "()()(.)$")`)).toBe('true 3 3 "z"')
    }
    expect(turns).toBeGreaterThan(2)
    expect(call.results).toBe("1a2b".repeat(30000))
  })
})

describeOracle("the stored answers", () => {
  it("are those of redis-server", { timeout: 60_000 }, () =>
    withOracle({}, async (oracle) => {
      const client = await oracle.connect()
      const answers: (readonly [string, string])[] = []
      for (const [line] of stored) {
        const reply = (await client.command("EVAL", Buffer.from(program(line), "latin1"), "0")).toString(
          "latin1",
        )
        answers.push([line, reply.replace(/^\$\d+\r\n|^-ERR | script: [0-9a-f]{40}.*|\r\n$/gs, "")])
      }
      client.close()
      if (process.env["REDIX_CAPTURE"] === "1") {
        fs.writeFileSync(file, `[\n${answers.map((pair) => JSON.stringify(pair)).join(",\n")}\n]\n`)
      } else expect(answers).toEqual(stored)
    }),
  )
})
