/** `redix/testing`: a server for a suite, from its start to its end. */
import { Redis } from "ioredis"
import * as fs from "node:fs"
import * as os from "node:os"
import { createServer } from "node:net"
import * as path from "node:path"
import { runInNewContext } from "node:vm"
import { createClient } from "redis"
import { afterEach, describe, expect, it, vi } from "vitest"
import { DataError, ReplyError, type Server, StartError, startRedix } from "../../src/testing.js"

const started: Array<{ close: () => Promise<unknown> | void }> = []
const start = async (options?: Parameters<typeof startRedix>[0]): Promise<Server> => {
  const server = await startRedix(options)
  started.push(server)
  return server
}
const ioredis = (server: Server, options: object = {}): Redis => {
  const client = new Redis({ ...server.ioredis, ...options })
  client.on("error", () => {})
  started.push({ close: () => client.disconnect() })
  return client
}
afterEach(async () => {
  for (const one of started.splice(0).reverse()) await one.close()
})

describe("a server without a port", () => {
  it("is reached by ioredis, by redis, by a stream, and by call", async () => {
    const server = await start()
    const redis = ioredis(server)
    expect(await redis.set("a", "1", "EX", 60)).toBe("OK")
    const client = createClient(server.nodeRedis)
    await client.connect()
    expect(await client.incr("a")).toBe(2)
    client.destroy()
    const stream = server.connect()
    stream.write("GET a\r\n")
    const reply = await new Promise<string>((resolve) => stream.once("data", (data) => resolve(String(data))))
    expect(reply).toBe("$1\r\n2\r\n")
    stream.destroy()
    expect(await server.call("GET", "a")).toBe("2")
    expect(() => server.url).toThrow("listen: true")
    expect(() => server.port).toThrow("listen: true")
  })

  it("call answers JavaScript's values, and rejects with what was answered", async () => {
    const server = await start()
    expect(await server.call("HSET", "h", "a", 1, "b", 2n)).toBe(2)
    expect(await server.call("HGETALL", "h")).toEqual(
      new Map([
        ["a", "1"],
        ["b", "2"],
      ]),
    )
    expect(await server.call("ZADD", "z", 1.5, Buffer.from("m"))).toBe(1)
    expect(await server.call("ZSCORE", "z", "m")).toBe(1.5)
    expect(await server.call("GET", "none")).toBeNull()
    expect(await server.call("LRANGE", "none", 0, -1)).toEqual([])
    const error: unknown = await server.call("INCR", "h").catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(ReplyError)
    expect(error).toMatchObject({ name: "RedixReplyError", code: "WRONGTYPE", command: "incr" })
    await server.call("MULTI")
    await server.call("SET", "a", "x")
    await server.call("INCR", "a")
    const [ok, failed] = (await server.call("EXEC")) as [unknown, unknown]
    expect(ok).toBe("OK")
    expect(failed).toBeInstanceOf(ReplyError)
    // One that waits holds up no other.
    const popped = server.call("BLPOP", "list", 0)
    await server.until({ blocked: 1 })
    await server.call("RPUSH", "list", "x")
    expect(await popped).toEqual(["list", "x"])
    await expect(server.call("SUBSCRIBE", "c")).rejects.toThrow("connection")
  })

  it("call needs no password", async () => {
    const server = await start({ config: { requirepass: "secret" } })
    expect(await server.call("PING")).toBe("PONG")
    const without = ioredis(server, { password: undefined, retryStrategy: null })
    await expect(without.get("a")).rejects.toThrow("NOAUTH")
    expect(await ioredis(server, { password: "secret" }).get("a")).toBeNull()
  })
})

describe("a server with a port", () => {
  it.each([[true], [{ path: path.join(os.tmpdir(), `redix-testing-${process.pid}.sock`) }]] as const)(
    "%j is reached there, and in memory",
    async (listen) => {
      const server = await start({ listen })
      const client = createClient(server.nodeRedis)
      await client.connect()
      expect(await client.set("a", "1")).toBe("OK")
      client.destroy()
      expect(await ioredis(server).get("a")).toBe("1")
      if (listen === true) {
        const redis = new Redis(server.url)
        expect(await redis.get("a")).toBe("1")
        redis.disconnect()
        expect(server.url).toBe(`redis://127.0.0.1:${server.port}`)
      } else expect(server.path).toBe(listen.path)
    },
  )
})

