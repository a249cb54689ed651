/** What the machine gives stays near maxmemory, whatever the sizes, and comes back. */
import * as Clock from "effect/Clock"
import * as Layer from "effect/Layer"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { CHUNK_BYTES } from "../../src/memory/Arena.js"
import { SteeredClock } from "../../src/testing/SteeredClock.js"
import { type LocalClient, localClient } from "../support/Local.js"
import { Random } from "../support/Random.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { untilTrue } from "../support/Patience.js"

const MB = 1024 * 1024
const MAX = 16 * MB
/** A fifth more, or 16 MB, in whole chunks; and a chunk for what commands take while a round goes on. */
const LIMIT = MAX + 16 * MB + 2 * CHUNK_BYTES

let redix: TestRedix
let client: LocalClient
beforeEach(async () => {
  redix = await startRedix()
  client = localClient(redix.engine)
})
afterEach(() => redix.stop())

/** Time that stands still. */
const stillness = (): Clock.Clock =>
  new SteeredClock({ manual: true, start: undefined, holdsProcess: () => false })

const run = (...words: ReadonlyArray<string>): string => client.run(...words)

const ok = (...words: ReadonlyArray<string>): void => {
  const reply = run(...words)
  if (reply !== "+OK\r\n") throw new Error(`${words[0]} answers ${reply}`)
}

const field = (section: string, name: string): number => {
  const value = new RegExp(`^${name}:(\\d+)`, "m").exec(run("INFO", section))?.[1]
  if (value === undefined) throw new Error(`INFO ${section} has no ${name}`)
  return Number(value)
}

const committed = (): number => redix.engine.keyspace.arena.committedBytes

/** Sizes of values, one range after another: each breaks up what the one before has left. */
const SIZES: ReadonlyArray<readonly [least: number, most: number]> = [
  [100, 200],
  [1000, 3000],
  [5000, 40_000],
  [200, 400],
]

/** Sets keys with values of such a size, so many bytes in all; answers the most that the machine had given meanwhile. */
const write = (
  r: Random,
  name: string,
  least: number,
  most: number,
  bytes: number,
  expiry: string,
): number => {
  let peak = 0
  const suffix = expiry === "" ? [] : ["EX", expiry]
  for (let sent = 0; sent < bytes;) {
    const value = "v".repeat(r.between(least, most))
    sent += value.length + 60
    ok("SET", `${name}:${r.below(1e9)}`, value, ...suffix)
    peak = Math.max(peak, committed())
  }
  return peak
}

/** The policies differ in whom they choose: one meets all sizes, the others what breaks up most with the fewest keys. */
describe.each([
  ["allkeys-lru", "", SIZES],
  ["allkeys-random", "", SIZES.slice(1)],
  ["volatile-ttl", "100000", SIZES.slice(1)],
])("under %s", (policy, expiry, sizes) => {
  // LRU tells seconds apart: on a slow machine it takes the keys in the order in which they came, and leaves no holes.
  beforeEach(async () => {
    await redix.stop()
    redix = await startRedix({}, {}, [], Layer.sync(Clock.Clock, stillness))
    client = localClient(redix.engine)
  })

  it("sizes that change take no more than a fixed part beyond maxmemory", () => {
    const r = Random.forTest(`compaction under ${policy}`)
    ok("CONFIG", "SET", "maxmemory", String(MAX), "maxmemory-policy", policy)
    // Keys go for as long as it takes, however slow the machine.
    ok("CONFIG", "SET", "maxmemory-eviction-tenacity", "100")
    for (const [i, [least, most]] of sizes.entries())
      expect(
        write(r, String(i), least, most, MAX * 1.2, expiry),
        `values of ${least} to ${most}`,
      ).toBeLessThan(LIMIT)
    redix.engine.keyspace.checkInvariants()
    expect(field("stats", "active_defrag_hits")).toBeGreaterThan(100)
  })
})

it("under noeviction what clients delete is used for other sizes", () => {
  const r = Random.forTest("compaction without eviction")
  ok("CONFIG", "SET", "maxmemory", String(MAX))
  let keys: Array<string> = []
  for (const [i, [least, most]] of SIZES.entries()) {
    let peak = 0
    for (let n = 0; ; n++) {
      const key = `${i}:${n}`
      if (run("SET", key, "v".repeat(r.between(least, most))).startsWith("-OOM")) break
      keys.push(key)
      peak = Math.max(peak, committed())
    }
    expect(peak).toBeLessThan(LIMIT)
    expect(keys.length).toBeGreaterThan(i === 2 ? 100 : 1000)
    const gone = new Set(keys.filter(() => r.chance(0.8)))
    for (const key of gone) run("DEL", key)
    keys = keys.filter((key) => !gone.has(key))
  }
  redix.engine.keyspace.checkInvariants()
})

it.each([
  ["who may do everything", ["~*"]],
  ["whose keys are looked at", ["~a*"]],
])("a user %s has writes see to pages when those granted are taken", (_, patterns) => {
  const { users, keyspace } = redix.engine
  ok("CONFIG", "SET", "maxmemory", String(MAX))
  expect(users.set("u", ["on", "nopass", "+@all", "&*", ...patterns], client.session)).toBe(undefined)
  const user = users.find("u")
  if (user === undefined) throw new Error("the user is not there")
  client.session.actAs(user)
  const { arena } = keyspace
  while (arena.pagesAhead >= 0) ok("SET", "a", "v".repeat(CHUNK_BYTES / 2))
  ok("SET", "a", "b")
  expect(arena.pagesAhead).toBeGreaterThanOrEqual(0)
})

/** Leaves one in twenty of so many keys. */
const thinOut = (count: number): void => {
  ok("DEBUG", "POPULATE", String(count), "key", "200")
  for (let i = 0; i < count; i++) if (i % 20 !== 0) run("DEL", `key:${i}`)
}

it("in quiet times memory goes back, with maxmemory", async () => {
  ok("CONFIG", "SET", "maxmemory", String(4 * MAX))
  thinOut(100_000)
  const digest = run("DEBUG", "DIGEST")
  expect(committed()).toBeGreaterThan(24 * MB)
  await untilTrue(() => committed() < 22 * MB)
  expect(run("DEBUG", "DIGEST")).toBe(digest)
  await untilTrue(() => field("memory", "active_defrag_running") === 0)
})

it("without maxmemory it goes back with activedefrag only, which INFO tells of", async () => {
  ok("CONFIG", "SET", "active-defrag-ignore-bytes", "1mb")
  thinOut(100_000)
  const { pace } = redix.engine.memoryLimit
  const now = redix.engine.clock.currentTimeMillisUnsafe()
  for (let i = 0; i < 10; i++) expect(pace.cron(now + i * 1000)).toBe(Infinity)
  expect(field("stats", "active_defrag_hits")).toBe(0)
  ok("CONFIG", "SET", "activedefrag", "yes", "active-defrag-cycle-min", "20")
  await untilTrue(() => pace.percent > 0)
  expect(field("memory", "active_defrag_running")).toBeGreaterThan(0)
  await untilTrue(() => committed() < 22 * MB)
  expect(field("stats", "active_defrag_hits")).toBeGreaterThan(100)
  expect(field("stats", "active_defrag_key_hits")).toBeGreaterThan(100)
  expect(field("stats", "total_active_defrag_time")).toBeGreaterThan(0)
  ok("CONFIG", "SET", "activedefrag", "no")
  ok("CONFIG", "RESETSTAT")
  expect(field("stats", "active_defrag_hits")).toBe(0)
})
