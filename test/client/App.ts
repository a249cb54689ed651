/** An engine and its client, for tests of the client. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { RedixClient } from "../../src/client.js"
import { type Overrides, Redix } from "../../src/index.js"

export const app = (overrides: Overrides = {}) =>
  RedixClient.layer().pipe(Layer.provideMerge(Redix.layerWith(overrides)), Layer.provide(Logger.layer([])))

export const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** Waits, turn by turn of the event loop, until something is so. */
export const until = <E>(condition: Effect.Effect<boolean, E>): Effect.Effect<void, E> =>
  Effect.flatMap(condition, (met) => (met ? Effect.void : Effect.andThen(turn, until(condition))))

export const caught = (run: () => unknown): unknown => {
  try {
    run()
    return "nothing"
  } catch (thrown) {
    return thrown
  }
}
