import { expect, it } from "vitest"
import { besideOracle } from "../support/CommandSuite.js"
import { describeOracle } from "../support/Oracle.js"
import { Random, runSeed } from "../support/Random.js"
import { compareScript } from "../support/Script.js"
import { interleaving } from "./interleavingSteps.js"

const STEPS = Number(process.env["REDIX_DIFF_COMMANDS"] ?? 3000)

describeOracle("random interleavings of connections", () => {
  const servers = besideOracle({ tcp: true })

  it(
    "are sent the same, step by step",
    async () => {
      const answered = await compareScript(
        servers.oracle,
        servers.redix,
        interleaving(new Random(runSeed()), STEPS),
      )
      // Most clients do not wait for ever.
      expect(answered).toBeGreaterThan(STEPS / 2)
    },
    120_000 + STEPS * 20,
  )
})
