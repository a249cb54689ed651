/** Databases filled beside the present ones: nothing of either is lost or kept too long. */
import { expect, it } from "vitest"
import type { Database } from "../../src/store/Database.js"
import { Keyspace } from "../../src/store/Keyspace.js"
import { STRING_RAW } from "../../src/store/Entry.js"

const put = (db: Database, key: string, value: string): void => {
  const [k, v] = [Buffer.from(key), Buffer.from(value)]
  const existing = db.lookupWrite(k, 0, k.length)
  db.putString(existing, k, 0, k.length, v, 0, v.length, STRING_RAW, false)
}

const fill = (db: Database, keys: number): void => {
  for (let i = 0; i < keys; i++) put(db, `key${i}`, "v".repeat(100))
}

const make = (): Keyspace => new Keyspace({ databases: 4, now: 1, random: () => 0 })

it("a staged data set replaces the present one, whose memory comes back", () => {
  const keyspace = make()
  fill(keyspace.database(1), 500)
  const before = keyspace.arena.usedBytes
  const staged = keyspace.stage()
  for (const db of staged) fill(db, db.id === 1 ? 500 : 0)
  expect(keyspace.database(1).size).toBe(500)
  keyspace.replaceBy(staged)
  expect(keyspace.database(1).size).toBe(500)
  keyspace.freeWaiting()
  expect(keyspace.arena.usedBytes).toBe(before)
})

it("a discarded one leaves nothing, and a flush of the present one spares it", () => {
  const keyspace = make()
  fill(keyspace.database(0), 100)
  const before = keyspace.arena.usedBytes
  const dropped = keyspace.stage()
  for (const db of dropped) fill(db, 300)
  keyspace.discard(dropped)
  keyspace.freeWaiting()
  expect(keyspace.arena.usedBytes).toBe(before)
  const staged = keyspace.stage()
  fill(staged[2] ?? keyspace.database(2), 300)
  expect(keyspace.flushAll()).toBe(100)
  expect(keyspace.flush(keyspace.database(0))).toBe(0)
  keyspace.replaceBy(staged)
  expect(keyspace.databases.map((db) => db.size)).toEqual([0, 0, 300, 0])
  expect(() => keyspace.discard(staged)).toThrow("not staged")
})
