/** What replicas show of their states, and what each state refuses or holds back, as on redis-server. */
import { expect, it } from "vitest"
import { type Node, type NodeKind, until, withNodes } from "../support/Nodes.js"
import { describeOracle } from "../support/Oracle.js"
import { encodeCommands } from "../support/RawClient.js"

const stateOf = async (master: Node): Promise<string> =>
  /state=(\w+)/.exec(await master.field("slave0"))?.[1] ?? "none"

const untilField = (node: Node, name: string, value: string): Promise<void> =>
  until(
    async () => (await node.field(name)) === value,
    async () => `${node.name}: ${name} is ${value}, not ${await node.field(name)}`,
  )

describeOracle("replicas", () => {
  for (const kind of ["redis", "redix"] as const satisfies ReadonlyArray<NodeKind>) {
    for (const diskless of ["yes", "no"]) {
      it(`${kind}, diskless ${diskless}: wait_bgsave until the snapshot is written`, async () => {
        await withNodes(async (start) => {
          const master = await start(kind, { "rdb-key-save-delay": "20000", "repl-diskless-sync": diskless })
          const replica = await start("redis")
          await master.ask("DEBUG", "POPULATE", 50, "key", 20_000)
          await replica.follow(master)
          const states = new Set<string>()
          await until(
            async () => {
              states.add(await stateOf(master))
              return states.has("online")
            },
            () => `online comes behind ${[...states].join(" ")}`,
          )
          states.delete("none")
          // Sending a file of 1 MB may fall between two looks.
          states.delete("send_bulk")
          expect([...states]).toEqual(["wait_bgsave", "online"])
        })
      })
    }

    it(`${kind}: EXEC on a replica that has become stale is refused if anything queued is`, async () => {
      await withNodes(async (start) => {
        const master = await start("redis")
        const replica = await start(kind, { "replica-serve-stale-data": "no" })
        await replica.follow(master)
        await replica.untilUp()
        const [reader, pinger] = [await replica.connect(), await replica.connect()]
        await reader.text("MULTI")
        await reader.text("INFO")
        await reader.text("GET", "k")
        await pinger.text("MULTI")
        await pinger.text("PUBLISH", "c", "m")
        await pinger.text("ROLE")
        await master.kill()
        await untilField(replica, "master_link_status", "down")
        expect(await reader.text("EXEC")).toMatch(/^-EXECABORT Transaction discarded because of: MASTERDOWN /)
        expect(await reader.text("EXEC")).toMatch(/^-ERR EXEC without MULTI/)
        expect(await pinger.text("EXEC")).toMatch(/^\*2\r\n/)
        reader.close()
        pinger.close()
      })
    })

    for (const mode of ["WRITE", "ALL"]) {
      it(`${kind}: CLIENT PAUSE ${mode} on a replica holds its master's stream, and nothing is lost`, async () => {
        await withNodes(async (start) => {
          const master = await start("redis", { "repl-ping-replica-period": "3600" })
          const replica = await start(kind)
          await replica.follow(master)
          await replica.untilUp()
          await master.ask("SET", "k", 0)
          await until(
            async () => (await replica.ask("GET", "k")) === "0",
            () => "the first write arrives",
          )
          const offset = await replica.field("master_repl_offset")
          const client = await replica.connect()
          // A pause of everything ends by time alone.
          await client.text("CLIENT", "PAUSE", mode === "ALL" ? 1500 : 1_000_000, mode)
          const writes = Array.from({ length: 300 }, (_, i) => ["SET", "k", `${i} ${"x".repeat(10_000)}`])
          const writer = await master.connect()
          writer.sendRaw(
            encodeCommands([
              ...writes,
              ["MULTI"],
              ["SET", "a", 1],
              ["INCR", "a"],
              ["EXEC"],
              ["SET", "last", 1],
            ]),
          )
          for (let i = 0; i < writes.length + 5; i++) await writer.readReply()
          if (mode === "WRITE") {
            const read = Number(await replica.field("slave_read_repl_offset"))
            expect(read).toBeGreaterThanOrEqual(Number(offset))
            expect(await client.text("GET", "k")).toBe("$1\r\n0\r\n")
            expect(await replica.field("master_repl_offset")).toBe(offset)
            await client.text("CLIENT", "UNPAUSE")
          }
          await until(
            async () => (await client.text("GET", "last")) === "$1\r\n1\r\n",
            () => "the stream goes on",
          )
          expect(await client.text("GET", "a")).toBe("$1\r\n2\r\n")
          expect(await replica.ask("DEBUG", "DIGEST")).toBe(await master.ask("DEBUG", "DIGEST"))
          expect(await replica.field("master_repl_offset")).toBe(await master.field("master_repl_offset"))
          expect(await master.field("sync_full")).toBe("1")
          client.close()
          writer.close()
        })
      })
    }

    it(`${kind}: a replica that comes is not pinged for coming`, async () => {
      await withNodes(async (start) => {
        const master = await start(kind, { "repl-ping-replica-period": "3600" })
        await until(
          async () => Number(await master.field("uptime_in_seconds")) >= 1,
          () => "the first turn of the cron is over",
        )
        const replica = await start("redis")
        await replica.follow(master)
        await replica.untilUp()
        const turns = Number(await master.field("uptime_in_seconds")) + 3
        await until(
          async () => Number(await master.field("uptime_in_seconds")) >= turns,
          () => "further turns are over",
        )
        expect(await master.field("master_repl_offset")).toBe("0")
      })
    })
  }
})
