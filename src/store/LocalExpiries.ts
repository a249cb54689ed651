/**
 * Keys to which clients of a writable replica gave a time: nobody else will delete them.
 *
 * A replica hides keys whose time has passed until its master's DEL comes. For a key that its own clients wrote none
 * comes, so the replica remembers such keys by name and deletes them itself. Names may be stale: the key may be gone,
 * or have been overwritten; one without a time is forgotten when its turn comes.
 */
import { chunkOf } from "../memory/Ref.js"
import type { Ref } from "../memory/Arena.js"
import type { Database } from "./Database.js"
import { entryExpiry, entryKeyLength, entryKeyOffset, NO_EXPIRY } from "./Entry.js"

export class LocalExpiries {
  private readonly names = new Map<Database, Set<string>>()

  /** Remembers the key of an entry that has just been given a time. */
  add(db: Database, ref: Ref): void {
    const { arena } = db.keyspace
    const bytes = arena.u8[chunkOf(ref)]
    const off = entryKeyOffset(arena, ref)
    const name = Buffer.from(bytes.buffer, bytes.byteOffset + off, entryKeyLength(arena, ref))
    let names = this.names.get(db)
    if (names === undefined) this.names.set(db, (names = new Set()))
    names.add(name.toString("latin1"))
  }

  /** Forgets all keys: the server is no replica any more, and deletes every key when its time has come. */
  clear(): void {
    if (this.names.size > 0) this.names.clear()
  }

  /**
   * Deletes keys whose time has come. Looks at no more than `budget` keys, in turn; answers when the next of these is due,
   * `now` where others were not looked at.
   */
  expireDue(budget: number, now: number): number {
    let left = budget
    let next = Infinity
    for (const [db, names] of this.names) {
      let n = Math.min(left, names.size)
      if (n < names.size) next = now
      left -= n
      for (const name of names) {
        if (n-- <= 0) break
        names.delete(name)
        const at = this.toCome(db, Buffer.from(name, "latin1"))
        if (at === NO_EXPIRY) continue
        // One whose time is still to come goes to the end of the queue.
        names.add(name)
        next = Math.min(next, at)
      }
    }
    return next
  }

  /** The time of a key that is still to come, else NO_EXPIRY; deletes the key if it has passed. */
  private toCome(db: Database, key: Uint8Array): number {
    const ref = db.table.find(key, 0, key.length)
    if (ref === 0) return NO_EXPIRY
    const at = entryExpiry(db.keyspace.arena, ref)
    if (at === NO_EXPIRY || !db.isExpired(ref)) return at
    db.keyspace.expireForWrite(db, ref, key, 0, key.length)
    return NO_EXPIRY
  }
}
