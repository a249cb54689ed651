/** Everything that a client can do in its sessions, whichever these are: methods, calls by name, transactions. */
import * as Effect from "effect/Effect"
import type { Engine } from "../engine/Engine.js"
import type { Arrangement, Body, Calls, Replies } from "./Client.js"
import { type Failure, RefusedError } from "./Failures.js"
import type { Queued, QueuedCommand } from "./Kind.js"
import type { Methods } from "./methods/index.js"
import { type Invoke, type Lookup, methodsOf, refusalOf } from "./Methods.js"
import { asBytes, asText, type ReplyDecoder } from "./ReplyDecoder.js"
import type { Call } from "./DirectSession.js"
import { Runner, type Sessions } from "./Runner.js"
import type { Value, Word } from "./Values.js"

/** The methods follow from the declarations, as their types do. */
const areMethods = <M extends object>(_: object): _ is M => true

const typed = <M extends object>(methods: object): M => {
  if (!areMethods<M>(methods)) throw new Error("unreachable")
  return methods
}

const isListed = (value: Arrangement): value is ReadonlyArray<QueuedCommand<unknown>> => Array.isArray(value)

/** The replies where the body put their commands. */
const arrange = (arranged: Arrangement, replies: ReadonlyArray<unknown>): object =>
  isListed(arranged)
    ? arranged.map(({ index }) => replies[index])
    : Object.fromEntries(Object.entries(arranged).map(([name, { index }]) => [name, replies[index]]))

export class Face {
  private readonly runner: Runner

  constructor(
    engine: Engine,
    private readonly lookup: Lookup,
    sessions: Sessions,
    private readonly own: boolean,
  ) {
    this.runner = new Runner(engine, sessions, lookup)
  }

  methods<M extends object>(decoder: ReplyDecoder<unknown>): M {
    return typed<M>(methodsOf(this.lookup, (prepared, words) => this.runner.call(prepared, words, decoder)))
  }

  methodsAtOnce<M extends object>(decoder: ReplyDecoder<unknown>): M {
    return typed<M>(
      methodsOf(this.lookup, (prepared, words) => this.runner.callSync(prepared, words, decoder)),
    )
  }

  private call<T>(
    command: string,
    words: ReadonlyArray<Word>,
    decoder: ReplyDecoder<T>,
  ): Effect.Effect<Value<T>, Failure | RefusedError> {
    return Effect.suspend((): Effect.Effect<Value<T>, Failure | RefusedError> => {
      const prepared = this.lookup.of(command)
      const reason = refusalOf(prepared, words, this.own)
      if (reason !== undefined) return Effect.fail(new RefusedError({ command: prepared.text, reason }))
      return this.runner.call(prepared, words, decoder)
    })
  }

  private callSync<T>(command: string, words: ReadonlyArray<Word>, decoder: ReplyDecoder<T>): Value<T> {
    const prepared = this.lookup.of(command)
    const reason = refusalOf(prepared, words, this.own)
    if (reason !== undefined) throw new RefusedError({ command: prepared.text, reason })
    return this.runner.callSync(prepared, words, decoder)
  }

  transaction<A extends Arrangement>(body: Body<A>): Effect.Effect<Replies<A> | undefined, Failure> {
    return Effect.suspend(() => {
      const commands: Array<Call> = []
      const queue: Invoke<QueuedCommand<unknown>> = (prepared, words) => {
        commands.push({ prepared, words })
        return { index: commands.length - 1 }
      }
      const arranged = body(typed<Methods<string, Queued>>(methodsOf(this.lookup, queue)))
      return Effect.map(this.runner.transaction(commands, asText), (replies) =>
        replies === undefined ? undefined : typed<Replies<A>>(arrange(arranged, replies)),
      )
    })
  }

  /** Calls by name, with strings as text and as bytes. */
  get calls(): Calls {
    return {
      call: (command, ...words) => this.call(command, words, asText),
      callBytes: (command, ...words) => this.call(command, words, asBytes),
      callSync: (command, ...words) => this.callSync(command, words, asText),
      callBytesSync: (command, ...words) => this.callSync(command, words, asBytes),
    }
  }
}
