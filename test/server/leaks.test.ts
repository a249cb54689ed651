/** A server in this process leaves nothing behind: no client, no memory, no handle. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describe, expect, it } from "vitest"
import { Turn } from "../../src/engine/world/Turn.js"
import { watchLeaks, watchWork } from "../support/Leaks.js"
import { startRedix } from "../support/Redix.js"

const FILL =
  "SET s x\r\nHSET h f v\r\nRPUSH l a b\r\nSADD u 1 2 m\r\nZADD z 1 a\r\nXADD x * k v\r\nPFADD p a\r\n"

describe("nothing stays open", () => {
  it("sees what is left", async () => {
    const leaks = watchLeaks()
    const timer = setInterval(() => {}, 1_000_000)
    expect(await leaks.left(0)).toContain("Timeout")
    clearInterval(timer)
    expect(await leaks.left()).toEqual([])
  })

  it("sees the fibers and timers of a server", async () => {
    const work = watchWork()
    const [fiber, timer] = await Effect.gen(function* () {
      const turns = yield* Turn
      return [yield* Effect.forkDetach(Effect.never), turns.timer(1_000_000, true, () => {})] as const
    }).pipe(Effect.provide(work.layer), Effect.runPromise)
    expect(await work.left(0)).toEqual(["Fiber", "Timer"])
    timer.clear()
    await Effect.runPromise(Fiber.interrupt(fiber))
    expect(await work.left()).toEqual([])
  })

  it("after servers that were used and stopped", async () => {
    const warm = await startRedix()
    await warm.stop()
    const leaks = watchLeaks()
    for (let round = 0; round < 3; round++) {
      const redix = await startRedix()
      const { engine } = redix
      const clients = await Promise.all(Array.from({ length: 20 }, () => redix.connect()))
      const [first, second, third, fourth] = clients
      expect(await first?.text("SUBSCRIBE", "news")).toContain("subscribe")
      expect(await third?.text("WATCH", "s")).toBe("+OK\r\n")
      expect(await fourth?.text("MONITOR")).toBe("+OK\r\n")
      second?.sendRaw("BLPOP nothing 0\r\n")
      while (engine.blocking.count === 0) await clients[5]?.text("PING")
      for (const client of clients.slice(10)) client.close()
      while (engine.sessions.size > 10) await clients[5]?.text("PING")
      await redix.stop()
      expect(engine.sessions.size).toBe(0)
      expect(engine.blocking.count).toBe(0)
      await Promise.all(clients.map((client) => client.waitForClose()))
    }
    expect(await leaks.left()).toEqual([])
  })

  it("after saving with a worker thread and loading again", async () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-leaks-"))
    const leaks = watchLeaks()
    const redix = await startRedix({}, { dir })
    const client = await redix.connect()
    expect(await client.text("DEBUG", "POPULATE", "50000", "key", "50")).toBe("+OK\r\n")
    expect(await client.text("BGSAVE")).toContain("+Background saving started")
    expect(await client.text("DEBUG", "RELOAD")).toBe("+OK\r\n")
    expect(await client.text("DBSIZE")).toBe(":50000\r\n")
    client.close()
    await redix.stop()
    expect(await leaks.left()).toEqual([])
    expect(fs.readdirSync(dir)).toEqual(["dump.rdb"])
    fs.rmSync(dir, { recursive: true })
  })

  it.each([["FLUSHALL"], ["FLUSHALL", "ASYNC"]])("of the data after %s %s", async (...flush) => {
    const redix = await startRedix()
    const { arena } = redix.engine.keyspace
    const client = await redix.connect()
    await client.text(...flush)
    const before = arena.usedBytes
    for (let round = 0; round < 3; round++) {
      client.sendRaw(FILL)
      await client.readReplies(7)
      expect(await client.text("DEBUG", "POPULATE", "3000")).toBe("+OK\r\n")
      expect(arena.usedBytes).toBeGreaterThan(before)
      expect(await client.text(...flush)).toBe("+OK\r\n")
      while (arena.usedBytes > before) await client.text("PING")
      arena.checkInvariants()
      expect(arena.usedBytes).toBe(before)
    }
    client.close()
    await redix.stop()
  })
})
