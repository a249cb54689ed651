import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Event } from "../../src/engine/KeyEvents.js"
import { RecordingLog } from "../support/CommandLogs.js"
import { hearMessages } from "../support/Local.js"
import type { Argument } from "../support/RawClient.js"
import { commandSuite } from "../support/CommandSuite.js"
import { parseReply } from "../support/RespFrames.js"

const suite = commandSuite()
const { run, items, encoding } = suite

const INTEGERS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]

for (const kind of ["intset", "hashtable"] as const) {
  describe(`a set kept as ${kind}`, () => {
    /** SADD, after which the set has the encoding under test. */
    const add = async (key: string, ...members: ReadonlyArray<string>): Promise<void> => {
      await run("SADD", key, ...members)
      if (kind === "hashtable") {
        await run("SADD", key, "text")
        await run("SREM", key, "text")
      }
      expect(await encoding(key)).toBe(kind)
    }

    it("adds, finds and removes", async () => {
      await add("s", ...INTEGERS)
      expect(await run("SADD", "s", "1", "11", "12")).toBe(":2")
      expect(await run("SCARD", "s")).toBe(":12")
      expect(await run("SMISMEMBER", "s", "1", "12", "99", "x")).toBe("*4 :1 :1 :0 :0")
      expect(await run("SREM", "s", "1", "99", "12")).toBe(":2")
      expect((await items("SMEMBERS", "s")).sort()).toEqual([...INTEGERS.slice(1), "11"].sort())
      expect(await encoding("s")).toBe(kind)
      expect(await run("SREM", "s", ...INTEGERS, "11")).toBe(":10")
      expect(await run("EXISTS", "s")).toBe(":0")
    })

    it("draws distinct members, repeated ones, and takes them out", async () => {
      await add("s", ...INTEGERS)
      for (const count of [1, 3, 9, 10, 100]) {
        const drawn = await items("SRANDMEMBER", "s", count)
        expect(new Set(drawn).size).toBe(Math.min(count, 10))
        expect(drawn.every((m) => INTEGERS.includes(m))).toBe(true)
      }
      expect(await items("SRANDMEMBER", "s", -40)).toHaveLength(40)
      const popped = await items("SPOP", "s", 4)
      const rest = await items("SMEMBERS", "s")
      expect([...popped, ...rest].sort()).toEqual([...INTEGERS].sort())
      await add("s", ...INTEGERS)
      const most = await items("SPOP", "s", 9)
      expect([...most, ...(await items("SMEMBERS", "s"))].sort()).toEqual([...INTEGERS].sort())
      expect(await run("SCARD", "s")).toBe(":1")
      expect(await items("SPOP", "s", 5)).toHaveLength(1)
      expect(await run("EXISTS", "s")).toBe(":0")
    })

    it("takes part in the algebra of sets", async () => {
      await add("a", "1", "2", "3", "4")
      await add("b", "3", "4", "5")
      await run("SADD", "c", "4", "x")
      expect((await items("SINTER", "a", "b")).sort()).toEqual(["3", "4"])
      expect(await items("SINTER", "a", "b", "c")).toEqual(["4"])
      expect((await items("SUNION", "a", "b")).sort()).toEqual(["1", "2", "3", "4", "5"])
      expect((await items("SDIFF", "a", "b", "c")).sort()).toEqual(["1", "2"])
      expect(await run("SINTERCARD", 2, "a", "b", "LIMIT", 1)).toBe(":1")
      expect(await run("SUNIONSTORE", "a", "a", "b")).toBe(":5")
      expect(await encoding("a")).toBe("intset")
      expect(await run("SDIFFSTORE", "a", "a", "a")).toBe(":0")
      expect(await run("EXISTS", "a")).toBe(":0")
    })
  })
}

/** As redis-server answers: half of the work is a whole number, rounded down. */
it("SDIFFSTORE looks up rather than copies where half of that work is the others' size", async () => {
  await run("SADD", "first", "not a number", "1", "2", "3", "4")
  await run("SADD", "b", "not a number")
  await run("SADD", "c", "100")
  expect(await run("SDIFFSTORE", "d", "first", "b", "c")).toBe(":4")
  expect(await encoding("d")).toBe("intset")
  await run("SADD", "first", "5", "6")
  expect(await run("SDIFFSTORE", "d", "first", "b", "c")).toBe(":6")
  expect(await encoding("d")).toBe("hashtable")
})

