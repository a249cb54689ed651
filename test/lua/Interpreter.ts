/**
 * Programs run in a sandbox of the interpreter, and their outcome as EVAL would reply it: a text, or an error with its
 * suffix. Only programs that return one string are of use here.
 */
import { createHash } from "node:crypto"
import { compile, lock, makeState, start } from "../../src/lua/Lua.js"
import { LuaError } from "../../src/lua/run/LuaError.js"
import { plainText } from "../../src/lua/run/Text.js"
import { type LuaState, unwatched, type Watch } from "../../src/lua/run/State.js"
import { LuaTable, type LuaValue } from "../../src/lua/run/Value.js"
import type { RawClient } from "../support/RawClient.js"
import { PRELUDE } from "./ProgramMaker.js"

/** A sandbox whose programs are asked at each tick. */
export const sandbox = (tick: Watch["tick"] = unwatched.tick): LuaState => {
  const state = makeState({ watch: { ...unwatched, tick } })
  lock(state)
  return state
}

const errorReply = (error: LuaError, source: string): string => {
  const sha = createHash("sha1").update(source, "latin1").digest("hex")
  const err = error.value instanceof LuaTable ? error.value.getText("err") : error.value
  const code = error.value instanceof LuaTable ? "" : "ERR "
  return `-${code}${plainText(err)} script: ${sha}, on ${error.place.source}:${error.place.line}.`
}

export interface Outcome {
  readonly reply: string
  /** How often the program gave up its turn. */
  readonly turns: number
}

const first = (results: LuaValue | LuaValue[]): LuaValue => (Array.isArray(results) ? results[0] : results)

export const evaluate = (source: string, state: LuaState = sandbox()): Outcome => {
  const main = compile(state, source, "@user_script")
  if (typeof main === "string")
    return { reply: `-ERR Error compiling script (new function): ${main}`, turns: 0 }
  let turns = 0
  try {
    const call = start(state, main)
    while (!call.run()) turns++
    return { reply: plainText(first(call.results)), turns }
  } catch (error) {
    if (error instanceof LuaError) return { reply: errorReply(error, source), turns }
    throw error
  }
}

/** As `evaluate`, in as many turns as the program may take. */
export const inTurns = (source: string): Outcome => {
  const state = sandbox(() => true)
  state.fuelATick = 1
  return evaluate(source, state)
}

/** A program that writes down all values of `body`, which may return any. */
export const showing = (body: string): string =>
  `${PRELUDE} return (function(...) W(...) return O[1] end)((function(...) ${body}\nend)())`

/** What differs between two runs of the same program, and is no fault: addresses, and the sign of NaN. */
export const comparable = (reply: string): string =>
  reply
    .replace(/script: [0-9a-f]{40}/, "script: SHA")
    .replace(/(function|table|thread|userdata): (builtin: )?0x[0-9a-f]+/g, "$1")
    .replace(/-nan/g, "nan")

/** The text of a server's reply, without the frame of a bulk string. */
export const unframed = (frame: Buffer): string => {
  const text = frame.toString("latin1")
  if (text === "$-1\r\n") return "nil"
  return text.startsWith("$") ? text.slice(text.indexOf("\n") + 1, -2) : text.slice(0, -2)
}

/** Frees what the programs of a server without a collector left behind. */
export const forgetScripts = async (client: RawClient): Promise<void> => {
  const reply = unframed(await client.command("SCRIPT", "FLUSH", "SYNC"))
  if (reply !== "+OK") throw new Error(reply)
}
