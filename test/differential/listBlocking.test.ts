/**
 * Blocking list commands against redis-server: several connections to each server act out the same script, and each
 * connection must receive the same replies.
 *
 * After each step both servers come to rest: as many clients wait for their reply as the server says are blocked.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { actOut, playRandomly, randomSteps } from "./BlockingPlay.js"
import { compareLogs } from "./Followers.js"
import { effort } from "../support/Effort.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import type { Random } from "../support/Random.js"
import type { Argument } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

let redix: TestRedix
beforeAll(async () => {
  redix = await startRedix()
})
afterAll(() => redix.stop())

/** Scripts by what they show; the digit is the client. */
const scripts: Readonly<Record<string, ReadonlyArray<string>>> = {
  "who came first is served first": [
    "1 BLPOP k 0",
    "2 BRPOP k 0",
    "3 BLPOP k 0",
    "0 RPUSH k a b",
    "0 RPUSH k c d",
    "0 LRANGE k 0 -1",
  ],
  "who is served and comes back stands at the end": [
    "1 BLPOP k 0",
    "2 BLPOP k 0",
    "0 RPUSH k a",
    "1 BLPOP k 0",
    "0 RPUSH k b",
    "0 RPUSH k c",
  ],
  "one push of many serves many": [
    "1 BLPOP k 0",
    "2 BLMPOP 0 1 k RIGHT COUNT 2",
    "3 BRPOP k 0",
    "0 LPUSH k a b c d e",
    "0 LLEN k",
  ],
  "several keys, the first that is ready": [
    "1 BLPOP x y z 0",
    "0 RPUSH z a",
    "1 BLPOP x y z 0",
    "0 MULTI; RPUSH z 1; RPUSH x 2; EXEC",
    "0 LLEN x; LLEN z",
  ],
  "the same key twice": ["1 BLPOP k k 0", "0 RPUSH k a b", "0 LLEN k"],
  "a transaction serves when it is over": [
    "1 BLPOP k 0",
    "0 MULTI; RPUSH k a; LPUSH k b; LPOP k; EXEC",
    "1 BLPOP k 0",
    "0 MULTI; RPUSH k a; DEL k; EXEC",
    "0 MULTI; RPUSH k a; DEL k; SADD k x; EXEC",
    "0 DEL k; LPUSH k z",
  ],
  "blocking commands do not wait in a transaction": [
    "0 MULTI; BLPOP k 0; BRPOP k 0; BLMOVE k j LEFT RIGHT 0; BRPOPLPUSH k j 0; BLMPOP 0 1 k LEFT; EXEC",
  ],
  "a key of another type is no list": [
    "1 BLPOP k 0",
    "0 SET k v",
    "0 SADD k x",
    "0 DEL k; RPUSH k a",
    "1 BLPOP k 0",
  ],
  moving: [
    "1 BLMOVE a b LEFT RIGHT 0",
    "2 BLMOVE b c LEFT LEFT 0",
    "3 BRPOPLPUSH c a 0",
    "0 RPUSH a 1",
    "0 LRANGE a 0 -1; EXISTS b c",
  ],
  "moving to the key itself": [
    "1 BLMOVE a a LEFT RIGHT 0",
    "2 BLPOP a 0",
    "0 RPUSH a 1 2",
    "0 LRANGE a 0 -1",
  ],
  "moving in a circle": [
    "1 BLMOVE a b LEFT RIGHT 0",
    "2 BLMOVE b a LEFT RIGHT 0",
    "3 BLMOVE a b LEFT RIGHT 0",
    "0 RPUSH a x",
    "0 LRANGE a 0 -1; LRANGE b 0 -1",
  ],
  "moving to another type": [
    "1 BLMOVE a s LEFT RIGHT 0",
    "2 BRPOPLPUSH a s 0",
    "3 BLPOP a 0",
    "0 SET s v",
    "0 RPUSH a 1 2",
    "0 LRANGE a 0 -1",
  ],
  "a wrong type is an error at once": [
    "0 SET s v; BLPOP s 0",
    "0 BLPOP none s 0",
    "0 BLMOVE s a LEFT LEFT 0",
    "0 BRPOPLPUSH s a 0",
    "0 BLMPOP 0 2 none s LEFT",
  ],
  "other ways to a key": [
    "1 BLPOP k 0",
    "0 RPUSH j a b; RENAME j k",
    "1 BLPOP l 0",
    "0 COPY k l",
    "1 BLPOP m 0",
    "0 RPUSH n 3 1 2; SORT n STORE m",
    "0 LRANGE m 0 -1",
    "1 BLPOP o 0",
    "0 SET o x",
    "0 SORT n STORE o",
    "0 LRANGE o 0 -1",
    "0 RPUSH o 4",
  ],
  "another database": [
    "1 SELECT 1",
    "1 BLPOP k 0",
    "0 RPUSH k a",
    "0 MOVE k 1",
    "1 BLPOP j 0",
    "0 RPUSH j a",
    "0 SWAPDB 0 1",
    "1 EXISTS p",
  ],
  "leaving the line": [
    "1 BLPOP k 0",
    "2 BLPOP k 0",
    "3 BLPOP k 0",
    "1 leave",
    "2 ERROR",
    "0 RPUSH k a",
    "0 LLEN k",
    "1 BLPOP k 0",
    "1 TIMEOUT",
    "2 BLMOVE k j LEFT LEFT 0",
    "2 TIMEOUT",
    "1 TIMEOUT",
    "1 EXISTS p",
  ],
  "commands behind a blocked one": [
    "1 BLPOP k 0; EXISTS p; RPUSH j 1; LLEN j",
    "0 EXISTS j",
    "0 RPUSH k a",
    "0 EXISTS j",
  ],
  "what is pushed and gone at once": [
    "1 BLPOP k 0",
    "0 RPUSH k a; LPOP k",
    "1 EXISTS p",
    "1 BLPOP k 0",
    "0 MULTI; RPUSH k b; LPOP k; EXEC",
    "0 LPUSH k c",
  ],
  counts: [
    "1 BLMPOP 0 2 x k LEFT COUNT 10",
    "0 RPUSH k 1 2 3",
    "1 BLMPOP 0 2 x k RIGHT",
    "0 RPUSH x 1 2 3",
    "0 LRANGE x 0 -1",
  ],
}

