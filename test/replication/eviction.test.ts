/** Memory that is short on a replica, on its master, and while the two differ. */
import { expect, it } from "vitest"
import { type Node, type NodeKind, until, withNodes } from "../support/Nodes.js"
import { describeOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"

const KINDS: ReadonlyArray<NodeKind> = ["redis", "redix"]

const EVERYTHING = ["maxmemory", 1, "maxmemory-policy", "allkeys-lru", "maxmemory-eviction-tenacity", 100]

describeOracle("a replica whose memory is short", () => {
  for (const kind of KINDS) {
    it(`${kind}: leaves eviction to its master, unless replica-ignore-maxmemory is no`, async () => {
      await withNodes(async (start) => {
        const master = await start("redis")
        const replica = await start(kind, { "replica-read-only": "no" })
        await replica.follow(master)
        await replica.untilUp()
        const inStep = async (): Promise<void> =>
          until(
            async () =>
              (await replica.field("slave_repl_offset")) === (await master.field("master_repl_offset")),
            () => "the replica to be in step",
          )
        const holds = async (keys: string): Promise<void> => {
          await inStep()
          expect(await replica.ask("DBSIZE")).toBe(keys)
        }
        expect(await replica.ask("CONFIG", "SET", ...EVERYTHING)).toBe("OK")
        await master.ask("SET", "a", "v")
        await holds("1")
        expect(await replica.ask("SET", "own", "v")).toBe("OK")
        await replica.ask("CONFIG", "SET", "replica-ignore-maxmemory", "no")
        await until(
          async () => (await replica.ask("DBSIZE")) === "0",
          () => "the replica's keys to go",
        )
        // The master's commands need memory as others do.
        await master.ask("SET", "b", "v")
        await holds("0")
        expect(await replica.field("errorstat_OOM")).toMatch(/^count=\d+$/)
        expect(await replica.ask("SET", "own", "v")).toContain("OOM")
        await replica.ask("CONFIG", "SET", "replica-ignore-maxmemory", "yes")
        await master.ask("SET", "c", "v")
        await holds("1")
        await replica.ask("REPLICAOF", "NO", "ONE")
        await until(
          async () => (await replica.ask("DBSIZE")) === "0",
          () => "the new master's keys to go",
        )
      })
    })
  }
})

const play = async (master: Node, random: Random): Promise<void> => {
  const value = (): string => "x".repeat(random.below(600))
  for (let i = 0; i < 1500; i++) {
    const key = `key${random.below(3000)}`
    switch (random.below(5)) {
      case 0:
        await master.ask("RPUSH", `list${random.below(20)}`, value(), value())
        break
      case 1:
        await master.ask("SET", key, value(), "EX", 1000)
        break
      case 2:
        await master.ask("HSET", `hash${random.below(20)}`, key, value())
        break
      case 3:
        await master.ask("EVAL", "return redis.call('SET', KEYS[1], ARGV[1])", 1, key, value())
        break
      default:
        await master.ask("SET", key, value())
    }
  }
}

describeOracle("a master whose memory is short", () => {
  it.each(["allkeys-lru", "volatile-ttl", "allkeys-random"])(
    "%s: its replicas hold what it holds",
    async (policy) => {
      await withNodes(async (start) => {
        const master = await start("redix", { "maxmemory-policy": policy })
        const replicas = [await start("redix"), await start("redis")]
        for (const replica of replicas) {
          await replica.follow(master)
          await replica.untilUp()
        }
        const used =
          Number(await master.field("used_memory")) - Number(await master.field("mem_not_counted_for_evict"))
        await master.ask("CONFIG", "SET", "maxmemory", used + 150_000)
        await play(master, Random.forTest(policy))
        expect(Number(await master.field("evicted_keys"))).toBeGreaterThan(20)
        expect(await master.ask("WAIT", 2, 0)).toBe("2")
        const digest = await master.ask("DEBUG", "DIGEST")
        for (const replica of replicas) expect(await replica.ask("DEBUG", "DIGEST")).toBe(digest)
      })
    },
  )
})
