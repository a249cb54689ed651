/**
 * Clients that wait for lists, sorted sets and streams under the same keys, against redis-server: who is served, in which
 * order, and who hears that a stream is gone.
 *
 * SWAPDB is left out: redis-server goes through the keys of a swapped database in the order of a hash table with a random
 * seed, so that it serves one and the same client from another key each time it is started.
 */
import { afterAll, beforeAll, expect, it } from "vitest"
import { actOut, playRandomly, randomSteps } from "./BlockingPlay.js"
import { effort } from "../support/Effort.js"
import { PATIENCE_MS } from "../support/Patience.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import type { Random } from "../support/Random.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

const STEPS = Number(process.env["REDIX_DIFF_COMMANDS"] ?? 1500)

let redix: TestRedix
beforeAll(async () => {
  redix = await startRedix()
})
afterAll(() => redix.stop())

/** Scripts by what they show; the digit is the client. */
const scripts: Readonly<Record<string, ReadonlyArray<string>>> = {
  "a key is not ready before it holds what somebody waits for": [
    "1 BLMPOP 0 1 b LEFT",
    "2 BLMOVE c b LEFT LEFT 0",
    "0 MULTI; SET d v; RENAME d b; LPUSH c 1; RPUSH e 2; COPY e b REPLACE; EXEC",
    "0 LRANGE b 0 -1",
  ],
  "a key is ready once it holds what somebody waits for, under whatever key": [
    "1 BZPOPMIN other 0",
    "2 BLMPOP 0 2 b c LEFT",
    "0 MULTI; ZADD b 1 m; RPUSH c 1; DEL b; RPUSH b 2; EXEC",
    "0 EXISTS b; EXISTS c",
  ],
  "a stream that nobody waits for does not make its key ready": [
    "1 BLPOP c 0",
    "0 RPUSH d 1 2; MULTI; XADD c 6-0 f v; SORT d STORE c; EXEC",
    "0 TYPE c",
    "0 DEL c; RPUSH c 3",
  ],
  "a stream that is made with a group is new": [
    "1 XREAD BLOCK 0 STREAMS a b 0-0 0-0",
    "0 MULTI; XADD d 23-0 f v; XGROUP CREATE b h 0 MKSTREAM; XADD a 24-0 f v; RENAME d b; EXEC",
  ],
  "an expiry is no news to a reader of a group": [
    "0 XGROUP CREATE b h 0 MKSTREAM",
    "1 XREADGROUP GROUP h v BLOCK 0 STREAMS b >",
    "0 XSETID b 20-0",
    "0 PEXPIRE b 100000",
    "0 PERSIST b; XGROUP SETID b h 0",
    "0 XADD b 21-0 f v",
  ],
  "readers of a group hear that its stream is gone": [
    "0 XGROUP CREATE s h $ MKSTREAM; XGROUP CREATE t h $ MKSTREAM",
    "1 XREADGROUP GROUP h v BLOCK 0 STREAMS s t > >",
    "0 DEL s",
    "0 XGROUP CREATE s h $ MKSTREAM",
    "1 XREADGROUP GROUP h v BLOCK 0 STREAMS s t > >",
    "0 SET s v",
    "0 DEL s; XGROUP CREATE s h $ MKSTREAM",
    "1 XREADGROUP GROUP h v BLOCK 0 STREAMS s t > >",
    "0 SADD x m; SINTERSTORE s x x",
    "0 DEL s; XGROUP CREATE s h $ MKSTREAM",
    "1 XREADGROUP GROUP h v BLOCK 0 STREAMS s t > >",
    "0 RENAME s u",
    "0 RENAME u s",
    "1 XREADGROUP GROUP h v BLOCK 0 STREAMS s t > >",
    "0 COPY x s REPLACE",
    "0 DEL s; XGROUP CREATE s h $ MKSTREAM",
    "1 XREADGROUP GROUP h v BLOCK 0 STREAMS s t > >",
    "0 MOVE s 1",
    "0 XGROUP CREATE s h $ MKSTREAM",
    "1 XREADGROUP GROUP h v BLOCK 0 STREAMS s t > >",
    "0 EXPIRE s -1",
    "0 XGROUP CREATE s h $ MKSTREAM",
    "1 XREADGROUP GROUP h v BLOCK 0 STREAMS s t > >",
    "0 XGROUP DESTROY t h",
    "0 XGROUP CREATE t h $ MKSTREAM",
    "1 XREADGROUP GROUP h v BLOCK 0 STREAMS s t > >",
    "0 FLUSHALL",
  ],
  "keys of a renamed stream are ready in order": [
    "0 XGROUP CREATE s g 0 MKSTREAM; XADD s 1-0 f v",
    "1 XREAD BLOCK 0 STREAMS t 0-0",
    "2 XREADGROUP GROUP g v BLOCK 0 STREAMS s >",
    "2 XREADGROUP GROUP g v BLOCK 0 STREAMS s >",
    "0 RENAME s t",
  ],
}