for (const kind of ["listpack", "hashtable"] as const) {
  describe(`a hash kept as ${kind}`, () => {
    /** HSET, after which the hash has the encoding under test. */
    const set = async (key: string, ...pairs: ReadonlyArray<string>): Promise<void> => {
      await run("HSET", key, ...pairs)
      if (kind === "hashtable") {
        await run("HSET", key, "long", "x".repeat(100))
        await run("HDEL", key, "long")
      }
      expect(await encoding(key)).toBe(kind)
    }

    it("sets, reads and deletes", async () => {
      await set("h", "a", "1", "b", "two", "", "empty")
      expect(await run("HMGET", "h", "a", "x", "", "b")).toBe("*4 $1 1 $-1 $5 empty $3 two")
      expect(await run("HSTRLEN", "h", "b")).toBe(":3")
      expect(await run("HSETNX", "h", "a", "9")).toBe(":0")
      expect(await run("HSET", "h", "a", "-7", "c", "3")).toBe(":1")
      expect(await run("HINCRBY", "h", "a", 10)).toBe(":3")
      expect(await run("HINCRBYFLOAT", "h", "a", "0.1")).toBe("$3 3.1")
      const all = await items("HGETALL", "h")
      expect(
        Object.fromEntries(all.map((f, i) => [f, all[i + 1] ?? ""]).filter((_, i) => i % 2 === 0)),
      ).toEqual({
        a: "3.1",
        b: "two",
        "": "empty",
        c: "3",
      })
      expect(await run("HDEL", "h", "a", "b", "", "c", "d")).toBe(":4")
      expect(await run("EXISTS", "h")).toBe(":0")
    })

    it("draws fields", async () => {
      const fields = INTEGERS.map((i) => `f${i}`)
      await set("h", ...fields.flatMap((f, i) => [f, String(i)]))
      for (const count of [1, 3, 9, 10, 100]) {
        const drawn = await items("HRANDFIELD", "h", count)
        expect(new Set(drawn).size).toBe(Math.min(count, 10))
        expect(drawn.every((f) => fields.includes(f))).toBe(true)
      }
      const pairs = await items("HRANDFIELD", "h", -30, "WITHVALUES")
      expect(pairs).toHaveLength(60)
      for (let i = 0; i < 60; i += 2) expect(fields.indexOf(pairs[i] ?? "")).toBe(Number(pairs[i + 1]))
    })
  })
}

describe("SSCAN and HSCAN", () => {
  /** Every element that a whole walk answers, `between` run between its pages. */
  const walk = async (name: string, key: string, between: () => Promise<unknown>): Promise<string[]> => {
    const all: string[] = []
    let cursor = "0"
    do {
      const reply = parseReply(await suite.client.command(name, key, cursor, "COUNT", 20))
      cursor = reply.items?.[0]?.payload.toString() ?? "0"
      for (const item of reply.items?.[1]?.items ?? []) all.push(item.payload.toString())
      await between()
    } while (cursor !== "0")
    return all
  }

  it("answer what stays, while the table grows and shrinks", async () => {
    const stays = Array.from({ length: 300 }, (_, i) => `stays${i}`)
    const comes = Array.from({ length: 3000 }, (_, i) => `comes${i}`)
    await run("SADD", "s", ...stays)
    await run("HSET", "h", ...stays.flatMap((f) => [f, "1"]))
    let turn = 0
    const change = async () => {
      turn++
      const some = comes.slice((turn % 10) * 300, (turn % 10) * 300 + 300)
      if (turn % 20 < 10) {
        await run("SADD", "s", ...some)
        await run("HSET", "h", ...some.flatMap((f) => [f, "2"]))
      } else {
        await run("SREM", "s", ...some)
        await run("HDEL", "h", ...some)
      }
    }
    const members = new Set(await walk("SSCAN", "s", change))
    expect(stays.filter((m) => !members.has(m))).toEqual([])
    const fields = new Set(await walk("HSCAN", "h", change))
    expect(stays.filter((f) => !fields.has(f))).toEqual([])
  })
})

