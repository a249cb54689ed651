/** A replica keeps a file of its own: of its master's stream, and of the data set that a full resync brings. */
import * as fs from "node:fs"
import { expect, it } from "vitest"
import { withTempDir } from "../rdb/PersistenceSupport.js"
import { GatedFiles } from "../support/GatedFiles.js"
import { MixedWrites, writeUntil } from "../support/MixedWrites.js"
import { type Node, type NodeKind, until, untilEqual, withNodes } from "../support/Nodes.js"
import { describeOracle } from "../support/Oracle.js"
import { Random, runSeed } from "../support/Random.js"
import { startRedix } from "../support/Redix.js"

const aofConfig = { appendonly: "yes", appendfsync: "everysec" }

const untilOn = (node: Node): Promise<void> =>
  until(
    async () => {
      const info = await node.info("persistence")
      return info["aof_rewrite_in_progress"] === "0" && info["aof_rewrite_scheduled"] === "0"
    },
    () => `${node.name} has its base\n${node.log.slice(-2000)}`,
  )

/** Nothing goes by itself any more, in any database. */
const PERSIST_ALL = `
  for db = 0, 15 do
    redis.call('SELECT', db)
    for _, key in ipairs(redis.call('KEYS', '*')) do redis.call('PERSIST', key) end
  end`

const digest = (node: Node): Promise<string> => node.ask("DEBUG", "DIGEST")

const startsAnewBehind = async (kind: NodeKind): Promise<void> => {
  const random = new Random(runSeed())
  await withNodes(async (start) => {
    const master = await start(kind)
    const replica = await start("redix", aofConfig, "apart")
    await replica.ask("SET", "own", "1")
    const client = await master.connect()
    let over = false
    const writing = writeUntil(client, new MixedWrites(random), () => over)
    await replica.follow(master)
    await replica.untilUp()
    await untilOn(replica)
    over = true
    await writing
    await master.ask("SET", "last", "1")
    await master.ask("EVAL", PERSIST_ALL, 0)
    await untilEqual(master, [replica])
    // What nobody was promised may still be on its way to the file.
    await until(
      async () => (await replica.field("aof_buffer_length")) === "0",
      () => "all is written",
    )
    const before = await digest(replica)
    await replica.kill()
    await replica.launch()
    expect(await replica.ask("GET", "own")).toBe("(nil)")
    expect(await replica.ask("GET", "last")).toBe("1")
    await until(
      async () => (await digest(replica)) === before,
      async () => `the data set is the same: ${before}, ${await digest(replica)}`,
    )
    expect(fs.readdirSync(`${replica.dir}/appendonlydir`).length).toBe(3)
    client.close()
  })
}

it("starts anew with what it had, behind a redix master", () => startsAnewBehind("redix"))

describeOracle("a replica's file, behind a redis master", () => {
  it("has at a new start what the replica had", () => startsAnewBehind("redis"))
})

it("goes on with its file when it becomes a master", async () => {
  await withNodes(async (start) => {
    const master = await start("redix")
    const replica = await start("redix", aofConfig, "apart")
    await master.ask("SET", "k", "1")
    await replica.follow(master)
    await replica.untilUp()
    await untilOn(replica)
    await replica.ask("REPLICAOF", "NO", "ONE")
    await replica.ask("INCR", "k")
    await replica.kill()
    await replica.launch()
    expect(await replica.ask("GET", "k")).toBe("2")
  })
})

it("acknowledges what it has written of its own only when that is safe, also while a full resync takes its place", () =>
  withTempDir(async (dir) => {
    const disk = new GatedFiles()
    const master = await startRedix({}, { "repl-diskless-sync-delay": 0 })
    const directives = { dir, appendonly: true, appendfsync: "always" } as const
    const replica = await startRedix({}, directives, [], undefined, disk.layer)
    const [client, admin] = [await replica.connect(), await replica.connect()]
    disk.hold("sync")
    let reply: string | undefined
    const own = client.text("SET", "own", "1").then((text) => (reply = text))
    await disk.untilHeld(1)
    await admin.text("REPLICAOF", "127.0.0.1", String(master.port))
    await until(
      async () => (await admin.text("INFO", "replication")).includes("master_link_status:up"),
      () => "the master's data set is there",
    )
    expect(await admin.text("EXISTS", "own")).toBe(":0\r\n")
    expect(reply).toBeUndefined()
    disk.release()
    expect(await own).toBe("+OK\r\n")
    await until(
      () => replica.aof.status.phase === "on",
      () => "the replica has a base",
    )
    client.close()
    admin.close()
    await replica.stop()
    await master.stop()
  }))
