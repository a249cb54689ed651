/**
 * A command as the server runs it: its declaration (spec/) and its handler, with what dispatch tests packed into bits.
 */
import type * as Effect from "effect/Effect"
import type { CommandContext } from "./CommandContext.js"
import type { CommandSpec } from "./declare/CommandSpec.js"

/**
 * Runs one command. It reads its arguments from the context and appends exactly one reply to `c.out`; then it returns
 * nothing. A command that must wait appends nothing and returns an Effect of its reply's bytes.
 */
export type Handler = (c: CommandContext) => void | Effect.Effect<Uint8Array>

/** Properties of a command that dispatch tests, one bit each. */
export const CommandBit = {
  write: 1,
  denyOom: 2,
  loading: 4,
  stale: 8,
  noAuth: 16,
  noMulti: 32,
  pubsub: 64,
  admin: 128,
  mayReplicate: 256,
  blocking: 512,
  readonly: 1024,
  skipMonitor: 2048,
  /** Has subcommands; dispatch goes by the second argument. */
  container: 4096,
  /** Runs inside MULTI instead of being queued: EXEC, DISCARD, MULTI, WATCH, QUIT, RESET. */
  unqueued: 8192,
  /** Allowed to a RESP2 client that has subscriptions. */
  whileSubscribed: 16384,
  /** Every command has it. */
  any: 32768,
  /** Allowed only where the configuration says so: DEBUG, MODULE LOAD. */
  guarded: 65536,
  /** Refused while a data set is loaded beside the one that is served. */
  noAsyncLoading: 131072,
} as const

export interface Command {
  readonly spec: CommandSpec
  readonly handler: Handler
  /** Name in lower case; subcommands as "config|get". */
  readonly name: string
  readonly arity: number
  readonly bits: number
  /** With at most so many arguments it takes about the same time whatever the data: timed by sample. 0 = never. */
  readonly briefArguments: number
  /** Argument that names a member or field in the collection under argument 1, 0 for none: looked up ahead of time. */
  readonly memberArgument: number
  readonly subcommands: ReadonlyMap<string, Command> | undefined
  readonly stats: CommandStats
}

/** Counters of INFO commandstats and latencystats. */
export interface CommandStats {
  calls: number
  /** Time taken, with fractions; calls in `untimed` are not in it yet. */
  microseconds: number
  /** Calls that were not timed and that the next timed one stands for. */
  untimed: number
  rejected: number
  failed: number
}

const UNQUEUED: ReadonlyArray<string> = ["exec", "discard", "multi", "watch", "quit", "reset"]
const WHILE_SUBSCRIBED: ReadonlyArray<string> = [
  "subscribe",
  "unsubscribe",
  "psubscribe",
  "punsubscribe",
  "ssubscribe",
  "sunsubscribe",
  "ping",
  "quit",
  "reset",
]

const MEMBER_ARGUMENT: ReadonlyMap<string, number> = new Map([
  ...["sadd", "srem", "sismember", "zrem", "zscore", "zrank"].map((name) => [name, 2] as const),
  ...["hset", "hsetnx", "hget", "hdel", "hexists", "hincrby"].map((name) => [name, 2] as const),
  ["zadd", 3],
  ["zincrby", 3],
])

const GUARDED: ReadonlyArray<string> = ["debug", "module|load", "module|loadex", "module|unload"]

/** Complexities that do not grow with the data once the arguments are few. */
const BRIEF = /^O\(1\)|^O\(log\(N\)\)|^O\(N\) in the \w+ named|practically O\(1\)/
const BRIEF_ARGUMENTS = 8
/** Brief without their count. DEL is not: the value it frees may be huge. */
const BRIEF_ARGUMENTS_OF: ReadonlyMap<string, number> = new Map([
  ...["lpop", "rpop", "spop", "zpopmin", "zpopmax"].map((name) => [name, 2] as const),
  ["del", 0],
  ["wait", 0],
])

const briefArguments = (spec: CommandSpec): number => {
  const special = BRIEF_ARGUMENTS_OF.get(spec.name)
  if (special !== undefined) return special
  const timed = spec.flags.includes("admin") || spec.flags.includes("blocking")
  const brief = BRIEF.test(spec.complexity ?? "") && !timed
  return brief ? BRIEF_ARGUMENTS : 0
}

const bitsOf = (spec: CommandSpec): number => {
  let bits: number = CommandBit.any
  if (GUARDED.includes(spec.name)) bits |= CommandBit.guarded
  if (UNQUEUED.includes(spec.name)) bits |= CommandBit.unqueued
  if (WHILE_SUBSCRIBED.includes(spec.name)) bits |= CommandBit.whileSubscribed
  for (const flag of spec.flags) {
    if (flag === "write") bits |= CommandBit.write
    else if (flag === "denyoom") bits |= CommandBit.denyOom
    else if (flag === "loading") bits |= CommandBit.loading
    else if (flag === "no_async_loading") bits |= CommandBit.noAsyncLoading
    else if (flag === "stale") bits |= CommandBit.stale
    else if (flag === "no_auth") bits |= CommandBit.noAuth
    else if (flag === "no_multi") bits |= CommandBit.noMulti
    else if (flag === "pubsub") bits |= CommandBit.pubsub
    else if (flag === "admin") bits |= CommandBit.admin
    else if (flag === "blocking") bits |= CommandBit.blocking
    else if (flag === "readonly") bits |= CommandBit.readonly
    else if (flag === "skip_monitor") bits |= CommandBit.skipMonitor
  }
  if (spec.mayReplicate === true) bits |= CommandBit.mayReplicate
  return bits
}

/** A command without subcommands. */
export const command = (spec: CommandSpec, handler: Handler): Command => ({
  spec,
  handler,
  name: spec.name,
  arity: spec.arity,
  bits: bitsOf(spec),
  briefArguments: briefArguments(spec),
  memberArgument: MEMBER_ARGUMENT.get(spec.name) ?? 0,
  subcommands: undefined,
  stats: { calls: 0, microseconds: 0, untimed: 0, rejected: 0, failed: 0 },
})

const unreachable: Handler = (c) => {
  throw new Error(`container command called without subcommand: ${c.text(0)}`)
}

/** A container command (CONFIG, OBJECT, ...): dispatch goes by the second argument; `bare` runs it without one (COMMAND). */
export const container = (
  spec: CommandSpec,
  subcommands: ReadonlyArray<Command>,
  bare: Handler = unreachable,
): Command => ({
  ...command(spec, bare),
  bits: bitsOf(spec) | CommandBit.container,
  subcommands: new Map(subcommands.map((s) => [s.name.slice(s.name.indexOf("|") + 1), s])),
})
