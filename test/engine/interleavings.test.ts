import { afterAll, beforeAll, expect, it } from "vitest"
import { describeOracle, OracleServer } from "../support/Oracle.js"
import { Random, runSeed } from "../support/Random.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { compareScript } from "../support/Script.js"
import { interleaving } from "./interleavingSteps.js"

const STEPS = Number(process.env["REDIX_DIFF_COMMANDS"] ?? 3000)

describeOracle("random interleavings of connections", () => {
  let oracle: OracleServer
  let redix: TestRedix
  beforeAll(async () => {
    oracle = await OracleServer.start({ tcp: true })
    redix = await startRedix()
  })
  afterAll(async () => {
    await oracle.stop()
    await redix.stop()
  })

  it(
    "are sent the same, step by step",
    async () => {
      const answered = await compareScript(oracle, redix, interleaving(new Random(runSeed()), STEPS))
      // Most clients do not wait for ever.
      expect(answered).toBeGreaterThan(STEPS / 2)
    },
    60_000 + STEPS * 20,
  )
})
