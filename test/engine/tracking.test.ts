/** CLIENT TRACKING where a play against redis-server does not reach: limits, memory, slow scripts, replicas. */
import { describe, expect, it } from "vitest"
import { withNodes, until } from "../support/Nodes.js"
import type { RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

const withRedix = async (
  directives: Parameters<typeof startRedix>[1],
  use: (redix: TestRedix, reader: RawClient, writer: RawClient) => Promise<void>,
): Promise<void> => {
  const redix = await startRedix({}, directives)
  const [reader, writer] = [await redix.connect(), await redix.connect()]
  await reader.command("HELLO", "3")
  await use(redix, reader, writer)
  redix.engine.checkInvariants()
  reader.close()
  writer.close()
  await redix.stop()
}

const told = (...keys: ReadonlyArray<string>): string =>
  `>2\r\n$10\r\ninvalidate\r\n*${keys.length}\r\n${keys.map((key) => `$${key.length}\r\n${key}\r\n`).join("")}`

const nextPush = async (client: RawClient): Promise<string> => (await client.readPush()).toString("latin1")

const info = async (client: RawClient, field: string): Promise<number> =>
  Number(new RegExp(`${field}:(\\d+)`).exec(await client.text("INFO", "everything"))?.[1])

describe("tracking-table-max-keys", () => {
  it("is kept before each command, and by itself; who read the keys is told", () =>
    withRedix({ "tracking-table-max-keys": 10 }, async (redix, reader, writer) => {
      const keys = Array.from({ length: 500 }, (_, i) => `key:${i}`)
      await reader.command("CLIENT", "TRACKING", "ON")
      await reader.command("MGET", ...keys)
      await until(
        () => redix.engine.tracking.counts.keys === 10,
        () => "no more keys than there may be",
      )
      const gone = new Set<string>()
      for (let i = 0; i < 490; i++) gone.add(await nextPush(reader))
      expect(gone.size).toBe(490)
      expect([...gone].every((push) => keys.some((key) => push === told(key)))).toBe(true)
      expect(await info(writer, "tracking_total_keys")).toBe(10)
      // At once, where the next command is there already: it comes before its reply.
      const [, pong] = await reader.pipeline([["GET", "another"], ["PING"]])
      expect(pong?.toString()).toBe("+PONG\r\n")
      expect(redix.engine.tracking.counts.keys).toBe(10)
      await nextPush(reader)
      await writer.command("CONFIG", "SET", "tracking-table-max-keys", "3")
      for (let i = 0; i < 7; i++) await nextPush(reader)
      expect(await info(writer, "tracking_total_keys")).toBe(3)
      await writer.command("CONFIG", "SET", "tracking-table-max-keys", "0")
      await reader.command("MGET", ...keys)
      expect(await info(writer, "tracking_total_keys")).toBeGreaterThanOrEqual(500)
      expect(reader.unread).toEqual([])
    }))
})

describe("what is remembered", () => {
  it("is shown by INFO and counted as memory, until nobody reads and nothing is left", () =>
    withRedix({}, async (redix, reader, writer) => {
      const before = await info(writer, "used_memory")
      await reader.command("CLIENT", "TRACKING", "ON")
      for (let i = 0; i < 200; i++)
        await reader.command("EXISTS", ...Array.from({ length: 100 }, (_, j) => `key:${i}:${j}`))
      expect(await info(writer, "tracking_total_keys")).toBe(20_000)
      expect(await info(writer, "tracking_total_items")).toBe(20_000)
      expect(await info(writer, "tracking_clients")).toBe(1)
      expect((await info(writer, "used_memory")) - before).toBeGreaterThan(20_000 * 30)
      reader.close()
      await until(
        async () => (await info(writer, "tracking_clients")) === 0,
        () => "the client has gone",
      )
      // As in Redis they are forgotten as they change.
      expect(await info(writer, "tracking_total_keys")).toBe(20_000)
      await writer.command("SET", "key:0:0", "1")
      expect(await info(writer, "tracking_total_keys")).toBe(19_999)
      await writer.command("FLUSHALL")
      expect(await info(writer, "tracking_total_keys")).toBe(0)
      expect(redix.engine.tracking.bytes).toBe(0)
      expect(redix.engine.events.caches).toBeUndefined()
    }))

  it("of prefixes counts as the client's memory", () =>
    withRedix({}, async (redix, reader) => {
      const size = async (): Promise<number> =>
        Number(/tot-mem=(\d+)/.exec(await reader.text("CLIENT", "INFO"))?.[1])
      const before = await size()
      const prefixes = Array.from({ length: 100 }, (_, i) => ["PREFIX", `p${i}:`]).flat()
      expect(await reader.text("CLIENT", "TRACKING", "ON", "BCAST", ...prefixes)).toBe("+OK\r\n")
      expect((await size()) - before).toBeGreaterThan(100 * 100)
      expect(redix.engine.tracking.counts.prefixes).toBe(100)
      await reader.command("CLIENT", "TRACKING", "OFF")
      expect((await size()) - before).toBeLessThan(100)
    }))
})

describe("a key that is evicted", () => {
  it("is told before the reply of the command that needs its room, and to everybody else", () =>
    withRedix({ "maxmemory-policy": "allkeys-lru" }, async (redix, reader, writer) => {
      const value = "x".repeat(10_000)
      const keys = Array.from({ length: 20 }, (_, i) => `key:${i}`)
      for (const key of keys) await writer.command("SET", key, value)
      await reader.command("CLIENT", "TRACKING", "ON", "NOLOOP")
      const broad = await redix.connect()
      await broad.command("HELLO", "3")
      await broad.command("CLIENT", "TRACKING", "ON", "BCAST", "NOLOOP", "PREFIX", "key:")
      await reader.command("MGET", ...keys)
      // The next command makes room for what is there already.
      const limit = redix.engine.memoryLimit.used - 100_000
      reader.sendRaw(`CONFIG SET maxmemory ${limit}\r\nSET other 1\r\n`)
      const expected = "+OK\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n"
      expect((await reader.readBytes(expected.length)).toString()).toBe(expected)
      expect(await nextPush(broad)).toMatch(/^>2\r\n\$10\r\ninvalidate\r\n\*\d+\r\n\$\d\r\nkey:/)
      await until(
        () => redix.engine.tracking.counts.keys < 16,
        () => "keys are evicted",
      )
      expect(redix.engine.memoryLimit.evictedKeys).toBeGreaterThan(0)
      broad.close()
    }))
})

describe("a script that takes long", () => {
  it("has its client told behind its reply, alone and in a transaction", () =>
    withRedix({ "busy-reply-threshold": 1 }, async (redix, reader, writer) => {
      const script =
        "redis.call('get',KEYS[1]) redis.call('set',KEYS[1],'1') local n = 0 " +
        "for i = 1, 3e7 do n = n + i end redis.call('get',KEYS[1]) redis.call('set',KEYS[1],'2') return 'done'"
      await reader.command("CLIENT", "TRACKING", "ON")
      reader.sendRaw(`EVAL "${script}" 1 k\r\n`)
      await until(
        () => redix.engine.gates.busy !== undefined,
        () => "the script is suspended",
      )
      expect(await writer.text("PING")).toContain("-BUSY")
      expect(await reader.readBytes(10 + 2 * told("k").length)).toEqual(
        Buffer.from(`$4\r\ndone\r\n${told("k")}${told("k")}`),
      )
      reader.sendRaw(`MULTI\r\nGET a\r\nEVAL "${script}" 1 k\r\nSET a 1\r\nEXEC\r\nPING\r\n`)
      const expected = `+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n_\r\n$4\r\ndone\r\n+OK\r\n${told("k")}${told("k")}${told("a")}+PONG\r\n`
      expect((await reader.readBytes(expected.length)).toString()).toBe(expected)
    }))
})

describe("a client that takes nothing", () => {
  it("is cut off at its output limit", () =>
    withRedix({ "client-output-buffer-limit": "normal 1mb 0 0" }, async (redix, reader, writer) => {
      await reader.command("CLIENT", "TRACKING", "ON", "BCAST")
      reader.socket.pause()
      const key = "k".repeat(10_000)
      await until(
        async () => {
          for (let i = 0; i < 50; i++) await writer.command("SET", `${key}${i}`, "")
          return redix.engine.sessions.size === 1
        },
        () => "the client has gone",
      )
      expect(redix.engine.tracking.clients).toBe(0)
      expect(redix.engine.tracking.counts.prefixes).toBe(0)
    }))
})

describe("a client of a replica", () => {
  it("is told of what its master sends", () =>
    withNodes(async (start) => {
      const master = await start("redix")
      const replica = await start("redix", { replicaof: `127.0.0.1 ${master.port}` })
      await until(
        async () => (await replica.ask("INFO", "replication")).includes("master_link_status:up"),
        () => "the link is up",
      )
      const reader = await replica.connect()
      await reader.command("HELLO", "3")
      await reader.command("CLIENT", "TRACKING", "ON")
      await reader.command("GET", "k")
      await master.ask("SET", "k", "1")
      expect(await nextPush(reader)).toBe(told("k"))
      await reader.command("GET", "k")
      await master.ask("EVAL", "redis.call('incr',KEYS[1])", "1", "k")
      expect(await nextPush(reader)).toBe(told("k"))
      await master.ask("FLUSHALL")
      expect(await nextPush(reader)).toBe(">2\r\n$10\r\ninvalidate\r\n_\r\n")
      // Another data set.
      await replica.ask("REPLICAOF", "NO", "ONE")
      await replica.ask("SET", "other", "1")
      await replica.ask("REPLICAOF", "127.0.0.1", String(master.port))
      expect(await nextPush(reader)).toBe(">2\r\n$10\r\ninvalidate\r\n_\r\n")
      reader.close()
    }))
})
