/** The ordered map of stream IDs against a sorted array, alone and under a snapshot; and IDs themselves. */
import { describe, expect, it } from "vitest"
import type { Arena } from "../../src/memory/Arena.js"
import { FrozenBlock, FrozenReader } from "../../src/memory/Snapshot.js"
import {
  formatId,
  ID_ANY_SEQUENCE,
  ID_INVALID,
  ID_WHOLE,
  parseId,
  StreamId,
} from "../../src/bytes/StreamId.js"
import { StreamIdTree } from "../../src/memory/stream/StreamIdTree.js"
import { walkTree } from "../../src/memory/stream/StreamIdTreeWalk.js"
import { Random } from "../support/Random.js"
import { checkedArena } from "../support/Memory.js"

const idOf = (n: number): StreamId => new StreamId().set(n & 1 ? -1 : 0, n >>> 3, n & 2 ? -5 : 5, n)

interface Tree {
  readonly arena: Arena
  readonly owner: number
  readonly tree: StreamIdTree
}
const newTree = (): Tree => {
  const arena = checkedArena()
  const owner = arena.alloc(16)
  const w = (owner & 0xfffff) << 1
  arena.i32[owner >>> 20].fill(0, w, w + 4)
  return { arena, owner, tree: new StreamIdTree().attach(arena, owner, 1) }
}

const keys = (tree: StreamIdTree): string[] => {
  const out: string[] = []
  for (let more = tree.first(); more; more = tree.next()) out.push(`${tree.key} ${tree.value}`)
  return out
}
const keysBackwards = (tree: StreamIdTree): string[] => {
  const out: string[] = []
  for (let more = tree.last(); more; more = tree.prev()) out.push(`${tree.key} ${tree.value}`)
  return out
}

describe("StreamIdTree", () => {
  it.each([50, 700, 20_000])("is a sorted map, over %i possible keys", (range) => {
    const random = Random.forTest(`stream ID tree ${range}`)
    const { arena, tree } = newTree()
    const model = new Map<number, number>()
    const sorted = (): Array<[StreamId, number]> =>
      [...model].map(([n, v]): [StreamId, number] => [idOf(n), v]).sort((x, y) => x[0].compare(y[0]))
    let growing = true
    for (let i = 0; i < 12_000; i++) {
      if (i % 3000 === 0) growing = !growing || i === 0
      const n = random.below(range)
      const id = idOf(n)
      const there = tree.find(id)
      expect(there).toBe(model.has(n))
      if (there) {
        expect(tree.value).toBe(model.get(n))
        if (random.chance(growing ? 0.2 : 0.9)) {
          tree.remove()
          model.delete(n)
        } else {
          tree.setValue(i)
          model.set(n, i)
        }
      } else if (random.chance(growing ? 0.9 : 0.2)) {
        tree.insert(id, i)
        model.set(n, i)
      }
      if (i % 1000 === 0) {
        tree.checkInvariants()
        const want = sorted().map(([id, v]) => `${id} ${v}`)
        expect(keys(tree)).toEqual(want)
        expect(keysBackwards(tree)).toEqual(want.reverse())
      }
      if (i % 50 === 0) {
        const near = idOf(random.below(range))
        const all = sorted().map(([id]) => id)
        const below = all.filter((id) => id.compare(near) <= 0).at(-1)
        const above = all.find((id) => id.compare(near) >= 0)
        expect(tree.floor(near) ? tree.key.toString() : undefined).toBe(below?.toString())
        expect(tree.ceil(near) ? tree.key.toString() : undefined).toBe(above?.toString())
      }
    }
    while (tree.first()) tree.remove()
    expect(tree.count).toBe(0)
    expect(arena.usedBytes).toBe(16)
    arena.checkInvariants()
  })

  it("takes 20 bytes a key when filled in order, and gives nodes back from the front", () => {
    const { arena, tree } = newTree()
    for (let i = 0; i < 100_000; i++) tree.insert(new StreamId().set(0, i, 0, 0), i)
    expect(arena.usedBytes / 100_000).toBeLessThan(21)
    const full = arena.usedBytes
    for (let i = 0; i < 90_000; i++) {
      tree.first()
      tree.remove()
    }
    tree.checkInvariants()
    expect(arena.usedBytes).toBeLessThan(full * 0.12)
    tree.freeAll(() => {})
    expect(arena.usedBytes).toBe(16)
  })

  it("is seen by a snapshot as it was, whatever is written meanwhile", () => {
    const random = Random.forTest("stream ID tree snapshot")
    for (let round = 0; round < 10; round++) {
      const { arena, owner, tree } = newTree()
      const there = new Set<number>()
      const change = (): void => {
        const n = random.below(3000)
        if (tree.find(idOf(n))) {
          if (random.chance(0.7)) {
            tree.remove()
            there.delete(n)
          } else tree.setValue(random.below(1000))
        } else {
          tree.insert(idOf(n), n)
          there.add(n)
        }
      }
      for (let i = 0; i < 500 * round; i++) change()
      const want = keys(tree)
      const reader = new FrozenReader(arena.openSnapshot().handle)
      for (let i = 0; i < 3000; i++) change()
      const blocks = Array.from({ length: 9 }, () => new FrozenBlock())
      const load = (ref: number, depth: number): FrozenBlock => {
        reader.load(ref, blocks[depth])
        return blocks[depth]
      }
      const head = load(owner, 8)
      const got: string[] = []
      walkTree(load, head.i32[1], (key, value) => got.push(`${key} ${value}`))
      expect(got).toEqual(want)
      arena.closeSnapshot()
      arena.checkInvariants()
    }
  })
})

