/** What a test server does to its process: timers that are faked, an end that nobody asked for, hundreds of starts. */
import { spawnSync } from "node:child_process"
import * as path from "node:path"
import { Redis } from "ioredis"
import { afterEach, describe, expect, it } from "vitest"
import { startRedix } from "../../src/testing.js"
import { fakes, useRealTimers } from "../embedding/FakeTimers.js"
import { root } from "../support/Program.js"

afterEach(useRealTimers)

describe.each([["real ones", () => {}], ...fakes] as const)("under timers: %s", (_, fake) => {
  it("starts, answers, moves its time, waits, fails, starts anew and ends", async () => {
    fake()
    const server = await startRedix()
    const redis = new Redis({ ...server.ioredis, retryStrategy: null })
    redis.on("error", () => {})
    await redis.set("a", "1", "EX", 60)
    const popped = server.call("BLPOP", "list", 0)
    await server.until({ blocked: 1 })
    await redis.rpush("list", "x")
    expect(await popped).toEqual(["list", "x"])
    await server.advance(60_001)
    expect(await redis.get("a")).toBeNull()
    server.faults.slow({ command: "get" }, 1000)
    expect(await redis.get("a")).toBeNull()
    server.faults.clear()
    const rdb = await server.snapshot()
    await server.restart()
    await server.restore(rdb)
    await server.reset()
    expect(await server.call("DBSIZE")).toBe(0)
    redis.disconnect()
    await server.close()
  })

  it("its time is the system's, whatever the suite's Date says", async () => {
    const before = Math.floor(performance.timeOrigin + performance.now())
    fake()
    const server = await startRedix()
    expect(server.now()).toBeGreaterThanOrEqual(before)
    expect(server.now()).toBeLessThan(before + 600_000)
    await server.close()
  })
})

/** Runs a program over the built package; answers what it printed. */
const run = (text: string, ...flags: ReadonlyArray<string>): string => {
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    [...flags, "--input-type=module", "-e", `import { startRedix } from "redix/testing"\n${text}`],
    { cwd: path.join(root), encoding: "utf8" },
  )
  expect(stderr).toBe("")
  expect(status).toBe(0)
  return stdout
}

interface Cycles {
  readonly grown: { readonly heap: number; readonly outside: number }
  readonly before: unknown
  readonly after: unknown
}

describe("a process", () => {
  it("ends though a server and a client are open, but not before a command that waits is answered", () => {
    const said = run(`
      import { Redis } from "ioredis"
      const server = await startRedix({ listen: true })
      const redis = new Redis(server.ioredis)
      await redis.set("k", "v", "EX", 100000)
      console.log(await redis.blpop("none", 0.05))
      server.faults.delay({ command: "get" }, 50, "server")
      console.log(await redis.get("k"))`)
    expect(said).toBe("null\nv\n")
  })

  it("goes on where the server is to keep it alive", () => {
    const said = run(`
      const server = await startRedix({ ref: true })
      process.once("beforeExit", () => console.log("too early"))
      const held = process.getActiveResourcesInfo().includes("Timeout")
      await server.close()
      console.log(held, process.getActiveResourcesInfo().includes("Timeout"))`)
    expect(said.startsWith("true false\n")).toBe(true)
  })

  it("has room for many servers: one that is new reserves 4 MB at most", () => {
    const said = run(
      `
      const reserved = () => {
        gc()
        return process.memoryUsage().arrayBuffers
      }
      const first = await startRedix()
      const before = reserved()
      const servers = []
      for (let i = 0; i < 10; i++) servers.push(await startRedix())
      for (const server of servers) await server.call("SET", "a", "1")
      console.log((reserved() - before) / servers.length)
      for (const server of [first, ...servers]) await server.close()`,
      "--expose-gc",
    )
    expect(Number(said)).toBeGreaterThan(0)
    expect(Number(said)).toBeLessThanOrEqual(4 * 1024 * 1024)
  })

  it("does not do again for each server what is the same for all: a start and a reply are 8,500 calls at most", () => {
    // V8 counts them exactly, however slow the machine is.
    const said = run(`
      import { Session } from "node:inspector"
      const session = new Session()
      session.connect()
      const post = (method, parameters) => new Promise((resolve, reject) =>
        session.post(method, parameters, (error, result) => (error ? reject(error) : resolve(result))))
      const startedAndAsked = async () => {
        const server = await startRedix()
        const socket = server.connect()
        socket.write("PING\\r\\n")
        await new Promise((resolve) => socket.once("data", resolve))
        return server
      }
      for (let i = 0; i < 3; i++) await (await startedAndAsked()).close()
      await post("Profiler.enable")
      await post("Profiler.startPreciseCoverage", { callCount: true, detailed: false })
      const server = await startedAndAsked()
      const { result } = await post("Profiler.takePreciseCoverage")
      let calls = 0
      for (const { url, functions } of result)
        if (url.includes("/dist/")) for (const { ranges } of functions) calls += ranges[0].count
      console.log(calls)
      await server.close()`)
    expect(Number(said)).toBeGreaterThan(1000)
    expect(Number(said)).toBeLessThanOrEqual(8500)
  })

  it("200 servers, started, used and stopped, leave nothing", () => {
    const said = run(
      `
      import * as fs from "node:fs"
      import { Redis } from "ioredis"
      const cycle = async (i) => {
        const server = await startRedix({ listen: i % 2 === 0 ? "memory" : true })
        const redis = new Redis(server.ioredis)
        const other = redis.duplicate()
        await redis.set("a", "x".repeat(1000))
        other.blpop("none", 0).catch(() => {})
        await server.until({ blocked: 1 })
        if (i % 10 === 0) await server.restart({ keep: true })
        redis.disconnect()
        other.disconnect()
        await server.close()
      }
      const facts = async () => {
        for (let i = 0; i < 5; i++) { gc(); await new Promise(setImmediate) }
        const { heapUsed, external, arrayBuffers } = process.memoryUsage()
        const own = (what) => (fs.existsSync("/proc/self") ? fs.readdirSync("/proc/self/" + what).length : 0)
        const open = { resources: process.getActiveResourcesInfo().sort(), files: own("fd"), threads: own("task") }
        return { heap: heapUsed, outside: external + arrayBuffers, open }
      }
      for (let i = 0; i < 40; i++) await cycle(i)
      const before = await facts()
      for (let i = 0; i < 160; i++) await cycle(i)
      const after = await facts()
      const grown = { heap: after.heap - before.heap, outside: after.outside - before.outside }
      console.log(JSON.stringify({ grown, before: before.open, after: after.open }))`,
      "--expose-gc",
    )
    const { grown, before, after }: Cycles = JSON.parse(said)
    expect(after).toEqual(before)
    // Compiled code comes and goes; 13 kB that each server left behind would be more.
    expect(grown.heap).toBeLessThan(2_000_000)
    expect(grown.outside).toBeLessThan(1_000_000)
  })
})
