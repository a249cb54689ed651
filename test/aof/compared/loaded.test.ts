/** Commands of a file that is loaded were sent by nobody: they are in no statistics and in no SLOWLOG. */
import { expect, it } from "vitest"
import { describeOracle } from "../../support/Oracle.js"
import { type Node, type NodeKind, withNodes } from "../../support/Nodes.js"

const WRITES: ReadonlyArray<ReadonlyArray<string>> = [
  ["SET", "k", "v"],
  ["RPUSH", "l", "a", "b"],
  ["MULTI"],
  ["INCR", "n"],
  ["HSET", "h", "f", "v"],
  ["EXEC"],
  ["EVAL", "redis.call('SADD', 's', 'a') return redis.call('ZADD', 'z', 1, 'm')", "0"],
]

/** What statistics say was called, without its times. */
const counted = async (node: Node): Promise<ReadonlyArray<string>> =>
  [...(await node.ask("INFO", "commandstats")).matchAll(/^cmdstat_(\S+?):(calls=\d+)/gm)]
    .map(([, name, calls]) => `${name} ${calls}`)
    .sort()

describeOracle("the commands of a file that is loaded", () => {
  it("are seen by nobody", () =>
    withNodes(async (start) => {
      const seen = async (kind: NodeKind): Promise<ReadonlyArray<string>> => {
        const node = await start(kind, { appendonly: "yes", "slowlog-log-slower-than": "0" })
        const client = await node.connect()
        for (const words of WRITES) await client.text(...words)
        await client.text("CONFIG", "RESETSTAT")
        await client.text("SLOWLOG", "RESET")
        const before = await node.field("total_commands_processed")
        expect(await client.text("DEBUG", "LOADAOF")).toBe("+OK\r\n")
        const after = await node.field("total_commands_processed")
        expect(await client.text("DBSIZE")).toBe(":6\r\n")
        const logged = [
          ...(await client.text("SLOWLOG", "GET", "-1")).matchAll(/\n(SET|RPUSH|INCR|SADD|EXEC|MULTI)\r/g),
        ]
        const names = await counted(node)
        client.close()
        return [`${Number(after) - Number(before)}`, `${logged.length}`, ...names]
      }
      const ours = await seen("redix")
      expect(ours).toEqual(await seen("redis"))
      expect(ours).not.toContain("set calls=1")
    }))
})
