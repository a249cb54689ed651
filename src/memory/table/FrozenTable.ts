/**
 * Walks a hash table (HashTable.ts) as it was when a snapshot opened, on any thread.
 *
 *     walk.open(reader, tableRef)
 *     for (let entry = walk.next(); entry !== 0; entry = walk.next()) reader.load(entry, myBlock)
 *
 * The walk can stop between any two entries and go on later, as long as the snapshot is open. It holds copies of the
 * table's header, directory and the segment it is in; the entries are the caller's to load. Walks may nest (a keyspace
 * of hashes), each with an object of its own.
 */
import type { Ref } from "../Arena.js"
import { FrozenBlock, type FrozenReader } from "../Snapshot.js"
import {
  bucketWordOf,
  COUNT_WORD,
  DIRECTORY_WORD,
  MASK_WORD,
  OVERFLOW_WORD,
  segmentOf,
  SLOTS,
  SPLIT_WORD,
} from "./TableLayout.js"

export class FrozenTableWalk {
  /** Entries the table had. */
  count = 0
  private reader: FrozenReader | undefined = undefined
  private readonly dir = new FrozenBlock()
  private readonly segment = new FrozenBlock()
  private readonly overflow = new FrozenBlock()
  /** The block the walk is in: the segment, or an overflow bucket. */
  private block: FrozenBlock = this.segment
  private at = 0
  private buckets = 0
  private bucket = 0
  private slot = 0

  /** Starts a walk over the table at `table`. */
  open(reader: FrozenReader, table: Ref): this {
    this.reader = reader
    reader.load(table, this.dir)
    const words = this.dir.i32
    this.count = words[COUNT_WORD]
    this.buckets = words[MASK_WORD] + 1 + words[SPLIT_WORD]
    reader.load(words[DIRECTORY_WORD], this.dir)
    this.bucket = 0
    this.enter(reader)
    return this
  }

  /** The next entry, or 0 when all have come. */
  next(): Ref {
    const reader = this.reader
    if (reader === undefined) throw new Error("a frozen table is walked before it was opened")
    while (this.bucket < this.buckets) {
      const words = this.block.i32
      while (this.slot < SLOTS) {
        const entry = words[this.at + this.slot++]
        if (entry !== 0) return entry
      }
      const overflow = words[this.at + OVERFLOW_WORD]
      if (overflow !== 0) {
        reader.load(overflow, this.overflow)
        this.block = this.overflow
        this.at = 0
        this.slot = 0
      } else {
        this.bucket++
        this.enter(reader)
      }
    }
    return 0
  }

  private enter(reader: FrozenReader): void {
    if (this.bucket >= this.buckets) return
    if (bucketWordOf(this.bucket) === 0) reader.load(this.dir.i32[segmentOf(this.bucket)], this.segment)
    this.block = this.segment
    this.at = bucketWordOf(this.bucket)
    this.slot = 0
  }
}

/** Calls `onEntry` with every entry of the table at `table`, as it was when the reader's snapshot opened. */
export const walkFrozenTable = (reader: FrozenReader, table: Ref, onEntry: (entry: Ref) => void): void => {
  const walk = new FrozenTableWalk().open(reader, table)
  for (let entry = walk.next(); entry !== 0; entry = walk.next()) onEntry(entry)
}
