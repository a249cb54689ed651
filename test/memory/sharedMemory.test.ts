/** When memory that was let go is collected at once, which holds everybody up. */
import { expect, it } from "vitest"
import { SharedMemory } from "../../src/memory/SharedMemory.js"

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
