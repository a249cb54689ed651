import { describe, expect, it } from "vitest"
import * as Listpack from "../../../src/bytes/packed/Listpack.js"
import * as Front from "../../../src/bytes/packed/ListpackFront.js"
import * as Split from "../../../src/bytes/packed/ListpackSplit.js"
import { Random } from "../../support/Random.js"
import { Pack, latin1, randomText } from "./listpackSupport.js"

/** One random write, done to the listpack and to the model alike. */
const step = (random: Random, pack: Pack, model: string[]): string => {
  const n = model.length
  const text = randomText(random)
  const b = latin1(text)
  const at = random.below(n + 1)
  const size = Listpack.byteLength(pack.u8, pack.base)
  const grows = Listpack.entryEncodedSize(b, 0, b.length)
  const p = at === n ? Listpack.end(pack.u8, pack.base) : pack.seek(random.chance(0.5) ? at : at - n)
  switch (n === 0 ? random.below(2) : random.below(n > 60 ? 9 : 7)) {
    case 0:
      pack.append(text)
      model.push(text)
      break
    case 1:
      Listpack.prepend(pack.u8, pack.base, b, 0, b.length)
      model.unshift(text)
      break
    case 2:
      expect(pack.insertBefore(p, text)).toBe(p)
      model.splice(at, 0, text)
      break
    case 3:
      if (at === n) return "nothing"
      expect(pack.textAt(pack.insertAfter(p, text))).toBe(text)
      model.splice(at + 1, 0, text)
      break
    case 4: {
      if (at === n) return "nothing"
      const growth = Listpack.replaceGrowth(pack.u8, p, b, 0, b.length)
      pack.replace(p, text)
      model[at] = text
      expect(Listpack.byteLength(pack.u8, pack.base)).toBe(size + growth)
      return `replace ${at} by ${JSON.stringify(text)}`
    }
    case 5:
      if (at === n) return "nothing"
      expect(Listpack.deleteAt(pack.u8, pack.base, p)).toBe(at === n - 1 ? -1 : p)
      model.splice(at, 1)
      return `delete ${at}`
    default: {
      const many = random.between(0, 12)
      const index = random.chance(0.5) ? at : at - n
      const from = index < 0 ? index + n : index
      expect(Listpack.deleteRange(pack.u8, pack.base, index, many)).toBe(model.splice(from, many).length)
      return `delete ${many} from ${index}`
    }
  }
  expect(Listpack.byteLength(pack.u8, pack.base)).toBe(size + grows)
  return `insert ${JSON.stringify(text)}`
}

describe("listpack against an array", () => {
  it("holds the same elements, and the bytes do not depend on how they came about", () => {
    const random = Random.forTest("listpack model")
    for (let round = 0; round < 12; round++) {
      const pack = new Pack(1 << 16, random.below(40))
      const model: string[] = []
      const trail: string[] = []
      for (let i = 0; i < 250; i++) {
        trail.push(step(random, pack, model))
        pack.expectIs(model, `seed ${random.seed}, round ${round}, step ${i}: ${trail.slice(-3).join("; ")}`)
        expect(pack.bytes()).toEqual(Pack.of(model).bytes())
      }
    }
  })

  it("finds what an array finds, and seeks from both ends", () => {
    const random = Random.forTest("listpack find")
    for (let round = 0; round < 300; round++) {
      const model = random.times(random.below(40), () => randomText(random, 100))
      const pack = Pack.of(model)
      const n = model.length
      for (let i = -n - 2; i <= n + 1; i++) {
        const p = pack.seek(i)
        expect(p < 0 ? undefined : pack.textAt(p)).toBe(model.at(i))
      }
      const needle = n > 0 && random.chance(0.7) ? random.pick(model) : randomText(random, 100)
      const from = random.below(n + 1)
      const skip = random.below(3)
      let want = -1
      for (let i = from; i < n && want < 0; i += skip + 1) if (model[i] === needle) want = i
      const start = from === n ? Listpack.end(pack.u8, pack.base) : pack.seek(from)
      expect(pack.find(start, needle, skip), `seed ${random.seed}, round ${round}`).toBe(
        want < 0 ? -1 : pack.seek(want),
      )
    }
  })

  it("splits, takes and merges", () => {
    const random = Random.forTest("listpack split")
    for (let round = 0; round < 400; round++) {
      const model = random.times(random.below(30), () => randomText(random))
      const pack = Pack.of(model)
      const n = model.length
      const cut = random.below(n + 2)
      const kind = random.below(3)
      const size = [Split.splitSize, Split.firstSize, Split.lastSize][kind]?.(pack.u8, pack.base, cut) ?? 0
      const other = new Pack(size)
      const move = [Split.splitAt, Split.takeFirst, Split.takeLast][kind]
      const moved = move?.(pack.u8, pack.base, cut, other.u8, other.base)
      const taken =
        kind === 0
          ? model.splice(cut)
          : kind === 1
            ? model.splice(0, cut)
            : model.splice(Math.max(0, n - cut))
      const label = `seed ${random.seed}, round ${round}, kind ${kind}, cut ${cut} of ${n}`
      expect(moved, label).toBe(taken.length)
      expect(other.bytes().length, label).toBe(size)
      pack.expectIs(model, label)
      other.expectIs(taken, label)

      const merged = new Pack(Split.mergedSize(pack.u8, pack.base, other.u8, other.base))
      merged.u8.set(pack.bytes(), merged.base)
      const before = random.chance(0.5)
      if (before) Split.prependAll(merged.u8, merged.base, other.u8, other.base)
      else Split.appendAll(merged.u8, merged.base, other.u8, other.base)
      merged.expectIs(before ? [...taken, ...model] : [...model, ...taken], label)
      expect(merged.bytes().length, label).toBe(merged.capacity)
    }
  })

  it("splits at negative indexes", () => {
    const pack = Pack.of(["a", "b", "c", "d"])
    const other = new Pack()
    expect(Split.splitAt(pack.u8, pack.base, -3, other.u8, other.base)).toBe(3)
    other.expectIs(["b", "c", "d"])
    pack.expectIs(["a"])
  })
})

