/** What a defect in the work behind replication leads to: it is logged, and what it served ends or begins anew. */
import * as net from "node:net"
import { afterEach, expect, it, vi } from "vitest"
import { ArenaFullError } from "../../src/memory/Arena.js"
import { entryBytes, EXTRA_PLAIN } from "../../src/store/Entry.js"
import type { Engine } from "../../src/engine/Engine.js"
import { until } from "../support/Nodes.js"
import type { Argument, RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

interface Started extends TestRedix {
  readonly client: RawClient
  readonly lines: Array<string>
}

const started: Started[] = []

afterEach(async () => {
  vi.restoreAllMocks()
  for (const { stop } of started.splice(0).toReversed()) await stop()
})

const start = async (): Promise<Started> => {
  const lines: string[] = []
  const redix = await startRedix({}, { "repl-diskless-sync-delay": 0 }, lines)
  const server = { ...redix, client: await redix.connect(), lines }
  started.push(server)
  return server
}

const field = async ({ client }: Started, name: string): Promise<string> =>
  new RegExp(`${name}:(.*)\r`).exec(await client.text("INFO", "everything"))?.[1] ?? ""

const untilLogged = ({ lines }: Started, text: string): Promise<void> =>
  until(
    () => lines.some((line) => line.includes(text)),
    () => `"${text}" in the log:\n${lines.join("\n")}`,
  )

const pair = async (): Promise<readonly [Started, Started]> => {
  const master = await start()
  const replica = await start()
  await replica.client.command("REPLICAOF", "127.0.0.1", master.port)
  await up(replica)
  await untilSame(master, replica)
  return [master, replica]
}

const up = (replica: Started): Promise<void> =>
  until(
    async () => (await field(replica, "master_link_status")) === "up",
    () => `the link is up\n${replica.lines.join("\n")}`,
  )

const untilSame = (master: Started, replica: Started): Promise<void> =>
  until(
    async () => {
      // What it held before may have been the same; the full sync that is counted already is to be over.
      if ((await field(replica, "master_link_status")) !== "up") return false
      const [a, b] = [
        await master.client.text("DEBUG", "DIGEST"),
        await replica.client.text("DEBUG", "DIGEST"),
      ]
      return a === b && (await field(master, "slave0")).includes("state=online")
    },
    () => `master and replica hold the same\n${master.lines.join("\n")}\n--\n${replica.lines.join("\n")}`,
  )

/** The command throws once, `when` it is its turn. */
const breakOnce = (
  engine: Engine,
  name: string,
  when: (fromMaster: boolean) => boolean,
  error: Error,
): void => {
  const command = engine.dispatcher.table.byName(name)
  if (command === undefined) throw new Error(`no command ${name}`)
  const { handler } = command
  let done = false
  vi.spyOn(command, "handler").mockImplementation((c) => {
    if (done || !when(c.fromMaster)) return handler(c)
    done = true
    throw error
  })
}

it("a socket that takes everything is sent everything, in turns", async () => {
  const [master] = await pair()
  const { log } = master.replication
  let taken = 0
  const write = net.Socket.prototype._write
  vi.spyOn(net.Socket.prototype, "_write").mockImplementation(function (
    this: net.Socket,
    chunk,
    encoding,
    done,
  ) {
    if (chunk.length < 16_384) return write.call(this, chunk, encoding, done)
    taken += chunk.length
    done()
  })
  const value = Buffer.alloc(65_536, "x")
  const before = log.offset
  for (let i = 0; i < 4000; i++) log.append(0, ["SET", "k", value])
  await until(
    () => taken >= log.offset - before - 16_384,
    () => `${log.offset - before} bytes are taken, not ${taken}`,
  )
})

it("a write that throws ends its connection, and the log tells of it", async () => {
  const server = await start()
  const other = await server.connect()
  const write = net.Socket.prototype._write
  vi.spyOn(net.Socket.prototype, "_write").mockImplementation(function (
    this: net.Socket,
    chunk,
    encoding,
    done,
  ) {
    if (Buffer.from(chunk).toString("latin1").startsWith("$6\r\nspoilt"))
      throw new RangeError("a write that threw")
    return write.call(this, chunk, encoding, done)
  })
  await expect(other.text("ECHO", "spoilt")).rejects.toThrow(/closed/)
  expect(await server.client.text("PING")).toContain("PONG")
  await untilLogged(server, "a write that threw")
  await until(
    async () => (await field(server, "connected_clients")) === "1",
    () => "the client is gone",
  )
})

it("a defect while the stream is applied asks for a snapshot", async () => {
  const [master, replica] = await pair()
  breakOnce(replica.engine, "set", (fromMaster) => fromMaster, new Error("a bug in a handler"))
  await master.client.command("SET", "a", 1)
  await untilLogged(replica, "a bug in a handler")
  await master.client.command("SET", "b", 2)
  await up(replica)
  await untilSame(master, replica)
  expect(await replica.client.text("MGET", "a", "b")).toBe(await master.client.text("MGET", "a", "b"))
  await untilSynced(master, "2")
})

it("a defect in the cron is logged, and the next turn comes", async () => {
  const server = await start()
  let thrown = false
  const cron = (): number => {
    if (thrown) return Infinity
    thrown = true
    throw new Error("a bug in the cron")
  }
  server.engine.parts.add({ cron })
  server.engine.stir()
  await untilLogged(server, "a bug in the cron")
  await server.client.command("SET", "k", 1, "PX", 20)
  await until(
    async () => (await field(server, "expired_keys")) === "1",
    () => "the key is deleted by the cron",
  )
})

it("a full sync that dies is logged and begins anew", async () => {
  const master = await start()
  const replica = await start()
  const { arena } = master.engine.keyspace
  const open = arena.openSnapshot.bind(arena)
  let thrown = false
  vi.spyOn(arena, "openSnapshot").mockImplementation(() => {
    if (thrown) return open()
    thrown = true
    throw new Error("no snapshot today")
  })
  await master.client.command("SET", "a", 1)
  await replica.client.command("REPLICAOF", "127.0.0.1", master.port)
  await up(replica)
  await untilSame(master, replica)
  await untilLogged(master, "no snapshot today")
})

const untilSynced = (master: Started, times: string): Promise<void> =>
  until(
    async () => (await field(master, "sync_full")) === times,
    () => `${times} full syncs\n${master.lines.join("\n")}`,
  )

const half = async (
  master: Started,
  replica: Started,
  commands: ReadonlyArray<ReadonlyArray<Argument>>,
  allocations: number,
): Promise<ReadonlyArray<string>> => {
  const { arena } = master.engine.keyspace
  const alloc = arena.alloc.bind(arena)
  let left = allocations
  const spy = vi.spyOn(arena, "alloc").mockImplementation((bytes) => {
    if (--left < 0) throw new ArenaFullError(bytes)
    return alloc(bytes)
  })
  const replies: string[] = []
  for (const words of commands) replies.push(await master.client.text(...words))
  spy.mockRestore()
  await up(replica)
  await untilSame(master, replica)
  return replies
}

const large = Array.from({ length: 40 }, (_, i) => "x".repeat(3000) + i)

it("a write that runs out of memory half way ends the history", async () => {
  const [master, replica] = await pair()
  await master.client.command("RPUSH", "l", "a")
  await untilSame(master, replica)
  await master.client.command("WATCH", "l")
  const [reply] = await half(master, replica, [["RPUSH", "l", ...large]], 3)
  expect(reply).toContain("OOM")
  await untilSynced(master, "2")
  await untilLogged(master, "The command 'rpush' was broken off half way")
  await master.client.command("MULTI")
  expect((await master.client.command("EXEC")).toString()).toBe("*-1\r\n")
})

it("a new list that cannot be filled is no key", async () => {
  const [master, replica] = await pair()
  await master.client.command("RPUSH", "from", "x".repeat(5000))
  for (const words of [
    ["RPUSH", "to", ...large],
    ["LMOVE", "from", "to", "LEFT", "LEFT"],
  ])
    for (let allocations = 0; allocations < 3; allocations++) {
      const [reply] = await half(master, replica, [words], allocations)
      expect(reply).toContain("OOM")
      expect(await master.client.text("EXISTS", "to")).toBe(":0\r\n")
      expect(await master.client.text("LLEN", "from")).toBe(":1\r\n")
    }
})

it("a new value whose key finds no memory leaves no block behind", async () => {
  const { client, engine } = await start()
  await client.command("RPUSH", "from", "x".repeat(5000))
  await client.command("SADD", "s", "a", "b")
  await client.command("SET", "old", "v")
  for (const words of [
    ["SET", "old", "x".repeat(5000)],
    ["SETRANGE", "old", 5000, "x"],
    ["SUNIONSTORE", "old", "s"],
    ["RPUSH", "to", "a"],
    ["LMOVE", "from", "to", "LEFT", "LEFT"],
    ["HSET", "to", "a", 1],
    ["SADD", "to", "a"],
    ["SUNIONSTORE", "to", "s"],
    ["ZADD", "to", 1, "a"],
    ["XADD", "to", "*", "f", "v"],
    ["SET", "to", "x".repeat(5000)],
    ["SETRANGE", "to", 5000, "x"],
  ]) {
    const { arena } = engine.keyspace
    const alloc = arena.alloc.bind(arena)
    // The block of an entry with this key and nothing else in it is the smallest of all that these make.
    const entry = entryBytes(EXTRA_PLAIN, String(words[1]).length, 0)
    let refused = 0
    const spy = vi.spyOn(arena, "alloc").mockImplementation((bytes) => {
      if (bytes !== entry) return alloc(bytes)
      refused++
      throw new ArenaFullError(bytes)
    })
    const reply = await client.text(...words)
    spy.mockRestore()
    expect([words[0], refused, reply.slice(0, 4)]).toEqual([words[0], 1, "-OOM"])
    expect(await client.text("EXISTS", "to")).toBe(":0\r\n")
    expect(await client.text("GET", "old")).toBe("$1\r\nv\r\n")
    expect([words[0], await client.text("DEBUG", "CHECK-INVARIANTS")]).toEqual([words[0], "+OK\r\n"])
  }
})

it("so does one inside of a transaction", async () => {
  const [master, replica] = await pair()
  await half(
    master,
    replica,
    [["MULTI"], ["SET", "a", 1], ["RPUSH", "l", "a"], ["RPUSH", "l", ...large], ["EXEC"]],
    6,
  )
  await untilSynced(master, "2")
})

it("so does one in the service of a client that waits, which is cut off", async () => {
  const [master, replica] = await pair()
  const { engine, client } = master
  const waiter = await master.connect()
  const id = Number(/\d+/.exec(await waiter.text("CLIENT", "ID"))?.[0])
  const moved = waiter.text("BLMOVE", "from", "to", "LEFT", "LEFT", 0)
  const cut = expect(moved).rejects.toThrow(/closed/)
  await until(
    async () => (await field(master, "blocked_clients")) === "1",
    () => "the client waits",
  )
  const { arena } = engine.keyspace
  const alloc = arena.alloc.bind(arena)
  const spy = vi.spyOn(arena, "alloc").mockImplementation((bytes) => {
    if (engine.context.session.id === id) throw new ArenaFullError(bytes)
    return alloc(bytes)
  })
  await client.text("RPUSH", "from", "a")
  await cut
  spy.mockRestore()
  expect(await field(master, "blocked_clients")).toBe("0")
  expect(await client.text("RPUSH", "from", "b")).toMatch(/^:/)
  await untilSynced(master, "2")
  await untilSame(master, replica)
})

it("one that runs out of memory before its first change does not", async () => {
  const [master, replica] = await pair()
  const [reply] = await half(master, replica, [["SET", "k", "x".repeat(100_000)]], 0)
  expect(reply).toContain("OOM")
  expect(await field(master, "sync_full")).toBe("1")
})

it("a write that throws, or cannot be logged, ends the history, too", async () => {
  const [master, replica] = await pair()
  breakOnce(master.engine, "set", () => true, new Error("a bug in a handler"))
  await expect(master.client.text("SET", "a", 1)).rejects.toThrow(/closed/)
  const second = { ...master, client: await master.connect() }
  await untilSynced(second, "2")
  await untilSame(second, replica)
  const { log } = master.replication
  const append = log.take.bind(log)
  let thrown = false
  vi.spyOn(log, "take").mockImplementation((...args) => {
    if (thrown) return append(...args)
    thrown = true
    throw new RangeError("no memory for the log")
  })
  await expect(second.client.text("SET", "b", 2)).rejects.toThrow(/closed/)
  const third = { ...master, client: await master.connect() }
  await untilSynced(third, "3")
  await untilSame(third, replica)
  expect(await replica.client.text("GET", "b")).toBe(await third.client.text("GET", "b"))
})
