/**
 * Runs commands: finds the command, refuses it where the server's or the client's state says so, calls the handler, and
 * hands what it did to the command log and to waiting clients. No Effect, no allocation for an ordinary command.
 *
 * Ordinary commands pass one test: none of the command's bits is in `gate` and the session is not `special`. Only then
 * come the checks, in Redis's order: unknown, arity, authentication, memory, disk errors, replicas, read-only replica,
 * subscribed client, stale replica, loading, and MULTI's queue.
 */
import type * as Effect from "effect/Effect"
import { type Command, CommandBit } from "../commands/Command.js"
import type { CommandContext } from "../commands/CommandContext.js"
import type { CommandTable } from "../commands/CommandTable.js"
import type { LogArgument } from "../commands/Propagation.js"
import type { QueuedCommand, Session } from "../commands/Session.js"
import * as Errors from "../resp/Errors.js"
import type { RequestParser } from "../resp/RequestParser.js"
import type { Gates } from "./Gates.js"

export class Dispatcher {
  /** Commands run since the start, as INFO's total_commands_processed. */
  commandsProcessed = 0
  /** Sees every command before it runs (MONITOR); undefined when nobody looks. */
  monitor: ((c: CommandContext) => void) | undefined = undefined
  private readonly verbatim: () => ReadonlyArray<LogArgument>

  constructor(
    readonly context: CommandContext,
    readonly table: CommandTable,
    readonly gates: Gates,
  ) {
    context.blocking.runFor = (session, database, body) => this.runFor(session, database, body)
    context.runQueued = (queued) => this.runQueued(queued)
    this.verbatim = () => {
      const c = this.context
      return Array.from({ length: c.argc }, (_, i) => c.bytes(i))
    }
  }

  /**
   * Runs the command the parser has just found, for a session. The reply is appended to the context's writer, or the
   * returned Effect yields it.
   */
  run(parser: RequestParser, session: Session): void | Effect.Effect<Uint8Array> {
    const c = this.context
    c.session = session
    c.db = c.keyspace.database(session.database)
    c.buf = parser.buf
    c.argc = parser.argc
    c.argOff = parser.argOff
    c.argLen = parser.argLen
    c.denyBlocking = false
    const cmd = this.resolve(session)
    if (cmd === undefined) return
    c.command = cmd
    if (
      ((cmd.bits & this.gates.bits) | (session.special ? 1 : 0)) !== 0 &&
      this.refusedOrQueued(cmd, session)
    )
      return
    const raw = parser.inline ? undefined : parser
    return this.call(cmd, raw)
  }

  /** The command named by the arguments, arity checked; undefined after an error reply. */
  private resolve(session: Session): Command | undefined {
    const c = this.context
    let cmd = this.table.find(c.buf, c.argOff[0], c.argLen[0])
    if (cmd === undefined) {
      const args: Array<string> = []
      for (let i = 1; i < c.argc; i++) args.push(c.text(i))
      return this.refuse(session, Errors.unknownCommand(c.text(0), args))
    }
    if (cmd.subcommands !== undefined && c.argc > 1) {
      const sub = cmd.subcommands.get(c.text(1).toLowerCase())
      if (sub === undefined) return this.refuse(session, Errors.unknownSubcommand(cmd.name, c.text(1)))
      cmd = sub
    }
    if (cmd.arity > 0 ? c.argc !== cmd.arity : c.argc < -cmd.arity) {
      cmd.stats.rejected++
      return this.refuse(session, Errors.wrongArguments(cmd.name))
    }
    return cmd
  }

  /** Answers an error before the command ran; inside MULTI it spoils the transaction. */
  private refuse(session: Session, text: string): undefined {
    if (session.queue !== undefined) session.queueAborted = true
    this.context.out.error(text)
    return undefined
  }

