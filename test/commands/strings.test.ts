import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { RecordingLog } from "../support/CommandLogs.js"
import { hearMessages } from "../support/Local.js"
import { FrozenBlock, FrozenReader } from "../../src/memory/Snapshot.js"
import { Random } from "../support/Random.js"
import type { Argument } from "../support/RawClient.js"
import { commandSuite } from "../support/CommandSuite.js"

const suite = commandSuite()
const { raw: run, encoding } = suite

describe("encodings", () => {
  it("follow how a value came to be", async () => {
    const steps: ReadonlyArray<readonly [ReadonlyArray<Argument>, string]> = [
      [["SET", "k", "123"], "int"],
      [["APPEND", "k", "4"], "raw"],
      [["INCR", "k"], "int"],
      [["SETRANGE", "k", 0, ""], "int"],
      [["SETRANGE", "k", 0, "9"], "raw"],
      [["GETSET", "k", "a".repeat(44)], "embstr"],
      [["SET", "k", "a".repeat(45)], "raw"],
      [["MSET", "k", "9223372036854775807"], "int"],
      [["SET", "k", "9223372036854775808"], "embstr"],
      [["SET", "k", "1"], "int"],
      [["INCRBYFLOAT", "k", "1"], "embstr"],
      [["BITOP", "OR", "k", "k"], "raw"],
      [["SET", "k", "5"], "int"],
      [["SETBIT", "k", 0, 0], "raw"],
      [["SET", "k", "5"], "int"],
      [["BITFIELD", "k", "GET", "u8", 0], "int"],
      [["BITFIELD", "k", "OVERFLOW", "FAIL", "INCRBY", "u2", 0, 9], "raw"],
    ]
    for (const [command, expected] of steps) {
      await run(...command)
      expect(await encoding("k"), command.join(" ")).toBe(expected)
    }
    await run("DEL", "k")
    await run("APPEND", "k", "12")
    expect(await encoding("k")).toBe("int")
  })
})

describe("what reaches replicas", () => {
  const log = new RecordingLog()
  beforeAll(() => suite.redix.engine.log.add(log))
  afterAll(() => suite.redix.engine.log.remove(log))
  beforeEach(() => {
    log.commands.length = 0
  })

  it("is the effect, with absolute times", async () => {
    await run("SET", "k", "v", "NX", "EX", 100)
    await run("set", "k", "v2", "XX", "GET", "KEEPTTL")
    await run("SETEX", "k", 100, "w")
    await run("GETEX", "k", "PX", 100_000)
    await run("GETEX", "k", "PERSIST")
    await run("GETSET", "k", "1.5")
    await run("INCRBYFLOAT", "k", "1")
    await run("GETEX", "k", "EXAT", 1)
    await run("SET", "k", "v", "EXAT", 99_999_999_999)
    await run("GETDEL", "k")
    await run("PFADD", "h", "a")
    await run("PFCOUNT", "h")
    expect(log.commands.map((line) => line.replace(/\b1[0-9]{12}$/, "<ms>"))).toEqual([
      "SET k v PXAT <ms>",
      "set k v2 XX KEEPTTL",
      "SET k w PXAT <ms>",
      "PEXPIREAT k <ms>",
      "PERSIST k",
      "SET k 1.5",
      "SET k 2.5 KEEPTTL",
      "DEL k",
      "SET k v PXAT 99999999999000",
      "DEL k",
      "PFADD h a",
      "PFCOUNT h",
    ])
  })

  it("is the command where a string only grows, which is no change to redis-server", async () => {
    const { keyspace } = suite.redix.engine
    const { dirty } = keyspace
    const failing = ["BITFIELD", "grown", "OVERFLOW", "FAIL", "INCRBY", "u8"] as const
    await run(...failing, 0, 300)
    await run(...failing, 0, 300)
    await run(...failing, 8, 300)
    expect(await run("STRLEN", "grown")).toBe(":2\r\n")
    expect(log.commands).toEqual([[...failing, 0, 300].join(" "), [...failing, 8, 300].join(" ")])
    expect(keyspace.dirty).toBe(dirty)
  })

  it("is nothing when nothing changed", async () => {
    await run("SETBIT", "b", 7, 1)
    await run("SET", "k", "v")
    log.commands.length = 0
    await run("SETBIT", "b", 7, 1)
    await run("SETNX", "k", "w")
    await run("SET", "k", "w", "NX", "GET")
    await run("MSETNX", "k", "w", "l", "w")
    await run("GETEX", "k")
    await run("GETEX", "k", "PERSIST")
    await run("SETRANGE", "k", 5, "")
    await run("BITOP", "AND", "none", "none2")
    await run("BITFIELD", "b", "GET", "u8", 0)
    expect(log.commands).toEqual([])
  })
})

