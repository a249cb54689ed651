/** Sessions, rate limits and caches of well-known packages, kept in Redix. */
import KeyvRedis, { Keyv } from "@keyv/redis"
import { createCache } from "cache-manager"
import { RedisStore } from "connect-redis"
import type { SessionData } from "express-session"
import session from "express-session"
import { Redis } from "ioredis"
import rateLimits from "rate-limiter-flexible"
import { createClient } from "redis"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { startRedix, type TestRedix } from "../support/Redix.js"

const { BurstyRateLimiter, RateLimiterRedisNonAtomic, RateLimiterRes } = rateLimits

let server: TestRedix
let redis: Redis
beforeAll(async () => {
  server = await startRedix()
  redis = new Redis({ host: "127.0.0.1", port: server.port })
})
beforeEach(async () => void (await redis.flushall()))
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})

describe("connect-redis, the store of express-session", () => {
  const data = (user: string, maxAge?: number): SessionData & { readonly user: string } => ({
    cookie:
      maxAge === undefined
        ? { originalMaxAge: null }
        : { originalMaxAge: maxAge, expires: new Date(Date.now() + maxAge) },
    user,
  })

  it("keeps, touches, lists and destroys sessions", async () => {
    const client = createClient({ url: `redis://127.0.0.1:${server.port}` })
    client.on("error", () => {})
    await client.connect()
    const store = new RedisStore({ client, prefix: "app:", ttl: 100 })
    expect(store).toBeInstanceOf(session.Store)
    expect(await store.get("nobody")).toBeNull()
    await store.set("one", data("ada"))
    expect(await store.get("one")).toMatchObject({ user: "ada" })
    expect(await redis.ttl("app:one")).toSatisfy((left: number) => left > 0 && left <= 100)
    await store.touch("one", data("ada", 500_000))
    expect(await redis.ttl("app:one")).toBeGreaterThan(490)
    for (let i = 0; i < 150; i++) await store.set(`many-${i}`, data(`user ${i}`))
    await redis.set("not-a-session", "1")
    expect(await store.length()).toBe(151)
    expect((await store.ids()).sort()).toContain("many-149")
    expect(await store.all()).toHaveLength(151)
    await store.destroy("one")
    expect(await store.get("one")).toBeNull()
    await store.clear()
    expect(await redis.keys("*")).toEqual(["not-a-session"])
    client.destroy()
  })
})

describe("rate-limiter-flexible, where it needs no script", () => {
  const limiter = (points: number, extra: object = {}) =>
    new RateLimiterRedisNonAtomic({ storeClient: redis, keyPrefix: "limit", points, duration: 60, ...extra })

  it("counts, refuses, rewards and forgets", async () => {
    const limit = limiter(3)
    expect(await limit.get("ip")).toBeNull()
    expect((await limit.consume("ip")).remainingPoints).toBe(2)
    expect((await limit.consume("ip", 2)).remainingPoints).toBe(0)
    await expect(limit.consume("ip")).rejects.toBeInstanceOf(RateLimiterRes)
    expect(await redis.pttl("limit:ip")).toBeGreaterThan(50_000)
    await limit.reward("ip", 2)
    expect((await limit.get("ip"))?.consumedPoints).toBe(2)
    expect((await limit.penalty("ip", 5)).consumedPoints).toBe(7)
    expect(await limit.delete("ip")).toBe(true)
    expect((await limit.consume("ip")).consumedPoints).toBe(1)
  })

  it("blocks, sets and bursts", async () => {
    const limit = limiter(1, { blockDuration: 300 })
    await limit.consume("user")
    await expect(limit.consume("user")).rejects.toMatchObject({ remainingPoints: 0 })
    expect(await redis.ttl("limit:user")).toBeGreaterThan(290)
    await limit.block("other", 10)
    await expect(limit.consume("other")).rejects.toBeInstanceOf(RateLimiterRes)
    await limit.set("third", 1, 30)
    await expect(limit.consume("third")).rejects.toBeInstanceOf(RateLimiterRes)
    const bursty = new BurstyRateLimiter(limiter(1), limiter(2, { keyPrefix: "burst" }))
    for (let i = 0; i < 3; i++) await bursty.consume("client")
    await expect(bursty.consume("client")).rejects.toBeInstanceOf(RateLimiterRes)
  })
})

describe("keyv and cache-manager over @keyv/redis", () => {
  it("keep, expire, list and clear values by namespace", async () => {
    const store = new KeyvRedis(`redis://127.0.0.1:${server.port}`, { clearBatchSize: 10 })
    const keyv = new Keyv(store, { namespace: "app", useKeyPrefix: false })
    const other = new Keyv(new KeyvRedis(`redis://127.0.0.1:${server.port}`), { namespace: "other" })
    expect(await keyv.set("k", { deep: [1, "two"] }, 60_000)).toBe(true)
    expect(await keyv.get("k")).toEqual({ deep: [1, "two"] })
    const names = Array.from({ length: 40 }, (_, i) => `n${i}`)
    await keyv.setMany(names.map((key, value) => ({ key, value })))
    expect((await keyv.getMany(["n0", "n39", "missing"])) as ReadonlyArray<unknown>).toEqual([
      0,
      39,
      undefined,
    ])
    expect(await keyv.has("n1")).toBe(true)
    expect(await keyv.deleteMany(["n1", "n2"])).toBe(true)
    await other.set("mine", 1)
    const seen: Array<string> = []
    const iterate = keyv.iterator
    if (iterate === undefined) throw new Error("no iterator")
    for await (const [key] of iterate(undefined)) seen.push(String(key))
    expect(seen).toHaveLength(39)
    await keyv.clear()
    expect(await keyv.get("k")).toBeUndefined()
    expect(await other.get("mine")).toBe(1)
    await Promise.all([keyv.disconnect(), other.disconnect()])
  })

  it("wrap functions, and forget after their time", async () => {
    const cache = createCache({
      stores: [new Keyv(new KeyvRedis(`redis://127.0.0.1:${server.port}`))],
      ttl: 60_000,
    })
    let calls = 0
    const costly = (): Promise<number> => Promise.resolve(++calls)
    expect(await cache.wrap("answer", costly)).toBe(1)
    expect(await cache.wrap("answer", costly)).toBe(1)
    await cache.mset([
      { key: "a", value: 1 },
      { key: "b", value: 2, ttl: 30_000 },
    ])
    expect(await cache.mget(["a", "b", "c"])).toEqual([1, 2, undefined])
    expect(await cache.ttl("b")).toBeGreaterThan(Date.now())
    await cache.del("a")
    expect(await cache.get("a")).toBeUndefined()
    await redis.pexpire("keyv:answer", 0)
    await redis.flushall()
    expect(await cache.wrap("answer", costly)).toBe(2)
    await cache.clear()
    expect(await redis.dbsize()).toBe(0)
    await cache.disconnect()
  })
})
