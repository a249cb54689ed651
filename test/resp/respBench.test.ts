import { expect, it } from "vitest"
import { respBench, tiny } from "../bench/resp.bench.js"

it("the codec's benchmark runs, and does the same work on each run", () => {
  const first = respBench(tiny)
  expect(first.length).toBeGreaterThan(0)
  expect(respBench(tiny).map(({ name, hash }) => [name, hash])).toEqual(
    first.map(({ name, hash }) => [name, hash]),
  )
})
