/** Streams without entries, as files of before and since Redis 7.0 have them: what XINFO says, and what comes of them. */
import { expect, it } from "vitest"
import { sealed } from "../support/DumpPayloads.js"
import { describeOracle } from "../support/Oracle.js"
import { besideOracle } from "../support/CommandSuite.js"

/** Type, no nodes, no entries, last ID; then first ID, max deleted ID and entries added where the type has them; groups. */
const payloads: ReadonlyArray<readonly [string, ReadonlyArray<number>]> = [
  ["old", [15, 0, 0, 5, 1, 0]],
  ["old, never used", [15, 0, 0, 0, 0, 0]],
  ["old, with a group", [15, 0, 0, 5, 1, 1, 1, 0x67, 4, 0, 0, 0]],
  ["new", [19, 0, 0, 5, 1, 0, 0, 0, 0, 3, 0]],
  ["new, with a first ID", [19, 0, 0, 5, 1, 2, 2, 1, 1, 3, 0]],
  ["new, with a group", [19, 0, 0, 5, 1, 0, 0, 5, 1, 3, 1, 1, 0x67, 4, 0, 2, 0, 0]],
]

const uses = [
  "XINFO STREAM k",
  "XINFO STREAM k FULL",
  "XINFO GROUPS k",
  "DUMP k",
  "XGROUP CREATE k e 0",
  "XADD k 9-9 a b",
  "XINFO STREAM k",
  "XINFO GROUPS k",
  "XGROUP CREATE k z 0",
  "XREADGROUP GROUP z c STREAMS k >",
  "XDEL k 9-9",
  "XINFO STREAM k FULL",
  "XINFO GROUPS k",
]

describeOracle("empty streams against redis-server", () => {
  const servers = besideOracle()

  it.each(payloads)("%s", async (_name, value) => {
    const told: Array<ReadonlyArray<string>> = []
    for (const client of servers.clients) {
      expect(await client.text("DEL", "k")).toMatch(/^:[01]/)
      expect(await client.text("RESTORE", "k", "0", sealed(Buffer.from(value)))).toBe("+OK\r\n")
      const lines: Array<string> = []
      // Delivery times and idle times are the clock's.
      for (const use of uses)
        lines.push(`${use} ${(await client.text(...use.split(" "))).replaceAll(/:\d{2,}\r/g, ":time\r")}`)
      told.push(lines)
    }
    expect(told[1]).toEqual(told[0])
  })
})
