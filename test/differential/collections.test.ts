import { afterAll, beforeAll, expect, it } from "vitest"
import { differential } from "../support/Differential.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { hashCommandsOf, setCommandsOf, smallThresholds, stepsOf } from "./steps/collectionSteps.js"

const COMMANDS = Number(process.env["REDIX_DIFF_COMMANDS"] ?? 4000)

let redix: TestRedix
beforeAll(async () => {
  redix = await startRedix({}, smallThresholds)
})
afterAll(() => redix.stop())

const compare = (name: string, family: typeof setCommandsOf, protocol: "2" | "3", seconds = 120) =>
  it(`${name}, RESP${protocol}`, { timeout: seconds * 1000 + (COMMANDS / 1000) * 2000 }, () =>
    withOracle({ config: smallThresholds }, async (server) => {
      const [oracle, subject] = await Promise.all([server.connect(), redix.connect()])
      const { keyspace } = redix.engine.context
      for (const db of keyspace.databases) keyspace.flush(db)
      const before = keyspace.arena.usedBytes
      await Promise.all([oracle.command("HELLO", protocol), subject.command("HELLO", protocol)])
      for (const session of redix.engine.sessions.values()) session.resp = protocol === "3" ? 3 : 2
      const random = Random.forTest(`${name} ${protocol}`)
      const count = await differential(
        { oracle, subject, seed: random.seed },
        stepsOf(family, random, COMMANDS),
      )
      expect(count).toBeGreaterThan(COMMANDS / 2)
      keyspace.arena.checkInvariants()
      await subject.command("FLUSHALL")
      expect(keyspace.arena.usedBytes).toBe(before)
      oracle.close()
      subject.close()
    }),
  )

describeOracle("as Redis answers", () => {
  for (const protocol of ["2", "3"] as const) {
    compare("sets", setCommandsOf, protocol)
    compare("hashes", hashCommandsOf, protocol)
  }
})
