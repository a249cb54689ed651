/**
 * A command as the server runs it: its declaration (spec/) and its handler, with what dispatch tests packed into bits.
 */
import type * as Effect from "effect/Effect"
import type { CommandContext } from "./CommandContext.js"
import type { CommandInfo, NumberedCommand } from "./CommandInfo.js"
import type { CommandSpec } from "./declare/CommandSpec.js"

/**
 * Runs one command. It reads its arguments from the context and appends exactly one reply to `c.out`; then it returns
 * nothing. A command that must wait appends nothing and returns an Effect of its reply's bytes.
 */
export type Handler = (c: CommandContext) => void | Effect.Effect<Uint8Array>

/**
 * The bits of one call of a command whose arguments decide what it may do: a script says so in its first line. Asked only
 * where the server's or the client's state wants a closer look.
 */
type Judge = (c: CommandContext) => number

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
  /** Ends a transaction or its connection: let through by MULTI even when memory is short. */
  ending: 262144,
  /** Stands for the queued commands: EXEC. */
  queue: 524288,
  /** Refused, as writes are, while the last save has failed: PING, for those who watch the server. */
  stopsOnFailedSave: 1048576,
  /** Waits for what other clients do: the wait is none of its own time. */
  waits: 2097152,
  /** Served while a script has been running for long. */
  allowBusy: 4194304,
  /** Not to be called by scripts. */
  noScript: 8388608,
  /** What it may do depends on its arguments: see Judge. */
  judged: 16777216,
} as const

/** A command: its declaration, compiled, and what runs it. */
export interface Command extends CommandInfo {
  /** What runs it. */
  readonly handler: Handler
  /** What tells, of one call, what it may do; undefined where the declaration alone says so. */
  readonly judge: Judge | undefined
  /** A container's subcommands by their own names, else undefined. */
  readonly subcommands: ReadonlyMap<string, Command> | undefined
}

/** A command in the table of one server, with its handler. */
export interface TableCommand extends Command, NumberedCommand {
  readonly subcommands: ReadonlyMap<string, TableCommand> | undefined
}

/** Each server of a process makes commands of the same declarations. */
const bitsOf = (spec: CommandSpec): number => {
  if (spec.bits === 0) spec.bits = compileBits(spec)
  return spec.bits
}

const compileBits = (spec: CommandSpec): number => {
  let bits: number = CommandBit.any
  if (spec.guard !== undefined) bits |= CommandBit.guarded
  if (spec.inMulti !== "queued") bits |= CommandBit.unqueued
  if (spec.inMulti === "ends") bits |= CommandBit.ending
  if (spec.runsQueue) bits |= CommandBit.queue
  if (spec.whileSubscribed) bits |= CommandBit.whileSubscribed
  if (spec.isWrite) bits |= CommandBit.write
  if (spec.stopsOnFailedSave) bits |= CommandBit.stopsOnFailedSave
  if (spec.denyOom) bits |= CommandBit.denyOom
  if (spec.loading) bits |= CommandBit.loading
  if (spec.noAsyncLoading) bits |= CommandBit.noAsyncLoading
  if (spec.stale) bits |= CommandBit.stale
  if (spec.noAuth) bits |= CommandBit.noAuth
  if (spec.noMulti) bits |= CommandBit.noMulti
  if (spec.isPubsub) bits |= CommandBit.pubsub
  if (spec.isAdmin) bits |= CommandBit.admin
  if (spec.blocking) bits |= CommandBit.blocking
  if (spec.waits) bits |= CommandBit.waits
  if (spec.isReadOnly) bits |= CommandBit.readonly
  if (spec.skipMonitor) bits |= CommandBit.skipMonitor
  if (spec.mayReplicate) bits |= CommandBit.mayReplicate
  if (spec.allowBusy) bits |= CommandBit.allowBusy
  if (spec.noScript) bits |= CommandBit.noScript
  return bits
}

/** A command without subcommands. */
export const command = (spec: CommandSpec, handler: Handler, judge?: Judge): Command => ({
  spec,
  handler,
  judge,
  name: spec.name,
  arity: spec.arity,
  bits: bitsOf(spec) | (judge === undefined ? 0 : CommandBit.judged),
  briefArguments: spec.brief,
  keyArgument: spec.key,
  memberArgument: spec.member,
  subcommands: undefined,
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
