/**
 * A session in this process: commands go in as words and come out as values, with no connection and no stream between.
 *
 * A command runs to its end in the caller's stack, as one batch of the engine. `run` answers its value; where the reply is
 * an error `failure` holds it, and where the command has to wait `waiting` holds the Effect of its reply, and no other may
 * be run before that has come (`settle`) or is given up (`leave`).
 *
 *     run -> value                                     the usual case: no Effect
 *     run -> failure
 *     run -> waiting .. settle -> value | failure      (postponed: -> rerun -> as run)
 *                    .. leave                          as a client that has gone
 *
 * Nothing may be run while other commands run further down the stack: the caller asks `engine.occupied` first.
 */
import * as Effect from "effect/Effect"
import type { Session } from "../engine/clients/Session.js"
import type { TableCommand } from "../engine/Command.js"
import type { Engine } from "../engine/Engine.js"
import { runCommand } from "../engine/clients/runCommand.js"
import { ClosedError, type Failure, isReplyFailure } from "./Failures.js"
import { Mailbox } from "./Mailbox.js"
import type { ReplyDecoder } from "./ReplyDecoder.js"
import type { Value, Word } from "./Values.js"
import { Words } from "./Words.js"

/** Where CLIENT LIST says it is. */
const ADDRESS = "in-process:0"
/** The engine's writer, grown beyond this by one reply, is not kept. */
const WRITER_BYTES_KEPT = 1024 * 1024

const ERROR = 45

/** A command that was looked up. */
export interface Prepared {
  /** The name it is called by, as bytes. */
  readonly name: Uint8Array
  /** In lower case. */
  readonly text: string
  /** Undefined for a name that no command has. */
  readonly command: TableCommand | undefined
  /** What it does to its session; "sometimes": with some of its subcommands. */
  readonly touches: "nothing" | "session" | "sometimes" | "link"
}

/** A command with what it is called with. */
export interface Call {
  readonly prepared: Prepared
  readonly words: ReadonlyArray<Word>
}

interface SessionOptions {
  readonly resp: 2 | 3
  readonly database: number
}

export class DirectSession {
  readonly session: Session
  readonly mailbox: Mailbox
  waiting: Effect.Effect<Uint8Array> | undefined = undefined
  failure: Failure | undefined = undefined
  /** Somebody has it to himself: a command waits, or a transaction is under way. */
  busy = false
  private readonly words = new Words()
  private readonly farewells = new Set<() => void>()
  private readonly line = new Set<() => void>()

  constructor(
    private readonly engine: Engine,
    options: SessionOptions,
  ) {
    const session = (this.session = engine.openSession())
    session.address = session.localAddress = ADDRESS
    session.inProcess = true
    session.authenticated = session.limits.authenticated = true
    session.resp = options.resp
    session.database = options.database
    this.mailbox = new Mailbox(engine.turns, () => this.ended())
    const { words } = this
    const input = {
      pending: 0,
      presentBytes: 0,
      limitsChanged: () => {},
      get argumentBytes() {
        return words.argumentBytes
      },
    }
    engine.attach(session, this.mailbox, input, { pending: 0 })
  }

  get closed(): boolean {
    return this.mailbox.closed
  }

  /** Runs a command. `atOnce`: the caller cannot wait for the disk. */
  run<T>(prepared: Prepared, words: ReadonlyArray<Word>, decoder: ReplyDecoder<T>, atOnce = false): Value<T> {
    if (this.waiting !== undefined) this.leave()
    const request = this.words
    request.begin(prepared.name, words.length)
    for (let i = 0; i < words.length; i++) request.add(words[i])
    return this.rerun(prepared, decoder, atOnce)
  }

  /** Runs the command again that `run` was given last, which was postponed. */
  rerun<T>(prepared: Prepared, decoder: ReplyDecoder<T>, atOnce = false): Value<T> {
    const { engine, session, mailbox } = this
    const { out } = engine.context
    this.failure = undefined
    session.postponed = false
    engine.beginBatch(session, mailbox)
    const mark = out.pos
    let value: Value<T> = null
    try {
      const waiting = runCommand(engine, session, this.words, prepared.command, mark)
      session.commandsProcessed++
      if (waiting !== undefined) this.waiting = waiting
      else {
        if (session.replies !== 0) engine.applyReplyMode(session)
        if (!out.overflowed && out.pos > mark) {
          if (!atOnce && this.unsafe)
            this.waiting = this.whenSafe(Buffer.from(out.buf.subarray(mark, out.pos)))
          else value = this.read(prepared, decoder, out.buf, mark, out.pos)
        }
      }
    } finally {
      out.truncate(mark)
      if (mark === 0 && out.buf.length > WRITER_BYTES_KEPT) out.abandon()
      engine.endBatch(session, mailbox)
    }
    if (session.closing) this.close()
    else if (this.mailbox.closed) this.failure = new ClosedError({ command: prepared.text })
    return value
  }

