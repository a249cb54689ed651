/**
 * Transactions: MULTI, EXEC, DISCARD, WATCH, UNWATCH.
 *
 * Between MULTI and EXEC dispatch queues the session's commands (Dispatcher.ts); EXEC runs them in one go, which nothing
 * can come between, and what they changed goes to the command log as one unit.
 */
import * as Effect from "effect/Effect"
import * as Errors from "../../resp/Errors.js"
import { type Command, command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import type { Engine } from "../../engine/Engine.js"
import type { QueuedCommand, Session } from "../../engine/clients/Session.js"
import * as spec from "../spec/transactions.js"

const discard = (c: CommandContext): void => {
  c.session.dropQueue()
  c.events.unwatchAll(c.session)
}

/** Whether the time of a watched key has passed since it was watched, deleted or not. */
const watchExpired = (c: CommandContext): boolean => {
  for (const { database, key, expired } of c.session.watched) {
    if (expired) continue
    const bytes = Buffer.from(key, "latin1")
    if (c.keyspace.database(database).isKeyExpired(bytes, 0, bytes.length)) return true
  }
  return false
}

/** Everything is logged and answered; the transaction is over. */
const end = (c: CommandContext): void => {
  c.propagation.endUnit()
  // The commands are logged, not EXEC.
  if (c.replicating) c.propagation.nothing()
  // CLIENT REPLY among them has had its effect already, from its place on.
  c.keepReply = true
  discard(c)
}

/** The transaction stops where one of its scripts is suspended, and goes on in the turn that sees the script's end. */
class Transaction {
  private next = 0
  private readonly parts: Array<Uint8Array> = []
  private whole: Uint8Array | undefined = undefined
  private wake: ((reply: Uint8Array) => void) | undefined = undefined

  constructor(
    private readonly engine: Engine,
    private readonly session: Session,
    private readonly queue: ReadonlyArray<QueuedCommand>,
  ) {}

  run(c: CommandContext): void | Effect.Effect<Uint8Array> {
    const mark = c.out.pos
    if (!c.session.muted) c.out.array(this.queue.length)
    c.propagation.beginUnit()
    let ended = true
    try {
      ended = this.goOn()
    } finally {
      if (ended) end(c)
    }
    if (ended) return undefined
    if (c.replicating) c.propagation.nothing()
    this.parts.push(Buffer.from(c.out.buf.subarray(mark, c.out.pos)))
    c.out.truncate(mark)
    this.takeOver()
    return Effect.callback<Uint8Array>((resume) => {
      this.wake = (reply) => resume(Effect.succeed(reply))
      if (this.whole !== undefined) this.wake(this.whole)
    })
  }

  /** Runs what is left; answers false where a script was suspended. */
  private goOn(): boolean {
    const { queue } = this
    const { dispatcher } = this.engine
    while (this.next < queue.length) if (dispatcher.runQueued(queue[this.next++]) !== undefined) return false
    return true
  }

  /** The end of the suspended script is the transaction's to go on from; the script is counted then. */
  private takeOver(): void {
    const { session, engine } = this
    const { suspended } = engine.scripts
    if (suspended === undefined) throw new Error("a transaction waits for no script")
    const { held } = session
    session.held = undefined
    suspended.whenEnded((reply) => {
      if (reply === undefined) return this.breakOff()
      const own = session.held
      session.held = held
      engine.dispatcher.held.finished(session, reply)
      session.held = own
      if (!session.muted) this.parts.push(reply)
      this.resume()
    })
  }

  private resume(): void {
    const { session, engine } = this
    let ended = true
    try {
      const bytes = engine.dispatcher.runFor(session, session.database, (c) => {
        ended = this.goOn()
        if (ended) end(c)
        return false
      })
      this.parts.push(bytes)
    } catch (defect) {
      this.breakOff()
      throw defect
    }
    if (!ended) return this.takeOver()
    this.whole = Buffer.concat(this.parts)
    this.wake?.(this.whole)
  }

  /** The connection has been ended by a defect; what was done is logged. */
  private breakOff(): void {
    this.engine.context.propagation.endUnit()
    this.session.dropQueue()
    this.engine.events.unwatchAll(this.session)
  }
}

const exec = (engine: Engine, c: CommandContext): void | Effect.Effect<Uint8Array> => {
  const { session } = c
  const { queue } = session
  if (queue === undefined) return c.fail(Errors.execWithoutMulti)
  if (session.queueAborted) {
    discard(c)
    return c.fail(Errors.execAbort)
  }
  if (session.watchBroken || watchExpired(c)) {
    discard(c)
    return c.out.nilArray()
  }
  // From here the keys are the transaction's own: its writes break no watch of its session.
  c.events.unwatchAll(session)
  return new Transaction(engine, session, queue).run(c)
}

const watch = (c: CommandContext): void => {
  if (c.session.queue !== undefined) return c.fail(Errors.watchInMulti)
  // Already broken: EXEC will answer nil whatever else is watched.
  if (!c.session.watchBroken) {
    for (let i = 1; i < c.argc; i++) {
      const expired = c.db.isKeyExpired(c.buf, c.argOff[i], c.argLen[i])
      c.events.watch(c.session, c.db.id, c.text(i), expired)
    }
  }
  c.out.ok()
}

export const transactionCommands = (engine: Engine): ReadonlyArray<Command> => [
  command(spec.MULTI, (c) => {
    if (c.session.queue !== undefined) return c.fail(Errors.nestedMulti)
    c.session.queue = []
    c.out.ok()
  }),
  command(spec.EXEC, (c) => exec(engine, c)),
  command(spec.DISCARD, (c) => {
    if (c.session.queue === undefined) return c.fail(Errors.discardWithoutMulti)
    discard(c)
    c.out.ok()
  }),
  command(spec.WATCH, watch),
  command(spec.UNWATCH, (c) => {
    c.events.unwatchAll(c.session)
    c.out.ok()
  }),
]
