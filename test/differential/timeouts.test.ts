/** The largest timeouts: which are numbers of milliseconds, and which are not. In a transaction, where nothing waits. */
import { expect, it } from "vitest"
import { describeOracle } from "../support/Oracle.js"
import { besideOracle } from "../support/CommandSuite.js"

const edges = ["9223372036854774", "9223372036854775", "9223372036854775.8", "9223372036854775.807"]
const near = Array.from({ length: 24 }, (_, i) => `9223372036854775.${String(790 + i * 2)}`)
const wide = ["9223372036854775.8069", "9223372036854775.80749", "9223372036854775.9", "9223372036854776"]
const beyond = [
  "1e15",
  "9223372036854775e0",
  "1e16",
  "1e4000",
  "-1e-9",
  "0x1p53",
  "nan",
  "inf",
  "4611686018427387.9",
]

describeOracle("timeouts against redis-server", () => {
  const servers = besideOracle()

  it.each([...edges, ...near, ...wide, ...beyond])("%s seconds", async (seconds) => {
    const replies: Array<string> = []
    for (const client of servers.clients) {
      let all = await client.text("MULTI")
      all += await client.text("BLPOP", "t", seconds)
      all += await client.text("BLMOVE", "a", "b", "LEFT", "LEFT", seconds)
      all += await client.text("BLMPOP", seconds, "1", "t", "LEFT")
      all += await client.text("BZPOPMIN", "t", seconds)
      all += await client.text("EXEC")
      replies.push(all)
    }
    expect(replies[1]).toBe(replies[0])
  })
})