describe("listpack front", () => {
  it("grows down and shrinks up to the same bytes", () => {
    const random = Random.forTest("listpack front")
    const u8 = new Uint8Array(1 << 16)
    for (let round = 0; round < 20; round++) {
      let base = 1 << 15
      Listpack.init(u8, base)
      const model: string[] = []
      for (let i = 0; i < 100; i++) {
        if (random.chance(0.6)) {
          const b = latin1(randomText(random))
          model.unshift(b.toString("latin1"))
          const size = Listpack.entryEncodedSize(b, 0, b.length)
          const before = base
          base = Front.prependDown(u8, base, b, 0, b.length)
          expect(base).toBe(before - size)
        } else {
          const n = random.below(4)
          model.splice(0, n)
          base = Front.dropFirst(u8, base, n)
        }
        const bytes = Buffer.from(u8.subarray(base, base + Listpack.byteLength(u8, base)))
        expect(bytes, `seed ${random.seed}, round ${round}, step ${i}`).toEqual(Pack.of(model).bytes())
      }
    }
  })

  it("keeps an unknown count unknown", () => {
    const pack = new Pack(1 << 18, 64)
    for (let i = 0; i < 65534; i++) Listpack.appendInt(pack.u8, pack.base, 1)
    const base = Front.prependDown(pack.u8, pack.base, latin1("a"), 0, 1)
    expect(base).toBe(61)
    expect(pack.u8[base + 4] & pack.u8[base + 5]).toBe(0xff)
    expect(Listpack.count(pack.u8, base)).toBe(65535)
    expect(Listpack.count(pack.u8, Front.dropFirst(pack.u8, base, 65533))).toBe(2)
  })
})

describe("listpack picks", () => {
  it("gives the positions of ascending indexes", () => {
    const pack = Pack.of(["a", "b", "c", "d", "e"])
    const out = new Int32Array(5)
    Listpack.positionsAt(pack.u8, pack.base, Int32Array.of(0, 2, 2, 4), 4, out)
    expect([...out.subarray(0, 4)].map((p) => pack.textAt(p))).toEqual(["a", "c", "c", "e"])
  })

  it("samples distinct elements uniformly", () => {
    const random = Random.forTest("listpack sample")
    const model = random.times(10, (i) => `k${i}`).flatMap((key) => [key, "v"])
    const pack = Pack.of(model)
    const out = new Int32Array(16)
    const seen = new Map<string, number>()
    const rounds = 4000
    for (let i = 0; i < rounds; i++) {
      expect(Listpack.samplePositions(pack.u8, pack.base, 2, 3, () => random.float(), out)).toBe(3)
      const keys = [...out.subarray(0, 3)].map((p) => pack.textAt(p))
      expect(new Set(keys).size).toBe(3)
      for (const key of keys) seen.set(key, (seen.get(key) ?? 0) + 1)
    }
    // Each key is expected 1200 times with a deviation of 29: six deviations either way.
    expect(seen.size).toBe(10)
    for (const [key, times] of seen)
      expect(Math.abs(times - rounds * 0.3), `${key}, seed ${random.seed}`).toBeLessThan(175)
    expect(Listpack.samplePositions(pack.u8, pack.base, 2, 16, () => 0.5, out)).toBe(10)
    expect([...out.subarray(0, 10)].map((p) => pack.textAt(p))).toEqual(model.filter((_, i) => i % 2 === 0))
    expect(Listpack.samplePositions(new Pack().u8, new Pack().base, 1, 3, () => 0.5, out)).toBe(0)
  })
})
