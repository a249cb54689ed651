/**
 * Entries on their way into a database that is being loaded: made at once, put into the table sixteen at a time.
 *
 * Where a new entry belongs is memory that nobody has read lately, and one insertion after the other waits for it. The
 * buckets of sixteen are brought near together (Foresight.ts). Loading 1 M mixed keys: 0.58 s, one by one 0.69.
 *
 * Until `settle` the entries are in no table and no wheel: the loader must call it before anybody looks for them, and the
 * cron, which runs between the slices of a load, does not come upon one of them. An entry has its value and its expiry
 * when it is added. Whether its key is there already shows when it is put in; then the older entry
 * goes (`replace`), or the newer one (`refuse`).
 */
import { chunkOf } from "../memory/Ref.js"
import { type Arena, copyBytes, type Ref } from "../memory/Arena.js"
import { hashOfEntry } from "../memory/table/TableEntry.js"
import { LOOKAHEAD_MAX } from "../memory/table/Foresight.js"
import type { Database } from "./Database.js"
import {
  entryExpiry,
  entryKeyLength,
  entryKeyOffset,
  INLINE_BYTES_MAX,
  makeEntry,
  makeLongString,
  NO_EXPIRY,
  STRING_EXTERNAL,
  TYPE_STRING,
  writeEntryExpiry,
} from "./Entry.js"
import type { Keyspace } from "./Keyspace.js"

export class Arrivals {
  private readonly arena: Arena
  private readonly refs = new Int32Array(LOOKAHEAD_MAX)
  private readonly hashes = new Int32Array(LOOKAHEAD_MAX)
  private count = 0

  constructor(
    private readonly keyspace: Keyspace,
    private readonly duplicates: "refuse" | "replace",
  ) {
    this.arena = keyspace.arena
  }

  /**
   * Makes an entry with a string.
   * @param expiring leave room for an expiry; there is none yet
   */
  string(
    kb: Uint8Array,
    ko: number,
    kl: number,
    vb: Uint8Array,
    vo: number,
    vl: number,
    encoding: number,
    expiring: boolean,
  ): Ref {
    const a = this.arena
    const clock = this.keyspace.newClock()
    if (vl > INLINE_BYTES_MAX) {
      const block = makeLongString(a, vb, vo, vl)
      return makeEntry(a, kb, ko, kl, TYPE_STRING, STRING_EXTERNAL, block, 0, expiring, clock)
    }
    const ref = makeEntry(a, kb, ko, kl, TYPE_STRING, encoding, vl, vl, expiring, clock)
    copyBytes(vb, vo, a.u8[chunkOf(ref)], entryKeyOffset(a, ref) + kl, vl)
    return ref
  }

  /** As `string`, for a value that lives in a block of its own (or several). */
  value(
    kb: Uint8Array,
    ko: number,
    kl: number,
    type: number,
    encoding: number,
    value: Ref,
    expiring: boolean,
  ): Ref {
    return makeEntry(this.arena, kb, ko, kl, type, encoding, value, 0, expiring, this.keyspace.newClock())
  }

  /** Gives an entry made with room for it its expiry: low and high half. The time -1, long past, is kept as -2. */
  expireAt(ref: Ref, low: number, high: number): void {
    writeEntryExpiry(this.arena, ref, low === -1 && high === -1 ? -2 : low, high)
  }

  /** Adds an entry of `db`, the database of all that wait; answers how many were refused. */
  add(db: Database, ref: Ref): number {
    const at = this.count++
    this.refs[at] = ref
    this.hashes[at] = hashOfEntry(this.arena, ref)
    return this.count < LOOKAHEAD_MAX ? 0 : this.settle(db)
  }

  /** Puts all that wait into the table; answers how many were refused. */
  settle(db: Database): number {
    const { arena, refs, hashes, count } = this
    const { table } = db
    let refused = 0
    this.count = 0
    if (count > 1) table.touch(hashes, count, false)
    for (let i = 0; i < count; i++) {
      const ref = refs[i]
      const hash = hashes[i]
      if (entryExpiry(arena, ref) !== NO_EXPIRY) db.wheel.insert(ref, db.keyspace.now)
      const bytes = arena.u8[chunkOf(ref)]
      const old = table.findHashed(hash, bytes, entryKeyOffset(arena, ref), entryKeyLength(arena, ref))
      if (old !== 0 && this.duplicates === "refuse") {
        refused++
        db.discard(ref, false)
        continue
      }
      if (old !== 0) db.remove(old, false)
      table.insertHashed(hash, ref)
    }
    return refused
  }
}
