import { getHeapStatistics } from "node:v8"
import { describe, expect, it } from "vitest"
import { oldGenerationLimit } from "../../src/engine/world/HeapLimit.js"
import { liveProcessInfo } from "../../src/engine/world/ProcessInfo.js"

const MB = 2 ** 20
const facts = { options: "", workerMb: undefined, v8: "11.3.244.8" }

describe("the limit of what lasts in the heap", () => {
  it("is the runtime's without three semispaces", () => {
    expect(oldGenerationLimit({ ...facts, limit: 4144 * MB })).toBe(4096 * MB)
    expect(oldGenerationLimit({ ...facts, limit: 4288 * MB, v8: "13.6.233.17-node.53" })).toBe(4096 * MB)
    expect(oldGenerationLimit({ ...facts, limit: 88 * MB, options: "--max-semi-space-size=8" })).toBe(64 * MB)
  })
  it("is what was asked for, in the environment or on the command line", () => {
    const asked = (options: string) => oldGenerationLimit({ ...facts, limit: 256 * MB, options })
    expect(asked("--max-old-space-size=64")).toBe(64 * MB)
    expect(asked("--max_old_space_size 64 --expose-gc")).toBe(64 * MB)
    expect(asked("--max-old-space-size=32 --max-old-space-size=100")).toBe(100 * MB)
  })
  it("is a worker's own", () => {
    const limit = oldGenerationLimit({
      ...facts,
      limit: 256 * MB,
      options: "--max-old-space-size=90",
      workerMb: 50,
    })
    expect(limit).toBe(50 * MB)
  })
  it("is never more than the runtime's sum, nor nothing", () => {
    expect(oldGenerationLimit({ ...facts, limit: 80 * MB, options: "--max-old-space-size=900" })).toBe(
      80 * MB,
    )
    expect(oldGenerationLimit({ ...facts, limit: 40 * MB })).toBe(5 * MB)
  })
  it("leaves room for the young generation in this process", () => {
    const { limit, used } = liveProcessInfo.heap()
    expect(limit).toBeGreaterThan(used)
    expect(limit).toBeLessThan(getHeapStatistics().heap_size_limit)
  })
})
