/**
 * Moving blocks changes nothing that can be seen: whatever is written in between, and wherever a step ends. REDIX_EFFORT
 * raises the number of rounds.
 */
import { expect, it } from "vitest"
import type { Arena } from "../../src/memory/Arena.js"
import { chunkOf } from "../../src/memory/Ref.js"
import { Compaction } from "../../src/store/compaction/Compaction.js"
import { digestOfKeyspace } from "../../src/store/Digest.js"
import { entryClock, entryExpiryBig, entryKeyLength, entryKeyOffset } from "../../src/store/Entry.js"
import type { Keyspace } from "../../src/store/Keyspace.js"
import { effort } from "../support/Effort.js"
import { localClient } from "../support/Local.js"
import { MixedWrites } from "../support/MixedWrites.js"
import { Random } from "../support/Random.js"
import { startRedix } from "../support/Redix.js"

/** Every chunk that can be emptied. */
const allChunks = (arena: Arena): ReadonlyArray<number> =>
  arena.u8.flatMap(({ length }, i) => (length > 0 && !arena.isHuge(i) && arena.leaving[i] === 0 ? [i] : []))

/** What clients can see of a keyspace, and what evicts and expires its keys. */
const picture = (keyspace: Keyspace): ReadonlyArray<string> => {
  const a = keyspace.arena
  const lines: Array<string> = []
  for (const db of keyspace.databases) {
    db.table.forEach((entry) => {
      const off = entryKeyOffset(a, entry)
      const key = Buffer.from(a.u8[chunkOf(entry)]?.subarray(off, off + entryKeyLength(a, entry)) ?? [])
      lines.push(`${db.id} ${key.toString("latin1")} ${entryClock(a, entry)} ${entryExpiryBig(a, entry)}`)
    })
  }
  return [...lines.sort(), digestOfKeyspace(keyspace)]
}

const SMALL = {
  hashMaxListpackEntries: 4,
  setMaxIntsetEntries: 4,
  zsetMaxListpackEntries: 4,
  listMaxListpackSize: 3,
  streamNodeMaxEntries: 4,
}

it("leaves all types and encodings as they were, whatever is written between the steps", async () => {
  const r = Random.forTest("compaction")
  for (let round = 0; round < effort(2); round++) {
    const redix = await startRedix(round % 2 === 0 ? SMALL : {})
    const { keyspace } = redix.engine
    const client = localClient(redix.engine)
    const writes = new MixedWrites(r)
    const compaction = new Compaction(keyspace)
    for (let i = 0; i < 2500; i++) {
      const words = writes.next()
      if (!/^(B[LZ]|XREAD)/.test(String(words[0])) && !words.includes("BLOCK")) client.run(...words)
      if (!compaction.running) {
        const chunks = allChunks(keyspace.arena)
        compaction.begin(r.chance(0.5) ? chunks : chunks.filter(() => r.chance(0.5)))
      }
      const seen = i % 50 === 0 ? picture(keyspace) : undefined
      compaction.step(1 + r.below(r.pick([5, 50, 500])))
      if (seen !== undefined) expect(picture(keyspace)).toEqual(seen)
      if (i % 200 === 0) keyspace.checkInvariants()
    }
    expect(compaction.relocation.moved).toBeGreaterThan(10_000)
    compaction.end()
    keyspace.checkInvariants()
    await redix.stop()
  }
})

const range = (n: number, f: (i: number) => string): ReadonlyArray<string> =>
  Array.from({ length: n }, (_, i) => f(i))

/** Values of so many blocks that each is moved in steps of its own. */
const LARGE: ReadonlyArray<ReadonlyArray<string>> = [
  ["RPUSH", "list", ...range(5000, (i) => `element ${i}`)],
  ["SADD", "set", ...range(5000, (i) => `member ${i}`)],
  ["HSET", "hash", ...range(10_000, (i) => `${i}`)],
  ["ZADD", "zset", ...range(10_000, (i) => `${i}`)],
  ...range(3000, (i) => `${i + 1}-1`).map((id) => ["XADD", "stream", id, "f", id]),
  ["XGROUP", "CREATE", "stream", "g", "0"],
  ["XGROUP", "CREATE", "stream", "h", "0"],
  ...range(5, (i) => `c${i}`).map((c) => [
    "XREADGROUP",
    "GROUP",
    "g",
    c,
    "COUNT",
    "500",
    "STREAMS",
    "stream",
    ">",
  ]),
  ["XREADGROUP", "GROUP", "h", "c", "STREAMS", "stream", ">"],
  ["SET", "long", "x".repeat(5000), "PX", "100000000"],
]