  /** The reply stands for what is not on the disk yet, and must be. */
  private get unsafe(): boolean {
    const { hold } = this.engine
    return hold.active && hold.forAll && this.session.heldUntil > hold.safe
  }

  /** A reply, once what it stands for is on the disk. */
  private whenSafe(reply: Uint8Array): Effect.Effect<Uint8Array> {
    const { hold, turns } = this.engine
    const { heldUntil } = this.session
    return Effect.callback<Uint8Array>((resume) => {
      const safe = (): void => turns.afterThis(() => resume(Effect.succeed(reply)))
      const off = hold.whenSafe(heldUntil, safe, () => this.close())
      return Effect.sync(() => {
        off()
        this.session.untaken = reply
      })
    })
  }

  /** Takes the reply of a command that waited. */
  settle<T>(prepared: Prepared, decoder: ReplyDecoder<T>, reply: Uint8Array): Value<T> {
    this.failure = undefined
    const { engine, session } = this
    const wanted = engine.replied(session, reply)
    if (session.tracking !== undefined) engine.tracking.ended(session, session.tracking)
    if (!wanted || reply.length === 0) return null
    const buf = Buffer.from(reply.buffer, reply.byteOffset, reply.length)
    return this.read(prepared, decoder, buf, 0, buf.length)
  }

  /** The reply between `start` and `end`; messages around it go to the mailbox. */
  private read<T>(
    prepared: Prepared,
    decoder: ReplyDecoder<T>,
    buf: Buffer,
    start: number,
    end: number,
  ): Value<T> {
    decoder.command = prepared.text
    decoder.pos = start
    if (decoder.isPush(buf)) {
      while (decoder.pos < end && decoder.isPush(buf)) decoder.value(buf)
      this.mailbox.enqueue(Uint8Array.prototype.slice.call(buf, start, decoder.pos))
      if (decoder.pos === end) return null
    }
    const isError = buf[decoder.pos] === ERROR
    const value = decoder.value(buf)
    if (isError && isReplyFailure(value)) this.failure = value
    if (decoder.pos < end) this.mailbox.enqueue(Uint8Array.prototype.slice.call(buf, decoder.pos, end))
    return value
  }

  /** Gives up the command that waits. */
  leave(): void {
    const { session } = this
    this.waiting = undefined
    session.untaken = undefined
    session.blocked?.unblock("timeout")
    session.held = undefined
    session.postponed = false
  }

  /** Gives it to the next in line, or lets go of it. */
  free(): void {
    for (const next of this.line) {
      this.line.delete(next)
      return next()
    }
    this.busy = false
  }

  /** Waits in line until it is given to the caller, who has to `free` it. */
  readonly turn: Effect.Effect<void> = Effect.callback<void>((resume) => {
    let mine = !this.busy
    if (mine) {
      this.busy = true
      resume(Effect.void)
    }
    // Not at once: who is resumed may be done at once, and call on the next, ever deeper down one stack.
    const take = (): void => {
      mine = true
      this.engine.turns.afterThis(() => resume(Effect.void))
    }
    if (!mine) this.line.add(take)
    return Effect.sync(() => {
      if (mine) return this.free()
      this.line.delete(take)
    })
  })

  /** Fails when the session ends. */
  gone(command: string): Effect.Effect<never, ClosedError> {
    return Effect.callback<never, ClosedError>((resume) => {
      const farewell = (): void => resume(Effect.fail(new ClosedError({ command })))
      if (this.closed) return farewell()
      this.farewells.add(farewell)
      return Effect.sync(() => void this.farewells.delete(farewell))
    })
  }

  /** Ends the session, as a client that goes. */
  close(): void {
    this.session.closing = true
    this.mailbox.destroy()
  }

  private ended(): void {
    this.engine.detach(this.session)
    for (const farewell of [...this.farewells]) farewell()
    this.farewells.clear()
  }
}