describe("what keeps it from starting", () => {
  it("is told by a StartError", async () => {
    const failure = (options: Parameters<typeof startRedix>[0]): Promise<unknown> =>
      startRedix(options).then(
        () => undefined,
        (cause: unknown) => cause,
      )
    const config = await failure({ config: { databases: 0 } })
    expect(config).toBeInstanceOf(StartError)
    expect(config).toMatchObject({ name: "RedixStartError", reason: "config" })
    expect(await failure({ config: { dir: "/nope/nope" } })).toMatchObject({ reason: "config" })
    const other = await start({ listen: true })
    expect(await failure({ listen: other.port })).toMatchObject({ reason: "listen" })
    expect(await failure({ data: Buffer.from("no RDB file") })).toMatchObject({ reason: "data" })
    expect(await failure({ data: "/nope.rdb" })).toMatchObject({ reason: "data" })
  })

  it("directives without effect are warned of", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {})
    await start({ config: { "syslog-enabled": true } })
    expect(warn.mock.calls.join()).toContain("syslog-enabled")
    warn.mockRestore()
  })

  it("the log is heard", async () => {
    const lines: Array<string> = []
    const server = await start({ log: ({ level, text }) => lines.push(`${level} ${text}`) })
    await server.call("CONFIG", "SET", "loglevel", "debug")
    ioredis(server)
      .call("SHUTDOWN", "NOSAVE")
      .catch(() => {})
    await server.closed
    expect(lines).toContain("warning User requested shutdown...")
  })
})

describe("data", () => {
  it("is begun with, from bytes, a path and a URL", async () => {
    const server = await start()
    await server.call("SET", "a", "1")
    await server.call(
      "FUNCTION",
      "LOAD",
      "#!lua name=l\nredis.register_function('f', function() return 1 end)",
    )
    const rdb = await server.snapshot()
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "redix-testing-"))
    const file = path.join(folder, "dump.rdb")
    fs.writeFileSync(file, rdb)
    for (const data of [rdb, file, new URL(`file://${file}`)]) {
      const other = await start({ data })
      expect(await other.call("GET", "a")).toBe("1")
      expect(await other.call("FCALL", "f", 0)).toBe(1)
    }
    fs.rmSync(folder, { recursive: true })
  })

  it("is put back, and a damaged snapshot changes nothing", async () => {
    const server = await start({ clock: "manual" })
    await server.call("SET", "a", "1", "EX", 100)
    await server.call("SADD", "s", "x")
    const before = await server.snapshot()
    const digest = await server.call("DEBUG", "DIGEST").catch(String)
    await server.call("FLUSHALL")
    await server.call("SET", "b", "2")
    const damaged = Uint8Array.from(before)
    damaged[damaged.length - 1] ^= 1
    const refused = await server.restore(damaged).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(DataError)
    expect(refused).toMatchObject({
      name: "RedixDataError",
      message: expect.stringContaining("wrong checksum"),
    })
    expect(refused).toHaveProperty("offset", damaged.length - 8)
    damaged[8] = 0x39
    await expect(server.restore(damaged)).rejects.toBeInstanceOf(DataError)
    expect(await server.call("KEYS", "*")).toEqual(["b"])
    const waiting = server.call("BLPOP", "l", 0)
    await server.until({ blocked: 1 })
    await server.restore(before)
    expect(((await server.call("KEYS", "*")) as Array<string>).sort()).toEqual(["a", "s"])
    expect(await server.call("TTL", "a")).toBe(100)
    expect(digest).toBe(await server.call("DEBUG", "DIGEST").catch(String))
    await server.call("RPUSH", "l", "x")
    expect(await waiting).toEqual(["l", "x"])
  })

  it("a clone has the same data, at the same time, and its own from then on", async () => {
    const server = await start({ config: { "enable-debug-command": true }, clock: "manual", now: 1e12 })
    for (let i = 0; i < 100; i++) await server.call("SET", `k${i}`, i, "PX", 1000 + i)
    await server.call("XADD", "x", "*", "a", "b")
    await server.call("RPUSH", "l", "1", "2")
    const other = await server.clone()
    started.push(other)
    expect(other.now()).toBe(server.now())
    expect(await other.call("DEBUG", "DIGEST")).toBe(await server.call("DEBUG", "DIGEST"))
    await other.advance(1050)
    expect(await other.call("DBSIZE")).toBe(52)
    expect(await server.call("DBSIZE")).toBe(102)
  })
})

