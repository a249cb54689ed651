import { setImmediate } from "node:timers/promises"
import { expect, it, vi } from "vitest"
import { liveProcessInfo } from "../../src/engine/world/ProcessInfo.js"
import { SharedMemory } from "../../src/memory/SharedMemory.js"

const { collectGarbage } = liveProcessInfo
const BYTES = 1_000_000

/** Shared memory that has let a block go. */
const withDropped = (): SharedMemory => {
  const memory = new SharedMemory(collectGarbage)
  memory.drop(BYTES, new SharedArrayBuffer(BYTES))
  return memory
}

/** The runtime tells no registry anything any more when one was collected between finding something and telling it. */
it("what was let go is found also when an owner was collected that had not been told yet", async () => {
  const held: { ended?: SharedMemory } = { ended: withDropped() }
  await setImmediate()
  collectGarbage()
  delete held.ended
  collectGarbage()
  await setImmediate()

  const memory = withDropped()
  await setImmediate()
  memory.collect()
  await vi.waitFor(() => expect(memory.lingeringBytes).toBe(0), { timeout: 60_000, interval: 20 })
  expect(memory.foundBytes).toBe(BYTES)
})
