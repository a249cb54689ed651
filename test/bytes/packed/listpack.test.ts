import { describe, expect, it } from "vitest"
import * as Listpack from "../../../src/bytes/packed/Listpack.js"
import { entrySize, writeEntry } from "../../../src/bytes/packed/ListpackEntry.js"
import * as Pairs from "../../../src/bytes/packed/ListpackPairs.js"
import { Pack, edgeTexts, hexOf, latin1 } from "./listpackSupport.js"

const encoded = (text: string): string => {
  const out = new Uint8Array(text.length + 16)
  const src = latin1(text)
  const n = writeEntry(out, 0, src, 0, src.length)
  expect(Listpack.entryEncodedSize(src, 0, src.length)).toBe(n)
  expect(entrySize(out, 0)).toBe(n)
  return hexOf(out.subarray(0, n))
}

describe("listpack entries", () => {
  const cases: ReadonlyArray<readonly [text: string, hex: string]> = [
    ["", "8001"],
    ["abc", "8361626304"],
    ["0", "0001"],
    ["127", "7f01"],
    ["128", "c08002"],
    ["-1", "dfff02"],
    ["1000", "c3e802"],
    ["4095", "cfff02"],
    ["-4096", "d00002"],
    ["4096", "f1001003"],
    ["-32768", "f1008003"],
    ["32768", "f200800004"],
    ["-8388608", "f200008004"],
    ["8388608", "f30000800005"],
    ["-2147483648", "f30000008005"],
    ["2147483648", "f4000000800000000009"],
    ["-9223372036854775808", "f4000000000000008009"],
    ["9223372036854775807", "f4ffffffffffffff7f09"],
    ["9223372036854775808", `93${hexOf(latin1("9223372036854775808"))}14`],
    ["-0", "822d3003"],
    ["012", "8330313204"],
    ["x".repeat(63), `bf${"78".repeat(63)}40`],
    ["x".repeat(64), `e040${"78".repeat(64)}42`],
    ["x".repeat(126), `e07e${"78".repeat(126)}0180`],
    ["x".repeat(4095), `efff${"78".repeat(4095)}2081`],
    ["x".repeat(4096), `f000100000${"78".repeat(4096)}2085`],
  ]
  for (const [text, hex] of cases) {
    it(`encodes ${text.length > 24 ? `${text.length} bytes` : JSON.stringify(text)}`, () => {
      expect(encoded(text)).toBe(hex)
    })
  }

  it("reads back every edge, as text and as number", () => {
    const pack = Pack.of(edgeTexts)
    pack.expectIs(edgeTexts)
    edgeTexts.forEach((text, index) => {
      Listpack.read(pack.u8, pack.seek(index))
      const { isInt, int, intHi, intLo } = Listpack.lpv
      const canonical = /^(0|-?[1-9]\d{0,18})$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text)
      expect(isInt, text).toBe(canonical)
      if (!canonical) return
      const value = BigInt(text)
      expect((BigInt(intHi) << 32n) | BigInt(intLo >>> 0), text).toBe(value)
      expect(int, text).toBe(Number.isSafeInteger(Number(text)) ? Number(text) : NaN)
    })
  })

  it("writes numbers as it writes their text", () => {
    for (const text of edgeTexts) {
      const n = Number(text)
      if (!Number.isSafeInteger(n) || String(n) !== text) continue
      const pack = new Pack()
      Listpack.appendInt(pack.u8, pack.base, n)
      expect(pack.bytes(), text).toEqual(Pack.of([text]).bytes())
      expect(Listpack.encodedSizeInt(n)).toBe(Listpack.entryEncodedSize(latin1(text), 0, text.length))
      const p = pack.append("tail") && pack.seek(0)
      Listpack.replaceInt(pack.u8, pack.base, p, -n)
      pack.expectIs([String(0 - n), "tail"])
    }
    expect(() => Listpack.appendInt(new Uint8Array(64), 0, 2 ** 53)).toThrow("safe integer")
    expect(() => Listpack.appendInt(new Uint8Array(64), 0, 1.5)).toThrow("safe integer")
  })

  it("orders elements by their bytes and compares integers by value", () => {
    for (const a of edgeTexts) {
      const pack = Pack.of([a])
      const p = pack.seek(0)
      for (const b of edgeTexts) {
        const src = Buffer.concat([latin1("##"), latin1(b), latin1("#")])
        expect(Math.sign(Listpack.compareBytes(pack.u8, p, src, 2, b.length)), `${a} ? ${b}`).toBe(
          Buffer.compare(latin1(a), latin1(b)),
        )
        expect(Listpack.equals(pack.u8, p, src, 2, b.length), `${a} = ${b}`).toBe(a === b)
        expect(pack.find(p, b), `${a} = ${b}`).toBe(a === b ? p : -1)
      }
    }
  })

  it("finds an integer that another writer stored too wide or as a string", () => {
    const wide = Buffer.from(
      "1600000003003132".slice(0, 12) + "f10c0003" + "f40c0000000000000009" + "82313203ff",
      "hex",
    )
    wide.writeUInt32LE(wide.length, 0)
    const texts: string[] = []
    for (let p = Listpack.first(wide, 0); p >= 0; p = Listpack.next(wide, p)) {
      expect(Listpack.equals(wide, p, latin1("12"), 0, 2)).toBe(true)
      expect(Listpack.find(wide, p, latin1("12"), 0, 2, 0)).toBe(p)
      Listpack.get(wide, p)
      texts.push(
        Buffer.from(Listpack.lpv.src).toString(
          "latin1",
          Listpack.lpv.off,
          Listpack.lpv.off + Listpack.lpv.len,
        ),
      )
    }
    expect(texts).toEqual(["12", "12", "12"])
  })
})

