/** The list commands against redis-server: replies, keyspace events, changes counted, and what replicas are sent. */
import { afterAll, beforeAll, expect, it } from "vitest"
import { differential } from "../support/Differential.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import type { RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { compareEvents, compareSteps } from "./Followers.js"
import { listSteps } from "./steps/listSteps.js"

const COMMANDS = Number(process.env["REDIX_DIFF_COMMANDS"] ?? 4000)

let redix: TestRedix
beforeAll(async () => {
  redix = await startRedix()
})
afterAll(() => redix.stop())

const changes = async (client: RawClient): Promise<number> =>
  Number(/rdb_changes_since_last_save:(\d+)/.exec(await client.text("INFO", "persistence"))?.[1])

describeOracle("lists as Redis has them", () => {
  const fills = ["-2", "-1", "-5", "3", "128"] as const
  for (const [i, fill] of fills.entries()) {
    const protocol = i % 2 === 0 ? "2" : "3"
    const n = Math.ceil(COMMANDS / (i < 2 ? 1 : 4))
    it(
      `replies and changes with list-max-listpack-size ${fill}, RESP${protocol}`,
      { timeout: 120_000 + n * 5 },
      () =>
        withOracle({ config: { "list-max-listpack-size": fill } }, async (server) => {
          const keyspace = redix.engine.context.keyspace
          const settings: { listMaxListpackSize: number } = redix.engine.settings
          settings.listMaxListpackSize = Number(fill)
          keyspace.listLimits.plainFrom = i === 3 ? 20 : 1 << 30
          keyspace.flushAll()
          const used = keyspace.arena.usedBytes
          const [oracle, subject] = await Promise.all([server.connect(), redix.connect()])
          await oracle.command("HELLO", protocol)
          await subject.command("LLEN", "k0")
          for (const session of redix.engine.sessions.values()) session.resp = protocol === "2" ? 2 : 3
          const random = Random.forTest(`lists ${fill} ${protocol}`)
          const [before, ours] = [await changes(oracle), keyspace.dirty]
          await differential({ oracle, subject, seed: random.seed }, listSteps(random, n))
          expect(keyspace.dirty - ours).toBe((await changes(oracle)) - before)
          keyspace.arena.checkInvariants()
          await subject.command("DEL", "k0", "k1", "k2", "k3", "k4", "string", "none")
          expect(keyspace.arena.usedBytes).toBe(used)
          settings.listMaxListpackSize = -2
          keyspace.listLimits.plainFrom = 1 << 30
          oracle.close()
          subject.close()
        }),
    )
  }

  it("keyspace events come in Redis's order", () =>
    compareEvents(redix, "list events", (random) => listSteps(random, 1500)))

  it("replicas are sent what Redis would send them", () =>
    compareSteps(redix, "list log", (random) => listSteps(random, 1500)))
})
