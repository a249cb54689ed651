/**
 * One client connection: its fiber, and the straight path that runs the commands of a chunk inside the event that brought it.
 *
 * A chunk is run to its end without yielding, and its replies leave in one write at the end of the event-loop turn. The
 * fiber rests meanwhile. It is woken for a command that waits, after BATCH_BYTES_MAX of replies, and at the end. While a
 * command waits the connection goes on reading, so that the end of the connection is noticed and ends the wait. So it does
 * for a peer that does not read: such a one may have to write all it has to write first (a pipeline larger than the
 * sockets' buffers), and what waits for it is bounded by client-output-buffer-limit.
 *
 *   chunk -> feed -> [next -> run]* -> replies noted -> rest
 *                        `-> wake the fiber -> wait (interrupted when the peer goes) -> [next -> run]* -> rest
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { COMMAND_BYTES } from "../engine/clients/ClientMemory.js"
import { isWaiting, type Session } from "../engine/clients/Session.js"
import { ParseStatus } from "../resp/RequestParser.js"
import type { Engine } from "../engine/Engine.js"
import { Inlet } from "./Inlet.js"
import { Lookahead } from "../engine/Lookahead.js"
import { runCommand } from "../engine/clients/runCommand.js"
import { Outlet } from "./Outlet.js"
import type { Transport } from "./Transport.js"

/** Replies are written out after about this many bytes even if the chunk has more commands. */
const BATCH_BYTES_MAX = 256 * 1024

/** Why the batch stopped before the input was used up. */
type Pause = "flush" | "end" | Effect.Effect<Uint8Array>

/**
 * Runs the parser's commands until input runs out (undefined) or something must happen first. A command that was
 * postponed is still the parser's present one and is run first.
 */
const runBatch = (engine: Engine, session: Session, input: Lookahead): Pause | undefined => {
  const out = engine.context.out
  const start = out.pos
  for (;;) {
    const request = session.postponed ? input.present : input.next(engine.keyspace.database(session.database))
    session.postponed = false
    if (request === undefined) {
      if (input.status === ParseStatus.NeedMore) return undefined
      engine.protocolBroken(session, input.parser.error)
      out.error(input.parser.error)
      return "end"
    }
    const mark = out.pos
    const waiting = runCommand(engine, session, request, request.command, mark)
    session.commandsProcessed++
    // Its bytes counted while it made room for what it stored.
    const bytes = request.rawEnd - request.rawStart
    if (bytes > COMMAND_BYTES) {
      engine.clientMemory.changed()
      engine.measures.ranRequest(bytes)
    }
    if (waiting !== undefined) return waiting
    if (session.replies !== 0) engine.applyReplyMode(session)
    if (session.closing || out.overflowed) return "end"
    if (out.pos - start > BATCH_BYTES_MAX) return "flush"
  }
}

/** Serves one connection until the peer goes, the session is closed, or the fiber is interrupted. */
export const serveConnection = Effect.fnUntraced(function* (
  engine: Engine,
  raw: Transport,
  session: Session,
) {
  const owner = {
    failed: (defect: unknown) => {
      engine.logger.defect(`Internal error while writing to ${session.address}`, defect)
    },
    fallsBehind: () => engine.clientMemory.note(session),
  }
  const outlet = new Outlet(raw, owner, engine.hold)
  const input = new Lookahead(engine.codec.makeParser(session.limits), engine.dispatcher.table)
  // Each by itself, the last first: none keeps the others from being done.
  yield* Effect.addFinalizer(() => Effect.sync(() => outlet.close()))
  yield* Effect.addFinalizer(() => Effect.sync(() => engine.detach(session)))
  // Replies of the turn in which the peer ended leave with its end.
  yield* Effect.addFinalizer(() => Effect.sync(() => engine.replies.flushFor(outlet)))
  const inlet = new Inlet(raw, (bytes) => {
    session.inputBytes += bytes
    engine.traffic.inputBytes += bytes
    // Behind a command that waits.
    if (isWaiting(session)) engine.clientMemory.note(session)
  })
  engine.attach(session, outlet, input, inlet)
  let pause: Pause | undefined
  const batch = (): void => {
    engine.beginBatch(session, outlet)
    try {
      pause = runBatch(engine, session, input)
    } finally {
      engine.endBatch(session, outlet)
    }
    if (input.pending > 0) {
      engine.clientMemory.note(session)
      if (pause === undefined && input.parser.unread > engine.settings.clientQueryBufferLimit)
        engine.limitInput(session)
    }
    if (pause !== undefined) engine.clientMemory.waits(session)
    engine.clientEviction.look()
  }
  const take = (chunk: Uint8Array, length: number): boolean => {
    if (session.closing) return false
    input.feed(chunk, length)
    batch()
    if (pause === undefined && !session.closing) return true
    input.keep()
    return false
  }
  for (;;) {
    yield* inlet.idle(take)
    // What `take` could not finish, and the chunks that came meanwhile.
    for (;;) {
      if (session.closing && (pause === undefined || pause === "flush")) return
      if (pause === "end") return yield* sayGoodbye(engine, outlet, inlet)
      if (pause !== undefined) engine.replies.flush()
      if (pause !== undefined && pause !== "flush") {
        const reply = yield* whileReading(engine, session, pause, inlet)
        if (reply === undefined) return
        // A postponed command has no reply yet; the next batch begins with it.
        if (!session.postponed) engine.reply(session, outlet, reply)
        if (session.closing) return yield* sayGoodbye(engine, outlet, inlet)
      }
      if (pause === "flush" && outlet.congested) {
        // Many large replies: other clients have a turn, and the kernel may take some, before there are more.
        inlet.pause()
        yield* Effect.yieldNow
        // Cut off meanwhile: nothing more of what it sent may run.
        if (session.closing) return
        inlet.resume()
      }
      if (pause === undefined) {
        const chunk = inlet.shift()
        if (chunk === undefined) break
        input.feed(chunk, chunk.length)
      }
      batch()
    }
    if (inlet.ended) return yield* sayGoodbye(engine, outlet, inlet)
  }
})

/** Ends the connection when the peer has taken everything, as slowly as it likes; nothing more is read from it. */
const sayGoodbye = (engine: Engine, outlet: Outlet, inlet: Inlet): Effect.Effect<void> =>
  Effect.suspend(() => {
    inlet.pause()
    engine.replies.flushFor(outlet)
    return Effect.map(outlet.drained, () => outlet.end())
  })

/**
 * Waits for a reply while reading on; the wait is interrupted when the peer goes. Answers nothing when the connection is
 * to end: the peer is gone, or has sent more than client-query-buffer-limit behind the command that waits.
 */
const whileReading = (
  engine: Engine,
  session: Session,
  waiting: Effect.Effect<Uint8Array>,
  inlet: Inlet,
): Effect.Effect<Uint8Array | undefined> =>
  Effect.gen(function* () {
    const reply = yield* Effect.forkChild(waiting, { startImmediately: true })
    const done = reply.pollUnsafe()
    if (done !== undefined) return yield* Fiber.join(reply)
    const before = session.control.queryBytes(false)
    const room = (): number => engine.settings.clientQueryBufferLimit - before
    // One suspension for both, in place of a race of two further fibers: 50 to 100 us less for each command that waits.
    return yield* Effect.callback<Uint8Array | undefined>((resume) => {
      const off = inlet.watch(room, () => resume(Effect.undefined))
      reply.addObserver((exit) => {
        off()
        resume(exit)
      })
      return Effect.sync(off)
    })
  })
