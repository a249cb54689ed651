/** Scripts of EVAL: the sandbox they share, and those compiled so far, by SHA-1 and by source. */
import { FoldedNames } from "../../bytes/FoldedNames.js"
import { sha1Hex } from "../../bytes/Sha1.js"
import { compile, lock, makeState, RunGlobal } from "../../lua/Lua.js"
import { builtin } from "../../lua/run/Builtin.js"
import type { LuaState } from "../../lua/run/State.js"
import { plainText } from "../../lua/run/Text.js"
import { type LuaFunction, LuaTable } from "../../lua/run/Value.js"
import * as Errors from "../../resp/Errors.js"
import type { LuaHost } from "./LuaHost.js"
import type { RedisCalls } from "./RedisCalls.js"
import { evalFunctions, redisLibrary } from "./redisLibrary.js"
import { type Rights, rightsOf, rightsWithoutFlags } from "./Rights.js"
import { type ScriptFlags, scriptFlags } from "./Shebang.js"

export interface Script {
  readonly sha: string
  readonly source: string
  readonly main: LuaFunction
  /** Undefined without a shebang. */
  readonly flags: ScriptFlags | undefined
  /** What it may do run by EVAL, and by EVAL_RO. */
  readonly rights: Rights
  readonly readingRights: Rights
  /** Whether it may look at KEYS, and at ARGV. */
  readonly usesKeys: boolean
  readonly usesArguments: boolean
  /** Whether it may look for them by names that are made at run time. */
  readonly reflects: boolean
}

/** What reaches globals by names that are made at run time. */
const REFLECTION = /_G|load/

/** Bytes that a compiled script takes beside its source, about. */
const SCRIPT_BYTES = 2000

/** The sandbox of EVAL, with what is set anew for each script. */
interface Sandbox {
  readonly state: LuaState
  readonly keys: RunGlobal
  readonly args: RunGlobal
}

const makeSandbox = (host: LuaHost, calls: RedisCalls): Sandbox => {
  const state = makeState({ random: host.random, watch: host })
  const [keys, args] = [new RunGlobal(state, "KEYS"), new RunGlobal(state, "ARGV")]
  state.globals.setText("redis", redisLibrary(host, state, calls, evalFunctions()))
  state.globals.setText(
    "__redis__err__handler",
    builtin("__redis__err__handler", (err) => {
      const text = typeof err === "string" || typeof err === "number" ? plainText(err) : undefined
      const table = err instanceof LuaTable ? err : new LuaTable(0, 4)
      if (text !== undefined) table.setText("err", `ERR ${text}`)
      if (state.at.line < 0) return table
      table.setText("source", state.at.source)
      table.setText("line", state.at.line)
      return table
    }),
  )
  lock(state)
  return { state, keys, args }
}

export class Scripts {
  private made: Sandbox | undefined = undefined
  private readonly bySha = new FoldedNames<Script>()
  private readonly bySource = new Map<string, Script>()

  constructor(
    private readonly host: LuaHost,
    private readonly calls: RedisCalls,
  ) {}

  /** Made for the first script: a server that runs none does not hold it. */
  get sandbox(): Sandbox {
    return (this.made ??= makeSandbox(this.host, this.calls))
  }

  get count(): number {
    return this.bySource.size
  }

  /** What the cached scripts take, about. */
  get bytes(): number {
    let bytes = 0
    for (const source of this.bySource.keys()) bytes += source.length + SCRIPT_BYTES
    return bytes
  }

  /** A cached script by its SHA-1, given as text in any case. */
  named(bytes: Uint8Array, off: number, len: number): Script | undefined {
    return this.bySha.find(bytes, off, len)
  }

  /** The flags of a source, whether it is known or not; undefined without any, or where they are wrong. */
  flagsIn(source: string): ScriptFlags | undefined {
    const known = this.bySource.get(source)
    if (known !== undefined) return known.flags
    const flags = scriptFlags(source)
    return typeof flags === "string" ? undefined : flags
  }

  /** The script of a source, compiled if it is new; or what is wrong with it. */
  of(source: string): Script | string {
    const known = this.bySource.get(source)
    if (known !== undefined) return known
    const flags = scriptFlags(source)
    if (typeof flags === "string") return flags
    // The first line is gone, but counts.
    const body = flags === undefined ? source : source.slice(source.indexOf("\n"))
    const main = compile(this.sandbox.state, body, "@user_script")
    if (typeof main === "string") return Errors.scriptCompile(main)
    const bytes = Buffer.from(source, "latin1")
    const reflects = REFLECTION.test(source)
    const script: Script = {
      sha: sha1Hex(bytes, 0, bytes.length),
      source,
      main,
      flags,
      rights: flags === undefined ? rightsWithoutFlags(false) : rightsOf(flags, false),
      readingRights: flags === undefined ? rightsWithoutFlags(true) : rightsOf(flags, true),
      usesKeys: reflects || source.includes("KEYS"),
      usesArguments: reflects || source.includes("ARGV"),
      reflects,
    }
    this.bySha.set(script.sha, script)
    this.bySource.set(source, script)
    return script
  }

  clear(): void {
    this.bySha.clear()
    this.bySource.clear()
  }
}
