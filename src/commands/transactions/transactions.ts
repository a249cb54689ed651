/**
 * Transactions: MULTI, EXEC, DISCARD, WATCH, UNWATCH.
 *
 * Between MULTI and EXEC dispatch queues the session's commands (Dispatcher.ts); EXEC runs them in one go, which nothing
 * can come between, and what they changed goes to the command log as one unit.
 */
import * as Errors from "../../resp/Errors.js"
import { type Command, command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import type { Engine } from "../../engine/Engine.js"
import type { QueuedCommand } from "../../engine/clients/Session.js"
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

const runAll = (engine: Engine, c: CommandContext, queue: ReadonlyArray<QueuedCommand>): void => {
  if (!c.session.muted) c.out.array(queue.length)
  c.propagation.beginUnit()
  try {
    for (const queued of queue) engine.dispatcher.runQueued(queued)
  } finally {
    c.propagation.endUnit()
    // The commands are logged, not EXEC.
    if (c.replicating) c.propagation.nothing()
    // CLIENT REPLY among them has had its effect already, from its place on.
    c.keepReply = true
    discard(c)
  }
}

const exec = (engine: Engine, c: CommandContext): void => {
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
  runAll(engine, c, queue)
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
