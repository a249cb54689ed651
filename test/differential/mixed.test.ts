/** Every data type at once against redis-server: replies, keyspace events, payloads both ways, and the digest at the end. */
import { afterAll, beforeAll, expect, it } from "vitest"
import { differential } from "../support/Differential.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import type { RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { parseReply } from "../support/RespFrames.js"
import { defaultLimits, mixedKeys, mixedSteps } from "./steps/mixedSteps.js"

const COMMANDS = Number(process.env["REDIX_DIFF_COMMANDS"] ?? 4000)
/** Commands between two looks at everything. */
const ROUND = 1000
/** Types whose payload says the same bytes wherever the same commands made the value. */
const ORDERED = ["string", "zset"]
const EVENTS = "KEAn"

// Compressors choose their matches; what is not compressed is the same bytes.
const settings = {
  rdbcompression: "no",
  "enable-debug-command": "yes",
  "notify-keyspace-events": EVENTS,
} as const

let redix: TestRedix
beforeAll(async () => {
  redix = await startRedix({}, settings)
})
afterAll(() => redix.stop())

interface Pair {
  readonly oracle: RawClient
  readonly subject: RawClient
}

const both = (
  { oracle, subject }: Pair,
  ...args: ReadonlyArray<string | Buffer>
): Promise<[Buffer, Buffer]> => Promise.all([oracle.command(...args), subject.command(...args)])

const bothSame = async (pair: Pair, ...args: ReadonlyArray<string | Buffer>): Promise<string> => {
  const [expected, actual] = await both(pair, ...args)
  expect(actual.toString("latin1"), args.slice(0, 3).join(" ")).toBe(expected.toString("latin1"))
  return expected.toString("latin1")
}

/**
 * The digests of all databases are the same; if not, says which keys part. A key past its time counts until somebody finds
 * it, which the clock decides: whoever looks at every key has found them all, and the digests are made again.
 */
const digestsAgree = async (pair: Pair): Promise<void> => {
  const [theirs, ours] = await both(pair, "DEBUG", "DIGEST")
  if (theirs.equals(ours)) return
  const parted: string[] = []
  for (const database of ["0", "1", "2"]) {
    await both(pair, "SELECT", database)
    for (const key of mixedKeys) {
      const [a, b] = await both(pair, "DEBUG", "DIGEST-VALUE", key)
      const [type, other] = await both(pair, "TYPE", key)
      if (!a.equals(b)) parted.push(`${database}:${key} ${String(type)} ${String(other)}`)
    }
  }
  expect(parted, "keys that differ").toEqual([])
  await bothSame(pair, "DEBUG", "DIGEST")
}

const bulk = (reply: Buffer): Buffer => reply.subarray(reply.indexOf("\r\n") + 2, reply.length - 2)

/** Where two payloads part, with what is there in each; empty if they are the same. */
const differenceOf = (theirs: Buffer = Buffer.alloc(0), ours: Buffer = Buffer.alloc(0)): string => {
  if (theirs.equals(ours)) return ""
  let at = 0
  while (theirs[at] === ours[at]) at++
  const near = (bytes: Buffer): string => bytes.subarray(Math.max(0, at - 16), at + 32).toString("hex")
  return `at ${at} of ${theirs.length} and ${ours.length}: ${near(theirs)} and ${near(ours)}`
}

/** Each server's payload of a key is taken by both, and all four values are the same. */
const exchange = async (pair: Pair, key: string): Promise<void> => {
  const type = /^\+(\w+)/.exec(await bothSame(pair, "TYPE", key))?.[1] ?? "none"
  if (type === "none") return
  // The digest knows whether a key expires; a payload does not.
  await bothSame(pair, "PERSIST", key)
  const digest = await bothSame(pair, "DEBUG", "DIGEST-VALUE", key)
  const encoding = await bothSame(pair, "OBJECT", "ENCODING", key)
  const payloads = (await both(pair, "DUMP", key)).map(bulk)
  const [theirs, ours] = payloads
  // A skiplist is written from its end in both; members of hash tables come in any order.
  const ordered = ORDERED.includes(type) || encoding.includes("listpack") || encoding.includes("intset")
  // Where a list of several nodes is divided is each server's own affair.
  const oneNode = type === "list" && theirs?.[1] === 1 && ours?.[1] === 1
  if (ordered || oneNode) expect(differenceOf(theirs, ours), `${key}, ${encoding}`).toBe("")
  for (const [index, payload] of payloads.entries()) {
    const copy = `restored:${index}`
    expect(await bothSame(pair, "RESTORE", copy, "0", payload, "REPLACE")).toBe("+OK\r\n")
    const copied = await bothSame(pair, "DEBUG", "DIGEST-VALUE", copy)
    // A listpack takes a score of -0 for 0, a skiplist does not: the copy of a sorted set may have another encoding.
    if (type !== "zset") expect(copied, `${key}, ${encoding}`).toBe(digest)
    await bothSame(pair, "OBJECT", "ENCODING", copy)
    await bothSame(pair, "DEL", copy)
  }
}

const readEvents = async (listener: RawClient, client: RawClient, mark: string): Promise<string[]> => {
  await client.command("PUBLISH", "__key__:mark", mark)
  const events: string[] = []
  for (;;) {
    const [, , channel, message] = parseReply(await listener.readReply()).items ?? []
    if (message?.payload.toString("latin1") === mark) return events
    // When a key is found to be past its time is the clock's.
    if (channel?.payload.toString("latin1").endsWith(":expired") === true) continue
    if (message?.payload.toString("latin1") === "expired") continue
    events.push(`${channel?.payload.toString("latin1")} ${message?.payload.toString("latin1")}`)
  }
}

describeOracle("all types together, as Redis has them", () => {
  for (const protocol of ["2", "3"] as const) {
    it(`replies, events, payloads and digest, RESP${protocol}`, { timeout: 120_000 + COMMANDS * 5 }, () =>
      withOracle({ config: settings }, async (server) => {
        const [oracle, subject, theirListener, ourListener] = await Promise.all([
          server.connect(),
          redix.connect(),
          server.connect(),
          redix.connect(),
        ])
        const pair: Pair = { oracle, subject }
        const { keyspace } = redix.engine.context
        await subject.command("FLUSHALL")
        const used = keyspace.arena.usedBytes
        for (const listener of [theirListener, ourListener]) await listener.command("PSUBSCRIBE", "__key*")
        for (const client of [oracle, subject]) await client.command("HELLO", protocol)
        for (const client of [oracle, subject]) await client.command(...defaultLimits())
        const random = Random.forTest(`mixed ${protocol}`)
        let compared = 0
        for (let round = 0; compared < COMMANDS; round++) {
          const seed = random.seed
          compared += await differential({ ...pair, seed }, mixedSteps(random, ROUND))
          await both(pair, "DEL", "auto")
          await digestsAgree(pair)
          for (const key of mixedKeys) if (random.chance(0.3)) await exchange(pair, key)
          const [want, got] = await Promise.all([
            readEvents(theirListener, oracle, `round ${round}`),
            readEvents(ourListener, subject, `round ${round}`),
          ])
          expect(got).toEqual(want)
          keyspace.arena.checkInvariants()
        }
        await digestsAgree(pair)
        await subject.command("FLUSHALL")
        expect(keyspace.arena.usedBytes).toBe(used)
        for (const client of [oracle, subject, theirListener, ourListener]) client.close()
      }),
    )
  }
})
