import { describe, expect, it } from "vitest"
import {
  addLongDouble,
  formatLongDouble,
  incrementByFloat,
  isInfiniteText,
  parseLongDouble,
  sumDecimals,
} from "../../src/bytes/LongDouble.js"
import { describeOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import { Differences, bytesOf, textOf, withClient } from "./scalarsSupport.js"

const sum = (a: string, b: string): string => {
  const result = incrementByFloat(bytesOf(a), 0, a.length, bytesOf(b), 0, b.length)
  return result.ok ? result.text : result.reason
}

const long = (a: string, b: string): string | undefined => {
  const x = parseLongDouble(bytesOf(a), 0, a.length)
  const y = parseLongDouble(bytesOf(b), 0, b.length)
  const z = x === undefined || y === undefined ? undefined : addLongDouble(x, y)
  return z === undefined ? undefined : formatLongDouble(z)
}

const digits = (random: Random, n: number): string => random.text(n, "0123456789")

const specials = [
  "inf",
  "-inf",
  "1e4932",
  "1.18973149535723176502e4932",
  "1.18973149535723176508575932662800702e4932",
  "3.6e-4951",
  "1.8e-4951",
  "1.9e-4951",
  "0.0",
  "-0",
  "0x0p-99999999999",
  "0e99999999999",
  "18446744073709551615",
  "18446744073709551616",
  "1.",
  " 1",
  ".5",
]

const floatText = (random: Random): string => {
  const sign = random.chance(0.5) ? "-" : ""
  switch (random.below(9)) {
    case 0:
      return random.text(random.below(8), "0123456789.eE+-xXpPaFinf \0")
    case 1:
      return sign + digits(random, 1 + random.below(30))
    case 2:
      return `${sign}${digits(random, 1 + random.below(3))}.${digits(random, 1 + random.below(6))}`
    case 3:
      return `${sign}${digits(random, 1 + random.below(20))}.${digits(random, 1 + random.below(30))}`
    case 4:
      return `${sign}${digits(random, 1 + random.below(10))}.${digits(random, 3)}e${random.between(-5000, 5000)}`
    case 5:
      return `${sign}0x${random.text(1 + random.below(24), "0123456789abcdef")}p${random.between(-16500, 16400)}`
    case 6:
      return specials[random.below(specials.length)]
    case 7:
      return `${sign}${random.below(40)}.${digits(random, 1 + random.below(12))}`
    default:
      return sign + String(random.below(1e6) * 2 ** -random.below(24))
  }
}

describe("extended-precision sums", () => {
  it("rounds to 64 bits and prints 17 decimals", () => {
    expect(sum("0.1", "0.2")).toBe("0.3")
    expect(sum("123456.789", "0")).toBe("123456.78900000000000148")
    expect(sum("3", "-3")).toBe("0")
    expect(sum("-0", "-0")).toBe("0")
    expect(sum("1e20", "1")).toBe("100000000000000000000")
    expect(sum("0x10", "1")).toBe("17")
    expect(sum("1e-5", "0")).toBe("0.00001")
  })

  it("names the refusal", () => {
    expect(sum("x", "1")).toBe("value")
    expect(sum("1", "nan")).toBe("increment")
    expect(sum("1", " 1")).toBe("increment")
    expect(sum("1", "inf")).toBe("overflow")
    expect(sum("inf", "-inf")).toBe("overflow")
    expect(sum("1.1e4932", "1.1e4932")).toBe("overflow")
    expect(sum("1e5000", "1")).toBe("value")
    expect(sum("1e-5000", "1")).toBe("value")
    expect(sum(`${"0".repeat(5118)}1`, "1")).toBe("2")
    expect(sum(`${"0".repeat(5119)}1`, "1")).toBe("value")
    for (const text of ["inf", "-INFINITY", "+Inf"])
      expect(isInfiniteText(bytesOf(text), 0, text.length)).toBe(true)
    for (const text of ["", "-", "in", "1"]) expect(isInfiniteText(bytesOf(text), 0, text.length)).toBe(false)
  })

  it("goes the short way only where it ends at the same text", () => {
    const random = Random.forTest("longDouble/short")
    let short = 0
    for (let i = 0; i < 20_000; i++) {
      const part = () => {
        const whole = random.below(random.chance(0.2) ? 1e6 : 34)
        return `${random.chance(0.5) ? "-" : ""}${whole}${random.chance(0.2) ? "" : `.${digits(random, random.below(14))}`}`
      }
      const a = part()
      const b = part()
      const quick = sumDecimals(bytesOf(a), 0, a.length, bytesOf(b), 0, b.length)
      if (quick === undefined) continue
      short++
      expect(quick, `${a} + ${b}`).toBe(long(a, b))
    }
    expect(short).toBeGreaterThan(5000)
  })
})

describeOracle("INCRBYFLOAT on redis-server", () => {
  it("agrees on 20,000 random pairs", () =>
    withClient({}, async (client) => {
      const random = Random.forTest("longDouble/oracle")
      const found = new Differences()
      let numbers = 0
      for (let round = 0; round < 20; round++) {
        const pairs = Array.from({ length: 1000 }, () => [floatText(random), floatText(random)] as const)
        const replies = await client.pipeline(
          pairs.flatMap(([a, b]) => [
            ["SET", "k", bytesOf(a)],
            ["INCRBYFLOAT", "k", bytesOf(b)],
          ]),
        )
        pairs.forEach(([a, b], i) => {
          const theirs = textOf(replies[2 * i + 1]) ?? ""
          const ours = sum(a, b)
          if (!theirs.startsWith("-ERR")) numbers++
          const refusal = ours === "overflow" ? "-ERR increment would" : "-ERR value is not a valid float"
          const same = /^-?[0-9]/.test(ours) ? ours === theirs : theirs.startsWith(refusal)
          found.check(
            same,
            () => `${JSON.stringify([a, b])}: ${ours.slice(0, 60)}, Redis ${theirs.slice(0, 60)}`,
          )
        })
      }
      expect(found.lines).toEqual([])
      expect(numbers).toBeGreaterThan(8000)
    }))
})
