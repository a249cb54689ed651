/**
 * Gives memory that the arena does not need any more back to the machine: after FLUSHALL, or when large values go.
 *
 * Empty chunks are kept for a while, as redis-server's allocator keeps pages, and used again. A chunk let go is the garbage
 * collector's to find, but a collector looks only when objects are made, and here hardly any are: without a nudge the
 * memory of a flushed data set would stay resident for hours. Collecting at once takes as long as the JavaScript heap is
 * large, not the data: some milliseconds, in which nobody is served. So the collector is made to begin, and goes on beside
 * the commands, for some 20 ms in which its threads take the processors: a client that asks then may wait 3 to 7 ms. Hence
 * it is put off until nobody asks for anything, for 10 seconds at most. Where it did not find what was let go memory is
 * collected at once.
 */
import type { Engine } from "../engine/Engine.js"
import type { Arena } from "../memory/Arena.js"
import { CHUNK_BYTES } from "../memory/ArenaLayout.js"
import type { ProcessFacts } from "../engine/world/ProcessInfo.js"

/** Less than this many bytes are left to the collector's own pace. */
const WORTH_BYTES = 8 * 1024 * 1024
/** A collector that was made to begin has ended by then, if it began at all. */
const ENDED_MS = 5000
/** For so long it waits for the end of what is being freed, so that one collection finds it all. */
const MEANWHILE_MS = 5000
const LITTLE_BYTES = CHUNK_BYTES / 8
/** Nobody asks for anything when no command ran for so long. */
const QUIET_MS = 100
/** What is not needed is kept for so long at most, as jemalloc keeps dirty pages. */
const KEPT_MS = 10_000
/** More that was let go, and can't be used again, is not waited with. */
const URGENT_BYTES = 64 * 1024 * 1024

interface Needs {
  readonly arena: Arena
  /** Whether more is about to be let go. */
  readonly freeing: () => boolean
  /** Commands run so far. */
  readonly commands: () => number
  readonly facts: Pick<ProcessFacts, "beginCollecting">
}

/** What is given back when: asked by the clock-driven work. */
export class MemoryReturn {
  private startedMs = -Infinity
  private begun = false
  /** How much will have been found when all that had been let go at the start is. */
  private awaitedBytes = 0
  /** Since when there is enough to be worth it. */
  private worthSinceMs = Infinity
  /** Commands when it was last seen that some had been run, and when that was. */
  private commandsThen = -1
  private askedMs = 0

  constructor(private readonly needs: Needs) {}

  cron(now: number): number {
    const { arena, freeing, facts } = this.needs
    const { shared } = arena
    if (this.begun) {
      if (now >= this.startedMs && now - this.startedMs < ENDED_MS) return this.startedMs + ENDED_MS
      this.begun = false
      if (shared.foundBytes < this.awaitedBytes) shared.collect()
    }
    const spareBytes =
      arena.snapshot === undefined ? (arena.emptyChunks() - this.chunksKept()) * CHUNK_BYTES : 0
    if (shared.droppedBytes + Math.max(0, spareBytes) < WORTH_BYTES) {
      this.worthSinceMs = Infinity
      return Infinity
    }
    if (this.worthSinceMs > now) this.worthSinceMs = now
    if (freeing() && now - this.worthSinceMs < MEANWHILE_MS) return this.worthSinceMs + MEANWHILE_MS
    const lastMs = this.worthSinceMs + KEPT_MS
    if (now < lastMs && shared.droppedBytes < URGENT_BYTES && !this.quiet(now))
      return Math.min(this.askedMs + QUIET_MS, lastMs)
    this.worthSinceMs = Infinity
    this.startedMs = now
    this.begun = true
    this.giveBack()
    this.awaitedBytes = shared.foundBytes + shared.lingeringBytes
    facts.beginCollecting()
    return now + ENDED_MS
  }

  /** Whether no command ran for a while. */
  private quiet(now: number): boolean {
    const commands = this.needs.commands()
    if (commands !== this.commandsThen || now < this.askedMs) {
      this.commandsThen = commands
      this.askedMs = now
    }
    return now - this.askedMs >= QUIET_MS
  }

  /** Empty chunks to be kept for what comes next: none where there is next to nothing. */
  private chunksKept(): number {
    const { usedBytes, spareChunks } = this.needs.arena
    return usedBytes < LITTLE_BYTES ? 0 : spareChunks
  }

  private giveBack(): void {
    this.needs.arena.trim(this.chunksKept())
  }

  purge(): void {
    const { shared } = this.needs.arena
    this.begun = false
    this.giveBack()
    if (shared.lingeringBytes > 0) shared.collect()
  }
}

/** Watches the engine's arena; answers what MEMORY PURGE does. */
export const returnMemory = (engine: Engine, facts: Pick<ProcessFacts, "beginCollecting">): (() => void) => {
  const { keyspace, memoryLimit, dispatcher } = engine
  const freeing = (): boolean => keyspace.lazyPending > 0 || memoryLimit.freeing
  const commands = (): number => dispatcher.commandsProcessed
  keyspace.arena.keepsEmpty = true
  const memory = new MemoryReturn({ arena: keyspace.arena, freeing, commands, facts })
  engine.parts.add({ cron: (now) => memoryLimit.moveBlocks(now) })
  engine.parts.add(memory)
  return () => memory.purge()
}
