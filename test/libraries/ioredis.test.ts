/** ioredis 6 does its everyday work against Redix. */
import { Redis } from "ioredis"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { startRedix, type TestRedix } from "../support/Redix.js"

let server: TestRedix
let redis: Redis
const opened: Array<Redis> = []

const connect = (options: object = {}): Redis => {
  const client = new Redis({ host: "127.0.0.1", port: server.port, ...options })
  opened.push(client)
  return client
}

beforeAll(async () => {
  server = await startRedix()
  redis = connect()
})
beforeEach(async () => void (await redis.flushall()))
afterAll(async () => {
  for (const client of opened) client.disconnect()
  await server.stop()
})

describe("ioredis", () => {
  it("is ready, and speaks of every type", async () => {
    expect(await redis.ping()).toBe("PONG")
    expect(await redis.set("text", "value", "EX", 100, "NX")).toBe("OK")
    expect(await redis.set("text", "other", "NX")).toBeNull()
    expect(await redis.getBuffer("text")).toEqual(Buffer.from("value"))
    expect(await redis.ttl("text")).toSatisfy((left: number) => left > 0 && left <= 100)
    expect(await redis.rpush("list", "a", "b", "c")).toBe(3)
    expect(await redis.lrange("list", 0, -1)).toEqual(["a", "b", "c"])
    expect(await redis.hset("hash", { field: "1", other: "2" })).toBe(2)
    expect(await redis.hgetall("hash")).toEqual({ field: "1", other: "2" })
    expect(await redis.sadd("set", "x", "y")).toBe(2)
    expect((await redis.smembers("set")).sort()).toEqual(["x", "y"])
    expect(await redis.zadd("zset", 1.5, "one", 2, "two")).toBe(2)
    expect(await redis.zrange("zset", "0", "-1", "WITHSCORES")).toEqual(["one", "1.5", "two", "2"])
    const bytes = Buffer.from([0, 13, 10, 255])
    await redis.set(Buffer.from([1, 255]), bytes)
    expect(await redis.getBuffer(Buffer.from([1, 255]))).toEqual(bytes)
    await expect(redis.incr("list")).rejects.toThrow("WRONGTYPE")
  })

  it("pipelines, and pipelines by itself", async () => {
    const pipeline = redis.pipeline()
    for (let i = 0; i < 1000; i++) pipeline.incrby("counter", i)
    const results = await pipeline.get("counter").exec()
    expect(results).toHaveLength(1001)
    expect(results?.at(-1)).toEqual([null, "499500"])
    const auto = connect({ enableAutoPipelining: true })
    expect(await Promise.all([auto.set("a", 1), auto.get("a"), auto.incr("a")])).toEqual(["OK", "1", 2])
  })

  it("runs transactions, and gives up watched ones", async () => {
    const done = await redis.multi().set("k", "1").incr("k").lpush("k", "x").exec()
    expect(done?.[1]).toEqual([null, 2])
    expect(String(done?.[2]?.[0])).toContain("WRONGTYPE")
    await redis.watch("k")
    await connect().set("k", "changed")
    expect(await redis.multi().set("k", "mine").exec()).toBeNull()
    expect(await redis.get("k")).toBe("changed")
  })

  it("subscribes to channels and patterns", async () => {
    const subscriber = connect()
    const heard: Array<string> = []
    const all = new Promise<void>((resolve) => {
      const note = (line: string): void => void (heard.push(line) === 3 && resolve())
      subscriber.on("message", (channel, message) => note(`${channel}: ${message}`))
      subscriber.on("pmessage", (pattern, channel, message) => note(`${pattern} ${channel}: ${message}`))
    })
    expect(await subscriber.subscribe("news", "other")).toBe(2)
    await subscriber.psubscribe("n*")
    expect(await redis.publish("news", "hello")).toBe(2)
    expect(await redis.publish("other", "there")).toBe(1)
    await all
    expect(heard.sort()).toEqual(["n* news: hello", "news: hello", "other: there"])
    expect(await subscriber.unsubscribe("news")).toBe(2)
  })

  it("scans in streams", async () => {
    const pipeline = redis.pipeline()
    for (let i = 0; i < 300; i++) pipeline.set(`scan:${i}`, i).hset("big", `f${i}`, i)
    await pipeline.exec()
    const keys = new Set<string>()
    for await (const batch of redis.scanStream({ match: "scan:*", count: 50 })) {
      for (const key of batch as ReadonlyArray<string>) keys.add(key)
    }
    expect(keys.size).toBe(300)
    let fields = 0
    for await (const batch of redis.hscanStream("big")) fields += (batch as ReadonlyArray<string>).length / 2
    expect(fields).toBe(300)
  })

  it("waits for lists, sorted sets and streams", async () => {
    const waiting = connect()
    const popped = waiting.blpop("queue", 0)
    await waiting.duplicate().quit()
    await redis.rpush("queue", "job")
    expect(await popped).toEqual(["queue", "job"])
    expect(await waiting.brpop("queue", 0.01)).toBeNull()
    const least = waiting.bzpopmin("scores", 0)
    await redis.zadd("scores", 3, "m")
    expect(await least).toEqual(["scores", "m", "3"])
    const read = waiting.xread("BLOCK", 0, "STREAMS", "log", "$")
    while (!String(await redis.client("LIST")).includes("cmd=xread"));
    const id = await redis.xadd("log", "*", "k", "v")
    expect(await read).toEqual([["log", [[id, ["k", "v"]]]]])
  })

  it("works through a stream in a group", async () => {
    await redis.xgroup("CREATE", "log", "workers", "0", "MKSTREAM")
    for (let i = 0; i < 5; i++) await redis.xadd("log", `${i + 1}-0`, "n", i)
    const got = await redis.xreadgroup("GROUP", "workers", "one", "COUNT", 3, "STREAMS", "log", ">")
    expect(JSON.stringify(got)).toContain('["3-0",["n","2"]]')
    expect(await redis.xack("log", "workers", "1-0")).toBe(1)
    expect(await redis.xpending("log", "workers")).toEqual([2, "2-0", "3-0", [["one", "2"]]])
    const claimed = await redis.xautoclaim("log", "workers", "two", 0, "0")
    expect(claimed).toEqual([
      "0-0",
      [
        ["2-0", ["n", "1"]],
        ["3-0", ["n", "2"]],
      ],
      [],
    ])
  })

  it("selects databases, prefixes keys and reconnects", async () => {
    const other = connect({ db: 3, keyPrefix: "app:" })
    await other.set("k", "v")
    expect(await redis.get("app:k")).toBeNull()
    await redis.select(3)
    expect(await redis.get("app:k")).toBe("v")
    await redis.select(0)
    const id = await other.client("ID")
    const ended = new Promise<void>((resolve) => other.once("close", () => resolve()))
    await redis.client("KILL", "ID", id)
    await ended
    expect(await other.get("k")).toBe("v")
  })
})
