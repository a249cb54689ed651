import { afterAll, expect, it } from "vitest"
import { differential, type StepLike } from "../support/Differential.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { compareEvents, compareSteps } from "./Followers.js"
import { geoSteps } from "./steps/geoSteps.js"
import { lexOverScores, sortedSetSteps } from "./steps/sortedSetSteps.js"

const COMMANDS = Number(process.env["REDIX_DIFF_COMMANDS"] ?? 4000)

const running: Array<TestRedix> = []
afterAll(async () => {
  for (const redix of running) await redix.stop()
})

/** With limits that make every set a listpack, that make it a skiplist, and that it crosses all the time. */
const limits = {
  listpacks: [100_000, 1000],
  skiplists: [0, 0],
  both: [9, 12],
} as const

/** 1500 commands of each family. */
function* bothSteps(random: Random): Generator<StepLike> {
  yield* sortedSetSteps(random, 1500)
  yield* geoSteps(random, 1500)
}

const compare = (
  name: string,
  encodings: keyof typeof limits,
  steps: (random: Random, count: number) => Iterable<StepLike>,
  protocol: "2" | "3",
) =>
  it(`${name}, ${encodings}, RESP${protocol}`, { timeout: 120_000 + (COMMANDS / 1000) * 3000 }, () => {
    const [entries, value] = limits[encodings]
    const config = {
      "zset-max-listpack-entries": `${entries}`,
      "zset-max-listpack-value": `${value}`,
    } as const
    return withOracle({ config }, async (server) => {
      const redix = await startRedix({}, config)
      running.push(redix)
      const [oracle, subject] = await Promise.all([server.connect(), redix.connect()])
      await Promise.all([oracle.command("HELLO", protocol), subject.command("HELLO", protocol)])
      for (const session of redix.engine.sessions.values()) session.resp = protocol === "3" ? 3 : 2
      const random = Random.forTest(`${name} ${encodings} ${protocol}`)
      const done = await differential({ oracle, subject, seed: random.seed }, steps(random, COMMANDS))
      expect(done).toBeGreaterThanOrEqual(COMMANDS)
      const changes = /rdb_changes_since_last_save:\d+/
      const counted = await oracle.text("INFO", "persistence")
      expect(`rdb_changes_since_last_save:${redix.engine.context.keyspace.dirty}`).toBe(
        changes.exec(counted)?.[0],
      )
      redix.engine.context.keyspace.arena.checkInvariants()
      oracle.close()
      subject.close()
    })
  })

describeOracle("as Redis answers", () => {
  for (const protocol of ["2", "3"] as const) {
    compare("sorted sets", "listpacks", sortedSetSteps, protocol)
    compare("sorted sets", "skiplists", sortedSetSteps, protocol)
    compare("sorted sets", "both", sortedSetSteps, protocol)
    compare("geo", "both", geoSteps, protocol)
  }
  compare("ranges by member over different scores", "listpacks", lexOverScores, "2")

  it("places of scores that no place has", () =>
    withOracle({}, async (server) => {
      const redix = await startRedix()
      running.push(redix)
      const [oracle, subject] = await Promise.all([server.connect(), redix.connect()])
      const random = Random.forTest("geo scores")
      const edges = ["-1", "0.5", "-0.5", "inf", "-inf", "1e300", "1.8e19", "9223372036854775808", "-1e19"]
      const scores = [
        ...edges,
        ...random.times(500, () => String(random.pick([1, -1]) * 2 ** (70 * random.float()))),
      ]
      const steps = scores.flatMap((score, i): StepLike[] => [
        ["ZADD", "places", score, `p${i}`],
        ["GEOPOS", "places", `p${i}`],
        ["GEOHASH", "places", `p${i}`],
      ])
      await differential({ oracle, subject, seed: random.seed }, steps)
      oracle.close()
      subject.close()
    }))

  it("keyspace events come in Redis's order", async () => {
    const redix = await startRedix()
    running.push(redix)
    await compareEvents(redix, "sorted set events", bothSteps)
  })

  // GEOADD becomes the ZADD that it is, which Redis writes in lower case; a position on the map's edge has a score of
  // 54 bits, which Redis writes in full and Redix as the double it is read as.
  const plain = (line: string): string =>
    line.replace(/^zadd /, "ZADD ").replaceAll(/ \d{16,17} /g, (score) => ` ${Number(score)} `)

  it("replicas are sent what Redis would send them", async () => {
    const redix = await startRedix()
    running.push(redix)
    await compareSteps(redix, "sorted set log", bothSteps, plain)
  })
})
