/**
 * Gives memory that the arena let go back to the machine: after FLUSHALL, or when large values are overwritten.
 *
 * A chunk let go is the garbage collector's to find, but a collector looks only when objects are made, and here hardly any
 * are: without a nudge the memory of a flushed data set would stay resident for hours. Collecting at once takes as long as
 * the JavaScript heap is large, not the data: some milliseconds, in which nobody is served. So the collector is made to
 * begin, and goes on beside the commands. Where that did not find what was let go it collects at once.
 */
import type { Engine } from "../engine/Engine.js"
import type { SharedMemory } from "../memory/SharedMemory.js"
import type { ProcessFacts } from "../engine/world/ProcessInfo.js"

/** Less than this many bytes are left to the collector's own pace. */
const WORTH_BYTES = 8 * 1024 * 1024
/** A collector that was made to begin has ended by then, if it began at all. */
const ENDED_MS = 5000
/** For so long it waits for the end of what is being freed, so that one collection finds it all. */
const MEANWHILE_MS = 5000

class MemoryReturn {
  private startedMs = -Infinity
  private begun = false
  /** How much will have been found when all that had been let go at the start is. */
  private awaitedBytes = 0
  /** Since when there is enough to be worth it. */
  private worthSinceMs = Infinity

  /** @param freeing tells whether more is about to be let go */
  constructor(
    private readonly shared: SharedMemory,
    private readonly freeing: () => boolean,
    private readonly facts: Pick<ProcessFacts, "beginCollecting">,
  ) {}

  cron(now: number): number {
    const { shared } = this
    if (this.begun) {
      if (now >= this.startedMs && now - this.startedMs < ENDED_MS) return this.startedMs + ENDED_MS
      this.begun = false
      if (shared.foundBytes < this.awaitedBytes) shared.collect()
    }
    if (shared.droppedBytes < WORTH_BYTES) {
      this.worthSinceMs = Infinity
      return Infinity
    }
    if (this.worthSinceMs > now) this.worthSinceMs = now
    if (this.freeing() && now - this.worthSinceMs < MEANWHILE_MS) return this.worthSinceMs + MEANWHILE_MS
    this.startedMs = now
    this.begun = true
    this.awaitedBytes = shared.foundBytes + shared.lingeringBytes
    this.facts.beginCollecting()
    return now + ENDED_MS
  }

  purge(): void {
    this.begun = false
    if (this.shared.lingeringBytes > 0) this.shared.collect()
  }
}

/** Watches the engine's arena; answers what MEMORY PURGE does. */
export const returnMemory = (engine: Engine, facts: Pick<ProcessFacts, "beginCollecting">): (() => void) => {
  const { keyspace, memoryLimit } = engine
  const { arena } = keyspace
  const freeing = (): boolean => keyspace.lazyPending > 0 || memoryLimit.freeing
  const memory = new MemoryReturn(arena.shared, freeing, facts)
  engine.parts.add({ cron: (now) => memoryLimit.moveBlocks(now) })
  engine.parts.add(memory)
  return () => {
    arena.trim(1)
    memory.purge()
  }
}
