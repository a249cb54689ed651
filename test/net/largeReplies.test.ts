/** Replies that are large, or that nobody reads: what they cost, when they stop, and what the client limits say. */
import { randomBytes } from "node:crypto"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { encodeCommands, type RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { untilTrue } from "../support/Patience.js"

let redix: TestRedix
beforeEach(async () => {
  redix = await startRedix()
})
afterEach(() => redix.stop())

const MB = 1024 * 1024
const VALUE = "v".repeat(100)

const limitNormal = async (limit: string): Promise<void> => {
  const client = await redix.connect()
  await client.command("CONFIG", "SET", "client-output-buffer-limit", `normal ${limit}`)
  client.close()
}

const NAMES = 12_000

const names = Array.from({ length: NAMES }, (_, i) => `a name that makes much output ${i}`.padEnd(100, "."))

const makers = {
  string: (client) => client.command("SET", "string", randomBytes(3 * MB)),
  list: (client) => client.command("RPUSH", "list", ...names),
  set: (client) => client.command("SADD", "set", ...names),
  hash: (client) => client.command("HSET", "hash", ...names.flatMap((name) => [name, name])),
  zset: (client) => client.command("ZADD", "zset", ...names.flatMap((name, i) => [i, name])),
  geo: (client) => client.command("GEOADD", "geo", ...names.flatMap((name, i) => [i % 180, 10, name])),
  keys: (client) => client.command("MSET", ...names.flatMap((name) => [name, name])),
  stream: (client) => client.pipeline(names.map((name) => ["XADD", "stream", "*", "field", name])),
} satisfies Readonly<Record<string, (client: RawClient) => Promise<unknown>>>

/** Values of 1.2 MB or more by these names, and as many small keys. */
const fill = async (...which: ReadonlyArray<keyof typeof makers>): Promise<void> => {
  const client = await redix.connect()
  for (const name of which) await makers[name](client)
  client.close()
}

describe("a client that does not read", () => {
  it("may write as long a pipeline as it likes before it does", async () => {
    const client = await redix.connect()
    await client.command("SET", "k", VALUE)
    client.socket.pause()
    const reply = `$${VALUE.length}\r\n${VALUE}\r\n`
    const piece = Buffer.from("GET k\r\n".repeat(10_000))
    let written = 0
    const count = 20
    const go = (): void => {
      while (written < count) {
        written++
        if (!client.socket.write(piece)) return void client.socket.once("drain", go)
      }
    }
    go()
    const session = [...redix.engine.sessions.values()].at(-1)
    await untilTrue(() => session?.commandsProcessed === count * 10_000 + 1)
    const pending = session?.control.pendingBytes() ?? 0
    expect(pending).toBeGreaterThan(MB)
    client.socket.resume()
    const replies = await client.readBytes(count * 10_000 * reply.length, 100_000)
    expect(replies.equals(Buffer.from(reply.repeat(count * 10_000)))).toBe(true)
    expect(session?.control.pendingBytes()).toBe(0)
    expect(await client.text("PING")).toBe("+PONG\r\n")
    client.close()
  })

  it("holds little more memory than what waits for it", async () => {
    const [client, other] = [await redix.connect(), await redix.connect()]
    await other.command("SET", "k", Buffer.alloc(1000, "v"))
    client.socket.pause()
    const before = process.memoryUsage().arrayBuffers
    const session = [...redix.engine.sessions.values()][0]
    let sent = 0
    await untilTrue(() => {
      // One small reply a turn: no more than a thousand bytes of each turn's buffer are its own.
      if (sent === session?.commandsProcessed) {
        sent += 100
        client.sendRaw("GET k\r\n".repeat(100))
      }
      return (session?.control.pendingBytes() ?? 0) > 8 * MB
    })
    const held = process.memoryUsage().arrayBuffers - before
    expect(held).toBeLessThan(24 * MB)
    client.close()
    other.close()
  })

  it("gets all its replies before the connection ends, however late it reads", async () => {
    for (const last of ["QUIT\r\n", ""]) {
      const [client, other] = [await redix.connect(), await redix.connect()]
      await other.command("SET", "big", Buffer.alloc(8 * MB, "v"))
      client.socket.pause()
      client.sendRaw(`GET big\r\nGET big\r\nSET ran${last.length} 1\r\n${last}`)
      if (last === "") client.endInput()
      await untilTrue(() => redix.engine.keyspace.database(0).size > 1)
      const session = [...redix.engine.sessions.values()].at(-2)
      await untilTrue(() => session?.commandsProcessed === (last === "" ? 3 : 4))
      // It is still a client, which CLIENT LIST shows and limits end.
      expect(redix.engine.sessions.size).toBe(2)
      client.socket.resume()
      const bytes = await client.readToEnd()
      expect(bytes.length).toBe(2 * (8 * MB + 12) + 5 + (last === "" ? 0 : 5))
      await other.command("FLUSHALL")
      other.close()
    }
  })

  it("is cut off when its pipeline's replies pass the limit, small as they are", async () => {
    await limitNormal("1mb 0 0")
    const client = await redix.connect()
    await client.command("SET", "k", Buffer.alloc(100, "v"))
    client.socket.pause()
    const session = [...redix.engine.sessions.values()].at(-1)
    const piece = Buffer.from("GET k\r\n".repeat(10_000))
    await untilTrue(() => {
      if (client.socket.writableLength === 0) client.socket.write(piece)
      return session?.closing === true
    })
    expect(redix.engine.sessions.size).toBe(0)
    client.socket.resume()
    await client.waitForClose()
  })
})

const REPLIES: ReadonlyArray<string> = [
  "GET string",
  "MGET string string",
  "GETRANGE string 0 -1",
  "DUMP string",
  "LRANGE list 0 -1",
  "SMEMBERS set",
  "SINTER set set",
  "SUNION set set",
  "SDIFF set nothing",
  "SSCAN set 0 COUNT 1000000",
  "SRANDMEMBER set 1000000",
  "SRANDMEMBER set -20000000",
  "SRANDMEMBER set -9223372036854775807",
  "HGETALL hash",
  "HKEYS hash",
  "HVALS hash",
  "HSCAN hash 0 COUNT 1000000",
  "HRANDFIELD hash 1000000",
  "HRANDFIELD hash -20000000",
  "HRANDFIELD hash -9223372036854775807",
  "HRANDFIELD hash -4611686018427387903 WITHVALUES",
  "ZRANGE zset 0 -1",
  "ZRANGE zset -inf +inf BYSCORE WITHSCORES",
  "ZREVRANGE zset 0 -1",
  "ZRANGEBYLEX zset - +",
  "ZSCAN zset 0 COUNT 1000000",
  "ZUNION 2 zset zset",
  "ZINTER 2 zset zset",
  "ZDIFF 2 zset nothing",
  "ZRANDMEMBER zset 1000000",
  "ZRANDMEMBER zset -20000000",
  "ZRANDMEMBER zset -9223372036854775807",
  "GEOSEARCH geo FROMLONLAT 0 10 BYRADIUS 30000 km ASC",
  "XRANGE stream - +",
  "XREVRANGE stream + -",
  "XREAD STREAMS stream 0",
  "XINFO STREAM stream FULL COUNT 0",
  "KEYS *",
  "SCAN 0 COUNT 1000000",
  "SORT_RO list ALPHA",
  "SORT list ALPHA",
]

describe("a reply beyond the limit", () => {
  it("stops, cuts the client off, and holds no more than the limit", async () => {
    await fill("string", "list", "set", "hash", "zset", "geo", "keys", "stream")
    await limitNormal("1mb 0 0")
    const other = await redix.connect()
    for (const words of REPLIES) {
      const client = await redix.connect()
      client.sendRaw(`${words}\r\nSET ran 1\r\n`)
      expect((await client.readToEnd()).length, words).toBe(0)
      // The writer's buffer has not grown much beyond the limit.
      expect(redix.engine.context.out.buf.length, words).toBeLessThan(4 * MB)
    }
    expect(await other.text("EXISTS", "ran")).toBe(":0\r\n")
    expect(await other.text("PING")).toBe("+PONG\r\n")
    other.close()
  })

  it("stops in the middle of EXEC, whose writes are all done", async () => {
    await fill("list", "hash", "keys")
    await limitNormal("1mb 0 0")
    const [client, other] = [await redix.connect(), await redix.connect()]
    const reads = "LRANGE list 0 -1\r\nHRANDFIELD hash -20000000\r\nKEYS *\r\n".repeat(20)
    client.sendRaw(`MULTI\r\nSET before 1\r\n${reads}SET after 1\r\nEXEC\r\nSET ran 1\r\n`)
    await client.waitForClose()
    expect(await other.text("MGET", "before", "after", "ran")).toBe("*3\r\n$1\r\n1\r\n$1\r\n1\r\n$-1\r\n")
    other.close()
  })

  it.each([
    ["a table of tables that holds each twice", "local t = {1} for i = 1, 40 do t = {t, t} end return t"],
    [
      "a long text many times",
      "local s, t = string.rep('x', 1048576), {} for i = 1, 500 do t[i] = s end return t",
    ],
    ["maps of one map", "local t = {1} for i = 1, 40 do t = {map = {a = t, b = t}} end return t"],
  ])("stops in the middle of what a script returns: %s", async (_, script) => {
    await limitNormal("1mb 0 0")
    const [client, other] = [await redix.connect(), await redix.connect()]
    client.sendRaw(
      encodeCommands([
        ["EVAL", script, 0],
        ["SET", "ran", 1],
      ]),
    )
    expect((await client.readToEnd()).length).toBe(0)
    expect(redix.engine.context.out.buf.length).toBeLessThan(4 * MB)
    expect(await other.text("EXISTS", "ran")).toBe(":0\r\n")
    other.close()
  })

  it("that a script reads is stopped beyond what the script can hold, whatever may be sent", async () => {
    await fill("set", "hash", "zset")
    const client = await redix.connect()
    const tooLarge = /^-ERR not enough memory for the reply script: [0-9a-f]{40}, on @user_script:1\.\r\n$/
    for (const limit of ["0 0 0", "1mb 0 0"]) {
      await limitNormal(limit)
      for (const words of ["'SRANDMEMBER','set'", "'HRANDFIELD','hash'", "'ZRANDMEMBER','zset'"]) {
        expect(await client.text("EVAL", `return redis.call(${words},'-4611686018427387903')`, 0)).toMatch(
          tooLarge,
        )
        const caught = `return redis.pcall(${words},'-9000000000')['err'] .. #redis.call(${words},'-10000')`
        expect(await client.text("EVAL", caught, 0)).toContain("not enough memory for the reply10000")
      }
    }
    client.close()
  })

  it("of a write is dropped, the write is done", async () => {
    await fill("set", "list", "zset", "string")
    await limitNormal("1mb 0 0")
    const other = await redix.connect()
    for (const words of ["SPOP set 11000", "LPOP list 11000", "ZPOPMIN zset 11000", "GETDEL string"]) {
      const client = await redix.connect()
      client.sendRaw(`${words}\r\n`)
      await client.waitForClose()
    }
    expect(await other.text("SCARD", "set")).toBe(":1000\r\n")
    expect(await other.text("LLEN", "list")).toBe(":1000\r\n")
    expect(await other.text("ZCARD", "zset")).toBe(":1000\r\n")
    expect(await other.text("EXISTS", "string")).toBe(":0\r\n")
    redix.engine.keyspace.arena.checkInvariants()
    other.close()
  })

  it("counts for nothing while replies are off", async () => {
    await fill("list", "hash")
    await limitNormal("1mb 0 0")
    const client = await redix.connect()
    client.sendRaw("CLIENT REPLY OFF\r\nLRANGE list 0 -1\r\nHGETALL hash\r\nLRANGE list 0 -1\r\n")
    client.sendRaw("CLIENT REPLY ON\r\n")
    expect((await client.readReply()).toString()).toBe("+OK\r\n")
    expect(await client.text("PING")).toBe("+PONG\r\n")
    client.close()
  })

  it("is an error where no limit is set and nothing could hold it", async () => {
    const client = await redix.connect()
    await client.command("HSET", "hash", "f", "v")
    await client.command("SADD", "set", "m")
    await client.command("ZADD", "zset", "1", "m")
    for (const words of [
      ["SRANDMEMBER", "set", "-9223372036854775807"],
      ["HRANDFIELD", "hash", "-9223372036854775807"],
      ["HRANDFIELD", "hash", "-4611686018427387903", "WITHVALUES"],
      ["ZRANDMEMBER", "zset", "-9223372036854775807"],
      ["ZRANDMEMBER", "zset", "-999999999"],
    ])
      expect(await client.text(...words)).toBe("-ERR the reply would take more than 4 GB\r\n")
    const replies = await client.pipeline([
      ["MULTI"],
      ["SRANDMEMBER", "set", "-9223372036854775807"],
      ["SRANDMEMBER", "set", "-2"],
      ["EXEC"],
    ])
    expect(replies.at(-1)?.toString()).toBe(
      "*2\r\n-ERR the reply would take more than 4 GB\r\n*2\r\n$1\r\nm\r\n$1\r\nm\r\n",
    )
    client.close()
  })
})

/** What a client gets for GET of a value of so many bytes. */
const lengthOrEnd = async (client: RawClient, size: number): Promise<"ended" | "replied"> => {
  client.sendRaw(`GET v${size}\r\nPING\r\n`)
  try {
    await client.readReplies(2)
    return "replied"
  } catch {
    return client.isClosed ? "ended" : "replied"
  } finally {
    client.close()
  }
}

describeOracle("small limits", () => {
  it("close on the same replies as redis-server's", async () => {
    await withOracle({}, async (oracle) => {
      const sizes = [1, 1000, 16_000, 16_384, 17_000, 25_000, 40_000, 200_000]
      const outcomes: Array<ReadonlyArray<string>> = []
      for (const connect of [redix.connect, () => oracle.connect()]) {
        const admin = await connect()
        const found: Array<string> = []
        for (const size of sizes) await admin.command("SET", `v${size}`, Buffer.alloc(size, "v"))
        for (const limit of ["5 6 7", "10kb 0 0", "20kb 0 0", "100kb 0 0", "0 6 7"]) {
          await admin.command("CONFIG", "SET", "client-output-buffer-limit", `normal ${limit}`)
          for (const size of sizes)
            found.push(`${limit}: ${size} ${await lengthOrEnd(await connect(), size)}`)
        }
        outcomes.push(found)
        admin.close()
      }
      expect(outcomes[0]).toEqual(outcomes[1])
      expect(new Set(outcomes[0]?.map((line) => line.split(" ").at(-1)))).toEqual(
        new Set(["ended", "replied"]),
      )
    })
  })
})
