import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Redix } from "../src/index.js"
import { RedixClient } from "../src/client.js"

const app = RedixClient.layer().pipe(Layer.provide(Redix.layerWith()))

layer(app)("sessions", (it) => {
  it.effect("end after a day", () =>
    Effect.gen(function* () {
      const redis = yield* RedixClient
      yield* redis.set("session:1", "Ada", { EX: 86_400 })
      yield* TestClock.adjust("1 day")
      // As in Redis a key is there until after its time, not at it.
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* redis.get("session:1"), null)
    }),
  )
})

export {}
