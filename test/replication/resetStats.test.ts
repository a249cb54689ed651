/** CONFIG RESETSTAT: every counter of INFO that redis-server clears starts anew, and no other. */
import { expect, it } from "vitest"
import { describeOracle } from "../support/Oracle.js"
import { type Node, type NodeKind, until, withNodes } from "../support/Nodes.js"

/** Sizes of the process, and what moves by itself. */
const MOVING =
  /^(instantaneous|client_recent|master_last_io|used_|allocator|mem_|rss_|lru_clock|uptime|server_time|latency_percentiles|cmdstat_)/

const zeroed = (before: Record<string, string>, after: Record<string, string>): ReadonlyArray<string> =>
  Object.keys(before).filter((name) => {
    if (MOVING.test(name) || !/^\d+$/.test(before[name] ?? "")) return false
    // INFO itself has been counted since.
    return Number(before[name]) > 100
      ? Number(after[name]) < 100
      : before[name] !== "0" && after[name] === "0"
  })

const use = async (master: Node, replica: Node): Promise<void> => {
  await replica.follow(master)
  await replica.untilUp()
  await master.ask("CLIENT", "KILL", "TYPE", "replica")
  await until(
    async () => (await master.field("sync_partial_ok")) === "1",
    () => "a partial resynchronization",
  )
  await replica.untilUp()
  await master.ask("SET", "key", "x".repeat(10_000))
  await master.ask("GET", "key")
  await master.ask("GET", "missing")
  await master.ask("NOSUCH")
  await master.ask("LPUSH", "key", "x")
  // Refused as long as the snapshot for the replica is being made.
  await until(
    async () => {
      await master.ask("BGSAVE")
      return (await master.field("rdb_saves")) !== "0"
    },
    () => "saved",
  )
  // The last question may have begun another.
  await until(
    async () => (await master.field("rdb_bgsave_in_progress")) === "0",
    () => "no save goes on",
  )
  await master.ask("PSETEX", "brief", "1", "x")
  await until(
    async () => (await master.field("expired_keys")) === "1",
    () => "expired",
  )
  const offset = await master.field("master_repl_offset")
  await until(
    async () => Number((await replica.field("slave_repl_offset")) || "0") >= Number(offset),
    () => "the replica has everything",
  )
}

const play = (kind: NodeKind): Promise<ReadonlyArray<ReadonlyArray<string>>> => {
  const lists: Array<ReadonlyArray<string>> = []
  return withNodes(async (start) => {
    const [master, replica] = [await start(kind), await start(kind)]
    await use(master, replica)
    for (const node of [master, replica]) {
      const before = await node.info("everything")
      await node.ask("CONFIG", "RESETSTAT")
      lists.push(zeroed(before, await node.info("everything")))
    }
  }).then(() => lists)
}

/** What only one of them has at all: processes made by fork, and how many bytes its buffers take. */
const OWN = /fork|reply_buffer|expire_cycle|expired_stale|total_reads|total_writes/

describeOracle("CONFIG RESETSTAT", () => {
  it("clears what redis-server's clears, of a master and of a replica", async () => {
    const [theirs, ours] = await Promise.all([play("redis"), play("redix")])
    const shown = (lists: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<ReadonlyArray<string>> =>
      lists.map((names) => names.filter((name) => !OWN.test(name)).sort())
    expect(shown(ours)).toEqual(shown(theirs))
    expect(shown(theirs)[0]).toContain("sync_full")
    expect(shown(theirs)[0]).toContain("rdb_saves")
    expect(shown(theirs)[1]).toContain("total_net_repl_input_bytes")
  })
})
