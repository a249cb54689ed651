/** Much that goes at once goes in slices, of which none is long. */
import { expect, it } from "vitest"
import type { Database } from "../../src/store/Database.js"
import { SET_HASHTABLE, STRING_RAW, TYPE_SET } from "../../src/store/Entry.js"
import { MemoryLimit } from "../../src/store/eviction/MemoryLimit.js"
import { defaultSettings } from "../../src/engine/Settings.js"
import type { Keyspace } from "../../src/store/Keyspace.js"
import { SetValue } from "../../src/store/types/SetValue.js"
import { WorkSlices } from "../../src/store/WorkSlices.js"
import { checkedKeyspace } from "../support/Memory.js"

const NOW = 1000

const make = (): Keyspace => checkedKeyspace({ databases: 2, now: NOW, random: () => 0 })

const putSet = (db: Database, name: string, members: number): void => {
  const key = Buffer.from(name)
  const existing = db.lookupWrite(key, 0, key.length)
  const set = new SetValue(db.keyspace.arena).create(SET_HASHTABLE)
  for (let i = 0; i < members; i++) {
    const member = Buffer.from(`member ${i} of a set`)
    set.add(member, 0, member.length, 0)
  }
  db.putValue(existing, key, 0, key.length, TYPE_SET, SET_HASHTABLE, set.value, false)
}

/** Blocks freed by one slice of so many elements, at most, until all that waits has gone. */
const largestSlice = (keyspace: Keyspace, budget: number): number => {
  const waiting = (): number => {
    let blocks = 0
    keyspace.lazyFree.visitBlocks(() => blocks++)
    return blocks
  }
  let largest = 0
  for (let before = waiting(), more = true; more;) {
    more = keyspace.freeSlice(budget)
    const after = waiting()
    largest = Math.max(largest, before - after)
    before = after
  }
  return largest
}

it.each([true, false])(
  "a database that is emptied goes in slices, whatever its values hold (lazy: %s)",
  (lazy) => {
    const keyspace = make()
    const other = keyspace.database(1)
    const used = keyspace.arena.usedBytes
    putSet(other, "other", 1)
    const before = keyspace.arena.usedBytes
    const db = keyspace.database(0)
    for (let i = 0; i < 8; i++) putSet(db, `large ${i}`, 500 * i)
    for (let i = 0; i < 200; i++) putSet(db, `small ${i}`, 40)
    expect(keyspace.flush(db, lazy)).toBe(208)
    expect(db.size).toBe(0)
    // One bucket's small values may come on top.
    expect(largestSlice(keyspace, 100)).toBeLessThan(1500)
    expect(keyspace.arena.usedBytes).toBe(before)
    expect(keyspace.stats.lazyFreedObjects).toBe(lazy ? 208 : 0)
    keyspace.flushAll()
    expect(keyspace.arena.usedBytes).toBe(used)
  },
)

it("a deleted value of some thousand elements is not freed at once", () => {
  const keyspace = make()
  const key = Buffer.from("k")
  for (const members of [1000, 5000]) {
    putSet(keyspace.database(0), "k", members)
    keyspace.database(0).remove(keyspace.database(0).lookupWrite(key, 0, 1), false)
    expect(keyspace.lazyPending).toBe(members === 5000 ? 1 : 0)
  }
  expect(largestSlice(keyspace, 128)).toBeLessThan(300)
})

/** A clock on which each look takes so many milliseconds. */
const clock = (stepMs: number): { now: () => number; at: number } => {
  const self = { at: 0, now: () => (self.at += stepMs) }
  return self
}

/** A limit of half of what a keyspace holds; each look at its clock takes so long. */
const halved = (keyspace: Keyspace, stepMs: number): { limit: MemoryLimit; maxmemory: number } => {
  const maxmemory = Math.floor(keyspace.arena.usedBytes / 2)
  const limit = new MemoryLimit(
    keyspace,
    { countedBytes: 0 },
    { ...defaultSettings, maxmemory, maxmemoryPolicy: "allkeys-lru" },
    { now: clock(stepMs).now, evicted: () => {} },
  )
  limit.configure()
  return { limit, maxmemory }
}

it("a slice takes a fifth of a millisecond, or as long as turns take, up to two", () => {
  const keyspace = make()
  putSet(keyspace.database(0), "k", 60_000)
  keyspace.database(0).remove(keyspace.database(0).lookupWrite(Buffer.from("k"), 0, 1), true)
  const time = clock(0.02)
  let workedMs = 0
  const slices = new WorkSlices(keyspace, time.now, () => workedMs)
  const sliceMs = (turnMs: number, idleMs = 0): number => {
    time.at += turnMs + idleMs
    workedMs += turnMs
    const before = slices.spentMs
    expect(slices.work()).toBe(true)
    return slices.spentMs - before
  }
  expect(sliceMs(1000)).toBeCloseTo(0.2, 1)
  expect(sliceMs(0.1)).toBeCloseTo(0.2, 1)
  expect(sliceMs(30)).toBeCloseTo(0.2, 1)
  expect(sliceMs(0.1)).toBeCloseTo(0.2, 1)
  expect([0.95, 0.95, 0.95].map((ms) => sliceMs(ms)).at(-1)).toBeCloseTo(1, 1)
  expect([30, 30, 30].map((ms) => sliceMs(ms)).at(-1)).toBeCloseTo(2, 1)
  // Turns in which others had the processor.
  expect([30, 30, 30].map((ms) => sliceMs(0.1, ms)).at(-1)).toBeCloseTo(0.2, 1)
  while (slices.work());
  expect(keyspace.lazyPending).toBe(0)
  expect(slices.work()).toBe(false)
})

it("a look that evicts watches the clock from key to key", () => {
  const keyspace = make()
  for (let i = 0; i < 100; i++) putSet(keyspace.database(0), `k${i}`, 1000)
  const { limit, maxmemory } = halved(keyspace, 0.3)
  limit.makeRoom()
  expect(limit.freeing).toBe(true)
  // The first, and two in the half millisecond from then on.
  expect(limit.evictedKeys).toBe(3)
  for (let looks = 0; limit.freeing; looks++) {
    expect(looks).toBeLessThan(50)
    limit.makeRoom()
  }
  expect(limit.used).toBeLessThanOrEqual(maxmemory)
})

it("no blocks are moved while keys go, but afterwards", () => {
  const keyspace = make()
  const db = keyspace.database(0)
  const value = Buffer.alloc(300, "v")
  for (let i = 0; i < 100_000; i++) {
    const key = Buffer.from(`key ${i}`)
    db.putString(db.lookupWrite(key, 0, key.length), key, 0, key.length, value, 0, 300, STRING_RAW, false)
  }
  const { limit } = halved(keyspace, 0.01)
  const { compaction } = limit.pace
  let now = NOW
  for (limit.makeRoom(); limit.freeing; limit.makeRoom()) {
    limit.moveBlocks((now += 500))
    expect(compaction.running).toBe(false)
  }
  const { looked } = compaction.relocation
  for (let turns = 0; turns < 4; turns++) limit.moveBlocks((now += 500))
  expect(compaction.relocation.looked).toBeGreaterThan(looked)
})
