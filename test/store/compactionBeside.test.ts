/** Blocks move beside everything that goes on for longer than a command: nobody who holds to a key notices. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import type { Engine } from "../../src/engine/Engine.js"
import type { Arena } from "../../src/memory/Arena.js"
import { Compaction } from "../../src/store/compaction/Compaction.js"
import { hearMessages } from "../support/Local.js"
import type { RawClient } from "../support/RawClient.js"
import { Random } from "../support/Random.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

let dir: string
let redix: TestRedix
let client: RawClient
beforeEach(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-compaction-"))
  redix = await startRedix({}, { dir, "busy-reply-threshold": "1" })
  client = await redix.connect()
})
afterEach(async () => {
  client.close()
  await redix.stop()
  fs.rmSync(dir, { recursive: true })
})

const allChunks = (arena: Arena): ReadonlyArray<number> =>
  arena.u8.flatMap(({ length }, i) => (length > 0 && !arena.isHuge(i) && arena.leaving[i] === 0 ? [i] : []))

/** Has every block move that can; answers how many did. */
const moveAll = (engine: Engine): number => {
  const compaction = new Compaction(engine.keyspace)
  compaction.begin(allChunks(engine.keyspace.arena))
  while (compaction.running) compaction.step(100)
  engine.checkInvariants()
  return compaction.relocation.moved
}

