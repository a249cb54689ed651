import { Effect, Layer } from "effect"
import { RateLimiter } from "effect/persistence"
import * as RedixPersistence from "../src/persistence.js"

const limited = RateLimiter.layer.pipe(
  Layer.provide(RateLimiter.layerStoreRedis()),
  Layer.provide(RedixPersistence.layerWith()),
)

const program = Effect.gen(function* () {
  const limiter = yield* RateLimiter.RateLimiter
  const request = { key: "ann", limit: 2, window: "1 minute" } as const
  const first = yield* limiter.consume(request)
  yield* limiter.consume(request)
  const third = yield* Effect.flip(limiter.consume(request))
  return `${first.remaining} left, then ${third.reason._tag}`
})

console.log(await Effect.runPromise(Effect.provide(program, limited)))

export {}