describe("what reaches replicas", () => {
  const log = new RecordingLog()
  beforeAll(() => suite.redix.engine.log.add(log))
  afterAll(() => suite.redix.engine.log.remove(log))

  const leaves = async (...args: ReadonlyArray<Argument>): Promise<string[]> => {
    log.commands.length = 0
    await run(...args)
    return log.commands.slice()
  }

  it("is what happened, not what was drawn", async () => {
    expect(await leaves("SADD", "s", "1", "2", "3")).toEqual(["SADD s 1 2 3"])
    expect(await leaves("SADD", "s", "1")).toEqual([])
    const [popped] = await leaves("SPOP", "s")
    expect(popped).toMatch(/^SREM s [123]$/)
    const two = await leaves("SPOP", "s", 1)
    expect(two).toHaveLength(1)
    expect(two[0]).toMatch(/^SREM s [123]$/)
    expect(await leaves("SPOP", "s", 5)).toEqual(["DEL s"])
    await run("SADD", "s", ...INTEGERS)
    const three = await leaves("SPOP", "s", 3)
    expect([three[0], three.at(-1), three.length]).toEqual(["MULTI", "EXEC", 5])
    expect(await leaves("SPOP", "s", 0)).toEqual([])
    expect(await leaves("HINCRBYFLOAT", "h", "f", "1.5")).toEqual(["HSET h f 1.5"])
    expect(await leaves("HINCRBY", "h", "g", "2")).toEqual(["HINCRBY h g 2"])
    expect(await leaves("SORT", "s", "STORE", "l")).toEqual(["SORT s STORE l"])
    expect(await leaves("SORT", "s")).toEqual([])
  })
})

describe("changes and events", () => {
  it("are counted and told as Redis does", async () => {
    const { keyspace, events } = suite.redix.engine.context
    const seen: string[] = []
    events.flags = 0x1fff & ~Event.keymiss
    const stop = hearMessages(suite.redix.engine, (channel, message) => {
      if (channel.startsWith("__keyevent")) seen.push(`${channel.slice(15)} ${message}`)
    })
    const table: ReadonlyArray<readonly [ReadonlyArray<Argument>, number, ReadonlyArray<string>]> = [
      [["SADD", "s", "1", "2", "3"], 3, ["sadd s"]],
      [["SADD", "s", "1"], 0, []],
      [["SMOVE", "s", "t", "1"], 2, ["srem s", "sadd t"]],
      [["SADD", "s", "1"], 1, ["sadd s"]],
      [["SMOVE", "s", "t", "1"], 1, ["srem s"]],
      [["SMOVE", "s", "s", "2"], 0, []],
      [["SREM", "s", "2", "3", "9"], 2, ["srem s", "del s"]],
      [["SINTERSTORE", "d", "t"], 1, ["sinterstore d"]],
      [["SUNIONSTORE", "d", "t", "d"], 1, ["sunionstore d"]],
      [["SDIFFSTORE", "d", "t", "d"], 1, ["del d"]],
      [["SDIFFSTORE", "d", "t", "t"], 0, []],
      [["SADD", "t", "5", "6", "7"], 3, ["sadd t"]],
      [["SPOP", "t"], 1, ["spop t"]],
      [["SPOP", "t", 2], 2, ["spop t"]],
      [["SPOP", "t", 2], 1, ["spop t", "del t"]],
      [["HSET", "h", "a", "1", "b", "2"], 2, ["hset h"]],
      [["HSETNX", "h", "a", "1"], 0, []],
      [["HINCRBY", "h", "a", 0], 1, ["hincrby h"]],
      [["HINCRBYFLOAT", "h", "a", 1], 1, ["hincrbyfloat h"]],
      [["HDEL", "h", "a", "b", "c"], 2, ["hdel h", "del h"]],
      [["SADD", "n", "3", "1"], 2, ["sadd n"]],
      [["SORT", "n", "STORE", "l"], 2, ["sortstore l"]],
      [["SORT", "none", "STORE", "l"], 1, ["del l"]],
    ]
    for (const [args, dirty, expected] of table) {
      seen.length = 0
      const before = keyspace.dirty
      await run(...args)
      expect([keyspace.dirty - before, seen], args.join(" ")).toEqual([dirty, expected])
    }
    events.flags = 0
    stop()
  })
})
