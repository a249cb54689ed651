import { expect, it, vi } from "vitest"
import { ArenaFullError, type Ref } from "../../src/memory/Arena.js"
import { HashTable } from "../../src/memory/table/HashTable.js"
import { TableCursor } from "../../src/memory/table/TableCursor.js"
import { FrozenTableWalk } from "../../src/memory/table/FrozenTable.js"
import { FrozenBlock, FrozenReader } from "../../src/memory/Snapshot.js"
import { effort } from "../support/Effort.js"
import { Random } from "../support/Random.js"
import { checkedArena } from "../support/Memory.js"

/** A table of keys alone, held against a Map; entries have 0 to 5 extra words. */
class Model {
  readonly arena = checkedArena()
  readonly table = new HashTable(this.arena)
  readonly map = new Map<string, Ref>()

  constructor(private readonly r: Random) {
    this.table.create()
  }

  private entry(key: Buffer): Ref {
    const extra = this.r.below(6)
    const ref = this.arena.alloc(8 + extra * 4 + key.length)
    const words = this.arena.i32[ref >>> 20]
    const w = (ref & 0xfffff) << 1
    if (words !== undefined) {
      words[w] = extra
      words[w + 1] = key.length
    }
    this.arena.u8[ref >>> 20]?.set(key, (w << 2) + 8 + extra * 4)
    return ref
  }

  put(name: string): void {
    const key = Buffer.from(name)
    const found = this.table.find(key, 0, key.length)
    expect(found).toBe(this.map.get(name) ?? 0)
    const ref = this.entry(key)
    if (found === 0) this.table.insertAfterFind(ref)
    else {
      this.table.replaceFound(found, ref)
      this.arena.free(found)
    }
    this.map.set(name, ref)
  }

  remove(name: string): void {
    const key = Buffer.from(name)
    const found = this.table.find(key, 0, key.length)
    expect(found).toBe(this.map.get(name) ?? 0)
    if (found === 0) return
    this.table.removeFound(found)
    this.arena.free(found)
    this.map.delete(name)
  }

  check(): void {
    this.table.checkInvariants()
    this.arena.checkInvariants()
    expect(this.table.count).toBe(this.map.size)
    expect(new HashTable(this.arena).attach(this.table.ref).count).toBe(this.map.size)
    const seen = new Set<Ref>()
    this.table.forEach((ref) => seen.add(ref))
    expect([...seen].sort()).toEqual([...this.map.values()].sort())
    const cursor = new TableCursor(this.arena).open(this.table.ref)
    let walked = 0
    for (let ref = cursor.next(); ref !== 0; ref = cursor.next(), walked++) expect(seen.has(ref)).toBe(true)
    expect(walked).toBe(seen.size)
  }

  drain(budget: number): number {
    let slices = 0
    for (let left = true; left; slices++) {
      // Less room than most buckets need.
      left = this.table.drain(budget, new Int32Array(4), (arena, refs, count) => {
        for (const ref of refs.subarray(0, count)) arena.free(ref)
      })
      if (left) this.table.attach(this.table.ref)
    }
    return slices
  }
}

const keysOf = (r: Random, n: number): ReadonlyArray<string> =>
  r.times(n, (i) => (r.below(4) === 0 ? `${i}${"x".repeat(r.below(200))}` : String(i)))

it("agrees with a Map while it grows and shrinks", () => {
  const r = Random.forTest("hash table")
  for (let round = 0; round < effort(8); round++) {
    const m = new Model(r)
    const keys = keysOf(r, r.pick([1, 3, 30, 500, 5000]))
    let puts = 5
    for (let i = 0; i < 6000; i++) {
      if (r.below(300) === 0) puts = r.below(10)
      if (r.below(10) < puts) m.put(r.pick(keys))
      else m.remove(r.pick(keys))
      if (r.below(1000) === 0) m.table.reserve(r.below(20_000))
      if (r.below(1000) === 0) m.table.fit()
      if (i % 1500 === 0) m.check()
    }
    m.check()
    m.drain(r.pick([1, 10, 1000, Infinity]))
    m.arena.checkInvariants()
    expect(m.arena.usedBytes).toBe(0)
  }
})

it("moves nothing while what it was made for comes, and takes back what was too much", () => {
  const m = new Model(Random.forTest("reserve"))
  for (let i = 0; i < 100; i++) m.put(`key${i}`)
  m.table.reserve(5000)
  const { bucketCount } = m.table
  for (let i = 100; i < 1000; i++) m.put(`key${i}`)
  expect(m.table.bucketCount).toBe(bucketCount)
  m.check()
  m.table.fit()
  expect(m.table.bucketCount).toBeLessThan(1000 / 4)
  m.check()
})

