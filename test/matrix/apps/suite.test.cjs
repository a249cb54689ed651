/** A suite as it is written for Jest in its default mode, for mocha and for node --test: their globals, and CommonJS. */
const assert = require("node:assert")
const { Redis } = require("ioredis")
const { startRedix } = require("redix/testing")

const runner = typeof describe === "function" ? { describe, it } : require("node:test")
const fake = typeof jest === "object" ? jest : undefined

runner.describe("a server for a suite", () => {
  runner.it("answers ioredis, in memory", async () => {
    const server = await startRedix()
    const redis = new Redis(server.ioredis)
    await redis.set("greeting", "hello", "EX", 60)
    assert.equal(await redis.get("greeting"), "hello")
    await server.advance(60_001)
    assert.equal(await redis.get("greeting"), null)
    redis.disconnect()
    await server.close()
  })

  runner.it("answers by a port, with the runner's fake timers", async () => {
    const server = await startRedix({ listen: true })
    const redis = new Redis(server.url)
    assert.equal(await redis.ping(), "PONG")
    fake?.useFakeTimers({ doNotFake: ["nextTick"] })
    assert.equal(await redis.set("a", "1"), "OK")
    assert.equal(await redis.get("a"), "1")
    fake?.useRealTimers()
    redis.disconnect()
    await server.close()
  })
})
