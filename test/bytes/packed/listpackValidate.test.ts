import { describe, expect, it } from "vitest"
import * as Listpack from "../../../src/bytes/packed/Listpack.js"
import { distinctAtStride, hasDistinctPairs, validate } from "../../../src/bytes/packed/ListpackValidate.js"
import { Random } from "../../support/Random.js"
import { Pack, randomText } from "./listpackSupport.js"

/** The bytes between two guards, behind a proxy that fails on any read outside [base, base + len). */
const guarded = (bytes: Uint8Array, base: number): Uint8Array => {
  const u8 = new Uint8Array(base + bytes.length + 32).fill(0xf0)
  u8.set(bytes, base)
  return new Proxy(u8, {
    get: (target, key) => {
      const index = typeof key === "string" && /^-?\d+$/.test(key) ? Number(key) : undefined
      if (index !== undefined && (index < base || index >= base + bytes.length))
        throw new RangeError(`read at ${index - base} of ${bytes.length}`)
      return Reflect.get(target, key, target)
    },
  })
}

/** What validation accepted must be walkable from both ends, without a fault and to the same elements. */
const isWalkable = (bytes: Uint8Array): boolean => {
  const there: number[] = []
  for (let p = Listpack.first(bytes, 0); p >= 0; p = Listpack.next(bytes, p)) {
    Listpack.get(bytes, p)
    if (Listpack.lpv.src === bytes && Listpack.lpv.off + Listpack.lpv.len > bytes.length) return false
    there.push(p)
  }
  let n = there.length
  for (let p = Listpack.last(bytes, 0); p >= 0; p = Listpack.prev(bytes, 0, p))
    if (there[--n] !== p) return false
  return n === 0 && Listpack.count(bytes, 0) === there.length
}

const check = (bytes: Uint8Array, label: string): boolean => {
  const base = 5
  const ok = validate(guarded(bytes, base), base, bytes.length, true)
  if (ok && !isWalkable(bytes)) expect.fail(`${label}: accepted, but not walkable`)
  return ok
}

const sample = (): Buffer =>
  Pack.of([
    "",
    "abc",
    "1",
    "1000",
    "-30000",
    "100000",
    "100000000",
    "10000000000",
    "y".repeat(70),
    "z".repeat(130),
    "7",
  ]).bytes()

const withTotal = (hex: string): Buffer => {
  const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex")
  bytes.writeUInt32LE(bytes.length, 0)
  return bytes
}

describe("listpack validation", () => {
  it("accepts what Listpack writes", () => {
    const random = Random.forTest("listpack validate")
    expect(check(new Pack().bytes(), "empty")).toBe(true)
    expect(check(sample(), "sample")).toBe(true)
    for (let i = 0; i < 100; i++) {
      const pack = Pack.of(
        random.times(random.below(30), () => randomText(random, 5000)),
        1 << 18,
      )
      const bytes = pack.bytes()
      expect(check(bytes, `seed ${random.seed}, ${i}`)).toBe(true)
    }
    for (const n of [4096, 16378, 2097146])
      expect(check(Pack.of(["x".repeat(n)], n + 64).bytes(), `${n}`)).toBe(true)
  })

  const cases: ReadonlyArray<readonly [name: string, hex: string, valid: boolean]> = [
    ["count too high", "00000000 0100 ff", false],
    ["count too low", "00000000 0000 0101 ff", false],
    ["count unknown", "00000000 ffff 0101 ff", true],
    ["wider encodings than needed", "00000000 0300 f1010003 c00102 f0010000006106 ff", true],
    ["wrong backlen", "00000000 0100 816103 ff", false],
    ["backlen longer than needed", "00000000 0100 81610082 ff", false],
    ["early end byte", "00000000 0100 0101 ff 0101 ff", false],
    ["no end byte", "00000000 0100 0101 0101", false],
    ["unknown encoding", "00000000 0100 f501 ff", false],
    ["string past the end", "00000000 0100 856104 ff", false],
    ["length past 2^31", "00000000 0100 f0ffffffff6101 ff", false],
    ["length bytes past the end", "00000000 0100 f0 ff", false],
    ["second length byte past the end", "00000000 0100 e0 ff", false],
    ["integer past the end", "00000000 0100 f40000 ff", false],
    ["backlen past the end", "00000000 0100 8161 ff", false],
  ]
  for (const [name, hex, valid] of cases) {
    it(`${valid ? "accepts" : "refuses"}: ${name}`, () => {
      expect(check(withTotal(hex), name)).toBe(valid)
    })
  }

  it("refuses wrong totals and ranges, also without walking", () => {
    const bytes = sample()
    const n = bytes.length
    for (const deep of [false, true]) {
      expect(validate(bytes, 0, n, deep)).toBe(true)
      expect(validate(bytes, 0, n - 1, deep)).toBe(false)
      expect(validate(bytes, 0, n + 1, deep)).toBe(false)
      expect(validate(bytes, 1, n, deep)).toBe(false)
      expect(validate(bytes, -1, n, deep)).toBe(false)
      expect(validate(bytes, 0, 6, deep)).toBe(false)
      expect(validate(new Uint8Array(0), 0, 0, deep)).toBe(false)
    }
    expect(validate(withTotal("00000000 0100 ff"), 0, 7, false)).toBe(true)
  })

  it("survives every value of every byte", () => {
    const bytes = sample()
    let accepted = 0
    for (let at = 0; at < bytes.length; at++) {
      const was = bytes[at]
      for (let value = 0; value < 256; value++) {
        bytes[at] = value
        if (check(bytes, `byte ${at} is ${value}`)) accepted++
      }
      bytes[at] = was
    }
    // Content bytes may hold anything (70 + 130 + 3, and those of integers); structure may not.
    expect(accepted).toBeGreaterThan(203 * 256)
    expect(accepted).toBeLessThan(bytes.length * 256)
  })

  it("survives every truncation, with its total as it was and set right", () => {
    const bytes = sample()
    for (let n = 0; n < bytes.length; n++) {
      expect(check(bytes.subarray(0, n), `first ${n}`)).toBe(false)
      if (n < 7) continue
      const cut = Buffer.from(bytes.subarray(0, n))
      cut.writeUInt32LE(n, 0)
      check(cut, `first ${n}, total set`)
      cut[n - 1] = 0xff
      expect(check(cut, `first ${n}, total and end set`)).toBe(false)
    }
  })

  it("survives noise", () => {
    const random = Random.forTest("listpack noise")
    let refused = 0
    for (let i = 0; i < 20_000; i++) {
      const bytes = random.bytes(random.between(7, 60))
      bytes.writeUInt32LE(bytes.length, 0)
      bytes[bytes.length - 1] = 0xff
      if (random.chance(0.5)) bytes.writeUInt16LE(0xffff, 4)
      if (!check(bytes, `seed ${random.seed}, ${i}`)) refused++
    }
    expect(refused).toBeGreaterThan(0)
  })

  it("sees repeated keys", () => {
    const pairs = (...texts: string[]): boolean => {
      const pack = Pack.of(texts)
      return hasDistinctPairs(pack.u8, pack.base)
    }
    expect(pairs()).toBe(true)
    expect(pairs("a", "1", "b", "1")).toBe(true)
    expect(pairs("a", "1", "a", "2")).toBe(false)
    expect(pairs("a", "1", "b")).toBe(false)
    const wide = withTotal("00000000 0400 0101 0101 f1010003 0101 ff")
    expect(hasDistinctPairs(wide, 0)).toBe(false)
    expect(distinctAtStride(Pack.of(["a", "b", "a"]).bytes(), 0, 1)).toBe(false)
  })
})
