/** The library `redis` of scripts, in the order in which Redis fills its table. */
import { TO_ALL, TO_FILE, TO_REPLICAS } from "../../engine/CommandLog.js"
import { sha1Hex } from "../../bytes/Sha1.js"
import { parseNumber } from "../../lua/lib/numberParse.js"
import { builtin, library } from "../../lua/run/Builtin.js"
import { LuaError } from "../../lua/run/LuaError.js"
import type { LuaState } from "../../lua/run/State.js"
import { plainText } from "../../lua/run/Text.js"
import { type LuaFunction, LuaTable, type LuaValue } from "../../lua/run/Value.js"
import type { LuaHost } from "./LuaHost.js"
import type { RedisCalls } from "./RedisCalls.js"

const VERSION_NUMBER = 0x7000f
const LEVELS = ["LOG_DEBUG", "LOG_VERBOSE", "LOG_NOTICE", "LOG_WARNING"] as const

const METHODS = ["debug", "verbose", "notice", "warning"] as const

const isText = (value: LuaValue): value is string | number =>
  typeof value === "string" || typeof value === "number"

const isNumeric = (value: LuaValue): boolean =>
  typeof value === "number" || (typeof value === "string" && parseNumber(value) !== undefined)

/** As C reads a number that may be none: 0 then. */
const numberOf = (value: LuaValue): number =>
  typeof value === "number" ? value : typeof value === "string" ? (parseNumber(value) ?? 0) : 0

const err = (text: string): LuaTable => {
  const table = new LuaTable(0, 1)
  table.setText("err", text)
  return table
}

/** An error that a function of the library throws. */
const failure = (state: LuaState, text: string): LuaError => new LuaError(err(`ERR ${text}`), state.at)

const logFunction = (host: LuaHost, state: LuaState): LuaFunction =>
  builtin("log", (...args) => {
    if (args.length < 2) throw failure(state, "redis.log() requires two arguments or more.")
    const [level, ...words] = args
    if (!isNumeric(level)) throw failure(state, "First argument must be a number (log level).")
    const n = Math.trunc(numberOf(level))
    if (!(n >= 0 && n < METHODS.length)) throw failure(state, "Invalid debug level.")
    const text = words.filter(isText).map(plainText).join(" ")
    host.engine.logger[METHODS[n]](Buffer.from(text, "latin1").toString("utf8"))
    return []
  })

const errorReply = (text: string): LuaTable => {
  const plain = text.startsWith("-") ? text.slice(1) : text
  return err((plain.includes(" ") ? plain : `ERR ${plain}`).replace(/[\r\n]+$/, ""))
}

const replies = (): LuaFunction[] => [
  builtin("error_reply", (...args) => {
    const [text] = args
    if (args.length !== 1 || typeof text !== "string") return err("ERR wrong number or type of arguments")
    return errorReply(text)
  }),
  builtin("status_reply", (...args) => {
    const [text] = args
    if (args.length !== 1 || typeof text !== "string") return err("ERR wrong number or type of arguments")
    const table = new LuaTable(0, 1)
    table.setText("ok", text)
    return table
  }),
]

const settings = (state: LuaState, calls: RedisCalls): LuaFunction[] => [
  builtin("setresp", (...args) => {
    if (args.length !== 1) throw failure(state, "redis.setresp() requires one argument.")
    const version = numberOf(args[0])
    if (version !== 2 && version !== 3) throw failure(state, "RESP version must be 2 or 3.")
    calls.run.resp = version
    return []
  }),
  builtin("set_repl", (...args) => {
    if (args.length !== 1) throw failure(state, "redis.set_repl() requires two arguments.")
    const flags = Math.trunc(numberOf(args[0]))
    if ((flags & ~TO_ALL) !== 0)
      throw failure(state, "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.")
    calls.run.replication = flags
    return []
  }),
]

const sha1Function = (state: LuaState): LuaFunction =>
  builtin("sha1hex", (...args) => {
    if (args.length !== 1) throw failure(state, "wrong number of arguments")
    const [value] = args
    const bytes = Buffer.from(isText(value) ? plainText(value) : "", "latin1")
    return sha1Hex(bytes, 0, bytes.length)
  })

const aclFunction = (state: LuaState, calls: RedisCalls): LuaFunction =>
  builtin("acl_check_cmd", (...args) => {
    if (args.length === 0)
      throw failure(state, "Please specify at least one argument for this redis lib call")
    if (!args.every(isText))
      throw failure(state, "Lua redis lib command arguments must be strings or integers")
    const allowed = calls.allowed(args, state.at)
    if (allowed === undefined) throw failure(state, "Invalid command passed to redis.acl_check_cmd()")
    return allowed
  })

const versions = (version: string): Array<[string, LuaValue]> => [
  ["REDIS_VERSION_NUM", VERSION_NUMBER],
  ["REDIS_VERSION", version],
]

const REPLICATION: ReadonlyArray<[string, LuaValue]> = [
  ["REPL_NONE", 0],
  ["REPL_AOF", TO_FILE],
  ["REPL_SLAVE", TO_REPLICAS],
  ["REPL_REPLICA", TO_REPLICAS],
  ["REPL_ALL", TO_ALL],
]

const levels = (): Array<[string, LuaValue]> => LEVELS.map((name, level) => [name, level])

/** The library as a script or a function finds it; `more` are what only EVAL has. */
export const redisLibrary = (
  host: LuaHost,
  state: LuaState,
  calls: RedisCalls,
  more: ReadonlyArray<LuaFunction>,
): LuaTable => {
  const [resp, replication] = settings(state, calls)
  const table = library([
    builtin("call", (...words) => calls.call(state, words), { returns: "value", cost: 20 }),
    builtin("pcall", (...words) => calls.perform(state, words), { returns: "value", cost: 20 }),
  ])
  const put = (functions: ReadonlyArray<LuaFunction>, values: Iterable<[string, LuaValue]>): void => {
    for (const f of functions) if (f.info !== undefined) table.setText(f.info.name, f)
    for (const [name, value] of values) table.setText(name, value)
  }
  put([logFunction(host, state)], [...levels(), ...versions(host.options.version)])
  put([resp, sha1Function(state), ...replies(), replication], REPLICATION)
  put([aclFunction(state, calls), ...more], [])
  return table
}

/** The library while a library of functions is loaded. */
export const loadingLibrary = (host: LuaHost, state: LuaState, register: LuaFunction): LuaTable =>
  library([register, logFunction(host, state)], [...levels(), ...versions(host.options.version)])

/** What only scripts of EVAL find. */
export const evalFunctions = (): LuaFunction[] => [
  builtin("breakpoint", () => false),
  builtin("debug", () => []),
  builtin("replicate_commands", () => true),
]
