/** repl-diskless-load: what a replica serves while a snapshot comes, and what is left when it does not arrive. */
import * as fs from "node:fs"
import { expect, it } from "vitest"
import { type Node, type NodeKind, until, untilEqual, withNodes } from "../support/Nodes.js"
import { describeOracle } from "../support/Oracle.js"
import { Proxy } from "../support/Proxy.js"

const LOADING = "-LOADING Redis is loading the dataset in memory"
const BYTES_PER_SECOND = 300_000
const masterConfig = { rdbcompression: "no", "repl-backlog-size": "16384" }

const untilField = (node: Node, name: string, value: string): Promise<void> =>
  until(
    async () => (await node.field(name)) === value,
    async () => `${name}:${value}, ${await node.ask("INFO", "persistence")}`,
  )

const temporaryFiles = (node: Node): ReadonlyArray<string> =>
  fs.readdirSync(node.dir).filter((name) => name.startsWith("temp-replica-"))

const masters: ReadonlyArray<readonly [NodeKind, string]> = [
  ["redix", "yes"],
  ["redix", "no"],
  ["redis", "yes"],
  ["redis", "no"],
]

describeOracle("repl-diskless-load", () => {
  for (const [kind, diskless] of masters) {
    it(`swapdb, ${kind} master, diskless sync ${diskless}: the old data is read until the new is whole`, async () => {
      await withNodes(async (start) => {
        const master = await start(kind, { ...masterConfig, "repl-diskless-sync": diskless })
        const replica = await start("redix", { "repl-diskless-load": "swapdb" })
        const proxy = await Proxy.start(master)
        await master.ask("DEBUG", "POPULATE", 3000, "key", 300)
        await master.ask("SET", "which", "old")
        await replica.follow(proxy)
        await replica.untilUp()
        await untilEqual(master, [replica])
        // More than the backlog holds is missed: a full sync of the same history follows.
        proxy.spoil.refuse = true
        proxy.cut()
        await master.ask("SET", "which", "new")
        for (let i = 0; i < 5; i++) await master.ask("SET", `more${i}`, "x".repeat(10_000))
        proxy.spoil.bytesPerSecond = BYTES_PER_SECOND
        const oldIsServed = async (): Promise<void> => {
          expect(await replica.ask("GET", "which")).toBe("old")
          expect(await replica.ask("DBSIZE")).toBe("3001")
        }
        for (const breaks of [true, false]) {
          proxy.spoil.refuse = false
          await untilField(replica, "async_loading", "1")
          expect(await replica.field("loading")).toBe("0")
          await oldIsServed()
          expect(await replica.ask("SAVE")).toBe(LOADING)
          expect(await replica.ask("SET", "a", "b")).toMatch(/^-READONLY/)
          expect(temporaryFiles(replica)).toEqual([])
          if (!breaks) break
          proxy.spoil.refuse = true
          proxy.cut()
          await untilField(replica, "async_loading", "0")
          await oldIsServed()
        }
        // Readers see one data set or the other, never a mixture and never none.
        const seen = new Set<string>()
        const reader = await replica.connect()
        proxy.spoil.bytesPerSecond = 0
        await until(
          async () => {
            const replies = await reader.pipeline([["MULTI"], ["GET", "which"], ["DBSIZE"], ["EXEC"]])
            seen.add(String(replies[3]).replace(/\r\n/g, " ").trim())
            return (await replica.info("replication"))["master_link_status"] === "up"
          },
          () => "the link is up",
        )
        for (const pair of seen) expect(["*2 $3 old :3001", "*2 $3 new :3006"]).toContain(pair)
        await replica.untilUp()
        await untilEqual(master, [replica])
        expect(await master.field("sync_full")).toBe("3")
        await proxy.stop()
      })
    })
  }

  it("swapdb with another history: clients are refused, but a broken transfer costs nothing", async () => {
    await withNodes(async (start) => {
      const master = await start("redis", masterConfig)
      const replica = await start("redix", { "repl-diskless-load": "swapdb" })
      const proxy = await Proxy.start(master)
      await master.ask("DEBUG", "POPULATE", 3000, "key", 300)
      await replica.ask("SET", "own", "data")
      proxy.spoil.bytesPerSecond = BYTES_PER_SECOND
      await replica.follow(proxy)
      await untilField(replica, "loading", "1")
      expect(await replica.ask("GET", "own")).toBe(LOADING)
      expect(await replica.field("async_loading")).toBe("0")
      proxy.spoil.refuse = true
      proxy.cut()
      await untilField(replica, "loading", "0")
      expect(await replica.ask("GET", "own")).toBe("data")
      expect(await replica.ask("DBSIZE")).toBe("1")
      proxy.spoil.refuse = false
      await untilField(replica, "loading", "1")
      expect(await replica.ask("REPLICAOF", "NO", "ONE")).toBe(LOADING)
      proxy.spoil.bytesPerSecond = 0
      await replica.untilUp()
      await untilEqual(master, [replica])
      await proxy.stop()
    })
  })

  it("swapdb: a writable replica may be flushed while the new data set comes beside", async () => {
    await withNodes(async (start) => {
      const master = await start("redix", masterConfig)
      const replica = await start("redix", { "repl-diskless-load": "swapdb", "replica-read-only": "no" })
      const proxy = await Proxy.start(master)
      await master.ask("DEBUG", "POPULATE", 3000, "key", 300)
      await replica.follow(proxy)
      await replica.untilUp()
      proxy.spoil.refuse = true
      proxy.cut()
      for (let i = 0; i < 5; i++) await master.ask("SET", `more${i}`, "x".repeat(10_000))
      proxy.spoil.bytesPerSecond = BYTES_PER_SECOND
      proxy.spoil.refuse = false
      await untilField(replica, "async_loading", "1")
      expect(await replica.ask("FLUSHALL")).toBe("OK")
      expect(await replica.ask("SET", "a", "b")).toBe("OK")
      expect(await replica.ask("FLUSHDB")).toBe("OK")
      expect(await replica.ask("DBSIZE")).toBe("0")
      proxy.spoil.bytesPerSecond = 0
      await replica.untilUp()
      await untilEqual(master, [replica])
      await proxy.stop()
    })
  })

  for (const [kind, diskless] of masters) {
    it(`on-empty-db, ${kind} master, diskless sync ${diskless}: directly when empty, else through a file`, async () => {
      await withNodes(async (start) => {
        const master = await start(kind, { ...masterConfig, "repl-diskless-sync": diskless })
        const replica = await start("redix", { "repl-diskless-load": "on-empty-db" })
        const proxy = await Proxy.start(master)
        await master.ask("DEBUG", "POPULATE", 3000, "key", 300)
        proxy.spoil.bytesPerSecond = BYTES_PER_SECOND
        await replica.follow(proxy)
        await untilField(replica, "loading", "1")
        expect(await replica.ask("DBSIZE")).toBe(LOADING)
        expect(temporaryFiles(replica)).toEqual([])
        proxy.spoil.refuse = true
        proxy.cut()
        await untilField(replica, "loading", "0")
        expect(await replica.ask("DBSIZE")).toBe("0")
        proxy.spoil.refuse = false
        proxy.spoil.bytesPerSecond = 0
        await replica.untilUp()
        await untilEqual(master, [replica])
        await replica.ask("REPLICAOF", "NO", "ONE")
        await replica.ask("SET", "own", "data")
        proxy.spoil.bytesPerSecond = BYTES_PER_SECOND
        await replica.follow(proxy)
        await until(
          () => temporaryFiles(replica).length === 1,
          () => "a file is received",
        )
        expect(await replica.ask("GET", "own")).toBe("data")
        expect(await replica.field("loading")).toBe("0")
        proxy.spoil.bytesPerSecond = 0
        await replica.untilUp()
        await untilEqual(master, [replica])
        await proxy.stop()
      })
    })
  }
})
