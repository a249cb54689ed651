/** maxmemory counts data and what clients hold, to the byte; neither garbage of the runtime nor replication buffers. */
import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { encodeCommand, type RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { untilTrue } from "../support/Patience.js"

let redix: TestRedix
let client: RawClient
beforeEach(async () => {
  redix = await startRedix()
  client = await redix.connect()
})
afterEach(async () => {
  client.close()
  await redix.stop()
})

const OOM = "-OOM command not allowed when used memory > 'maxmemory'.\r\n"
const MB = 1024 * 1024

const field = async (name: string): Promise<number> => {
  const info = await client.text("INFO", "memory")
  const value = new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1]
  if (value === undefined) throw new Error(`INFO has no ${name}`)
  return Number(value)
}

const counted = async (): Promise<number> =>
  (await field("used_memory")) - (await field("mem_not_counted_for_evict"))

it("10 MB hold 10 MB of data", async () => {
  await client.command("CONFIG", "SET", "maxmemory", "10mb")
  expect(await client.text("SET", "first", "v")).toBe("+OK\r\n")
  const value = Buffer.alloc(1000, "v")
  let keys = 0
  while ((await client.text("SET", `key${keys}`, value)) === "+OK\r\n") keys++
  expect(keys).toBeGreaterThan(8000)
  const used = await counted()
  expect(used).toBeGreaterThan(10 * MB)
  expect(used).toBeLessThan(10 * MB + 65_536)
  expect(await client.text("SET", "another", "v")).toBe(OOM)
  expect(
    await client.text("DEL", "key0", "key1", "key2", ...Array.from({ length: 99 }, (_, i) => `key${i + 3}`)),
  ).toBe(":102\r\n")
  expect(await client.text("SET", "another", "v")).toBe("+OK\r\n")
})

it("used_memory of an idle server stands still, whatever garbage there is", async () => {
  const used = await field("used_memory")
  const heap = await field("mem_runtime_heap")
  const garbage: Array<ReadonlyArray<number>> = []
  while ((await field("mem_runtime_heap")) < heap + 8 * MB) {
    garbage.push(Array.from({ length: 100_000 }, (_, i) => i + 0.5))
    expect(await field("used_memory")).toBe(used)
  }
  await client.command("CONFIG", "SET", "maxmemory", String(used + 20_000))
  for (let i = 0; i < 800; i++) {
    const short = await redix.connect()
    expect(await short.text("PING")).toBe("+PONG\r\n")
    short.close()
    await untilTrue(() => redix.engine.sessions.size === 1)
  }
  expect(await client.text("SET", "k", "v")).toBe("+OK\r\n")
  await client.command("DEL", "k")
  expect(await field("used_memory")).toBe(used)
})

const HOLD: ReadonlyArray<readonly [what: string, hold: (other: RawClient) => Promise<unknown>]> = [
  [
    "input",
    async (other) =>
      other.sendRaw(Buffer.concat([Buffer.from("*2\r\n$3\r\nGET\r\n$3000000\r\n"), Buffer.alloc(2 * MB)])),
  ],
  [
    "input behind a command that waits",
    async (other) => {
      other.sendRaw("BLPOP nothing 0\r\n")
      await untilTrue(() =>
        [...redix.engine.sessions.values()].some((session) => session.blocked !== undefined),
      )
      other.sendRaw(Buffer.from("PING\r\n".repeat(400_000)))
    },
  ],
  [
    "command that waits",
    async (other) => {
      for (let i = 0; i < 20; i++) {
        const waiting = i === 0 ? other : await redix.connect()
        waiting.sendRaw(encodeCommand(["BLPOP", Buffer.alloc(60_000, i), "0"]))
      }
    },
  ],
  [
    "output",
    async (other) => {
      other.socket.pause()
      other.sendRaw("GET large\r\n".repeat(20))
    },
  ],
  [
    "queued commands",
    async (other) => {
      await other.command("MULTI")
      for (let i = 0; i < 20; i++) await other.command("ECHO", Buffer.alloc(100_000))
    },
  ],
  [
    "subscriptions",
    async (other) => {
      for (let i = 0; i < 20; i++) await other.command("SUBSCRIBE", String(i).padEnd(100_000, "."))
    },
  ],
  [
    "watched keys",
    async (other) => {
      for (let i = 0; i < 20; i++) await other.command("WATCH", String(i).padEnd(100_000, "."))
    },
  ],
]