/** Moves some blocks in each turn of the event loop until a condition holds; answers how many. */
const moveUntil = async (engine: Engine, condition: () => boolean): Promise<number> => {
  const { keyspace } = engine
  const compaction = new Compaction(keyspace)
  const end = performance.now() + 60_000
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not so after 60 s: ${String(condition)}`)
    if (!compaction.running && keyspace.arena.snapshot === undefined)
      compaction.begin(allChunks(keyspace.arena))
    compaction.step(200)
    await new Promise((resolve) => setImmediate(resolve))
  }
  compaction.end()
  engine.checkInvariants()
  return compaction.relocation.moved
}

const range = (n: number, f: (i: number) => string): ReadonlyArray<string> =>
  Array.from({ length: n }, (_, i) => f(i))

const fill = async (): Promise<void> => {
  const words: ReadonlyArray<ReadonlyArray<string>> = [
    ["RPUSH", "list", ...range(3000, (i) => `element ${i}`)],
    ["SADD", "set", ...range(3000, (i) => `member ${i}`)],
    ["HSET", "hash", ...range(3000, (i) => `${i}`)],
    ["ZADD", "zset", ...range(3000, (i) => `${i}`)],
    ...range(500, (i) => `${i + 1}-1`).map((id) => ["XADD", "stream", id, "f", id]),
    ["XGROUP", "CREATE", "stream", "g", "0"],
    ["SET", "long", "x".repeat(5000)],
    ["DEBUG", "POPULATE", "3000", "key", "60"],
  ]
  for (const reply of await client.pipeline(words)) expect(reply.toString()).not.toMatch(/^-/)
}

const reply = async (...words: ReadonlyArray<string>): Promise<string> => client.text(...words)

it("a full sync goes on and a replica has the same data", async () => {
  await fill()
  const replica = await startRedix()
  const other = await replica.connect()
  expect(await other.text("REPLICAOF", "127.0.0.1", String(redix.port))).toBe("+OK\r\n")
  let n = 0
  const up = (): boolean => {
    client.sendRaw(`SET during:${n} ${n}\r\nLPUSH list ${n++}\r\n`)
    return replica.replication.replica.phase === "connected"
  }
  expect(await moveUntil(redix.engine, up)).toBeGreaterThan(1000)
  await client.readReplies(2 * n)
  expect(await reply("WAIT", "1", "0")).toBe(":1\r\n")
  expect(moveAll(replica.engine)).toBeGreaterThan(1000)
  expect(await other.text("DEBUG", "DIGEST")).toBe(await reply("DEBUG", "DIGEST"))
  other.close()
  await replica.stop()
})

it("a save holds what was there when it began", async () => {
  await fill()
  const digest = await reply("DEBUG", "DIGEST")
  moveAll(redix.engine)
  expect(await reply("BGSAVE")).toBe("+Background saving started\r\n")
  expect(redix.engine.keyspace.arena.snapshot).toBeDefined()
  await client.pipeline(range(500, String).map((i) => ["SET", `key:${i}`, "another"]))
  const saved = (): boolean => redix.persistence.state.save === undefined
  expect(await moveUntil(redix.engine, saved)).toBeGreaterThanOrEqual(0)
  expect(moveAll(redix.engine)).toBeGreaterThan(1000)
  const now = await reply("DEBUG", "DIGEST")
  expect(now).not.toBe(digest)
  expect(await reply("DEBUG", "RELOAD", "NOSAVE")).toBe("+OK\r\n")
  expect(await reply("DEBUG", "DIGEST")).toBe(digest)
})

it("a rewritten append-only file holds what there is", async () => {
  await fill()
  expect(await reply("CONFIG", "SET", "appendonly", "yes")).toBe("+OK\r\n")
  let n = 0
  const rewritten = (): boolean => {
    client.sendRaw(`SET during:${n} ${n}\r\nLPUSH list ${n++}\r\n`)
    return n > 20 && !redix.aof.rewriting
  }
  expect(await moveUntil(redix.engine, rewritten)).toBeGreaterThan(1000)
  await client.readReplies(2 * n)
  const digest = await reply("DEBUG", "DIGEST")
  expect(await reply("DEBUG", "LOADAOF")).toBe("+OK\r\n")
  expect(await reply("DEBUG", "DIGEST")).toBe(digest)
})

it.each([
  ["BLPOP", ["BLPOP", "queue", "0"], ["RPUSH", "queue", "a"], "*2\r\n$5\r\nqueue\r\n$1\r\na\r\n"],
  [
    "BZPOPMIN",
    ["BZPOPMIN", "ranks", "0"],
    ["ZADD", "ranks", "1", "a"],
    "*3\r\n$5\r\nranks\r\n$1\r\na\r\n$1\r\n1\r\n",
  ],
  ["BLMOVE", ["BLMOVE", "queue", "list", "LEFT", "LEFT", "0"], ["RPUSH", "queue", "a"], "$1\r\na\r\n"],
  [
    "XREAD",
    ["XREAD", "BLOCK", "0", "STREAMS", "stream", "$"],
    ["XADD", "stream", "1000-1", "f", "v"],
    "*1\r\n*2\r\n$6\r\nstream\r\n*1\r\n*2\r\n$6\r\n1000-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n",
  ],
  [
    "XREADGROUP",
    ["XREADGROUP", "GROUP", "late", "c", "BLOCK", "0", "STREAMS", "stream", ">"],
    ["XADD", "stream", "1000-1", "f", "v"],
    "*1\r\n*2\r\n$6\r\nstream\r\n*1\r\n*2\r\n$6\r\n1000-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n",
  ],
])("who waits by %s is woken", async (_, waits, wakes, expected) => {
  await fill()
  expect(await reply("XGROUP", "CREATE", "stream", "late", "$")).toBe("+OK\r\n")
  const waiting = await redix.connect()
  const woken = waiting.text(...waits)
  while (redix.engine.blocking.count === 0) await new Promise((resolve) => setImmediate(resolve))
  expect(moveAll(redix.engine)).toBeGreaterThan(1000)
  await client.command(...wakes)
  expect(await woken).toBe(expected)
  waiting.close()
})

it("a script that is suspended goes on with what it has read", async () => {
  await fill()
  const script = `
    local before = redis.call("LRANGE", "list", 0, -1)
    redis.call("SADD", "set", "of the script")
    local rounds = 0
    while redis.call("EXISTS", "long") == 1 and rounds < tonumber(ARGV[1]) do
      for i = 1, 1000 do rounds = rounds + 1 end
    end
    local after = redis.call("LRANGE", "list", 0, -1)
    for i = 1, 3000 do if before[i] ~= after[i] then return i end end
    return redis.call("SISMEMBER", "set", "of the script") + #after + redis.call("SCARD", "set")`
  const done = client.text("EVAL", script, "0", "20000000")
  while (redix.engine.gates.busy === undefined) await new Promise((resolve) => setImmediate(resolve))
  expect(moveAll(redix.engine)).toBeGreaterThan(1000)
  expect(redix.engine.gates.busy).toBeDefined()
  expect(await done).toBe(":6002\r\n")
})

