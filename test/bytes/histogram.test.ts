import { expect, it } from "vitest"
import { Histogram, highestEquivalent } from "../../src/bytes/Histogram.js"
import { Random } from "../support/Random.js"

it("names the bucket's ends as HDR histograms of two digits do", () => {
  const h = new Histogram()
  h.record(48_000, 1)
  expect([h.percentile(0), h.percentile(50), h.percentile(100)]).toEqual([47_872, 48_127, 48_127])
  expect([1024, 2048, 32_768, 65_536, 2_097_152].map(highestEquivalent)).toEqual([
    1031, 2063, 33_023, 66_047, 2_113_535,
  ])
})

it("is within one per cent of the sorted values", () => {
  const random = Random.forTest("histogram")
  const h = new Histogram()
  const values: Array<number> = []
  for (let i = 0; i < 5000; i++) {
    const value = 1 + (Math.floor(2 ** (random.below(300) / 10)) % 999_999_999)
    values.push(value)
    h.record(value, 1)
  }
  values.sort((a, b) => a - b)
  for (const p of [1, 10, 50, 90, 99, 99.9, 100]) {
    const exact = values[Math.max(1, Math.floor((p / 100) * 5000 + 0.5)) - 1] ?? 0
    expect(h.percentile(p)).toBeGreaterThanOrEqual(exact)
    expect(h.percentile(p)).toBeLessThanOrEqual(exact * 1.01 + 1)
  }
  const limits = [1024, 4096, 1 << 20]
  expect(h.cumulative(limits)).toEqual(
    limits.map((limit) => values.filter((value) => value <= highestEquivalent(limit)).length),
  )
})

it("takes values out of range as the ends of the range, and weights", () => {
  const h = new Histogram()
  h.record(-5, 2)
  h.record(1e12, 3)
  expect(h.total).toBe(5)
  expect(h.percentile(1)).toBe(1)
  expect(h.percentile(100)).toBe(highestEquivalent(1_000_000_000))
  h.clear()
  expect(h.percentile(50)).toBe(0)
})
