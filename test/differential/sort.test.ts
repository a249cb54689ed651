import { afterAll, beforeAll, expect, it } from "vitest"
import { differential } from "../support/Differential.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { smallThresholds, stepsOf } from "./steps/collectionSteps.js"
import { sortCommandsOf } from "./steps/sortSteps.js"

const COMMANDS = Number(process.env["REDIX_DIFF_COMMANDS"] ?? 4000)

let redix: TestRedix
beforeAll(async () => {
  redix = await startRedix({}, smallThresholds)
})
afterAll(() => redix.stop())

describeOracle("SORT, as Redis answers", () => {
  for (const protocol of ["2", "3"] as const) {
    it(`RESP${protocol}`, { timeout: 120_000 + COMMANDS * 2 }, () =>
      withOracle({ config: smallThresholds }, async (server) => {
        const [oracle, subject] = await Promise.all([server.connect(), redix.connect()])
        await Promise.all([oracle.command("HELLO", protocol), subject.command("HELLO", protocol)])
        for (const session of redix.engine.sessions.values()) session.resp = protocol === "3" ? 3 : 2
        const { keyspace } = redix.engine.context
        for (const db of keyspace.databases) keyspace.flush(db)
        const random = Random.forTest(`sort ${protocol}`)
        const count = await differential(
          { oracle, subject, seed: random.seed },
          stepsOf(sortCommandsOf, random, COMMANDS),
        )
        expect(count).toBeGreaterThan(COMMANDS / 2)
        keyspace.arena.checkInvariants()
        oracle.close()
        subject.close()
      }),
    )
  }
})
