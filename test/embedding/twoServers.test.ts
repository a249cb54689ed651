/** Two servers of one app have nothing in common. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { expect, it } from "vitest"
import { type Overrides, Redix, Store, type StoreShape, TcpServer } from "../../src/index.js"
import { theEngine } from "../../src/engine/EngineService.js"
import { RawClient } from "../support/RawClient.js"

interface Facts {
  readonly port: number
  readonly announced: number
  readonly store: StoreShape
  readonly databases: number
}

class A extends Context.Service<A, Facts>()("test/A") {}
class B extends Context.Service<B, Facts>()("test/B") {}

const facts = Effect.gen(function* () {
  const port = (yield* TcpServer).ports[0] ?? 0
  const { keyspace, listeningPort } = yield* theEngine
  return { port, store: yield* Store, announced: listeningPort, databases: keyspace.present.count }
})

const server = (overrides: Overrides = {}) => Redix.layerServerWith({ port: 0, ...overrides })

const run = <A, E>(effect: Effect.Effect<A, E>): Promise<A> =>
  Effect.runPromise(Effect.provide(effect, Logger.layer([])))

it("merged: each has its own store, databases and announced port", async () => {
  const both = Layer.mergeAll(
    Layer.effect(A, facts).pipe(Layer.provide(server())),
    Layer.effect(B, facts).pipe(Layer.provide(server({ databases: 2 }))),
  )
  const [a, b] = await run(Effect.provide(Effect.all([A, B]), both))
  expect(a.store).not.toBe(b.store)
  expect([a.databases, b.databases]).toEqual([16, 2])
  expect([a.announced, b.announced]).toEqual([a.port, b.port])
})

it("nested: the inner app's server is not the outer one's", async () => {
  const nested = Effect.gen(function* () {
    const outer = yield* Store
    return [outer, yield* Effect.provide(Store, server())] as const
  })
  const [outer, inner] = await run(Effect.provide(nested, server()))
  expect(inner).not.toBe(outer)
})

const commandstats = async (client: RawClient): Promise<ReadonlyArray<string>> => {
  const text = await client.text("INFO", "commandstats")
  return text.split("\r\n").filter((line) => /^cmdstat_(get|config\|resetstat|ping):/.test(line))
}

it("each counts its own commands, refusals and failures", async () => {
  const both = Layer.mergeAll(
    Layer.effect(A, facts).pipe(Layer.provide(server())),
    Layer.effect(B, facts).pipe(Layer.provide(server())),
  )
  const play = Effect.gen(function* () {
    const ports = [(yield* A).port, (yield* B).port]
    return yield* Effect.promise(async () => {
      const [a, b] = await Promise.all(ports.map((port) => RawClient.connect({ host: "127.0.0.1", port })))
      if (a === undefined || b === undefined) throw new Error("two ports")
      await a.pipeline([["GET", "x"], ["GET", "x"], ["GET"]])
      await b.pipeline([
        ["LPUSH", "l", "1"],
        ["GET", "l"],
      ])
      const before = [await commandstats(a), await commandstats(b)]
      await b.command("CONFIG", "RESETSTAT")
      await b.command("LATENCY", "HISTOGRAM")
      const after = [await commandstats(a), await commandstats(b)]
      a.close()
      b.close()
      return [...before, ...after].map((lines) =>
        lines.map((line) => line.replace(/usec.*?,(?=rejected)/, "")),
      )
    })
  })
  const [a, b, aAfter, bAfter] = await run(Effect.provide(play, both))
  expect(a).toEqual(["cmdstat_get:calls=2,rejected_calls=1,failed_calls=0"])
  expect(b).toEqual(["cmdstat_get:calls=1,rejected_calls=0,failed_calls=1"])
  expect(aAfter).toEqual(a)
  expect(bAfter).toEqual(["cmdstat_config|resetstat:calls=1,rejected_calls=0,failed_calls=0"])
})
