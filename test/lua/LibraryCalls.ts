/**
 * Calls of library functions, made twice: directly, with Lua values made in JavaScript, and by redis-server, which gets
 * the same call as a line of Lua. Both answers are written in one notation and compared as texts.
 *
 *     ["string.find", ["abc", "b", 1, true]]     T n2;n2;            two numbers
 *     ["string.rep", ["x"]]                      F s<length>:<text>; the error
 *
 * Tables are given as lists of keys and values (`table(...)`), entered one by one into an empty table by both. Of a table
 * with tables for keys only their number is compared: their order is that of addresses.
 */
import { LuaError } from "../../src/lua/run/LuaError.js"
import { LuaState } from "../../src/lua/run/State.js"
import {
  LuaFunction,
  LuaTable,
  type LuaValue,
  type Results,
  type TableKey,
  Userdata,
} from "../../src/lua/run/Value.js"
import { bitLibrary } from "../../src/lua/lib/bitLibrary.js"
import { cjsonLibrary } from "../../src/lua/lib/encoding/cjsonLibrary.js"
import { cmsgpackLibrary } from "../../src/lua/lib/encoding/cmsgpackLibrary.js"
import { mathLibrary } from "../../src/lua/lib/mathLibrary.js"
import { generalText } from "../../src/lua/lib/numberText.js"
import { LuaRandom } from "../../src/lua/lib/random.js"
import { stringLibrary } from "../../src/lua/lib/strings/stringLibrary.js"
import { structLibrary } from "../../src/lua/lib/encoding/structLibrary.js"
import type { RawClient } from "../support/RawClient.js"

/** A table by its keys and values in turn. */
export class TableOf {
  constructor(readonly entries: ReadonlyArray<Argument>) {}
}

export type Argument = undefined | boolean | number | string | TableOf

export type LibraryCall = readonly [name: string, args: ReadonlyArray<Argument>]

export const table = (...entries: ReadonlyArray<Argument>): TableOf => new TableOf(entries)

export const list = (...values: ReadonlyArray<Argument>): TableOf =>
  new TableOf(values.flatMap((value, index) => [index + 1, value]))

// As Lua --------------------------------------------------------------------------------------------------------------

