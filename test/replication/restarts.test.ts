/**
 * A master that is started again goes on with its history, and its replicas with it: the last save has all that the stream
 * had, and keys whose time passes while they are loaded are not lost on the way.
 */
import { expect, it } from "vitest"
import { type Node, until, untilEqual, withNodes } from "../support/Nodes.js"
import { describeOracle } from "../support/Oracle.js"

const LASTING = 300
const PASSING = 300
/** The load takes at least a second of these. */
const LOAD_DELAY_MICROS = 2000

/** Keys that stay, and others whose times are spread over the next `spreadMs`. */
const fill = async (node: Node, spreadMs: number): Promise<void> => {
  const client = await node.connect()
  const commands: Array<ReadonlyArray<string>> = []
  for (let i = 0; i < LASTING; i++) commands.push(["SET", `lasting${i}`, "v"])
  for (let i = 0; i < PASSING; i++)
    commands.push(["SET", `passing${i}`, "v", "PX", String(300 + Math.floor((i * spreadMs) / PASSING))])
  await client.pipeline(commands)
  client.close()
}

/** All passing keys have gone from both, by one history. */
const untilPassed = async (master: Node, replica: Node): Promise<void> => {
  for (const node of [master, replica])
    await until(
      async () => (await node.ask("DBSIZE")) === String(LASTING),
      async () => `${node.name} keeps ${await node.ask("DBSIZE")} keys`,
    )
  await untilEqual(master, [replica])
}

describeOracle.concurrent("keys whose time passes during a load", () => {
  for (const kind of ["redix", "redis"] as const) {
    it(`at the start, for a ${kind} replica that continues`, async () => {
      await withNodes(async (start) => {
        const master = await start("redix", {
          save: "3600 1",
          "key-load-delay": String(LOAD_DELAY_MICROS),
        })
        const replica = await start(kind)
        await replica.follow(master)
        await replica.untilUp()
        await fill(master, 3000)
        await untilEqual(master, [replica])
        await master.end()
        await master.launch()
        await replica.untilUp()
        await untilPassed(master, replica)
        expect(await master.field("sync_full")).toBe("0")
      })
    })
  }

  it("of DEBUG RELOAD, for a replica that stays", async () => {
    await withNodes(async (start) => {
      const master = await start("redix", { "key-load-delay": String(LOAD_DELAY_MICROS) })
      const replica = await start("redix")
      await replica.follow(master)
      await replica.untilUp()
      await fill(master, 2000)
      await untilEqual(master, [replica])
      expect(await master.ask("CONFIG", "RESETSTAT")).toBe("OK")
      expect(await master.ask("DEBUG", "RELOAD")).toBe("OK")
      await untilPassed(master, replica)
      expect(await master.field("sync_full")).toBe("0")
    })
  })
})

describeOracle.concurrent("the last save", () => {
  it("is the end of the stream: neither PING nor REPLCONF GETACK follows", async () => {
    await withNodes(async (start) => {
      const master = await start("redix", { save: "3600 1", "repl-ping-replica-period": "1" })
      const replica = await start("redix")
      await replica.follow(master)
      await replica.untilUp()
      await fill(master, 0)
      await untilPassed(master, replica)
      const waiting = await master.connect()
      // Three seconds: PINGs would come.
      expect(await master.ask("CONFIG", "SET", "rdb-key-save-delay", 10_000)).toBe("OK")
      const ended = master.kill("SIGTERM")
      await until(
        () => master.log.includes("Saving the final RDB snapshot"),
        () => "the last save",
      )
      waiting.sendRaw("WAIT 2 0\r\n")
      await ended
      await master.launch()
      await replica.untilUp()
      await master.ask("SET", "after", "restart")
      await untilEqual(master, [replica])
      expect(await master.field("sync_full")).toBe("0")
    })
  })
})
