/** What the settings of the append-only file do, beside redis-server: to its files, to INFO, to a start and to an end. */
import * as fs from "node:fs"
import { expect, it } from "vitest"
import { describeOracle } from "../../support/Oracle.js"
import { type Node, type NodeKind, until, withNodes } from "../../support/Nodes.js"
import { type Argument, encodeCommand } from "../../support/RawClient.js"

type Config = Readonly<Record<string, string>>

const folder = (node: Node): string => `${node.dir}/appendonlydir`

const names = (node: Node): ReadonlyArray<string> => fs.readdirSync(folder(node)).sort()

/** The manifest, and which files there are. */
const files = (node: Node): ReadonlyArray<string> => [
  fs.readFileSync(`${folder(node)}/appendonly.aof.manifest`, "latin1"),
  ...names(node),
]

const quiet = (node: Node): Promise<void> =>
  until(
    async () =>
      !/(?:aof_rewrite_in_progress|aof_rewrite_scheduled|rdb_bgsave_in_progress):1/.test(
        await node.ask("INFO", "persistence"),
      ),
    () => `${node.name} rests`,
  )

const rewrite = async (node: Node): Promise<void> => {
  await node.ask("BGREWRITEAOF")
  await quiet(node)
}

const shown = async (node: Node, ...fields: ReadonlyArray<string>): Promise<string> => {
  const info = await node.info("persistence")
  return fields.map((field) => `${field}:${info[field] ?? "absent"}`).join(" ")
}

/** Puts files in place before a server starts; each is one command. */
const put = (dir: string, manifest: string, ...names: ReadonlyArray<string>): void => {
  fs.mkdirSync(`${dir}/appendonlydir`)
  fs.writeFileSync(`${dir}/appendonlydir/appendonly.aof.manifest`, manifest)
  for (const name of names)
    fs.writeFileSync(`${dir}/appendonlydir/${name}`, encodeCommand(["SET", name, "1"]))
}

type Scene = (node: Node) => Promise<ReadonlyArray<unknown>>

/** Both servers play it, and show the same. */
const same = (name: string, config: Config, scene: Scene): void =>
  it(name, () =>
    withNodes(async (start) => {
      const seen = async (kind: NodeKind): Promise<ReadonlyArray<unknown>> =>
        scene(await start(kind, config, "apart"))
      const [ours, theirs] = await Promise.all([seen("redix"), seen("redis")])
      expect(ours).toEqual(theirs)
    }),
  )

/** The process ended at once, and is there again. */
const again = async (node: Node): Promise<void> => {
  await until(
    async () => (await node.field("aof_buffer_length")) === "0",
    () => "all is written",
  )
  await node.kill()
  await node.launch()
}

describeOracle.concurrent("the append-only file's settings", () => {
  same("history stays with aof-disable-auto-gc, until it is off", { appendonly: "yes" }, async (node) => {
    const seen: Array<unknown> = []
    await node.ask("CONFIG", "SET", "aof-disable-auto-gc", "yes")
    for (let n = 0; n < 2; n++) {
      await node.ask("SET", `k${n}`, "v")
      await rewrite(node)
      seen.push(files(node))
    }
    await again(node)
    await node.ask("CONFIG", "SET", "aof-disable-auto-gc", "no")
    await until(
      () => names(node).length === 3,
      () => `the history has gone: ${files(node)}`,
    )
    return [...seen, await node.ask("DBSIZE"), ...files(node)]
  })

  same("the history of many files", { appendonly: "yes" }, async (node) => {
    await node.kill()
    fs.rmSync(folder(node), { recursive: true })
    put(
      node.dir,
      "file h seq 1 type h\nfile b seq 2 type b\nfile i1 seq 1 type i\nfile i2 seq 2 type i\n",
      "h",
      "b",
      "i1",
      "i2",
    )
    node.config["aof-disable-auto-gc"] = "yes"
    await node.launch()
    await rewrite(node)
    return [await node.ask("DBSIZE"), ...files(node)]
  })

  same("no rewrite by itself at 0 percent or below the least size", { appendonly: "yes" }, async (node) => {
    const seen: Array<string> = []
    const grow = async (): Promise<void> => {
      for (let n = 0; n < 60; n++) await node.ask("SET", "k", "x".repeat(50))
    }
    const set = (name: string, value: Argument): Promise<string> =>
      node.ask("CONFIG", "SET", `auto-aof-rewrite-${name}`, value)
    await set("percentage", 0)
    await set("min-size", 1000)
    await grow()
    seen.push(await shown(node, "aof_rewrites"))
    await set("percentage", 100)
    await until(
      async () => (await node.field("aof_rewrites")) === "1",
      () => "a rewrite",
    )
    await quiet(node)
    await set("min-size", "1mb")
    await grow()
    for (const value of ["-1", "x", "2147483648"]) seen.push(await set("percentage", value))
    for (const value of ["-1", "x", "9223372036854775808"]) seen.push(await set("min-size", value))
    return [...seen, await shown(node, "aof_rewrites")]
  })

  same(
    "what was added before a start counts as growth, and as changes",
    { appendonly: "yes" },
    async (node) => {
      await node.ask("SET", "before", "1")
      await rewrite(node)
      for (let n = 0; n < 5; n++) await node.ask("INCR", "n")
      await again(node)
      const { aof_base_size: base = "", aof_current_size: size = "" } = await node.info("persistence")
      const [seenBase, seenSize] = ["base", "incr"].map((part) => {
        const name = fs.readdirSync(folder(node)).find((file) => file.includes(`.${part}.`)) ?? ""
        return fs.statSync(`${folder(node)}/${name}`).size
      })
      const changes = await shown(node, "rdb_changes_since_last_save")
      await node.ask("CONFIG", "SET", "auto-aof-rewrite-min-size", "1", "auto-aof-rewrite-percentage", "10")
      await until(
        async () => (await node.field("aof_rewrites")) === "1",
        () => "a rewrite",
      )
      return [Number(base) === seenBase, Number(size) === Number(seenBase) + Number(seenSize), changes]
    },
  )

  same("CONFIG RESETSTAT forgets how many rewrites there were", { appendonly: "yes" }, async (node) => {
    await rewrite(node)
    await node.ask("CONFIG", "RESETSTAT")
    return [await shown(node, "aof_rewrites", "aof_delayed_fsync", "rdb_saves")]
  })

  same("DEBUG LOADAOF leaves no changes to save", { appendonly: "yes" }, async (node) => {
    await node.ask("SET", "k", "v")
    const seen = [await shown(node, "rdb_changes_since_last_save"), await node.ask("DEBUG", "LOADAOF")]
    return [...seen, await shown(node, "rdb_changes_since_last_save")]
  })
})
