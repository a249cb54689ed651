/** A replica with much to catch up with gets all of it, however fast its socket takes it. */
import { expect, it } from "vitest"
import { type Node, until, withNodes } from "../support/Nodes.js"
import { encodeCommand } from "../support/RawClient.js"

/** Of much data on a busy machine. */
const LONG_MS = 240_000
const VALUE = Buffer.alloc(10_000, "x")

/** Sets so many keys of 10 kB, in pipelines. */
const write = async (node: Node, count: number): Promise<void> => {
  const client = await node.connect()
  for (let i = 0; i < count; i += 1000) {
    const commands = Array.from({ length: 1000 }, (_, k) => encodeCommand(["SET", `key:${i + k}`, VALUE]))
    client.sendRaw(Buffer.concat(commands))
    for (let k = 0; k < 1000; k++) await client.readReply()
  }
  client.close()
}

const untilCaughtUp = (master: Node, replica: Node): Promise<void> =>
  until(
    async () => (await master.field("master_repl_offset")) === (await replica.field("master_repl_offset")),
    async () =>
      `the replica catches up: ${await replica.field("master_repl_offset")} of ${await master.field("master_repl_offset")}`,
    LONG_MS,
  )

it("100 MB of a partial resync arrive", { timeout: LONG_MS }, async () => {
  await withNodes(async (start) => {
    const master = await start("redix", { "repl-backlog-size": "200mb", "repl-ping-replica-period": "3600" })
    const replica = await start("redix", { "repl-ping-replica-period": "3600" })
    await replica.follow(master)
    await replica.untilUp()
    await master.ask("SET", "before", 1)
    await untilCaughtUp(master, replica)
    await replica.ask("SAVE")
    await replica.kill()
    replica.config["replicaof"] = `127.0.0.1 ${master.port}`
    await write(master, 10_000)
    await replica.launch()
    await replica.untilUp()
    await untilCaughtUp(master, replica)
    expect(await replica.ask("DEBUG", "DIGEST")).toBe(await master.ask("DEBUG", "DIGEST"))
    const { sync_full, sync_partial_ok } = await master.info("stats")
    expect({ sync_full, sync_partial_ok }).toEqual({ sync_full: "1", sync_partial_ok: "1" })
  })
})

it("150 MB written during a full sync arrive", { timeout: LONG_MS }, async () => {
  await withNodes(async (start) => {
    const master = await start("redix", { "rdb-key-save-delay": "4000", "repl-ping-replica-period": "3600" })
    const replica = await start("redix")
    await master.ask("DEBUG", "POPULATE", 1000, "old", 100)
    await replica.follow(master)
    await until(
      async () => (await master.field("sync_full")) === "1",
      () => "the full sync begins",
    )
    await write(master, 15_000)
    await replica.untilUp(LONG_MS)
    await untilCaughtUp(master, replica)
    expect(await replica.ask("DEBUG", "DIGEST")).toBe(await master.ask("DEBUG", "DIGEST"))
    expect(await master.field("sync_full")).toBe("1")
  })
})
