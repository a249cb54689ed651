/** Memory that was let go goes back to the machine, and the thread is not stopped for it where there is another way. */
import * as Layer from "effect/Layer"
import { afterEach, expect, it, vi } from "vitest"
import { liveProcessInfo, ProcessInfo } from "../../src/engine/world/ProcessInfo.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

const WAIT = { timeout: 60_000, interval: 20 }

let registry: FinalizationRegistry<string> | undefined
let redix: TestRedix
afterEach(() => redix.stop())

/** A server that counts how often it collected at once, filled with 64 MB. */
const filled = async (beginCollecting: () => void): Promise<{ stops: number }> => {
  const counted = { stops: 0 }
  const collectGarbage = (): void => {
    counted.stops++
    liveProcessInfo.collectGarbage()
  }
  const facts = { ...liveProcessInfo, beginCollecting, collectGarbage }
  redix = await startRedix({}, { "enable-debug-command": "yes" }, [], Layer.succeed(ProcessInfo, facts))
  const client = await redix.connect()
  expect(await client.text("DEBUG", "POPULATE", "64", "key", "1000000")).toBe("+OK\r\n")
  return counted
}

it("what FLUSHALL let go is found by a collector that was made to begin", async () => {
  const counted = await filled(liveProcessInfo.beginCollecting)
  const { shared } = redix.engine.keyspace.arena
  // Not asked of `lastDropped`, which would keep it.
  const found = new Promise<string>((resolve) => {
    registry = new FinalizationRegistry(resolve)
  })
  registry?.register(redix.engine.keyspace.arena.u8.at(-1)?.buffer ?? {}, "found")
  const client = await redix.connect()
  await client.command("FLUSHALL")
  expect(await found).toBe("found")
  await vi.waitFor(() => expect(shared.droppedBytes).toBeLessThan(16e6), WAIT)
  expect(counted.stops).toBe(0)
})

it("where it was not found it is collected at once", async () => {
  const counted = await filled(() => {})
  const client = await redix.connect()
  await client.command("FLUSHALL")
  await vi.waitFor(() => expect(counted.stops).toBe(1), WAIT)
  await vi.waitFor(
    () => expect(redix.engine.keyspace.arena.shared.lastDropped?.deref()).toBe(undefined),
    WAIT,
  )
})

it("MEMORY PURGE does not wait for it", async () => {
  const counted = await filled(() => {})
  const client = await redix.connect()
  await client.command("FLUSHALL")
  expect(await client.text("MEMORY", "PURGE")).toBe("+OK\r\n")
  expect(counted.stops).toBe(1)
})
