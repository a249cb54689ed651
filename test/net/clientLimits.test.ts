/** Which clients are taken and kept: maxclients, protected mode, timeout, keepalive. */
import * as net from "node:net"
import { afterEach, describe, expect, it, vi } from "vitest"
import type { RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

let redix: TestRedix | undefined

/** What Node asks for the address of a socket's peer; `remoteAddress` itself cannot be replaced. */
const peerName: unknown = Reflect.get(net.Socket.prototype, "_getpeername")

/** Lets connections of this process look as if they came from another machine. */
const seemElsewhere = (elsewhere: boolean): void => {
  const other = (): net.AddressInfo => ({ address: "192.0.2.7", port: 4711, family: "IPv4" })
  Reflect.set(net.Socket.prototype, "_getpeername", elsewhere ? other : peerName)
}

afterEach(async () => {
  vi.restoreAllMocks()
  seemElsewhere(false)
  await redix?.stop()
  redix = undefined
})

const start = async (...options: Parameters<typeof startRedix>): Promise<TestRedix> =>
  (redix = await startRedix(...options))

const text = async (client: RawClient, ...words: ReadonlyArray<string>): Promise<string> =>
  client.text(...words)

describe("clients", () => {
  it("over maxclients are told so, until others have gone", async () => {
    const server = await start({ maxclients: 2 })
    const [first, second] = [await server.connect(), await server.connect()]
    expect(await text(first, "PING")).toBe("+PONG\r\n")
    expect(await text(second, "PING")).toBe("+PONG\r\n")
    const third = await server.connect()
    expect((await third.readToEnd()).toString()).toBe("-ERR max number of clients reached\r\n")
    expect(server.engine.traffic.rejectedConnections).toBe(1)
    first.close()
    while (server.engine.sessions.size > 1) await text(second, "PING")
    const fourth = await server.connect()
    expect(await text(fourth, "PING")).toBe("+PONG\r\n")
    expect(await text(fourth, "CONFIG", "SET", "maxclients", "1")).toBe("+OK\r\n")
    const fifth = await server.connect()
    expect((await fifth.readToEnd()).toString()).toContain("max number of clients")
  })

  it("that send an argument beyond client-query-buffer-limit are cut off, not those that send much", async () => {
    const server = await start()
    const [much, large] = [await server.connect(), await server.connect()]
    await text(much, "CONFIG", "SET", "client-query-buffer-limit", "2mb")
    const piece = Buffer.alloc(100_000, "x")
    const args = Array.from({ length: 50 }, (_, i) => [`key${i}`, piece]).flat()
    expect(await much.text("MSET", ...args)).toBe("+OK\r\n")
    large.sendRaw(
      Buffer.concat([Buffer.from("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5500000\r\n"), ...Array(50).fill(piece)]),
    )
    await large.waitForClose()
    expect(await text(much, "EXISTS", "k")).toBe(":0\r\n")
  })

  it("from elsewhere are refused in protected mode, unless there is a password", async () => {
    const server = await start()
    seemElsewhere(true)
    const stranger = await server.connect()
    expect((await stranger.readToEnd()).toString()).toMatch(/^-DENIED Redis is running in protected mode/)
    seemElsewhere(false)
    const local = await server.connect()
    expect(await text(local, "CONFIG", "SET", "requirepass", "word")).toBe("+OK\r\n")
    seemElsewhere(true)
    const known = await server.connect()
    expect(await text(known, "AUTH", "word")).toBe("+OK\r\n")
    expect(await text(known, "CONFIG", "SET", "requirepass", "", "protected-mode", "no")).toBe("+OK\r\n")
    const anybody = await server.connect()
    expect(await text(anybody, "PING")).toBe("+PONG\r\n")
  })

  it("that are silent are closed after `timeout` seconds, those that wait or listen are not", async () => {
    const server = await start()
    const [silent, blocked, subscriber] = [
      await server.connect(),
      await server.connect(),
      await server.connect(),
    ]
    expect(await text(silent, "PING")).toBe("+PONG\r\n")
    blocked.sendRaw("BLPOP list 0\r\n")
    expect(await text(subscriber, "SUBSCRIBE", "news")).toContain("subscribe")
    const busy = await server.connect()
    expect(await text(busy, "CONFIG", "SET", "timeout", "1")).toBe("+OK\r\n")
    while (!silent.isClosed) expect(await text(busy, "PING")).toBe("+PONG\r\n")
    expect(await text(busy, "RPUSH", "list", "x")).toBe(":1\r\n")
    expect((await blocked.readReply()).toString()).toContain("list")
    expect(await text(busy, "PUBLISH", "news", "hello")).toBe(":1\r\n")
    expect((await subscriber.readReply()).toString()).toContain("hello")
    for (const client of [busy, blocked, subscriber]) client.close()
  })

  it("get TCP keepalive as the configuration says", async () => {
    const keepAlive = vi.spyOn(net.Socket.prototype, "setKeepAlive")
    const server = await start({ tcpKeepalive: 42 })
    const client = await server.connect()
    expect(await text(client, "PING")).toBe("+PONG\r\n")
    expect(keepAlive.mock.calls).toEqual([[true, 42_000]])
    expect(await text(client, "CONFIG", "SET", "tcp-keepalive", "0")).toBe("+OK\r\n")
    const other = await server.connect()
    expect(await text(other, "PING")).toBe("+PONG\r\n")
    expect(keepAlive.mock.calls).toHaveLength(1)
  })
})
