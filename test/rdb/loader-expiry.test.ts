/** Keys whose time comes while the file that holds them is being loaded: the cron runs between the slices of a load. */
import { expect, it } from "vitest"
import { defaultSettings } from "../../src/engine/Settings.js"
import { RdbDecoder } from "../../src/rdb/decode/RdbDecoder.js"
import { RdbLoader } from "../../src/rdb/load/RdbLoader.js"
import { checkedKeyspace } from "../support/Memory.js"

const NOW = 1_700_000_000_000
const KEYS = 100

const text = (s: string): ReadonlyArray<number> => [s.length, ...Buffer.from(s)]

/** A file of strings of which every other expires in a moment; its checksum is 0, which says that there is none. */
const file = (): Buffer => {
  const at = Buffer.alloc(8)
  at.writeBigInt64LE(BigInt(NOW + 5))
  const bytes = [...Buffer.from("REDIS0010"), 0xfe, 0]
  for (let i = 0; i < KEYS; i++)
    bytes.push(...(i % 2 === 0 ? [0xfc, ...at] : []), 0, ...text(`key${i}`), ...text("v"))
  return Buffer.from([...bytes, 0xff, ...Buffer.alloc(8)])
}

it("keys expire between the slices of a load, whatever slice they came in", () => {
  const bytes = file()
  for (let cut = 1; cut < bytes.length; cut++) {
    const keyspace = checkedKeyspace({ databases: 1, now: NOW, random: () => 0 })
    const loader = new RdbLoader(keyspace, {
      limits: defaultSettings,
      dropExpired: true,
      duplicates: "refuse",
    })
    const decoder = new RdbDecoder(loader, { path: "expiring.rdb", totalBytes: bytes.length })
    decoder.feed(bytes.subarray(0, cut))
    keyspace.now = NOW + 10
    keyspace.expireDue(1000)
    decoder.feed(bytes.subarray(cut))
    decoder.finish()
    keyspace.expireDue(1000)
    const db = keyspace.database(0)
    expect([db.size, db.expires]).toEqual([KEYS / 2, 0])
    db.table.checkInvariants()
    keyspace.arena.checkInvariants()
  }
})
