/**
 * Gives memory that the arena let go back to the machine: after FLUSHALL, or when large values are overwritten.
 *
 * A chunk let go is the garbage collector's to find, but a collector looks only when objects are made, and here hardly any
 * are: without a nudge the memory of a flushed data set would stay resident for hours. Collecting takes as long as the
 * JavaScript heap is large, not the data: some milliseconds. So it is done for enough bytes only, and not often.
 */
import type { Engine } from "../engine/Engine.js"

/** Less than this many bytes are left to the collector's own pace. */
const WORTH_BYTES = 8 * 1024 * 1024
/** Shortest time between two collections of the clock-driven kind. */
const EVERY_MS = 1000

/** Watches the engine's arena; answers what MEMORY PURGE does. */
export const returnMemory = (engine: Engine): (() => void) => {
  const { arena } = engine.keyspace
  const { shared } = arena
  let last = -Infinity
  const { pace } = engine.memoryLimit
  engine.parts.add({ cron: (now) => pace.cron(now) })
  const cron = (now: number): number => {
    if (shared.droppedBytes < WORTH_BYTES) return Infinity
    if (now >= last && now - last < EVERY_MS) return last + EVERY_MS
    last = now
    shared.collect()
    return Infinity
  }
  engine.parts.add({ cron })
  return () => {
    arena.trim(1)
    if (shared.droppedBytes > 0) shared.collect()
  }
}
