/** A replica's own file while a full resync takes place, ended at any step: one data set or the other is there, whole. */
import { describe, expect, it } from "vitest"
import type { Overrides } from "../../../src/config/index.js"
import { effort } from "../../support/Effort.js"
import { Random, runSeed } from "../../support/Random.js"
import type { End } from "./CrashRun.js"
import { FullSyncRun } from "./FullSyncRun.js"

const FOLLOWING_MAX = 40
const STEPS_MAX = 80
const RUN_MS = 20_000

const many = (name: string, how: End, directives: Overrides, failures: number): void => {
  const runs = effort(5)
  it(name, { timeout: RUN_MS * (runs + 2) }, async () => {
    const found = new Set<string>()
    for (let round = 0; round < runs; round++) {
      const random = Random.forTest(`${name} ${round}`)
      const run = new FullSyncRun(random, directives)
      const following = random.below(FOLLOWING_MAX)
      const steps = following + random.between(1, STEPS_MAX)
      await run.run(following, { how, steps, failures: random.below(failures + 1) })
      const { whose, faults } = await run
        .check()
        .catch((error: unknown) => ({ whose: "nobody's", faults: [`did not start: ${String(error)}`] }))
      expect(faults, `${name} ${round} (seed ${runSeed()})\n${run.lines.slice(-60).join("\n")}`).toEqual([])
      found.add(whose)
    }
    if (runs > 50) expect([...found].sort()).toEqual(["master's", "own"])
  })
}

const always = { appendfsync: "always" } as const

describe("during a full resync", () => {
  many("the process is killed", "kill", { appendfsync: "everysec" }, 0)
  many("the process is killed after steps have failed", "kill", { ...always, "aof-checksum": true }, 3)
  many("the power is cut", "prefix", always, 0)
  many("the power is cut, and any sector lost or garbled", "sectors", { ...always, "aof-checksum": true }, 0)
  many("the power is cut, after steps have failed", "prefix", always, 3)
})
