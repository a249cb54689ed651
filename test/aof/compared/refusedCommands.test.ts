/** Commands of a file that get errors: what the log and INFO say of them, and which of them end the load. */
import * as fs from "node:fs"
import { expect, it } from "vitest"
import { withTempDir } from "../../rdb/PersistenceSupport.js"
import { type NodeKind, Node } from "../../support/Nodes.js"
import { describeOracle } from "../../support/Oracle.js"
import { encodeCommand } from "../../support/RawClient.js"
import { startRedix } from "../../support/Redix.js"

const put = (dir: string, ...commands: ReadonlyArray<ReadonlyArray<string>>): void => {
  fs.mkdirSync(`${dir}/appendonlydir`, { recursive: true })
  const bytes = Buffer.concat(commands.map((words) => encodeCommand(words)))
  fs.writeFileSync(`${dir}/appendonlydir/i`, bytes)
  fs.writeFileSync(`${dir}/appendonlydir/appendonly.aof.manifest`, "file i seq 1 type i\n")
}

const SET = ["SET", "k", "v"]

it.each([
  ["SET", "k"],
  ["XGROUP", "CREATE", "k"],
])("%s with too few words is damage: nothing is loaded in part", (...words) =>
  withTempDir(async (dir) => {
    put(dir, SET, words, SET)
    const at = encodeCommand(SET).length
    await expect(startRedix({}, { dir, appendonly: true })).rejects.toThrow(`(at byte ${at})`)
  }),
)

describeOracle("errors of commands in a file", () => {
  const seen = async (kind: NodeKind): Promise<ReadonlyArray<string>> => {
    const node = await Node.start(kind, { appendonly: "yes" }, "apart")
    try {
      await node.kill()
      fs.rmSync(`${node.dir}/appendonlydir`, { recursive: true })
      put(node.dir, SET, ["LPUSH", "k", "x"], ["SELECT", "99"], ["EXEC"], ["LPUSH", "l", "x"])
      await node.launch()
      const lines = node.log.split("\n").flatMap((line) => /== CRITICAL ==.*/.exec(line)?.[0] ?? [])
      const { unexpected_error_replies: count = "" } = await node.info("stats")
      return [...lines, count, await node.ask("DEBUG", "DIGEST")]
    } finally {
      await node.remove()
    }
  }

  it("are told and counted", async () => {
    const ours = await seen("redix")
    expect(ours.length).toBe(5)
    expect(ours).toEqual(await seen("redis"))
  })
})
