/** A link that breaks after so many bytes: in the handshake, in the snapshot, at its mark, in the stream behind it. */
import { expect, it } from "vitest"
import { type NodeKind, until, untilEqual, withNodes } from "../support/Nodes.js"
import { describeOracle } from "../support/Oracle.js"
import { Proxy } from "../support/Proxy.js"

/** Bytes of the handshake's replies: +PONG (7), three times +OK (5 each), the answer to PSYNC (about 56). */
const handshake = [0, 1, 6, 7, 8, 12, 16, 17, 18, 30, 60, 73, 80, 100, 120, 126]

describeOracle("cut links", () => {
  const cases: ReadonlyArray<readonly [NodeKind, NodeKind, string]> = [
    ["redis", "redix", "yes"],
    ["redis", "redix", "no"],
    ["redix", "redix", "yes"],
    ["redix", "redis", "no"],
  ]
  for (const [masterKind, replicaKind, diskless] of cases) {
    it(`${masterKind} to ${replicaKind}, diskless ${diskless}: cut anywhere, the data is the old or the new`, async () => {
      await withNodes(async (start) => {
        const master = await start(masterKind, { "repl-diskless-sync": diskless })
        const replica = await start(replicaKind)
        await master.ask("DEBUG", "POPULATE", 500, "key", 30)
        await replica.ask("SET", "old", 1)
        const proxy = await Proxy.start(master)
        const snapshot = [200, 1000, 5000, 15_000, 20_000, 21_000, 22_000]
        for (const bytes of [...handshake, ...snapshot]) {
          await replica.ask("REPLICAOF", "NO", "ONE")
          proxy.spoil.cutAfterBytes = bytes
          const before = proxy.connections
          await replica.follow(proxy)
          await until(
            () => proxy.connections > before,
            () => "the replica dials",
          )
          await until(
            async () =>
              proxy.open === 0 || (await replica.info("replication"))["master_link_status"] === "up",
            () => `the link breaks after ${bytes} bytes, or is up`,
          )
          const keys = await replica.ask("DBSIZE")
          expect(["0", "1", "500"]).toContain(keys)
        }
        proxy.spoil.cutAfterBytes = Infinity
        await replica.untilUp()
        await untilEqual(master, [replica])
        await proxy.stop()
      })
    })
  }
})
