/**
 * `redix/persistence`: the `Redis` service of effect/persistence on an engine in this process, without a socket and without a
 * client library. What is built on it works as on a server: `Persistence`, `PersistedQueue`, `RateLimiter`,
 * `CircuitBreaker`, and time is the app's own Clock.
 *
 *     RateLimiter.layer.pipe(
 *       Layer.provide(RateLimiter.layerStoreRedis()),
 *       Layer.provide(RedixPersistence.layerWith()),
 *     )
 *
 * Replies are those of RESP3, strings as text, maps as Maps.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redis from "effect/persistence/Redis"
import * as Scope from "effect/Scope"
import type { Calls, Client } from "./client/Client.js"
import { DirectSession } from "./client/DirectSession.js"
import { makeClient } from "./client/makeClient.js"
import { Lookup } from "./client/Methods.js"
import { messageOf, subscribe } from "./client/Subscriber.js"
import type { InvalidConfigError, Overrides } from "./config/index.js"
import type { Engine } from "./engine/Engine.js"
import { type EngineService, theEngine } from "./engine/EngineService.js"
import type { StartError } from "./server/Persistence.js"
import { Redix } from "./Redix.js"

type Send = Redis.Redis["Service"]["send"]

const failed = (cause: unknown): Redis.RedisError => new Redis.RedisError({ cause })

/** Whoever calls says what the command answers. */
const isSaid = <A>(_: unknown): _ is A => true

const sending = ({ call }: Calls): Send => {
  return <A>(command: string, ...words: ReadonlyArray<string>) =>
    Effect.flatMap(Effect.mapError(call(command, ...words), failed), (reply) =>
      isSaid<A>(reply) ? Effect.succeed(reply) : Effect.die(new Error("unreachable")),
    )
}

/** A session that nobody else uses; its end fails what is under way. */
const connect = (client: Client) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const session = yield* Scope.provide(client.session, scope)
    return { send: sending(session), close: Scope.close(scope, Exit.void) }
  })

/** Answers an Effect that lasts as long as the subscription. */
const listening =
  (engine: Engine) =>
  (
    channel: string,
    onMessage: (message: Redis.RedisMessage) => void,
  ): Effect.Effect<Effect.Effect<void, Redis.RedisError>, Redis.RedisError, Scope.Scope> =>
    Effect.gen(function* () {
      const session = yield* Effect.acquireRelease(
        Effect.sync(() => new DirectSession(engine, { resp: 3, database: 0 })),
        (opened) => Effect.sync(() => opened.close()),
      )
      yield* subscribe(engine, new Lookup(engine.dispatcher.table), session, "subscribe", [channel])
      session.mailbox.listen(() => {
        for (const value of session.mailbox.take()) {
          const message = messageOf(value)
          if (message !== undefined) onMessage(message)
        }
      })
      return Effect.mapError(session.gone("subscribe"), failed)
    })

/** Options of the sessions that `reserve` lends. */
export interface PersistenceOptions {
  /** How many sessions wait to be lent, and for how long: as Effect's `Redis.make` takes it. */
  readonly pool?: Redis.PoolOptions
}

/** The service on the engine that is provided. */
export const layer = ({ pool }: PersistenceOptions = {}): Layer.Layer<Redis.Redis, never, EngineService> =>
  Layer.effect(
    Redis.Redis,
    Effect.gen(function* () {
      const engine = yield* theEngine
      const client = yield* makeClient(engine)
      return yield* Redis.make({
        send: sending(client),
        subscribe: listening(engine),
        connect: connect(client),
        pool,
      })
    }),
  )

/** The service on an engine of its own; `overrides` are directives by name. */
export const layerWith = (
  overrides: Overrides = {},
  options: PersistenceOptions = {},
): Layer.Layer<Redis.Redis, InvalidConfigError | StartError> =>
  layer(options).pipe(Layer.provide(Redix.layerWith(overrides)))
