/** INFO counts the bytes of replication on both ends alike: snapshots, however they are sent, and the stream. */
import { describe, expect, it } from "vitest"
import { type NodeKind, untilEqual, withNodes } from "../support/Nodes.js"
import { describeOracle } from "../support/Oracle.js"

const settings = { "repl-ping-replica-period": "1000" }

const pair = (masterKind: NodeKind, replicaKind: NodeKind): void => {
  it.each(["yes", "no"])(`${masterKind} to ${replicaKind}, diskless %s`, (diskless) =>
    withNodes(async (start) => {
      const master = await start(masterKind, { ...settings, "repl-diskless-sync": diskless })
      const replica = await start(replicaKind, settings)
      await master.ask("DEBUG", "POPULATE", 1000, "bulk", 50)
      await replica.follow(master)
      await replica.untilUp()
      await master.ask("SET", "k", Buffer.alloc(10_000))
      await untilEqual(master, [replica])
      const sent = Number(await master.field("total_net_repl_output_bytes"))
      const stream = Number(await master.field("master_repl_offset"))
      expect(sent).toBeGreaterThan(stream + 15_000)
      expect(await replica.field("total_net_repl_input_bytes")).toBe(String(sent))
      expect(Number(await master.field("total_net_output_bytes"))).toBeGreaterThan(sent)
      expect(Number(await replica.field("total_net_input_bytes"))).toBeGreaterThan(sent)
      await replica.ask("CONFIG", "RESETSTAT")
      expect(await replica.field("total_net_repl_input_bytes")).toBe("0")
      expect(Number(await replica.field("total_net_input_bytes"))).toBeLessThan(1000)
    }),
  )
}

describe("counted bytes of replication", () => pair("redix", "redix"))

describeOracle("counted bytes of replication, with redis-server", () => {
  pair("redis", "redis")
  pair("redis", "redix")
  pair("redix", "redis")
})