describe("reset", () => {
  it("leaves data, scripts, configuration, statistics, faults and recordings as new", async () => {
    const volatile =
      /^(?:connected_clients|client_recent|total_connections|uptime|server_time|lru_clock|used_memory|allocator|rss|mem_|total_system|maxmemory_human|used_cpu|instantaneous|total_net|total_reads|total_writes|io_threaded|evicted|lazyfree|async_loading|rdb_changes|number_of_cached|active_time|total_active|arena|heap)/
    const facts = async (server: Server): Promise<ReadonlyArray<string>> => {
      const info = String(await server.call("INFO", "everything"))
      const config = JSON.stringify([...((await server.call("CONFIG", "GET", "*")) as Map<string, string>)])
      return [...info.split("\r\n").filter((line) => !volatile.test(line)), config]
    }
    const server = await start({ config: { maxmemory: "100mb", "slowlog-log-slower-than": 1e9 } })
    const fresh = await facts(server)
    const kept = ioredis(server)
    await kept.config(
      "SET",
      "maxmemory",
      "1gb",
      "slowlog-log-slower-than",
      "0",
      "notify-keyspace-events",
      "KEA",
    )
    await kept.set("a", "1", "PX", 1)
    await server.advance(10)
    await kept.eval("return 1", 0)
    const sha = String(await kept.script("LOAD", "return 2"))
    await kept.call("FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function() return 1 end)")
    await kept.call("ACL", "SETUSER", "someone", "on", "nopass", "+@all")
    await kept.call("ACL", "SETUSER", "default", "-lpop")
    await kept.get("none")
    await kept.incr("a")
    await expect(kept.lpush("a", "x")).rejects.toThrow("WRONGTYPE")
    await kept.client("PAUSE", 100_000, "WRITE")
    server.faults.error({ command: "get" }, "ERR no")
    using calls = server.record()
    await server.reset()
    expect(await kept.get("a")).toBeNull()
    expect(calls.calls).toEqual([])
    expect(await kept.script("EXISTS", sha)).toEqual([0])
    expect(await server.call("FUNCTION", "LIST")).toEqual([])
    expect(await server.call("ACL", "LIST")).toEqual(["user default on nopass ~* &* +@all"])
    expect(await server.call("SLOWLOG", "LEN")).toBe(0)
    await server.reset()
    expect(await facts(server)).toEqual(fresh)
    await server.reset({ clients: "drop" })
    await server.until({ clients: 0 })
  })
})

