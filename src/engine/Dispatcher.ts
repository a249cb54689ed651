/**
 * Runs commands: finds the command, refuses it where the server's or the client's state says so, calls the handler, and
 * hands what it did to the command log and to waiting clients. No Effect, no allocation for an ordinary command.
 *
 * Ordinary commands pass one test: none of the command's bits is in `gates.bits`, there is memory, the session may run
 * the command (Rights.ts; by its keys where it has patterns of them) and is not `special`. Only else come the checks, in
 * Redis's order: unknown, arity, authentication, rights, memory, disk errors, replicas, read-only replica, subscribed
 * client, stale replica, loading, CLIENT PAUSE, and MULTI's queue.
 */
import type * as Effect from "effect/Effect"
import { type Command, CommandBit, type TableCommand } from "./Command.js"
import type { CommandContext } from "./CommandContext.js"
import type { CommandTable } from "./CommandTable.js"
import type { CommandArgument } from "../resp/CommandEncoder.js"
import { HeldCommands } from "./HeldCommands.js"
import { ALLOWED } from "./acl/Access.js"
import type { AclGuard } from "./acl/AclGuard.js"
import { allows } from "./acl/Rights.js"
import { queuedCopy, queuedCost, type QueuedCommand, type Session } from "./clients/Session.js"
import { ArenaFullError } from "../memory/Arena.js"
import * as Errors from "../resp/Errors.js"
import { ReplyOverflow } from "../resp/ReplyWriter.js"
import type { RequestView } from "../resp/RequestParser.js"
import type { ClientPause } from "./clients/ClientPause.js"
import type { CommandTimer } from "./measures/CommandTimer.js"
import type { Gates } from "./Gates.js"
import type { ScriptArguments } from "./scripts/ScriptArguments.js"
import type { MemoryLimit } from "../store/eviction/MemoryLimit.js"
import type { HttpClients } from "./clients/HttpClients.js"
import type { Monitors } from "./clients/Monitors.js"
import type { OwnPushes } from "./clients/OwnPushes.js"
import type { Tracking } from "./tracking/Tracking.js"
import type { ErrorCounts } from "./measures/ErrorCounts.js"

/** A command that reads has the first of these bits; one that runs a script, the second. */
const READS = CommandBit.readonly | CommandBit.noScript

/** Bytes of an argument that an error text can show at most. */
const PREVIEW_BYTES_MAX = 256

/** The beginning of an argument, for an error text: arguments may be too long for a string. */
const preview = (c: CommandContext, i: number): string => {
  const off = c.argOff[i]
  const view = Buffer.from(c.buf.buffer, c.buf.byteOffset + off, Math.min(c.argLen[i], PREVIEW_BYTES_MAX))
  return view.toString("latin1")
}

function* previews(c: CommandContext): Generator<string> {
  for (let i = 1; i < c.argc; i++) yield preview(c, i)
}

/** Runs clients' commands in dispatch's place, by `proceed` or not at all. The context stands for the client already. */
export interface Interceptor {
  run(
    request: RequestView,
    session: Session,
    named: TableCommand | undefined,
  ): void | Effect.Effect<Uint8Array>
}

/** What a dispatcher works with. */
interface DispatcherParts {
  readonly context: CommandContext
  readonly table: CommandTable
  readonly gates: Gates
  readonly acl: AclGuard
  readonly pause: ClientPause
  readonly timer: CommandTimer
  readonly errors: ErrorCounts
  readonly monitors: Monitors
  readonly pushes: OwnPushes
  readonly http: HttpClients
  readonly tracking: Tracking
}

export class Dispatcher {
  /** Commands run since the start, as INFO's total_commands_processed. */
  commandsProcessed = 0
  /** Messages for the client whose command is running. */
  readonly pushes: OwnPushes
  /** Commands that wait for their reply. */
  readonly held: HeldCommands
  /** Sees what clients send before it runs: for servers of test suites. */
  interceptor: Interceptor | undefined = undefined
  /** The commands of a file are run: nobody sent them. */
  private loading = false
  /** Error replies of commands inside EXEC: they are no failures of EXEC. */
  private nestedErrors = 0
  /** Counts of changes when the command in progress began. */
  private writesBefore = 0
  private dirtyBefore = 0
  /** The throw that was settled last. */
  private settled: unknown = undefined
  private readonly verbatim: () => ReadonlyArray<CommandArgument>