  private refusedOrQueued(cmd: Command, session: Session): boolean {
    const text = this.gates.refusal(cmd, session)
    if (text !== undefined) {
      cmd.stats.rejected++
      this.refuse(session, text)
      return true
    }
    if (session.queue === undefined || (cmd.bits & CommandBit.unqueued) !== 0) return false
    if ((cmd.bits & CommandBit.noMulti) !== 0) {
      this.refuse(session, Errors.notAllowedInTransaction)
      return true
    }
    session.queue.push(this.copyCommand(cmd))
    this.context.out.queued()
    return true
  }

  private copyCommand(command: Command): QueuedCommand {
    const c = this.context
    const argOff = new Int32Array(c.argc)
    const argLen = new Int32Array(c.argc)
    let bytes = 0
    for (let i = 0; i < c.argc; i++) {
      argOff[i] = bytes
      argLen[i] = c.argLen[i]
      bytes += c.argLen[i]
    }
    const buf = new Uint8Array(bytes)
    for (let i = 0; i < c.argc; i++) buf.set(c.bytes(i), argOff[i])
    return { command, buf, argOff, argLen }
  }

  /** Calls the handler and settles what it left behind. `raw` holds the command's own bytes if it came in RESP. */
  private call(cmd: Command, raw: RequestParser | undefined): void | Effect.Effect<Uint8Array> {
    const c = this.context
    if (this.monitor !== undefined) this.monitor(c)
    const dirty = c.keyspace.dirty
    const errors = c.out.errorCount
    this.commandsProcessed++
    cmd.stats.calls++
    const waiting = cmd.handler(c)
    if (c.out.errorCount !== errors) cmd.stats.failed++
    if (c.propagation.active) this.settle(c.keyspace.dirty !== dirty, raw)
    if (c.blocking.pending && !c.denyBlocking) c.blocking.serve()
    return waiting
  }

  private settle(changed: boolean, raw: RequestParser | undefined): void {
    const c = this.context
    const p = c.propagation
    if (p.plain) {
      if (!changed) return
      if (raw !== undefined && c.buf === raw.buf) {
        p.log.appendRaw(c.session.database, c.buf, raw.rawStart, raw.rawEnd - raw.rawStart)
        return
      }
    }
    p.finish(c.session.database, changed, this.verbatim)
  }

  /** Runs a command of a transaction in the present session: no queueing, no waiting. */
  private runQueued(queued: QueuedCommand): void {
    const c = this.context
    const { buf, argc, argOff, argLen, command, denyBlocking } = c
    c.buf = queued.buf
    c.argc = queued.argOff.length
    c.argOff = queued.argOff
    c.argLen = queued.argLen
    c.command = queued.command
    c.denyBlocking = true
    c.db = c.keyspace.database(c.session.database)
    const text = this.gates.refusalInTransaction(queued.command, c.session)
    if (text !== undefined) c.out.error(text)
    else this.call(queued.command, undefined)
    c.buf = buf
    c.argc = argc
    c.argOff = argOff
    c.argLen = argLen
    c.command = command
    c.denyBlocking = denyBlocking
  }

  /** Points the context at another session for the length of `body`; answers what was written, in its protocol. */
  private runFor(session: Session, database: number, body: (c: CommandContext) => void): Uint8Array {
    const c = this.context
    const { buf, argc, argOff, argLen, command, denyBlocking, db, session: before } = c
    const mark = c.out.pos
    const resp = c.out.resp
    c.session = session
    c.db = c.keyspace.database(database)
    c.out.resp = session.resp
    c.denyBlocking = true
    body(c)
    const bytes = Buffer.from(c.out.buf.subarray(mark, c.out.pos))
    c.out.truncate(mark)
    if (c.propagation.active) c.propagation.finish(database, false, this.verbatim)
    c.out.resp = resp
    c.session = before
    c.db = db
    c.buf = buf
    c.argc = argc
    c.argOff = argOff
    c.argLen = argLen
    c.command = command
    c.denyBlocking = denyBlocking
    return bytes
  }
}
