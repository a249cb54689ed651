import { expect, it } from "vitest"
import { numberText } from "../../src/lua/lib/numberText.js"

it("prints integers as they are, in threes of digits or not", () => {
  const wrong: number[] = []
  for (let n = -1200; n <= 1_001_200; n++) if (numberText(n) !== n.toString()) wrong.push(n)
  expect(wrong).toEqual([])
  for (const n of [9_999_999, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, -1_000_000])
    expect(numberText(n)).toBe(n.toString())
})
