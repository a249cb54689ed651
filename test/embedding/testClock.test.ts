/** On a TestClock time costs nothing while nothing is due, what is due comes in order, and the network goes on by itself. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { assert, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import type { Engine } from "../../src/engine/Engine.js"
import { theEngine } from "../../src/engine/EngineService.js"
import { type Overrides, Redix, TcpServer } from "../../src/index.js"
import { RawClient } from "../support/RawClient.js"

const connect = (port: number) =>
  Effect.acquireRelease(
    Effect.promise(() => RawClient.connect({ host: "127.0.0.1", port })),
    (client) => Effect.sync(() => client.close()),
  )

const client = Effect.flatMap(TcpServer, ({ ports }) => connect(ports[0] ?? 0))

const say = (one: RawClient, ...words: ReadonlyArray<string>) => Effect.promise(() => one.text(...words))

/** Waits, turn by turn of the event loop, until something is so. */
const until = (condition: () => boolean | Promise<boolean>) =>
  Effect.promise(async () => {
    while (!(await condition())) await new Promise((resolve) => setImmediate(resolve))
  })

/** Counts the turns of the clock-driven work. */
const countTurns = (engine: Engine): { turns: number } => {
  const count = { turns: 0 }
  const cron = (): number => {
    count.turns++
    return Infinity
  }
  engine.parts.add({ cron })
  return count
}

it.effect("a day passes in a few turns", () =>
  Effect.gen(function* () {
    const one = yield* client
    const count = countTurns(yield* theEngine)
    for (let i = 0; i < 10; i++) yield* say(one, "SET", `k${i}`, "v", "EX", String(3600 * (i + 1)))
    yield* TestClock.adjust("1 day")
    assert.isBelow(count.turns, 100)
    assert.strictEqual(yield* say(one, "DBSIZE"), ":0\r\n")
    // With nothing due nothing wakes.
    yield* TestClock.adjust("1 second")
    count.turns = 0
    yield* TestClock.adjust("30 days")
    assert.strictEqual(count.turns, 0)
  }).pipe(Effect.scoped, Effect.provide(Redix.layerServerWith())),
)

it.effect("the clock may be set to the present", () =>
  Effect.gen(function* () {
    const one = yield* client
    yield* say(one, "SET", "soon", "v", "EX", "60")
    yield* say(one, "SET", "late", "v", "PXAT", String(Date.now() + 3_600_000))
    yield* TestClock.setTime(Date.now())
    assert.strictEqual(yield* say(one, "DBSIZE"), ":1\r\n")
  }).pipe(Effect.scoped, Effect.provide(Redix.layerServerWith())),
)

it.effect("keys expire in their order, each within a tenth of a second", () =>
  Effect.gen(function* () {
    const one = yield* client
    const engine = yield* theEngine
    const seen: Array<string> = []
    engine.keyspace.listeners.push({
      expired: (_db, buf, off, len) => {
        seen.push(`${Buffer.from(buf.subarray(off, off + len)).toString()}@${engine.keyspace.now}`)
      },
      missed: () => {},
      evicted: () => {},
      streamGone: () => {},
    })
    const times = [1, 255, 256, 65_535, 65_536, 65_537, 300_000, 20_000_000]
    for (const ms of times) yield* say(one, "SET", `k${ms}`, "v", "PX", String(ms))
    yield* TestClock.adjust("1 day")
    const late = seen.map((text) => {
      const [key, at] = text.split("@")
      return [Number(key?.slice(1)), Number(at)] as const
    })
    assert.deepStrictEqual(
      late.map(([due]) => due),
      times,
    )
    for (const [due, at] of late) assert.isTrue(at > due && at <= due + 101, `${due} at ${at}`)
  }).pipe(Effect.scoped, Effect.provide(Redix.layerServerWith())),
)

