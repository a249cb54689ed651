/** SortedSet and SortedIndex against a sorted array, and under an open snapshot against what was there when it opened. */
import { describe, expect, it } from "vitest"
import type { Arena } from "../../src/memory/Arena.js"
import { FrozenReader } from "../../src/memory/Snapshot.js"
import { ZSET_LISTPACK, ZSET_SKIPLIST } from "../../src/store/Entry.js"
import { frozenSortedSetCount, walkFrozenSortedSet } from "../../src/store/types/FrozenSortedSets.js"
import { LexBound, lexRange, ScoreBound, scoreRange } from "../../src/store/types/SortedSetRange.js"
import { SortedSet, sortedSetType } from "../../src/store/types/SortedSetValue.js"
import { effort } from "../support/Effort.js"
import { Random } from "../support/Random.js"
import { checkedArena } from "../support/Memory.js"

const PACKED = { zsetMaxListpackEntries: 1_000_000, zsetMaxListpackValue: 1_000_000 }
const NEVER = { zsetMaxListpackEntries: 0, zsetMaxListpackValue: 0 }

const latin1 = (text: string): Buffer => Buffer.from(text, "latin1")

/** The members in order, and where each is. */
class Model {
  readonly scores = new Map<string, number>()

  get sorted(): Array<readonly [string, number]> {
    return [...this.scores].sort(([a, x], [b, y]) =>
      x !== y ? (x < y ? -1 : 1) : Buffer.compare(latin1(a), latin1(b)),
    )
  }
}

const put = (set: SortedSet, model: Model, member: string, score: number, limits = NEVER): void => {
  const bytes = latin1(member)
  const old = set.find(bytes, 0, bytes.length)
  if (Number.isNaN(old)) set.insert(score, bytes, 0, bytes.length, limits)
  else if (old !== score) set.update(score, bytes, 0, bytes.length)
  if (!(model.scores.get(member) === score)) model.scores.set(member, score)
}

const drop = (set: SortedSet, model: Model, member: string): void => {
  const bytes = latin1(member)
  if (!Number.isNaN(set.find(bytes, 0, bytes.length))) set.removeFound()
  model.scores.delete(member)
}

const contents = (set: SortedSet): Array<readonly [string, number]> => {
  const out: Array<readonly [string, number]> = []
  if (set.size === 0) return out
  set.seek(0)
  do out.push([Buffer.from(set.src.subarray(set.off, set.off + set.len)).toString("latin1"), set.score])
  while (set.forward())
  return out
}

const backwards = (set: SortedSet): Array<string> => {
  const out: Array<string> = []
  set.seek(set.size - 1)
  do out.push(Buffer.from(set.src.subarray(set.off, set.off + set.len)).toString("latin1"))
  while (set.backward())
  return out
}

const randomScore = (r: Random): number =>
  r.weighted<() => number>([
    [5, () => r.between(-20, 20)],
    [2, () => r.float() * 10 ** r.between(-300, 300)],
    [1, () => r.pick([0, -0, Infinity, -Infinity, Number.MAX_VALUE, Number.MIN_VALUE, 2 ** 53, 1e17])],
  ])()

/** -0 is kept by a skiplist only; a listpack makes it 0. */
const plain = (pairs: ReadonlyArray<readonly [string, number]>): Array<readonly [string, number]> =>
  pairs.map(([member, score]) => [member, score + 0])

const checkQueries = (r: Random, arena: Arena, set: SortedSet, model: Model): void => {
  const sorted = model.sorted
  const rank = r.below(sorted.length)
  const [member] = sorted[rank] ?? [""]
  const bytes = latin1(member)
  expect(set.find(bytes, 0, bytes.length) + 0).toBe((model.scores.get(member) ?? NaN) + 0)
  expect(set.rankOfFound()).toBe(rank)
  set.seek(rank)
  expect(Buffer.from(set.src.subarray(set.off, set.off + set.len)).toString("latin1")).toBe(member)
  const [lo, hi] = [
    new ScoreBound().set(randomScore(r), r.chance(0.3)),
    new ScoreBound().set(randomScore(r), r.chance(0.3)),
  ]
  const inside = sorted.flatMap(([, s], i) =>
    (lo.exclusive ? s > lo.value : s >= lo.value) && (hi.exclusive ? s < hi.value : s <= hi.value) ? [i] : [],
  )
  scoreRange(arena, set, lo, hi)
  expect(set.count).toBe(inside.length)
  if (inside.length > 0) expect(set.from).toBe(inside[0])
}

