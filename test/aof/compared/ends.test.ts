/** SHUTDOWN beside redis-server, while nothing else happens, during a rewrite, a save, and before a first base. */
import * as fs from "node:fs"
import { expect, it } from "vitest"
import { describeOracle } from "../../support/Oracle.js"
import { type Node, type NodeKind, until, withNodes } from "../../support/Nodes.js"

type Words = ReadonlyArray<string>

interface Scene {
  readonly config: Readonly<Record<string, string>>
  /** What goes on. */
  readonly before?: Words
}

const ON = { appendonly: "yes" }
const SAVING = { ...ON, save: "900 1" }

const SCENES: Readonly<Record<string, Scene>> = {
  "a file": { config: ON },
  "a file, and save points": { config: SAVING },
  "a rewrite": { config: ON, before: ["BGREWRITEAOF"] },
  "a save": { config: SAVING, before: ["BGSAVE"] },
  "no base yet": { config: {}, before: ["CONFIG", "SET", "appendonly", "yes"] },
}

const WAYS: ReadonlyArray<Words> = [[], ["SAVE"], ["NOSAVE"], ["FORCE"], ["NOSAVE", "FORCE"]]

const listed = (dir: string): ReadonlyArray<string> =>
  fs
    .readdirSync(dir, { recursive: true, encoding: "utf8" })
    // Left behind by a process that was told to end at once; each has its own names. And a note that only Redix has.
    .filter((name) => !name.includes("temp-") && !name.endsWith(".synced"))
    .sort()

/** What comes of it, and what is there for the next process. */
const play = async (node: Node, { before }: Scene, way: Words): Promise<ReadonlyArray<unknown>> => {
  await node.ask("DEBUG", "POPULATE", "20")
  await node.ask("SET", "k", "v")
  if (before !== undefined) {
    await node.ask("CONFIG", "SET", "rdb-key-save-delay", "100000")
    await node.ask(...before)
    await until(
      async () =>
        /(?:rewrite|bgsave)_in_progress:1/.test(await node.ask("INFO", "persistence")) &&
        fs.existsSync(`${node.dir}/appendonlydir`),
      () => `${node.name} is at it`,
    )
  }
  const reply = await node.ask("SHUTDOWN", ...way).catch(() => "ended")
  if (reply === "ended")
    await until(
      () => !node.alive,
      () => `${node.name} has ended`,
    )
  else await node.kill()
  const files = listed(node.dir)
  node.config["appendonly"] = "yes"
  await node.launch()
  return [reply, files, await node.ask("DBSIZE")]
}

describeOracle.concurrent("SHUTDOWN with an append-only file", () => {
  for (const [name, scene] of Object.entries(SCENES))
    it.each(WAYS.map((way) => [way.join(" "), way] as const))(`during ${name}: %s`, (_, way) =>
      withNodes(async (start) => {
        const seen = async (kind: NodeKind): Promise<ReadonlyArray<unknown>> =>
          play(await start(kind, scene.config), scene, way)
        const [ours, theirs] = await Promise.all([seen("redix"), seen("redis")])
        expect(ours).toEqual(theirs)
      }),
    )
})
