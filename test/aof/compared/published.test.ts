/** Messages go to replicas and into no file, from wherever they are published: the files are redis-server's, byte for byte. */
import * as fs from "node:fs"
import { expect, it } from "vitest"
import { describeOracle } from "../../support/Oracle.js"
import { type Node, type NodeKind, until, withNodes } from "../../support/Nodes.js"

const CONFIG = { appendonly: "yes", appendfsync: "always", "aof-use-rdb-preamble": "no" }

const fileOf = (node: Node): string => {
  const folder = `${node.dir}/appendonlydir`
  const names = fs.readdirSync(folder).filter((name) => name.endsWith(".incr.aof"))
  return names.map((name) => fs.readFileSync(`${folder}/${name}`, "latin1")).join("")
}

const play = async (node: Node): Promise<void> => {
  const client = await node.connect()
  const scenes = [
    [["PUBLISH", "c", "m"]],
    [["SPUBLISH", "c", "m"]],
    [["SET", "k", "1"]],
    [["MULTI"], ["SET", "k", "2"], ["PUBLISH", "c", "m"], ["EXEC"]],
    [["MULTI"], ["PUBLISH", "c", "m"], ["PUBLISH", "c", "n"], ["EXEC"]],
    [["EVAL", "redis.call('publish', 'c', 'm') redis.call('set', 'k', '3')", "0"]],
    [["EVAL", "redis.call('publish', 'c', 'm') return redis.call('publish', 'c', 'n')", "0"]],
    [["SET", "k", "4"]],
  ]
  for (const scene of scenes) for (const words of scene) await client.text(...words)
  client.close()
}

const has = (replica: Node): Promise<void> =>
  until(
    async () => (await replica.ask("GET", "k")) === "4",
    () => "the replica has it all",
  )

describeOracle.concurrent("published messages", () => {
  it.each(["alone", "with a replica"])("of a server %s", (how) =>
    withNodes(async (start) => {
      const seen = async (kind: NodeKind): Promise<string> => {
        const node = await start(kind, CONFIG)
        const replica = how === "alone" ? undefined : await start("redis")
        await replica?.follow(node)
        await replica?.untilUp()
        await play(node)
        if (replica !== undefined) await has(replica)
        return fileOf(node)
      }
      const [ours, theirs] = await Promise.all([seen("redix"), seen("redis")])
      expect(ours).toContain("SET")
      expect(ours).toBe(theirs)
    }),
  )

  it("of a replica's master", () =>
    withNodes(async (start) => {
      const seen = async (kind: NodeKind): Promise<string> => {
        const master = await start("redis")
        const replica = await start(kind, CONFIG)
        await replica.follow(master)
        await replica.untilUp()
        await until(
          async () =>
            !/aof_rewrite_(?:in_progress|scheduled):1/.test(await replica.ask("INFO", "persistence")),
          () => "the base of the full resync is there",
        )
        await play(master)
        await has(replica)
        return fileOf(replica)
      }
      const [ours, theirs] = await Promise.all([seen("redix"), seen("redis")])
      expect(ours).toContain("SET")
      expect(ours).toBe(theirs)
    }))
})
