/**
 * RESTORE of small values of every form with every byte changed, then commands that read and write all of what came of
 * it: nothing may throw, hang or be left over, and what is there at the end must be fit to be dumped and loaded again.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { sealed } from "../support/DumpPayloads.js"
import { type LocalClient, localClient } from "../support/Local.js"
import { effort } from "../support/Effort.js"
import { Random } from "../support/Random.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { randomUses } from "./HostileUses.js"
import { hostileValues } from "./HostileValues.js"

const RANDOM_PAYLOADS = effort(6)
const USES = 6
const BAD_BYTES = [0, 1, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0xc3, 0xfe, 0xff]

const bulk = (reply: string): Buffer => Buffer.from(reply.slice(reply.indexOf("\r\n") + 2, -2), "latin1")

/** What DUMP makes of the value can be restored. */
const expectSound = (client: LocalClient): void => {
  const dump = client.run("DUMP", "k")
  if (dump === "$-1\r\n") return
  expect(client.run("RESTORE", "k3", "0", bulk(dump), "REPLACE")).toBe("+OK\r\n")
  client.run("DEL", "k3")
}

/** Each byte changed in turn, and several at once. */
function* lies(value: ReadonlyArray<number>, r: Random): Generator<Buffer> {
  for (let at = 0; at < value.length; at++) {
    for (let i = 0; i < effort(1); i++) {
      const bytes = Buffer.from(value)
      bytes[at] = r.chance(0.5) ? r.pick(BAD_BYTES) : r.chance(0.5) ? r.below(256) : (value[at] ?? 0) ^ 1
      yield bytes
    }
  }
  for (let i = 0; i < RANDOM_PAYLOADS; i++) {
    const bytes = Buffer.from(value)
    for (let changes = 1 + r.below(4); changes > 0; changes--)
      bytes[r.below(bytes.length)] = r.chance(0.5) ? r.below(8) : r.below(256)
    yield r.chance(0.1) ? bytes.subarray(0, r.below(bytes.length)) : bytes
  }
}

describe.each(["no", "yes"])("with sanitize-dump-payload %s", (sanitize) => {
  let redix: TestRedix
  let client: LocalClient
  beforeAll(async () => {
    redix = await startRedix()
    client = localClient(redix.engine)
    client.run("CONFIG", "SET", "sanitize-dump-payload", sanitize)
  })
  afterAll(() => redix.stop())

  it.each(Object.entries(hostileValues))("%s", (name, value) => {
    const { arena } = redix.engine.keyspace
    const r = Random.forTest(`restore ${name}`)
    client.run("FLUSHALL")
    const before = arena.usedBytes
    const taken: Array<boolean> = []
    for (const payload of [Buffer.from(value), Buffer.from([0xff]), ...lies(value, r)]) {
      const did = [payload.toString("hex")]
      try {
        const reply = client.run("RESTORE", "k", "0", sealed(payload), "REPLACE")
        taken.push(reply === "+OK\r\n")
        if (reply === "+OK\r\n") {
          expectSound(client)
          for (const words of randomUses(r, client.run("TYPE", "k").slice(1, -2), USES)) {
            did.push(words.join(" "))
            client.run(...words)
          }
          expectSound(client)
          client.run("FLUSHALL")
        } else expect(reply).toBe("-ERR Bad data format\r\n")
        expect(arena.usedBytes).toBe(before)
      } catch (error) {
        throw new Error(`after ${did.join("; ")}`, { cause: error })
      }
    }
    arena.checkInvariants()
    // The value as it is, and what is no value; what becomes of the others is chance.
    const sound = sanitize === "no" || name !== "hash listpack, repeated field"
    expect(taken.slice(0, 2)).toEqual([sound, false])
  })

  it("a sorted set whose score is NaN is refused, a score that is no number is 0", () => {
    const pack = [0x0f, 0, 0, 0, 2, 0, 0x81, 0x61, 2, 0x83, 0x6e, 0x61, 0x6e, 4, 0xff]
    const payload = Buffer.from([17, pack.length, ...pack])
    expect(client.run("RESTORE", "k", "0", sealed(payload))).toBe("-ERR Bad data format\r\n")
    expect(client.run("EXISTS", "k")).toBe(":0\r\n")
    payload[12] = 0x78
    expect(client.run("RESTORE", "k", "0", sealed(payload))).toBe("+OK\r\n")
    expect(client.run("ZSCORE", "k", "a")).toBe("$1\r\n0\r\n")
    client.run("FLUSHALL")
  })
})

describe("a stream of very many groups", () => {
  const GROUPS = 30_000
  /** A payload whose groups are named by `nameOf`, without consumers. */
  const payloadOf = (nameOf: (i: number) => string): Buffer => {
    const groups = Array.from({ length: GROUPS }, (_, i) => [7, ...Buffer.from(nameOf(i)), 0, 0, 0, 0, 0])
    const count = [0x80, 0, 0, GROUPS >> 8, GROUPS & 255]
    return sealed(Buffer.from([19, 0, 0, ...[0, 0], ...[0, 0], ...[0, 0], 0, ...count, ...groups.flat()]))
  }

  it("is read where their names ascend, as every Redis writes them, and refused where that takes too long", async () => {
    const redix = await startRedix()
    const client = localClient(redix.engine)
    const before = redix.engine.keyspace.arena.usedBytes
    const ascending = payloadOf((i) => String(1_000_000 + i))
    expect(client.run("RESTORE", "k", "0", ascending)).toBe("+OK\r\n")
    expect(client.run("XINFO", "STREAM", "k")).toContain(`$6\r\ngroups\r\n:${GROUPS}\r\n`)
    client.run("FLUSHALL")
    const descending = payloadOf((i) => String(9_000_000 - i))
    expect(client.run("RESTORE", "k", "0", descending)).toBe("-ERR Bad data format\r\n")
    expect(redix.engine.keyspace.arena.usedBytes).toBe(before)
    await redix.stop()
  })
})
