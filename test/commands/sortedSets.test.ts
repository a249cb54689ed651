import { describe, expect, it } from "vitest"
import { commandSuite } from "../support/CommandSuite.js"
import { parseReply } from "../support/RespFrames.js"

const suite = commandSuite()
const { run, items, encoding } = suite

/** Makes an empty-handed sorted set a skiplist: a member too long for a listpack, added and removed. */
const unpack = async (key: string): Promise<void> => {
  const long = "x".repeat(65)
  await run("ZADD", key, "0", long)
  await run("ZREM", key, long)
}

const LETTERS = "abcdefghij".split("")

for (const kind of ["listpack", "skiplist"] as const) {
  describe(`a sorted set kept as ${kind}`, () => {
    const fill = async (): Promise<void> => {
      await run("ZADD", "z", ...LETTERS.flatMap((member, i) => [i, member]))
      if (kind === "skiplist") await unpack("z")
      expect(await encoding("z")).toBe(kind)
    }

    it("keeps its order through updates", async () => {
      await fill()
      expect(await run("ZADD", "z", "XX", "CH", "-1", "j", "2.5", "a", "3", "d")).toBe(":2")
      expect(await items("ZRANGE", "z", 0, -1)).toEqual("jbcadefghi".split(""))
      expect(await run("ZINCRBY", "z", "1e3", "j")).toBe("$3 999")
      expect(await run("ZRANK", "z", "j")).toBe(":9")
      expect(await items("ZRANGE", "z", "(2", "5", "BYSCORE", "REV")).toEqual([])
      expect(await items("ZRANGE", "z", "5", "(2", "BYSCORE", "REV", "LIMIT", "1", "2")).toEqual(["e", "d"])
      expect(await encoding("z")).toBe(kind)
    })

    it("draws every member equally often", async () => {
      await fill()
      for (const [count, draws] of [
        [-1000, 10],
        [2, 1000],
        [7, 400],
      ] as const) {
        const times = new Map<string, number>()
        for (let i = 0; i < draws; i++) {
          const drawn = await items("ZRANDMEMBER", "z", count)
          expect(drawn).toHaveLength(Math.abs(count))
          if (count > 0) expect(new Set(drawn).size).toBe(count)
          for (const member of drawn) times.set(member, (times.get(member) ?? 0) + 1)
        }
        const expected = (Math.abs(count) * draws) / LETTERS.length
        let chi2 = 0
        for (const member of LETTERS) chi2 += ((times.get(member) ?? 0) - expected) ** 2 / expected
        // 9 degrees of freedom: above 60 once in a thousand million runs.
        expect(chi2).toBeLessThan(60)
      }
      expect((await items("ZRANDMEMBER", "z", 100)).sort()).toEqual(LETTERS)
    })

    it("goes away with its last member, and comes back as a listpack", async () => {
      await fill()
      expect(await run("ZPOPMAX", "z", "3")).toBe("*6 $1 j $1 9 $1 i $1 8 $1 h $1 7")
      expect(await run("ZREMRANGEBYRANK", "z", 0, -1)).toBe(":7")
      expect(await run("EXISTS", "z")).toBe(":0")
      await run("ZADD", "z", 1, "a")
      expect(await encoding("z")).toBe("listpack")
    })

    it("is copied as it is", async () => {
      await fill()
      await run("COPY", "z", "y")
      await run("ZADD", "z", 100, "k", -1, "b")
      expect(await encoding("y")).toBe(kind)
      expect(await items("ZRANGE", "y", 0, -1)).toEqual(LETTERS)
    })
  })
}

describe("sorted sets", () => {
  it("become skiplists beyond 128 members or 64 bytes", async () => {
    for (let i = 0; i < 128; i++) await run("ZADD", "z", i, `m${i}`)
    expect(await encoding("z")).toBe("listpack")
    await run("ZADD", "z", 1, "m0")
    expect(await encoding("z")).toBe("listpack")
    await run("ZADD", "z", 1, "one more")
    expect(await encoding("z")).toBe("skiplist")
    await run("ZUNIONSTORE", "y", 1, "z", "WEIGHTS", 2)
    expect(await encoding("y")).toBe("skiplist")
    await run("ZREM", "z", "one more")
    await run("ZUNIONSTORE", "y", 1, "z")
    expect(await encoding("y")).toBe("listpack")
    await run("ZADD", "w", 1, "w".repeat(64))
    expect(await encoding("w")).toBe("listpack")
    await run("ZADD", "v", 1, "v".repeat(65))
    expect(await encoding("v")).toBe("skiplist")
  })

  it("give a scan every member that stays, whatever comes and goes meanwhile", async () => {
    await run("ZADD", "z", ...Array.from({ length: 1000 }, (_, i) => [i, `stays${i}`]).flat())
    const seen = new Set<string>()
    let cursor = "0"
    let steps = 0
    do {
      const [next, page] =
        parseReply(await suite.client.command("ZSCAN", "z", cursor, "COUNT", 20)).items ?? []
      for (const item of page?.items ?? []) seen.add(item.payload.toString("latin1"))
      cursor = next?.payload.toString("latin1") ?? "0"
      const extra = Array.from({ length: 200 }, (_, i) => `extra${steps % 2 === 0 ? steps : steps - 1}:${i}`)
      if (steps % 2 === 0) await run("ZADD", "z", ...extra.flatMap((member) => [1, member]))
      else await run("ZREM", "z", ...extra)
      steps++
    } while (cursor !== "0")
    expect(steps).toBeGreaterThan(10)
    for (let i = 0; i < 1000; i++) expect(seen.has(`stays${i}`)).toBe(true)
  })

  it("leave nothing behind", async () => {
    const { arena } = suite.redix.engine.context.keyspace
    await run("SET", "other", "x")
    const before = arena.usedBytes
    await run("ZADD", "z", ...Array.from({ length: 3000 }, (_, i) => [i, `m${i}`]).flat())
    await run("ZUNION", 2, "z", "z", "WITHSCORES")
    await run("ZRANGESTORE", "y", "z", 0, 50)
    await run("ZREMRANGEBYSCORE", "z", 100, 200)
    await run("UNLINK", "z")
    await run("DEL", "y")
    while (suite.redix.engine.context.keyspace.freeSlice(100)) expect(arena.usedBytes).toBeGreaterThan(before)
    expect(arena.usedBytes).toBe(before)
    arena.checkInvariants()
  })
})
