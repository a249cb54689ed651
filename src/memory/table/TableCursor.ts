/**
 * Walks a hash table (HashTable.ts) entry by entry, without a callback and without allocating.
 *
 *     cursor.open(tableRef)
 *     for (let entry = cursor.next(); entry !== 0; entry = cursor.next()) ...
 *
 * Invariant: the table must not change between `open` and the last `next`, entries' own bytes excepted. Every entry comes
 * once, in the order of buckets. One cursor can be opened again and again; two walks at once need two cursors.
 */
import { chunkOf, wordOf } from "../Ref.js"
import type { Arena, Ref } from "../Arena.js"
import {
  bucketWordOf,
  DIRECTORY_WORD,
  MASK_WORD,
  OVERFLOW_WORD,
  segmentOf,
  SLOTS,
  SPLIT_WORD,
} from "./TableLayout.js"

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
    const words = this.arena.i32[chunkOf(table)]
    const w = wordOf(table)
    this.dir = words[w + DIRECTORY_WORD]
    this.buckets = words[w + MASK_WORD] + 1 + words[w + SPLIT_WORD]
    this.bucket = 0
    this.enter()
    return this
  }

  /** The next entry, or 0 when all have come. */
  next(): Ref {
    const i32s = this.arena.i32
    while (this.bucket < this.buckets) {
      const words = i32s[chunkOf(this.block)]
      const at = wordOf(this.block) + this.blockBucket
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
    this.block = this.arena.i32[chunkOf(this.dir)][wordOf(this.dir) + segmentOf(this.bucket)]
    this.blockBucket = bucketWordOf(this.bucket)
    this.slot = 0
  }
}
