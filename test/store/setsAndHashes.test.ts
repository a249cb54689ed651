import { describe, expect, it } from "vitest"
import type { Arena } from "../../src/memory/Arena.js"
import { FrozenReader } from "../../src/memory/Snapshot.js"
import { HASH_HASHTABLE, HASH_LISTPACK, SET_HASHTABLE, SET_INTSET } from "../../src/store/Entry.js"
import {
  frozenHashCount,
  frozenSetCount,
  walkFrozenHash,
  walkFrozenSet,
} from "../../src/store/types/FrozenCollections.js"
import { HashCursor, HashValue, hashType } from "../../src/store/types/HashValue.js"
import { SetCursor, SetValue, setType } from "../../src/store/types/SetValue.js"
import { Random } from "../support/Random.js"
import { checkedArena } from "../support/Memory.js"

const latin1 = (src: Uint8Array, off: number, len: number): string =>
  Buffer.from(src.subarray(off, off + len)).toString("latin1")
const bytes = (text: string): Buffer => Buffer.from(text, "latin1")

const ENTRIES_MAX = 8
const LENGTH_MAX = 16

const member = (r: Random, integers: boolean): string =>
  integers || r.chance(0.5)
    ? String(r.pick([r.between(-50, 50), r.between(-1e5, 1e5), r.between(-1e12, 1e12)]))
    : r.text(r.pick([0, 1, 2, 10, 80, 300]), "ab\0\xff1")

/** A set beside its model. */
const setWorld = (arena: Arena) => {
  const set = new SetValue(arena).create(SET_INTSET)
  const model = new Set<string>()
  const content = (): string[] => {
    const cursor = new SetCursor(arena).open(set.encoding, set.value)
    const all: string[] = []
    while (cursor.next()) all.push(latin1(cursor.src, cursor.off, cursor.len))
    return all.sort()
  }
  const step = (r: Random, integers: boolean): void => {
    const m = model.size > 0 && r.chance(0.4) ? r.pick([...model]) : member(r, integers)
    const b = bytes(m)
    if (r.chance(0.6)) {
      expect(set.add(b, 0, b.length, ENTRIES_MAX)).toBe(!model.has(m))
      model.add(m)
    } else {
      expect(set.remove(b, 0, b.length)).toBe(model.delete(m))
    }
    expect(set.has(b, 0, b.length)).toBe(model.has(m))
    expect(set.count).toBe(model.size)
  }
  return { set, model, content, step }
}

/** A hash beside its model. */
const hashWorld = (arena: Arena) => {
  const hash = new HashValue(arena).create(HASH_LISTPACK)
  const model = new Map<string, string>()
  const content = (): string[] => {
    const cursor = new HashCursor(arena).open(hash.encoding, hash.value)
    const all: string[] = []
    while (cursor.next())
      all.push(
        `${latin1(cursor.fieldSrc, cursor.fieldOff, cursor.fieldLen)}=${latin1(cursor.src, cursor.off, cursor.len)}`,
      )
    return all.sort()
  }
  const step = (r: Random, short: boolean): void => {
    const f = model.size > 0 && r.chance(0.5) ? r.pick([...model.keys()]) : member(r, short)
    const b = bytes(f)
    if (r.chance(0.65)) {
      const v = member(r, short)
      const value = bytes(v)
      const isNew = hash.set(b, 0, b.length, value, 0, value.length, ENTRIES_MAX, LENGTH_MAX)
      expect(isNew).toBe(!model.has(f))
      model.set(f, v)
    } else {
      expect(hash.remove(b, 0, b.length)).toBe(model.delete(f))
    }
    expect(hash.has(b, 0, b.length)).toBe(model.has(f))
    if (hash.find(b, 0, b.length)) expect(latin1(hash.src, hash.off, hash.len)).toBe(model.get(f))
    expect(hash.count).toBe(model.size)
  }
  const expected = (): string[] => [...model].map(([f, v]) => `${f}=${v}`).sort()
  return { hash, model, content, step, expected }
}

