/** Stored distances come from either kind's own sine and arc sine: they may differ in the last place, and no link ends. */
import { expect, it } from "vitest"
import { type Node, until, withNodes } from "../support/Nodes.js"
import { describeOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"

const POINTS = 500
const UNIT = 2 ** -52

/** Members and distances. */
const stored = async (node: Node, key: string): Promise<ReadonlyMap<string, number>> => {
  const lines = (await node.ask("ZRANGE", key, 0, -1, "WITHSCORES"))
    .split("\r\n")
    .filter((line) => !/^[$*]/.test(line))
  const found = new Map<string, number>()
  for (let i = 0; i + 1 < lines.length; i += 2) found.set(String(lines[i]), Number(lines[i + 1]))
  return found
}

describeOracle("GEOSEARCHSTORE STOREDIST of a master of the other kind", () => {
  for (const [masterKind, replicaKind] of [
    ["redis", "redix"],
    ["redix", "redis"],
  ] as const) {
    it(`${masterKind} to ${replicaKind}`, async () => {
      await withNodes(async (start) => {
        const master = await start(masterKind)
        const replica = await start(replicaKind)
        await replica.follow(master)
        await replica.untilUp()
        const random = Random.forTest(`distances ${masterKind}`)
        const client = await master.connect()
        const degrees = (most: number): string => (random.below(2 * most * 1e6) / 1e6 - most).toFixed(6)
        const points = Array.from({ length: POINTS }, (_, i) => [
          "GEOADD",
          "g",
          degrees(180),
          degrees(80),
          `m${i}`,
        ])
        await client.pipeline([
          ...points,
          ["GEOSEARCHSTORE", "searched", "g", "FROMMEMBER", "m0", "BYRADIUS", "9000", "km", "STOREDIST"],
          ["GEORADIUS", "g", "10", "20", "9000", "km", "STOREDIST", "radius"],
          ["SET", "last", "1"],
        ])
        await until(
          async () => (await replica.ask("GET", "last")) === "1",
          () => `${replica.name} has the last write`,
        )
        for (const key of ["searched", "radius"]) {
          const [theirs, ours] = [await stored(master, key), await stored(replica, key)]
          expect(theirs.size).toBeGreaterThan(10)
          expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort())
          for (const [member, distance] of theirs)
            expect(Math.abs((ours.get(member) ?? 0) - distance)).toBeLessThanOrEqual(distance * UNIT * 4)
        }
        expect(await replica.field("master_link_status")).toBe("up")
        expect(await replica.field("unexpected_error_replies")).toBe("0")
        expect(await master.field("sync_full")).toBe("1")
        client.close()
      })
    })
  }
})