/** Writes to the large values. */
const change = (r: Random): ReadonlyArray<string> =>
  r.pick([
    ["LPOP", "list"],
    ["RPUSH", "list", `${r.below(1e6)}`],
    ["LSET", "list", `${r.below(1000)}`, `${r.below(1e6)}`],
    ["LREM", "list", "1", `element ${r.below(5000)}`],
    ["SADD", "set", `${r.below(1e6)}`],
    ["SREM", "set", `member ${r.below(5000)}`],
    ["HSET", "hash", `${r.below(10_000)}`, `${r.below(1e9)}`],
    ["HDEL", "hash", `${r.below(10_000)}`],
    ["ZADD", "zset", `${r.below(10_000)}`, `${r.below(10_000)}`],
    ["ZREM", "zset", `${r.below(10_000)}`],
    ["XADD", "stream", "*", "f", "v"],
    ["XDEL", "stream", `${r.below(3000)}-1`],
    ["XACK", "stream", r.pick(["g", "h"]), `${r.below(3000)}-1`],
    ["XCLAIM", "stream", "g", `c${r.below(7)}`, "0", `${r.below(3000)}-1`],
    ["XTRIM", "stream", "MAXLEN", "~", "2900"],
    ["XGROUP", "DELCONSUMER", "stream", "g", `c${r.below(300)}`],
    ["RENAME", "list", "list"],
    ["COPY", "zset", `copy ${r.below(3)}`, "REPLACE"],
  ])

it.each([
  ["nodes of one element", { listMaxListpackSize: 1, streamNodeMaxEntries: 2 }],
  ["nodes of the usual size", {}],
])("moves values of many blocks in steps: %s", async (_name, settings) => {
  const r = Random.forTest("compaction of large values")
  const redix = await startRedix(settings)
  const { keyspace } = redix.engine
  const client = localClient(redix.engine)
  for (const words of LARGE) expect(client.run(...words)).not.toMatch(/^-/)
  const compaction = new Compaction(keyspace)
  for (let round = 0; round < Math.max(2, effort(2)); round++) {
    const chunks = allChunks(keyspace.arena)
    compaction.begin(chunks)
    const seen = picture(keyspace)
    let steps = 0
    for (; compaction.running; steps++) {
      compaction.step(r.between(1, 200))
      if (round === 0) continue
      for (let n = r.below(3); n > 0; n--) client.run(...change(r))
      if (r.chance(0.02)) keyspace.checkInvariants()
    }
    expect(steps).toBeGreaterThan(100)
    keyspace.checkInvariants()
    if (round > 0) continue
    expect(picture(keyspace)).toEqual(seen)
    // Every block has found another place.
    expect(
      chunks.filter((chunk) => (keyspace.arena.u8[chunk]?.length ?? 0) > 0 && !empty(keyspace.arena, chunk)),
    ).toEqual([])
  }
  await redix.stop()
})

const empty = (arena: Arena, chunk: number): boolean => {
  let blocks = 0
  arena.forEachPage(chunk, (_kind, live) => {
    blocks += live
  })
  return blocks === 0
}

it("a flush, a snapshot, and a swap of databases end a round or go on with it", async () => {
  const redix = await startRedix()
  const { keyspace } = redix.engine
  const client = localClient(redix.engine)
  const fill = (): void => {
    client.run("DEBUG", "POPULATE", "2000", "key", "100")
    client.run("RPUSH", "list", ...range(3000, (i) => `element ${i}`.repeat(10)))
  }
  const compaction = new Compaction(keyspace)
  const halfway = (): void => {
    fill()
    compaction.begin(allChunks(keyspace.arena))
    compaction.step(500)
    expect(compaction.running).toBe(true)
  }
  halfway()
  client.run("FLUSHALL")
  fill()
  compaction.step(500)
  expect(compaction.running).toBe(false)
  halfway()
  keyspace.arena.openSnapshot()
  const moved = compaction.relocation.moved
  compaction.step(500)
  expect(compaction.running).toBe(false)
  expect(compaction.relocation.moved).toBe(moved)
  keyspace.arena.closeSnapshot()
  keyspace.checkInvariants()
  halfway()
  client.run("SWAPDB", "0", "1")
  while (compaction.running) compaction.step(500)
  keyspace.checkInvariants()
  await redix.stop()
})

it("SCAN gives every key that is there all the time, while blocks move", async () => {
  const redix = await startRedix()
  const { keyspace } = redix.engine
  const client = localClient(redix.engine)
  client.run("DEBUG", "POPULATE", "3000")
  const compaction = new Compaction(keyspace)
  const keys = new Set<string>()
  let cursor = "0"
  do {
    if (!compaction.running) compaction.begin(allChunks(keyspace.arena))
    compaction.step(100)
    client.run("SET", `more:${cursor}`, "v")
    const lines = client
      .run("SCAN", cursor, "COUNT", "20")
      .split("\r\n")
      .filter((line) => line !== "" && !/^[*$]/.test(line))
    cursor = lines[0] ?? "0"
    for (const key of lines.slice(1)) keys.add(key)
  } while (cursor !== "0")
  for (let i = 0; i < 3000; i++) expect(keys.has(`key:${i}`)).toBe(true)
  await redix.stop()
})

it("where memory gives out a round ends, and nothing is lost", async () => {
  const redix = await startRedix()
  const { keyspace } = redix.engine
  const client = localClient(redix.engine)
  client.run("DEBUG", "POPULATE", "30000", "key", "100")
  const seen = picture(keyspace)
  const { shared } = keyspace.arena
  const take = shared.take.bind(shared)
  shared.take = () => undefined
  const compaction = new Compaction(keyspace)
  compaction.begin(allChunks(keyspace.arena))
  while (compaction.running) compaction.step(1000)
  shared.take = take
  expect(compaction.relocation.moved).toBe(0)
  keyspace.checkInvariants()
  expect(picture(keyspace)).toEqual(seen)
  await redix.stop()
})