it.effect("waits and pauses end, idle clients go, when their time has come", () =>
  Effect.gen(function* () {
    const engine = yield* theEngine
    const [one, waiting, paused, idle] = [yield* client, yield* client, yield* client, yield* client]
    yield* say(idle, "PING")
    yield* say(one, "CONFIG", "SET", "timeout", "7200")
    const popped = yield* Effect.forkChild(say(waiting, "BLPOP", "none", "3600"))
    yield* until(() => engine.blocking.count === 1)
    yield* say(one, "CLIENT", "PAUSE", "60000", "WRITE")
    const written = yield* Effect.forkChild(say(paused, "SET", "a", "1"))
    yield* until(() => engine.pause.waitingCount === 1)
    yield* TestClock.adjust("59 seconds")
    assert.strictEqual(engine.pause.waitingCount, 1)
    yield* TestClock.adjust("2 seconds")
    assert.strictEqual(yield* Fiber.join(written), "+OK\r\n")
    assert.strictEqual(engine.blocking.count, 1)
    yield* TestClock.adjust("1 hour")
    assert.strictEqual(yield* Fiber.join(popped), "*-1\r\n")
    yield* say(one, "PING")
    yield* TestClock.adjust("1 hour")
    yield* Effect.promise(() => idle.waitForClose())
    assert.strictEqual(yield* say(one, "PING"), "+PONG\r\n")
  }).pipe(Effect.scoped, Effect.provide(Redix.layerServerWith())),
)

const folder = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "redix-clock-"))),
  (dir) => Effect.sync(() => fs.rmSync(dir, { recursive: true, force: true })),
)

it.effect("a save point is reached by time alone", () =>
  Effect.gen(function* () {
    const dir = yield* folder
    const play = Effect.gen(function* () {
      const one = yield* client
      const count = countTurns(yield* theEngine)
      yield* say(one, "SET", "a", "1")
      yield* TestClock.adjust("899 seconds")
      assert.isFalse(fs.existsSync(path.join(dir, "dump.rdb")))
      assert.isBelow(count.turns, 10)
      yield* TestClock.adjust("2 seconds")
      yield* until(() => fs.existsSync(path.join(dir, "dump.rdb")))
    })
    yield* Effect.provide(play, Redix.layerServerWith({ dir, save: "900 1" }))
  }).pipe(Effect.scoped),
)

it.effect("the end of the layer does not wait for a client that does not read", () =>
  Effect.gen(function* () {
    const engine = yield* theEngine
    const one = yield* client
    yield* say(one, "SET", "b", "x".repeat(100_000))
    one.socket.pause()
    one.sendRaw("GET b\r\n".repeat(300))
    yield* until(() => [...engine.sessions.values()].some((session) => session.control.congested()))
  }).pipe(Effect.provide(Redix.layerServerWith()), Effect.scoped),
)

class Master extends Context.Service<Master, number>()("test/Master") {}

const portOf = (overrides: Overrides = {}) =>
  Layer.effect(
    Master,
    Effect.map(TcpServer, ({ ports }) => ports[0] ?? 0),
  ).pipe(Layer.provide(Redix.layerServerWith(overrides)))

it.effect("a replica keeps its link while the clock moves or stands", () =>
  Effect.gen(function* () {
    const master = yield* connect(yield* Master)
    const replica = yield* client
    yield* say(replica, "REPLICAOF", "127.0.0.1", String(yield* Master))
    const acks = async (): Promise<number> => {
      const text = await master.text("INFO", "commandstats")
      return Number(/cmdstat_replconf:calls=(\d+)/.exec(text)?.[1] ?? "0")
    }
    const link = async (): Promise<boolean> =>
      (await replica.text("INFO", "replication")).includes("master_link_status:up")
    yield* until(link)
    yield* TestClock.adjust("1 day")
    const before = yield* Effect.promise(acks)
    yield* until(async () => (await acks()) >= before + 3)
    assert.isTrue(yield* Effect.promise(link))
    const stats = yield* say(master, "INFO", "stats")
    assert.include(stats, "sync_full:1\r\n")
    assert.include(stats, "sync_partial_ok:0\r\n")
    assert.include(yield* say(master, "INFO", "replication"), "state=online")
  }).pipe(
    Effect.scoped,
    Effect.provide(Redix.layerServerWith()),
    Effect.provide(portOf({ "repl-diskless-sync-delay": 0 })),
  ),
)