describe("consequences", () => {
  const events: string[] = []
  const keyspaceEvents = () => suite.redix.engine.context.events
  beforeAll(() => {
    keyspaceEvents().flags = 2 | 4 | 8 | 16384
    hearMessages(suite.redix.engine, (channel, message) =>
      events.push(`${channel.slice(channel.indexOf(":") + 1)} ${message}`),
    )
  })
  afterAll(() => {
    keyspaceEvents().flags = 0
  })

  /** Commands with the events and the number of changes that redis-server 7.0.15 gives them. */
  const cases: ReadonlyArray<readonly [ReadonlyArray<Argument>, ReadonlyArray<string>, number]> = [
    [["SET", "a", 1], ["new a", "set a"], 1],
    [["SET", "a", 1, "EX", 100], ["set a", "expire a"], 1],
    [["GETEX", "a", "EX", 10], ["expire a"], 1],
    [["GETEX", "a", "PERSIST"], ["persist a"], 1],
    [["GETEX", "a", "EXAT", 1], ["del a"], 1],
    [["MSET", "a", 1, "b", 2, "a", 3], ["new a", "set a", "new b", "set b", "set a"], 3],
    [["APPEND", "a", ""], ["append a"], 1],
    [["SETRANGE", "a", 10, ""], [], 0],
    [["SETRANGE", "n", 2, "x"], ["new n", "setrange n"], 1],
    [["DECRBY", "a", 2], ["incrby a"], 1],
    [["INCRBYFLOAT", "a", 2], ["incrbyfloat a"], 1],
    [["SETBIT", "s", 7, 1], ["new s", "setbit s"], 1],
    [["SETBIT", "s", 7, 1], [], 0],
    [["BITOP", "AND", "d", "s"], ["new d", "set d"], 1],
    [["BITOP", "AND", "d", "none"], ["del d"], 1],
    [["BITFIELD", "f", "OVERFLOW", "FAIL", "INCRBY", "u8", 0, 300], ["new f"], 0],
    [["BITFIELD", "f", "INCRBY", "u8", 0, 1, "INCRBY", "u8", 8, 1], ["setbit f"], 2],
    [["BITFIELD", "f", "SET", "u8", 0, 1, "INCRBY", "u8", 8, 256], [], 0],
    [["BITFIELD", "f", "SET", "u40", 0, 1], ["setbit f"], 1],
    [["BITFIELD", "f", "SET", "u40", 0, 1], [], 0],
    [["BITFIELD", "f", "SET", "u8", 0, 0, "SET", "u8", 800, 0], ["setbit f"], 2],
    [["PFADD", "h", "a"], ["new h", "pfadd h"], 2],
    [["PFADD", "h", "a"], [], 0],
    [["PFCOUNT", "h"], [], 1],
    [["PFCOUNT", "h"], [], 0],
    [["PFMERGE", "m", "h"], ["new m", "pfadd m"], 1],
    [["PFDEBUG", "TODENSE", "h"], [], 1],
    [["GETDEL", "a"], ["del a"], 1],
  ]

  it("events and changes are counted as Redis counts them", async () => {
    for (const [command, expected, changes] of cases) {
      events.length = 0
      const before = suite.redix.engine.context.keyspace.dirty
      await run(...command)
      expect(events, command.join(" ")).toEqual(expected)
      expect(suite.redix.engine.context.keyspace.dirty - before, command.join(" ")).toBe(changes)
    }
  })
})

it("PFSELFTEST finds nothing wrong", async () => {
  expect(await run("PFSELFTEST")).toBe("+OK\r\n")
})

describe("limits", () => {
  it("a string ends at proto-max-bulk-len", async () => {
    expect(await run("SETRANGE", "k", 536_870_912, "x")).toBe(
      "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n",
    )
    expect(await run("SETBIT", "k", 4_294_967_296, "1")).toBe(
      "-ERR bit offset is not an integer or out of range\r\n",
    )
    expect(await run("SETRANGE", "k", 99_999_999, "x")).toBe(":100000000\r\n")
    expect(await run("BITPOS", "k", 1)).toBe(":799999993\r\n")
    expect(await run("BITCOUNT", "k", 1, -2)).toBe(":0\r\n")
    expect(await run("GETRANGE", "k", -2, -1)).toBe("$2\r\n\0x\r\n")
  })

  it("LCS refuses what Redis has no memory for, and finds long ones within it", async () => {
    const random = Random.forTest("lcs")
    const [a, b] = [random.text(10_000, "ab"), random.text(10_000, "ab")]
    await run("MSET", "a", a, "b", b, "huge", "x".repeat(20_000))
    expect(await run("LCS", "none", "huge", "LEN")).toBe(":0\r\n")
    expect(await run("LCS", "huge", "huge", "LEN")).toBe(
      "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len\r\n",
    )
    const length = Number((await run("LCS", "a", "b", "LEN")).slice(1))
    const found = (await run("LCS", "a", "b")).split("\r\n")[1] ?? ""
    expect(found.length).toBe(length)
    for (const whole of [a, b]) {
      let at = 0
      for (const char of found) at = whole.indexOf(char, at) + 1
      expect(at).toBeGreaterThan(0)
    }
  })
})

