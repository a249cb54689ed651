/** A script in the sandbox: a main function or a function of a library, called once. */
import type { CommandContext } from "../../engine/CommandContext.js"
import { TO_ALL } from "../../engine/CommandLog.js"
import { type ScriptKind, ScriptRun } from "../../engine/scripts/ScriptRuns.js"
import { type Call, start } from "../../lua/Lua.js"
import { LuaError } from "../../lua/run/LuaError.js"
import { first, type LuaState } from "../../lua/run/State.js"
import { asLuaError } from "../../lua/run/Task.js"
import { plainText } from "../../lua/run/Text.js"
import { type LuaFunction, LuaTable, type LuaValue } from "../../lua/run/Value.js"
import type { Rights } from "./Rights.js"
import { writeError, writeReply } from "./replyWrite.js"

export class LuaRun extends ScriptRun {
  /** Where its effects go. */
  replication = TO_ALL
  private readonly call: Call
  private failure: LuaError | undefined = undefined

  constructor(
    readonly kind: ScriptKind,
    /** The script's SHA-1, or the function's name. */
    readonly name: string,
    readonly rights: Rights,
    state: LuaState,
    f: LuaFunction,
    args: LuaValue[],
  ) {
    super()
    this.call = start(state, f, args)
  }

  go(): boolean {
    try {
      return this.call.run()
    } catch (error) {
      const failure = asLuaError(error)
      if (!(failure instanceof LuaError)) throw error
      this.failure = failure
      return true
    }
  }

  reply(c: CommandContext): void {
    const { failure } = this
    if (failure === undefined) return writeReply(c, first(this.call.results), this.resp === 3)
    const { value, place } = failure
    const where = place.line < 0 ? "" : ` script: ${this.name}, on ${place.source}:${place.line}.`
    const err = value instanceof LuaTable ? value.getText("err") : undefined
    if (typeof err === "string") {
      const counted = value instanceof LuaTable && value.getText("ignore_error_stats_update") !== undefined
      return writeError(c.out, err + where, counted)
    }
    const text = value instanceof LuaTable ? "unknown error" : plainText(value)
    writeError(c.out, `ERR ${text}${where}`, false)
  }
}
