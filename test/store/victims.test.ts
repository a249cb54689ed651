/** A key that is to go is found wherever it stands. */
import { expect, it } from "vitest"
import type { Ref } from "../../src/memory/Ref.js"
import type { Database } from "../../src/store/Database.js"
import { STRING_RAW } from "../../src/store/Entry.js"
import { policies } from "../../src/store/eviction/Policy.js"
import { Victims } from "../../src/store/eviction/Victims.js"
import { Random } from "../support/Random.js"
import { checkedKeyspace } from "../support/Memory.js"

const NOW = 100_000_000
const KEYS = 2000
const SAMPLES = 5
const OLD_MS = 50_000_000

const put = (db: Database, name: string): void => {
  const key = Buffer.from(name)
  db.putString(db.lookupWrite(key, 0, key.length), key, 0, key.length, key, 0, key.length, STRING_RAW, false)
}

it.each([1, 2, 3])("in each of %d databases no key is passed over for more than a round", (databases) => {
  const random = Random.forTest("victims")
  const keyspace = checkedKeyspace({ databases, now: NOW, random: (n) => random.below(n) })
  const victims = new Victims(keyspace)
  victims.follow(policies["allkeys-lru"])
  const old = new Set<Ref>()
  for (let id = 0; id < databases; id++) {
    const db = keyspace.database(id)
    for (let i = 0; i < KEYS; i++) {
      keyspace.now = i % 100 === 0 ? NOW - OLD_MS : NOW
      put(db, `key ${i}`)
      const name = Buffer.from(`key ${i}`)
      if (i % 100 === 0) old.add(db.table.find(name, 0, name.length))
    }
  }
  keyspace.now = NOW
  // What is found stands in the way of nothing: it is looked at again only when the round comes to it.
  for (let looks = 0; looks < (databases + 1) * (KEYS / SAMPLES); looks++) old.delete(victims.find(SAMPLES))
  expect(old.size).toBe(0)
})

it("one look is enough for eight keys, also beside a database of few", () => {
  let looks = 0
  const random = Random.forTest("looks")
  const count = (n: number): number => {
    looks++
    return random.below(n)
  }
  const keyspace = checkedKeyspace({ databases: 2, now: NOW, random: count })
  const victims = new Victims(keyspace)
  victims.follow(policies["allkeys-lru"])
  for (let i = 0; i < KEYS; i++) put(keyspace.database(0), `key ${i}`)
  for (let i = 0; i < 3; i++) put(keyspace.database(1), `key ${i}`)
  looks = 0
  for (let n = 0; n < 80; n++) expect(victims.find(SAMPLES)).not.toBe(0)
  // Each draws its salt, and nothing else is drawn.
  expect(looks).toBe(10)
})
