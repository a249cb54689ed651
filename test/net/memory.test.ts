/** Connections in memory: what a socket's events would not show. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import { Redis } from "ioredis"
import { once } from "node:events"
import * as net from "node:net"
import type { Duplex } from "node:stream"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Commands, Redix } from "../../src/index.js"
import type { Engine } from "../../src/engine/Engine.js"
import { theEngine } from "../../src/engine/EngineService.js"
import type { Overrides } from "../../src/config/index.js"
import { listenInMemory, type Open } from "../../src/net/memory/MemoryListener.js"
import { connectorOf } from "../../src/net/memory/IoredisConnector.js"
import { intercept } from "../../src/testing/Intercept.js"
import { Random, runSeed } from "../support/Random.js"
import { encodeCommand, encodeCommands, RawClient } from "../support/RawClient.js"
import { ReplyScanner } from "../support/RespFrames.js"

interface Server {
  readonly engine: Engine
  readonly open: Open
  readonly connect: () => Promise<RawClient>
  readonly stop: () => Promise<void>
}

const ADDRESS = { host: "127.0.0.1", port: 1 }

const start = async (
  overrides: Overrides = {},
  commands: Parameters<typeof Commands.layer>[0] = [],
): Promise<Server> => {
  const scope = Effect.runSync(Scope.make())
  const layer = Redix.layerWith({ "enable-debug-command": true, ...overrides }).pipe(
    Layer.provide(Logger.layer([])),
    Layer.provide(Commands.layer(commands)),
  )
  const context = await Effect.runPromise(Layer.buildWithScope(layer, scope))
  const open = await Effect.runPromise(Scope.provide(Effect.provideContext(listenInMemory, context), scope))
  const engine = Effect.runSync(Effect.provideContext(theEngine, context))
  return {
    engine,
    open,
    connect: async () => {
      using _ = intercept(`${ADDRESS.host}:${ADDRESS.port}`, open)
      return await RawClient.connect(ADDRESS)
    },
    stop: async () => {
      engine.checkInvariants()
      await Effect.runPromise(Scope.close(scope, Exit.void))
      expect(engine.sessions.size).toBe(0)
    },
  }
}

/** Everything that comes until the other side has ended. */
const readAll = async (stream: Duplex): Promise<Buffer> => {
  const chunks: Array<Buffer> = []
  stream.on("data", (chunk: Buffer) => chunks.push(chunk))
  await once(stream, "close")
  return Buffer.concat(chunks)
}