describeOracle("clients that wait for values of several types", () => {
  it("act out the scripts", () => withOracle({}, (server) => actOut(redix, server, scripts)))

  it("act out a random play", { timeout: 300_000 * effort(1) }, () =>
    withOracle({}, async (server) => {
      await playRandomly(redix, server, "blocking, all types", (random, stage) => {
        let id = 0
        const other = (r: Random): ReadonlyArray<string> => otherCommand(r, ++id)
        return randomSteps(random, stage, STEPS, {
          clients: 7,
          moving: true,
          blocking: blockingCommand,
          other,
        })
      })
      // The last clients' ends have still to arrive.
      await expect.poll(() => redix.engine.blocking.count, { timeout: PATIENCE_MS }).toBe(0)
    }),
  )
})

const keys = ["a", "b", "c", "d"]
const groups = ["g", "h"]

const blockingCommand = (r: Random): ReadonlyArray<string> => {
  const some = r.times(r.between(1, 3), () => r.pick(keys))
  const different = [...new Set(some)]
  const after = some.map(() => r.pick(["$", "0-0", `${r.below(40)}-0`]))
  const side = (): string => r.pick(["LEFT", "RIGHT"])
  const read = [
    "XREADGROUP",
    "GROUP",
    r.pick(groups),
    r.pick(["u", "v"]),
    "COUNT",
    "1",
    "BLOCK",
    "0",
    "STREAMS",
  ]
  return r.pick([
    [r.pick(["BLPOP", "BRPOP", "BZPOPMIN", "BZPOPMAX"]), ...some, "0"],
    ["BLMOVE", r.pick(keys), r.pick(keys), side(), side(), "0"],
    ["BLMPOP", "0", String(some.length), ...some, side(), "COUNT", String(r.between(1, 3))],
    ["BZMPOP", "0", String(some.length), ...some, r.pick(["MIN", "MAX"])],
    ["XREAD", "COUNT", "2", "BLOCK", "0", "STREAMS", ...some, ...after],
    [...read, ...different, ...different.map(() => ">")],
  ])
}

const otherCommand = (r: Random, id: number): ReadonlyArray<string> => {
  const key = r.pick(keys)
  const other = r.pick(keys)
  const values = r.times(r.between(1, 4), () => String(r.below(100)))
  return r.weighted<() => ReadonlyArray<string>>([
    [6, () => [r.pick(["LPUSH", "RPUSH"]), key, ...values]],
    [2, () => ["LMOVE", key, other, "LEFT", "RIGHT"]],
    [1, () => ["SORT", key, "BY", "nosort", "STORE", other]],
    [6, () => ["ZADD", key, ...values.flatMap((value) => [value, value])]],
    [1, () => ["ZUNIONSTORE", key, "2", other, r.pick(keys)]],
    [1, () => ["ZRANGESTORE", key, other, "0", "1"]],
    [6, () => ["XADD", key, `${id}-0`, "f", String(id)]],
    [2, () => ["XGROUP", "CREATE", key, r.pick(groups), r.pick(["$", "0"]), "MKSTREAM"]],
    [1, () => ["XGROUP", "DESTROY", key, r.pick(groups)]],
    [0.5, () => ["XGROUP", "SETID", key, r.pick(groups), r.pick(["$", "0"])]],
    [0.5, () => ["XTRIM", key, "MAXLEN", "=", String(r.below(3))]],
    [0.5, () => ["XSETID", key, `${id + r.below(5)}-0`]],
    [2, () => [r.pick(["RENAME", "RENAMENX"]), key, other]],
    [2, () => ["COPY", key, other, "DB", String(r.below(2)), "REPLACE"]],
    [1, () => ["MOVE", key, String(r.below(2))]],
    [1, () => [r.pick(["SET", "SADD"]), key, "v"]],
    [1, () => ["SINTERSTORE", key, other, r.pick(keys)]],
    [2, () => [r.pick(["DEL", "UNLINK"]), key, other]],
    [0.5, () => ["EXPIRE", key, "-1"]],
    [0.5, () => ["EXPIRE", key, "1000"]],
    [0.3, () => [r.pick(["FLUSHALL", "FLUSHDB"])]],
  ])()
}
