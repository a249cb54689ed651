/** Databases filled beside the present ones: nothing of either is lost or kept too long. */
import { expect, it } from "vitest"
import type { Database } from "../../src/store/Database.js"
import type { Keyspace } from "../../src/store/Keyspace.js"
import { STRING_RAW } from "../../src/store/Entry.js"
import { checkedKeyspace } from "../support/Memory.js"

const put = (db: Database, key: string, value: string): void => {
  const [k, v] = [Buffer.from(key), Buffer.from(value)]
  const existing = db.lookupWrite(k, 0, k.length)
  db.putString(existing, k, 0, k.length, v, 0, v.length, STRING_RAW, false)
}

const fill = (db: Database, keys: number): void => {
  for (let i = 0; i < keys; i++) put(db, `key${i}`, "v".repeat(100))
}

/** All four are there: one takes memory from its first use on. */
const make = (): Keyspace => {
  const keyspace = checkedKeyspace({ databases: 4, now: 1, random: () => 0 })
  for (let id = 0; id < 4; id++) keyspace.database(id)
  return keyspace
}

it("a staged data set replaces the present one, whose memory comes back", () => {
  const keyspace = make()
  fill(keyspace.database(1), 500)
  const before = keyspace.arena.usedBytes
  const staged = keyspace.stage()
  fill(staged.at(1), 500)
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
  for (let id = 0; id < 4; id++) fill(dropped.at(id), 300)
  keyspace.discard(dropped)
  keyspace.freeWaiting()
  expect(keyspace.arena.usedBytes).toBe(before)
  const staged = keyspace.stage()
  fill(staged.at(2), 300)
  expect(keyspace.flushAll()).toBe(100)
  expect(keyspace.flush(keyspace.database(0))).toBe(0)
  keyspace.replaceBy(staged)
  expect(keyspace.databases.map((db) => db.size)).toEqual([0, 0, 300, 0])
  expect(() => keyspace.discard(staged)).toThrow("not staged")
})

it("databases that nobody uses take no memory, however many there are", () => {
  const few = checkedKeyspace({ databases: 16, now: 1, random: () => 0 })
  const many = checkedKeyspace({ databases: 2_000_000_000, now: 1, random: () => 0 })
  expect(many.arena.usedBytes).toBe(few.arena.usedBytes)
  for (const id of [1_999_999_999, 70_000, 16, 70_001, 70_000]) put(many.database(id), `key of ${id}`, "v")
  expect(many.databases.map((db) => db.id)).toEqual([0, 16, 70_000, 70_001, 1_999_999_999])
  expect(() => many.database(2_000_000_000)).toThrow("no database")
  const staged = many.stage()
  put(staged.at(300), "key", "v")
  put(staged.at(70_000), "key", "v")
  many.replaceBy(staged)
  expect(many.databases.filter((db) => db.size > 0).map((db) => db.id)).toEqual([300, 70_000])
  expect(many.flushAll()).toBe(2)
  many.freeWaiting()
  many.arena.checkInvariants()
})
