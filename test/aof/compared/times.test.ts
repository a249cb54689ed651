/** `aof-timestamp-enabled`: both servers' lines look alike, and redis-check-aof cuts ours at a time, to whole commands. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { expect, it } from "vitest"
import { describeOracle } from "../../support/Oracle.js"
import { type Node, type NodeKind, until, withNodes } from "../../support/Nodes.js"

const CONFIG = { appendonly: "yes", "aof-timestamp-enabled": "yes" }

const seconds = async (node: Node): Promise<number> =>
  Number(/\r\n(\d+)\r\n/.exec(await node.ask("TIME"))?.[1])

/** Waits for the second after this one; answers which it is. */
const nextSecond = async (node: Node): Promise<number> => {
  const from = await seconds(node)
  await until(
    async () => (await seconds(node)) > from,
    () => "a second passes",
  )
  return seconds(node)
}

/** Writes in three seconds, in a transaction in the second of them; answers when that was. */
const write = async (node: Node): Promise<number> => {
  await nextSecond(node)
  await node.ask("SET", "first", "1")
  const at = await nextSecond(node)
  await node.ask("EVAL", "for i = 1, 3 do redis.call('INCR', 'n') end", 0)
  await nextSecond(node)
  await node.ask("SET", "last", "1")
  await until(
    async () => (await node.field("aof_buffer_length")) === "0",
    () => "all is written",
  )
  return at
}

const increment = (node: Node): string =>
  fs.readFileSync(`${node.dir}/appendonlydir/appendonly.aof.1.incr.aof`, "latin1")

describeOracle("the times in a file", () => {
  it("stand where redis-server puts them", () =>
    withNodes(async (start) => {
      const seen = async (kind: NodeKind): Promise<string> => {
        const node = await start(kind, CONFIG)
        await write(node)
        return increment(node).replace(/#TS:\d{10}\r\n/g, "#TS:N\r\n")
      }
      const [ours, theirs] = await Promise.all([seen("redix"), seen("redis")])
      expect(ours).toBe(theirs)
      expect(ours.split("#TS:N").length).toBe(4)
    }))

  it.each([{}, { "aof-use-rdb-preamble": "no" }, { "aof-checksum": "yes" }])(
    "are where redis-check-aof cuts, with %j",
    (more) =>
      withNodes(async (start) => {
        const node = await start("redix", { ...CONFIG, ...more }, "apart")
        const at = await write(node)
        await node.kill()
        const run = spawnSync(
          "redis-check-aof",
          ["--truncate-to-timestamp", String(at), `${node.dir}/appendonlydir/appendonly.aof.manifest`],
          { encoding: "utf8" },
        )
        expect(run.stdout + run.stderr).toMatch(/Successfully truncated AOF/)
        expect(run.status).toBe(0)
        await node.launch()
        expect([
          await node.ask("GET", "first"),
          await node.ask("GET", "n"),
          await node.ask("GET", "last"),
        ]).toEqual(["1", "3", "(nil)"])
      }),
  )
})
