/** The `redis` package (node-redis 6) does its everyday work against Redix, in both protocols. */
import { createClient, createClientPool, WatchError } from "redis"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { startRedix, type TestRedix } from "../support/Redix.js"

let server: TestRedix
beforeAll(async () => void (server = await startRedix()))
afterAll(() => server.stop())

describe.each([2, 3] as const)("redis, RESP%i", (RESP) => {
  const make = (extra: { readonly database?: number } = {}) =>
    createClient({ url: `redis://127.0.0.1:${server.port}`, RESP, ...extra })
  const clients: Array<{ readonly isOpen: boolean; readonly destroy: () => void }> = []
  const connect = async (extra: { readonly database?: number } = {}) => {
    const client = make(extra)
    clients.push(client)
    await client.connect()
    return client
  }
  let redis: Awaited<ReturnType<typeof connect>>
  beforeAll(async () => void (redis = await connect()))
  beforeEach(async () => void (await redis.flushAll()))
  afterAll(() => {
    for (const client of clients) if (client.isOpen) client.destroy()
  })

  it("speaks the protocol, and of every type", async () => {
    expect(await redis.sendCommand(["CLIENT", "LIST", "ID", String(await redis.clientId())])).toContain(
      `resp=${RESP}`,
    )
    expect(await redis.set("k", "v", { expiration: { type: "EX", value: 100 }, condition: "NX" })).toBe("OK")
    expect(await redis.get("k")).toBe("v")
    expect(await redis.ttl("k")).toBeGreaterThan(0)
    expect(await redis.hSet("h", { a: "1", b: "2" })).toBe(2)
    expect({ ...(await redis.hGetAll("h")) }).toEqual({ a: "1", b: "2" })
    expect(await redis.rPush("l", ["x", "y"])).toBe(2)
    expect(await redis.lRange("l", 0, -1)).toEqual(["x", "y"])
    expect(await redis.sAdd("s", ["m", "n"])).toBe(2)
    expect([...(await redis.sMembers("s"))].sort()).toEqual(["m", "n"])
    await redis.zAdd("z", [
      { score: 1.5, value: "one" },
      { score: Infinity, value: "most" },
    ])
    expect(await redis.zRangeWithScores("z", 0, -1)).toEqual([
      { score: 1.5, value: "one" },
      { score: Infinity, value: "most" },
    ])
    expect(await redis.zScore("z", "nobody")).toBeNull()
    expect(await redis.geoAdd("g", { longitude: 13.36, latitude: 38.11, member: "Palermo" })).toBe(1)
    expect((await redis.geoPos("g", "Palermo"))[0]?.longitude).toBeDefined()
    await expect(redis.incr("l")).rejects.toThrow("WRONGTYPE")
  })

  it("pipelines and runs transactions", async () => {
    const many = await Promise.all(Array.from({ length: 500 }, (_, i) => redis.incrBy("n", i)))
    expect(many.at(-1)).toBe(124750)
    expect(await redis.multi().set("a", "1").incr("a").get("a").exec()).toEqual(["OK", 2, "2"])
    expect(await redis.multi().set("b", "1").get("b").execAsPipeline()).toEqual(["OK", "1"])
    await redis.watch("a")
    await (await connect()).set("a", "other")
    await expect(redis.multi().set("a", "mine").exec()).rejects.toBeInstanceOf(WatchError)
  })

  it("subscribes, and goes on after unsubscribing", async () => {
    const subscriber = await connect()
    const heard: Array<string> = []
    const both = new Promise<void>((resolve) => {
      const note = (message: string, channel: string): void => {
        if (heard.push(`${channel}: ${message}`) === 3) resolve()
      }
      void Promise.all([
        subscriber.subscribe("news", note),
        subscriber.pSubscribe("n*", note),
        subscriber.sSubscribe("shard", note),
      ]).then(async () => {
        await redis.publish("news", "hello")
        await redis.sPublish("shard", "there")
      })
    })
    await both
    expect(heard.sort()).toEqual(["news: hello", "news: hello", "shard: there"])
    await Promise.all([
      subscriber.unsubscribe("news"),
      subscriber.pUnsubscribe("n*"),
      subscriber.sUnsubscribe("shard"),
    ])
    expect(await subscriber.get("nothing")).toBeNull()
  })

  it("iterates over keys, hashes, sets and sorted sets", async () => {
    const names = Array.from({ length: 200 }, (_, i) => `k:${i}`)
    await redis.mSet(names.flatMap((name) => [name, "1"]))
    await redis.sAdd("s", names)
    await redis.hSet("h", Object.fromEntries(names.map((name) => [name, "1"])))
    await redis.zAdd(
      "z",
      names.map((value, score) => ({ score, value })),
    )
    const found = new Set<string>()
    for await (const keys of redis.scanIterator({ MATCH: "k:*", COUNT: 30 }))
      for (const key of keys) found.add(key)
    expect(found.size).toBe(200)
    let members = 0
    for await (const page of redis.sScanIterator("s")) members += page.length
    for await (const page of redis.hScanIterator("h")) members += page.length
    for await (const page of redis.zScanIterator("z")) members += page.length
    expect(members).toBe(600)
  })

  it("works through a stream in a group", async () => {
    await redis.xGroupCreate("log", "workers", "0", { MKSTREAM: true })
    await redis.xAdd("log", "1-0", { n: "1" })
    await redis.xAdd(
      "log",
      "2-0",
      { n: "2" },
      { TRIM: { strategy: "MAXLEN", strategyModifier: "~", threshold: 100 } },
    )
    const read = await redis.xReadGroup("workers", "one", { key: "log", id: ">" }, { COUNT: 10 })
    expect(JSON.stringify(read)).toContain('"2-0"')
    expect(await redis.xAck("log", "workers", "1-0")).toBe(1)
    const pending = await redis.xPending("log", "workers")
    expect(pending).toMatchObject({ pending: 1, firstId: "2-0", lastId: "2-0" })
    const claimed = await redis.xAutoClaim("log", "workers", "two", 0, "0-0")
    expect(claimed.messages.map((message) => message?.id)).toEqual(["2-0"])
    const info = await redis.xInfoGroups("log")
    expect(info[0]).toMatchObject({ name: "workers", consumers: 2, pending: 1 })
  })

  it("waits for what is not there yet", async () => {
    const waiting = await connect()
    const popped = waiting.blPop("queue", 0)
    await redis.rPush("queue", "job")
    expect(await popped).toEqual({ key: "queue", element: "job" })
    expect(await waiting.blPop("queue", 0.01)).toBeNull()
    const least = waiting.bzPopMin("scores", 0)
    await redis.zAdd("scores", { score: 3, value: "m" })
    expect(await least).toEqual({ key: "scores", score: 3, value: "m" })
    const read = waiting.xRead({ key: "log", id: "0-0" }, { BLOCK: 0 })
    await redis.xAdd("log", "5-0", { k: "v" })
    expect(JSON.stringify(await read)).toContain('"5-0"')
  })

  it("selects databases, and works from a pool", async () => {
    const other = await connect({ database: 4 })
    await other.set("k", "v")
    expect(await redis.exists("k")).toBe(0)
    expect(await redis.move("missing", 4)).toBe(0)
    await other.close()
    const pool = createClientPool({ url: `redis://127.0.0.1:${server.port}`, RESP })
    await pool.connect()
    expect(await Promise.all(["a", "b", "c"].map((key) => pool.set(key, key)))).toEqual(["OK", "OK", "OK"])
    await pool.close()
  })
})