it("a watched key that has moved is no changed key, and one that was changed stays so", async () => {
  await fill()
  const other = await redix.connect()
  await client.command("WATCH", "list", "key:1", "stream")
  expect(moveAll(redix.engine)).toBeGreaterThan(1000)
  await client.pipeline([["MULTI"], ["LLEN", "list"]])
  expect(await reply("EXEC")).toBe("*1\r\n:3000\r\n")
  await client.command("WATCH", "list", "key:1", "stream")
  moveAll(redix.engine)
  await other.command("SET", "key:1", "another")
  moveAll(redix.engine)
  await client.pipeline([["MULTI"], ["LLEN", "list"]])
  expect(await reply("EXEC")).toBe("*-1\r\n")
  other.close()
})

it("whoever keeps a copy, or watches all commands, is told as before", async () => {
  await fill()
  const reader = await redix.connect()
  const monitor = await redix.connect()
  await reader.pipeline([
    ["HELLO", "3"],
    ["CLIENT", "TRACKING", "ON"],
    ["GET", "key:1"],
    ["LRANGE", "list", "0", "1"],
  ])
  expect(await monitor.text("MONITOR")).toBe("+OK\r\n")
  expect(moveAll(redix.engine)).toBeGreaterThan(1000)
  for (const [key, words] of [
    ["key:1", ["SET", "key:1", "v"]],
    ["list", ["LPUSH", "list", "v"]],
  ] as const) {
    await client.command(...words)
    expect(String(await reader.readPush())).toContain(key)
    expect(String(await monitor.readLine())).toContain(words.map((word) => `"${word}"`).join(" "))
    moveAll(redix.engine)
  }
  reader.close()
  monitor.close()
})

it.each([
  ["allkeys-lru", "IDLETIME", (i: number) => i * 100],
  ["allkeys-lfu", "FREQ", (i: number) => 255 - i],
] as const)("under %s the same keys go in the same order", async (policy, option, value) => {
  const r = Random.forTest(`victims after compaction under ${policy}`)
  await client.command("CONFIG", "SET", "maxmemory-policy", policy)
  await client.command("CONFIG", "SET", "maxmemory-samples", "64", "notify-keyspace-events", "Ee")
  // Random bytes do not pack.
  await client.command("SET", "source", r.bytes(2000))
  const dumped = await client.command("DUMP", "source")
  const payload = dumped.subarray(dumped.indexOf("\r\n") + 2, -2)
  await client.command("DEL", "source")
  const order: Array<string> = []
  for (let i = 0; i < 60; i++) order.splice(r.below(order.length + 1), 0, `${i}`)
  for (const i of order) {
    const restored = client.text("RESTORE", i, "0", payload, option, String(value(Number(i))))
    expect(await restored).toBe("+OK\r\n")
  }
  expect(moveAll(redix.engine)).toBeGreaterThan(100)
  const evicted: Array<string> = []
  const stop = hearMessages(redix.engine, (channel, message) => {
    if (channel === "__keyevent@0__:evicted") evicted.push(message)
  })
  const { memoryLimit } = redix.engine
  const used = memoryLimit.used
  await client.command(
    "CONFIG",
    "SET",
    "maxmemory-eviction-tenacity",
    "100",
    "maxmemory",
    String(used - 40_000),
  )
  await client.command("PING")
  stop()
  expect(evicted.length).toBeGreaterThan(10)
  expect(evicted).toEqual(range(evicted.length, (i) => String(59 - i)))
})
