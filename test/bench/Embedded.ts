/**
 * What a server inside of a process costs it: its start and its end, time that passes on a TestClock, doing nothing, the
 * memory that many of them leave; and effect/persistence beside Effect's own layer on redis-server.
 */
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redis from "effect/persistence/Redis"
import * as RedixPersistence from "../../src/persistence.js"
import { type Figure, measured, median } from "./Figures.js"
import { startServer } from "./Servers.js"

/** Ends servers with a client that is idle, one that waits, and one that does not read. */
const ENDS = `
import { connect } from "node:net"
const { startRedix } = await import("redix/testing")
const ended = async (use) => {
  const times = []
  for (let i = 0; i < 15; i++) {
    const server = await startRedix({ listen: true })
    const socket = connect(server.port, "127.0.0.1")
    socket.on("error", () => {})
    await use(socket, server)
    const begun = performance.now()
    await server.close()
    times.push(performance.now() - begun)
    socket.destroy()
  }
  return times.sort((a, b) => a - b)[7]
}
const answered = async (socket, text) => {
  socket.write(text)
  await new Promise((resolve) => socket.once("data", resolve))
}
console.log(await ended((socket) => answered(socket, "PING\\r\\n")))
console.log(await ended(async (socket, server) => {
  socket.write("BLPOP none 0\\r\\n")
  await server.until({ blocked: 1 })
}))
console.log(await ended(async (socket) => {
  await answered(socket, "SET big " + "x".repeat(30_000) + "\\r\\n")
  socket.pause()
  socket.write("GET big\\r\\n".repeat(1000))
  await new Promise((resolve) => setTimeout(resolve, 20))
}))`

/** Processor time of a day and of thirty days on a TestClock, with ten keys that expire on the first. */
const DAYS = `
import { Effect, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"
import { Redix } from "redix"
import { RedixClient } from "redix/client"
const passes = (days) => Effect.gen(function* () {
  const redis = yield* RedixClient
  for (let i = 0; i < 10; i++) yield* redis.set("k" + i, "v", { EX: 3600 * (i + 1) })
  const before = process.cpuUsage()
  yield* TestClock.adjust(days + " days")
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
})
const app = () => RedixClient.layer().pipe(
  Layer.provide(Redix.layerWith()), Layer.provideMerge(TestClock.layer()), Layer.provide(Logger.layer([])))
const run = (days) => Effect.runPromise(Effect.provide(passes(days), app()))
await run(1)
console.log(await run(1), await run(30))`

/**
 * Processor time a second, and how often it was woken, of a process with a server that has nothing to do. Of several seconds
 * the middle one: once, some time after an import, V8 collects what it has left, whether there is a server or not.
 */
const IDLE = `
const { startRedix } = await import("redix/testing")
const rest = () => new Promise((resolve) => setTimeout(resolve, 1000))
const middles = async () => {
  await rest()
  const seconds = []
  for (let i = 0; i < 7; i++) {
    const [cpu, before] = [process.cpuUsage(), process.resourceUsage()]
    await rest()
    const { user, system } = process.cpuUsage(cpu)
    const woken = process.resourceUsage().voluntaryContextSwitches - before.voluntaryContextSwitches
    seconds.push([(user + system) / 1000, woken])
  }
  return [0, 1].map((of) => seconds.map((second) => second[of]).sort((a, b) => a - b)[3])
}
const [bare] = await middles()
const server = await startRedix({ listen: true, ref: true })
await server.call("SET", "a", "1", "EX", 100000)
const [cpu, woken] = await middles()
console.log(cpu - bare, woken)
await server.close()`

/** Bytes that a new server reserves, and growth of the process from the 200th to the 400th server. */
const MEMORY = `
const { startRedix } = await import("redix/testing")
const first = await startRedix()
gc()
const before = process.memoryUsage().arrayBuffers
const servers = []
for (let i = 0; i < 10; i++) servers.push(await startRedix())
gc()
const reserved = (process.memoryUsage().arrayBuffers - before) / 10
for (const server of [first, ...servers]) await server.close()
const cycles = async () => {
  for (let i = 0; i < 200; i++) {
    const server = await startRedix({ listen: i % 2 === 0 ? "memory" : true })
    await server.call("SET", "a", "x".repeat(1000))
    await server.close()
  }
  gc()
  return process.memoryUsage().rss
}
const rss = await cycles()
console.log(reserved / 1e6, (await cycles() - rss) / 1e6)`

/** Commands a second, one by one, the most of several rounds, as effect/persistence's `send`. */
const perSecond = (
  layer: Layer.Layer<Redis.Redis, unknown>,
  count: number,
  rounds: number,
): Promise<number> =>
  Effect.gen(function* () {
    const redis = yield* Redis.Redis
    yield* redis.send("SET", "k", "v".repeat(32))
    let most = 0
    for (let round = 0; round < rounds; round++) {
      const begun = performance.now()
      for (let i = 0; i < count; i++) yield* redis.send("GET", "k")
      most = Math.max(most, (count / (performance.now() - begun)) * 1000)
    }
    return most
  }).pipe(Effect.provide(Layer.provide(layer, Logger.layer([]))), Effect.runPromise)

const persistenceRatio = async (rounds: number): Promise<number> => {
  const redis = await startServer("redis")
  try {
    const here = await perSecond(RedixPersistence.layerWith(), 50_000, rounds)
    const tcp = NodeRedis.layer({ socket: { host: "127.0.0.1", port: redis.port } })
    return here / (await perSecond(tcp, 5000, rounds))
  } finally {
    await redis.stop()
  }
}

export const embeddedFigures = async (rounds: number): Promise<ReadonlyArray<Figure>> => {
  const ends = Array.from({ length: rounds }, () => measured(ENDS))
  const [idle = 0, waiting = 0, deaf = 0] = [0, 1, 2].map((i) => median(ends.map((times) => times[i] ?? 0)))
  const [day = 0, month = 0] = measured(DAYS)
  const [idleCpu = 0, wakes = 0] = measured(IDLE)
  const [reserved = 0, grown = 0] = measured(MEMORY, "--expose-gc")
  return [
    { name: "end, with an idle client", value: idle, most: 5, unit: "ms" },
    { name: "end, with a client that waits", value: waiting, most: 5, unit: "ms" },
    { name: "end, with a client that does not read", value: deaf, most: 550, unit: "ms" },
    { name: "a day on a TestClock, ten keys", value: day, most: 20, unit: "ms CPU" },
    { name: "thirty days", value: month, most: 20, unit: "ms CPU" },
    { name: "a second of doing nothing, beyond a bare one", value: idleCpu, most: 0.5, unit: "ms CPU" },
    { name: "times it was woken in one", value: wakes, most: 1, unit: "" },
    { name: "a new server reserves", value: reserved, most: 4.2, unit: "MB" },
    { name: "200 servers after 200 leave, resident", value: grown, most: 5, unit: "MB" },
    {
      name: "effect/persistence, to NodeRedis over TCP",
      value: await persistenceRatio(rounds),
      least: 20,
      unit: "x",
    },
  ]
}
