import { describe, expect, it } from "vitest"
import {
  formatBigInt,
  formatDouble,
  formatDouble17,
  formatFixed,
  formatHumanDouble,
  formatInt,
  formatPackedScore,
  isCanonicalInt64,
  parseCursor,
  parseDouble,
  parseDoubleLax,
  parseInt64,
  parseSafeInteger,
  parseUint64,
} from "../../src/bytes/Numbers.js"
import { describeOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import { Differences, bytesOf, textOf, withClient } from "./scalarsSupport.js"

const int64 = (text: string) => parseInt64(bytesOf(`..${text}.`), 2, text.length)
const safe = (text: string) => parseSafeInteger(bytesOf(`..${text}.`), 2, text.length)
const double = (text: string) => parseDouble(bytesOf(`..${text}.`), 2, text.length)
const lax = (text: string) => parseDoubleLax(bytesOf(`..${text}.`), 2, text.length)

const printed = (write: (dst: Uint8Array, off: number) => number): string => {
  const dst = Buffer.alloc(40, 0xee)
  const length = write(dst, 3)
  expect(dst[2]).toBe(0xee)
  expect(dst[3 + length]).toBe(0xee)
  return dst.toString("latin1", 3, 3 + length)
}

describe("integers", () => {
  it("takes canonical text only", () => {
    for (const text of ["", "-", "+1", " 1", "1 ", "01", "-0", "-01", "1e3", "1.0", "0x1", "1\0", "--1"]) {
      expect(int64(text), text).toBeUndefined()
      expect(safe(text), text).toBeNaN()
      expect(isCanonicalInt64(bytesOf(text), 0, text.length)).toBe(false)
    }
    expect(int64("0")).toBe(0n)
    expect(safe("-42")).toBe(-42)
  })

  it("knows both ranges' ends", () => {
    expect(int64("9223372036854775807")).toBe(9223372036854775807n)
    expect(int64("-9223372036854775808")).toBe(-9223372036854775808n)
    for (const text of ["9223372036854775808", "-9223372036854775809", "10000000000000000000"])
      expect(int64(text)).toBeUndefined()
    expect(safe("9007199254740991")).toBe(Number.MAX_SAFE_INTEGER)
    expect(safe("-9007199254740991")).toBe(Number.MIN_SAFE_INTEGER)
    for (const text of ["9007199254740992", "9007199254740993", "-9007199254740992", "99999999999999999"])
      expect(safe(text)).toBeNaN()
  })

  it("prints what it reads", () => {
    const random = Random.forTest("numbers/integers")
    for (let i = 0; i < 5000; i++) {
      const n = Math.floor((random.float() - 0.5) * 10 ** random.below(17))
      const text = String(n + 0)
      expect(printed((dst, off) => formatInt(dst, off, n + 0))).toBe(text)
      expect(safe(text)).toBe(n + 0)
    }
    for (const n of [0n, -1n, 9223372036854775807n, -9223372036854775808n, 9007199254740993n])
      expect(printed((dst, off) => formatBigInt(dst, off, n))).toBe(n.toString())
    for (let d = 1; d <= 16; d++)
      for (const n of [10 ** (d - 1), 10 ** d - 1].filter(Number.isSafeInteger))
        expect(printed((dst, off) => formatInt(dst, off, -n))).toBe(`-${n}`)
  })

  it("reads stream ID parts and cursors as strtoull does", () => {
    const uint = (text: string) => parseUint64(bytesOf(text), 0, text.length)
    expect(uint("18446744073709551615")).toBe(18446744073709551615n)
    expect(uint("007")).toBe(7n)
    expect(uint(" +5")).toBe(5n)
    for (const text of ["", "-6", "18446744073709551616", "5 ", "x"]) expect(uint(text)).toBeUndefined()
    const cursor = (text: string) => parseCursor(bytesOf(text), 0, text.length)
    expect(cursor("")).toBe(0n)
    expect(cursor("+12")).toBe(12n)
    for (const text of [" 0", "0 ", "x", "18446744073709551616"]) expect(cursor(text)).toBeUndefined()
  })
})

describe("doubles", () => {
  it("takes what strtod takes, whole and in range", () => {
    const good: ReadonlyArray<readonly [string, number]> = [
      ["3.0", 3],
      [".5", 0.5],
      ["1.", 1],
      ["+1e3", 1000],
      ["-0", -0],
      ["0x1.8p-2", 0.375],
      ["0X1P+2", 4],
      ["0x.8", 0.5],
      ["iNf", Infinity],
      ["-infinity", -Infinity],
      ["4.9e-324", 5e-324],
      ["0x0.0000000000001p-1022", 5e-324],
      ["0x1fffffffffffff.8", 2 ** 53],
      ["1e0000000000000000000000001", 10],
    ]
    for (const [text, value] of good) expect(double(text), text).toBe(value)
    const bad = [
      "",
      " 5",
      "5 ",
      "nan",
      "0x",
      "0x.",
      "0x1p",
      "1e",
      ".",
      "++5",
      "5\0",
      "1e400",
      "1e-400",
      "infinit",
    ]
    for (const text of bad) expect(double(text), text).toBeNaN()
  })

  it("takes range bounds as strtod alone would", () => {
    expect(lax("")).toBe(0)
    expect(lax(" \t5")).toBe(5)
    expect(lax("5\0junk")).toBe(5)
    expect(lax("1e400")).toBe(Infinity)
    expect(lax("1e-400")).toBe(0)
    for (const text of [" ", "nan", "5 ", "(5"]) expect(lax(text), text).toBeNaN()
  })

  it("prints 17 digits, ties to even", () => {
    const cases: ReadonlyArray<readonly [number, string]> = [
      [3, "3"],
      [0.1, "0.10000000000000001"],
      [1e-7, "9.9999999999999995e-08"],
      [1e16, "10000000000000000"],
      [1e17, "1e+17"],
      [1e20, "1e+20"],
      [-0, "-0"],
      [Infinity, "inf"],
      [-Infinity, "-inf"],
      [999999999999999.125, "999999999999999.12"],
      [123456789012345.625, "123456789012345.62"],
      [123456789012345.375, "123456789012345.38"],
      [5e-324, "4.9406564584124654e-324"],
    ]
    for (const [x, text] of cases) {
      expect(formatDouble17(x)).toBe(text)
      expect(printed((dst, off) => formatDouble(dst, off, x))).toBe(text)
    }
  })

  it("prints fixed decimals, ties to even", () => {
    expect(formatFixed(2 ** -18, 17)).toBe("0.00000381469726562")
    expect(formatFixed(3 * 2 ** -18, 17)).toBe("0.00001144409179688")
    expect([0.5, 1.5, 2.5, -2.5].map((x) => formatFixed(x, 0))).toEqual(["0", "2", "2", "-2"])
    expect(formatFixed(1e22, 2)).toBe("10000000000000000000000.00")
    expect(formatHumanDouble(13.5)).toBe("13.5")
    expect(formatHumanDouble(100)).toBe("100")
    expect(formatHumanDouble(-1e-30)).toBe("0")
  })

  it("gives a packed score its listpack text", () => {
    expect(formatPackedScore(-0)).toBe("0")
    expect(formatPackedScore(1e18)).toBe("1000000000000000000")
    expect(formatPackedScore(2 ** 62)).toBe("4611686018427387904")
    expect(formatPackedScore(-(2 ** 62))).toBe("-4611686018427387904")
    expect(formatPackedScore(5e18)).toBe("5e+18")
    expect(formatPackedScore(0.1)).toBe("0.10000000000000001")
  })
})

const noise = "0123456789.eE+-xXpPaFinf \0"

const doubleText = (random: Random): string => {
  const sign = random.chance(0.5) ? "-" : ""
  switch (random.below(6)) {
    case 0:
      return random.text(random.below(8), noise)
    case 1:
      return String(random.bytes(8).readDoubleLE(0))
    case 2:
      return `${sign}${random.below(1e6)}.${random.below(1e6)}`
    case 3:
      return `${sign}${random.text(1 + random.below(16), "0123456789")}e${random.between(-350, 350)}`
    case 4:
      return `0x${random.text(1 + random.below(20), "0123456789abcdef")}p${random.between(-1200, 1100)}`
    default:
      return String(sign + random.uint32() * random.below(1 << 22) * 2 ** -random.below(60))
  }
}

const integerText = (random: Random): string => {
  switch (random.below(3)) {
    case 0:
      return random.text(random.below(5), "0123456789-+ ")
    case 1:
      return `${random.chance(0.5) ? "-" : ""}${9223372036854775807n + BigInt(random.between(-3, 3))}`
    default:
      return `${random.chance(0.5) ? "-" : ""}${random.text(1 + random.below(20), "0123456789")}`
  }
}

describeOracle("numbers as redis-server reads and prints them", () => {
  it("scores", () =>
    withClient({ config: { "zset-max-listpack-entries": "0" } }, async (client) => {
      const random = Random.forTest("numbers/oracle doubles")
      const texts = Array.from({ length: 10_000 }, () => bytesOf(doubleText(random)))
      const replies = await client.pipeline(
        texts.flatMap((t) => [
          ["ZADD", "z", t, "m"],
          ["ZSCORE", "z", "m"],
          ["DEL", "z"],
          ["ZCOUNT", "none", t, "0"],
        ]),
      )
      const found = new Differences()
      texts.forEach((t, i) => {
        const x = parseDouble(t, 0, t.length)
        const ours = Number.isNaN(x) ? undefined : formatDouble17(x)
        const theirs = textOf(replies[4 * i + 1])
        found.check(
          ours === theirs,
          () => `${JSON.stringify(t.toString("latin1"))}: ${ours}, Redis ${theirs}`,
        )
        if (t[0] === 0x28) return
        const refused = replies[4 * i + 3][0] === 0x2d
        found.check(
          Number.isNaN(parseDoubleLax(t, 0, t.length)) === refused,
          () => `bound ${t.toString("hex")}`,
        )
      })
      expect(found.lines).toEqual([])
    }))

  it("integers, stream ID parts and cursors", () =>
    withClient({}, async (client) => {
      const random = Random.forTest("numbers/oracle integers")
      const texts = Array.from({ length: 6000 }, () => bytesOf(integerText(random)))
      const replies = await client.pipeline(
        texts.flatMap((t) => [
          ["SET", "n", "0"],
          ["INCRBY", "n", t],
          ["DEL", "s"],
          ["XADD", "s", Buffer.concat([bytesOf("1-"), t]), "f", "v"],
          ["SCAN", t],
        ]),
      )
      const found = new Differences()
      texts.forEach((t, i) => {
        const at = (k: number) => replies[5 * i + k]
        const n = parseInt64(t, 0, t.length)
        const incr = n === undefined ? "-" : `:${n}`
        found.check((textOf(at(1)) ?? "").startsWith(incr), () => `INCRBY ${t.toString("latin1")}`)
        const id = parseUint64(t, 0, t.length)
        const added = textOf(at(3)) ?? ""
        found.check(
          id === undefined ? added.startsWith("-") : added === `1-${id}`,
          () => `XADD ${t.toString("latin1")}`,
        )
        found.check(
          (parseCursor(t, 0, t.length) === undefined) === (at(4)[0] === 0x2d),
          () => `SCAN ${t.toString("latin1")}`,
        )
      })
      expect(found.lines).toEqual([])
    }))
})
