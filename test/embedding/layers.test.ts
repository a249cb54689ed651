/** The composed layers: settings from the app's own configuration, listeners for an engine that is there, no work at rest. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { assert, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { RedixClient } from "../../src/client.js"
import { theEngine } from "../../src/engine/EngineService.js"
import { Redix, TcpServer } from "../../src/index.js"
import { RawClient } from "../support/RawClient.js"

const quiet = Logger.layer([])

const say = (at: number | string, ...words: ReadonlyArray<string>) =>
  Effect.promise(async () => {
    const client = await RawClient.connect(
      typeof at === "string" ? { path: at } : { host: "127.0.0.1", port: at },
    )
    const reply = await client.text(...words)
    client.close()
    return reply
  })

const ports = Effect.map(TcpServer, (server) => server.ports)

it.effect("one engine has as many listeners as are built for it", () =>
  Effect.gen(function* () {
    const redis = yield* RedixClient
    yield* redis.set("a", "1")
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "redix-listen-"))),
      (made) => Effect.sync(() => fs.rmSync(made, { recursive: true })),
    )
    const unixsocket = path.join(folder, "redix.sock")
    const [one = 0] = yield* Effect.provide(ports, yield* Layer.build(Redix.layerListen()))
    const [other = 0] = yield* Effect.provide(ports, yield* Layer.build(Redix.layerListen({ unixsocket })))
    assert.notStrictEqual(one, other)
    for (const at of [one, other, unixsocket]) assert.strictEqual(yield* say(at, "GET", "a"), "$1\r\n1\r\n")
    // What is changed while it runs holds for all of them.
    yield* redis.configSet({ requirepass: "secret" })
    assert.include(yield* say(one, "GET", "a"), "NOAUTH")
    assert.strictEqual(yield* redis.get("a"), "1")
    const closed = yield* Effect.exit(Effect.scoped(Layer.build(Redix.layerListen({ port: one }))))
    assert.strictEqual(closed._tag, "Failure")
  }).pipe(
    Effect.scoped,
    Effect.provide(RedixClient.layer().pipe(Layer.provideMerge(Redix.layerWith()), Layer.provide(quiet))),
  ),
)

it.effect("settings come from the app's configuration", () =>
  Effect.gen(function* () {
    const server = Redix.layerServerConfig({
      databases: Config.Int("CACHE_DATABASES"),
      requirepass: Config.Redacted("CACHE_PASSWORD"),
      "maxmemory-policy": Config.succeed("noeviction"),
    })
    const provider = ConfigProvider.fromUnknown({ CACHE_DATABASES: "3", CACHE_PASSWORD: "secret" })
    const given = server.pipe(Layer.provide(ConfigProvider.layer(provider)), Layer.provide(quiet))
    const [port = 0] = yield* Effect.provide(ports, yield* Layer.build(given))
    assert.include(yield* say(port, "GET", "a"), "NOAUTH")
    const client = RedixClient.layer().pipe(Layer.provide(given))
    const databases = Effect.flatMap(RedixClient, (redis) => redis.configGet("databases"))
    assert.deepStrictEqual(yield* Effect.provide(databases, client), new Map([["databases", "3"]]))
    const none = ConfigProvider.fromUnknown({})
    const missing = Redix.layerConfig({ databases: Config.Int("CACHE_DATABASES") })
    const failure = yield* Effect.flip(
      Layer.build(missing.pipe(Layer.provide(ConfigProvider.layer(none)), Layer.provide(quiet))),
    )
    assert.strictEqual(failure._tag, "ConfigError")
  }).pipe(Effect.scoped),
)

it.effect("at rest nothing is done, with clients and their streams there", () =>
  Effect.gen(function* () {
    const redis = yield* RedixClient
    const engine = yield* theEngine
    const streams = Stream.merge(redis.subscribe("c"), redis.watch("*"))
    yield* Effect.forkChild(Stream.runDrain(streams), { startImmediately: true })
    yield* redis.set("a", "1", { EX: 3600 })
    yield* redis.get("a")
    yield* TestClock.adjust("1 second")
    let turns = 0
    const cron = (): number => {
      turns++
      return Infinity
    }
    engine.parts.add({ cron })
    yield* TestClock.adjust("50 minutes")
    assert.strictEqual(turns, 0)
    yield* TestClock.adjust("1 day")
    assert.isBelow(turns, 20)
    assert.strictEqual(yield* redis.dbsize(), 0)
  }).pipe(
    Effect.provide(RedixClient.layer().pipe(Layer.provideMerge(Redix.layerWith()), Layer.provide(quiet))),
  ),
)