describe("its life", () => {
  it("suspended it cuts connections and refuses new ones, and clients come back", async () => {
    for (const listen of ["memory", true] as const) {
      const server = await start({ listen })
      const redis = ioredis(server, {
        retryStrategy: () => 5,
        maxRetriesPerRequest: null,
        ...(listen === true ? { Connector: undefined, port: server.port } : {}),
      })
      await redis.set("a", "1")
      const refused = new Promise<Error>((resolve) => redis.on("error", resolve))
      await server.suspend()
      expect((await refused).message).toContain("ECONNREFUSED")
      const value = redis.get("a")
      const address = listen === true ? server.url : ""
      await server.resume()
      if (listen === true) expect(server.url).toBe(address)
      expect(await value).toBe("1")
    }
  })

  it("an address that was taken meanwhile is told by a StartError, and it comes back when it is free", async () => {
    const server = await start({ listen: true })
    await server.suspend()
    const taking = createServer()
    await new Promise<void>((resolve) => taking.listen(server.port, server.host, resolve))
    const refused = await server.resume().catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(StartError)
    expect(refused).toMatchObject({ reason: "listen" })
    await new Promise((resolve) => taking.close(resolve))
    await server.resume()
    const redis = new Redis(server.url)
    expect(await redis.ping()).toBe("PONG")
    redis.disconnect()
  })

  it("dropped clients reconnect", async () => {
    const server = await start()
    const [one, two] = [
      ioredis(server, { connectionName: "one" }),
      ioredis(server, { connectionName: "two" }),
    ]
    const id = await one.client("ID")
    const other = await two.client("ID")
    expect(server.dropClients({ client: "one" })).toBe(1)
    expect(await one.client("ID")).toBeGreaterThan(id)
    expect(await two.client("ID")).toBe(other)
  })

  it("restarts on the same address, with its data or without", async () => {
    const server = await start({ listen: true, clock: "manual", config: { maxmemory: "10mb" } })
    const redis = new Redis(server.url)
    redis.on("error", () => {})
    started.push({ close: () => redis.disconnect() })
    const { port } = server
    using fault = server.faults.reply({ command: "echo" }, "fault")
    await redis.set("a", "1", "EX", 100)
    await redis.config("SET", "maxmemory", "1gb")
    await server.restart({ keep: true })
    expect(server.port).toBe(port)
    expect(await redis.get("a")).toBe("1")
    expect(await redis.ttl("a")).toBeGreaterThan(0)
    expect(await redis.config("GET", "maxmemory")).toEqual(["maxmemory", "10485760"])
    expect(await redis.echo("x")).toBe("fault")
    expect(fault.hits).toBe(1)
    await server.restart()
    expect(await redis.get("a")).toBeNull()
  })

  it("SHUTDOWN ends it", async () => {
    const server = await start()
    const redis = ioredis(server, { retryStrategy: null })
    redis.call("SHUTDOWN", "NOSAVE").catch(() => {})
    await server.closed
    await expect(server.call("PING")).rejects.toThrow("ended")
    await server.close()
  })

  it("is disposed with its block", async () => {
    let closed: Promise<void>
    {
      await using server = await startRedix()
      closed = server.closed
      expect(await server.call("PING")).toBe("PONG")
    }
    await closed
  })

  it("refuses what only JavaScript can give it: words that are none, addresses without a port", async () => {
    const server = await start()
    const call: (...words: ReadonlyArray<unknown>) => unknown = (...words) =>
      Reflect.apply(server.call, server, words)
    for (const word of [undefined, null, true, {}, ["x"]])
      await expect(call("SET", "a", word)).rejects.toThrow("is no word of a command")
    expect(await server.call("EXISTS", "a")).toBe(0)
    const foreign: unknown = runInNewContext("new Uint8Array([65, 66])")
    expect(foreign).not.toBeInstanceOf(Uint8Array)
    await call("SET", "a", foreign)
    expect(await server.call("GET", "a")).toBe("AB")
    expect(await server.call("ZADD", "z", Infinity, "m")).toBe(1)
    for (const address of ["nonsense", "localhost:", "6379"])
      expect(() => server.intercept(address)).toThrow(`${JSON.stringify(address)} is no address`)
  })

  it("takes the connections to an address", async () => {
    const server = await start()
    using _ = server.intercept("cache.test:6379")
    const redis = new Redis({ host: "cache.test", port: 6379 })
    await redis.set("a", "1")
    expect(await server.call("GET", "a")).toBe("1")
    redis.disconnect()
  })

  it("takes those of node-redis, which looks the host up first", async () => {
    const server = await start()
    using _ = server.intercept("cache.test:6379")
    const client = await createClient({ url: "redis://cache.test:6379" }).connect()
    expect(await client.set("a", "1")).toBe("OK")
    expect(await server.call("GET", "a")).toBe("1")
    client.destroy()
  })

  it("until waits for clients, and says in vain what there is", async () => {
    const server = await start()
    const redis = ioredis(server)
    await server.until({ clients: 1 })
    const subscriber = ioredis(server)
    void subscriber.subscribe("news")
    await server.until({ subscribed: "news" })
    void redis.blpop("l", 0).catch(() => {})
    await server.until({ blocked: 1 })
    await expect(server.until({ blocked: 2 }, 5)).rejects.toThrow("2 clients, 1 blocked")
  })
})