describe("listpack", () => {
  it("matches the example of its header", () => {
    expect(hexOf(Pack.of(["abc", "1000"]).bytes())).toBe("0f000000" + "0200" + "8361626304" + "c3e802" + "ff")
  })

  it("has no elements at first", () => {
    const pack = new Pack()
    expect(hexOf(pack.bytes())).toBe("070000000000ff")
    expect(Listpack.isEmpty(pack.u8, pack.base)).toBe(true)
    expect(Listpack.first(pack.u8, pack.base)).toBe(-1)
    expect(Listpack.last(pack.u8, pack.base)).toBe(-1)
    expect([pack.seek(0), pack.seek(-1), pack.seek(5)]).toEqual([-1, -1, -1])
    expect(pack.find(-1, "a")).toBe(-1)
    expect(Listpack.deleteRange(pack.u8, pack.base, 0, 5)).toBe(0)
    pack.expectIs([])
  })

  it("skips while it finds", () => {
    const pack = Pack.of(["k", "v", "v", "k", "x".repeat(100), "5", "5", "x".repeat(100)])
    const from = pack.seek(0)
    expect(pack.find(from, "v", 1)).toBe(pack.seek(2))
    expect(pack.find(from, "5", 1)).toBe(pack.seek(6))
    expect(pack.find(from, "x".repeat(100), 1)).toBe(pack.seek(4))
    expect(pack.find(pack.seek(1), "x".repeat(100), 1)).toBe(pack.seek(7))
    expect(pack.find(from, "k", 2)).toBe(from)
    expect(pack.find(pack.seek(1), "k", 2)).toBe(-1)
    expect(pack.find(Listpack.end(pack.u8, pack.base), "k")).toBe(-1)
  })

  it("takes elements from the same array", () => {
    const pack = Pack.of(["b", "c"])
    const off = pack.base + pack.capacity - 40
    pack.u8.set(latin1("hello"), off)
    Listpack.prepend(pack.u8, pack.base, pack.u8, off, 5)
    expect(pack.texts()).toEqual(["hello", "b", "c"])
  })

  it("loses count at 65535 elements and still works", () => {
    const pack = new Pack(1 << 18)
    for (let i = 0; i < 65534; i++) Listpack.appendInt(pack.u8, pack.base, i & 127)
    expect(hexOf(pack.bytes().subarray(4, 6))).toBe("feff")
    for (let i = 0; i < 3; i++) pack.append("z")
    expect(hexOf(pack.bytes().subarray(4, 6))).toBe("ffff")
    expect(Listpack.count(pack.u8, pack.base)).toBe(65537)
    expect(pack.textAt(pack.seek(65534))).toBe("z")
    expect(pack.textAt(pack.seek(-4))).toBe(String(65533 & 127))
    expect([pack.seek(65537), pack.seek(-65538)]).toEqual([-1, -1])
    expect(pack.seek(-65537)).toBe(pack.seek(0))
    expect(Listpack.deleteRange(pack.u8, pack.base, 10, 100_000)).toBe(65527)
    expect(Listpack.count(pack.u8, pack.base)).toBe(10)
    expect(hexOf(pack.bytes().subarray(4, 6))).toBe("ffff")
  })
})

