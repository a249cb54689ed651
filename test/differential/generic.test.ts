import { afterAll, beforeAll, expect, it } from "vitest"
import { differential } from "../support/Differential.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import type { RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { genericSteps } from "./steps/genericSteps.js"

const COMMANDS = Number(process.env["REDIX_DIFF_COMMANDS"] ?? 6000)

let redix: TestRedix
beforeAll(async () => {
  redix = await startRedix()
})
afterAll(() => redix.stop())

const fillers = async (client: RawClient): Promise<ReadonlySet<string>> => {
  const known = new Set<string>()
  for (const name of ["SET", "SADD", "HSET", "RPUSH", "ZADD", "APPEND", "SETEX"])
    if (!(await client.text(name)).includes("unknown command")) known.add(name)
  return known
}

describeOracle("as Redis answers", () => {
  for (const protocol of [2, 3] as const) {
    it(`generic commands, RESP${protocol}`, { timeout: 120_000 + COMMANDS * 2 }, () =>
      withOracle({}, async (server) => {
        const [oracle, subject] = await Promise.all([server.connect(), redix.connect()])
        await subject.command("FLUSHALL")
        redix.engine.keyspace.dirty = 0
        redix.engine.keyspace.dirty = 0
        if (protocol === 3) await Promise.all([oracle, subject].map((client) => client.command("HELLO", "3")))
        const random = Random.forTest(`generic ${protocol}`)
        const steps = genericSteps(random, COMMANDS, await fillers(subject))
        expect(await differential({ oracle, subject, seed: random.seed }, steps)).toBeGreaterThan(
          COMMANDS / 2,
        )
        const { keyspace } = redix.engine.context
        keyspace.arena.checkInvariants()
        for (const db of keyspace.databases) db.table.checkInvariants()
        const [expected, actual] = await Promise.all(
          [oracle, subject].map((client) => client.text("INFO", "persistence")),
        )
        const changes = /rdb_changes_since_last_save:(\d+)/.exec(expected ?? "")?.[1]
        expect(changes).toBeDefined()
        expect(actual).toContain(`rdb_changes_since_last_save:${changes}`)
        oracle.close()
        subject.close()
      }),
    )
  }
})
