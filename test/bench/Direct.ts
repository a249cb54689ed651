/** The client without a socket: microseconds of CPU a command, at once and as an Effect, and effect/persistence's `send`. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Redis } from "effect/persistence"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { RedixClient } from "../../src/client.js"
import { Redix } from "../../src/index.js"
import * as RedixPersistence from "../../src/persistence.js"
import type { Figure } from "./Figures.js"

const KEYS = Array.from({ length: 1024 }, (_, i) => `key:${i}`)
const VALUE = "v".repeat(32)

/** The least of all rounds, in microseconds a command. */
const cpuOf = (rounds: number, count: number, run: (count: number) => void): number => {
  let least = Infinity
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage()
    run(count)
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / count)
  }
  return least
}

const keyAt = (i: number): string => KEYS[i & (KEYS.length - 1)] ?? ""

const repeated =
  <E>(one: (i: number) => Effect.Effect<unknown, E>) =>
  (count: number): void =>
    Effect.runSync(
      Effect.gen(function* () {
        for (let i = 0; i < count; i++) yield* one(i)
      }),
    )

export const direct = async (rounds: number, count: number): Promise<ReadonlyArray<Figure>> => {
  const engine = Redix.layerWith()
  const app = Layer.mergeAll(RedixClient.layer(), RedixPersistence.layer()).pipe(Layer.provide(engine))
  const runtime = ManagedRuntime.make(app.pipe(Layer.provide(Logger.layer([]))))
  try {
    const redis = await runtime.runPromise(RedixClient)
    const persistence = await runtime.runPromise(Redis.Redis)
    const { sync } = redis
    for (const key of KEYS) sync.set(key, VALUE)
    const works: ReadonlyArray<readonly [string, number, (count: number) => void]> = [
      ["sync.get", 0.8, (n) => void Array.from({ length: n }, (_, i) => sync.get(keyAt(i)))],
      ["sync.set", 0.8, (n) => void Array.from({ length: n }, (_, i) => sync.set(keyAt(i), VALUE))],
      ["callSync GET", 1.1, (n) => void Array.from({ length: n }, (_, i) => redis.callSync("GET", keyAt(i)))],
      ["get, an Effect", 1.6, repeated((i) => redis.get(keyAt(i)))],
      ["effect/persistence GET", 2.8, repeated((i) => persistence.send("GET", keyAt(i)))],
    ]
    return works.map(([name, most, work]) => ({
      name,
      value: cpuOf(rounds, count, work),
      most,
      unit: "us CPU",
    }))
  } finally {
    await runtime.dispose()
  }
}
