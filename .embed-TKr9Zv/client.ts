import { Effect, Fiber, Layer, Schema, Stream } from "effect"
import { Redix } from "../src/index.js"
import { keys, RedixClient } from "../src/client.js"

class User extends Schema.Class<User>("User")({ name: Schema.String, born: Schema.Number }) {}

const program = Effect.gen(function* () {
  const redis = yield* RedixClient
  yield* redis.set("greeting", "hello", { EX: 60, NX: true })
  yield* redis.hset("user:1", { name: "Ada", born: 1815 })
  yield* redis.zadd("scores", [[1.5, "ann"], [2, "bob"]], { GT: true })

  // All or nothing; the replies stand where the commands stood.
  const { visits, best } = yield* redis.transaction((tx) => ({
    visits: tx.incr("visits"),
    best: tx.zrange("scores", 0, 0, { REV: true }),
  }))

  // A worker that waits, and what happens to keys meanwhile.
  const worker = yield* Effect.forkChild(redis.blpop("jobs", 0), { startImmediately: true })
  const events = yield* redis.watch("job*").pipe(
    Stream.map(({ event, key }) => `${event} ${key}`),
    Stream.take(1),
    Stream.runCollect,
    Effect.forkChild({ startImmediately: true }),
  )
  yield* redis.rpush("jobs", "first")
  const [, job] = (yield* Fiber.join(worker)) ?? []

  const wrong = yield* redis.incr("jobs").pipe(
    Effect.andThen(redis.lpush("greeting", "x")),
    Effect.catchTag("WrongTypeError", ({ command }) => Effect.succeed(`${command} on a string`)),
  )

  const users = keys(redis, "user:json:", User, { ttl: "1 hour" })
  yield* users.set("1", new User({ name: "Ada", born: 1815 }))
  const user = yield* users.get("1")
  return [visits, best, job, yield* Fiber.join(events), wrong, user?.name]
})

const app = RedixClient.layer().pipe(Layer.provide(Redix.layerWith()))
console.log(JSON.stringify(await Effect.runPromise(Effect.provide(program, app))))

export {}
