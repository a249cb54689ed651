/**
 * Commands that have run and wait for their reply (blocking pops, WAIT, SAVE, ...), and how they are counted when it is
 * there: their time, their failure, and their place in SLOWLOG and LATENCY.
 *
 * A command that waits for other clients is counted with what it ran and what serving it took; the wait is none of its own
 * time. One that waits for the server's own work (a save) is counted with all of it. Each is counted once: `held` of the
 * session is set from the call of `hold` until one of the others has counted it.
 */
import { CommandBit, type TableCommand } from "./Command.js"
import type { CommandContext } from "./CommandContext.js"
import type { CommandTable } from "./CommandTable.js"
import type { ErrorCounts } from "./measures/ErrorCounts.js"
import type { CommandTimer } from "./measures/CommandTimer.js"
import type { HeldCommand, QueuedCommand, Session } from "./clients/Session.js"

const ERROR_MARK = 45

export class HeldCommands {
  constructor(
    private readonly context: CommandContext,
    private readonly table: CommandTable,
    private readonly timer: CommandTimer,
    private readonly errors: ErrorCounts,
  ) {}

  /** The command's reply is to come: what will be known of it then is counted then. */
  hold(cmd: TableCommand, queued: QueuedCommand, start: number): void {
    const ranMs = this.timer.suspend(cmd, start)
    const blocks = (cmd.bits & CommandBit.waits) !== 0
    if (blocks) this.timer.counters.microseconds[cmd.id] += ranMs * 1000
    this.context.session.held = { queued, startMs: start, ranMs, blocks }
  }

  /** The reply of a command that waited is there, and nobody has counted it so far. */
  finished(session: Session, reply: Uint8Array): void {
    const { held } = session
    if (held === undefined) return
    session.held = undefined
    const error = reply.length > 0 && reply[0] === ERROR_MARK
    if (error) this.errors.count(Buffer.from(reply.subarray(1, -2)).toString("latin1"))
    // The wait for other clients is over without them: neither time nor failure is the command's.
    if (held.blocks) return
    if (error) this.timer.counters.failed[held.queued.id]++
    const ms = held.startMs < 0 ? held.ranMs : this.timer.now() - held.startMs
    // It has held up nobody else, so LATENCY has nothing to tell: 0.
    this.record(session, held, held.queued.argOff.length, ms, ms, 0)
  }

  /** CLIENT UNBLOCK has ended a wait: the command failed, and SLOWLOG knows no words of it, as in Redis. */
  unblocked(session: Session, error: string | undefined): void {
    const { held } = session
    if (held === undefined) return
    session.held = undefined
    this.timer.counters.failed[held.queued.id]++
    if (error !== undefined) this.countForeign(error)
    this.record(session, held, 0, held.ranMs, 0)
  }

  /** A client's wait has ended with an error because this server has become a replica. */
  released(session: Session, error: string): void {
    if (session.held === undefined) return
    session.held = undefined
    this.countForeign(error)
  }

  /** A client that waited was served, which took `ms`. */
  served(session: Session, ms: number, failed: boolean): void {
    const { held } = session
    if (held === undefined) return
    session.held = undefined
    if (failed) this.timer.counters.failed[held.queued.id]++
    this.record(session, held, held.queued.argOff.length, held.ranMs + ms, ms, ms)
  }

  /** An error that another client gets in the course of the command that runs, which fails with it. */
  private countForeign(error: string): void {
    this.context.out.errorCount++
    this.errors.count(error)
  }

  /** Counts a command in a context as it was for it, with its first `argc` arguments. */
  private record(
    session: Session,
    { queued }: HeldCommand,
    argc: number,
    ms: number,
    more: number,
    servedMs?: number,
  ): void {
    const c = this.context
    const cmd = this.table.byId[queued.id]
    c.save()
    try {
      c.session = session
      c.buf = queued.buf
      c.argc = argc
      c.argOff = queued.argOff
      c.argLen = queued.argLen
      c.command = cmd
      this.timer.record(cmd, c, ms, more, servedMs)
    } finally {
      c.restore()
    }
  }
}