const run = (name: string, packed: boolean, keys: number, steps: number) =>
  it(name, () => {
    const r = Random.forTest(name)
    const arena = checkedArena()
    const before = arena.usedBytes
    const set = new SortedSet(arena).create(packed)
    const model = new Model()
    const limits = packed ? PACKED : NEVER
    for (let i = 0; i < steps; i++) {
      // Phases of growing and of shrinking, so that the tree gets and loses levels.
      const growing = Math.floor(i / (steps / 6)) % 2 === 0
      const member = `m${r.below(keys)}`
      if (r.chance(growing ? 0.85 : 0.2)) put(set, model, member, randomScore(r), limits)
      else if (r.chance(0.7)) drop(set, model, member)
      else if (set.size > 0) {
        const rank = r.below(set.size)
        const n = Math.min(set.size - rank, r.between(1, 5))
        for (const [gone] of model.sorted.slice(rank, rank + n)) model.scores.delete(gone)
        set.removeRange(rank, n)
      }
      expect(set.size).toBe(model.scores.size)
      if (set.size > 0 && r.chance(0.02)) checkQueries(r, arena, set, model)
      if (i % Math.ceil(steps / 40) === 0) {
        if (!packed) {
          expect(set.index.checkInvariants()).toBe(set.size)
          set.table.checkInvariants()
        }
        expect(plain(contents(set))).toEqual(plain(model.sorted))
        if (set.size > 0) expect(backwards(set).reverse()).toEqual(model.sorted.map(([member]) => member))
      }
    }
    const copy = sortedSetType.copy(arena, set.encoding, set.value)
    expect(plain(contents(new SortedSet(arena).attach(set.encoding, copy)))).toEqual(plain(model.sorted))
    let left = copy
    while (left !== 0) left = sortedSetType.freeStep(arena, set.encoding, left, 50)
    while (set.size > 0) set.removeRange(0, Math.min(7, set.size))
    set.free()
    expect(arena.usedBytes).toBe(before)
    arena.checkInvariants()
  })

describe("a sorted set against a sorted array", () => {
  run("listpack", true, 60, 3000)
  run("skiplist of a few members", false, 80, 6000)
  run("skiplist of some thousands", false, 3000, effort(9000))
})

describe("a sorted index", () => {
  const ascending = (n: number, order: (i: number) => number): SortedSet => {
    const arena = checkedArena()
    const set = new SortedSet(arena).create(false)
    for (let i = 0; i < n; i++) {
      const bytes = latin1(`m${String(order(i)).padStart(6, "0")}`)
      set.find(bytes, 0, bytes.length)
      set.insert(order(i), bytes, 0, bytes.length, NEVER)
    }
    return set
  }

  it("has full leaves after ascending insertion, at most 13 bytes a member", () => {
    const set = ascending(20_000, (i) => i)
    expect(set.index.checkInvariants()).toBe(20_000)
    expect(set.index.bytes / 20_000).toBeLessThan(13)
  })

  it("keeps its shape in descending order, and popped from either end to nothing", () => {
    const set = ascending(20_000, (i) => 20_000 - i)
    expect(set.index.checkInvariants()).toBe(20_000)
    for (let i = 0; set.size > 0; i++) {
      set.removeRange(i % 3 === 0 ? set.size - 1 : 0, 1)
      if (i % 1999 === 0) expect(set.index.checkInvariants()).toBe(set.size)
    }
    expect(set.index.checkInvariants()).toBe(0)
    expect(set.index.bytes).toBe(768)
  })

  it("orders members of one score by their bytes", () => {
    const r = Random.forTest("members of one score")
    const arena = checkedArena()
    const set = new SortedSet(arena).create(false)
    const model = new Model()
    for (let i = 0; i < 4000; i++) put(set, model, r.bytes(r.below(4)).toString("latin1"), r.pick([0, -0]))
    expect(plain(contents(set))).toEqual(plain(model.sorted))
    const members = model.sorted.map(([member]) => member)
    for (let i = 0; i < 500; i++) {
      const bounds = r.times(2, () => {
        const bound = new LexBound()
        const text = Buffer.concat([latin1(r.pick(["[", "("])), r.bytes(r.below(4))])
        expect(bound.parse(text, 0, text.length)).toBe(true)
        return bound
      })
      const [min, max] = [bounds[0] ?? new LexBound(), bounds[1] ?? new LexBound()]
      const textOf = (b: LexBound): string =>
        Buffer.from(b.buf.subarray(b.off, b.off + b.len)).toString("latin1")
      const inside = members.filter(
        (m) =>
          (min.exclusive ? m > textOf(min) : m >= textOf(min)) &&
          (max.exclusive ? m < textOf(max) : m <= textOf(max)),
      )
      lexRange(arena, set, min, max, "up")
      expect(set.count).toBe(inside.length)
      if (inside.length > 0) expect(set.from).toBe(members.indexOf(inside[0] ?? ""))
    }
  })
})