describeOracle("blocking list commands", () => {
  describe.each(["2", "3"] as const)("RESP%s", (protocol) => {
    it("act out the scripts", () => withOracle({}, (server) => actOut(redix, server, scripts, protocol)))
  })

  it("end when their time is over", () =>
    withOracle({}, async (server) => {
      const commands = [
        "BLPOP k 0.02",
        "BLMOVE k j LEFT LEFT 0.02",
        "BRPOPLPUSH k j 0.02",
        "BLMPOP 0.02 1 k LEFT",
        "BRPOP k j 0.000001",
        "RPUSH k a",
        "BRPOP k 0.02",
        "BLPOP k -1",
        "BLPOP k x",
        "BLMPOP -1 1 k LEFT",
      ].map((line) => line.split(" "))
      const [oracle, subject] = await Promise.all([server.connect(), redix.connect()])
      redix.engine.context.keyspace.flushAll()
      const started = performance.now()
      expect(String(await subject.pipeline(commands))).toBe(String(await oracle.pipeline(commands)))
      expect(performance.now() - started).toBeGreaterThanOrEqual(75)
      expect(redix.engine.blocking.count).toBe(0)
      oracle.close()
      subject.close()
    }))

  it(
    "act out a random play, and leave the same in the command log",
    { timeout: 300_000 * effort(1) },
    async () => {
      const commands = await compareLogs(redix, (server) =>
        playRandomly(redix, server, "blocking lists", (random, stage) =>
          randomSteps(random, stage, STEPS, { clients: 7, blocking: blockingCommand, other: otherCommand }),
        ),
      )
      expect(commands.some((line) => line.startsWith("LMOVE"))).toBe(true)
    },
  )
})

const STEPS = Number(process.env["REDIX_DIFF_COMMANDS"] ?? 1500)

const keys = ["a", "b", "c", "d"]

const blockingCommand = (r: Random): ReadonlyArray<Argument> => {
  const some = r.times(r.between(1, 3), () => r.pick(keys))
  const side = (): string => r.pick(["LEFT", "RIGHT"])
  return r.pick([
    ["BLPOP", ...some, "0"],
    ["BRPOP", ...some, "0"],
    ["BLMOVE", r.pick(keys), r.pick(keys), side(), side(), "0"],
    ["BRPOPLPUSH", r.pick(keys), r.pick(keys), "0"],
    ["BLMPOP", "0", String(some.length), ...some, side(), "COUNT", String(r.between(1, 3))],
  ])
}

const otherCommand = (r: Random): ReadonlyArray<Argument> => {
  const key = r.pick(keys)
  const values = r.times(r.between(1, 4), () => String(r.below(100)))
  return r.weighted<() => ReadonlyArray<Argument>>([
    [6, () => [r.pick(["LPUSH", "RPUSH"]), key, ...values]],
    [2, () => ["LMOVE", r.pick(keys), r.pick(keys), "LEFT", "RIGHT"]],
    [1, () => ["RPOPLPUSH", r.pick(keys), r.pick(keys)]],
    [1, () => ["RENAME", r.pick(keys), r.pick(keys)]],
    [1, () => ["COPY", r.pick(keys), r.pick(keys), "REPLACE"]],
    [1, () => ["SET", key, "v"]],
    [1, () => ["SADD", key, "m"]],
    [2, () => ["DEL", key]],
    [1, () => ["LPOP", key, "2"]],
    [1, () => ["LRANGE", key, "0", "-1"]],
    [0.3, () => ["FLUSHALL"]],
  ])()
}