describe("connections in memory", () => {
  let server: Server
  beforeEach(async () => void (server = await start()))
  afterEach(() => server.stop())

  it("any cut of the input is answered with the same bytes", async () => {
    const random = new Random(runSeed())
    const words = ["k", "l", "", "12", "x".repeat(100), "\u00e9\u00e8"]
    const word = (): string => words[random.below(words.length)] ?? ""
    const commands = Array.from({ length: 300 }, (): Array<string> => {
      const makes = [
        ["SET", word(), word()],
        ["GET", word()],
        ["APPEND", word(), word()],
        ["RPUSH", word(), word()],
        ["LRANGE", word(), "0", "-1"],
        ["NOSUCH", word()],
        ["INCR", word()],
      ]
      return makes[random.below(makes.length)] ?? []
    })
    const input = Buffer.concat([encodeCommands(commands), Buffer.from("PING\r\n*1\r\n$4\r\nQUIT\r\n")])
    const played: Array<string> = []
    for (let round = 0; round < 20; round++) {
      const socket = server.open()
      const output = readAll(socket)
      const step = round === 0 ? input.length : round === 1 ? 1 : 1 + random.below(200)
      for (let at = 0; at < input.length; at += step) {
        const cut = input.subarray(at, at + step)
        // As bytes and as text, waiting for the server and not.
        if (round % 2 === 0) socket.write(cut)
        else socket.write(cut.toString("latin1"), "latin1")
        if (random.below(4) === 0) await Promise.resolve()
        if (random.below(20) === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      played.push((await output).toString("latin1"))
      server.engine.checkInvariants()
      const client = await server.connect()
      await client.command("FLUSHALL")
      client.close()
    }
    expect(new Set(played).size).toBe(1)
    expect(new ReplyScanner().scan(Buffer.from(played[0] ?? "", "latin1"), 1e6)).toBeGreaterThan(0)
    expect(played[0]?.endsWith("+PONG\r\n+OK\r\n")).toBe(true)
  })

  it("runs what several connections write in the order in which it was written", async () => {
    const sockets = [server.open(), server.open(), server.open()]
    for (let i = 0; i < 300; i++) sockets[i % 3]?.write(encodeCommand(["RPUSH", "order", i]))
    const client = await server.connect()
    const list = (await client.command("LRANGE", "order", "0", "-1")).toString()
    expect(list.match(/^\d+(?=\r)/gm)?.map(Number)).toEqual(Array.from({ length: 300 }, (_, i) => i))
    for (const socket of sockets) socket.destroy()
    client.close()
  })

  it("a listener may send commands, and what it throws is the program's", async () => {
    const subscriber = new Redis({ Connector: connectorOf(server.open) })
    const client = new Redis({ Connector: connectorOf(server.open) })
    await subscriber.subscribe("c")
    const replies: Array<Promise<number>> = []
    const heard = new Promise<void>((resolve) => {
      subscriber.on("message", (_, message) => {
        replies.push(client.incr("n"))
        if (message === "last") resolve()
        throw new Error(`thrown at ${message}`)
      })
    })
    const handlers = process.rawListeners("uncaughtException")
    process.removeAllListeners("uncaughtException")
    const thrown: Array<string> = []
    const two = new Promise<void>((resolve) => {
      process.on("uncaughtException", (error: Error) => {
        if (thrown.push(error.message) === 2) resolve()
      })
    })
    try {
      expect(await Promise.all([client.publish("c", "first"), client.publish("c", "last")])).toEqual([1, 1])
      await heard
      await two
    } finally {
      process.removeAllListeners("uncaughtException")
      for (const handler of handlers)
        process.on("uncaughtException", (...args) => void Reflect.apply(handler, process, args))
    }
    expect(thrown).toEqual(["thrown at first", "thrown at last"])
    expect(await Promise.all(replies)).toEqual([1, 2])
    expect(await client.get("n")).toBe("2")
    subscriber.disconnect()
    client.disconnect()
  })

  it("the event loop goes round while command follows command", async () => {
    const redis = new Redis({ Connector: connectorOf(server.open) })
    await redis.ping()
    let turned = false
    setImmediate(() => (turned = true))
    let commands = 0
    while (!turned && commands < 1e6) {
      await redis.ping()
      commands++
    }
    expect(turned).toBe(true)
    redis.disconnect()
  })

  it("a client that does not read is waited for, whole replies and all", async () => {
    const socket = server.open()
    const value = "v".repeat(100_000)
    socket.write(encodeCommand(["SET", "k", value]))
    for (let i = 0; i < 200; i++) socket.write(encodeCommand(["GET", "k"]))
    socket.write(encodeCommand(["QUIT"]))
    const other = await server.connect()
    const [session] = server.engine.sessions.values()
    // Not all of the 20 MB has been made and copied: the server waits.
    while ((session?.control.pendingBytes() ?? 0) === 0) await other.command("PING")
    await other.command("PING")
    expect(socket.readableLength).toBeLessThan(1_000_000)
    const all = await readAll(socket)
    expect(all.length).toBe("+OK\r\n".length * 2 + 200 * (value.length + "$100000\r\n\r\n".length))
    other.close()
  })

  it("what a client writes is held back while the server does not read", async () => {
    const socket = server.open()
    const piece = Buffer.alloc(1_000_000, "x")
    const whole = encodeCommand(["SET", "k", Buffer.concat(Array.from({ length: 8 }, () => piece))])
    socket.write(whole)
    expect(socket.writableLength).toBeGreaterThan(0)
    const [reply] = (await once(socket, "data")) as [Buffer]
    expect(reply.toString()).toBe("+OK\r\n")
    expect(socket.writableLength).toBe(0)
    socket.destroy()
  })

  it("the end: of a client's input, of a client, of a connection that is killed", async () => {
    const client = await server.connect()
    const half = server.open()
    const output = readAll(half)
    half.end(
      encodeCommands([
        ["SET", "k", "1"],
        ["GET", "k"],
      ]),
    )
    expect((await output).toString()).toBe("+OK\r\n$1\r\n1\r\n")
    const gone = server.open()
    gone.write(encodeCommand(["SET", "k", "2"]))
    gone.destroy()
    expect(await client.text("GET", "k")).toBe("$1\r\n2\r\n")
    const killed = server.open()
    const rest = readAll(killed)
    expect(await client.text("CLIENT", "KILL", "ADDR", `memory:${killed.localPort}`)).toBe(":1\r\n")
    expect(await rest).toHaveLength(0)
    expect(server.engine.sessions.size).toBe(1)
    client.close()
  })

  it("says when nothing was read or written for a while", async () => {
    const socket = server.open()
    await once(socket.setTimeout(1), "timeout")
    socket.destroy()
  })
})

describe("a server without a port", () => {
  it("refuses clients beyond maxclients", async () => {
    const server = await start({ maxclients: 1 })
    const client = await server.connect()
    expect((await readAll(server.open())).toString()).toBe("-ERR max number of clients reached\r\n")
    expect(await client.text("PING")).toBe("+PONG\r\n")
    expect(await client.text("INFO", "stats")).toContain("rejected_connections:1\r\n")
    client.close()
    await server.stop()
  })

  it("SHUTDOWN ends its connections and it refuses new ones", async () => {
    const server = await start()
    const [client, other] = [await server.connect(), await server.connect()]
    client.sendRaw("SHUTDOWN NOSAVE\r\n")
    expect(await client.readToEnd()).toHaveLength(0)
    await other.waitForClose()
    await expect(server.connect()).rejects.toThrow("ECONNREFUSED")
    await server.stop()
  })

  it("a command of the app's may send commands to its own server", async () => {
    let replies = Promise.resolve("")
    const spec = Commands.spec({
      name: "again",
      arity: 1,
      group: "string",
      since: "1.0.0",
      summary: "Sends a command.",
      complexity: "O(1)",
      flags: ["fast"],
      acl: ["string"],
    })
    const command = Commands.command(spec, (c) => {
      const inner = server.open()
      replies = readAll(inner).then(String)
      inner.end(encodeCommand(["ECHO", "inner"]))
      c.out.ok()
    })
    const server = await start({}, [command])
    const client = await server.connect()
    expect(await client.text("AGAIN")).toBe("+OK\r\n")
    expect(await replies).toBe("$5\r\ninner\r\n")
    client.close()
    await server.stop()
  })

  it("a replica follows a master in memory", async () => {
    const master = await start({ "repl-diskless-sync-delay": 0 })
    using _ = intercept("master.test:6379", master.open)
    const replica = await start({ replicaof: "master.test 6379" })
    const [client, reader] = [await master.connect(), await replica.connect()]
    await client.command("SET", "before", "1")
    while (!(await reader.text("INFO", "replication")).includes("master_link_status:up"));
    await client.command("RPUSH", "after", "x")
    expect(await client.text("WAIT", 1, 0)).toBe(":1\r\n")
    expect(await reader.text("LRANGE", "after", 0, -1)).toBe("*1\r\n$1\r\nx\r\n")
    expect(await reader.text("GET", "before")).toBe("$1\r\n1\r\n")
    expect(await reader.text("DEBUG", "DIGEST")).toBe(await client.text("DEBUG", "DIGEST"))
    for (const one of [client, reader]) one.close()
    await replica.stop()
    await master.stop()
  })
})

describe("intercept", () => {
  it("takes the connections to an address while it lasts, the latest taker first", async () => {
    const original = net.connect
    const [one, two] = [await start({ databases: 1 }), await start({ databases: 2 })]
    const databases = async (): Promise<string> => {
      const redis = new Redis({ host: "cache.test", port: 6379 })
      const [, text] = (await redis.config("GET", "databases")) as [string, string]
      redis.disconnect()
      return text
    }
    const first = intercept("cache.test:6379", one.open)
    expect(await databases()).toBe("1")
    const second = intercept("cache.test:6379", two.open)
    expect(await databases()).toBe("2")
    first[Symbol.dispose]()
    expect(await databases()).toBe("2")
    second[Symbol.dispose]()
    second[Symbol.dispose]()
    expect(net.connect).toBe(original)
    await one.stop()
    await two.stop()
  })

  it("takes TLS connections, and those of who imported net before", async () => {
    const server = await start()
    using _ = intercept("cache.test:6379", server.open)
    const redis = new Redis({ host: "cache.test", port: 6379, tls: {} })
    expect(await redis.echo("over no TLS at all")).toBe("over no TLS at all")
    redis.disconnect()
    const { connect } = await import("node:net")
    const socket = connect({ host: "cache.test", port: 6379 })
    socket.end("PING\r\n")
    expect((await readAll(socket)).toString()).toBe("+PONG\r\n")
    await server.stop()
  })

  it("other addresses are reached as before", async () => {
    const server = await start()
    using _ = intercept("localhost:1", server.open)
    const real = net.createServer((socket) => socket.end("real")).listen(0, "127.0.0.1")
    await once(real, "listening")
    const address = real.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    expect((await readAll(net.connect(port, "127.0.0.1"))).toString()).toBe("real")
    const inMemory: net.Socket = net.connect({ port: 1 }, () => inMemory.end("PING\r\n"))
    expect((await readAll(inMemory)).toString()).toBe("+PONG\r\n")
    real.close()
    await server.stop()
  })
})
