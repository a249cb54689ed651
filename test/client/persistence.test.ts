/** effect/persistence on an engine in the process, on the clock of a test. */
import { assert, layer } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { CircuitBreaker, PersistedQueue, Persistence, RateLimiter, Redis } from "effect/persistence"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as RedixPersistence from "../../src/persistence.js"
import { turn, until } from "./App.js"

layer(RedixPersistence.layerWith().pipe(Layer.provide(Logger.layer([]))))("effect/persistence", (it) => {
  it.layer(Persistence.layerBackingRedis)((it) => {
    it.effect("values are kept for their time", () =>
      Effect.gen(function* () {
        const backing = yield* Persistence.BackingPersistence
        const store = yield* backing.make("app")
        yield* store.set("a", { n: 1 }, Duration.seconds(60))
        yield* store.setMany([
          ["b", { n: 2 }, Duration.seconds(120)],
          ["c", { n: 3 }, undefined],
        ])
        assert.deepStrictEqual(yield* store.getMany(["a", "b", "none"]), [{ n: 1 }, { n: 2 }, undefined])
        yield* TestClock.adjust("61 seconds")
        assert.isUndefined(yield* store.get("a"))
        assert.deepStrictEqual(yield* store.get("b"), { n: 2 })
        yield* store.remove("b")
        assert.isUndefined(yield* store.get("b"))
        yield* store.clear
        assert.isUndefined(yield* store.get("c"))
      }),
    )
  })

  it.layer(RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreRedis())))((it) => {
    it.effect("a rate is limited, window by window and token by token", () =>
      Effect.gen(function* () {
        const limiter = yield* RateLimiter.RateLimiter
        const options = { key: "k", window: "1 minute", limit: 2 } as const
        for (const remaining of [1, 0])
          assert.strictEqual((yield* limiter.consume(options)).remaining, remaining)
        const over = yield* Effect.flip(limiter.consume(options))
        assert.strictEqual(over.reason._tag, "RateLimitExceeded")
        yield* TestClock.adjust("61 seconds")
        assert.strictEqual((yield* limiter.consume(options)).remaining, 1)
        const bucket = { ...options, key: "b", algorithm: "token-bucket", onExceeded: "delay" } as const
        for (let i = 0; i < 2; i++) assert.isTrue(Duration.isZero((yield* limiter.consume(bucket)).delay))
        assert.strictEqual(Duration.toMillis((yield* limiter.consume(bucket)).delay), 30_000)
      }),
    )
  })

  it.layer(CircuitBreaker.layerStoreRedis())((it) => {
    it.effect("a circuit opens, and closes after a probe", () =>
      Effect.gen(function* () {
        const breaker = yield* CircuitBreaker.make({
          tripPolicy: CircuitBreaker.consecutive(2),
          openDuration: "30 seconds",
        })
        const guarded = breaker.execute({ key: "payments" })
        for (let i = 0; i < 2; i++)
          assert.strictEqual(yield* Effect.flip(guarded(Effect.fail("down"))), "down")
        const open = yield* Effect.flip(guarded(Effect.succeed(1)))
        assert.instanceOf(open, CircuitBreaker.CircuitBreakerError)
        yield* TestClock.adjust("31 seconds")
        assert.strictEqual(yield* guarded(Effect.succeed(1)), 1)
        assert.strictEqual(yield* guarded(Effect.succeed(2)), 2)
      }),
    )
  })

  it.layer(PersistedQueue.layer.pipe(Layer.provide(PersistedQueue.layerStoreRedis())))((it) => {
    it.effect("a queue gives each value once, again after a failure, later where it is delayed", () =>
      Effect.gen(function* () {
        const queue = yield* PersistedQueue.make({
          name: "jobs",
          schema: Schema.Struct({ n: Schema.Number }),
        })
        const taken: Array<string> = []
        const worker = queue
          .take(({ n }, { attempts }) => {
            taken.push(`${n}/${attempts}`)
            return n === 2 && attempts === 1 ? Effect.fail("again") : Effect.void
          })
          .pipe(Effect.ignore, Effect.forever)
        yield* queue.offer({ n: 1 })
        yield* queue.offer({ n: 2 })
        yield* queue.offer({ n: 3 }, { delay: "1 hour" })
        const fiber = yield* Effect.forkChild(worker)
        const drain = until(
          Effect.gen(function* () {
            yield* TestClock.adjust("1 second")
            return taken.length >= 3
          }),
        )
        yield* drain
        assert.deepStrictEqual([...taken].sort(), ["1/1", "2/1", "2/2"])
        yield* TestClock.adjust("1 hour")
        yield* until(
          Effect.gen(function* () {
            yield* TestClock.adjust("1 second")
            return taken.length >= 4
          }),
        )
        assert.strictEqual(taken[3], "3/1")
        yield* Fiber.interrupt(fiber)
      }),
    )
  })

  it.effect("messages reach their subscriber, scripts are loaded when they are gone", () =>
    Effect.gen(function* () {
      const service = yield* Redis.Redis
      const messages = yield* service.subscribe("c")
      assert.strictEqual(yield* service.send<number>("PUBLISH", "c", "hello"), 1)
      assert.deepStrictEqual(yield* Queue.take(messages), { channel: "c", message: "hello" })
      const add = service.eval(
        Redis.script((n: number) => [n], {
          lua: "return tonumber(ARGV[1]) + 1",
          numberOfKeys: 0,
        }).withReturnType<number>(),
      )
      assert.strictEqual(yield* add(1), 2)
      yield* service.send("SCRIPT", "FLUSH")
      assert.strictEqual(yield* add(2), 3)
      const wrong = yield* Effect.flip(service.send("NOSUCH"))
      assert.instanceOf(wrong, Redis.RedisError)
      assert.instanceOf(yield* Effect.flip(service.send("SELECT", "1")), Redis.RedisError)
    }),
  )

  it.effect("a reserved session is one's own, and its end fails what is under way", () =>
    Effect.gen(function* () {
      const service = yield* Redis.Redis
      const popped = yield* Effect.scoped(
        Effect.gen(function* () {
          const own = yield* service.reserve
          const waiting = yield* Effect.forkChild(own.send("BLPOP", "jobs", "0"), { startImmediately: true })
          yield* service.send("RPUSH", "jobs", "x")
          return yield* Fiber.join(waiting)
        }),
      )
      assert.deepStrictEqual(popped, ["jobs", "x"])
      const lost = yield* Effect.scoped(
        Effect.gen(function* () {
          const own = yield* service.reserve
          return yield* Effect.forkDetach(Effect.flip(own.send("BLPOP", "jobs", "0")), {
            startImmediately: true,
          })
        }),
      )
      const error = yield* Fiber.join(lost)
      assert.instanceOf(error, Redis.RedisError)
      assert.include(String(error.cause), "closed")
      yield* service.send("RPUSH", "jobs", "kept")
      yield* turn
      assert.strictEqual(yield* service.send("LLEN", "jobs"), 1)
      const exit = yield* Effect.exit(Effect.scoped(service.reserve))
      assert.isTrue(Exit.isSuccess(exit))
    }),
  )
})
