/** The quicklist against an array, under limits of every kind, with snapshots held open meanwhile. */
import { describe, expect, it } from "vitest"
import type { Arena } from "../../src/memory/Arena.js"
import { byteLength, count, get, lpv, LISTPACK_HEADER, next } from "../../src/bytes/packed/Listpack.js"
import { validate } from "../../src/bytes/packed/ListpackValidate.js"
import * as Quicklist from "../../src/memory/list/Quicklist.js"
import {
  frozenListCounts,
  type OnNode,
  walkFrozenList,
  walkList,
} from "../../src/memory/list/QuicklistWalk.js"
import { FrozenReader } from "../../src/memory/Snapshot.js"
import { Random } from "../support/Random.js"
import { checkedArena } from "../support/Memory.js"

const bytes = (text: string): Buffer => Buffer.from(text, "latin1")

/** Collects the elements of a list from its nodes. */
const collector = (into: string[]): OnNode => {
  return (u8, off, len, plain) => {
    if (plain) {
      into.push(Buffer.from(u8.subarray(off, off + len)).toString("latin1"))
      return
    }
    expect(byteLength(u8, off)).toBe(len)
    for (let p = off + LISTPACK_HEADER; p >= 0; p = next(u8, p)) {
      get(u8, p)
      into.push(Buffer.from(lpv.src.subarray(lpv.off, lpv.off + lpv.len)).toString("latin1"))
    }
  }
}

const contents = (a: Arena, list: number): string[] => {
  const out: string[] = []
  walkList(a, list, collector(out))
  return out
}

/** Every invariant of QuicklistNode.ts that can be seen from outside. */
const check = (a: Arena, list: number, limits: Quicklist.ListLimits): void => {
  let elements = 0
  let nodes = 0
  let before = 0
  for (let node = Quicklist.head(a, list); node !== 0; node = Quicklist.nodeNext(a, node)) {
    expect(Quicklist.nodePrev(a, node)).toBe(before)
    const n = Quicklist.nodeCount(a, node)
    expect(n).toBeGreaterThan(0)
    if (Quicklist.isPlain(a, node)) expect(n).toBe(1)
    else {
      const u8 = a.u8[node >>> 20] ?? new Uint8Array(0)
      const base = Quicklist.nodeBase(a, node)
      const start = (node & 0xfffff) << 3
      const total = byteLength(u8, base)
      expect(count(u8, base)).toBe(n)
      expect(validate(u8, base, total, true)).toBe(true)
      expect(base).toBeGreaterThanOrEqual(start + 16)
      expect(base + total).toBeLessThanOrEqual(start + a.blockSize(node))
      if (n > 1) {
        expect(n).toBeLessThanOrEqual(limits.maxEntries)
        expect(total + 16).toBeLessThanOrEqual(limits.maxBytes)
      }
    }
    elements += n
    nodes++
    before = node
  }
  expect(Quicklist.tail(a, list)).toBe(before)
  expect(Quicklist.length(a, list)).toBe(elements)
  expect(Quicklist.nodes(a, list)).toBe(nodes)
}

const element = (random: Random): string =>
  random.weighted<() => string>([
    [6, () => random.text(random.below(12))],
    [3, () => String(random.below(300) - 50)],
    [1, () => String(random.uint32() * 4096)],
    [1, () => random.text(random.below(200))],
    [0.1, () => random.text(random.below(20000))],
  ])()

/** One random change of the list and of its model. */
const change = (
  a: Arena,
  list: number,
  model: string[],
  limits: Quicklist.ListLimits,
  random: Random,
): void => {
  const text = element(random)
  const src = bytes(text)
  const index = random.below(model.length + 1)
  const some = bytes(model[index] ?? "none")
  const kind = random.below(20)
  if (kind < 5) {
    Quicklist.push(a, list, true, src, 0, src.length, limits)
    model.unshift(text)
  } else if (kind < 10) {
    Quicklist.push(a, list, false, src, 0, src.length, limits)
    model.push(text)
  } else if (kind < 12) {
    const n = Math.min(model.length, random.chance(0.03) ? random.below(1000) : random.below(4))
    const left = random.chance(0.5)
    Quicklist.drop(a, list, left, n)
    model.splice(left ? 0 : model.length - n, n)
  } else if (kind < 16) {
    if (!Quicklist.seek(a, list, index)) return
    const before = random.chance(0.5)
    const { node, pos } = Quicklist.place
    Quicklist.insert(a, list, node, pos, before, src, 0, src.length, limits)
    model.splice(before ? index : index + 1, 0, text)
  } else if (kind < 18) {
    if (!Quicklist.seek(a, list, index)) return
    const { node, pos } = Quicklist.place
    Quicklist.replace(a, list, index, node, pos, src, 0, src.length, limits)
    model[index] = text
  } else if (kind < 19) {
    if (!Quicklist.seek(a, list, index)) return
    Quicklist.removeAt(a, list, Quicklist.place.node, Quicklist.place.pos)
    model.splice(index, 1)
  } else {
    const forward = random.chance(0.5)
    const max = random.pick([1, 2, Infinity])
    const removed = Quicklist.removeEqual(a, list, forward, max, some, 0, some.length)
    const matching = model.flatMap((m, i) => (m === some.toString("latin1") ? [i] : []))
    const gone = new Set(forward ? matching.slice(0, max) : matching.reverse().slice(0, max))
    expect(removed).toBe(gone.size)
    model.splice(0, model.length, ...model.filter((_, i) => !gone.has(i)))
  }
}

