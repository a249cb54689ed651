/** Memory that was let go goes back to the machine, and the thread is not stopped for it where there is another way. */
import * as Layer from "effect/Layer"
import { afterEach, describe, expect, it, vi } from "vitest"
import { liveProcessInfo, ProcessInfo } from "../../src/engine/world/ProcessInfo.js"
import { type Arena, CHUNK_BYTES } from "../../src/memory/Arena.js"
import { MemoryReturn } from "../../src/server/MemoryReturn.js"
import { checkedArena } from "../support/Memory.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { PATIENCE_MS } from "../support/Patience.js"

const WAIT = { timeout: PATIENCE_MS, interval: 20 }

describe("a server", () => {
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
})

/** An arena of five chunks in which nothing is any more, and what returns its memory; counts how often that began. */
const emptied = (): {
  readonly arena: Arena
  readonly memory: MemoryReturn
  readonly seen: { commands: number; begun: number; freeing: boolean }
} => {
  const arena = checkedArena()
  arena.keepsEmpty = true
  const seen = { commands: 0, begun: 0, freeing: false }
  const memory = new MemoryReturn({
    arena,
    freeing: () => seen.freeing,
    commands: () => seen.commands,
    facts: { beginCollecting: () => void seen.begun++ },
  })
  fill(arena)
  arena.dropAll()
  return { arena, memory, seen }
}

const fill = (arena: Arena): void => {
  for (let i = 0; i < 5; i++) arena.alloc(4 * 1024 * 1024)
}

describe("what is not needed", () => {
  it("goes back as soon as nobody has asked for anything for 100 ms", () => {
    const { arena, memory, seen } = emptied()
    expect(memory.cron(1000)).toBe(1100)
    expect(memory.cron(1099)).toBe(1100)
    expect(arena.emptyChunks()).toBe(5)
    expect(memory.cron(1100)).toBe(6100)
    expect([arena.emptyChunks(), arena.reservedBytes, seen.begun]).toEqual([0, 0, 1])
  })

  it("is kept for ten seconds while commands run", () => {
    const { arena, memory, seen } = emptied()
    for (let now = 1000; now < 11_000; now += 50) {
      seen.commands++
      expect(memory.cron(now)).toBe(Math.min(now + 100, 11_000))
    }
    expect([arena.emptyChunks(), seen.begun]).toEqual([5, 0])
    memory.cron(11_000)
    expect([arena.emptyChunks(), seen.begun]).toEqual([0, 1])
  })

  it("is used again meanwhile, and then waits anew", () => {
    const { arena, memory, seen } = emptied()
    const reserved = arena.reservedBytes
    seen.commands++
    memory.cron(1000)
    fill(arena)
    expect(memory.cron(9000)).toBe(Infinity)
    arena.dropAll()
    seen.commands++
    expect(memory.cron(10_000)).toBe(10_100)
    seen.commands++
    memory.cron(19_999)
    expect([arena.reservedBytes, seen.begun]).toEqual([reserved, 0])
    memory.cron(20_000)
    expect(seen.begun).toBe(1)
  })

  it("goes back once what is being freed is free, or after five seconds of that", () => {
    const { memory, seen } = emptied()
    seen.freeing = true
    expect(memory.cron(1000)).toBe(6000)
    expect(memory.cron(5999)).toBe(6000)
    expect(memory.cron(6000)).toBe(6100)
    memory.cron(6100)
    expect(seen.begun).toBe(1)
  })

  it("one chunk stays where something is left", () => {
    const { arena, memory } = emptied()
    arena.alloc(2 * 1024 * 1024)
    memory.cron(1000)
    memory.cron(1100)
    expect(arena.emptyChunks()).toBe(1)
  })

  it("as many stay as are kept to spare, and none where there is next to nothing", () => {
    const { arena, memory } = emptied()
    arena.spareChunks = 3
    const block = arena.alloc(2 * 1024 * 1024)
    memory.cron(1000)
    memory.cron(1100)
    expect(arena.emptyChunks()).toBe(3)
    arena.free(block)
    arena.alloc(100)
    memory.cron(7000)
    memory.cron(7100)
    expect(arena.emptyChunks()).toBe(0)
  })

  it("stays while a snapshot is open", () => {
    const { arena, memory, seen } = emptied()
    arena.openSnapshot()
    expect(memory.cron(1000)).toBe(Infinity)
    arena.closeSnapshot()
    memory.cron(2000)
    memory.cron(2100)
    expect(seen.begun).toBe(1)
  })

  it("is not waited with where it can't be used again and is much", () => {
    const { arena, memory, seen } = emptied()
    seen.commands++
    arena.free(arena.alloc(10 * CHUNK_BYTES))
    memory.cron(1000)
    expect(seen.begun).toBe(1)
  })
})
