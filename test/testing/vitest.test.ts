/** `redix/vitest`: the fixture, and the server of a whole run. */
import { Redis } from "ioredis"
import { afterAll, describe, expect, test as base } from "vitest"
import type { Server } from "../../src/testing.js"
import setup, { redixFixture } from "../../src/vitest.js"

const seen = new Set<Server>()

describe("the fixture", () => {
  const test = base.extend(redixFixture({ config: { databases: 2 } }))
  for (const name of ["first", "second"]) {
    test(`${name}: a server of its own`, async ({ redix }) => {
      seen.add(redix)
      const client = new Redis(redix.ioredis)
      expect(await client.config("GET", "databases")).toEqual(["databases", "2"])
      expect(await client.incr("n")).toBe(1)
      client.disconnect()
    })
  }
  afterAll(async () => {
    expect(seen.size).toBe(2)
    for (const server of seen) await server.closed
  })
})

base("the server of a run is at REDIS_URL", async () => {
  const before = process.env["REDIS_URL"]
  const end = await setup()
  const client = new Redis(process.env["REDIS_URL"] ?? "")
  expect(await client.set("a", "1")).toBe("OK")
  client.disconnect()
  await end()
  expect(process.env["REDIS_URL"]).toBe(before)
})