const limitsUnderTest: ReadonlyArray<readonly [fill: number, plainFrom: number]> = [
  [-2, 1 << 30],
  [-1, 150],
  [-5, 1 << 30],
  [4, 1 << 30],
  [1, 10],
  [100, 10000],
]

describe.each(limitsUnderTest)("list-max-listpack-size %i, plain from %i", (fill, plainFrom) => {
  const limits = new Quicklist.ListLimits(fill)
  limits.plainFrom = plainFrom

  it("is the array it stands for, and a snapshot is what it was", () => {
    const random = Random.forTest(`quicklist ${fill} ${plainFrom}`)
    const a = checkedArena()
    const list = Quicklist.create(a)
    const model: string[] = []
    let frozen: string[] | undefined
    for (let i = 0; i < 6000; i++) {
      change(a, list, model, limits, random)
      if (i % 500 === 0) {
        check(a, list, limits)
        expect(contents(a, list)).toEqual(model)
        expectPlaces(a, list, model)
        const copy = Quicklist.copy(a, list)
        expect(contents(a, copy)).toEqual(model)
        expect(Quicklist.free(a, copy, Infinity)).toBe(0)
        if (frozen !== undefined) expectFrozen(a, list, frozen)
        if (a.snapshot !== undefined) a.closeSnapshot()
        a.openSnapshot()
        frozen = [...model]
        a.checkInvariants()
      }
    }
    if (a.snapshot !== undefined) a.closeSnapshot()
    let left = list
    for (let steps = 0; left !== 0; steps++) {
      expect(steps).toBeLessThan(100_000)
      left = Quicklist.free(a, left, 3)
    }
    a.checkInvariants()
    expect(a.usedBytes).toBe(0)
  })
})

const expectFrozen = (a: Arena, list: number, model: ReadonlyArray<string>): void => {
  const snapshot = a.snapshot
  if (snapshot === undefined) throw new Error("no snapshot")
  const reader = new FrozenReader(snapshot.handle)
  const out: string[] = []
  walkFrozenList(reader, list, collector(out))
  expect(out).toEqual(model)
  expect(frozenListCounts(reader, list).elements).toBe(model.length)
}

/** Seeking, stepping either way and finding agree with the model. */
const expectPlaces = (a: Arena, list: number, model: ReadonlyArray<string>): void => {
  const { place } = Quicklist
  const here = (): string => {
    Quicklist.read(a, place.node, place.pos)
    return Buffer.from(lpv.src.subarray(lpv.off, lpv.off + lpv.len)).toString("latin1")
  }
  const forward: string[] = []
  if (Quicklist.seek(a, list, 0))
    do forward.push(here())
    while (Quicklist.stepForward(a))
  const backward: string[] = []
  if (Quicklist.seek(a, list, model.length - 1))
    do backward.push(here())
    while (Quicklist.stepBackward(a))
  expect(forward).toEqual(model)
  expect(backward.reverse()).toEqual(model)
  for (let i = 0; i < model.length; i += 7) {
    expect(Quicklist.seek(a, list, i)).toBe(true)
    expect(here()).toBe(model[i])
    const text = bytes(model[i] ?? "")
    expect(Quicklist.equals(a, place.node, place.pos, text, 0, text.length)).toBe(true)
    expect(Quicklist.findFirst(a, list, text, 0, text.length)).toBe(true)
    expect(here()).toBe(model[i])
  }
  expect(Quicklist.seek(a, list, model.length)).toBe(false)
  expect(Quicklist.seek(a, list, -1)).toBe(false)
}

it("a queue of any length stays as small as what is in it", () => {
  const a = checkedArena()
  const list = Quicklist.create(a)
  const limits = new Quicklist.ListLimits()
  const job = bytes("a job of twenty byte")
  for (const left of [true, false]) {
    for (let i = 0; i < 5000; i++) Quicklist.push(a, list, left, job, 0, job.length, limits)
    for (let i = 0; i < 20_000; i++) {
      Quicklist.push(a, list, left, job, 0, job.length, limits)
      Quicklist.drop(a, list, !left, 1)
    }
    expect(a.usedBytes).toBeLessThan(5000 * 22 * 1.1 + 10_000)
    Quicklist.drop(a, list, left, 4990)
    expect(a.usedBytes).toBeLessThan(1024)
    Quicklist.drop(a, list, left, 10)
    expect(a.usedBytes).toBe(16)
  }
})

it("a million elements of ten bytes take 12.1 bytes each at most", () => {
  for (const left of [true, false]) {
    const a = checkedArena()
    const list = Quicklist.create(a)
    const limits = new Quicklist.ListLimits()
    const text = bytes("xxxxxxxxxx")
    for (let i = 0; i < 1_000_000; i++) Quicklist.push(a, list, left, text, 0, 10, limits)
    expect(a.usedBytes / 1_000_000).toBeLessThan(12.1)
  }
})
