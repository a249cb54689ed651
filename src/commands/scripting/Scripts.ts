/** Scripts of EVAL: the sandbox they share, and those compiled so far, by SHA-1 and by source. */
import { sha1Hex } from "../../bytes/Sha1.js"
import { compile, lock, makeState, setGlobal } from "../../lua/Lua.js"
import { builtin } from "../../lua/run/Builtin.js"
import type { LuaState } from "../../lua/run/State.js"
import { type LuaFunction, LuaTable, type LuaValue } from "../../lua/run/Value.js"
import * as Errors from "../../resp/Errors.js"
import type { LuaHost } from "./LuaHost.js"
import type { RedisCalls } from "./RedisCalls.js"
import { evalFunctions, redisLibrary } from "./redisLibrary.js"
import { type ScriptFlags, scriptFlags } from "./Shebang.js"

export interface Script {
  readonly sha: string
  readonly source: string
  readonly main: LuaFunction
  /** Undefined without a shebang. */
  readonly flags: ScriptFlags | undefined
}

/** Bytes that a compiled script takes beside its source, about. */
const SCRIPT_BYTES = 2000

export class Scripts {
  readonly state: LuaState
  private readonly bySha = new Map<string, Script>()
  private readonly bySource = new Map<string, Script>()

  constructor(host: LuaHost, calls: RedisCalls) {
    const state = makeState({ random: host.random })
    this.state = state
    setGlobal(state, "KEYS", undefined)
    setGlobal(state, "ARGV", undefined)
    state.globals.setText("redis", redisLibrary(host, state, calls, evalFunctions()))
    state.globals.setText(
      "__redis__err__handler",
      builtin("__redis__err__handler", (err) => {
        const table = err instanceof LuaTable ? err : new LuaTable(0, 4)
        if (!(err instanceof LuaTable)) table.setText("err", typeof err === "string" ? `ERR ${err}` : err)
        if (state.at.line < 0) return table
        table.setText("source", state.at.source)
        table.setText("line", state.at.line)
        return table
      }),
    )
    lock(state)
    host.watch(state)
  }

  get count(): number {
    return this.bySha.size
  }

  /** What the cached scripts take, about. */
  get bytes(): number {
    let bytes = 0
    for (const { source } of this.bySha.values()) bytes += source.length + SCRIPT_BYTES
    return bytes
  }

  /** A cached script by its SHA-1, given in any case. */
  named(sha: string): Script | undefined {
    return this.bySha.get(sha) ?? this.bySha.get(sha.toLowerCase())
  }

  /** The script of a source, compiled if it is new; or what is wrong with it. */
  of(source: string): Script | string {
    const known = this.bySource.get(source)
    if (known !== undefined) return known
    const flags = scriptFlags(source)
    if (typeof flags === "string") return flags
    // The first line is gone, but counts.
    const body = flags === undefined ? source : source.slice(source.indexOf("\n"))
    const main = compile(this.state, body, "@user_script")
    if (typeof main === "string") return Errors.scriptCompile(main)
    const bytes = Buffer.from(source, "latin1")
    const script = { sha: sha1Hex(bytes, 0, bytes.length), source, main, flags }
    this.bySha.set(script.sha, script)
    this.bySource.set(source, script)
    return script
  }

  clear(): void {
    this.bySha.clear()
    this.bySource.clear()
  }

  /** What a script finds in KEYS and ARGV. */
  provide(keys: LuaValue, args: LuaValue): void {
    setGlobal(this.state, "KEYS", keys)
    setGlobal(this.state, "ARGV", args)
  }
}
