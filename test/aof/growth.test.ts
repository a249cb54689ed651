/** How much room a load makes for the keys to come. */
import { expect, it } from "vitest"
import { Growth } from "../../src/aof/Growth.js"
import { ArenaFullError } from "../../src/memory/Arena.js"

/** Loads a file of 100 bytes a command, of which `isNew` says whether it brings a key; answers what was asked for. */
const load = (commands: number, isNew: (n: number) => boolean): ReadonlyArray<number> => {
  const reserved: Array<number> = []
  const table = { count: 0, reserve: (keys: number) => void reserved.push(Math.round(keys)), fit: () => {} }
  const growth = new Growth({ table }, commands * 100)
  for (let n = 1; n <= commands; n++) {
    if (isNew(n)) table.count++
    if (n % 1000 === 0) growth.reached(n * 100)
  }
  growth.ended()
  return reserved
}

it("a file of new keys gets room for all of them in steps of eight times at most", () => {
  expect(load(100_000, () => true)).toEqual([8000, 32_000, 100_000, 100_000])
})

it("a file of many writes to few keys gets room for few", () => {
  expect(load(100_000, (n) => n <= 1000)).toEqual([8000])
  expect(load(100_000, (n) => n % 10 === 0)).toEqual([8000, 10_000])
})

it("a few keys get none", () => {
  expect(load(999, () => true)).toEqual([])
})

it("where memory is short the load goes on without", () => {
  let asked = 0
  const reserve = (): void => {
    asked++
    throw new ArenaFullError(1)
  }
  const table = { count: 0, reserve, fit: () => {} }
  const growth = new Growth({ table }, 1000)
  table.count = 5000
  growth.reached(10)
  expect(asked).toBe(1)
})
