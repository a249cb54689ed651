/**
 * Runs commands: finds the command, refuses it where the server's or the client's state says so, calls the handler, and
 * hands what it did to the command log and to waiting clients. No Effect, no allocation for an ordinary command.
 *
 * Ordinary commands pass one test: none of the command's bits is in `gate` and the session is not `special`. Only then
 * come the checks, in Redis's order: unknown, arity, authentication, memory, disk errors, replicas, read-only replica,
 * subscribed client, stale replica, loading, CLIENT PAUSE, and MULTI's queue.
 */
import type * as Effect from "effect/Effect"
import { type Command, CommandBit } from "./Command.js"
import type { CommandContext } from "./CommandContext.js"
import type { CommandTable } from "./CommandTable.js"
import type { LogArgument } from "./Propagation.js"
import type { HeldCommand, QueuedCommand, Session } from "./clients/Session.js"
import * as Errors from "../resp/Errors.js"
import type { RequestView } from "../resp/RequestParser.js"
import type { ClientPause } from "./clients/ClientPause.js"
import type { CommandTimer } from "./CommandTimer.js"
import type { Gates } from "./Gates.js"
import { OwnPushes } from "./clients/OwnPushes.js"

/** Bytes of an argument that an error text can show at most. */
const PREVIEW_BYTES_MAX = 256

/** "-", with which error replies begin. */
const ERROR_MARK = 45

/** The beginning of an argument, for an error text: arguments may be too long for a string. */
const preview = (c: CommandContext, i: number): string => {
  const off = c.argOff[i]
  const view = Buffer.from(c.buf.buffer, c.buf.byteOffset + off, Math.min(c.argLen[i], PREVIEW_BYTES_MAX))
  return view.toString("latin1")
}

function* previews(c: CommandContext): Generator<string> {
  for (let i = 1; i < c.argc; i++) yield preview(c, i)
}

export class Dispatcher {
  /** Commands run since the start, as INFO's total_commands_processed. */
  commandsProcessed = 0
  /** Sees every command after it ran (MONITOR); undefined when nobody looks. */
  monitor: ((c: CommandContext) => void) | undefined = undefined
  /**
   * A client speaks HTTP: a web page makes its reader's browser send commands here (cross-protocol scripting). Nothing
   * more of what it sent may run; the engine ends the connection.
   */
  onHttp: (session: Session) => undefined = () => undefined
  /** A client has written that waited for replicas after its last write. */
  onAwaitedWrite: () => void = () => {}
  /** Messages for the client whose command is running. */
  readonly pushes: OwnPushes
  /** Error replies of commands inside EXEC: they are no failures of EXEC. */
  private nestedErrors = 0
  private readonly verbatim: () => ReadonlyArray<LogArgument>

  constructor(
    readonly context: CommandContext,
    readonly table: CommandTable,
    readonly gates: Gates,
    private readonly pause: ClientPause,
    private readonly timer: CommandTimer,
  ) {
    this.pushes = new OwnPushes(context.out)
    context.blocking.runFor = (session, database, body) => this.runFor(session, database, body)
    context.runQueued = (queued) => this.runQueued(queued)
    this.verbatim = () => {
      const c = this.context
      return Array.from({ length: c.argc }, (_, i) => c.bytes(i))
    }
  }

  /**
   * Runs the command the parser has just found, for a session. The reply is appended to the context's writer, or the
   * returned Effect yields it. With `session.postponed` set the Effect yields nothing: the command has not run yet, and
   * the caller runs it again after the Effect.
   */
  run(request: RequestView, session: Session): void | Effect.Effect<Uint8Array> {
    return this.runNamed(request, session, this.table.find(request.buf, request.argOff[0], request.argLen[0]))
  }

  /** As `run`, for a command whose name was looked up already. */
  runNamed(
    request: RequestView,
    session: Session,
    named: Command | undefined,
  ): void | Effect.Effect<Uint8Array> {
    const c = this.context
    // Storing a reference tells the collector of it; comparing is cheaper, and mostly nothing has changed.
    const db = c.keyspace.database(session.database)
    if (c.session !== session) c.session = session
    if (c.db !== db) c.db = db
    if (c.buf !== request.buf) c.buf = request.buf
    c.argc = request.argc
    c.argOff = request.argOff
    c.argLen = request.argLen
    c.denyBlocking = c.fromMaster = session.kind === "master"
    c.keepReply = false
    this.pushes.floor = c.out.pos
    const cmd = this.resolve(session, named)
    if (cmd === undefined) return
    if (c.command !== cmd) c.command = cmd
    if (((cmd.bits & this.gates.bits) | (session.special ? 1 : 0)) !== 0 && this.refusedOrHeld(cmd, session))
      return session.postponed ? this.pause.wait : undefined
    const waiting = this.call(cmd, request)
    if (this.monitor !== undefined) this.pushes.finish()
    return waiting
  }