describe("memory", () => {
  it("comes back whole after any mix of lengths", async () => {
    const random = Random.forTest("string memory")
    const { arena } = suite.redix.engine.context.keyspace
    const keys = random.times(20, (i) => `key${i}`)
    // The table's own blocks first take the size they have after many keys.
    for (const key of keys) await run("SET", key, "")
    for (const key of keys) await run("DEL", key)
    const start = arena.usedBytes
    for (let i = 0; i < 3000; i++) {
      const key = random.pick(keys)
      const bytes = random.bytes(random.below(random.chance(0.1) ? 20_000 : 100))
      await suite.client.pipeline([
        random.weighted<ReadonlyArray<Argument>>([
          [3, ["SET", key, bytes]],
          [2, ["APPEND", key, bytes]],
          [1, ["SETRANGE", key, random.below(9000), bytes]],
          [1, ["SETEX", key, 1000, bytes]],
          [1, ["SET", key, bytes, "KEEPTTL"]],
          [1, ["BITOP", "NOT", key, random.pick(keys)]],
          [1, ["GETDEL", key]],
          [1, ["SETBIT", key, random.below(60_000), 1]],
        ]),
      ])
    }
    arena.checkInvariants()
    for (const key of keys) await run("DEL", key)
    arena.checkInvariants()
    expect(arena.usedBytes).toBe(start)
  })

  it("edits save what an open snapshot reads", async () => {
    const random = Random.forTest("string snapshot")
    const keyspace = suite.redix.engine.context.keyspace
    const { arena } = keyspace
    const keys = random.times(10, (i) => `key${i}`)
    for (const key of keys) await run("SET", key, random.bytes(random.pick([5, 60, 6000])))
    await run("PFADD", "hll", "a")
    await run("PFDEBUG", "TODENSE", "hll")
    const live = arena.u8.map((chunk) => Buffer.from(chunk))
    const refs = blocksOf()
    const snapshot = arena.openSnapshot()
    try {
      for (let i = 0; i < 500; i++) {
        const key = random.pick(keys)
        await run(
          ...random.pick<ReadonlyArray<Argument>>([
            ["SET", key, random.bytes(random.below(70))],
            ["APPEND", key, random.bytes(random.below(70))],
            ["SETRANGE", key, random.below(50), "x"],
            ["SETBIT", key, random.below(300), random.below(2)],
            ["BITFIELD", key, "INCRBY", "u16", random.below(30), 7],
            ["PFADD", "hll", i],
            ["PFCOUNT", "hll"],
          ]),
        )
      }
      const reader = new FrozenReader(snapshot.handle)
      const block = new FrozenBlock()
      for (const { ref, bytes } of refs) {
        reader.load(ref, block)
        const frozen = Buffer.from(block.u8.subarray(0, bytes))
        const before = live[ref >>> 20]?.subarray((ref & 0xfffff) << 3, ((ref & 0xfffff) << 3) + bytes)
        // The access clock (upper bytes of word 0) is no part of a snapshot.
        expect(before === undefined ? -1 : frozen.compare(before, 4, undefined, 4)).toBe(0)
      }
    } finally {
      arena.closeSnapshot()
    }
    arena.checkInvariants()

    function blocksOf(): Array<{ ref: number; bytes: number }> {
      const out: Array<{ ref: number; bytes: number }> = []
      for (const key of [...keys, "hll"]) {
        const name = Buffer.from(key)
        const ref = keyspace.database(0).lookup(name, 0, name.length)
        const word = (ref & 0xfffff) << 1
        const words = arena.i32[ref >>> 20]
        out.push({ ref, bytes: arena.blockSize(ref) })
        // Encoding 3: the value lies in a block of its own.
        const value = words?.[word + 2] ?? 0
        if ((((words?.[word] ?? 0) >>> 6) & 3) === 3) out.push({ ref: value, bytes: arena.blockSize(value) })
      }
      return out
    }
  })
})
