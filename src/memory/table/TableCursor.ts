/**
 * Walks a hash table (HashTable.ts) entry by entry, without a callback and without allocating.
 *
 *     cursor.open(tableRef)
 *     for (let entry = cursor.next(); entry !== 0; entry = cursor.next()) ...
 *
 * Invariant: the table must not change between `open` and the last `next`, entries' own bytes excepted. Every entry comes
 * once, in the order of buckets. One cursor can be opened again and again; two walks at once need two cursors.
 */
import type { Arena, Ref } from "../Arena.js"
import { OVERFLOW_WORD, SLOTS } from "./TableLayout.js"

/** Words of a bucket: 12 entries, 3 of tags, 1 of overflow (HashTable.ts). */

export class TableCursor {
  private dir: Ref = 0
  private buckets = 0
  private bucket = 0
  private slot = 0
  private block: Ref = 0
  private blockBucket = 0

  constructor(private readonly arena: Arena) {}

  /** Starts a walk over the table at `table`. */
  open(table: Ref): this {
    const words = this.arena.i32[table >>> 20]
    const w = (table & 0xfffff) << 1
    this.dir = words[w + 3]
    this.buckets = words[w + 1] + 1 + words[w + 2]
    this.bucket = 0
    this.enter()
    return this
  }

  /** The next entry, or 0 when all have come. */
  next(): Ref {
    const i32s = this.arena.i32
    while (this.bucket < this.buckets) {
      const words = i32s[this.block >>> 20]
      const at = ((this.block & 0xfffff) << 1) + this.blockBucket
      while (this.slot < SLOTS) {
        const entry = words[at + this.slot++]
        if (entry !== 0) return entry
      }
      const overflow = words[at + OVERFLOW_WORD]
      if (overflow !== 0) {
        this.block = overflow
        this.blockBucket = 0
        this.slot = 0
      } else {
        this.bucket++
        this.enter()
      }
    }
    return 0
  }

  private enter(): void {
    if (this.bucket >= this.buckets) return
    this.block = this.arena.i32[this.dir >>> 20][((this.dir & 0xfffff) << 1) + (this.bucket >>> 6)]
    this.blockBucket = (this.bucket & 63) << 4
    this.slot = 0
  }
}
