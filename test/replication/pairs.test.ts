/** Every pairing of master and replica: full sync under load in both forms, cuts, and equal data at the end. */
import { describe, expect, it } from "vitest"
import { MixedWrites, writeUntil } from "../support/MixedWrites.js"
import { type Node, type NodeKind, untilEqual, withNodes } from "../support/Nodes.js"
import { describeOracle } from "../support/Oracle.js"
import { Proxy } from "../support/Proxy.js"
import { Random } from "../support/Random.js"

/** Runs `during` under the load of three writers, then lets them end. */
const underLoad = async (master: Node, name: string, during: () => Promise<void>): Promise<number> => {
  let stop = false
  const writers = await Promise.all(
    ["", "", "own"].map(async (prefix, i) => {
      const writes = new MixedWrites(Random.forTest(`${name} writer ${i}`), prefix)
      return writeUntil.bind(undefined, await master.connect(), writes, () => stop)
    }),
  )
  const loads = writers.map((write) => write())
  try {
    await during()
  } finally {
    stop = true
  }
  const counts = await Promise.all(loads)
  return counts.reduce((a, b) => a + b, 0)
}

/** The backlog holds all that the load writes between a cut and the next request; none is cut for being slow. */
const settings = { "repl-timeout": "60", "repl-backlog-size": "64mb" }

const pair = (masterKind: NodeKind, replicaKind: NodeKind): void => {
  for (const diskless of ["yes", "no"]) {
    it(`${masterKind} to ${replicaKind}, diskless ${diskless}: full sync under load, cuts, equal data`, async () => {
      const name = `${masterKind} ${replicaKind} ${diskless}`
      await withNodes(async (start) => {
        const master = await start(masterKind, { ...settings, "repl-diskless-sync": diskless })
        const replica = await start(replicaKind, settings)
        const proxy = await Proxy.start(master)
        try {
          await master.ask("DEBUG", "POPULATE", 20_000, "bulk", 50)
          await replica.ask("SET", "old", "must go")
          const sent = await underLoad(master, name, async () => {
            await replica.follow(proxy)
            await replica.untilUp()
            for (let i = 0; i < 4; i++) {
              proxy.cut()
              await replica.untilUp()
            }
          })
          expect(sent).toBeGreaterThan(100)
          await untilEqual(master, [replica])
          expect(await replica.ask("GET", "old")).toBe("(nil)")
          const info = await master.info("stats")
          expect(info["sync_full"]).toBe("1")
          expect(Number(info["sync_partial_ok"])).toBeGreaterThanOrEqual(1)
        } finally {
          await proxy.stop()
        }
      })
    })
  }
}

describe("Redix with Redix", () => {
  pair("redix", "redix")
})

describeOracle("Redix with redis-server", () => {
  pair("redis", "redix")
  pair("redix", "redis")
})
