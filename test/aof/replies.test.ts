/** What both servers answer, and show in INFO, while files are being rewritten, saved, switched on and off. */
import { expect, it } from "vitest"
import { describeOracle } from "../support/Oracle.js"
import { type Node, type NodeKind, until, withNodes } from "../support/Nodes.js"
import type { Argument } from "../support/RawClient.js"

type Words = ReadonlyArray<Argument>

const FIELDS = [
  "rdb_bgsave_in_progress",
  "aof_enabled",
  "aof_rewrite_in_progress",
  "aof_rewrite_scheduled",
  "aof_last_bgrewrite_status",
  "aof_rewrites_consecutive_failures",
  "aof_last_write_status",
  "aof_pending_rewrite",
]

/** Makes every later save last until `quick`. */
const SLOW: Words = ["CONFIG", "SET", "rdb-key-save-delay", 100_000]
const QUICK: Words = ["CONFIG", "SET", "rdb-key-save-delay", 0]

/** Steps, and where one is undefined the end of all that goes on. */
const SCENES: Readonly<Record<string, ReadonlyArray<Words | undefined>>> = {
  "a rewrite and saves": [
    SLOW,
    ["BGREWRITEAOF"],
    ["BGREWRITEAOF"],
    ["BGSAVE"],
    ["BGSAVE", "SCHEDULE"],
    QUICK,
    undefined,
  ],
  "a save and rewrites": [SLOW, ["BGSAVE"], ["BGREWRITEAOF"], ["BGREWRITEAOF"], ["BGSAVE"], QUICK, undefined],
  "off and on during a save": [
    SLOW,
    ["BGSAVE"],
    ["BGREWRITEAOF"],
    ["CONFIG", "SET", "appendonly", "no"],
    ["CONFIG", "SET", "appendonly", "yes"],
    QUICK,
    undefined,
  ],
  "off and on during a rewrite": [
    SLOW,
    ["BGREWRITEAOF"],
    ["CONFIG", "SET", "appendonly", "no"],
    ["CONFIG", "SET", "appendonly", "yes"],
    ["SHUTDOWN", "NOSAVE"],
    QUICK,
    undefined,
  ],
  "a transaction": [["MULTI"], ["BGREWRITEAOF"], ["BGSAVE"], ["EXEC"], undefined],
  "wrong words": [
    ["BGREWRITEAOF", "x"],
    ["CONFIG", "SET", "appendfsync", "x"],
    ["CONFIG", "SET", "appendfilename", "x"],
    ["CONFIG", "SET", "auto-aof-rewrite-percentage", -1],
    ["DEBUG", "AOF-FLUSH-SLEEP", "10"],
    ["DEBUG", "AOF-FLUSH-SLEEP", "0"],
    ["DEBUG", "LOADAOF"],
    ["DBSIZE"],
  ],
}

const shown = async (node: Node): Promise<string> => {
  const info = await node.info("persistence")
  return FIELDS.map((field) => `${field}:${info[field] ?? "absent"}`).join(" ")
}

const play = async (node: Node, steps: ReadonlyArray<Words | undefined>): Promise<ReadonlyArray<string>> => {
  const seen: Array<string> = []
  for (const step of steps) {
    if (step !== undefined) {
      const reply = await node.ask(...step)
      seen.push(`${step.join(" ")}: ${reply}`)
      // In a transaction INFO would be one of its commands; once saves are quick it depends on when it is asked.
      if (step !== QUICK && step[0] !== "MULTI" && step[0] !== "EXEC" && reply !== "QUEUED")
        seen.push(await shown(node))
      continue
    }
    let last = ""
    await until(
      async () => !/(?:progress|scheduled|pending_rewrite):1/.test((last = await shown(node))),
      () => "all is done",
    )
    seen.push(last, await node.ask("DBSIZE"))
  }
  return seen
}

describeOracle.concurrent("the append-only file's replies", () => {
  it.each(Object.keys(SCENES))("%s", async (scene) => {
    await withNodes(async (start) => {
      const seen = async (kind: NodeKind): Promise<ReadonlyArray<string>> => {
        const node = await start(kind, { appendonly: "yes" })
        await node.ask("DEBUG", "POPULATE", 50)
        return play(node, SCENES[scene] ?? [])
      }
      const [ours, theirs] = await Promise.all([seen("redix"), seen("redis")])
      expect(ours).toEqual(theirs)
    })
  })
})
