/** A wait that is interrupted has taken nothing, as Effect's own queues have it, whatever it was served in that very turn. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import { withTempDir } from "../rdb/PersistenceSupport.js"
import { RedixClient } from "../../src/client.js"
import { Redix } from "../../src/index.js"
import { theEngine } from "../../src/engine/EngineService.js"
import { app } from "./App.js"

type Client = RedixClient["Service"]

const elements = (redis: Client) => redis.lrange("k", 0, -1)
const members = (redis: Client) => redis.zrange("k", 0, -1, { WITHSCORES: true })

interface Case {
  readonly name: string
  readonly wait: (redis: Client) => Effect.Effect<unknown, unknown>
  readonly fill: (redis: Client) => Effect.Effect<unknown, unknown>
  readonly left: (redis: Client) => Effect.Effect<unknown, unknown>
  readonly wanted: unknown
}

const list = {
  fill: (redis: Client) => redis.rpush("k", ["a", "b", "c"]),
  left: elements,
  wanted: ["a", "b", "c"],
}
const set = {
  fill: (redis: Client) =>
    redis.zadd("k", [
      [0.1, "a"],
      [2, "b"],
      [Infinity, "c"],
    ]),
  left: members,
}

const scores = ["a", 0.1, "b", 2, "c", Infinity]

const cases: ReadonlyArray<Case> = [
  { name: "BLPOP", wait: (redis) => redis.blpop(["none", "k"], 0), ...list },
  { name: "BRPOP", wait: (redis) => redis.brpop("k", 0), ...list },
  {
    name: "BLMPOP LEFT",
    wait: (redis) => redis.call("BLMPOP", 0, 2, "left", "k", "LEFT", "COUNT", 2),
    ...list,
  },
  {
    name: "BLMPOP RIGHT",
    wait: (redis) => redis.call("blmpop", 0, 2, "left", "k", "right", "COUNT", 2),
    ...list,
  },
  { name: "BZPOPMIN", wait: (redis) => redis.bzpopmin("k", 0), ...set, wanted: scores },
  { name: "BZPOPMAX", wait: (redis) => redis.bzpopmax("k", 0), ...set, wanted: scores },
  {
    name: "BZMPOP",
    wait: (redis) => redis.call("BZMPOP", 0, 1, "k", "MAX", "COUNT", 3),
    ...set,
    wanted: scores,
  },
]

const flat = (value: unknown): unknown => (Array.isArray(value) ? value.flat() : value)

it.effect.each(cases)("$name: what it was served is there again", ({ wait, fill, left, wanted }) =>
  Effect.gen(function* () {
    const redis = yield* RedixClient
    const engine = yield* theEngine
    const waiting = yield* Effect.forkChild(wait(redis), { startImmediately: true })
    assert.strictEqual(engine.blocking.count, 1)
    // Nothing lets go of the event loop in between.
    yield* fill(redis)
    yield* Fiber.interrupt(waiting)
    assert.deepStrictEqual(flat(yield* left(redis)), wanted)
    engine.checkInvariants()
  }).pipe(Effect.provide(app())),
)

it.effect("who stands behind gets it, and the log tells of both", () =>
  Effect.gen(function* () {
    const redis = yield* RedixClient
    const log = yield* redis.changes().pipe(
      Stream.map(({ arguments: words }) => words.map((word) => Buffer.from(word).toString()).join(" ")),
      Stream.take(4),
      Stream.runCollect,
      Effect.forkChild({ startImmediately: true }),
    )
    const first = yield* Effect.forkChild(redis.blpop("jobs", 0), { startImmediately: true })
    const second = yield* Effect.forkChild(redis.blpop("jobs", 0), { startImmediately: true })
    yield* redis.rpush("jobs", "x")
    yield* Fiber.interrupt(first)
    assert.deepStrictEqual(yield* Fiber.join(second), ["jobs", "x"])
    assert.deepStrictEqual(yield* Fiber.join(log), ["rpush jobs x", "LPOP jobs", "lpush jobs x", "LPOP jobs"])
  }).pipe(Effect.provide(app())),
)

it.effect("whatever the client may do, and has made of its session", () =>
  Effect.gen(function* () {
    const redis = yield* RedixClient
    yield* redis.call("ACL", "SETUSER", "default", "-@write", "+blpop", "+rpush")
    const own = yield* redis.session
    yield* own.select(3)
    const waiting = yield* Effect.forkChild(own.blpop("jobs", 0), { startImmediately: true })
    const writer = yield* redis.session
    yield* writer.select(3)
    yield* writer.rpush("jobs", "x")
    yield* Fiber.interrupt(waiting)
    assert.deepStrictEqual(yield* own.lrange("jobs", 0, -1), ["x"])
  }).pipe(Effect.scoped, Effect.provide(app({ "rename-command": ["lpush", ""] }))),
)

it.effect("where the key holds another type by then it is lost, and told", () => {
  const logged: Array<string> = []
  const logger = Logger.make(({ message }) => void logged.push([message].flat().join(" ")))
  const log = RedixClient.layer().pipe(
    Layer.provide(Redix.layerWith()),
    Layer.provide(Logger.layer([logger])),
  )
  return Effect.gen(function* () {
    const redis = yield* RedixClient
    const waiting = yield* Effect.forkChild(redis.blpop("jobs", 0), { startImmediately: true })
    yield* redis.rpush("jobs", "x")
    yield* redis.set("jobs", "other")
    yield* Fiber.interrupt(waiting)
    assert.strictEqual(yield* redis.get("jobs"), "other")
    const lost = logged.filter((line) =>
      line.startsWith("What an interrupted blpop had taken is lost: WRONGTYPE"),
    )
    assert.strictEqual(lost.length, 1)
  }).pipe(Effect.provide(log))
})

it.live("also where it waited for nothing but the disk", () =>
  Effect.promise(() =>
    withTempDir((dir) =>
      Effect.gen(function* () {
        const redis = yield* RedixClient
        yield* redis.rpush("jobs", ["x", "y"])
        const popping = yield* Effect.forkChild(redis.blpop("jobs", 0), { startImmediately: true })
        assert.isUndefined(popping.pollUnsafe())
        yield* Fiber.interrupt(popping)
        assert.deepStrictEqual(yield* redis.lrange("jobs", 0, -1), ["x", "y"])
      }).pipe(Effect.provide(app({ dir, appendonly: true, appendfsync: "always" })), Effect.runPromise),
    ),
  ),
)
