/** Servers with files that start again while they replicate: whether they go on or begin anew, beside redis-server. */
import { expect, it } from "vitest"
import { describeOracle } from "../../support/Oracle.js"
import { type Node, type NodeKind, until, withNodes } from "../../support/Nodes.js"

const CONFIG = { appendonly: "yes", "repl-backlog-size": "1mb" }

const syncs = async (master: Node): Promise<string> => {
  const stats = await master.info("stats")
  return ["sync_full", "sync_partial_ok", "sync_partial_err"]
    .map((name) => `${name}:${stats[name]}`)
    .join(" ")
}

const ended = async (node: Node): Promise<void> => {
  await node.ask("SHUTDOWN").catch(() => undefined)
  await until(
    () => !node.alive,
    () => `${node.name} has ended`,
  )
}

describeOracle("with append-only files", () => {
  it("a replica, then its master, is stopped or killed and starts again", () =>
    withNodes(async (start) => {
      const play = async (kind: NodeKind): Promise<ReadonlyArray<string>> => {
        const master = await start(kind, CONFIG)
        const replica = await start(kind, { ...CONFIG, replicaof: `127.0.0.1 ${master.port}` }, "apart")
        await replica.untilUp()
        const seen: Array<string> = []
        const look = async (key: string): Promise<void> => {
          await replica.untilUp()
          await master.ask("SET", key, "v")
          await until(
            async () => (await replica.ask("GET", key)) === "v",
            () => `the replica has ${key}`,
          )
          await until(
            async () =>
              !/aof_rewrite_(?:in_progress|scheduled):1/.test(await replica.ask("INFO", "persistence")),
            () => "the base of a full resync is there",
          )
          const digests = [await master.ask("DEBUG", "DIGEST"), await replica.ask("DEBUG", "DIGEST")]
          seen.push(await syncs(master), String(digests[0] === digests[1]), await replica.ask("DBSIZE"))
        }
        await look("a")
        await ended(replica)
        await master.ask("SET", "meanwhile", "v")
        await replica.launch()
        await look("b")
        await replica.kill()
        await replica.launch()
        await look("c")
        await ended(master)
        await master.launch()
        await look("d")
        return seen
      }
      const [ours, theirs] = await Promise.all([play("redix"), play("redis")])
      expect(ours).toEqual(theirs)
    }))
})