it.each(HOLD)("counts a client's %s, and no more when it has gone", async (_, hold) => {
  await client.command("SET", "large", Buffer.alloc(MB))
  const before = await field("used_memory")
  const other = await redix.connect()
  await hold(other)
  await client.command("CONFIG", "SET", "maxmemory", String(before + 1_000_000))
  await untilTrue(() => redix.engine.clientMemory.countedBytes > 1_000_000)
  expect(await client.text("SET", "k", "v")).toBe(OOM)
  expect(await field("used_memory")).toBeGreaterThan(before + 1_000_000)
  expect(await client.text("CLIENT", "KILL", "SKIPME", "yes")).not.toBe(":0\r\n")
  expect(await field("used_memory")).toBe(before)
  expect(await client.text("SET", "k", "v")).toBe("+OK\r\n")
  other.close()
})

it("a command that has run counts no more for those behind it", async () => {
  await client.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
  for (const key of ["a", "b"]) await client.command("SET", key, Buffer.alloc(500_000))
  await client.command("CONFIG", "SET", "maxmemory", String((await field("used_memory")) + 400_000))
  const behind = [
    ["SET", "k", "v"],
    ["EXISTS", "a", "b", "new", "k"],
  ]
  const replies = await client.pipeline([["SET", "new", Buffer.alloc(500_000)], ...behind])
  expect(replies.map(String)).toEqual(["+OK\r\n", "+OK\r\n", ":3\r\n"])
})

it("does not count replication buffers", async () => {
  const replica = await redix.connect()
  replica.socket.pause()
  replica.sendRaw("PSYNC ? -1\r\n")
  await untilTrue(() => [...redix.engine.sessions.values()].some((session) => session.kind === "replica"))
  const before = await counted()
  await client.command("CONFIG", "SET", "maxmemory", String(before + 200_000))
  const value = Buffer.alloc(40_000, "v")
  // As much as the kernel takes for a peer that does not read is no buffer of the server's.
  let writes = 0
  while ((await field("mem_clients_slaves")) < 2 * MB) {
    expect(await client.text("SET", "k", value)).toBe("+OK\r\n")
    expect(++writes, "a kernel takes no 100 MB").toBeLessThan(10_000)
  }
  expect(await field("mem_not_counted_for_evict")).toBeGreaterThan(3 * MB)
  expect(await field("mem_replication_backlog")).toBe(MB)
  expect(await counted()).toBeLessThan(before + 100_000)
  replica.close()
})

it("where the machine has no more memory, nothing is begun that cannot be ended", async () => {
  const { arena } = redix.engine.keyspace
  const { shared } = arena
  // More than the first chunk has: what is left beside the reserve lets each key begin.
  expect(await client.text("SETRANGE", "room", String(3 * MB), "x")).toBe(`:${3 * MB + 1}\r\n`)
  expect(await client.text("DEL", "room")).toBe(":1\r\n")
  const take = vi.spyOn(shared, "take").mockReturnValue(undefined)
  const member = (i: number): string => `${i}:`.padEnd(900, "m")
  let refused = 0
  for (let i = 0; refused < 200; i++) {
    expect(i, "some 8 MB are enough").toBeLessThan(20_000)
    const writes = [
      ["SADD", `set${i % 7}`, member(i), member(-i)],
      ["HSET", `hash${i % 7}`, member(i), member(-i)],
      ["ZADD", `zset${i % 7}`, String(i), member(i)],
      ["XADD", `stream${i % 7}`, "*", "f", member(i)],
      ["RPUSH", `list${i}`, member(i)],
      ...(i % 5 === 0 ? [["SUNIONSTORE", "all", "set1", "set2", `set${i % 7}`]] : []),
      ["EVAL", "return redis.call('SET', KEYS[1], ARGV[1])", "1", `string${i}`, member(i)],
    ]
    for (const reply of await client.pipeline(writes)) if (reply.toString().includes("OOM")) refused++
  }
  expect(await client.text("SET", "k", "v")).toBe(OOM)
  expect(await client.text("DEBUG", "CHECK-INVARIANTS")).toBe("+OK\r\n")
  take.mockRestore()
  expect(await client.text("UNLINK", ...Array.from({ length: 7 }, (_, i) => `set${i}`))).toBe(":7\r\n")
  expect(await client.text("DEL", ...Array.from({ length: 7 }, (_, i) => `zset${i}`), "all")).toBe(":8\r\n")
  expect(await client.text("SET", "k", "v")).toBe("+OK\r\n")
})