  /** Forgets a command that failed half way. */
  reset(): void {
    this.pushes.reset()
    this.context.propagation.reset()
  }

  /** The command or subcommand that the arguments name, arity checked; undefined after an error reply. */
  private resolve(session: Session, named: Command | undefined): Command | undefined {
    const c = this.context
    let cmd = named
    if (cmd === undefined) {
      session.lastCommand = "NULL"
      if (c.is(0, "POST") || c.is(0, "HOST:")) return this.onHttp(session)
      return this.refuse(session, Errors.unknownCommand(preview(c, 0), previews(c)))
    }
    if (cmd.subcommands !== undefined && c.argc > 1) {
      const sub = cmd.subcommands.get(preview(c, 1).toLowerCase())
      if (sub === undefined) {
        session.lastCommand = "NULL"
        return this.refuse(session, Errors.unknownSubcommand(cmd.name, preview(c, 1)))
      }
      cmd = sub
    }
    if (session.lastCommand !== cmd.name) session.lastCommand = cmd.name
    if (cmd.arity > 0 ? c.argc !== cmd.arity : c.argc < -cmd.arity) {
      cmd.stats.rejected++
      return this.refuse(session, Errors.wrongArguments(cmd.name), cmd)
    }
    return cmd
  }

  /** Answers an error before the command ran; inside MULTI it spoils the transaction. */
  private refuse(session: Session, text: string, cmd?: Command): undefined {
    if (cmd?.name === "exec") {
      session.dropQueue()
      this.context.events.unwatchAll(session)
      this.context.out.error(Errors.execAbortBecause(text))
      return undefined
    }
    if (session.queue !== undefined) session.queueAborted = true
    this.context.out.error(text)
    return undefined
  }

