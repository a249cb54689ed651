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
import type * as Net from "node:net"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Socket, SocketError } from "effect/socket/Socket"
import { readerBytes } from "effect/socket/Socket"
import type { Session } from "../commands/Session.js"
import { ArenaFullError } from "../memory/Arena.js"
import * as Errors from "../resp/Errors.js"
import { ParseStatus, type RequestParser } from "../resp/RequestParser.js"
import type { Engine } from "./Engine.js"

/** Replies are written out after about this many bytes even if the chunk has more commands. */
const BATCH_BYTES_MAX = 256 * 1024
/** Bytes of input kept for a client whose command waits; then it is no longer read. */
const WAITING_INPUT_MAX = 1024 * 1024

type RawSocket = typeof NodeSocket.NetSocket.Service

/** The writing side of a connection, used from its own fiber and, for pushes, from others. */
export class Outlet {
  private ended = false
  constructor(readonly raw: Net.Socket) {}

  /** Whether a write can still reach the peer. */
  get open(): boolean {
    return !this.ended && this.raw.writable
  }

  get pendingBytes(): number {
    return this.raw.writableLength
  }

  /** Writes bytes; the buffer belongs to the socket until they are out. Answers whether the kernel took all at once. */
  write(bytes: Uint8Array): boolean {
    if (bytes.length > 0 && this.open) this.raw.write(bytes)
    return this.raw.writableLength === 0
  }

  /** Whether the peer has fallen behind and writing should pause. */
  get congested(): boolean {
    return this.raw.writableNeedDrain && this.raw.writable
  }

  /** Waits until the peer has taken what was written, or is gone. */
  get drained(): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (!this.congested) {
        resume(Effect.void)
        return
      }
      const done = (): void => {
        this.raw.off("drain", done)
        this.raw.off("close", done)
        resume(Effect.void)
      }
      this.raw.on("drain", done)
      this.raw.on("close", done)
      return Effect.sync(() => {
        this.raw.off("drain", done)
        this.raw.off("close", done)
      })
    })
  }

  /** Ends the connection once everything written has gone out. */
  end(): void {
    if (this.ended) return
    this.ended = true
    this.raw.end()
  }

  /** Ends the connection now. */
  destroy(): void {
    this.ended = true
    this.raw.destroy()
  }
}

/** Why the batch stopped before the input was used up. */
type Pause = "flush" | "end" | Effect.Effect<Uint8Array>

/**
 * Runs one command. Where memory gave out the client is told; any other throw is a defect, which ends this connection
 * alone: what the command wrote is dropped, so nobody else's replies are touched.
 */
const runCommand = (
  engine: Engine,
  session: Session,
  parser: RequestParser,
  mark: number,
): void | Effect.Effect<Uint8Array> => {
  try {
    return engine.dispatcher.run(parser, session)
  } catch (cause) {
    const out = engine.context.out
    out.truncate(mark)
    engine.context.propagation.reset()
    if (!(cause instanceof ArenaFullError)) throw cause
    out.error(Errors.outOfMemory)
  }
}

/** Runs the parser's commands until input runs out (undefined) or something must happen first. */
const runBatch = (engine: Engine, session: Session, parser: RequestParser): Pause | undefined => {
  const out = engine.context.out
  const start = out.pos
  for (;;) {
    const status = parser.next()
    if (status === ParseStatus.NeedMore) return undefined
    if (status === ParseStatus.ProtocolError) {
      out.error(parser.error)
      return "end"
    }
    const mark = out.pos
    const waiting = runCommand(engine, session, parser, mark)
    session.commandsProcessed++
    if (waiting !== undefined) return waiting
    if (session.replyMode !== "on") engine.applyReplyMode(session, mark)
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
  const parser = engine.codec.makeParser(session.limits)
  engine.attach(session, outlet)
  yield* Effect.addFinalizer(() => Effect.sync(() => engine.detach(session)))
  for (;;) {
    const chunks = yield* pull
    for (const chunk of chunks) {
      session.inputBytes += chunk.length
      engine.netInputBytes += chunk.length
      parser.feed(chunk)
    }
    for (;;) {
      engine.beginBatch(session)
      const pause = runBatch(engine, session, parser)
      engine.endBatch(session, outlet)
      if (pause === "end") {
        engine.replies.flush()
        outlet.end()
        return
      }
      if (pause !== undefined) engine.replies.flush()
      if (pause !== undefined && pause !== "flush") {
        const reply = yield* whileReading(pause, pull, parser, session)
        engine.reply(session, outlet, reply)
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

/** Waits for a reply while reading on; the wait is interrupted when the peer goes. */
const whileReading = (
  waiting: Effect.Effect<Uint8Array>,
  pull: Effect.Effect<ReadonlyArray<Uint8Array>, SocketError>,
  parser: RequestParser,
  session: Session,
): Effect.Effect<Uint8Array, SocketError> =>
  Effect.gen(function* () {
    const reply = yield* Effect.forkChild(waiting, { startImmediately: true })
    const done = reply.pollUnsafe()
    if (done !== undefined) return yield* Fiber.join(reply)
    const reading: Effect.Effect<never, SocketError> = Effect.gen(function* () {
      for (;;) {
        const chunks = yield* pull
        for (const chunk of chunks) {
          session.inputBytes += chunk.length
          parser.feed(chunk)
        }
        if (parser.pending > WAITING_INPUT_MAX) return yield* Effect.never
      }
    })
    return yield* Effect.raceFirst(Fiber.join(reply), reading)
  })