const textLiteral = (text: string): string =>
  '"' + text.replace(/[^ !#-[\]-~]/g, (c) => "\\" + c.charCodeAt(0).toString().padStart(3, "0")) + '"'

const numberLiteral = (x: number): string => {
  if (x !== x) return "(0/0)"
  if (x === Infinity) return "(1/0)"
  if (x === -Infinity) return "(-1/0)"
  // Not as a constant: Lua keeps one constant for 0 and -0, whichever comes first.
  if (Object.is(x, -0)) return "(-Z)"
  return x < 0 ? `(${x})` : `${x}`
}

export const literal = (value: Argument): string => {
  if (value === undefined) return "nil"
  if (typeof value === "string") return textLiteral(value)
  if (typeof value === "number") return numberLiteral(value)
  if (typeof value === "boolean") return String(value)
  return `T(${value.entries.map(literal).join(",")})`
}

export const callText = ([name, args]: LibraryCall): string => `${name}(${args.map(literal).join(",")})`

/** What Lua needs to write its answers; all on one line, so that every error is on line 1. */
const prelude = `
local Z=0
local function T(...) local t={} for i=1,select('#',...),2 do t[(select(i,...))]=(select(i+1,...)) end return t end
local function S(v) local k=type(v)
if k=='string' then return 's'..#v..':'..v..';' end
if k=='number' then return 'n'..(v~=v and '-nan' or string.format('%.17g',v))..';' end
if k=='table' then local o={'{'} local u=0 for a,b in pairs(v) do u=u+(type(a)=='table' and 1 or 0) o[#o+1]=S(a)..S(b) end
o[#o+1]='};' return u>0 and '{?'..#o..'};' or table.concat(o) end
if k=='boolean' then return tostring(v)..';' end
return k..';' end
local function R(ok,...) local o={ok and 'T ' or 'F '} for i=1,select('#',...) do o[#o+1]=S((select(i,...))) end return table.concat(o) end
`.replaceAll("\n", " ")

/** Calls that fit one script: each is a function of its own, of which a script can hold many. */
const CALLS_A_SCRIPT = 50

/** What redis-server answers to each of the calls, in order. */
export const oracleAnswers = async (
  client: RawClient,
  calls: ReadonlyArray<LibraryCall>,
): Promise<ReadonlyArray<string>> => {
  const answers: string[] = []
  for (let i = 0; i < calls.length; i += CALLS_A_SCRIPT) {
    const part = calls.slice(i, i + CALLS_A_SCRIPT)
    const body = part.map((call) => `R(pcall(function() return ${callText(call)} end))`).join(",")
    const reply = (await client.command("EVAL", `${prelude} return {${body}}`, "0")).toString("latin1")
    answers.push(...bulks(reply, part.length))
  }
  return answers
}

const bulks = (reply: string, count: number): ReadonlyArray<string> => {
  if (!reply.startsWith(`*${count}\r\n`)) throw new Error(`unexpected reply: ${reply.slice(0, 300)}`)
  const texts: string[] = []
  let at = reply.indexOf("\n") + 1
  for (let i = 0; i < count; i++) {
    const end = reply.indexOf("\n", at)
    const length = Number(reply.slice(at + 1, end))
    texts.push(reply.slice(end + 1, end + 1 + length))
    at = end + 1 + length + 2
  }
  return texts
}

// Directly ------------------------------------------------------------------------------------------------------------

const toLua = (value: Argument): LuaValue => {
  if (!(value instanceof TableOf)) return value
  const made = new LuaTable()
  for (let i = 0; i < value.entries.length; i += 2) {
    const key = toLua(value.entries[i])
    if (key !== undefined) made.set(key as TableKey, toLua(value.entries[i + 1]))
  }
  return made
}

const answerOf = (value: LuaValue): string => {
  if (typeof value === "string") return `s${value.length}:${value};`
  if (typeof value === "number") return `n${generalText(value, 17)};`
  if (typeof value === "boolean") return `${value};`
  if (value instanceof LuaTable) {
    const parts = ["{"]
    let tables = 0
    for (let at = value.advance(-1); at >= 0; at = value.advance(at)) {
      const key = value.keyAt(at)
      if (key instanceof LuaTable) tables++
      parts.push(answerOf(key) + answerOf(value.valueAt(at)))
    }
    parts.push("};")
    return tables > 0 ? `{?${parts.length}};` : parts.join("")
  }
  if (value === undefined) return "nil;"
  return value instanceof Userdata ? "userdata;" : value instanceof LuaFunction ? "function;" : "thread;"
}

/** The library on a state of its own, called as from line 1 of a script. */
export class Libraries {
  readonly state = new LuaState()
  private readonly tables: Readonly<Record<string, LuaTable>>

  constructor(random: LuaRandom = new LuaRandom()) {
    const { state } = this
    this.tables = {
      bit: bitLibrary(state),
      cjson: cjsonLibrary(state),
      cmsgpack: cmsgpackLibrary(state),
      math: mathLibrary(state, random),
      string: stringLibrary(state),
      struct: structLibrary(state),
    }
  }

  table(name: string): LuaTable {
    return this.tables[name]
  }

  function(path: string): LuaFunction {
    const [library, name] = path.split(".")
    const found = this.tables[library].getText(name)
    if (!(found instanceof LuaFunction)) throw new Error(`${path} is no function`)
    return found
  }

  call(path: string, ...args: LuaValue[]): Results {
    const f = this.function(path)
    const name = path.slice(path.indexOf(".") + 1)
    this.state.at = {
      chunk: "user_script",
      line: 1,
      name,
      method: false,
      callee: "",
      memo: undefined,
      source: "@user_script",
    }
    return f.p(...args)
  }

  answer([name, args]: LibraryCall): string {
    try {
      const results = this.call(name, ...args.map(toLua))
      const values = Array.isArray(results) ? results : [results]
      return "T " + values.map(answerOf).join("")
    } catch (error) {
      if (!(error instanceof LuaError)) throw error
      return "F " + answerOf(error.value)
    }
  }
}

/** The calls on which the two answer differently. */
export const differences = async (
  client: RawClient,
  libraries: Libraries,
  calls: ReadonlyArray<LibraryCall>,
): Promise<ReadonlyArray<string>> => {
  const expected = await oracleAnswers(client, calls)
  const found: string[] = []
  calls.forEach((call, i) => {
    const answer = libraries.answer(call)
    if (answer !== expected[i]) {
      found.push(
        `${callText(call)}\n  redis: ${JSON.stringify(expected[i])}\n  here:  ${JSON.stringify(answer)}`,
      )
    }
  })
  return found
}
