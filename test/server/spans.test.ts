/** Saves, loads and syncs are spans of whoever traces the app. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Tracer from "effect/Tracer"
import { RedixClient } from "../../src/client.js"
import { Redix, TcpServer } from "../../src/index.js"
import { untilTrue } from "../support/Patience.js"

const spans: Array<Tracer.Span> = []

const tracer = Tracer.make({
  span: (options) => {
    const span = new Tracer.NativeSpan(options)
    spans.push(span)
    return span
  },
})

const app = (dir: string) =>
  RedixClient.layer().pipe(
    Layer.provideMerge(Redix.layerServerWith({ dir, "repl-diskless-sync-delay": 0 })),
    Layer.provide(Layer.succeed(Tracer.Tracer, tracer)),
    Layer.provide(Logger.layer([])),
  )

const directory = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "redix-spans-"))),
  (made) => Effect.sync(() => fs.rmSync(made, { recursive: true })),
)

const ended = (name: string): ReadonlyMap<string, unknown> | undefined =>
  spans.find((span) => span.name === name && span.status._tag === "Ended")?.attributes

const until = (condition: () => boolean): Effect.Effect<void> => Effect.promise(() => untilTrue(condition))

it.live("with what they were about", () =>
  Effect.gen(function* () {
    const dir = yield* directory
    const master = yield* Layer.build(app(dir))
    const redis = yield* Effect.provideContext(RedixClient, master)
    yield* redis.mset({ a: 1, b: 2 })
    yield* redis.save()
    assert.strictEqual(ended("redix.save")?.get("keys"), 2)
    assert.include(String(ended("redix.save")?.get("path")), "dump.rdb")
    const again = yield* Layer.build(app(dir))
    assert.strictEqual(ended("redix.load")?.get("keys"), 2)
    const replica = yield* Effect.provideContext(RedixClient, again)
    const [port = 0] = (yield* Effect.provideContext(TcpServer, master)).ports
    yield* replica.call("REPLICAOF", "127.0.0.1", port)
    yield* until(() => ended("redix.sync.receive") !== undefined && ended("redix.sync.send") !== undefined)
    const sent = spans.filter((span) => span.name === "redix.sync.send")
    assert.strictEqual(
      ended("redix.sync.send")?.get("keys"),
      2,
      sent
        .map(({ status }) =>
          JSON.stringify(status, (_, v: unknown) => (typeof v === "bigint" ? String(v) : v)),
        )
        .join("\n"),
    )
  }).pipe(Effect.scoped),
)
