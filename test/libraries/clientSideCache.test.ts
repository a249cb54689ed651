/** Caches that clients keep: node-redis's own, and one over ioredis that is told in another connection's place. */
import { Redis } from "ioredis"
import { BasicClientSideCache, createClient } from "redis"
import { describe, expect, it } from "vitest"
import { until } from "../support/Nodes.js"
import { onEachServer } from "./EachServer.js"

describe("node-redis's clientSideCache", () => {
  onEachServer((port) => {
    it("answers from its copy until the key changes, expires or goes", async () => {
      const cache = new BasicClientSideCache({ maxEntries: 100 })
      const reader = createClient({ url: `redis://127.0.0.1:${port()}`, RESP: 3, clientSideCache: cache })
      const writer = createClient({ url: `redis://127.0.0.1:${port()}` })
      try {
        await reader.connect()
        await writer.connect()
        await writer.flushAll()
        await writer.mSet({ a: "1", b: "1" })
        const known = async (key: string): Promise<boolean> => {
          const { hitCount } = cache.stats()
          await reader.get(key)
          return cache.stats().hitCount > hitCount
        }
        expect(await reader.get("a")).toBe("1")
        expect(await reader.get("a")).toBe("1")
        expect(cache.stats().hitCount).toBe(1)
        await writer.set("a", "2")
        await until(
          () => cache.size() === 0,
          () => "the copy is given up",
        )
        expect(await reader.get("a")).toBe("2")
        expect(await known("a")).toBe(true)
        await writer.pExpire("a", 1)
        await until(
          async () => (await reader.get("a")) === null,
          () => "the copy of what has expired",
        )
        expect([await known("b"), await known("b")]).toEqual([false, true])
        await reader.set("b", "own")
        await until(
          async () => (await reader.get("b")) === "own",
          () => "the own write is told",
        )
        expect(await known("b")).toBe(true)
        await writer.flushAll()
        await until(
          () => cache.size() === 0,
          () => "all copies are given up",
        )
        expect(await reader.get("b")).toBeNull()
      } finally {
        reader.destroy()
        writer.destroy()
      }
    })
  })
})

describe("ioredis, told on a connection of its own", () => {
  onEachServer((port) => {
    it("hears of the keys of another connection", async () => {
      const told = new Redis(port(), { protocol: 2 })
      const [reader, writer] = [new Redis(port()), new Redis(port())]
      try {
        await writer.flushall()
        const gone: Array<unknown> = []
        told.on("message", (channel, keys) => void gone.push([channel, keys]))
        const id = await told.client("ID")
        await told.subscribe("__redis__:invalidate")
        await reader.client("TRACKING", "ON", "REDIRECT", id)
        await reader.mget("a", "b")
        await writer.set("a", "1")
        await until(
          () => gone.length === 1,
          () => "a is told",
        )
        await reader.set("b", "1")
        await until(
          () => gone.length === 2,
          () => "b is told",
        )
        expect(JSON.stringify(gone)).toContain("__redis__:invalidate")
        expect(gone.map((message) => String(message))).toEqual([
          "__redis__:invalidate,a",
          "__redis__:invalidate,b",
        ])
      } finally {
        for (const client of [told, reader, writer]) client.disconnect()
      }
    })
  })
})
