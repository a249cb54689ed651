/** A set of refs is a set, in each chunk, with those of high chunks, which are negative. */
import { expect, it } from "vitest"
import { type Ref, refOf } from "../../src/memory/Ref.js"
import { RefSet } from "../../src/memory/RefSet.js"
import { Random } from "../support/Random.js"

it("holds what a Set holds", () => {
  const random = Random.forTest("sets of refs")
  const refs = Array.from({ length: 200 }, () =>
    refOf(random.pick([0, 1, 7, 2047, 2048, 4095]), 8 * random.below(1 << 20)),
  )
  const [set, model] = [new RefSet(), new Set<Ref>()]
  expect(set.first).toBeUndefined()
  for (let step = 0; step < 5000; step++) {
    const ref = random.pick(refs)
    if (random.chance(0.5)) {
      expect(set.add(ref)).toBe(!model.has(ref))
      model.add(ref)
    } else expect(set.delete(ref)).toBe(model.delete(ref))
    expect(set.has(ref)).toBe(model.has(ref))
    expect(set.size).toBe(model.size)
    if (step % 50 === 0) expect(set.first === undefined || model.has(set.first)).toBe(true)
  }
  for (let ref = set.first; ref !== undefined; ref = set.first) {
    expect(model.delete(ref)).toBe(true)
    set.delete(ref)
  }
  expect(model.size).toBe(0)
})
