/** Which keys go when memory is short, what is heard of it, and what is refused: compared with redis-server. */
import { afterAll, beforeAll, expect, it } from "vitest"
import { policies } from "../../src/store/eviction/Policy.js"
import { approximately, differential, ignored, type StepLike } from "../support/Differential.js"
import { describeOracle, OracleServer } from "../support/Oracle.js"
import type { RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { parseReply } from "../support/RespFrames.js"
import { type CommandStep, compareScript, type ScriptStep, usualMask } from "../support/Script.js"
import { StreamTap } from "../support/StreamTap.js"
import { until } from "../support/Nodes.js"

/** A string as redis-server dumps it. */
let payload: Buffer

const POLICIES = Object.keys(policies)

/** One byte: whatever may go goes, in an order that is the policy's alone where all keys are looked at. */
const limited = (policy: string): ReadonlyArray<CommandStep> => [
  ["a", "CONFIG", "SET", "maxmemory-policy", policy, "maxmemory-samples", "64"],
  ["a", "CONFIG", "SET", "maxmemory-eviction-tenacity", "100", "maxmemory", "1"],
]

const used = (key: string, ttl: number, ...use: ReadonlyArray<string>): CommandStep => [
  "a",
  "RESTORE",
  key,
  String(ttl),
  payload,
  ...use,
]

const listening: ReadonlyArray<CommandStep> = [
  ["a", "CONFIG", "SET", "notify-keyspace-events", "KEA"],
  ["s", "PSUBSCRIBE", "__key*__:*"],
]

const NINE = [3, 9, 1, 7, 5, 2, 8, 4, 6]

/** Keys in two databases, for each policy something to tell them apart by; those of odd number have a time to live. */
const keys = (policy: string): ReadonlyArray<CommandStep> => {
  const use = (n: number): ReadonlyArray<string> => {
    if (policy.endsWith("lru")) return ["IDLETIME", String(n * 100)]
    return policy.endsWith("lfu") ? ["FREQ", String(10 * n)] : []
  }
  return [
    ["a", "CONFIG", "SET", "maxmemory-policy", policy],
    ...NINE.flatMap((n): ReadonlyArray<CommandStep> => [
      ["a", "SELECT", String(n % 3)],
      used(`key${n}`, n % 2 === 1 ? n * 100_000 : 0, ...use(n)),
    ]),
    ["a", "SELECT", "0"],
  ]
}

const REFUSED: ReadonlyArray<CommandStep> = [
  ["a", "SET", "new", "v"],
  ["a", "GET", "new"],
  ["a", "DEL", "new"],
  ["a", "PUBLISH", "channel", "message"],
  ["a", "EVAL", "return redis.call('SET', 'new', 'v')", "0"],
  ["a", "EVAL", "redis.call('DEL', 'new') return redis.call('SET', 'new', 'v')", "0"],
  ["a", "EVAL", "return redis.pcall('SET', 'new', 'v').err", "0"],
  ["a", "EVAL", "return redis.call('GET', 'new')", "0"],
  ["a", "EVAL", "#!lua\nreturn 1", "0"],
  ["a", "EVAL", "#!lua flags=no-writes\nreturn 2", "0"],
  ["a", "EVAL", "#!lua flags=allow-oom\nreturn redis.call('SET', 'more', 'v')", "0"],
  ["a", "MULTI"],
  ["a", "GET", "more"],
  ["a", "EXEC"],
  ["b", "MULTI"],
  ["b", "EXEC"],
  ["b", "MULTI"],
  ["b", "DISCARD"],
  ["a", "LPUSH", "list", "x"],
  ["a", "LPOP", "list"],
  ["a", "PING"],
]

/** What KEYS answers, in the order of the names. */
const KEYS = /(?:\$4\r\nkey\d\r\n){2,}/g
const inOrder = (list: string): string =>
  list
    .split(/(?<=\n)(?=\$)/)
    .sort()
    .join("")

describeOracle("eviction", () => {
  let oracle: OracleServer
  let redix: TestRedix
  beforeAll(async () => {
    oracle = await OracleServer.start({ tcp: true })
    redix = await startRedix()
    const client = await oracle.connect()
    await client.command("SET", "k", "a string")
    payload = parseReply(await client.command("DUMP", "k")).payload
    client.close()
  })
  afterAll(async () => {
    await redix.stop()
    await oracle.stop()
  })

  const fresh = async (): Promise<readonly [RawClient, RawClient]> => {
    const both = [await oracle.connect(), await redix.connect()] as const
    for (const client of both)
      await client.pipeline([
        ["CONFIG", "SET", "maxmemory", "0", "maxmemory-policy", "noeviction", "notify-keyspace-events", ""],
        ["CONFIG", "SET", "lfu-log-factor", "10", "lfu-decay-time", "1", "lazyfree-lazy-eviction", "no"],
        ["FLUSHALL"],
        ["CONFIG", "RESETSTAT"],
      ])
    return both
  }
  const compared = async (steps: ReadonlyArray<ScriptStep>): Promise<void> => {
    for (const client of await fresh()) client.close()
    await compareScript(oracle, redix, steps, (bytes) => usualMask(bytes).replaceAll(KEYS, inOrder))
  }

  it.each(POLICIES)("%s: the keys that go, in their order, and what is heard", async (policy) => {
    const chance = policy.endsWith("random")
    await compared([
      ...keys(policy),
      ...(chance ? [] : listening),
      ...limited(policy),
      ["a", "DBSIZE"],
      ...["0", "1", "2", "0"].flatMap((db): ReadonlyArray<CommandStep> => [
        ["a", "SELECT", db],
        ["a", "KEYS", "key?"],
      ]),
      ...REFUSED,
      ["a", "CONFIG", "SET", "maxmemory", "0"],
      ["a", "SET", "new", "v"],
    ])
  })

  it.each(POLICIES)("%s: OBJECT FREQ and IDLETIME", async (policy) => {
    const [left, right] = await fresh()
    const steps: Array<StepLike> = [
      ["CONFIG", "SET", "maxmemory-policy", policy, "maxmemory", "1gb"],
      ["CONFIG", "SET", "lfu-log-factor", "0", "lfu-decay-time", "0"],
    ]
    const ask = (): number =>
      steps.push(["OBJECT", "FREQ", "k"], approximately(2, ["OBJECT", "IDLETIME", "k"]), [
        "OBJECT",
        "REFCOUNT",
        "k",
      ])
    // Small integers are shared, unless their use is told apart.
    steps.push(["SET", "k", "5"], ["OBJECT", "REFCOUNT", "k"], ["DEL", "k"])
    for (const command of USES) {
      steps.push(ignored(command))
      ask()
    }
    for (const option of [
      ["IDLETIME", "1000"],
      ["FREQ", "100"],
      ["IDLETIME", "0"],
      ["FREQ", "255"],
      // Beyond what the clock's 24 bits tell, in seconds since 1970 and in all.
      ...["5000000", "10000000", "16777215", "16777216", "20000000", "4294967295", "99999999999"].map(
        (idle) => ["IDLETIME", idle],
      ),
    ]) {
      steps.push(["RESTORE", "k", "0", payload, "REPLACE", ...option])
      ask()
      steps.push(["GET", "k"])
      ask()
    }
    await differential({ oracle: left, subject: right, batch: 1 }, steps)
    left.close()
    right.close()
  })

  it.each(["no", "yes"])("the replication stream, lazyfree-lazy-eviction %s", async (lazy) => {
    const both = await fresh()
    const taps = [await StreamTap.attach(oracle.port), await StreamTap.attach(redix.port)] as const
    for (const [i, client] of both.entries()) {
      await client.pipeline([
        ["CONFIG", "SET", "lazyfree-lazy-eviction", lazy],
        ...keys("volatile-ttl").map(([, ...words]) => words),
        ["SADD", "set", "a", "b"],
        ["EXPIRE", "set", "50"],
        ...limited("volatile-ttl").map(([, ...words]) => words),
        ["SET", "new", "v"],
        ["EVAL", "#!lua flags=allow-oom\nreturn redis.call('SET', 'soon', 'v', 'EX', '1000')", "0"],
        ["DEL", "key4"],
        ["CONFIG", "SET", "maxmemory", "0"],
        ["SET", "end", "v"],
      ])
      await until(
        () => taps[i]?.commands.at(-1)?.[1] === "end",
        () => "the stream's end",
      )
    }
    // EXPIRE and RESTORE go with the moment of expiry.
    const text = (tap: StreamTap): string =>
      tap.commands.map((words) => words.join(" ").replaceAll(/\b\d{13}\b/g, "<time>")).join("\n")
    expect(text(taps[1])).toBe(text(taps[0]))
    expect(text(taps[1])).toContain(lazy === "yes" ? "UNLINK key1\n" : "DEL key1\n")
    for (const tap of taps) tap.close()
    for (const client of both) client.close()
  })

  it("a command's own bytes want room, too, before it runs", async () => {
    const both = await fresh()
    const taps = [await StreamTap.attach(oracle.port), await StreamTap.attach(redix.port)] as const
    const large = Buffer.alloc(600_000, "v")
    const heard: Array<string> = []
    for (const [i, client] of both.entries()) {
      await client.pipeline([
        ["CONFIG", "SET", "maxmemory-policy", "volatile-ttl"],
        ["SET", "old", large, "EX", "1000"],
      ])
      const info = await client.text("INFO", "memory")
      const figure = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1])
      const limit = figure("used_memory") - figure("mem_not_counted_for_evict") + 400_000
      await client.command("CONFIG", "SET", "maxmemory", String(limit))
      const replies = [await client.text("SET", "new", large), await client.text("SET", "more", large)]
      await client.pipeline([
        ["CONFIG", "SET", "maxmemory", "0"],
        ["SET", "end", "v"],
      ])
      await until(
        () => taps[i]?.commands.at(-1)?.[1] === "end",
        () => "the stream's end",
      )
      const stream = taps[i]?.commands
        .map(([name, key]) => `${name} ${key}`)
        .filter((line) => !/PING/.test(line))
      heard.push([...replies, ...(stream ?? [])].join("\n"))
    }
    expect(heard[1]).toBe(heard[0])
    expect(heard[1]).toContain("DEL old\nSET new")
    expect(heard[1]).toContain("-OOM")
    for (const tap of taps) tap.close()
    for (const client of both) client.close()
  })

  it("breaks watches, wakes readers of streams, and counts", async () => {
    await compared([
      ["a", "CONFIG", "SET", "maxmemory-policy", "allkeys-lru"],
      ["a", "SET", "watched", "v"],
      ["a", "XADD", "stream", "1-1", "f", "v"],
      ["a", "XGROUP", "CREATE", "stream", "g", "$"],
      ["b", "WATCH", "watched"],
      ["c", "XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "stream", ">"],
      ...limited("allkeys-lru"),
      ["a", "CONFIG", "SET", "maxmemory", "0"],
      ["b", "MULTI"],
      ["b", "PING"],
      ["b", "EXEC"],
      ["a", "DBSIZE"],
    ])
    const counts = await Promise.all(
      [await oracle.connect(), await redix.connect()].map(async (client) => {
        const info = await client.text("INFO", "stats")
        client.close()
        return /evicted_keys:\d+/.exec(info)?.[0]
      }),
    )
    expect(counts).toEqual(["evicted_keys:2", "evicted_keys:2"])
  })

  it("while clients are paused nothing goes and nothing is refused", async () => {
    await compared([
      ["a", "SET", "k", "v"],
      ["a", "CLIENT", "PAUSE", "100000", "WRITE"],
      ...limited("allkeys-lru"),
      ["a", "GET", "k"],
      ["b", "SET", "k2", "v"],
      ["a", "CLIENT", "UNPAUSE"],
      ["a", "GET", "k"],
    ])
  })
})

