/** A database looked at from outside: its invariants asserted, and each of its blocks named to whoever keeps account. */
import type { Arena, Ref } from "../memory/Arena.js"
import { chunkOf } from "../memory/Ref.js"
import { RefSet } from "../memory/RefSet.js"
import type { HashTable } from "../memory/table/HashTable.js"
import { entryExpiry, entryKeyLength, entryKeyOffset, NO_EXPIRY } from "./Entry.js"
import type { TimerWheel } from "./TimerWheel.js"
import { KEYSPACE_TABLE, valueTypes } from "./types/index.js"

interface Checked {
  readonly table: HashTable
  readonly wheel: TimerWheel
  readonly keyspace: { readonly arena: Arena }
}

/** Calls `visit` once with each block of the database. */
export const checkDatabase = (db: Checked, visit: (ref: Ref) => void): void => {
  const { arena } = db.keyspace
  const { table, wheel } = db
  const whole = valueTypes[KEYSPACE_TABLE]
  whole.visitBlocks(arena, 0, table.ref, visit)
  whole.check(arena, 0, table.ref)
  table.checkInvariants()
  const expiring = new RefSet()
  table.forEach((entry) => {
    if (entryExpiry(arena, entry) !== NO_EXPIRY) expiring.add(entry)
    const bytes = arena.u8[chunkOf(entry)]
    if (table.find(bytes, entryKeyOffset(arena, entry), entryKeyLength(arena, entry)) !== entry)
      throw new Error("a key is there twice")
  })
  wheel.checkInvariants((entry) => {
    if (!expiring.delete(entry)) throw new Error("the timer wheel has an entry that is in no table")
  })
  if (expiring.size > 0) throw new Error(`${expiring.size} entries that expire are not in the timer wheel`)
}
