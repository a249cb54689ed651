/** The hash of a key that was looked up ahead is not taken for another key, whose bytes have come to lie in its place. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { RedixClient } from "../../src/client.js"
import { app } from "./App.js"

const keys = ["a", "b", "c", "d"]

it.effect("one command after another from the same client", () =>
  Effect.gen(function* () {
    const redis = yield* RedixClient
    yield* redis.hset("x", { f: 1 })
    // Both have their last key, their only key, seven bytes behind the beginning.
    yield* redis.mget(keys)
    assert.strictEqual(yield* redis.hincrby("x", "f", 1), 2)
    assert.strictEqual(yield* redis.dbsize(), 1)
  }).pipe(Effect.provide(app())),
)

it.effect("one command after another from the same script", () =>
  Effect.gen(function* () {
    const redis = yield* RedixClient
    yield* redis.hset("x", { f: 1 })
    const script = "redis.call('mget', unpack(ARGV)); return redis.call('hincrby', KEYS[1], 'f', 1)"
    assert.strictEqual(yield* redis.eval(script, ["x"], keys), 2)
    assert.strictEqual(yield* redis.dbsize(), 1)
  }).pipe(Effect.provide(app())),
)
