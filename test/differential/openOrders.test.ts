/**
 * What Redis leaves open and decides nevertheless, in a way that replicas depend on: ranges by member where scores differ,
 * and the order of equal weights in a SORT of which only a part is wanted.
 */
import { afterAll, beforeAll, expect, it } from "vitest"
import { effort } from "../support/Effort.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import type { RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

let redix: TestRedix
beforeAll(async () => {
  redix = await startRedix({ zsetMaxListpackEntries: 0 })
})
afterAll(() => redix.stop())

type Both = (...args: ReadonlyArray<string>) => Promise<void>

/** Runs the body with a function that sends a command to both and expects the same replies. */
const compared = (body: (both: Both) => Promise<void>) => (): Promise<void> =>
  withOracle({ config: { "zset-max-listpack-entries": "0" } }, async (server) => {
    const [oracle, subject]: [RawClient, RawClient] = await Promise.all([server.connect(), redix.connect()])
    const history: string[] = []
    await body(async (...args) => {
      history.push(args.join(" "))
      const [want, got] = await Promise.all([oracle.text(...args), subject.text(...args)])
      if (got !== want) expect(got, history.slice(-3).join("\n")).toBe(want)
    })
    oracle.close()
    subject.close()
  })

describeOracle("orders that Redis leaves open", () => {
  it(
    "ranges by member, where scores differ",
    compared(async (both) => {
      const random = Random.forTest("mixed lex ranges")
      await both("FLUSHALL")
      await both("ZADD", "z", "1", "m1", "2", "m2", "3", "a", "3", "b")
      await both("ZREMRANGEBYLEX", "z", "-", "[m1")
      for (let round = 0; round < effort(50); round++) {
        const members = random.times(random.pick([1, 2, 5, 100]), () => [
          String(random.below(4)),
          `m${random.below(300)}`,
        ])
        await both("DEL", "z")
        await both("ZADD", "z", ...members.flat())
        // Of an end in the middle Redis makes what the random heights of its skiplist say.
        const bound = `${random.pick(["[", "("])}m${random.below(300)}`
        await both("ZRANGEBYLEX", "z", "-", bound)
        await both("ZREVRANGEBYLEX", "z", "+", bound)
        await both("ZRANGEBYLEX", "z", "-", bound, "LIMIT", "1", "3")
        await both("ZLEXCOUNT", "z", "-", "+")
        await both("ZREMRANGEBYLEX", "z", "-", bound)
        await both("ZRANGE", "z", "0", "-1", "WITHSCORES")
      }
    }),
  )

  it(
    "a part of what SORT orders by equal and missing weights",
    compared(async (both) => {
      const random = Random.forTest("sort ties")
      await both("FLUSHALL")
      for (let i = 0; i < 100; i += 3) await both("SET", `w${i}`, String(i % 5))
      for (let round = 0; round < effort(40); round++) {
        const n = random.pick([3, 6, 7, 8, 20, 40, 41, 100, 300])
        await both("DEL", "l")
        await both("RPUSH", "l", ...random.times(n, () => String(random.below(random.pick([5, 100, 9999])))))
        const by = ["SORT", "l", "BY", random.pick(["w*", "none*"]), "ALPHA", random.pick(["ASC", "DESC"])]
        const limit = ["LIMIT", String(random.below(n)), String(random.between(1, n))]
        await both(...by)
        await both(...by, ...limit)
        await both(...by, ...limit, "STORE", "d")
        await both("LRANGE", "d", "0", "-1")
      }
    }),
  )
})
