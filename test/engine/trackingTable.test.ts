/** The table of clients that have read keys, against a plain model; and what it costs. */
import { describe, expect, it } from "vitest"
import { TrackingTable } from "../../src/engine/tracking/TrackingTable.js"
import { effort } from "../support/Effort.js"
import { Random } from "../support/Random.js"

const bytes = (key: string): Uint8Array => Buffer.from(key, "latin1")

class Model {
  readonly table = new TrackingTable()
  readonly ids = new Map<string, Set<number>>()

  remember(key: string, id: number): void {
    const name = bytes(key)
    this.table.remember(name, 0, name.length, id)
    const ids = this.ids.get(key)
    if (ids === undefined) this.ids.set(key, new Set([id]))
    else ids.add(id)
  }

  /** The clients that the table gives, and those that it should give. */
  take(key: string): readonly [ReadonlyArray<number>, ReadonlyArray<number>] {
    const name = bytes(key)
    const n = this.table.take(name, 0, name.length)
    const expected = [...(this.ids.get(key) ?? [])].sort((a, b) => a - b)
    this.ids.delete(key)
    return [[...this.table.taken.subarray(0, n)], expected]
  }

  clear(): void {
    this.table.clear()
    this.ids.clear()
  }

  check(): void {
    this.table.checkInvariants()
    expect(this.table.keys).toBe(this.ids.size)
    expect(this.table.items).toBe([...this.ids.values()].reduce((sum, ids) => sum + ids.size, 0))
  }
}

describe("TrackingTable", () => {
  it("knows what a plain model knows", () => {
    const random = Random.forTest("tracking table")
    const model = new Model()
    for (let i = 0; i < effort(20_000); i++) {
      const key = random.chance(0.3) ? "hot" : random.text(random.below(4), "ab\x00\xff")
      if (random.chance(0.9)) {
        // Ids beyond 32 bits, and late clients more often than early ones.
        const id = random.chance(0.1) ? 2 ** 40 + random.below(50) : Math.ceil(300 * random.float() ** 0.3)
        model.remember(key, id)
      } else if (random.chance(0.95)) {
        const [got, expected] = model.take(key)
        expect(got, `seed ${random.seed}`).toEqual(expected)
      } else if (random.chance(0.2)) model.clear()
      if (i % 500 === 0) model.check()
    }
    for (let n = model.table.keys; n > 0; n--) {
      const key = Buffer.from(model.table.someKey((limit) => random.below(limit))).toString("latin1")
      const [got, expected] = model.take(key)
      expect(expected.length).toBeGreaterThan(0)
      expect(got).toEqual(expected)
    }
    model.check()
  })

  it("gives all memory back, by key or with all of it at once", () => {
    const model = new Model()
    model.remember("k", 1)
    model.table.clear()
    model.table.checkInvariants()
    expect(model.table.bytes).toBe(0)
    for (let i = 0; i < 10_000; i++) for (const id of [1, 2, 3]) model.remember(`key:${i}`, id)
    model.clear()
    model.check()
    expect(model.table.bytes).toBe(0)
    model.remember("k", 1)
    expect(model.take("k")).toEqual([[1], [1]])
    model.check()
  })

  it("takes 40 bytes for a key of 16 bytes and one client, and 8 to 16 for each further one", () => {
    const keys = 20_000
    const { table } = new Model()
    const remember = (id: number): void => {
      for (let i = 0; i < keys; i++) table.remember(bytes(`key:${String(i).padStart(12, "0")}`), 0, 16, id)
    }
    remember(7)
    expect(table.bytes / keys).toBeGreaterThan(38)
    expect(table.bytes / keys).toBeLessThan(41)
    const one = table.bytes
    for (let id = 8; id <= 23; id++) remember(id)
    expect((table.bytes - one) / keys / 16).toBeGreaterThan(8)
    expect((table.bytes - one) / keys / 16).toBeLessThan(17)
  })
})
