/**
 * Commands as Effects, or at once, in a session that is shared or one's own.
 *
 * An Effect that finds other commands running further down the stack goes on when they are done; a call at once is refused
 * then. In a session of one's own a command waits until the one before it has its reply, as on a connection.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Engine } from "../engine/Engine.js"
import type { Call, DirectSession, Prepared } from "./DirectSession.js"
import {
  ClosedError,
  type Failure,
  isReplyFailure,
  RefusedError,
  replyFailure,
  type ReplyFailure,
} from "./Failures.js"
import { giveBack } from "./GiveBack.js"
import type { Lookup } from "./Methods.js"
import type { ReplyDecoder } from "./ReplyDecoder.js"
import type { Value, Word } from "./Values.js"

/** Where commands find their session. */
export interface Sessions {
  /** A session to run in: busy where there is only one; undefined when there is none any more. */
  idle(): DirectSession | undefined
  /** A session is free again. */
  trim(): void
}

export class Runner {
  constructor(
    private readonly engine: Engine,
    private readonly sessions: Sessions,
    private readonly lookup: Lookup,
  ) {}

  /** Waits until the present code has returned to the event loop. */
  private readonly later = Effect.callback<void>((resume) =>
    this.engine.turns.afterThis(() => resume(Effect.void)),
  )

  /** Runs a command as an Effect. */
  call<T>(
    prepared: Prepared,
    words: ReadonlyArray<Word>,
    decoder: ReplyDecoder<T>,
  ): Effect.Effect<Value<T>, Failure> {
    return Effect.suspend(() => {
      if (this.engine.occupied) return Effect.andThen(this.later, this.call(prepared, words, decoder))
      const session = this.sessions.idle()
      if (session === undefined || session.closed) return closed(prepared)
      if (session.busy) return this.inTurn(session, this.steps(session, [{ prepared, words }], 0, decoder))
      const value = session.run(prepared, words, decoder)
      if (session.waiting !== undefined)
        return this.inTurn(session, this.wait(session, { prepared, words }, decoder))
      return session.failure === undefined ? Effect.succeed(value) : Effect.fail(session.failure)
    })
  }

  /** Runs a command at once. Throws its failure, and where it would have to wait. */
  callSync<T>(prepared: Prepared, words: ReadonlyArray<Word>, decoder: ReplyDecoder<T>): Value<T> {
    if (this.engine.occupied) throw new RefusedError({ command: prepared.text, reason: "reentrant" })
    const session = this.sessions.idle()
    if (session === undefined || session.closed) throw new ClosedError({ command: prepared.text })
    if (session.busy) throw new RefusedError({ command: prepared.text, reason: "waits" })
    const value = session.run(prepared, words, decoder, true)
    if (session.waiting !== undefined) {
      session.leave()
      throw new RefusedError({ command: prepared.text, reason: "waits" })
    }
    if (session.failure !== undefined) throw session.failure
    return value
  }

  /** What a command in progress answers, however often it is put off. */
  private wait<T>(
    session: DirectSession,
    call: Call,
    decoder: ReplyDecoder<T>,
  ): Effect.Effect<Value<T>, Failure> {
    const { prepared } = call
    return Effect.suspend(() => {
      const { waiting } = session
      if (waiting === undefined)
        return session.failure === undefined ? Effect.succeed<Value<T>>(null) : Effect.fail(session.failure)
      session.waiting = undefined
      const replied = Effect.onInterrupt(Effect.raceFirst(waiting, session.gone(prepared.text)), () =>
        Effect.sync(() => giveBack(this.engine, session.session, call)),
      )
      return Effect.flatMap(replied, (reply) =>
        session.session.postponed
          ? this.again(session, call, decoder)
          : outcome(session, session.settle(prepared, decoder, reply)),
      )
    })
  }

  /** Runs a command again that was put off. */
  private again<T>(
    session: DirectSession,
    call: Call,
    decoder: ReplyDecoder<T>,
  ): Effect.Effect<Value<T>, Failure> {
    const { prepared } = call
    return Effect.suspend(() => {
      if (this.engine.occupied) return Effect.andThen(this.later, this.again(session, call, decoder))
      if (session.closed) return closed(prepared)
      const value = session.rerun(prepared, decoder)
      return session.waiting === undefined ? outcome(session, value) : this.wait(session, call, decoder)
    })
  }

