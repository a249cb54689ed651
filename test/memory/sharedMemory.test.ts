import { setImmediate } from "node:timers/promises"
import { expect, it, vi } from "vitest"
import { liveProcessInfo } from "../../src/engine/world/ProcessInfo.js"
import { SharedMemory } from "../../src/memory/SharedMemory.js"
import { PATIENCE_MS } from "../support/Patience.js"

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
  await vi.waitFor(() => expect(memory.lingeringBytes).toBe(0), { timeout: PATIENCE_MS, interval: 20 })
  expect(memory.foundBytes).toBe(BYTES)
})

it("nobody waits for it where memory is asked for right after a flush, but where that is much", () => {
  const MB = 1024 * 1024
  let collections = 0
  const shared = new SharedMemory(() => void collections++)
  const taken = new Set<SharedArrayBuffer | undefined>()
  const flushed = (): void => {
    shared.drop(600 * MB, {})
    // A first chunk, and what is written until the collector has had its time.
    for (let n = 1; n <= 16; n++) taken.add(shared.take(4 * MB, n * 4 * MB))
  }
  flushed()
  expect(collections).toBe(0)
  shared.take(4 * MB, 68 * MB)
  expect(collections).toBe(1)
  flushed()
  expect(collections).toBe(1)
  // As much again as was dropped: a value that takes the place of another.
  shared.take(600 * MB, 68 * MB)
  expect(collections).toBe(2)
  expect(taken.has(undefined)).toBe(false)
})
