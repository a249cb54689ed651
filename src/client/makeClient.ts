/**
 * A client of an engine in this process: every command as a method, with neither a socket nor the protocol between.
 *
 * Methods give Effects; `sync` has the same methods, which answer at once, for hot loops; `bytes` and `bytesSync` have them
 * with strings as bytes. All of them share sessions of their own: a command that waits holds up no other. What changes the
 * session itself (SELECT, MULTI, SUBSCRIBE, ...) wants one of one's own, `session`.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Scope } from "effect/Scope"
import * as Stream from "effect/Stream"
import { Background } from "../engine/Background.js"
import type { Engine } from "../engine/Engine.js"
import type { Arrangement, Body, Calls, Client, ClientOptions, ClientSession, Message } from "./Client.js"
import { DirectSession } from "./DirectSession.js"
import { Face } from "./Face.js"
import type { ClosedError, Failure } from "./Failures.js"
import type { AtOnce, InEffect } from "./Kind.js"
import { arriving, keyEvents } from "./Messages.js"
import type { Methods, SessionMethods } from "./methods/index.js"
import { Lookup } from "./Methods.js"
import { asBytes, asText } from "./ReplyDecoder.js"
import { SessionPool } from "./SessionPool.js"
import { messageOf, oneSession, subscribe } from "./Subscriber.js"

/** Pages of SCAN and its kin as one stream. */
const pages = <A>(
  page: (cursor: string) => Effect.Effect<readonly [string, ReadonlyArray<A>], Failure>,
): Stream.Stream<A, Failure> =>
  Stream.paginate("0", (cursor) =>
    Effect.map(
      page(cursor),
      ([next, items]) => [items, next === "0" ? Option.none() : Option.some(next)] as const,
    ),
  )

const inPairs = <A>(
  [next, items]: readonly [string, ReadonlyArray<string>],
  second: (text: string) => A,
): readonly [string, ReadonlyArray<readonly [string, A]>] => {
  const pairs: Array<readonly [string, A]> = []
  for (let i = 0; i + 1 < items.length; i += 2) pairs.push([items[i], second(items[i + 1])])
  return [next, pairs]
}

/** The sessions that a client has opened: they end with it, and with the server. */
class Opened {
  private readonly all = new Set<{ close(): void }>()

  add<A extends { close(): void }>(sessions: A): Effect.Effect<A, never, Scope> {
    return Effect.acquireRelease(
      Effect.sync(() => {
        this.all.add(sessions)
        return sessions
      }),
      () =>
        Effect.sync(() => {
          this.all.delete(sessions)
          sessions.close()
        }),
    )
  }

  close(): void {
    for (const sessions of this.all) sessions.close()
  }
}

/** Messages of a session of its own that a command has subscribed. */
const subscription = (
  engine: Engine,
  lookup: Lookup,
  opened: Opened,
  command: "subscribe" | "psubscribe",
  names: ReadonlyArray<string>,
): Stream.Stream<Message, ClosedError> => {
  const open = Effect.gen(function* () {
    const session = yield* opened.add(new DirectSession(engine, { resp: 3, database: 0 }))
    yield* subscribe(engine, lookup, session, command, names)
    return session.mailbox
  })
  return Stream.flatMap(arriving(open), (value) => {
    const message = messageOf(value)
    return message === undefined ? Stream.empty : Stream.succeed(message)
  })
}

const sessionOf = (
  engine: Engine,
  lookup: Lookup,
  opened: Opened,
  database: number,
): Effect.Effect<ClientSession, never, Scope> =>
  Effect.gen(function* () {
    const session = yield* opened.add(new DirectSession(engine, { resp: 3, database }))
    const face = new Face(engine, lookup, oneSession(session), true)
    const methods = face.methods<Methods<string, InEffect> & SessionMethods<string, InEffect>>(asText)
    return Object.assign(methods, face.calls, {
      bytes: face.methods<Methods<Uint8Array, InEffect>>(asBytes),
      sync: face.methodsAtOnce<ClientSession["sync"]>(asText),
      transaction: <const A extends Arrangement>(body: Body<A>) => face.transaction(body),
      messages: arriving(Effect.succeed(session.mailbox)),
    })
  })

/** A client of the engine; it ends with the scope. */
export const makeClient = (
  engine: Engine,
  { database = 0 }: ClientOptions = {},
): Effect.Effect<Client, never, Scope> =>
  Effect.gen(function* () {
    const lookup = new Lookup(engine.dispatcher.table)
    const opened = new Opened()
    const pool = yield* opened.add(new SessionPool(engine, database))
    const background = yield* Background.make
    background.run(Effect.map(engine.lifecycle.awaitEnd, () => opened.close()))
    const face = new Face(engine, lookup, pool, false)
    const methods = face.methods<Methods<string, InEffect>>(asText)
    return Object.assign(methods, face.calls, {
      bytes: face.methods<Methods<Uint8Array, InEffect>>(asBytes),
      sync: face.methodsAtOnce<Methods<string, AtOnce>>(asText),
      bytesSync: face.methodsAtOnce<Methods<Uint8Array, AtOnce>>(asBytes),
      transaction: <const A extends Arrangement>(body: Body<A>) =>
        Effect.flatMap(face.transaction(body), (replies) =>
          // Nobody can watch a key in a session that all share.
          replies === undefined
            ? Effect.die(new Error("a watched key has changed"))
            : Effect.succeed(replies),
        ),
      subscribe: (...channels: ReadonlyArray<string>) =>
        subscription(engine, lookup, opened, "subscribe", channels),
      psubscribe: (...patterns: ReadonlyArray<string>) =>
        subscription(engine, lookup, opened, "psubscribe", patterns),
      watch: (pattern: string) => keyEvents(engine, pattern),
      session: sessionOf(engine, lookup, opened, database),
      ...scanning(methods),
    } satisfies Omit<Client, keyof Methods<string, InEffect> | keyof Calls>)
  })

const scanning = (
  methods: Methods<string, InEffect>,
): Pick<Client, "scanStream" | "hscanStream" | "sscanStream" | "zscanStream"> => ({
  scanStream: (options) => pages((cursor) => methods.scan(cursor, options)),
  sscanStream: (key, options) => pages((cursor) => methods.sscan(key, cursor, options)),
  hscanStream: (key, options) =>
    pages((cursor) =>
      Effect.map(methods.hscan(key, cursor, options), (page) => inPairs(page, (text) => text)),
    ),
  zscanStream: (key, options) =>
    pages((cursor) => Effect.map(methods.zscan(key, cursor, options), (page) => inPairs(page, Number))),
})
