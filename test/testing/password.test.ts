/** The password of a test server: its URL and the options for clients carry it, the log does not. */
import { Redis } from "ioredis"
import * as os from "node:os"
import * as path from "node:path"
import { createClient } from "redis"
import { afterEach, describe, expect, it } from "vitest"
import { type Server, startRedix } from "../../src/testing.js"

const started: Array<{ close: () => Promise<unknown> | void }> = []
const start = async (options?: Parameters<typeof startRedix>[0]): Promise<Server> => {
  const server = await startRedix(options)
  started.push(server)
  return server
}
const ioredis = (server: Server): Redis => {
  const client = new Redis({ ...server.ioredis, retryStrategy: null })
  client.on("error", () => {})
  started.push({ close: () => client.disconnect() })
  return client
}
afterEach(async () => {
  for (const one of started.splice(0).reverse()) await one.close()
})

describe("a server with a password", () => {
  const requirepass = "s/x@ :\u00e4%"
  const reached = async (server: Server): Promise<void> => {
    expect(await ioredis(server).incr("a")).toBeGreaterThan(0)
    const client = createClient(server.nodeRedis)
    client.on("error", () => {})
    started.push({ close: () => client.destroy() })
    await client.connect()
    expect(await client.incr("a")).toBeGreaterThan(1)
  }
  const reachedByUrl = async (server: Server, url: string): Promise<void> => {
    expect(server.url).toBe(url)
    // What node-redis does at a hosted server asks for a URL that the system parses, which a path with a user is none of.
    const byUrl = createClient({ url, maintNotifications: "disabled" })
    byUrl.on("error", () => {})
    started.push({ close: () => byUrl.destroy() })
    await byUrl.connect()
    expect(await byUrl.incr("a")).toBeGreaterThan(2)
  }
  const encoded = "default:s%2Fx%40%20%3A%C3%A4%25@"

  it("gives it to clients: by options, by URL, in a clone, and as it is now", async () => {
    const server = await start({ config: { requirepass }, listen: true })
    await reached(server)
    await reachedByUrl(server, `redis://${encoded}127.0.0.1:${server.port}`)
    const redis = new Redis(server.url)
    started.push({ close: () => redis.disconnect() })
    expect(await redis.get("a")).toBe("3")
    const clone = await server.clone()
    started.push(clone)
    await reached(clone)
    await reachedByUrl(clone, `redis://${encoded}127.0.0.1:${clone.port}`)
    await server.call("CONFIG", "SET", "requirepass", "other")
    await reached(server)
    expect(server.url).toBe(`redis://default:other@127.0.0.1:${server.port}`)
    await server.call("CONFIG", "SET", "requirepass", "")
    expect([server.ioredis, server.nodeRedis]).not.toContainEqual(expect.objectContaining({ password: "" }))
    expect(server.url).toBe(`redis://127.0.0.1:${server.port}`)
    await server.reset()
    await reached(server)
    await server.restart()
    await reached(server)
  })

  it("gives it to clients in memory and over a unix socket", async () => {
    await reached(await start({ config: { requirepass } }))
    const listen = { path: path.join(os.tmpdir(), `redix-password-${process.pid}.sock`) }
    const server = await start({ config: { requirepass }, listen })
    await reached(server)
    await reachedByUrl(server, `unix://${encoded}${listen.path}`)
  })

  it("shows it nowhere else", async () => {
    const lines: Array<string> = []
    const server = await start({ config: { requirepass: "hush/hush" }, log: ({ text }) => lines.push(text) })
    await reached(server)
    await server.reset({ clients: "drop" })
    expect(lines.join("\n")).not.toContain("hush")
  })
})
