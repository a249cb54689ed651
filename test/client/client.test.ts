/** The client in the process: what it takes, what it answers, and how it fails. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { keys, RedixClient } from "../../src/client.js"
import { app, caught, turn, until } from "./App.js"

it.effect("commands are methods, options Redis's words", () =>
  Effect.gen(function* () {
    const redis = yield* RedixClient
    assert.strictEqual(yield* redis.set("a", "1", { EX: 60, NX: true }), "OK")
    assert.strictEqual(yield* redis.set("a", "2", { NX: true }), null)
    assert.strictEqual(yield* redis.set("a", "3", { GET: true, KEEPTTL: true }), "1")
    assert.strictEqual(yield* redis.ttl("a"), 60)
    assert.strictEqual(yield* redis.incr("a"), 4)
    assert.strictEqual(yield* redis.hset("h", { name: "Ada", born: 1815 }), 2)
    assert.strictEqual(yield* redis.hset("h", [["died", 1852]]), 1)
    assert.deepStrictEqual(
      [...(yield* redis.hgetall("h"))],
      [
        ["name", "Ada"],
        ["born", "1815"],
        ["died", "1852"],
      ],
    )
    assert.strictEqual(
      yield* redis.zadd(
        "z",
        [
          [1.5, "ann"],
          [2, "bob"],
        ],
        { CH: true },
      ),
      2,
    )
    assert.deepStrictEqual(yield* redis.zrange("z", 0, -1, { WITHSCORES: true }), [
      ["ann", 1.5],
      ["bob", 2],
    ])
    assert.deepStrictEqual(
      yield* redis.zrange("z", "+inf", "(1.5", { BYSCORE: true, REV: true, LIMIT: [0, 1] }),
      ["bob"],
    )
    assert.deepStrictEqual(yield* redis.zunion(["z", "none"], { WEIGHTS: [2, 1], AGGREGATE: "MAX" }), [
      "ann",
      "bob",
    ])
    assert.deepStrictEqual(yield* redis.lmpop(["l", "m"], "LEFT", { COUNT: 2 }), null)
    assert.strictEqual(yield* redis.rpush("l", ["x", "y", "z"]), 3)
    assert.strictEqual(yield* redis.lpop("l"), "x")
    assert.deepStrictEqual(yield* redis.lpop("l", 2), ["y", "z"])
    assert.deepStrictEqual(yield* redis.configGet("maxmemory"), new Map([["maxmemory", "0"]]))
    assert.strictEqual(yield* redis.configSet({ maxmemory: 0 }), "OK")
    assert.strictEqual(
      yield* redis.xadd("x", "1-1", { f: "v" }, { trim: { strategy: "MAXLEN", threshold: 5 } }),
      "1-1",
    )
    assert.deepStrictEqual(
      yield* redis.xread([["x"], ["0"]], { COUNT: 1 }),
      new Map([["x", [["1-1", ["f", "v"]]]]]),
    )
    assert.strictEqual(yield* redis.xgroupCreate("x", "g", "$"), "OK")
    assert.deepStrictEqual(
      yield* redis.bitfield("b", [
        { SET: ["u8", 0, 255] },
        { OVERFLOW: "SAT", INCRBY: ["u8", 0, 10] },
        { GET: ["u4", 0] },
      ]),
      [0, 255, 15],
    )
    assert.strictEqual(yield* redis.eval("return ARGV[1] .. KEYS[1]", ["k"], ["v"]), "vk")
    assert.strictEqual(yield* redis.eval("return 7"), 7)
    assert.strictEqual(
      yield* redis.geoadd("g", [
        [13.36, 38.11, "Palermo"],
        [15.08, 37.5, "Catania"],
      ]),
      2,
    )
    assert.deepStrictEqual(
      yield* redis.geosearch("g", { FROMLONLAT: [15, 37] }, { BYRADIUS: [200, "KM"] }, { ASC: true }),
      ["Catania", "Palermo"],
    )
    assert.strictEqual(yield* redis.copy("a", "c", { REPLACE: true }), 1)
    assert.deepStrictEqual(yield* redis.mget(["a", "none"]), ["4", null])
    assert.strictEqual(yield* redis.ping(), "PONG")
  }).pipe(Effect.provide(app())),
)

it.effect("words are text, numbers or bytes, and come back as text or bytes", () =>
  Effect.gen(function* () {
    const redis = yield* RedixClient
    const long = "ä".repeat(100_000)
    for (const word of ["", "plain", "grüße, 世界", long, "x".repeat(49)]) {
      yield* redis.set("k", word)
      assert.strictEqual(yield* redis.get("k"), word)
      assert.strictEqual(Buffer.from((yield* redis.bytes.get("k")) ?? []).toString(), word)
    }
    for (const [word, text] of [
      [-7, "-7"],
      [1.5, "1.5"],
      [2n ** 63n - 1n, "9223372036854775807"],
      [Infinity, "inf"],
    ] as const) {
      yield* redis.set("k", word)
      assert.strictEqual(yield* redis.get("k"), text)
    }
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
    yield* redis.set(bytes, bytes)
    assert.deepStrictEqual(yield* redis.bytes.get(bytes), bytes)
    assert.deepStrictEqual(redis.bytesSync.get(bytes), bytes)
    const many = Array.from({ length: 5000 }, (_, i) => `m${i}`)
    assert.strictEqual(yield* redis.sadd("s", many), 5000)
    assert.strictEqual((yield* redis.smembers("s")).length, 5000)
    yield* redis.set("n", 2n ** 63n - 2n)
    assert.strictEqual((yield* redis.incr("n")).toString(), "9223372036854775807")
    assert.strictEqual(yield* redis.call("get", "n"), "9223372036854775807")
    assert.deepStrictEqual(
      yield* redis.callBytes("GET", "n"),
      Uint8Array.from(Buffer.from("9223372036854775807")),
    )
  }).pipe(Effect.provide(app())),
)

it.effect("what fails tells its kind, its command and its code", () =>
  Effect.gen(function* () {
    const redis = yield* RedixClient
    yield* redis.rpush("l", "x")
    const wrong = yield* Effect.flip(redis.incr("l"))
    assert.strictEqual(wrong._tag, "WrongTypeError")
    assert.strictEqual(wrong.message, "WRONGTYPE Operation against a key holding the wrong kind of value")
    const other = yield* Effect.flip(redis.evalsha("ffffffffffffffffffffffffffffffffffffffff"))
    assert.isTrue(other._tag === "ReplyError" && other.code === "NOSCRIPT" && other.command === "evalsha")
    const named = yield* Effect.flip(redis.call("CONFIG", "SET", "no", "such"))
    assert.isTrue(named._tag === "ReplyError" && named.code === "ERR")
    const unknown = yield* Effect.flip(redis.call("nosuch", "x"))
    assert.strictEqual(unknown.message, "ERR unknown command 'nosuch', with args beginning with: 'x' ")
    assert.strictEqual(caught(() => redis.sync.incr("l")) instanceof Error, true)
    const recovered = yield* redis
      .incr("l")
      .pipe(Effect.catchTag("WrongTypeError", ({ command }) => Effect.succeed(command)))
    assert.strictEqual(recovered, "incr")
  }).pipe(Effect.provide(app())),
)

it.effect("a transaction runs whole, and its replies stand where its commands stood", () =>
  Effect.gen(function* () {
    const redis = yield* RedixClient
    const changes = yield* redis.changes().pipe(
      Stream.map((change) => change.arguments.map((word) => Buffer.from(word).toString()).join(" ")),
      Stream.take(8),
      Stream.runCollect,
      Effect.forkChild({ startImmediately: true }),
    )
    yield* redis.set("before", 1)
    const { count, all } = yield* redis.transaction((tx) => ({
      count: tx.incr("n"),
      all: tx.hgetall("h"),
      ok: tx.hset("h", { a: 1 }),
    }))
    assert.strictEqual(count, 1)
    assert.strictEqual(all.size, 0)
    assert.deepStrictEqual(yield* redis.transaction((tx) => [tx.incr("n"), tx.get("none")]), [2, null])
    const failure = yield* Effect.flip(
      redis.transaction((tx) => [tx.incr("n"), tx.lpush("n", "x"), tx.incr("n")]),
    )
    assert.isTrue(failure._tag === "WrongTypeError" && failure.command === "lpush")
    assert.strictEqual(yield* redis.get("n"), "4")
    const refused = yield* Effect.flip(redis.transaction((tx) => [tx.incr("n"), tx.mget([])]))
    assert.strictEqual(refused.message, "ERR wrong number of arguments for 'mget' command")
    assert.strictEqual(yield* redis.get("n"), "4")
    assert.deepStrictEqual(
      yield* Fiber.join(changes),
      ["SET before 1", "MULTI", "INCR n", "HSET h a 1", "EXEC", "INCR n", "MULTI", "INCR n"].map((text) =>
        text.replace(/^\w+/, (name) => (["MULTI", "EXEC"].includes(name) ? name : name.toLowerCase())),
      ),
    )
  }).pipe(Effect.provide(app())),
)

it.effect("messages come after the turn that sent them, and may run commands", () =>
  Effect.gen(function* () {
    const redis = yield* RedixClient
    const seen = yield* Stream.merge(redis.subscribe("c"), redis.psubscribe("c*")).pipe(
      Stream.mapEffect((message) => Effect.as(redis.incr("seen"), message)),
      Stream.take(4),
      Stream.runCollect,
      Effect.forkChild({ startImmediately: true }),
    )
    yield* until(Effect.map(redis.pubsubNumpat(), (patterns) => patterns === 1))
    assert.strictEqual(yield* redis.publish("c", "one"), 2)
    assert.strictEqual(redis.sync.publish("c", "two"), 2)
    const got = yield* Fiber.join(seen)
    assert.strictEqual(got.filter(({ pattern }) => pattern === "c*").length, 2)
    assert.deepStrictEqual([...new Set(got.map(({ message }) => message))], ["one", "two"])
    assert.strictEqual(yield* redis.get("seen"), "4")
    assert.strictEqual(yield* redis.publish("c", "three"), 0)
  }).pipe(Effect.provide(app())),
)

it.effect("a subscriber that takes nothing is cut off as any other", () =>
  Effect.gen(function* () {
    const redis = yield* RedixClient
    yield* redis.configSet({ "client-output-buffer-limit": "pubsub 1000000 0 0" })
    const slow = yield* redis.subscribe("c").pipe(
      Stream.mapEffect(() => Effect.never),
      Stream.runDrain,
      Effect.flip,
      Effect.forkChild({ startImmediately: true }),
    )
    yield* redis.publish("c", "first")
    yield* turn
    for (let i = 0; i < 20; i++) yield* redis.publish("c", "x".repeat(100_000))
    assert.strictEqual(yield* redis.publish("c", "x"), 0)
    yield* Fiber.interrupt(slow)
    const own = yield* redis.session
    yield* own.subscribe("c")
    assert.strictEqual(yield* own.get("still there"), null)
  }).pipe(Effect.scoped, Effect.provide(app())),
)

it.effect("keys can be watched and gone through", () =>
  Effect.gen(function* () {
    const redis = yield* RedixClient
    const events = yield* redis.watch("user:*").pipe(
      Stream.map(({ event, key, database }) => `${database} ${event} ${key}`),
      Stream.take(4),
      Stream.runCollect,
      Effect.forkChild({ startImmediately: true }),
    )
    yield* redis.set("other", 1)
    yield* redis.set("user:1", 1, { PX: 500 })
    yield* redis.get("user:none")
    yield* redis.rpush("user:2", "x")
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual(yield* Fiber.join(events), [
      "0 set user:1",
      "0 expire user:1",
      "0 rpush user:2",
      "0 expired user:1",
    ])
    const names = Array.from({ length: 500 }, (_, i) => `k${i}`)
    for (const name of names) yield* redis.hset(`h:${name}`, { a: 1 })
    const found = yield* Stream.runCollect(redis.scanStream({ MATCH: "h:*", COUNT: 50 }))
    assert.deepStrictEqual([...found].sort(), names.map((name) => `h:${name}`).sort())
    yield* redis.zadd(
      "z",
      names.map((name, i) => [i, name] as const),
    )
    assert.deepStrictEqual(new Set(yield* Stream.runCollect(redis.sscanStream("none"))), new Set())
    const scores = yield* Stream.runCollect(redis.zscanStream("z"))
    assert.strictEqual(scores.find(([member]) => member === "k7")?.[1], 7)
    assert.deepStrictEqual(yield* Stream.runCollect(redis.hscanStream("h:k1")), [["a", "1"]])
  }).pipe(Effect.provide(app())),
)

class User extends Schema.Class<User>("User")({ name: Schema.String, born: Schema.Number }) {}

it.effect("values have a schema", () =>
  Effect.gen(function* () {
    const redis = yield* RedixClient
    const users = keys(redis, "user:", User, { ttl: "1 minute" })
    yield* users.set("1", new User({ name: "Ada", born: 1815 }))
    assert.strictEqual((yield* users.get("1"))?.name, "Ada")
    assert.deepStrictEqual(
      (yield* users.getMany(["1", "none"])).map((user) => user?.born),
      [1815, undefined],
    )
    yield* redis.set("user:2", "no JSON")
    const bad = yield* Effect.flip(users.get("2"))
    assert.isTrue(bad._tag === "ValueError" && bad.key === "user:2")
    assert.isTrue(yield* users.remove("2"))
    yield* TestClock.adjust("61 seconds")
    assert.isUndefined(yield* users.get("1"))
  }).pipe(Effect.provide(app())),
)

it.effect("two of an app have nothing in common", () =>
  Effect.gen(function* () {
    const read = Effect.flatMap(RedixClient, (redis) => redis.get("a"))
    yield* Effect.gen(function* () {
      yield* Effect.flatMap(RedixClient, (redis) => redis.set("a", "outer"))
      assert.strictEqual(yield* Effect.provide(read, app()), null)
      assert.strictEqual(yield* read, "outer")
    }).pipe(Effect.provide(app()))
  }),
)

it.effect("a word that is none is a defect, and nothing has run", () =>
  Effect.gen(function* () {
    const redis = yield* RedixClient
    const call: (...words: ReadonlyArray<unknown>) => unknown = (...words) =>
      Reflect.apply(redis.callSync, redis, words)
    for (const word of [undefined, null, true]) {
      const thrown = caught(() => call("SET", "a", word))
      assert.instanceOf(thrown, TypeError)
      assert.include(String(thrown), `${word} is no word of a command`)
    }
    assert.strictEqual(yield* redis.exists("a"), 0)
    assert.strictEqual(redis.callSync("SET", "a", -Infinity), "OK")
    assert.strictEqual(yield* redis.get("a"), "-inf")
  }).pipe(Effect.provide(app())),
)