  /** Runs an Effect that has a session to itself, when it is its turn. */
  private inTurn<A, E>(session: DirectSession, effect: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(restore(session.turn), () =>
        Effect.onExit(restore(effect), (exit) =>
          Effect.sync(() => {
            if (Exit.isFailure(exit)) session.leave()
            session.free()
            this.sessions.trim()
          }),
        ),
      ),
    )
  }

  /**
   * MULTI, the commands, EXEC. Answers their replies, undefined when a watched key has changed. What is refused before EXEC
   * ends the transaction, and nothing has run.
   */
  transaction<T>(
    commands: ReadonlyArray<Call>,
    decoder: ReplyDecoder<T>,
  ): Effect.Effect<ReadonlyArray<Value<T>> | undefined, Failure> {
    const multi = this.own("multi")
    return Effect.suspend(() => {
      if (this.engine.occupied) return Effect.andThen(this.later, this.transaction(commands, decoder))
      const session = this.sessions.idle()
      if (session === undefined || session.closed) return closed(multi)
      const steps = [{ prepared: multi, words: [] }, ...commands, { prepared: this.own("exec"), words: [] }]
      const run = Effect.flatMap(this.steps(session, steps, 0, decoder), (replies) =>
        repliesOf(replies, commands),
      )
      return this.inTurn(
        session,
        Effect.onError(run, () => this.discard(session)),
      )
    })
  }

  /** Runs one step after another in a session, without a pause where none waits; answers the last one's reply. */
  private steps<T>(
    session: DirectSession,
    steps: ReadonlyArray<Call>,
    from: number,
    decoder: ReplyDecoder<T>,
  ): Effect.Effect<Value<T>, Failure> {
    return Effect.suspend(() => {
      let value: Value<T> = null
      for (let i = from; i < steps.length; i++) {
        const { prepared, words } = steps[i]
        if (this.engine.occupied) return Effect.andThen(this.later, this.steps(session, steps, i, decoder))
        if (session.closed) return closed(prepared)
        value = session.run(prepared, words, decoder)
        if (session.waiting !== undefined) {
          const waited = this.wait(session, steps[i], decoder)
          if (i + 1 === steps.length) return waited
          return Effect.andThen(waited, this.steps(session, steps, i + 1, decoder))
        }
        if (session.failure !== undefined) return Effect.fail(session.failure)
      }
      return Effect.succeed(value)
    })
  }

  /** Takes a session out of a transaction that came to nothing. */
  private discard(session: DirectSession): Effect.Effect<void> {
    return Effect.sync(() => {
      session.leave()
      session.session.dropQueue()
      this.engine.events.unwatchAll(session.session)
    })
  }

  /** One of the commands that a transaction is made of, whatever clients call it. */
  private own(name: string): Prepared {
    return this.lookup.of(this.lookup.table.calledName(name))
  }
}

const closed = ({ text }: Pick<Prepared, "text">): Effect.Effect<never, ClosedError> =>
  Effect.fail(new ClosedError({ command: text }))

const outcome = <T>(session: DirectSession, value: Value<T>): Effect.Effect<Value<T>, Failure> =>
  session.failure === undefined ? Effect.succeed(value) : Effect.fail(session.failure)

/** The first of the commands that failed, with its name. */
const failed = <T>(
  replies: ReadonlyArray<Value<T>>,
  commands: ReadonlyArray<Call>,
): ReplyFailure | undefined => {
  for (const [i, reply] of replies.entries())
    if (isReplyFailure(reply)) return renamed(reply, commands[i]?.prepared.text ?? "exec")
  return undefined
}

const renamed = (failure: ReplyFailure, command: string): ReplyFailure =>
  replyFailure(command, failure.message)

const repliesOf = <T>(
  value: Value<T>,
  commands: ReadonlyArray<Call>,
): Effect.Effect<ReadonlyArray<Value<T>> | undefined, ReplyFailure> => {
  if (!Array.isArray(value)) return Effect.undefined
  const failure = failed(value, commands)
  return failure === undefined ? Effect.succeed(value) : Effect.fail(failure)
}
