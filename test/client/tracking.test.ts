/** A session in this process that tracks keys is told as a connection is. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { RedixClient } from "../../src/client.js"
import { theEngine } from "../../src/engine/EngineService.js"
import { app, turn } from "./App.js"

/** The next messages of a session. */
const next = <E>(messages: Stream.Stream<unknown, E>, n: number) =>
  Effect.forkChild(Stream.runCollect(Stream.take(messages, n)), { startImmediately: true })

layer(app())("tracking", (it) => {
  it.effect("keys that a session has read", () =>
    Effect.gen(function* () {
      const redis = yield* RedixClient
      const { tracking } = yield* theEngine
      yield* Effect.scoped(
        Effect.gen(function* () {
          const session = yield* redis.session
          yield* session.call("CLIENT", "TRACKING", "ON")
          const messages = yield* next(session.messages, 5)
          yield* session.mget(["a", "b", "c"])
          yield* redis.set("a", "1")
          yield* session.set("b", "1")
          yield* session.transaction((tx) => [tx.get("a"), tx.set("a", "2"), tx.set("c", "1")])
          yield* redis.flushall()
          assert.deepStrictEqual(yield* Fiber.join(messages), [
            ["invalidate", ["a"]],
            ["invalidate", ["b"]],
            ["invalidate", ["a"]],
            ["invalidate", ["c"]],
            ["invalidate", null],
          ])
          yield* session.set("d", "1", { EX: 10 })
          yield* session.get("d")
          const expiry = yield* next(session.messages, 1)
          yield* TestClock.adjust("11 seconds")
          assert.deepStrictEqual(yield* Fiber.join(expiry), [["invalidate", ["d"]]])
          assert.strictEqual(tracking.clients, 1)
        }),
      )
      assert.strictEqual(tracking.clients, 0)
      tracking.checkInvariants()
    }),
  )

  it.effect("keys under a prefix, at the end of a turn; and in another session's place", () =>
    Effect.gen(function* () {
      const redis = yield* RedixClient
      const session = yield* redis.session
      const other = yield* redis.session
      yield* session.call("CLIENT", "TRACKING", "ON", "BCAST", "NOLOOP", "PREFIX", "user:")
      const messages = yield* next(session.messages, 2)
      yield* redis.mset({ "user:2": "1", "user:1": "1", other: "1" })
      yield* session.set("user:3", "1")
      yield* turn
      yield* session.set("user:3", "2")
      yield* redis.del("user:1")
      assert.deepStrictEqual(yield* Fiber.join(messages), [
        ["invalidate", ["user:1", "user:2"]],
        ["invalidate", ["user:1"]],
      ])
      const told = yield* next(session.messages, 1)
      yield* other.call("CLIENT", "TRACKING", "ON", "REDIRECT", String(yield* session.clientId()))
      yield* other.get("k")
      yield* other.set("k", "1")
      assert.deepStrictEqual(yield* Fiber.join(told), [["invalidate", ["k"]]])
    }),
  )
})
