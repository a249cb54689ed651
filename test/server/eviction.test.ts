/** Whatever clients do, memory stays within maxmemory or they are told that it is short; and what is found out about keys. */
import { afterEach, beforeEach, expect, it } from "vitest"
import { policies } from "../../src/store/eviction/Policy.js"
import { effort } from "../support/Effort.js"
import { Random } from "../support/Random.js"
import type { RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

let redix: TestRedix
let client: RawClient
beforeEach(async () => {
  redix = await startRedix()
  client = await redix.connect()
})
afterEach(async () => {
  client.close()
  await redix.stop()
})

const POLICIES = Object.keys(policies)

const write = (random: Random): ReadonlyArray<string> => {
  const key = `key${random.below(2000)}`
  const value = "x".repeat(random.chance(0.02) ? random.below(20_000) : random.below(300))
  switch (random.below(9)) {
    case 0:
      return ["SADD", `set${random.below(9)}`, ...Array.from({ length: 50 }, () => String(random.uint32()))]
    case 1:
      return ["ZADD", `zset${random.below(9)}`, String(random.below(100)), value]
    case 2:
      return ["RPUSH", `list${random.below(9)}`, value, value]
    case 3:
      return ["APPEND", key, value]
    case 4:
      return ["SELECT", String(random.below(3))]
    case 5:
      return ["EXPIRE", key, String(random.between(1000, 5000))]
    case 6:
      return ["SET", key, value, "EX", String(random.between(1000, 100_000))]
    case 7:
      return ["XADD", `stream${random.below(3)}`, "*", "f", value]
    default:
      return ["SET", key, value]
  }
}

it.each(POLICIES)(
  "%s: what is used stays within the limit, or memory is said to be short",
  async (policy) => {
    const { memoryLimit } = redix.engine
    const random = Random.forTest(policy)
    const max = memoryLimit.used + 300_000
    await client.command("CONFIG", "SET", "maxmemory-policy", policy, "maxmemory-eviction-tenacity", "100")
    await client.command("CONFIG", "SET", "maxmemory", String(max))
    for (let i = 0; i < effort(60); i++) {
      if (random.chance(0.1))
        await client.command("CONFIG", "SET", "maxmemory", String(max - random.below(100_000)))
      await client.pipeline([...Array.from({ length: 40 }, () => write(random)), ["PING"]])
      const { maxmemory } = redix.engine.settings
      const over = memoryLimit.used > maxmemory
      if (over) expect(policy).not.toMatch(/^allkeys/)
      // By the next command the clients may hold less; the data alone is what it was.
      const short = redix.engine.keyspace.arena.usedBytes > maxmemory
      if (short) {
        expect(await client.text("SET", "new", "v")).toMatch(/^-OOM/)
        const expires = redix.engine.keyspace.databases.map((db) => db.expires)
        if (policy.startsWith("volatile")) expect(Math.max(...expires)).toBe(0)
      }
      redix.engine.checkInvariants()
      if (over) await client.command("DEL", `list${i % 9}`, `set${i % 9}`, `zset${i % 9}`, `stream${i % 3}`)
    }
    if (policy !== "noeviction") expect(memoryLimit.evictedKeys).toBeGreaterThan(20)
  },
)

it("a value that is freed in slices is waited for, not made up for by further keys", async () => {
  const members = Array.from({ length: 1000 }, (_, i) => String(i).padEnd(40, "m"))
  for (let i = 0; i < 50; i++) await client.command("SADD", "large", ...members.map((member) => member + i))
  await client.command("EXPIRE", "large", "100")
  const before = redix.engine.memoryLimit.used
  await client.command(
    "CONFIG",
    "SET",
    "maxmemory-policy",
    "volatile-ttl",
    "maxmemory-eviction-tenacity",
    "100",
  )
  for (let i = 0; i < 100; i++) await client.command("SET", `small${i}`, "v", "EX", "10000")
  expect(await client.text("CONFIG", "SET", "maxmemory", String(before))).toBe("+OK\r\n")
  expect(await client.text("PING")).toBe("+PONG\r\n")
  expect(await client.text("DBSIZE")).toBe(":100\r\n")
  expect(redix.engine.memoryLimit.evictedKeys).toBe(1)
})

it("while more is to go than goes at once only those are held up who may take more", async () => {
  await client.pipeline(Array.from({ length: 20_000 }, (_, i) => ["SET", `key${i}`, "v"]))
  const { memoryLimit, settings } = redix.engine
  redix.engine.cronPaused = true
  await client.command(
    "CONFIG",
    "SET",
    "maxmemory-policy",
    "allkeys-random",
    "maxmemory-eviction-tenacity",
    "0",
  )
  await client.command("CONFIG", "SET", "maxmemory", String(Math.floor(memoryLimit.used / 2)))
  const evictedBy = async (...commands: ReadonlyArray<ReadonlyArray<string>>): Promise<number> => {
    const before = memoryLimit.evictedKeys
    await client.pipeline(commands)
    expect(memoryLimit.used).toBeGreaterThan(settings.maxmemory)
    return memoryLimit.evictedKeys - before
  }
  expect(await evictedBy(["PING"])).toBeGreaterThan(0)
  expect(await evictedBy(["PING"], ["GET", "key1"], ["DBSIZE"], ["INFO"])).toBe(0)
  for (const command of [["SET", "new", "v"], ["DEL", "new"], ["EVAL", "return 1", "0"], ["EXEC"]])
    expect(await evictedBy(command)).toBeGreaterThan(0)
  expect(await evictedBy(["MULTI"], ["PING"])).toBeGreaterThan(0)
  redix.engine.cronPaused = false
  while (memoryLimit.freeing) await client.command("PING")
  expect(memoryLimit.evictedKeys).toBeGreaterThan(9000)
})

it("keys with a time to live are found where hardly any key has one", async () => {
  const { wheel } = redix.engine.keyspace.database(0)
  await client.pipeline(Array.from({ length: 5000 }, (_, i) => ["SET", `plain${i}`, "v"]))
  await client.pipeline(
    Array.from({ length: 200 }, (_, i) => ["SET", `timed${i}`, "v", "EX", String(1000 + i * 97)]),
  )
  for (const policy of ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"]) {
    const keys = wheel.count
    await client.command("CONFIG", "SET", "maxmemory-policy", policy)
    await client.command("CONFIG", "SET", "maxmemory", String(redix.engine.memoryLimit.used - 50))
    await client.command("PING")
    expect(wheel.count).toBeLessThan(keys)
    expect(wheel.count).toBeGreaterThan(keys - 10)
    expect(await client.text("EXISTS", "plain0", "plain4999")).toBe(":2\r\n")
    await client.command("CONFIG", "SET", "maxmemory", "0")
  }
})

it("volatile-ttl: none goes while one that expires sooner by a slot of the wheel is there", async () => {
  const seconds = Random.forTest("ttl").shuffled(Array.from({ length: 1000 }, (_, i) => i + 1))
  await client.pipeline(seconds.map((s) => ["SET", `key${s}`, "v", "EX", String(100 + s * s)]))
  await client.command("CONFIG", "SET", "maxmemory-policy", "volatile-ttl")
  for (let left = 900; left > 0; left -= 100) {
    while (redix.engine.keyspace.database(0).size > left) {
      await client.command("CONFIG", "SET", "maxmemory", String(redix.engine.memoryLimit.used - 10))
      await client.command("PING")
      await client.command("CONFIG", "SET", "maxmemory", "0")
    }
    // Half of a coarse slot is the most by which the order may be off.
    expect(await client.text("EXISTS", "key1000", "key999", "key998")).toBe(":3\r\n")
  }
})

it("INFO tells how long more was used than may be", async () => {
  await client.command("CONFIG", "SET", "maxmemory", "1")
  await client.command("SET", "k", "v")
  const field = async (name: string): Promise<number> =>
    Number(new RegExp(`^${name}:(\\d+)`, "m").exec(await client.text("INFO", "stats"))?.[1])
  while ((await field("current_eviction_exceeded_time")) < 3);
  expect(await field("total_eviction_exceeded_time")).toBeGreaterThanOrEqual(3)
  await client.command("CONFIG", "SET", "maxmemory", "0")
  expect(await client.text("SET", "k", "v")).toBe("+OK\r\n")
  await client.command("CONFIG", "SET", "maxmemory", "100mb")
  await client.command("MULTI")
  await client.command("DISCARD")
  expect(await field("current_eviction_exceeded_time")).toBe(0)
  expect(await field("total_eviction_exceeded_time")).toBeGreaterThanOrEqual(3)
  await client.command("CONFIG", "RESETSTAT")
  expect(await field("total_eviction_exceeded_time")).toBe(0)
})
