/** Memory that was let go goes back to the machine, and the thread is not stopped for it where there is another way. */
import * as Layer from "effect/Layer"
import { afterEach, expect, it, vi } from "vitest"
import { liveProcessInfo, ProcessInfo } from "../../src/engine/world/ProcessInfo.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { PATIENCE_MS } from "../support/Patience.js"

const WAIT = { timeout: PATIENCE_MS, interval: 20 }

let redix: TestRedix
afterEach(() => redix.stop())

/** A server filled with 64 MB, which collects as `facts` tells; counts how often it wanted to collect at once. */
const filled = async (facts: {
  readonly beginCollecting: () => void
  readonly collectGarbage: () => void
}): Promise<{ stops: number }> => {
  const counted = { stops: 0 }
  const collectGarbage = (): void => {
    counted.stops++
    facts.collectGarbage()
  }
  const info = { ...liveProcessInfo, ...facts, collectGarbage }
  redix = await startRedix({}, { "enable-debug-command": "yes" }, [], Layer.succeed(ProcessInfo, info))
  const client = await redix.connect()
  expect(await client.text("DEBUG", "POPULATE", "64", "key", "1000000")).toBe("+OK\r\n")
  return counted
}

const { beginCollecting, collectGarbage } = liveProcessInfo
const never = (): void => {}

it("what FLUSHALL let go is found by a collector that was made to begin", async () => {
  await filled({ beginCollecting, collectGarbage: never })
  const { shared } = redix.engine.keyspace.arena
  const client = await redix.connect()
  await client.command("FLUSHALL")
  await vi.waitFor(() => expect(shared.foundBytes).toBeGreaterThan(48e6), WAIT)
})

it("where it was not found it is collected at once", async () => {
  const counted = await filled({ beginCollecting: never, collectGarbage })
  const { arena } = redix.engine.keyspace
  const client = await redix.connect()
  // While somebody refers to it no collector finds it that other work of this process has set going.
  const held = [...arena.u8]
  await client.command("FLUSHALL")
  await vi.waitFor(() => expect(counted.stops).toBe(1), WAIT)
  expect(arena.shared.lingeringBytes).toBeGreaterThan(48e6)
  held.length = 0
  collectGarbage()
  await vi.waitFor(() => expect(arena.shared.lingeringBytes).toBe(0), WAIT)
})

it("MEMORY PURGE does not wait for it", async () => {
  const counted = await filled({ beginCollecting: never, collectGarbage })
  const client = await redix.connect()
  const held = [...redix.engine.keyspace.arena.u8]
  await client.command("FLUSHALL")
  expect(await client.text("MEMORY", "PURGE")).toBe("+OK\r\n")
  expect(counted.stops).toBe(1)
  held.length = 0
})

it("while more is being freed it waits", async () => {
  const waiting: Array<number> = []
  const begin = (): void => {
    waiting.push(redix.engine.keyspace.lazyPending)
    beginCollecting()
  }
  await filled({ beginCollecting: begin, collectGarbage: never })
  const client = await redix.connect()
  const members = Array.from({ length: 100_000 }, (_, i) => `member ${i}`)
  await client.command("SADD", "set", ...members)
  // More elements than are freed at once, in 32 MB.
  await client.command("RPUSH", "list", ...Array.from({ length: 320 }, () => "x".repeat(100_000)))
  const held = [...redix.engine.keyspace.arena.u8]
  // What comes last is freed first.
  await client.command("UNLINK", "set", "list")
  await vi.waitFor(() => expect(waiting).toEqual([0]), WAIT)
  held.length = 0
})
