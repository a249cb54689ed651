import { describe, expect, it } from "vitest"
import { radixSorted } from "../../src/bytes/RadixSort.js"
import { Random } from "../support/Random.js"

describe("radix sort", () => {
  const random = Random.forTest("radix sort")
  const lists: Readonly<Record<string, () => number>> = {
    "numbers of all sizes": () => random.uint32() | 0,
    "small numbers, in which the high digits are alike": () => random.uint32() % 1000,
    "numbers around zero": () => (random.uint32() % 5) - 2,
    "one number many times": () => -7,
    "the borders": () => [-(2 ** 31), 2 ** 31 - 1, 0, -1][random.uint32() % 4],
  }
  for (const [name, next] of Object.entries(lists))
    for (const length of [0, 1, 2, 3000])
      it(`${name}, ${length}`, () => {
        const numbers = Int32Array.from({ length }, next)
        expect([...radixSorted(numbers.slice())]).toEqual([...numbers.slice().sort()])
      })
})