describe("StreamId", () => {
  const parse = (text: string, star = false): string => {
    const id = new StreamId()
    const bytes = Buffer.from(text, "latin1")
    const found = parseId(bytes, 0, bytes.length, id, false, star)
    return found === ID_INVALID ? "invalid" : found === ID_WHOLE ? id.toString() : `${id} any`
  }

  it("reads and writes every 64-bit part", () => {
    const parts = [0n, 1n, 9n, 2n ** 31n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]
    const buf = new Uint8Array(64)
    for (const ms of parts)
      for (const seq of parts) {
        const id = new StreamId().setBig(ms, seq)
        const text = Buffer.from(buf.subarray(3, 3 + formatId(buf, 3, id))).toString()
        expect(text).toBe(`${ms}-${seq}`)
        expect(parse(text)).toBe(text)
        const next = new StreamId().copy(id)
        expect(next.increment()).toBe(!id.isMax)
        expect((next.ms << 64n) | next.seq).toBe(id.isMax ? (ms << 64n) | seq : ((ms << 64n) | seq) + 1n)
        if (next.compare(id) !== 0) expect(next.decrement() && next.compare(id)).toBe(0)
        id.storeBytes(buf, 0)
        expect(new StreamId().loadBytes(buf, 0).compare(id)).toBe(0)
      }
  })

  it("reads what Redis reads", () => {
    expect(parse("5")).toBe("5-0")
    expect(parse("007-08")).toBe("7-8")
    expect(parse("1-*", true)).toBe("1-0 any")
    for (const bad of [
      "",
      "-",
      "+",
      "1-",
      "-1",
      "1-1-1",
      "1-*",
      "x",
      "18446744073709551616",
      "9".repeat(128),
    ])
      expect(parse(bad), bad).toBe("invalid")
    expect(ID_ANY_SEQUENCE).toBe(2)
  })

  it("orders by the words as unsigned numbers", () => {
    const random = Random.forTest("stream ID order")
    for (let i = 0; i < 2000; i++) {
      const word = (): number => random.pick([0, 1, -1, 0x7fffffff, 0x80000000 | 0])
      const x = new StreamId().set(word(), word(), word(), word())
      const y = new StreamId().set(word(), word(), word(), word())
      const [bx, by] = [(x.ms << 64n) | x.seq, (y.ms << 64n) | y.seq]
      expect(x.compare(y)).toBe(bx < by ? -1 : bx > by ? 1 : 0)
    }
  })
})