describe("sets", () => {
  for (const integers of [true, false]) {
    it(`${integers ? "of integers" : "of any bytes"} equal a model and leave nothing behind`, () => {
      const r = Random.forTest(`sets ${integers}`)
      const arena = checkedArena()
      for (let round = 0; round < 60; round++) {
        const { set, model, content, step } = setWorld(arena)
        const steps = r.pick([10, 40, 400])
        for (let i = 0; i < steps; i++) step(r, integers)
        expect(content()).toEqual([...model].sort())
        if (set.encoding === SET_INTSET) expect(model.size).toBeLessThanOrEqual(ENTRIES_MAX)
        const copy = setType.copy(arena, set.encoding, set.value)
        set.free()
        set.attach(set.encoding, copy)
        expect(content()).toEqual([...model].sort())
        arena.checkInvariants()
        set.free()
        expect(arena.usedBytes).toBe(0)
      }
    })
  }

  it("as they were when a snapshot opened", () => {
    const r = Random.forTest("frozen sets")
    for (let round = 0; round < 40; round++) {
      const arena = checkedArena()
      const { set, model, content, step } = setWorld(arena)
      const integers = r.chance(0.4)
      for (let i = r.pick([5, 30, 1500]); i > 0; i--) step(r, integers)
      const { encoding, value } = set
      const before = [...model].sort()
      const reader = new FrozenReader(arena.openSnapshot().handle)
      for (let i = r.pick([5, 60, 600]); i > 0; i--) step(r, integers && r.chance(0.9))
      const frozen: string[] = []
      walkFrozenSet(reader, encoding, value, (src, off, len) => frozen.push(latin1(src, off, len)))
      expect(frozen.sort()).toEqual(before)
      expect(frozenSetCount(reader, encoding, value)).toBe(before.length)
      expect(content()).toEqual([...model].sort())
      arena.closeSnapshot()
      arena.checkInvariants()
      set.free()
      expect(arena.usedBytes).toBe(0)
    }
  })

  it("are freed in slices, each about as long as asked", () => {
    const arena = checkedArena()
    const set = new SetValue(arena).create(SET_HASHTABLE)
    for (let i = 0; i < 5000; i++) {
      const b = bytes(`member ${i}`)
      set.add(b, 0, b.length, ENTRIES_MAX)
    }
    expect(setType.freeEffort(arena, set.encoding, set.value)).toBe(5000)
    expect(setType.bytes(arena, set.encoding, set.value, 5)).toBeGreaterThan(5000 * 24)
    let slices = 0
    let left = set.value
    while (left !== 0) {
      left = setType.freeStep(arena, set.encoding, left, 100)
      slices++
      arena.checkInvariants()
    }
    expect(slices).toBeGreaterThan(40)
    expect(arena.usedBytes).toBe(0)
  })

  it("are drawn from uniformly", () => {
    const r = Random.forTest("uniform members")
    const arena = checkedArena()
    for (const encoding of [SET_INTSET, SET_HASHTABLE]) {
      const set = new SetValue(arena).create(encoding)
      const n = 40
      for (let i = 0; i < n; i++) set.add(bytes(String(i)), 0, String(i).length, 100)
      const drawn = new Map<string, number>()
      const draws = 20_000
      for (let i = 0; i < draws; i++) {
        set.random((limit) => r.below(limit))
        const m = latin1(set.src, set.off, set.len)
        drawn.set(m, (drawn.get(m) ?? 0) + 1)
      }
      let chiSquare = 0
      for (let i = 0; i < n; i++) chiSquare += ((drawn.get(String(i)) ?? 0) - draws / n) ** 2 / (draws / n)
      // 39 degrees of freedom: above 115 about once in a thousand million runs.
      expect(chiSquare).toBeLessThan(115)
      set.free()
    }
  })

  it("take over intset bytes", () => {
    const arena = checkedArena()
    const r = Random.forTest("intset bytes")
    const { set, model, content, step } = setWorld(arena)
    while (set.encoding === SET_INTSET && model.size < 6) step(r, true)
    const raw = arena.u8[set.value >>> 20].slice((set.value & 0xfffff) << 3)
    const was = content()
    set.free()
    set.createFromIntset(raw, 0, 6)
    expect(set.encoding).toBe(SET_INTSET)
    expect(content()).toEqual(was)
    set.free()
    set.createFromIntset(raw, 0, 5)
    expect(set.encoding).toBe(SET_HASHTABLE)
    expect(content()).toEqual(was)
    set.free()
    expect(arena.usedBytes).toBe(0)
  })
})

