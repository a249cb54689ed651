/** Blocking sorted set commands against redis-server: several connections act out the same plays on both. */
import { afterAll, beforeAll, expect, it } from "vitest"
import { actOut, playRandomly, randomSteps } from "./BlockingPlay.js"
import { compareLogs } from "./Followers.js"
import { effort } from "../support/Effort.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import type { Random } from "../support/Random.js"
import type { Argument } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

const STEPS = Number(process.env["REDIX_DIFF_COMMANDS"] ?? 1500)

let redix: TestRedix
beforeAll(async () => {
  redix = await startRedix()
})
afterAll(() => redix.stop())

/** Scripts by what they show; the digit is the client. */
const scripts: Readonly<Record<string, ReadonlyArray<string>>> = {
  "who came first is served first": [
    "1 BZPOPMIN k 0",
    "2 BZPOPMAX k 0",
    "3 BZPOPMIN k 0",
    "0 ZADD k 1 a 2 b",
    "0 ZADD k 3 c 4 d",
    "0 ZRANGE k 0 -1 WITHSCORES",
  ],
  "one command serves many": [
    "1 BZPOPMIN k 0",
    "2 BZMPOP 0 1 k MAX COUNT 2",
    "3 BZPOPMAX k 0",
    "0 ZADD k 1 a 2 b 3 c 4 d 5 e",
    "0 ZCARD k",
  ],
  "several keys, the first that is ready": [
    "1 BZPOPMIN x y z 0",
    "0 GEOADD z 1 2 p",
    "1 BZMPOP 0 3 x y z MIN",
    "0 MULTI; ZADD z 1 a; ZINCRBY x 2 b; EXEC",
    "0 ZCARD x; ZCARD z",
  ],
  "results that are stored": [
    "1 BZPOPMIN k 0",
    "0 ZADD s 1 a 2 b; ZUNIONSTORE k 1 s",
    "1 BZPOPMIN j 0",
    "0 ZRANGESTORE j s 0 -1",
    "1 BZPOPMAX l 0",
    "0 GEOADD g 13 38 p; GEOSEARCHSTORE l g FROMMEMBER p BYRADIUS 1 km",
    "1 BZPOPMAX m 0",
    "0 GEORADIUSBYMEMBER g p 1 km STOREDIST m",
    "1 BZPOPMAX n 0",
    "0 COPY s n",
    "1 BZPOPMAX o 0",
    "0 RENAME s o",
  ],
  "a transaction serves when it is over": [
    "1 BZPOPMIN k 0",
    "0 MULTI; ZADD k 1 a; ZADD k 0 b; ZPOPMIN k; EXEC",
    "1 BZPOPMIN k 0",
    "0 MULTI; ZADD k 1 a; DEL k; SADD k x; EXEC",
    "0 DEL k; ZADD k 1 z",
  ],
  "blocking commands do not wait in a transaction": [
    "0 MULTI; BZPOPMIN k 0; BZPOPMAX k 0; BZMPOP 0 1 k MIN; EXEC",
    "0 ZADD k 1 a 2 b 3 c; MULTI; BZPOPMIN k 0; BZPOPMAX k 0; BZMPOP 0 1 k MIN; EXEC",
  ],
  "a key of another type is no sorted set": [
    "1 BZPOPMIN k 0",
    "0 SET k v",
    "0 DEL k; RPUSH k a",
    "0 DEL k; ZADD k 1 a",
    "0 SET k v",
    "1 BZPOPMIN j k 0",
    "1 BZMPOP 0 2 j k MIN",
  ],
}

describeOracle("blocking sorted set commands", () => {
  for (const protocol of ["2", "3"] as const)
    it(`act out the scripts, RESP${protocol}`, () =>
      withOracle({}, (server) => actOut(redix, server, scripts, protocol)))

  it("end when their time is over", () =>
    withOracle({}, async (server) => {
      const commands = ["BZPOPMIN k 0.02", "BZPOPMAX k j 0.02", "BZMPOP 0.02 1 k MAX", "BZPOPMIN k -1"].map(
        (line) => line.split(" "),
      )
      const [oracle, subject] = await Promise.all([server.connect(), redix.connect()])
      redix.engine.context.keyspace.flushAll()
      expect(String(await subject.pipeline(commands))).toBe(String(await oracle.pipeline(commands)))
      expect(redix.engine.blocking.count).toBe(0)
      oracle.close()
      subject.close()
    }))

  it(
    "act out a random play, and leave the same in the command log",
    { timeout: 300_000 * effort(1) },
    async () => {
      const commands = await compareLogs(redix, (server) =>
        playRandomly(redix, server, "blocking sorted sets", (random, stage) =>
          randomSteps(random, stage, STEPS, { clients: 6, blocking: blockingCommand, other: otherCommand }),
        ),
      )
      expect(commands.some((line) => line.startsWith("ZPOPM"))).toBe(true)
    },
  )
})

const keys = ["a", "b", "c", "d"]

const blockingCommand = (r: Random): ReadonlyArray<Argument> => {
  const some = r.times(r.between(1, 3), () => r.pick(keys))
  if (r.chance(0.6)) return [r.pick(["BZPOPMIN", "BZPOPMAX"]), ...some, "0"]
  return [
    "BZMPOP",
    "0",
    String(some.length),
    ...some,
    r.pick(["MIN", "MAX"]),
    "COUNT",
    String(r.between(1, 3)),
  ]
}

const otherCommand = (r: Random): ReadonlyArray<Argument> => {
  const key = r.pick(keys)
  const pairs = r.times(r.between(1, 4), () => [String(r.below(9)), String(r.below(30))]).flat()
  return r.weighted<() => ReadonlyArray<Argument>>([
    [6, () => ["ZADD", key, ...pairs]],
    [2, () => ["ZINCRBY", key, "1", "m"]],
    [2, () => ["ZUNIONSTORE", key, "2", r.pick(keys), r.pick(keys)]],
    [1, () => ["ZRANGESTORE", key, r.pick(keys), "0", "1"]],
    [1, () => ["RENAME", r.pick(keys), r.pick(keys)]],
    [1, () => ["COPY", r.pick(keys), r.pick(keys), "REPLACE"]],
    [1, () => ["SET", key, "v"]],
    [1, () => ["SADD", key, "m"]],
    [2, () => ["DEL", key]],
    [1, () => ["ZPOPMIN", key, "2"]],
    [1, () => ["ZRANGE", key, "0", "-1", "WITHSCORES"]],
  ])()
}
