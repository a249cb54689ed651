/** The client's sessions: what waits, what ends, and that none is in another's way. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { type ClosedError, RedixClient, type RefusedError } from "../../src/client.js"
import { theEngine } from "../../src/engine/EngineService.js"
import { Commands } from "../../src/index.js"
import { app, caught, until } from "./App.js"

it.effect("a command that waits holds up nobody, and can be interrupted", () =>
  Effect.gen(function* () {
    const redis = yield* RedixClient
    const { blocking, sessions } = yield* theEngine
    const first = yield* Effect.forkChild(redis.blpop("jobs", 0), { startImmediately: true })
    const second = yield* Effect.forkChild(redis.blpop("jobs", 0), { startImmediately: true })
    const timed = yield* Effect.forkChild(redis.blpop("none", 60), { startImmediately: true })
    assert.strictEqual(blocking.count, 3)
    yield* Fiber.interrupt(first)
    assert.strictEqual(blocking.count, 2)
    yield* redis.rpush("jobs", ["x"])
    assert.deepStrictEqual(yield* Fiber.join(second), ["jobs", "x"])
    yield* TestClock.adjust("61 seconds")
    assert.strictEqual(yield* Fiber.join(timed), null)
    const before = sessions.size
    yield* Effect.forEach([1, 2, 3], () => redis.blpop("none", 1), { concurrency: "unbounded" }).pipe(
      Effect.forkChild({ startImmediately: true }),
      Effect.tap(() => TestClock.adjust("2 seconds")),
      Effect.flatMap(Fiber.join),
    )
    assert.strictEqual(sessions.size, before)
  }).pipe(Effect.provide(app())),
)

it.effect("at once nothing waits, and nobody is left waiting", () =>
  Effect.gen(function* () {
    const redis = yield* RedixClient
    const { blocking } = yield* theEngine
    const refused = caught(() => redis.sync.blpop("none", 0))
    assert.strictEqual((refused as RefusedError).reason, "waits")
    assert.strictEqual(blocking.count, 0)
    redis.sync.rpush("some", "x")
    assert.deepStrictEqual(redis.sync.blpop("some", 0), ["some", "x"])
    yield* redis.clientPause(10_000, { ALL: true })
    assert.strictEqual((caught(() => redis.sync.get("a")) as RefusedError).reason, "waits")
    const held = yield* Effect.forkChild(redis.set("a", "1"), { startImmediately: true })
    assert.isUndefined(held.pollUnsafe())
    yield* TestClock.adjust("11 seconds")
    assert.strictEqual(yield* Fiber.join(held), "OK")
    assert.strictEqual(redis.sync.get("a"), "1")
  }).pipe(Effect.provide(app())),
)

it.effect("a call inside a command is refused, its Effect put off", () => {
  const seen: Array<unknown> = []
  let redis: RedixClient["Service"] | undefined = undefined
  const nested = Commands.command(
    Commands.spec({
      name: "nested",
      arity: 1,
      group: "string",
      since: "1.0.0",
      summary: "Calls.",
      flags: ["readonly"],
    }),
    (c) => {
      seen.push(caught(() => redis?.sync.get("a")))
      if (redis !== undefined) Effect.runFork(Effect.map(redis.get("a"), (value) => seen.push(value)))
      c.out.ok()
    },
  )
  return Effect.gen(function* () {
    redis = yield* RedixClient
    yield* redis.set("a", "1")
    assert.strictEqual(yield* redis.call("NESTED"), "OK")
    assert.strictEqual((seen[0] as RefusedError).reason, "reentrant")
    yield* until(Effect.sync(() => seen.length === 2))
    assert.strictEqual(seen[1], "1")
  }).pipe(Effect.provide(app().pipe(Layer.provide(Commands.layer([nested])))))
})

it.effect("what changes a session is for one of one's own", () =>
  Effect.gen(function* () {
    const redis = yield* RedixClient
    for (const text of ["SELECT 1", "multi", "client reply off", "SUBSCRIBE c", "psync ? -1"]) {
      const [name = "", ...words] = text.split(" ")
      assert.strictEqual((yield* Effect.flip(redis.call(name, ...words)))._tag, "RefusedError")
      assert.strictEqual((caught(() => redis.callSync(name, ...words)) as RefusedError)._tag, "RefusedError")
    }
    assert.strictEqual(yield* redis.call("client", "id"), redis.sync.clientId())
    const { sessions } = yield* theEngine
    const before = sessions.size
    yield* Effect.scoped(
      Effect.gen(function* () {
        const own = yield* redis.session
        assert.strictEqual(sessions.size, before + 1)
        yield* own.select(1)
        yield* own.set("a", "in 1")
        assert.strictEqual(yield* redis.get("a"), null)
        assert.isTrue((yield* redis.clientList()).includes("addr=in-process:0"))
        yield* own.clientSetname("mine")
        assert.strictEqual(own.sync.clientGetname(), "mine")
        yield* own.watch("a")
        const writer = yield* redis.session
        yield* writer.select(1)
        yield* writer.set("a", "other")
        assert.strictEqual(yield* own.transaction((tx) => [tx.set("a", "lost")]), undefined)
        yield* own.watch("a")
        assert.deepStrictEqual(yield* own.transaction((tx) => [tx.get("a")]), ["other"])
        assert.strictEqual(yield* own.quit(), "OK")
        assert.strictEqual((yield* Effect.flip(own.get("a")))._tag, "ClosedError")
      }),
    )
    assert.strictEqual(sessions.size, before)
  }).pipe(Effect.provide(app())),
)

it.effect("one command after another in a session of one's own", () =>
  Effect.gen(function* () {
    const redis = yield* RedixClient
    const own = yield* redis.session
    const waiting = yield* Effect.forkChild(own.blpop("jobs", 0), { startImmediately: true })
    const behind = yield* Effect.forkChild(own.incr("n"), { startImmediately: true })
    const gone = yield* Effect.forkChild(own.incr("n"), { startImmediately: true })
    const last = yield* Effect.forkChild(own.incr("n"), { startImmediately: true })
    assert.strictEqual((caught(() => own.sync.get("n")) as RefusedError).reason, "waits")
    yield* Fiber.interrupt(gone)
    assert.strictEqual(yield* redis.get("n"), null)
    yield* redis.rpush("jobs", "x")
    assert.deepStrictEqual(yield* Fiber.join(waiting), ["jobs", "x"])
    assert.deepStrictEqual([yield* Fiber.join(behind), yield* Fiber.join(last)], [1, 2])
    const killed = yield* Effect.forkChild(Effect.flip(own.blpop("jobs", 0)), { startImmediately: true })
    const after = yield* Effect.forkChild(Effect.flip(own.get("n")), { startImmediately: true })
    yield* redis.clientKill([{ TYPE: "NORMAL" }])
    assert.strictEqual((yield* Fiber.join(killed))._tag, "ClosedError")
    assert.strictEqual((yield* Fiber.join(after))._tag, "ClosedError")
    // The client itself goes on.
    assert.strictEqual(yield* redis.get("n"), "2")
  }).pipe(Effect.scoped, Effect.provide(app())),
)

it.live("a script that takes long answers all the same; others are told meanwhile", () =>
  Effect.gen(function* () {
    const redis = yield* RedixClient
    const long = yield* Effect.forkChild(
      redis.eval("for i = 1, 30000000 do end; redis.call('set', 'done', 1); return 'done'"),
      { startImmediately: true },
    )
    const busy = yield* Effect.flip(redis.get("a"))
    assert.isTrue(busy._tag === "ReplyError" && busy.code === "BUSY")
    assert.strictEqual(yield* Fiber.join(long), "done")
    assert.strictEqual(yield* redis.get("done"), "1")
  }).pipe(Effect.provide(app({ "busy-reply-threshold": 1 }))),
)

it.effect("after SHUTDOWN, and after its scope, everything fails as closed", () =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const context = yield* Layer.buildWithScope(app(), scope)
    const redis = yield* Effect.provideContext(RedixClient, context)
    const { sessions } = yield* Effect.provideContext(theEngine, context)
    const waiting = yield* Effect.forkChild(Effect.flip(redis.blpop("jobs", 0)), { startImmediately: true })
    const listening = yield* Effect.forkChild(Effect.flip(Stream.runDrain(redis.subscribe("c"))), {
      startImmediately: true,
    })
    yield* Effect.exit(redis.shutdown())
    assert.strictEqual((yield* Fiber.join(waiting))._tag, "ClosedError")
    assert.strictEqual((yield* Fiber.join(listening))._tag, "ClosedError")
    assert.strictEqual((yield* Effect.flip(redis.get("a")))._tag, "ClosedError")
    assert.strictEqual((caught(() => redis.sync.get("a")) as ClosedError)._tag, "ClosedError")
    yield* Scope.close(scope, Exit.void)
    assert.strictEqual(sessions.size, 0)
  }),
)
