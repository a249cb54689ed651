/**
 * Gives memory that the arena let go back to the machine: after FLUSHALL, or when large values are overwritten.
 *
 * A chunk let go is the garbage collector's to find, but a collector looks only when objects are made, and here hardly any
 * are: without a nudge the memory of a flushed data set would stay resident for hours. Collecting at once takes as long as
 * the JavaScript heap is large, not the data: some milliseconds, in which nobody is served. So the collector is made to
 * begin, and goes on beside the commands. Where that did not find what was let go it collects at once.
 */
import type { Engine } from "../engine/Engine.js"
import type { ProcessFacts } from "../engine/world/ProcessInfo.js"

/** Less than this many bytes are left to the collector's own pace. */
const WORTH_BYTES = 16 * 1024 * 1024
/** Shortest time between two collections of the clock-driven kind. */
const EVERY_MS = 1000
/** A collector that was made to begin has ended by then, if it began at all. */
const ENDED_MS = 5000

class MemoryReturn {
  private startedMs = -Infinity
  private phase: "rest" | "begun" | "missed" = "rest"

  constructor(
    private readonly slabs: Engine["keyspace"]["arena"]["slabs"],
    private readonly facts: Pick<ProcessFacts, "beginCollecting">,
  ) {}

  cron(now: number): number {
    const { slabs } = this
    if (this.phase === "missed") {
      this.phase = "rest"
      slabs.collect()
      return Infinity
    }
    const passed = now < this.startedMs ? Infinity : now - this.startedMs
    if (slabs.droppedBytes >= WORTH_BYTES) {
      if (passed < EVERY_MS) return this.startedMs + EVERY_MS
      this.startedMs = now
      this.phase = "begun"
      slabs.droppedBytes = 0
      this.facts.beginCollecting()
    } else if (this.phase === "begun" && passed >= ENDED_MS) {
      this.phase = slabs.lingers ? "missed" : "rest"
      if (this.phase === "missed") return now
    }
    return this.phase === "begun" ? this.startedMs + ENDED_MS : Infinity
  }

  purge(): void {
    if (this.slabs.droppedBytes === 0 && this.phase === "rest") return
    this.phase = "rest"
    this.slabs.collect()
  }
}

/** Watches the engine's arena; answers what MEMORY PURGE does. */
export const returnMemory = (engine: Engine, facts: Pick<ProcessFacts, "beginCollecting">): (() => void) => {
  const memory = new MemoryReturn(engine.keyspace.arena.slabs, facts)
  engine.parts.add(memory)
  return () => memory.purge()
}