describe("hashes", () => {
  for (const short of [true, false]) {
    it(`${short ? "of short values" : "of any bytes"} equal a model and leave nothing behind`, () => {
      const r = Random.forTest(`hashes ${short}`)
      const arena = checkedArena()
      for (let round = 0; round < 60; round++) {
        const { hash, model, content, expected, step } = hashWorld(arena)
        const steps = r.pick([10, 40, 400])
        for (let i = 0; i < steps; i++) step(r, short)
        expect(content()).toEqual(expected())
        if (hash.encoding === HASH_LISTPACK) expect(model.size).toBeLessThanOrEqual(ENTRIES_MAX)
        const copy = hashType.copy(arena, hash.encoding, hash.value)
        hash.free()
        hash.attach(hash.encoding, copy)
        expect(content()).toEqual(expected())
        arena.checkInvariants()
        hash.free()
        expect(arena.usedBytes).toBe(0)
      }
    })
  }

  it("as they were when a snapshot opened", () => {
    const r = Random.forTest("frozen hashes")
    for (let round = 0; round < 40; round++) {
      const arena = checkedArena()
      const { hash, content, expected, step } = hashWorld(arena)
      const short = r.chance(0.4)
      for (let i = r.pick([5, 12, 1500]); i > 0; i--) step(r, short)
      const { encoding, value } = hash
      const before = expected()
      const reader = new FrozenReader(arena.openSnapshot().handle)
      for (let i = r.pick([5, 60, 600]); i > 0; i--) step(r, short && r.chance(0.9))
      const frozen: string[] = []
      walkFrozenHash(reader, encoding, value, (fs, fo, fl, src, off, len) =>
        frozen.push(`${latin1(fs, fo, fl)}=${latin1(src, off, len)}`),
      )
      expect(frozen.sort()).toEqual(before)
      expect(frozenHashCount(reader, encoding, value)).toBe(before.length)
      expect(content()).toEqual(expected())
      arena.closeSnapshot()
      arena.checkInvariants()
      hash.free()
      expect(arena.usedBytes).toBe(0)
    }
  })

  it("become tables when any field is written under a lower limit", () => {
    const hash = new HashValue(checkedArena()).create(HASH_LISTPACK)
    const set = (field: string, value: string, entriesMax: number): boolean => {
      const [f, v] = [bytes(field), bytes(value)]
      return hash.set(f, 0, f.length, v, 0, v.length, entriesMax, LENGTH_MAX)
    }
    expect(set("a", "1", 2)).toBe(true)
    expect(set("b", "2", 2)).toBe(true)
    expect(set("a", "3", 2)).toBe(false)
    expect(hash.encoding).toBe(HASH_LISTPACK)
    expect(set("a", "4", 1)).toBe(false)
    expect(hash.encoding).toBe(HASH_HASHTABLE)
    expect(hash.count).toBe(2)
  })

  it("take over listpack bytes", () => {
    const arena = checkedArena()
    const r = Random.forTest("listpack bytes")
    const { hash, model, content, step } = hashWorld(arena)
    while (hash.encoding === HASH_LISTPACK && model.size < 6) step(r, true)
    const raw = arena.u8[hash.value >>> 20].slice((hash.value & 0xfffff) << 3)
    const was = content()
    hash.free()
    hash.createFromListpack(raw, 0, 6)
    expect(hash.encoding).toBe(HASH_LISTPACK)
    expect(content()).toEqual(was)
    hash.free()
    hash.createFromListpack(raw, 0, 5)
    expect(hash.encoding).toBe(HASH_HASHTABLE)
    expect(content()).toEqual(was)
    expect(hashType.bytes(arena, hash.encoding, hash.value, 0)).toBe(arena.usedBytes)
    hash.free()
    expect(arena.usedBytes).toBe(0)
  })
})
