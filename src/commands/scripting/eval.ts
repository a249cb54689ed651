/** EVAL, EVALSHA and their kin that may not write; SCRIPT. */
import type * as Effect from "effect/Effect"
import { type Command, command, container } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import type { Engine } from "../../engine/Engine.js"
import { options } from "../../engine/Options.js"
import * as Errors from "../../resp/Errors.js"
import { replyHelp } from "../shared/Help.js"
import type { LuaValue } from "../../lua/run/Value.js"
import * as spec from "../spec/scripting.js"
import { LuaRun } from "./LuaRun.js"
import { argumentsOf, bitsWith, keysOf, readKeyCount, refusal } from "./runScript.js"
import type { Script, Scripts } from "./Scripts.js"

const flushModes = options(spec.SCRIPT_FLUSH)
const debugModes = options(spec.SCRIPT_DEBUG).choice("mode")

const SHA_DIGITS = 40
const NO_ARGUMENTS: LuaValue[] = []

const HELP: ReadonlyArray<string> = [
  "DEBUG (YES|SYNC|NO)",
  "    Set the debug mode for subsequent scripts executed.",
  "EXISTS <sha1> [<sha1> ...]",
  "    Return information about the existence of the scripts in the script cache.",
  "FLUSH [ASYNC|SYNC]",
  "    Flush the Lua scripts cache. Very dangerous on replicas.",
  "    When called without the optional mode argument, the behavior is determined by the",
  "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
  "    * ASYNC: Asynchronously flush the scripts cache.",
  "    * SYNC: Synchronously flush the scripts cache.",
  "KILL",
  "    Kill the currently executing Lua script.",
  "LOAD <script>",
  "    Load a script into the scripts cache without executing it.",
]

type Reply = void | Effect.Effect<Uint8Array>

class Evaluation {
  constructor(
    private readonly engine: Engine,
    private readonly scripts: Scripts,
  ) {}

  /** The handler of EVAL or EVAL_RO. */
  readonly bySource =
    (readOnly: boolean) =>
    (c: CommandContext): Reply => {
      this.engine.monitors.announce(c)
      const count = readKeyCount(c, Errors.notInteger)
      if (count < 0) return undefined
      const script = this.scripts.of(c.text(1))
      if (typeof script === "string") return c.fail(script)
      return this.run(c, script, count, readOnly)
    }

  /** The handler of EVALSHA or EVALSHA_RO. */
  readonly bySha =
    (readOnly: boolean) =>
    (c: CommandContext): Reply => {
      this.engine.monitors.announce(c)
      if (c.argLen[1] !== SHA_DIGITS) return c.fail(Errors.noScript)
      const count = readKeyCount(c, Errors.notInteger)
      if (count < 0) return undefined
      const script = this.scripts.named(c.buf, c.argOff[1], SHA_DIGITS)
      if (script === undefined) return c.fail(Errors.noScript)
      return this.run(c, script, count, readOnly)
    }

  /** What a call of EVAL or EVAL_RO may do, by its script. */
  readonly judgeSource = (c: CommandContext): number =>
    bitsWith(c.command?.bits ?? 0, this.scripts.flagsIn(c.text(1)))

  /** What a call of EVALSHA or EVALSHA_RO may do. */
  readonly judgeSha = (c: CommandContext): number =>
    bitsWith(c.command?.bits ?? 0, this.scripts.named(c.buf, c.argOff[1], c.argLen[1])?.flags)

  private run(c: CommandContext, script: Script, count: number, readOnly: boolean): Reply {
    const { engine, scripts } = this
    const { flags } = script
    const refused = refusal(engine, c, flags, readOnly)
    if (refused !== undefined) return c.fail(refused)
    const { state, keys, args } = scripts.sandbox
    if (script.usesKeys) keys.set(keysOf(c, count), script.reflects)
    if (script.usesArguments) args.set(argumentsOf(c, count), script.reflects)
    const rights = readOnly ? script.readingRights : script.rights
    return engine.scripts.begin(new LuaRun("script", script.sha, rights, state, script.main, NO_ARGUMENTS))
  }
}

/** What SYNC or ASYNC may say; scripts are dropped at once either way. */
const isFlushMode = (c: CommandContext): boolean =>
  c.argc === 2 || (c.argc === 3 && flushModes.at(c, 2) !== 0)

const scriptCommand = (engine: Engine, scripts: Scripts): Command =>
  container(spec.SCRIPT, [
    command(spec.SCRIPT_DEBUG, (c) => {
      if (c.out.pos > engine.replies.mark) return c.fail(Errors.scriptDebugPipelined)
      // No debugger is attached: a script runs as ever.
      if (debugModes.at(c, 2) !== 0) return c.out.ok()
      c.fail(Errors.scriptDebugMode)
    }),
    command(spec.SCRIPT_EXISTS, (c) => {
      c.out.array(c.argc - 2)
      for (let i = 2; i < c.argc; i++)
        c.out.int(scripts.named(c.buf, c.argOff[i], c.argLen[i]) === undefined ? 0 : 1)
    }),
    command(spec.SCRIPT_FLUSH, (c) => {
      if (!isFlushMode(c)) return c.fail(Errors.scriptFlushMode)
      scripts.clear()
      c.out.ok()
    }),
    command(spec.SCRIPT_HELP, (c) => replyHelp(c, "SCRIPT", HELP)),
    command(spec.SCRIPT_KILL, (c) => {
      const refused = engine.scripts.kill("script")
      if (refused !== undefined) return c.fail(refused)
      c.out.ok()
    }),
    command(spec.SCRIPT_LOAD, (c) => {
      const script = scripts.of(c.text(2))
      if (typeof script === "string") return c.fail(script)
      c.out.bulkText(script.sha)
    }),
  ])

export const evalCommands = (engine: Engine, scripts: Scripts): ReadonlyArray<Command> => {
  const evaluation = new Evaluation(engine, scripts)
  return [
    command(spec.EVAL, evaluation.bySource(false), evaluation.judgeSource),
    command(spec.EVAL_RO, evaluation.bySource(true), evaluation.judgeSource),
    command(spec.EVALSHA, evaluation.bySha(false), evaluation.judgeSha),
    command(spec.EVALSHA_RO, evaluation.bySha(true), evaluation.judgeSha),
    scriptCommand(engine, scripts),
  ]
}
