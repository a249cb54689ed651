/** A suite for Vitest, with the fixture. */
import { Redis } from "ioredis"
import { startRedix } from "redix/testing"
import { expect, it, vi } from "vitest"

it("answers ioredis, in memory and with fake timers", async () => {
  const server = await startRedix()
  const redis = new Redis(server.ioredis)
  vi.useFakeTimers()
  expect(await redis.set("greeting", "hello", "EX", 60)).toBe("OK")
  vi.useRealTimers()
  await server.advance(60_001)
  expect(await redis.get("greeting")).toBe(null)
  redis.disconnect()
  await server.close()
})
