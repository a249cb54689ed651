import { expect, it } from "vitest"
import { FoldedNames } from "../../src/bytes/FoldedNames.js"
import { Random } from "../support/Random.js"

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1")

it("finds names in any case, inside other bytes, and nothing else", () => {
  const names = new FoldedNames<number>()
  names.set("Sum", 1)
  const source = bytes("xxSUMyy")
  expect(names.find(source, 2, 3)).toBe(1)
  expect(names.find(source, 2, 4)).toBeUndefined()
  expect(names.find(source, 1, 3)).toBeUndefined()
  expect([names.get("sum"), names.get("su"), names.get("")]).toEqual([1, undefined, undefined])
  // Folding is that of ASCII: bytes beyond are themselves.
  names.set("\u00e9", 2)
  expect([names.get("\u00e9"), names.get("\u00c9")]).toEqual([2, undefined])
})

it("does as a map of lower-case names does, with names that end alike", () => {
  const random = Random.forTest("folded names")
  const names = new FoldedNames<number>()
  const model = new Map<string, number>()
  // All of one length and one end, so that they stand in one chain, and some short ones.
  const pool = Array.from({ length: 20 }, (_, i) => `${String.fromCharCode(97 + i)}_an_end_of_sixteen`)
  pool.push("a", "b", "ab", "")
  for (let i = 0; i < 5000; i++) {
    const lower = pool[random.below(pool.length)]
    const name = random.below(2) === 0 ? lower : lower.toUpperCase()
    const action = random.below(100)
    if (action < 50) {
      names.set(name, i)
      model.set(lower, i)
    } else if (action < 98) {
      names.delete(name)
      model.delete(lower)
    } else {
      names.clear()
      model.clear()
    }
    for (const one of pool) expect(names.get(one)).toBe(model.get(one))
  }
})
