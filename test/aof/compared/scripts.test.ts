/** What a script says of where its effects go holds for the file, too: redis.set_repl, beside redis-server. */
import * as fs from "node:fs"
import { expect, it } from "vitest"
import { describeOracle } from "../../support/Oracle.js"
import { type Node, type NodeKind, until, withNodes } from "../../support/Nodes.js"

const KINDS = ["REPL_NONE", "REPL_AOF", "REPL_REPLICA", "REPL_ALL"]

const script = (kind: string): string => `
  redis.set_repl(redis.${kind})
  redis.call('SET', '${kind}', '1')
  redis.call('SPOP', 'set')
  redis.set_repl(redis.REPL_ALL)
  redis.call('INCR', 'n')`

const keys = async (node: Node): Promise<ReadonlyArray<string>> =>
  (await node.ask("KEYS", "*"))
    .split("\r\n")
    .filter((line) => /^[A-Za-z]/.test(line))
    .sort()

describeOracle("the effects of a script", () => {
  it("are in the file, with replicas, in both or in neither", () =>
    withNodes(async (start) => {
      const seen = async (kind: NodeKind): Promise<ReadonlyArray<unknown>> => {
        const node = await start(kind, { appendonly: "yes", appendfsync: "always" })
        const replica = await start("redis")
        await replica.follow(node)
        await replica.untilUp()
        for (const one of KINDS) await node.ask("EVAL", script(one), 0)
        await until(
          async () => (await replica.ask("GET", "n")) === "4",
          () => "the replica has it all",
        )
        const file = fs.readFileSync(`${node.dir}/appendonlydir/appendonly.aof.1.incr.aof`, "latin1")
        const here = await keys(node)
        await node.kill()
        await node.launch()
        return [here, await keys(replica), await keys(node), file]
      }
      const [ours, theirs] = await Promise.all([seen("redix"), seen("redis")])
      expect(ours).toEqual(theirs)
    }))
})
