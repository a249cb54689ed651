/** The check of a whole keyspace finds what it is for: blocks lost, held twice or freed, and structures that are wrong. */
import { describe, expect, it } from "vitest"
import type { Keyspace } from "../../src/store/Keyspace.js"
import { chunkOf, type Ref, wordOf } from "../../src/memory/Ref.js"
import { entryValue } from "../../src/store/Entry.js"
import { localClient } from "../support/Local.js"
import { startRedix } from "../support/Redix.js"

const FILL: ReadonlyArray<ReadonlyArray<string>> = [
  ["SET", "s", "x"],
  ["SET", "long", "x".repeat(5000), "PX", "100000"],
  ["RPUSH", "l", ...Array.from({ length: 3000 }, (_, i) => `element ${i}`)],
  ["SADD", "ints", "1", "2", "3"],
  ["SADD", "set", ...Array.from({ length: 2000 }, (_, i) => `member ${i}`)],
  ["HSET", "h", "f", "v"],
  ["HSET", "hash", ...Array.from({ length: 2000 }, (_, i) => `${i}`)],
  ["ZADD", "z", "1", "a"],
  ["ZADD", "zset", ...Array.from({ length: 3000 }, (_, i) => `${i}`)],
  ["XADD", "x", "1-1", "f", "v"],
  ["XADD", "x", "1-2", "f", "v"],
  ["XGROUP", "CREATE", "x", "g", "0"],
  ["XREADGROUP", "GROUP", "g", "c", "STREAMS", "x", ">"],
]

/** Runs `body` with a keyspace that has a value of every kind, in a server of its own. */
const withData = async (body: (keyspace: Keyspace, check: () => void) => () => void): Promise<void> => {
  const redix = await startRedix()
  const client = localClient(redix.engine)
  for (const words of FILL) expect(client.run(...words)).not.toMatch(/^-/)
  const { keyspace } = redix.engine
  keyspace.checkInvariants()
  const mend = body(keyspace, () => keyspace.checkInvariants())
  mend()
  await redix.stop()
}

const refOf = (keyspace: Keyspace, key: string): number => {
  const ref = keyspace.database(0).table.find(Buffer.from(key), 0, key.length)
  expect(ref).not.toBe(0)
  return ref
}

/** Changes a word of a block; answers how to put it right. */
const poke = ({ arena }: Keyspace, ref: Ref, word: number, change: (own: number) => number): (() => void) => {
  const words = arena.i32[chunkOf(ref)] ?? new Int32Array(0)
  const at = wordOf(ref) + word
  const own = words[at] ?? 0
  words[at] = change(own)
  return () => {
    words[at] = own
  }
}

describe("the check of a keyspace", () => {
  it("passes while values are freed in slices, staged and dropped", () =>
    withData((keyspace, check) => {
      const staged = keyspace.stage()
      check()
      keyspace.replaceBy(staged)
      for (let more = true; more;) {
        more = keyspace.freeSlice(100)
        check()
      }
      return () => {}
    }))

  it("passes while a snapshot is open and after it", () =>
    withData((keyspace, check) => {
      keyspace.arena.openSnapshot()
      const ref = refOf(keyspace, "hash")
      keyspace.database(0).remove(ref, false)
      check()
      return () => keyspace.arena.closeSnapshot()
    }))

  it("finds a block that nobody holds", () =>
    withData((keyspace, check) => {
      const lost = keyspace.arena.alloc(40)
      expect(check).toThrow(/1 blocks are live and nobody holds them/)
      return () => keyspace.arena.free(lost)
    }))

  it.each(["z", "freed"])("finds a hash that has the block of %s", (other) =>
    withData((keyspace, check) => {
      const { arena } = keyspace
      const freed = arena.alloc(40)
      arena.free(freed)
      const ref = refOf(keyspace, "h")
      const mend = poke(keyspace, ref, 2, () =>
        other === "z" ? entryValue(arena, refOf(keyspace, "z")) : freed,
      )
      expect(check).toThrow(/held by two, or was freed/)
      return mend
    }),
  )

  it.each([
    ["l", 0, /list: 3000 elements/],
    ["set", 0, /table holds 2000 entries/],
    ["zset", 0, /table holds 1500 entries/],
    ["zset", 7, /units/],
    ["x", 0, /2 entries, the length says otherwise/],
    ["ints", 0, /intset is broken/],
    ["h", 0, /listpack is broken/],
    ["long", 0, /exceeds its block/],
  ])("finds a wrong word in the value of %s", (key, word, message) =>
    withData((keyspace, check) => {
      const value = entryValue(keyspace.arena, refOf(keyspace, key))
      const mend = poke(keyspace, value, word, (own) => (key === "x" ? 1 : own + 100_000))
      expect(check).toThrow(message)
      return mend
    }),
  )

  it("finds an entry that expires and is not in the wheel", () =>
    withData((keyspace, check) => {
      const { wheel } = keyspace.database(0)
      const ref = refOf(keyspace, "long")
      wheel.remove(ref)
      expect(check).toThrow(/1 entries that expire are not in the timer wheel/)
      return () => wheel.insert(ref, 0)
    }))
})

describe("DEBUG CHECK-INVARIANTS", () => {
  it("answers OK, or what is broken", async () => {
    const redix = await startRedix()
    const client = localClient(redix.engine)
    expect(client.run("DEBUG", "CHECK-INVARIANTS")).toBe("+OK\r\n")
    const { arena } = redix.engine.keyspace
    const lost = arena.alloc(40)
    expect(client.run("DEBUG", "CHECK-INVARIANTS")).toMatch(/^-ERR invariant broken: 1 blocks are live/)
    arena.free(lost)
    expect(client.run("DEBUG", "CHECK-INVARIANTS")).toBe("+OK\r\n")
    await redix.stop()
  })
})
