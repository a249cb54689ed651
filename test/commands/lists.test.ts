/** Lists over a socket: what the differential tests do not see. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import type { RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { untilTrue } from "../support/Patience.js"

let redix: TestRedix
let client: RawClient
let usedBytes = 0
beforeAll(async () => {
  redix = await startRedix()
})
afterAll(() => redix.stop())
beforeEach(async () => {
  redix.engine.context.keyspace.flushAll()
  usedBytes = redix.engine.context.keyspace.arena.usedBytes
  client = await redix.connect()
})
afterEach(() => client.close())

describe.each([
  ["one node", 5, 10],
  ["many nodes", 5000, 10],
  ["elements in nodes of their own", 20, 10_000],
  ["plain elements", 20, 100],
])("%s", (name, count, bytes) => {
  const elements = Array.from({ length: count }, (_, i) => String(i).padStart(bytes, "x"))
  beforeEach(async () => {
    redix.engine.context.keyspace.listLimits.plainFrom = name === "plain elements" ? 100 : 1 << 30
    await client.command("RPUSH", "k", ...elements)
  })
  afterEach(() => {
    redix.engine.context.keyspace.listLimits.plainFrom = 1 << 30
  })
  const all = (key: string): Promise<string> => client.text("LRANGE", key, "0", "-1")
  const reply = `*${count}\r\n${elements.map((e) => `$${bytes}\r\n${e}\r\n`).join("")}`

  it("is a quicklist, whatever is in it", async () => {
    expect(await client.text("OBJECT", "ENCODING", "k")).toBe("$9\r\nquicklist\r\n")
    expect(await all("k")).toBe(reply)
    await client.command("LTRIM", "k", "0", "0")
    expect(await client.text("OBJECT", "ENCODING", "k")).toBe("$9\r\nquicklist\r\n")
  })

  it("is copied whole", async () => {
    expect(await client.text("COPY", "k", "j")).toBe(":1\r\n")
    expect(await client.text("RPOP", "k")).toBe(`$${bytes}\r\n${elements.at(-1)}\r\n`)
    expect(await all("j")).toBe(reply)
    expect(await client.text("LPUSH", "j", "front")).toBe(`:${count + 1}\r\n`)
  })

  it("is freed whole, at once or in slices", async () => {
    const { keyspace } = redix.engine.context
    await client.command("COPY", "k", "j")
    expect(await client.text("DEL", "k")).toBe(":1\r\n")
    expect(await client.text("UNLINK", "j")).toBe(":1\r\n")
    while (keyspace.freeSlice(1)) expect(keyspace.lazyPending).toBe(1)
    keyspace.arena.checkInvariants()
    expect(keyspace.arena.usedBytes).toBe(usedBytes)
  })

  it("gives every element back, popped from either end", async () => {
    const front = await client.command("LPOP", "k", String(Math.floor(count / 2)))
    const back = await client.command("RPOP", "k", String(count))
    expect(front.length + back.length).toBeGreaterThan(count * bytes)
    expect(await client.text("EXISTS", "k")).toBe(":0\r\n")
    expect(redix.engine.context.keyspace.arena.usedBytes).toBe(usedBytes)
  })
})

describe("clients that wait", () => {
  it("are forgotten when their connection ends, and nothing is lost to them", async () => {
    const waiting = await redix.connect()
    waiting.sendRaw("BLPOP k 0\r\n")
    await untilTrue(() => redix.engine.blocking.count === 1)
    waiting.close()
    await untilTrue(() => redix.engine.blocking.count === 0)
    expect(await client.text("RPUSH", "k", "a")).toBe(":1\r\n")
    expect(await client.text("LLEN", "k")).toBe(":1\r\n")
  })

  it("are in line at once, so that a push in the same turn reaches them", async () => {
    const others = await Promise.all(Array.from({ length: 20 }, () => redix.connect()))
    const served = others.map((other) => other.text("BLPOP", "k", "0"))
    const pushed = others.map((_, i) => client.command("RPUSH", "k", `e${i}`))
    await Promise.all(pushed)
    const got = await Promise.all(served)
    expect(new Set(got).size).toBe(others.length)
    expect(await client.text("EXISTS", "k")).toBe(":0\r\n")
    for (const other of others) other.close()
  })

  it("are released with an error when the server says so", async () => {
    const waiting = await redix.connect()
    const reply = waiting.text("BRPOP", "a", "b", "0")
    await untilTrue(() => redix.engine.blocking.count === 1)
    redix.engine.blocking.releaseAll("UNBLOCKED force unblock from blocking operation")
    expect(await reply).toBe("-UNBLOCKED force unblock from blocking operation\r\n")
    expect(redix.engine.blocking.count).toBe(0)
    expect(await waiting.text("EXISTS", "a")).toBe(":0\r\n")
    waiting.close()
  })

  it("are all served, whichever of their keys is pushed to", async () => {
    const others = await Promise.all(Array.from({ length: 50 }, () => redix.connect()))
    const served = others.map((other) => other.text("BLPOP", "k", "other", "0"))
    await untilTrue(() => redix.engine.blocking.count === 50)
    for (let i = 0; i < 50; i++) await client.command("LPUSH", i % 2 === 0 ? "k" : "other", "x")
    expect((await Promise.all(served)).filter((reply) => reply.startsWith("*2"))).toHaveLength(50)
    expect(redix.engine.blocking.count).toBe(0)
    for (const other of others) other.close()
  })
})
