/** Effect's own modules on Redis, over the `redis` package: persistence, caches, queues, rate limits, circuit breakers. */
import { expect, layer } from "@effect/vitest"
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as Persistable from "effect/persistence/Persistable"
import * as PersistedCache from "effect/persistence/PersistedCache"
import * as PersistedQueue from "effect/persistence/PersistedQueue"
import * as Persistence from "effect/persistence/Persistence"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Redis from "effect/persistence/Redis"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { onEachServer } from "./EachServer.js"

class User extends Persistable.Class<{ payload: { readonly id: number } }>()("User", {
  primaryKey: ({ id }) => String(id),
  success: Schema.Struct({ id: Schema.Number, name: Schema.String }),
  error: Schema.String,
}) {}

const isRateLimit = (error: RateLimiter.RateLimiterError): boolean =>
  error.reason._tag === "RateLimitExceeded"

onEachServer((port) => {
  let stores = 0
  /** Names are used once, so that no test finds what another has left. */
  const fresh = (): string => `store${++stores}`

  const redis = Layer.unwrap(
    Effect.sync(() => NodeRedis.layer({ socket: { host: "127.0.0.1", port: port() } })),
  )

  const send = (command: string, ...args: ReadonlyArray<string>) =>
    Effect.flatMap(Redis.Redis, (redis) => redis.send(command, ...args))

  layer(redis, { excludeTestServices: true })((it) => {
    it.effect("Persistence: keeps results and failures, many at once, for as long as they may live", () =>
      Effect.gen(function* () {
        const persistence = yield* Persistence.Persistence
        const storeId = fresh()
        const store = yield* persistence.make({
          storeId,
          timeToLive: (exit) => (Exit.isSuccess(exit) ? "1 hour" : Duration.infinity),
        })
        const [one, two, three] = [1, 2, 3].map((id) => new User({ id }))
        yield* store.set(one, Exit.succeed({ id: 1, name: "One" }))
        yield* store.setMany([
          [two, Exit.fail("no such user")],
          [three, Exit.succeed({ id: 3, name: "Three \u00e9" })],
        ])
        expect(yield* store.get(one)).toEqual(Exit.succeed({ id: 1, name: "One" }))
        expect(yield* store.getMany([one, two, three, new User({ id: 4 })])).toEqual([
          Exit.succeed({ id: 1, name: "One" }),
          Exit.fail("no such user"),
          Exit.succeed({ id: 3, name: "Three \u00e9" }),
          undefined,
        ])
        yield* store.remove(one)
        expect(yield* store.get(one)).toBeUndefined()
        yield* store.clear
        expect(yield* store.getMany([two, three])).toEqual([undefined, undefined])
      }).pipe(Effect.provide(Persistence.layerRedis)),
    )

    it.effect("PersistedCache: looks up once, also for a cache that knows nothing yet", () =>
      Effect.gen(function* () {
        let lookups = 0
        const storeId = fresh()
        const make = PersistedCache.make(
          (user: User) =>
            Effect.sync(() => {
              lookups++
              return { id: user.id, name: `user ${user.id}` }
            }),
          { storeId, timeToLive: () => "1 hour" },
        )
        const first = yield* make
        expect(yield* first.get(new User({ id: 7 }))).toEqual({ id: 7, name: "user 7" })
        const second = yield* make
        expect(yield* second.get(new User({ id: 7 }))).toEqual({ id: 7, name: "user 7" })
        expect(lookups).toBe(1)
        yield* second.invalidate(new User({ id: 7 }))
        yield* (yield* make).get(new User({ id: 7 }))
        expect(lookups).toBe(2)
      }).pipe(Effect.provide(Persistence.layerRedis)),
    )

    it.effect("PersistedQueue: in order, each once by its id, delayed ones later, failed ones again", () =>
      Effect.gen(function* () {
        const queue = yield* PersistedQueue.make({
          name: fresh(),
          schema: Schema.Struct({ n: Schema.Number }),
          maxAttempts: 3,
          retrySchedule: Schedule.spaced("1 millis"),
        })
        yield* queue.offer({ n: 3 }, { delay: "200 millis" })
        yield* queue.offer({ n: 1 }, { id: "own" })
        yield* queue.offer({ n: 99 }, { id: "own" })
        yield* queue.offer({ n: 2 })
        const take = queue.take(({ n }, { id, attempts }) =>
          Effect.succeed({ n, own: id === "own", attempts }),
        )
        expect(yield* take).toEqual({ n: 1, own: true, attempts: 1 })
        const failed = yield* Effect.exit(queue.take(({ n }) => Effect.fail(`not ${n}`)))
        expect(failed).toEqual(Exit.fail("not 2"))
        const [a, b] = [yield* take, yield* take]
        expect([a, b].sort((x, y) => x.n - y.n)).toEqual([
          { n: 2, own: false, attempts: 2 },
          { n: 3, own: false, attempts: 1 },
        ])
      }).pipe(
        Effect.provide(
          PersistedQueue.layer.pipe(
            Layer.provide(PersistedQueue.layerStoreRedis({ prefix: fresh(), pollInterval: "10 millis" })),
          ),
        ),
      ),
    )

    it.effect(
      "PersistedQueue: who waits is given what comes, and what an interrupted taker held goes on",
      () =>
        Effect.gen(function* () {
          const queue = yield* PersistedQueue.make({ name: fresh(), schema: Schema.String })
          const taken = yield* Deferred.make<void>()
          const taker = yield* Effect.forkChild(
            queue.take(() => Effect.andThen(Deferred.succeed(taken, undefined), Effect.never)),
          )
          yield* queue.offer("job")
          yield* Deferred.await(taken)
          yield* Fiber.interrupt(taker)
          expect(yield* queue.take((value) => Effect.succeed(value))).toBe("job")
        }).pipe(
          Effect.provide(
            PersistedQueue.layer.pipe(
              Layer.provide(PersistedQueue.layerStoreRedis({ prefix: fresh(), pollInterval: "10 millis" })),
            ),
          ),
        ),
    )

    const limited = <A, E>(effect: Effect.Effect<A, E, RateLimiter.RateLimiter | Redis.Redis>) =>
      effect.pipe(
        Effect.provide(
          RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreRedis({ prefix: fresh() }))),
        ),
      )

    for (const algorithm of ["fixed-window", "token-bucket"] as const)
      it.effect(`RateLimiter: ${algorithm} counts down, then refuses or delays`, () =>
        limited(
          Effect.gen(function* () {
            const limiter = yield* RateLimiter.RateLimiter
            const consume = (onExceeded: "fail" | "delay", tokens = 1) =>
              limiter.consume({ algorithm, onExceeded, window: "1 hour", limit: 3, key: "k", tokens })
            const left: Array<number> = []
            for (let i = 0; i < 3; i++) left.push((yield* consume("fail")).remaining)
            expect(left).toEqual([2, 1, 0])
            const refused = yield* Effect.flip(consume("fail"))
            expect(isRateLimit(refused)).toBe(true)
            const { delay } = yield* consume("delay")
            expect(Duration.toMillis(delay)).toBeGreaterThan(60_000)
            const other = yield* limiter.consume({
              algorithm,
              window: "1 hour",
              limit: 3,
              key: "other",
              tokens: 2,
            })
            expect(other.remaining).toBe(1)
          }),
        ),
      )

    it.effect("RateLimiter: learns from what it is told", () =>
      limited(
        Effect.gen(function* () {
          const limiter = yield* RateLimiter.RateLimiter
          const options = { key: "k", tokens: 1, fallbackLimit: 10, fallbackWindow: Duration.hours(1) }
          const first = yield* limiter.adaptiveConsume(options)
          expect(first.phase).toBe("inactive")
          yield* limiter.adaptiveFeedback({
            key: "k",
            epoch: first.epoch,
            tokens: 1,
            status: 429,
            retryAfter: Duration.hours(1),
          })
          const second = yield* limiter.adaptiveConsume(options)
          expect(second.phase).not.toBe("inactive")
          expect(Duration.toMillis(second.delay)).toBeGreaterThan(60_000)
        }),
      ),
    )

    it.effect("CircuitBreaker: opens after failures, lets one call through, and closes", () =>
      Effect.gen(function* () {
        const breaking = (openDuration: Duration.Input) =>
          CircuitBreaker.make({ tripPolicy: CircuitBreaker.consecutive(2), openDuration })
        const long = yield* breaking("1 hour")
        const tags: Array<string> = []
        for (let i = 0; i < 3; i++) {
          const error = yield* Effect.flip(long.execute(Effect.fail("broken"), { key: "long" }))
          tags.push(typeof error === "string" ? error : error.reason._tag)
        }
        expect(tags).toEqual(["broken", "broken", "CircuitOpen"])
        expect(yield* long.execute(Effect.succeed(1), { key: "other" })).toBe(1)
        const short = yield* breaking("1 millis")
        for (let i = 0; i < 2; i++) yield* Effect.flip(short.execute(Effect.fail("broken"), { key: "short" }))
        // The time it stays open is the server's.
        const fine = short.execute(Effect.succeed("fine"), { key: "short" })
        expect(yield* Effect.retry(fine, Schedule.spaced("2 millis"))).toBe("fine")
        expect((yield* short.state("short"))._tag).toBe("Closed")
      }).pipe(Effect.provide(CircuitBreaker.layerStoreRedis({ prefix: fresh() }))),
    )

    it.effect(
      "Redis: scripts by digest, also after the server has forgotten them; messages; connections of one's own",
      () =>
        Effect.gen(function* () {
          const redis = yield* Redis.Redis
          const add = redis.eval(
            Redis.script((key: string, n: number) => [key, n], {
              lua: "return redis.call('INCRBY', KEYS[1], ARGV[1])",
              numberOfKeys: 1,
            }).withReturnType<number>(),
          )
          const key = fresh()
          expect(yield* add(key, 2)).toBe(2)
          yield* send("SCRIPT", "FLUSH")
          expect(yield* add(key, 3)).toBe(5)
          const refused = yield* Effect.flip(send("INCR"))
          expect(String(refused.cause)).toContain("wrong number of arguments")
          const exec = Effect.gen(function* () {
            const own = yield* redis.reserve
            yield* own.send("WATCH", key)
            yield* own.send("MULTI")
            yield* own.send("INCR", key)
            return yield* own.send("EXEC")
          })
          expect(yield* Effect.scoped(exec)).toEqual([6])
          const messages = yield* redis.subscribe("channel")
          // Who subscribes is not told when it is done: told again until it hears.
          yield* Effect.forkChild(
            Effect.repeat(send("PUBLISH", "channel", "hello"), Schedule.spaced("1 millis")),
          )
          expect(yield* Queue.take(messages)).toEqual({ channel: "channel", message: "hello" })
        }),
    )
  })
})
