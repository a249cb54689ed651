/** Snapshots for replicas that nobody wants any more: FLUSHALL ends them, and so does the end of the last that waits. */
import { expect, it } from "vitest"
import { type Node, type NodeKind, until, withNodes } from "../support/Nodes.js"
import { describeOracle } from "../support/Oracle.js"

/** At so many microseconds a key the snapshot takes longer than any test. */
const ENDLESS = { "rdb-key-save-delay": "1000000" }

const untilSyncing = (master: Node, times: string): Promise<void> =>
  until(
    async () =>
      (await master.field("sync_full")) === times &&
      (await master.field("slave0")).includes("state=wait_bgsave") &&
      (await master.field("rdb_bgsave_in_progress")) === "1",
    async () => `full sync ${times} runs\n${await master.ask("INFO", "everything")}`,
  )

describeOracle("a snapshot for replicas", () => {
  for (const kind of ["redis", "redix"] as const satisfies ReadonlyArray<NodeKind>) {
    for (const diskless of ["yes", "no"]) {
      for (const save of ["", "3600 1"]) {
        it(`${kind}, diskless ${diskless}, save points "${save}": FLUSHALL ends it and does not wait`, async () => {
          await withNodes(async (start) => {
            const master = await start(kind, { ...ENDLESS, save, "repl-diskless-sync": diskless })
            const replica = await start("redis")
            await master.ask("DEBUG", "POPULATE", 1000, "key", 10)
            await replica.ask("SET", "old", 1)
            await replica.follow(master)
            await untilSyncing(master, "1")
            expect(await master.ask("FLUSHALL")).toBe("OK")
            await replica.untilUp()
            expect(await replica.ask("DBSIZE")).toBe("0")
            expect(await master.field("sync_full")).toBe("2")
            expect(await master.field("rdb_last_bgsave_status")).toBe("ok")
          })
        })
      }
      // redis-server notices in a diskless one only when it has bytes to send.
      if (kind === "redis" && diskless === "yes") continue
      it(`${kind}, diskless ${diskless}: the end of the last replica that waits ends it`, async () => {
        await withNodes(async (start) => {
          const master = await start(kind, { ...ENDLESS, "repl-diskless-sync": diskless })
          const replicas = [await start("redis"), await start("redis")]
          await master.ask("DEBUG", "POPULATE", 1000, "key", 10)
          for (const replica of replicas) await replica.follow(master)
          await untilSyncing(master, "2")
          for (const replica of replicas) await replica.kill()
          await until(
            async () => (await master.field("rdb_bgsave_in_progress")) === "0",
            async () => `the snapshot ends\n${await master.ask("INFO", "everything")}`,
          )
          expect(await master.ask("SET", "k", 1)).toBe("OK")
          await master.ask("CONFIG", "SET", "rdb-key-save-delay", 0)
          expect(await master.ask("SAVE")).toBe("OK")
        })
      })
    }
  }
})