it("keeps all its entries where there is no memory for more buckets", () => {
  const m = new Model(Random.forTest("reserve without memory"))
  for (let i = 0; i < 3000; i++) m.put(`key${i}`)
  const { arena } = m
  const alloc = arena.alloc.bind(arena)
  let left = 3
  const spy = vi.spyOn(arena, "alloc").mockImplementation((bytes) => {
    if (bytes > 1000 && --left < 0) throw new ArenaFullError(bytes)
    return alloc(bytes)
  })
  expect(() => m.table.reserve(100_000)).toThrow(ArenaFullError)
  spy.mockRestore()
  m.check()
})

it("drains in slices of about the budget", () => {
  const r = Random.forTest("drain")
  const m = new Model(r)
  for (let i = 0; i < 5000; i++) m.put(`key${i}`)
  expect(m.drain(100)).toBeGreaterThan(30)
  expect(m.arena.usedBytes).toBe(0)
})

it("SCAN returns what stays from start to end, through growth and shrinking", () => {
  const r = Random.forTest("scan")
  for (let round = 0; round < effort(20); round++) {
    const m = new Model(r)
    const n = r.pick([1, 10, 100, 1000])
    const stay = new Set(r.times(n, (i) => `stay${i}`))
    const others = r.times(r.below(2000), (i) => `other${i}`)
    for (const key of stay) m.put(key)
    let present = r.below(2) === 0
    if (present) for (const key of others) m.put(key)
    const refs = new Map([...m.map].filter(([key]) => stay.has(key)).map(([key, ref]) => [ref, key]))
    const seen = new Set<string>()
    let cursor = 0
    let calls = 0
    do {
      cursor = m.table.scan(cursor, (ref) => {
        const key = refs.get(ref)
        if (key !== undefined) seen.add(key)
      })
      if (r.below(25) === 0) m.table.reserve(r.below(5000))
      if (r.below(25) === 0) m.table.fit()
      if (r.below(25) === 0 || calls === 3) {
        const some = others.slice(r.below(others.length + 1))
        for (const key of some)
          if (present) m.remove(key)
          else m.put(key)
        present = !present
      }
      expect(++calls, "the walk does not end").toBeLessThan(100_000)
    } while (cursor !== 0)
    expect(seen.size).toBe(stay.size)
    m.table.checkInvariants()
  }
})

it("draws every entry alike", () => {
  const r = Random.forTest("random entry")
  const m = new Model(r)
  for (let i = 0; i < 100; i++) m.put(`k${i}`)
  const counts = new Map<Ref, number>()
  const draws = 100_000
  for (let i = 0; i < draws; i++) {
    const ref = m.table.random((n) => r.below(n))
    counts.set(ref, (counts.get(ref) ?? 0) + 1)
  }
  expect(counts.size).toBe(100)
  // Standard deviation of each count is about 31; seven of them leave no chance to luck.
  for (const n of counts.values()) expect(Math.abs(n - draws / 100)).toBeLessThan(7 * 32)
})

it("answers 0 for a random entry of an empty table", () => {
  const m = new Model(Random.forTest("empty"))
  expect(m.table.random(() => 0)).toBe(0)
})

it("is seen by a snapshot as it was, while it grows, shrinks and is drained", () => {
  const r = Random.forTest("frozen table")
  for (let round = 0; round < effort(13); round++) {
    const m = new Model(r)
    const keys = keysOf(r, r.pick([2, 40, 400, 4000]))
    for (const key of keys) if (r.below(3) > 0) m.put(key)
    const root = m.table.ref
    const before = [...m.map.keys()].sort()
    const reader = new FrozenReader(m.arena.openSnapshot().handle)
    const block = new FrozenBlock()
    const names = (): ReadonlyArray<string> => {
      const walk = new FrozenTableWalk().open(reader, root)
      const out: Array<string> = []
      for (let ref = walk.next(); ref !== 0; ref = walk.next()) {
        reader.load(ref, block)
        const at = 8 + ((block.i32[0] ?? 0) & 7) * 4
        out.push(Buffer.from(block.u8.subarray(at, at + (block.i32[1] ?? 0))).toString())
      }
      return out.sort()
    }
    expect(names()).toEqual(before)
    for (let phase = 0; phase < 3; phase++) {
      const puts = r.below(11)
      for (let i = 0; i < 2000; i++) {
        if (r.below(10) < puts) m.put(r.pick(keys))
        else m.remove(r.pick(keys))
      }
      expect(names()).toEqual(before)
    }
    m.check()
    m.drain(100)
    expect(names()).toEqual(before)
    m.arena.closeSnapshot()
    m.arena.checkInvariants()
    expect(m.arena.usedBytes).toBe(0)
  }
})