  readonly context: CommandContext
  readonly table: CommandTable
  readonly gates: Gates
  readonly acl: AclGuard
  private readonly memory: MemoryLimit
  private readonly pause: ClientPause
  readonly timer: CommandTimer
  private readonly monitors: Monitors
  private readonly http: HttpClients
  private readonly tracking: Tracking

  constructor(parts: DispatcherParts) {
    this.context = parts.context
    this.table = parts.table
    this.gates = parts.gates
    this.acl = parts.acl
    this.memory = parts.gates.memory
    this.pause = parts.pause
    this.timer = parts.timer
    this.monitors = parts.monitors
    this.http = parts.http
    this.tracking = parts.tracking
    this.pushes = parts.pushes
    this.held = new HeldCommands(parts.context, parts.table, parts.timer, parts.errors)
    this.verbatim = () => {
      const c = this.context
      // A script's next call overwrites the arguments.
      return Array.from({ length: c.argc }, (_, i) => (c.scripted ? Uint8Array.from(c.bytes(i)) : c.bytes(i)))
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
    named: TableCommand | undefined,
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
    this.note()
    if (this.interceptor !== undefined) return this.interceptor.run(request, session, named)
    return this.proceed(request, session, named)
  }

  /** The rest of `runNamed`, for an interceptor. */
  proceed(
    request: RequestView,
    session: Session,
    named: TableCommand | undefined,
  ): void | Effect.Effect<Uint8Array> {
    const waiting = this.attempt(request, session, named)
    if (session.tracking !== undefined) this.tracking.ended(session, session.tracking)
    return waiting
  }

  private attempt(
    request: RequestView,
    session: Session,
    named: TableCommand | undefined,
  ): void | Effect.Effect<Uint8Array> {
    const c = this.context
    const cmd = this.resolve(session, named)
    if (cmd === undefined) return
    if (c.command !== cmd) c.command = cmd
    const { arena } = c.keyspace
    const gated = (cmd.bits & this.gates.bits) | (session.special ? 1 : 0)
    if (
      (gated !== 0 || arena.usedBytes > arena.roomBytes || !this.entitled(cmd, session)) &&
      this.refusedOrHeld(cmd, session)
    )
      return session.postponed ? this.pause.wait : undefined
    const waiting = this.call(cmd, request)
    if (this.monitors.watching) this.pushes.finish()
    return waiting
  }

  /** Notes where the data set stands, so that a throw tells whether anything was changed before it. */
  private note(): void {
    const { keyspace } = this.context
    this.writesBefore = keyspace.arena.writes
    this.dirtyBefore = keyspace.dirty
  }

  /** Settles what a throw has left behind, whichever command it came from. */
  reset(cause?: unknown, what?: string): void {
    this.pushes.reset()
    this.brokenOff(cause, what)
    this.settled = undefined
  }

  /**
   * The command in progress has thrown. Where memory gave out before the first change it was refused; else the change
   * stays, and since the log cannot tell it, the history ends. A write that threw for another reason counts as a change,
   * whatever it did. The throw passes through the commands around it, and is settled once.
   */
  private brokenOff(cause: unknown, what?: string): void {
    const c = this.context
    const { keyspace, command, propagation } = c
    propagation.reset()
    if (cause !== undefined && cause === this.settled) return
    this.settled = cause
    const full = cause instanceof ArenaFullError
    const changed = keyspace.arena.writes !== this.writesBefore || keyspace.dirty !== this.dirtyBefore
    if (!changed && (full || ((command?.bits ?? 0) & CommandBit.write) === 0)) return
    keyspace.dirty++
    c.events.replaced(
      c.db.id,
      () => "alive",
      () => "alive",
    )
    c.events.flushed()
    if (!propagation.active) return
    propagation.forget()
    propagation.log.brokenOff(what ?? `The command '${command?.name ?? ""}'`)
  }

  /** The command or subcommand that the arguments name, arity checked; undefined after an error reply. */
  private resolve(session: Session, named: TableCommand | undefined): TableCommand | undefined {
    const c = this.context
    let cmd = named
    if (cmd === undefined) {
      session.lastCommand = "NULL"
      if (c.is(0, "POST") || c.is(0, "HOST:")) return this.http.cut(session, c.keyspace.now)
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
      this.timer.counters.rejected[cmd.id]++
      return this.refuse(session, Errors.wrongArguments(cmd.name), cmd)
    }
    return cmd
  }

  /** Answers an error before the command ran; inside MULTI it spoils the transaction. */
  refuse(session: Session, text: string, cmd?: Command): undefined {
    if (cmd !== undefined && (cmd.bits & CommandBit.queue) !== 0) {
      session.dropQueue()
      this.context.events.unwatchAll(session)
      this.context.out.error(Errors.execAbortBecause(text))
      return undefined
    }
    if (session.queue !== undefined) session.queueAborted = true
    this.context.out.error(text)
    return undefined
  }

  /** Whether the user may run the command: whatever its arguments are, or with these. */
  private entitled(cmd: TableCommand, session: Session): boolean {
    return allows(session.rights, cmd.id) || this.acl.check(session, cmd, this.context) === ALLOWED
  }

  /** Answers true if the command is not to run now: refused, queued for EXEC, or postponed by CLIENT PAUSE. */
  private refusedOrHeld(cmd: TableCommand, session: Session): boolean {
    if (this.gates.crowded) this.tracking.trim()
    const own = cmd.judge === undefined ? cmd.bits : cmd.judge(this.context)
    const text = this.gates.refusal(this.context, cmd, own)
    // What was evicted is no change of the command's.
    this.note()
    if (text !== undefined) {
      this.timer.counters.rejected[cmd.id]++
      this.refuse(session, text, cmd)
      return true
    }
    if (
      this.gates.pausedBits !== 0 &&
      session.kind !== "replica" &&
      !session.monitor &&
      this.pause.holds(this.gates.bitsFor(own, session))
    ) {
      session.postponed = true
      return true
    }
    if (session.queue === undefined || (cmd.bits & CommandBit.unqueued) !== 0) return false
    const queued = queuedCopy(cmd.id, this.context)
    session.queue.push(queued)
    session.queuedBytes += queuedCost(queued)
    session.queueBits |= own
    session.queueShared &= own
    this.context.out.queued()
    return true
  }

  /** Runs, in this turn, commands of a file that is loaded: none is refused, timed, shown or logged. */
  loaded(run: () => void): void {
    this.loading = true
    try {
      this.gates.opened(run)
    } finally {
      this.loading = false
    }
  }

  private callLoaded(cmd: TableCommand, raw: RequestView | undefined): void | Effect.Effect<Uint8Array> {
    // As Redis: what EXEC and scripts call is a command that was processed, and yet in no other count.
    if (raw === undefined) this.commandsProcessed++
    try {
      return cmd.handler(this.context)
    } catch (cause) {
      if (cause instanceof ReplyOverflow) return undefined
      this.brokenOff(cause)
      throw cause
    }
  }

  /** Calls the handler and settles what it left behind. `raw` holds the command's own bytes if it came in RESP. */
  private call(cmd: TableCommand, raw: RequestView | undefined): void | Effect.Effect<Uint8Array> {
    if (this.loading) return this.callLoaded(cmd, raw)
    const c = this.context
    const { pushes } = this
    const outer = pushes.start
    pushes.start = c.out.pos
    const dirty = c.keyspace.dirty
    const errors = c.out.errorCount - this.nestedErrors
    const { timer } = this
    const start = timer.begin(cmd, c.argc)
    let waiting: void | Effect.Effect<Uint8Array> = undefined
    try {
      waiting = cmd.handler(c)
    } catch (cause) {
      if (!(cause instanceof ReplyOverflow)) {
        // Here, while the context points at it: a script may take the throw for an error of its own and go on.
        this.brokenOff(cause)
        pushes.start = outer
        throw cause
      }
      // A client beyond its output limit is about to be cut off; another one is told why it gets no reply.
      c.out.truncate(Math.min(pushes.start, c.out.pos))
      if (!c.out.overflowed) c.out.error(c.scripted ? Errors.scriptReplyTooLarge : Errors.replyTooLarge)
    }
    this.commandsProcessed++
    timer.counters.calls[cmd.id]++
    if (c.out.errorCount - this.nestedErrors !== errors) timer.counters.failed[cmd.id]++
    const { tracking } = c.session
    if (tracking !== undefined && (cmd.bits & READS) === CommandBit.readonly) this.tracking.read(c, tracking)
    if (waiting !== undefined) this.held.hold(cmd, queuedCopy(cmd.id, c), start)
    else if (start >= 0) timer.end(cmd, c, start)
    if (pushes.waiting && !c.scripted) pushes.place(c.session.muted)
    if (this.monitors.watching) this.monitors.show(c)
    if (c.propagation.active) {
      const changed = c.keyspace.dirty !== dirty
      this.settle(changed, raw)
      c.propagation.log.ran(c.session, changed)
    }
    if (c.blocking.pending && !c.denyBlocking && this.gates.busy === undefined) {
      c.blocking.serve()
      if (pushes.waiting) pushes.place(c.session.muted && !c.keepReply)
    }
    pushes.start = outer
    return waiting
  }

  private settle(changed: boolean, raw: RequestView | undefined): void {
    const c = this.context
    const p = c.propagation
    if (p.plain) {
      if (!changed) return
      // A client in the same process sends no bytes of its own.
      if (raw !== undefined && c.buf === raw.buf && raw.rawEnd > raw.rawStart) {
        p.log.appendRaw(c.session.database, c.buf, raw.rawStart, raw.rawEnd - raw.rawStart)
        return
      }
    }
    p.finish(c.session.database, changed, this.verbatim)
  }

  /** Runs a command that a script calls. Its reply stays in the writer, for the script to read and truncate. */
  runScripted(inner: TableCommand, args: ScriptArguments): void {
    const c = this.context
    const { out } = c
    const db = c.keyspace.database(c.session.database)
    if (c.db !== db) c.db = db
    if (c.buf !== args.buf) c.buf = args.buf
    c.argc = args.argc
    c.argOff = args.argOff
    c.argLen = args.argLen
    c.command = inner
    const errors = out.errorCount
    this.note()
    const { held } = c.session
    if (this.call(inner, undefined) !== undefined) {
      c.session.held = held
      out.error(Errors.waitsInScript)
    }
    this.nestedErrors += out.errorCount - errors
  }

  /**
   * Runs a command of a transaction in the present session: no queueing, no waiting. A script that is suspended answers
   * what it waits with, and the transaction with it.
   */
  runQueued(queued: QueuedCommand): Effect.Effect<Uint8Array> | undefined {
    const c = this.context
    const inner = this.table.byId[queued.id]
    // The client is being cut off and will get no reply; what changes data goes on.
    if (c.out.overflowed && (inner.bits & CommandBit.readonly) !== 0) return undefined
    let errors = c.out.errorCount
    const { floor } = this.pushes
    this.pushes.floor = c.out.pos
    c.save()
    try {
      c.buf = queued.buf
      c.argc = queued.argOff.length
      c.argOff = queued.argOff
      c.argLen = queued.argLen
      c.command = inner
      c.denyBlocking = true
      c.keepReply = false
      c.db = c.keyspace.database(c.session.database)
      if (!allows(c.session.rights, queued.id)) {
        const denied = this.acl.refusalInExec(c, inner)
        if (denied !== undefined) {
          c.out.error(denied)
          // It did not run, so the failure is EXEC's own.
          errors = c.out.errorCount
          return undefined
        }
      }
      this.note()
      const waiting = this.call(inner, undefined) ?? undefined
      if (waiting === undefined || this.gates.busy !== undefined) return waiting
      // A handler that may not block answers at once; one that cannot must not leave EXEC's array short.
      c.session.held = undefined
      c.out.error(Errors.waitsInTransaction)
      return undefined
    } finally {
      this.nestedErrors += c.out.errorCount - errors
      if (c.session.muted && !c.keepReply) c.out.truncate(this.pushes.floor)
      this.pushes.floor = floor
      c.restore()
    }
  }

  /**
   * Points the context at another session for the length of `body`; answers what was written, in its protocol. Where
   * `body` answers true it has served the command that the session waits in, which is counted with what it took.
   */
  runFor(session: Session, database: number, body: (c: CommandContext) => boolean): Uint8Array {
    const c = this.context
    const { out } = c
    const errors = out.errorCount
    const start = this.timer.now()
    const mark = out.pos
    const resp = out.resp
    c.save()
    c.session = session
    c.db = c.keyspace.database(database)
    out.resp = session.resp
    c.denyBlocking = true
    try {
      out.unbounded(() => {
        if (body(c)) this.held.served(session, this.timer.now() - start, out.errorCount !== errors)
      })
      const bytes = Buffer.from(out.buf.subarray(mark, out.pos))
      if (c.propagation.active) c.propagation.finish(database, false, this.verbatim)
      return bytes
    } catch (cause) {
      // Left in line it would break off whoever comes to serve it.
      session.control.kill()
      throw cause
    } finally {
      out.truncate(mark)
      out.resp = resp
      c.restore()
    }
  }
}
