import { describe, expect, it } from "vitest"
import { globMatch } from "../../src/bytes/Glob.js"
import { describeOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import { parseReply } from "../support/RespFrames.js"
import { Differences, bytesOf, textsOf, withClient } from "./scalarsSupport.js"

const match = (pattern: string, text: string, nocase = false): boolean =>
  globMatch(bytesOf(`.${pattern}.`), 1, pattern.length, bytesOf(`.${text}.`), 1, text.length, nocase)

describe("glob", () => {
  it("matches by each kind of sign", () => {
    const yes: ReadonlyArray<readonly [string, string]> = [
      ["h?llo", "hello"],
      ["h*llo", "hllo"],
      ["h*llo", "heeeello"],
      ["h[ae]llo", "hallo"],
      ["h[^e]llo", "hbllo"],
      ["h[b-a]llo", "hallo"],
      ["a\\*", "a*"],
      ["[\\]]", "]"],
      ["[abc", "c"],
      ["a**", "a"],
      ["*a*b", "xaxb"],
      ["\\", "\\"],
      ["", ""],
      ["[^]", "x"],
    ]
    for (const [p, s] of yes) expect(match(p, s), `${p} on ${s}`).toBe(true)
    const no: ReadonlyArray<readonly [string, string]> = [
      ["h?llo", "hllo"],
      ["h[^e]llo", "hello"],
      ["a\\*", "ab"],
      ["*a", "ab"],
      ["[]", "x"],
      ["a", ""],
      ["*", ""],
      ["", "a"],
      ["A", "a"],
    ]
    for (const [p, s] of no) expect(match(p, s), `${p} on ${s}`).toBe(false)
  })

  it("ignores case on request", () => {
    expect(match("MAX[M-N]em*", "maxmEMory", true)).toBe(true)
    expect(match("[^A]", "a", true)).toBe(false)
  })

  it("takes no exponential time", () => {
    const started = process.cpuUsage()
    expect(match(`${"a*".repeat(100)}b`, "a".repeat(5000))).toBe(false)
    expect(process.cpuUsage(started).user).toBeLessThan(1_000_000)
  })
})

describeOracle("KEYS on redis-server", () => {
  it("agrees on random patterns", () =>
    withClient({}, async (client) => {
      const random = Random.forTest("glob/oracle")
      const alphabet = "abc*?[]^-\\A"
      const keys = [...new Set(Array.from({ length: 400 }, () => random.text(random.below(7), alphabet)))]
      await client.pipeline(keys.map((key) => ["SET", bytesOf(key), "1"]))
      // KEYS takes "*" alone for "all", without matching.
      const patterns = Array.from({ length: 4000 }, () => random.text(1 + random.below(10), alphabet)).filter(
        (p) => p !== "*",
      )
      const replies = await client.pipeline(patterns.map((p) => ["KEYS", bytesOf(p)]))
      const found = new Differences()
      let matches = 0
      patterns.forEach((p, i) => {
        const theirs = new Set(textsOf(parseReply(replies[i])))
        matches += theirs.size
        for (const key of keys)
          found.check(match(p, key) === theirs.has(key), () => `${p} on ${key}: Redis ${theirs.has(key)}`)
      })
      expect(found.lines).toEqual([])
      expect(matches).toBeGreaterThan(1000)
    }))
})