describe("a sorted set under a snapshot", () => {
  for (const encoding of [ZSET_LISTPACK, ZSET_SKIPLIST])
    it(`is seen as it was, encoding ${encoding}`, () => {
      const r = Random.forTest(`frozen ${encoding}`)
      const arena = checkedArena()
      const limits = encoding === ZSET_LISTPACK ? PACKED : NEVER
      const set = new SortedSet(arena).create(encoding === ZSET_LISTPACK)
      const model = new Model()
      const keys = encoding === ZSET_LISTPACK ? 100 : 3000
      for (let i = 0; i < keys * 2; i++) put(set, model, `m${r.below(keys)}`, randomScore(r), limits)
      for (let round = 0; round < 4; round++) {
        const value = set.value
        const then = model.sorted
        const snapshot = arena.openSnapshot()
        const reader = new FrozenReader(snapshot.handle)
        for (let i = 0; i < keys; i++) {
          if (r.chance(round % 2 === 0 ? 0.7 : 0.3))
            put(set, model, `m${r.below(keys)}`, randomScore(r), limits)
          else drop(set, model, `m${r.below(keys)}`)
        }
        if (round === 3) {
          set.free()
          set.create(encoding === ZSET_LISTPACK)
        }
        const seen: Array<readonly [string, number]> = []
        walkFrozenSortedSet(reader, encoding, value, (src, off, len, score) =>
          seen.push([Buffer.from(src.subarray(off, off + len)).toString("latin1"), score]),
        )
        expect(plain(seen)).toEqual(plain(then))
        expect(frozenSortedSetCount(reader, encoding, value)).toBe(then.length)
        const down: Array<string> = []
        walkFrozenSortedSet(
          reader,
          encoding,
          value,
          (src, off, len) => down.push(Buffer.from(src.subarray(off, off + len)).toString("latin1")),
          true,
        )
        expect(down).toEqual(then.map(([member]) => member).reverse())
        arena.closeSnapshot()
      }
      set.free()
      expect(arena.usedBytes).toBe(0)
      arena.checkInvariants()
    })
})

describe("a sorted set's encodings", () => {
  it("unpacks at the limits and packs only when asked", () => {
    const arena = checkedArena()
    const set = new SortedSet(arena).createFor(1, { zsetMaxListpackEntries: 3, zsetMaxListpackValue: 4 })
    const model = new Model()
    const limits = { zsetMaxListpackEntries: 3, zsetMaxListpackValue: 4 }
    for (const member of ["a", "b", "c"]) put(set, model, member, 1.5, limits)
    expect(set.encoding).toBe(ZSET_LISTPACK)
    put(set, model, "d", 0, limits)
    expect(set.encoding).toBe(ZSET_SKIPLIST)
    expect(contents(set)).toEqual(model.sorted)
    drop(set, model, "d")
    expect(set.encoding).toBe(ZSET_SKIPLIST)
    set.pack(limits)
    expect(set.encoding).toBe(ZSET_LISTPACK)
    expect(contents(set)).toEqual(model.sorted)
    put(set, model, "e", 1, { ...limits, zsetMaxListpackEntries: 9 })
    put(set, model, "longer", 1, { ...limits, zsetMaxListpackEntries: 9 })
    expect(set.encoding).toBe(ZSET_SKIPLIST)
    set.pack({ ...limits, zsetMaxListpackEntries: 9 })
    expect(set.encoding).toBe(ZSET_SKIPLIST)
    set.free()
    expect(arena.usedBytes).toBe(0)
  })

  it("takes a number out of another listpack at the member that makes it a skiplist", () => {
    const arena = checkedArena()
    const from = new SortedSet(arena).create(true)
    const model = new Model()
    for (const [i, member] of ["0", "7", "-28444064414874"].entries()) put(from, model, member, i, PACKED)
    for (const limits of [
      { zsetMaxListpackEntries: 128, zsetMaxListpackValue: 5 },
      { zsetMaxListpackEntries: 2, zsetMaxListpackValue: 64 },
    ]) {
      const to = new SortedSet(arena).create(true)
      for (let i = 0; i < from.size; i++) {
        from.seek(i)
        to.find(from.src, from.off, from.len)
        to.insert(from.score, from.src, from.off, from.len, limits)
      }
      expect(to.encoding).toBe(ZSET_SKIPLIST)
      expect(contents(to)).toEqual(model.sorted)
    }
  })
})
