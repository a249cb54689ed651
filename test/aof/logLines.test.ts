/** What both servers' logs say of the append-only file, from its first base to the taking over of an old one. */
import * as fs from "node:fs"
import { expect, it } from "vitest"
import { type Node, until, withNodes } from "../support/Nodes.js"
import { describeOracle } from "../support/Oracle.js"

/** Of no server's own making: times, sizes, names of temporary files. */
const plain = (line: string): string =>
  line
    .replace(/^\d+:[A-Z] .{24} ?[*#.-] /, "")
    .replace(/pid \d+/, "pid N")
    .replace(/[\d.]+ (seconds|Mb)/, "N $1")
    .replace(/temp-rewriteaof-bg-\d+\.aof|temp-appendonly\.aof\.base/, "TEMP")

const ABOUT = /AOF|RDB|append only|MULTI|Background/
/** There is no child, so nothing is said of its memory; and each has its version. */
const APART = /Fork CoW|produced by version/

const told = (node: Node): ReadonlyArray<string> =>
  node.log
    .split("\n")
    .map(plain)
    .filter((line) => ABOUT.test(line) && !APART.test(line))

const rewritten = (node: Node): Promise<void> =>
  until(
    async () => {
      const info = await node.info("persistence")
      return info["aof_rewrite_in_progress"] === "0" && info["aof_rewrite_scheduled"] === "0"
    },
    () => `${node.name} has rewritten`,
  )

const lastIncrement = (node: Node): string => {
  const folder = `${node.dir}/appendonlydir`
  const names = fs.readdirSync(folder).filter((name) => name.endsWith(".incr.aof"))
  return `${folder}/${names.sort().at(-1)}`
}

const play = async (node: Node): Promise<ReadonlyArray<string>> => {
  await node.ask("SET", "k", "v")
  await node.ask("BGREWRITEAOF")
  await rewritten(node)
  for (const value of ["no", "yes"]) await node.ask("CONFIG", "SET", "appendonly", value)
  await rewritten(node)
  await node.ask("SET", "k", "w")
  const seen = [...told(node)]
  for (const tail of ["*3\r\n$3\r\nSE", "*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$1\r\n1\r\n"]) {
    await node.kill()
    fs.appendFileSync(lastIncrement(node), tail)
    await node.launch()
    seen.push(...told(node))
  }
  await node.kill()
  const folder = `${node.dir}/appendonlydir`
  const base = fs.readdirSync(folder).find((name) => name.endsWith(".base.rdb")) ?? ""
  const single = [`${folder}/${base}`, lastIncrement(node)].map((file) => fs.readFileSync(file))
  fs.writeFileSync(`${node.dir}/appendonly.aof`, Buffer.concat(single))
  fs.rmSync(folder, { recursive: true })
  await node.launch()
  return [...seen, ...told(node)]
}

describeOracle("the log", () => {
  it("says the same of the same files", () =>
    withNodes(async (start) => {
      const seen: Array<ReadonlyArray<string>> = []
      for (const kind of ["redix", "redis"] as const)
        seen.push(await play(await start(kind, { appendonly: "yes" }, "apart")))
      expect(seen[0]?.length).toBeGreaterThan(30)
      expect(seen[0]).toEqual(seen[1])
    }))
})