  /** Answers true if the command is not to run now: refused, queued for EXEC, or postponed by CLIENT PAUSE. */
  private refusedOrHeld(cmd: Command, session: Session): boolean {
    const text = this.gates.refusal(cmd, session)
    if (text !== undefined) {
      cmd.stats.rejected++
      this.refuse(session, text, cmd)
      return true
    }
    if (
      this.gates.pausedBits !== 0 &&
      session.kind === "normal" &&
      !session.monitor &&
      this.pause.holds(this.gates.bitsFor(cmd, session))
    ) {
      session.postponed = true
      return true
    }
    if (session.queue === undefined || (cmd.bits & CommandBit.unqueued) !== 0) return false
    session.queue.push(this.copyCommand(cmd))
    session.queueBits |= cmd.bits
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
  private call(cmd: Command, raw: RequestView | undefined): void | Effect.Effect<Uint8Array> {
    const c = this.context
    const { pushes } = this
    const outer = pushes.start
    pushes.start = c.out.pos
    const dirty = c.keyspace.dirty
    const errors = c.out.errorCount - this.nestedErrors
    const { timer } = this
    const start = timer.begin(cmd, c.argc)
    const waiting = cmd.handler(c)
    this.commandsProcessed++
    cmd.stats.calls++
    if (c.out.errorCount - this.nestedErrors !== errors) cmd.stats.failed++
    if (waiting !== undefined) this.hold(cmd, start)
    else if (start >= 0) timer.end(cmd, c, start)
    if (pushes.waiting) pushes.place(c.session.muted)
    if (this.monitor !== undefined) this.monitor(c)
    if (c.propagation.active) {
      const changed = c.keyspace.dirty !== dirty
      this.settle(changed, raw)
      c.session.lastWriteOffset = c.propagation.log.offset
      if (changed && c.session.awaitsWrites) {
        c.session.awaitsWrites = false
        this.onAwaitedWrite()
      }
    }
    if (c.blocking.pending && !c.denyBlocking) {
      c.blocking.serve()
      if (pushes.waiting) pushes.place(c.session.muted && !c.keepReply)
    }
    pushes.start = outer
    return waiting
  }

  /** The command's reply is to come: what will be known of it then is counted then. */
  private hold(cmd: Command, start: number): void {
    const ranMs = this.timer.suspend(cmd, start)
    const blocks = (cmd.bits & CommandBit.blocking) !== 0 || cmd.name === "wait"
    if (blocks) cmd.stats.microseconds += ranMs * 1000
    this.context.session.held = { queued: this.copyCommand(cmd), startMs: start, ranMs, blocks }
  }

  /** The reply of a command that waited is there, and nobody has counted it so far. */
  finished(session: Session, reply: Uint8Array): void {
    const { held } = session
    if (held === undefined) return
    session.held = undefined
    const error = reply.length > 0 && reply[0] === ERROR_MARK
    if (error) this.context.out.onError?.(Buffer.from(reply.subarray(1, -2)).toString("latin1"))
    // The wait for other clients is over without them: neither time nor failure is the command's.
    if (held.blocks) return
    if (error) held.queued.command.stats.failed++
    const ms = held.startMs < 0 ? held.ranMs : this.timer.now() - held.startMs
    // It has held up nobody else, so LATENCY has nothing to tell: 0.
    this.inPlaceOf(session, held, held.queued.argOff.length, (c, cmd) => this.timer.record(cmd, c, ms, ms, 0))
  }

  /** CLIENT UNBLOCK has ended a wait: the command failed, and SLOWLOG knows no words of it, as in Redis. */
  unblocked(session: Session, error: string | undefined): void {
    const { held } = session
    if (held === undefined) return
    session.held = undefined
    held.queued.command.stats.failed++
    if (error !== undefined) this.countForeign(error)
    this.inPlaceOf(session, held, 0, (c, cmd) => this.timer.record(cmd, c, held.ranMs, 0))
  }

  /** A client's wait has ended with an error because this server has become a replica. */
  released(session: Session, error: string): void {
    if (session.held === undefined) return
    session.held = undefined
    this.countForeign(error)
  }

  /** An error that another client gets in the course of the command that runs, which fails with it. */
  private countForeign(error: string): void {
    const { out } = this.context
    out.errorCount++
    out.onError?.(error)
  }

  /** A client that waited was served, which took `ms`. */
  private served(session: Session, ms: number, failed: boolean): void {
    const { held } = session
    if (held === undefined) return
    session.held = undefined
    if (failed) held.queued.command.stats.failed++
    this.inPlaceOf(session, held, held.queued.argOff.length, (c, cmd) =>
      this.timer.record(cmd, c, held.ranMs + ms, ms, ms),
    )
  }

  /** Shows `body` the context as it was for the command that has waited, with its first `argc` arguments. */
  private inPlaceOf(
    session: Session,
    held: HeldCommand,
    argc: number,
    body: (c: CommandContext, cmd: Command) => void,
  ): void {
    const c = this.context
    const { queued } = held
    const { buf, argc: argcBefore, argOff, argLen, command, session: before } = c
    c.session = session
    c.buf = queued.buf
    c.argc = argc
    c.argOff = queued.argOff
    c.argLen = queued.argLen
    c.command = queued.command
    body(c, queued.command)
    c.session = before
    c.buf = buf
    c.argc = argcBefore
    c.argOff = argOff
    c.argLen = argLen
    c.command = command
  }

  private settle(changed: boolean, raw: RequestView | undefined): void {
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
    const errors = c.out.errorCount
    const { floor } = this.pushes
    this.pushes.floor = c.out.pos
    c.keepReply = false
    // A handler that may not block answers at once; one that cannot must not leave EXEC's array short.
    if (this.call(queued.command, undefined) !== undefined) {
      c.session.held = undefined
      c.out.error(Errors.waitsInTransaction)
    }
    this.nestedErrors += c.out.errorCount - errors
    if (c.session.muted && !c.keepReply) c.out.truncate(this.pushes.floor)
    this.pushes.floor = floor
    c.buf = buf
    c.argc = argc
    c.argOff = argOff
    c.argLen = argLen
    c.command = command
    c.denyBlocking = denyBlocking
  }

  /** Points the context at another session for the length of `body`; answers what was written, in its protocol. */
  private runFor(session: Session, database: number, body: (c: CommandContext) => boolean): Uint8Array {
    const c = this.context
    const { buf, argc, argOff, argLen, command, denyBlocking, db, session: before } = c
    const errors = c.out.errorCount
    const start = this.timer.now()
    const mark = c.out.pos
    const resp = c.out.resp
    c.session = session
    c.db = c.keyspace.database(database)
    c.out.resp = session.resp
    c.denyBlocking = true
    if (body(c)) this.served(session, this.timer.now() - start, c.out.errorCount !== errors)
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