/** What uses a key, and what does not. */
const USES: ReadonlyArray<ReadonlyArray<string>> = [
  ["SET", "k", "10001"],
  ["GET", "k"],
  ["GET", "k"],
  ["SET", "k", "10002"],
  ["SET", "k", "10003", "GET"],
  ["SET", "k", "10004", "XX"],
  ["SET", "k", "10005", "NX"],
  ["SET", "k", "10006", "EX", "1000"],
  ["SETEX", "k", "1000", "10007"],
  ["SETNX", "k", "10008"],
  ["GETSET", "k", "10009"],
  ["GETEX", "k", "PERSIST"],
  ["INCR", "k"],
  ["APPEND", "k", "1"],
  ["SETRANGE", "k", "0", "2"],
  ["GETRANGE", "k", "0", "1"],
  ["STRLEN", "k"],
  ["MGET", "k", "k"],
  ["MSET", "k", "10001", "k", "10002"],
  ["SETBIT", "k", "1", "1"],
  ["GETBIT", "k", "1"],
  ["BITCOUNT", "k"],
  ["TTL", "k"],
  ["TYPE", "k"],
  ["EXISTS", "k", "k"],
  ["TOUCH", "k"],
  ["TOUCH", "k", "k"],
  ["EXPIRE", "k", "1000"],
  ["PERSIST", "k"],
  ["DUMP", "k"],
  ["RENAME", "k", "other"],
  ["RENAME", "other", "k"],
  ["COPY", "k", "other"],
  ["COPY", "other", "k", "REPLACE"],
  ["DEL", "k"],
  ["RPUSH", "k", "a", "b", "c"],
  ["LRANGE", "k", "0", "-1"],
  ["LINDEX", "k", "0"],
  ["LSET", "k", "0", "x"],
  ["LINSERT", "k", "BEFORE", "b", "y"],
  ["LPUSHX", "k", "z"],
  ["LPOS", "k", "x"],
  ["LREM", "k", "1", "z"],
  ["LTRIM", "k", "0", "10"],
  ["LMOVE", "k", "k", "LEFT", "RIGHT"],
  ["RPOPLPUSH", "k", "k"],
  ["LLEN", "k"],
  ["SORT", "k", "ALPHA"],
  ["SORT", "k", "ALPHA", "STORE", "k"],
  ["DEL", "k"],
  ["SADD", "k", "a", "b"],
  ["SISMEMBER", "k", "a"],
  ["SMEMBERS", "k"],
  ["SINTER", "k", "k"],
  ["SINTERCARD", "2", "k", "k"],
  ["SUNIONSTORE", "k", "k", "k"],
  ["SMOVE", "k", "k", "a"],
  ["SREM", "k", "a"],
  ["SPOP", "k", "0"],
  ["SRANDMEMBER", "k"],
  ["SSCAN", "k", "0"],
  ["DEL", "k"],
  ["HSET", "k", "f", "1"],
  ["HGET", "k", "f"],
  ["HMGET", "k", "f", "g"],
  ["HGETALL", "k"],
  ["HINCRBY", "k", "f", "1"],
  ["HEXISTS", "k", "f"],
  ["HDEL", "k", "g"],
  ["HLEN", "k"],
  ["HRANDFIELD", "k"],
  ["DEL", "k"],
  ["ZADD", "k", "1", "a", "2", "b"],
  ["ZSCORE", "k", "a"],
  ["ZRANGE", "k", "0", "-1"],
  ["ZINCRBY", "k", "1", "a"],
  ["ZRANK", "k", "a"],
  ["ZCARD", "k"],
  ["ZUNIONSTORE", "k", "2", "k", "k"],
  ["ZRANGESTORE", "k", "k", "0", "-1"],
  ["ZDIFF", "2", "k", "none"],
  ["ZREM", "k", "a"],
  ["GEOSEARCH", "k", "FROMLONLAT", "0", "0", "BYRADIUS", "1", "m"],
  ["DEL", "k"],
  ["XADD", "k", "1-1", "f", "v"],
  ["XADD", "k", "1-2", "f", "v"],
  ["XRANGE", "k", "-", "+"],
  ["XLEN", "k"],
  ["XREAD", "STREAMS", "k", "0"],
  ["XGROUP", "CREATE", "k", "g", "0"],
  ["XREADGROUP", "GROUP", "g", "c", "STREAMS", "k", ">"],
  ["XACK", "k", "g", "1-1"],
  ["XPENDING", "k", "g"],
  ["XINFO", "STREAM", "k"],
  ["XTRIM", "k", "MAXLEN", "1"],
  ["XDEL", "k", "1-2"],
  ["DEL", "k"],
  ["PFADD", "k", "a"],
  ["PFCOUNT", "k"],
  ["PFMERGE", "k", "k"],
  ["OBJECT", "ENCODING", "k"],
  ["MEMORY", "USAGE", "k"],
  ["DEBUG", "OBJECT", "k"],
  ["SCAN", "0"],
  ["RANDOMKEY"],
  ["MOVE", "k", "1"],
]
