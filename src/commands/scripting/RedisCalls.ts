/**
 * redis.call and redis.pcall: finds the command, refuses it where a script may not call it now, runs it, and reads what
 * it wrote.
 *
 * The checks come in Redis's order: the command, its arguments' number, whether scripts may call it, a replica that is
 * stale, what the caller's user may not do, writes of a read-only script or to a read-only replica, and memory, which
 * once a script has written is its own affair.
 */
import { ALLOWED } from "../../engine/acl/Access.js"
import { allows } from "../../engine/acl/Rights.js"
import { CommandBit, type TableCommand } from "../../engine/Command.js"
import { TO_ALL } from "../../engine/CommandLog.js"
import type { Engine } from "../../engine/Engine.js"
import * as Errors from "../../resp/Errors.js"
import { LuaError } from "../../lua/run/LuaError.js"
import type { Site } from "../../lua/run/Site.js"
import type { LuaState } from "../../lua/run/State.js"
import { plainText } from "../../lua/run/Text.js"
import { LuaTable, type LuaValue } from "../../lua/run/Value.js"
import type { LuaHost } from "./LuaHost.js"
import { LuaRun } from "./LuaRun.js"
import { errorTable, ReplyReader } from "./ReplyReader.js"

/** Names remembered with their commands: as many as a server has, in a few ways of writing each. */
const NAMES_MAX = 2000
/** What a call costs in the fuel of loops. */
const CALL_COST = 100

/** About what a byte of a reply takes in memory once it is read. */
const BYTES_A_BYTE = 4

/** Commands a read-only script may not call: they write, or what they do goes to replicas. */
const EFFECTS = CommandBit.write | CommandBit.mayReplicate

/** A command under a name; a place in a script remembers what it called last, as most always call the same. */
class NamedCommand {
  constructor(
    readonly calls: RedisCalls,
    readonly name: string,
    readonly command: TableCommand,
  ) {}
}

export class RedisCalls {
  private readonly commands = new Map<string, NamedCommand>()
  private readonly reader = new ReplyReader()
  private replyBytes = 0

  constructor(
    private readonly engine: Engine,
    private readonly host: LuaHost,
  ) {}

  /** No script can hold more. It stays the same, and to ask the runtime takes a millisecond the first time. */
  private get replyBytesMax(): number {
    return (this.replyBytes ||= Math.floor(this.host.bytesMax / BYTES_A_BYTE))
  }

  /** The script that calls. */
  get run(): LuaRun {
    const { present } = this.engine.scripts
    if (!(present instanceof LuaRun)) throw new Error("a library of scripts is used outside of a script")
    return present
  }

  /** redis.call: an error reply is thrown. */
  call(state: LuaState, words: LuaValue[]): LuaValue {
    const { at } = state
    const result = this.perform(state, words)
    if (!(result instanceof LuaTable)) return result
    if (typeof result.getText("err") !== "string") return result
    throw new LuaError(result, at)
  }

  /** redis.pcall: an error reply is a table. */
  perform(state: LuaState, words: LuaValue[]): LuaValue {
    state.charge(CALL_COST)
    const { scripts, context } = this.engine
    const { args } = scripts
    const refused = this.encode(words)
    if (refused !== undefined) return this.refuse(refused)
    const cmd = this.find(words, state.at)
    if (cmd === undefined) return this.refuse(Errors.scriptUnknownCommand)
    if (cmd.arity > 0 ? args.argc !== cmd.arity : args.argc < -cmd.arity)
      return this.refuse(Errors.scriptWrongArguments, cmd)
    const { run } = this
    const reason = this.refusal(cmd, run)
    if (reason !== undefined) return this.refuse(reason, cmd)
    const { out, propagation } = context
    const mark = out.pos
    out.resp = run.resp
    propagation.kinds = run.replication
    // A command that writes is not stopped in the middle.
    const bound = out.boundUnsent((cmd.bits & CommandBit.readonly) !== 0 ? this.replyBytesMax : Infinity)
    try {
      scripts.call(cmd)
    } finally {
      out.setBound(bound)
      propagation.kinds = TO_ALL
    }
    state.take((out.pos - mark) * BYTES_A_BYTE)
    const value = this.reader.read(out.buf, mark)
    out.truncate(mark)
    return value
  }

  /** redis.acl_check_cmd: whether the caller's user may run the command; undefined where there is none such. */
  allowed(words: LuaValue[], site: Site): boolean | undefined {
    if (this.encode(words) !== undefined) return undefined
    const cmd = this.find(words, site)
    if (cmd === undefined) return undefined
    const { context, dispatcher, scripts } = this.engine
    return dispatcher.acl.check(context.session, cmd, scripts.args) === ALLOWED
  }

  private refuse(text: string, cmd?: TableCommand): LuaTable {
    if (cmd !== undefined) this.engine.timer.counters.rejected[cmd.id]++
    this.engine.measures.errors.count(text)
    return errorTable(text)
  }

  private encode(words: LuaValue[]): string | undefined {
    if (words.length === 0) return Errors.scriptNoCommand
    const { args } = this.engine.scripts
    args.reset(words.length)
    for (let i = 0; i < words.length; i++) {
      const word = words[i]
      if (typeof word === "string") args.add(word)
      else if (typeof word === "number") args.addNumber(word)
      else return Errors.scriptArgumentTypes
    }
    return undefined
  }

  /** The command or subcommand that the words name. */
  private find(words: LuaValue[], site: Site): TableCommand | undefined {
    const [name] = words
    const { memo } = site
    const found =
      memo instanceof NamedCommand && memo.name === name && memo.calls === this
        ? memo
        : this.named(name, site)
    if (found === undefined) return undefined
    const { command } = found
    if (command.subcommands === undefined || words.length === 1) return command
    return command.subcommands.get(plainText(words[1]).toLowerCase())
  }

  private named(word: LuaValue, site: Site): NamedCommand | undefined {
    const name = plainText(word)
    let found = this.commands.get(name)
    if (found === undefined) {
      const command = this.engine.dispatcher.table.byName(name)
      if (command === undefined) return undefined
      found = new NamedCommand(this, name, command)
      if (this.commands.size < NAMES_MAX) this.commands.set(name, found)
    }
    // What comes from no script is a place of all servers of the process.
    if (site.line >= 0) site.memo = found
    return found
  }

  private refusal(cmd: TableCommand, run: LuaRun): string | undefined {
    const { bits } = cmd
    if ((bits & CommandBit.noScript) !== 0) return Errors.scriptNotAllowed
    const { gates, memoryLimit, context, dispatcher, scripts } = this.engine
    if (gates.masterDown && (bits & CommandBit.stale) === 0) return Errors.scriptStale
    if (!allows(context.session.rights, cmd.id)) {
      const denied = dispatcher.acl.refusalInScript(context, cmd, scripts.args)
      if (denied !== undefined) return denied
    }
    if (run.rights.readOnly && (bits & EFFECTS) !== 0) return Errors.scriptReadOnly
    if ((bits & CommandBit.write) !== 0 && !context.fromMaster) {
      if (gates.readOnlyReplica) return Errors.readOnly
      if (gates.diskRefusal !== undefined) return gates.diskRefusal
      if (gates.tooFewReplicas) return Errors.noReplicas
    }
    if ((bits & CommandBit.denyOom) !== 0 && !run.rights.allowOom && !run.wrote)
      if (memoryLimit.short) return Errors.outOfMemory
    return undefined
  }
}
