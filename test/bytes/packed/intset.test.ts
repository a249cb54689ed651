import { describe, expect, it } from "vitest"
import { int64, parseCanonical, splitNumber } from "../../../src/bytes/Int64.js"
import * as Intset from "../../../src/bytes/packed/Intset.js"
import { describeOracle } from "../../support/Oracle.js"
import { Random } from "../../support/Random.js"
import { hexOf, latin1 } from "./listpackSupport.js"
import { type PackedStep, firstDifference, rdbType, withPackingOracle } from "./packedOracle.js"

const GUARD = 0xa5
const BASE = 11

/** An intset among guard bytes, with members as text. */
class Ints {
  readonly u8 = new Uint8Array(1 << 15).fill(GUARD)
  constructor() {
    Intset.init(this.u8, BASE)
  }
  private parse(text: string): void {
    const b = latin1(text)
    if (!parseCanonical(b, 0, b.length)) throw new Error(`${text} is no integer`)
  }
  add(text: string): boolean {
    this.parse(text)
    const { hi, lo } = int64
    const size = Intset.sizeAfterAdd(this.u8, BASE, hi, lo)
    const added = Intset.add(this.u8, BASE, hi, lo)
    if (added) expect(Intset.byteLength(this.u8, BASE)).toBe(size)
    return added
  }
  remove(text: string): boolean {
    this.parse(text)
    return Intset.remove(this.u8, BASE, int64.hi, int64.lo)
  }
  find(text: string): number {
    this.parse(text)
    return Intset.find(this.u8, BASE, int64.hi, int64.lo)
  }
  bytes(): Buffer {
    return Buffer.from(this.u8.subarray(BASE, BASE + Intset.byteLength(this.u8, BASE)))
  }
  texts(): string[] {
    const out: string[] = []
    for (let i = 0; i < Intset.count(this.u8, BASE); i++) {
      Intset.get(this.u8, BASE, i)
      const { src, off, len, int, intHi, intLo } = Intset.isv
      const text = Buffer.from(src.subarray(off, off + len)).toString("latin1")
      expect((BigInt(intHi) << 32n) | BigInt(intLo >>> 0)).toBe(BigInt(text))
      expect(int).toBe(Number.isSafeInteger(Number(text)) ? Number(text) : NaN)
      out.push(text)
    }
    return out
  }
}

const order = (a: string, b: string): number => (BigInt(a) < BigInt(b) ? -1 : 1)

const randomInt = (random: Random, widest: number): string => {
  if (random.chance(0.1)) {
    const edge = 2n ** BigInt(random.pick([15, 31, 53, 63].filter((bit) => bit < widest)))
    return String(random.chance(0.5) ? edge - 1n - BigInt(random.below(2)) : -edge + BigInt(random.below(2)))
  }
  const bits = (BigInt(random.uint32()) << 32n) | BigInt(random.uint32())
  return String(BigInt.asIntN(random.chance(0.5) ? 6 : random.between(2, widest), bits))
}