describe("listpack pairs", () => {
  const add = (pack: Pack, key: string, value: string): number =>
    Pairs.appendPair(pack.u8, pack.base, latin1(key), 0, key.length, latin1(value), 0, value.length)
  const find = (pack: Pack, key: string): number =>
    Pairs.findPair(pack.u8, pack.base, latin1(key), 0, key.length)

  it("matches the example of its header", () => {
    const pack = new Pack()
    add(pack, "a", "1")
    add(pack, "b", "2.5")
    expect(hexOf(pack.bytes())).toBe("14000000" + "0400" + "816102" + "0101" + "816202" + "83322e3504" + "ff")
  })

  it("finds keys, not values", () => {
    const pack = new Pack()
    add(pack, "a", "b")
    add(pack, "12", "a")
    expect(Pairs.pairCount(pack.u8, pack.base)).toBe(2)
    expect(find(pack, "b")).toBe(-1)
    expect(pack.textAt(Pairs.valueOf(pack.u8, find(pack, "12")))).toBe("a")
    expect(Pairs.nextPair(pack.u8, find(pack, "a"))).toBe(find(pack, "12"))
    expect(Pairs.nextPair(pack.u8, find(pack, "12"))).toBe(-1)
    expect(Pairs.deletePair(pack.u8, pack.base, find(pack, "a"))).toBe(find(pack, "12"))
    expect(Pairs.deletePair(pack.u8, pack.base, find(pack, "12"))).toBe(-1)
    pack.expectIs([])
  })

  it("reads scores and finds places by them", () => {
    const pack = new Pack()
    const scores = [
      "-inf",
      "-1.5",
      "0",
      "0",
      "0.10000000000000001",
      "9007199254740994",
      "4611686018427387904",
      "1e+300",
      "inf",
    ]
    scores.forEach((score, i) => add(pack, i === 3 ? "10" : `m${i}`, score))
    const read: number[] = []
    for (let p = Listpack.first(pack.u8, pack.base); p >= 0; p = Pairs.nextPair(pack.u8, p))
      read.push(Pairs.scoreAt(pack.u8, Pairs.valueOf(pack.u8, p)))
    expect(read).toEqual([-Infinity, -1.5, 0, 0, 0.1, 2 ** 53 + 2, 2 ** 62, 1e300, Infinity])
    const place = (score: number, member: string): number =>
      Pairs.scorePlace(pack.u8, pack.base, score, latin1(member), 0, member.length)
    expect(place(-Infinity, "a")).toBe(pack.seek(0))
    expect(place(-2, "a")).toBe(pack.seek(2))
    expect(place(0.05, "a")).toBe(pack.seek(8))
    expect(place(Infinity, "z")).toBe(Listpack.end(pack.u8, pack.base))
    expect(Pairs.firstFromScore(pack.u8, pack.base, 0, false)).toBe(pack.seek(4))
    expect(Pairs.firstFromScore(pack.u8, pack.base, 0, true)).toBe(pack.seek(8))
    expect(Pairs.firstFromScore(pack.u8, pack.base, Infinity, true)).toBe(-1)
  })
})
