/**
 * One client connection: the fiber that reads chunks, runs the commands in them and writes their replies.
 *
 * A chunk is run to its end without yielding, and its replies leave in one write. The fiber leaves this straight path
 * only for a command that waits, for a peer that does not read (then nothing more is read from it either), and after
 * BATCH_BYTES_MAX of replies. While a command waits the connection goes on reading, so that the end of the connection
 * is noticed and ends the wait.
 *
 *   pull -> feed -> [next -> run]* -> write
 *                       `-> wait (interrupted when the peer goes)
 */
import type * as NodeSocket from "@effect/platform-node/NodeSocket"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Socket, SocketError } from "effect/socket/Socket"
import { readerBytes } from "effect/socket/Socket"
import type { Session } from "../commands/Session.js"
import { ArenaFullError } from "../memory/Arena.js"
import * as Errors from "../resp/Errors.js"
import { ParseStatus } from "../resp/RequestParser.js"
import type { Engine } from "./Engine.js"
import { Lookahead, type Request } from "./Lookahead.js"
import { Outlet } from "./Outlet.js"

/** Replies are written out after about this many bytes even if the chunk has more commands. */
const BATCH_BYTES_MAX = 256 * 1024

type RawSocket = typeof NodeSocket.NetSocket.Service

/** Why the batch stopped before the input was used up. */
type Pause = "flush" | "end" | Effect.Effect<Uint8Array>

/**
 * Runs one command. Where memory gave out the client is told; any other throw is a defect, which ends this connection
 * alone: what the command wrote is dropped, so nobody else's replies are touched.
 */
const runCommand = (
  engine: Engine,
  session: Session,
  request: Request,
  mark: number,
): void | Effect.Effect<Uint8Array> => {
  try {
    return engine.dispatcher.runNamed(request, session, request.command)
  } catch (cause) {
    const out = engine.context.out
    out.truncate(mark)
    engine.dispatcher.reset()
    if (!(cause instanceof ArenaFullError)) throw cause
    out.error(Errors.outOfMemory)
  }
}

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
      out.error(input.parser.error)
      return "end"
    }
    const mark = out.pos
    const waiting = runCommand(engine, session, request, mark)
    session.commandsProcessed++
    if (waiting !== undefined) return waiting
    if (session.replyMode !== "on") engine.applyReplyMode(session)
    if (session.closing) return "end"
    if (out.pos - start > BATCH_BYTES_MAX) return "flush"
  }
}

/** Serves one connection until the peer goes, the session is closed, or the fiber is interrupted. */
export const serveConnection = Effect.fnUntraced(function* (
  engine: Engine,
  socket: Socket,
  raw: RawSocket,
  session: Session,
) {
  const outlet = new Outlet(raw)
  const pull = yield* readerBytes(socket)
  const input = new Lookahead(engine.codec.makeParser(session.limits), engine.dispatcher.table)
  engine.attach(session, outlet, input)
  yield* Effect.addFinalizer(() => Effect.sync(() => engine.detach(session)))
  // Input that came while a command waited; it is fed once the parser is through with that command.
  const held: Array<Uint8Array> = []
  for (;;) {
    const chunks = held.length > 0 ? held.splice(0) : count(engine, session, yield* pull)
    if (session.closing) return
    for (const chunk of chunks) input.feed(chunk)
    for (;;) {
      engine.beginBatch(session, outlet)
      const pause = runBatch(engine, session, input)
      engine.endBatch(session, outlet)
      if (pause === "end") {
        engine.replies.flush()
        outlet.end()
        return
      }
      if (pause !== undefined) engine.replies.flush()
      if (pause !== undefined && pause !== "flush") {
        const reply = yield* whileReading(engine, session, pause, pull, held)
        if (reply === undefined) return
        // A postponed command has no reply yet; the next batch begins with it.
        if (!session.postponed) engine.reply(session, outlet, reply)
        if (session.closing) {
          engine.replies.flush()
          outlet.end()
          return
        }
      }
      if (outlet.congested) yield* outlet.drained
      if (pause === undefined) break
    }
  }
})

/** Counts input as it comes. */
const count = (
  engine: Engine,
  session: Session,
  chunks: ReadonlyArray<Uint8Array>,
): ReadonlyArray<Uint8Array> => {
  for (const chunk of chunks) {
    session.inputBytes += chunk.length
    engine.netInputBytes += chunk.length
  }
  return chunks
}

/**
 * Waits for a reply while reading on; the wait is interrupted when the peer goes. Answers nothing when the connection is
 * to end: the peer has sent more than client-query-buffer-limit behind the command that waits.
 */
const whileReading = (
  engine: Engine,
  session: Session,
  waiting: Effect.Effect<Uint8Array>,
  pull: Effect.Effect<ReadonlyArray<Uint8Array>, SocketError>,
  held: Array<Uint8Array>,
): Effect.Effect<Uint8Array | undefined, SocketError> =>
  Effect.gen(function* () {
    const reply = yield* Effect.forkChild(waiting, { startImmediately: true })
    const done = reply.pollUnsafe()
    if (done !== undefined) return yield* Fiber.join(reply)
    const reading: Effect.Effect<undefined, SocketError> = Effect.gen(function* () {
      let bytes = session.control.queryBytes(false)
      for (const chunk of held) bytes += chunk.length
      while (bytes <= engine.settings.clientQueryBufferLimit) {
        for (const chunk of count(engine, session, yield* pull)) {
          held.push(chunk)
          bytes += chunk.length
        }
      }
      return undefined
    })
    return yield* Effect.raceFirst(Fiber.join(reply), reading)
  })