describe("intset", () => {
  it("matches the example of its header", () => {
    const set = new Ints()
    for (const text of ["300", "-1", "5"]) expect(set.add(text)).toBe(true)
    expect(hexOf(set.bytes())).toBe("02000000" + "03000000" + "ffff" + "0500" + "2c01")
    expect(set.add("5")).toBe(false)
  })

  it("widens at both ends and stays wide", () => {
    const set = new Ints()
    const model = ["1", "-2", "32767", "-32768"]
    for (const text of model) set.add(text)
    expect(Intset.encoding(set.u8, BASE)).toBe(2)
    for (const [text, width] of [
      ["32768", 4],
      ["-2147483648", 4],
      ["-2147483649", 8],
      ["9223372036854775807", 8],
    ] as const) {
      expect(set.find(text)).toBe(text.startsWith("-") ? -1 : -Intset.count(set.u8, BASE) - 1)
      expect(set.add(text)).toBe(true)
      model.push(text)
      expect(Intset.encoding(set.u8, BASE)).toBe(width)
      expect(set.texts()).toEqual(model.toSorted(order))
    }
    for (const text of model.slice(4)) expect(set.remove(text)).toBe(true)
    expect(Intset.encoding(set.u8, BASE)).toBe(8)
    expect(set.texts()).toEqual(["-32768", "-2", "1", "32767"])
  })

  it("takes safe integers through splitNumber", () => {
    const set = new Ints()
    for (const n of [0, -1, 2 ** 40, -(2 ** 40), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
      splitNumber(n)
      expect(int64.num).toBe(n)
      Intset.add(set.u8, BASE, int64.hi, int64.lo)
      expect(Intset.has(set.u8, BASE, int64.hi, int64.lo)).toBe(true)
      expect(set.find(String(n))).toBeGreaterThanOrEqual(0)
    }
    expect(set.texts()).toHaveLength(6)
  })

  it("equals a sorted set of integers after random adds and removes", () => {
    const random = Random.forTest("intset model")
    for (let round = 0; round < 30; round++) {
      const set = new Ints()
      const model = new Set<string>()
      const widest = random.pick([16, 32, 64])
      for (let i = 0; i < 200; i++) {
        const label = `seed ${random.seed}, round ${round}, step ${i}`
        const text =
          model.size > 0 && random.chance(0.3) ? random.pick([...model]) : randomInt(random, widest)
        expect(set.find(text) >= 0, label).toBe(model.has(text))
        if (random.chance(0.6)) {
          expect(set.add(text), label).toBe(!model.has(text))
          model.add(text)
        } else expect(set.remove(text), label).toBe(model.delete(text))
        const sorted = [...model].sort(order)
        expect(set.texts(), label).toEqual(sorted)
        const at = sorted.findIndex((member) => BigInt(member) >= BigInt(text))
        if (!model.has(text)) expect(set.find(text), label).toBe(-(at < 0 ? sorted.length : at) - 1)
        expect(Intset.validate(set.u8, BASE, Intset.byteLength(set.u8, BASE), true), label).toBe(true)
      }
      expect(set.u8.subarray(0, BASE).every((b) => b === GUARD)).toBe(true)
      expect(set.u8.subarray(BASE + 8 + 8 * 200).every((b) => b === GUARD)).toBe(true)
    }
  })

  it("picks every value at random", () => {
    const random = Random.forTest("intset random")
    const set = new Ints()
    expect(Intset.randomIndex(set.u8, BASE, () => 0.5)).toBe(-1)
    for (let i = 0; i < 8; i++) set.add(String(i))
    const seen = new Set<number>()
    for (let i = 0; i < 500; i++) seen.add(Intset.randomIndex(set.u8, BASE, () => random.float()))
    expect([...seen].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })
})

describe("intset validation", () => {
  const valid = (hex: string, deep = true): boolean => {
    const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex")
    return Intset.validate(bytes, 0, bytes.length, deep)
  }

  it("accepts sets and refuses what is none", () => {
    expect(valid("02000000 00000000")).toBe(true)
    expect(valid("02000000 02000000 ffff 0100")).toBe(true)
    expect(valid("02000000 02000000 0100 ffff")).toBe(false)
    expect(valid("02000000 02000000 0100 ffff", false)).toBe(true)
    expect(valid("02000000 02000000 0100 0100")).toBe(false)
    expect(valid("08000000 02000000 ffffffffffffffff 0000000000000000")).toBe(true)
    expect(valid("08000000 02000000 0000000001000000 ffffffff00000000")).toBe(false)
    for (const deep of [false, true]) {
      expect(valid("03000000 00000000", deep)).toBe(false)
      expect(valid("02010000 00000000", deep)).toBe(false)
      expect(valid("02000000 01000000", deep)).toBe(false)
      expect(valid("02000000 00000000 01", deep)).toBe(false)
      expect(valid("02000000 ffffffff 0100", deep)).toBe(false)
      expect(valid("020000", deep)).toBe(false)
    }
    expect(Intset.validate(new Uint8Array(20), 16, 8, true)).toBe(false)
    expect(Intset.validate(new Uint8Array(20), -1, 8, true)).toBe(false)
  })

  it("survives every value of every byte and every truncation", () => {
    for (const wide of ["7", "70000", "7000000000"]) {
      const set = new Ints()
      for (const text of ["-3", "1", "2", wide]) set.add(text)
      const bytes = set.bytes()
      for (let n = 0; n < bytes.length; n++) expect(Intset.validate(bytes, 0, n, true)).toBe(false)
      let refused = 0
      for (let at = 0; at < bytes.length; at++) {
        const was = bytes[at]
        for (let value = 0; value < 256; value++) {
          bytes[at] = value
          if (!Intset.validate(bytes, 0, bytes.length, true)) refused++
        }
        bytes[at] = was
      }
      // The eight header bytes have one right value each.
      expect(refused).toBeGreaterThanOrEqual(8 * 255)
    }
  })
})

describeOracle("intset bytes are Redis's", () => {
  it("after every one of 1500 random commands", () =>
    withPackingOracle(async (client) => {
      const random = Random.forTest("intset oracle")
      for (const widest of [16, 32, 64, 64, 64]) {
        const set = new Ints()
        const steps: PackedStep[] = random.times(300, () => {
          const n = Intset.count(set.u8, BASE)
          const there = random.chance(0.4) && n > 0 ? set.texts()[random.below(n)] : undefined
          const text = there ?? randomInt(random, widest)
          const adds = random.chance(0.7)
          if (adds) set.add(text)
          else set.remove(text)
          if (Intset.count(set.u8, BASE) === 0) Intset.init(set.u8, BASE)
          const bytes = Intset.count(set.u8, BASE) === 0 ? undefined : set.bytes()
          return { command: [adds ? "SADD" : "SREM", "k", text], bytes }
        })
        await client.command("DEL", "k")
        const difference = await firstDifference(client, "k", rdbType.intset, steps)
        expect(difference, `seed ${random.seed}: ${difference}`).toBeUndefined()
      }
    }))
})
