/**
 * A hash table in the arena, by linear hashing: it grows and shrinks by one bucket at a time, so no single command pays
 * for a rehash. It serves the keyspace and every large hash, set and sorted set.
 *
 * Header block (Int32 words; the ref of the header is the table):
 *   0 count of entries   1 mask (2^level - 1)   2 split (buckets below it are at level + 1)
 *   3 ref of the directory   4 deepest chain of overflow buckets seen   5..7 free for the owner
 * The directory is a block of refs, one a segment of 64 buckets. A segment of a table smaller than that has a power
 * of two buckets. A bucket is 64 bytes:
 *   words 0..11 refs of entries, 0 = empty   words 12..14 one tag byte an entry (top byte of its hash)   word 15 overflow
 * An overflow bucket has the same form and is a block of its own.
 *
 * Entry block, whatever its owner: word 0 bits 0..2 = number of extra header words x, word 1 bits 0..29 = key length,
 * key bytes from byte 8 + 4x on. The table reads nothing else of an entry.
 *
 * Cost: at 8.5 entries a bucket on average the table takes 64 / 8.5 = 7.5 bytes an entry, overflow included about 8.1
 * (Redis: 24 of dictEntry and 8 to 16 of slot). A hit reads two cold lines: the bucket and the entry.
 *
 * Invariants (checkInvariants): buckets = mask + 1 + split; an entry lies in the bucket its hash says; count is exact;
 * every mutation of a block passes arena.willWrite.
 *
 * SCAN: the cursor is a position in the order of bit-reversed hashes. Every bucket, at whatever level, covers a range of
 * that order, so growth and shrinking between calls never skip an entry that stays; some may come twice.
 *
 * Worked example: mask 3, split 1: five buckets. Hash ...101: 101b & 3 = 1, not below split: bucket 1. Hash ...100:
 * 100b & 3 = 0 < split: bucket 100b & 7 = 4.
 */
import { chunkOf, wordOf } from "../Ref.js"
import type { Arena, Ref } from "../Arena.js"
import { entriesOfBucket } from "./BucketEntries.js"
import { foreseenHash, touchBuckets, touchGuesses, touchHeads } from "./Foresight.js"
import { placeTaken, takeBucket } from "./Moves.js"
import { checkTable, visitTable } from "./TableCheck.js"
import { hashOfEntry, keyEquals } from "./TableEntry.js"
import {
  BUCKET_BYTES,
  BUCKET_WORDS,
  bucketOfHash,
  bucketWordOf,
  COUNT_WORD,
  cursorAfter,
  DEPTH_WORD,
  DIRECTORY_WORD,
  MASK_WORD,
  OVERFLOW_WORD,
  SEGMENT_BUCKETS,
  segmentOf,
  SLOTS,
  SPLIT_WORD,
  TAG_WORD,
  tagOf,
} from "./TableLayout.js"

const HEADER_BYTES = 32
const BUCKETS_MIN = 2
/** Entries a bucket above which a bucket is split, below which one is merged. */
const LOAD_MAX = 8.5
const LOAD_MIN = 3

/**
 * One handle on a table. A keyspace keeps one for good; collections share a few, attached for the length of a command.
 */
export class HashTable {
  ref: Ref = 0
  count = 0
  private mask = 0
  private split = 0
  private dir: Ref = 0
  private depth = 0
  /** Where the last `find` stood: the block (segment or overflow), its word of the bucket, the slot. */
  private foundBlock: Ref = 0
  private foundBucket = 0
  private foundSlot = 0
  private lastHash = 0

  constructor(private readonly arena: Arena) {}

  /** Makes an empty table and attaches to it; answers its ref. */
  create(): Ref {
    const a = this.arena
    this.ref = a.alloc(HEADER_BYTES)
    this.dir = a.alloc(16)
    const segment = a.alloc(BUCKETS_MIN * BUCKET_BYTES)
    this.clearBuckets(segment, 0, BUCKETS_MIN)
    const dirWord = wordOf(this.dir)
    a.i32[chunkOf(this.dir)][dirWord] = segment
    this.count = 0
    this.mask = BUCKETS_MIN - 1
    this.split = 0
    this.depth = 0
    const words = a.i32[chunkOf(this.ref)]
    const w = wordOf(this.ref)
    words.fill(0, w, w + 8)
    this.publish()
    return this.ref
  }

  /** Makes this handle stand for the table at `ref`. */
  attach(ref: Ref): this {
    const words = this.arena.i32[chunkOf(ref)]
    const w = wordOf(ref)
    this.ref = ref
    this.count = words[w + COUNT_WORD]
    this.mask = words[w + MASK_WORD]
    this.split = words[w + SPLIT_WORD]
    this.dir = words[w + DIRECTORY_WORD]
    this.depth = words[w + DEPTH_WORD]
    return this
  }

  get bucketCount(): number {
    return this.mask + 1 + this.split
  }

  /** Ref of the entry with this key, or 0. Remembers where it stands, for replaceFound and removeFound. */
  find(buf: Uint8Array, off: number, len: number): Ref {
    const hash = foreseenHash(buf, off, len)
    this.lastHash = hash
    return this.findHashed(hash, buf, off, len)
  }

  /** Brings what `find` will read for n hashes (at most LOOKAHEAD_MAX) near, all at once; an insertion needs no entries. */
  touch(hashes: Int32Array, n: number, entries = true): void {
    touchBuckets(this.arena, this.dir, this.mask, this.split, hashes, n)
    if (entries) touchGuesses(this.arena, hashes, n)
  }

  /** As `find`, for a key whose hash is known. */
  findHashed(hash: number, buf: Uint8Array, off: number, len: number): Ref {
    const i32s = this.arena.i32
    const b = bucketOfHash(hash, this.mask, this.split)
    const dir = this.dir
    let block = i32s[chunkOf(dir)][wordOf(dir) + segmentOf(b)]
    let bucket = bucketWordOf(b)
    const pattern = Math.imul(tagOf(hash), 0x01010101)
    for (;;) {
      const words = i32s[chunkOf(block)]
      const at = wordOf(block) + bucket
      for (let t = 0; t < 3; t++) {
        const x = words[at + TAG_WORD + t] ^ pattern
        let hits = (x - 0x01010101) & ~x & 0x80808080
        while (hits !== 0) {
          const slot = (t << 2) + ((31 - Math.clz32(hits & -hits)) >>> 3)
          hits &= hits - 1
          const entry = words[at + slot]
          if (entry !== 0 && keyEquals(this.arena, entry, buf, off, len)) {
            this.foundBlock = block
            this.foundBucket = bucket
            this.foundSlot = slot
            return entry
          }
        }
      }
      block = words[at + OVERFLOW_WORD]
      if (block === 0) return 0
      bucket = 0
    }
  }

  /** Whether an entry stands in bucket b; remembers where, as `find`. */
  findIn(b: number, entry: Ref): boolean {
    const i32s = this.arena.i32
    let block = this.segmentRef(segmentOf(b))
    let bucket = bucketWordOf(b)
    for (;;) {
      const words = i32s[chunkOf(block)]
      const at = wordOf(block) + bucket
      for (let slot = 0; slot < SLOTS; slot++) {
        if (words[at + slot] !== entry) continue
        this.foundBlock = block
        this.foundBucket = bucket
        this.foundSlot = slot
        return true
      }
      block = words[at + OVERFLOW_WORD]
      if (block === 0) return false
      bucket = 0
    }
  }

  /** Inserts an entry whose key is not in the table, right after a `find` of that key. */
  insertAfterFind(entry: Ref): void {
    this.insertHashed(this.lastHash, entry)
  }

  /** Inserts an entry whose key is not in the table. */
  insert(entry: Ref): void {
    this.insertHashed(hashOfEntry(this.arena, entry), entry)
  }

  /** Inserts an entry whose key is not in the table and has this hash. */
  insertHashed(hash: number, entry: Ref): void {
    // First, so that where it finds no memory nothing is inserted.
    if (this.count + 1 > this.bucketCount * LOAD_MAX) this.grow()
    this.place(this.bucketOf(hash), hash, entry)
    this.count++
    this.publish()
  }

  /** Makes the buckets of a table that is to hold `entries`, so that filling it moves nothing: all that is there moves now. */
  reserve(entries: number): void {
    const wanted = Math.ceil(entries / LOAD_MAX)
    if (this.bucketCount >= wanted) return
    let moved = 0
    if (this.count > 0) for (let b = this.bucketCount - 1; b >= 0; b--) moved = this.takeOut(b, moved)
    try {
      while (this.bucketCount < wanted) {
        this.ensureBucket(this.bucketCount)
        this.split++
        if (this.split <= this.mask) continue
        this.mask = (this.mask << 1) | 1
        this.split = 0
      }
    } finally {
      this.placeAll(moved)
      this.publish()
    }
  }

  /** Takes back what `reserve` has made for more entries than have come. */
  fit(): void {
    while (this.mask + this.split >= BUCKETS_MIN && this.count < (this.bucketCount - 1) * (LOAD_MAX / 2))
      this.shrink()
    this.publish()
  }

  /** Puts another entry with the same key in the place of `found`, the one just found. */
  replaceFound(found: Ref, entry: Ref): void {
    const block = this.foundBlock
    const words = this.arena.i32[chunkOf(block)]
    const at = wordOf(block) + this.foundBucket + this.foundSlot
    if (words[at] !== found) throw new Error(`entry ${found} is not where the last search ended`)
    this.arena.willWrite(block)
    words[at] = entry
  }

  /** Takes `found`, the entry just found, out of the table (the entry's block itself stays the caller's). */
  removeFound(found: Ref): void {
    this.replaceFound(found, 0)
    this.count--
    if (this.mask + this.split >= BUCKETS_MIN && this.count < this.bucketCount * LOAD_MIN) this.shrink()
    this.publish()
  }

  /**
   * Takes the table apart: hands the entries of buckets from the last down to `take`, until about `budget` were, and frees
   * the buckets. Answers whether anything is left; at the end the table is gone.
   * @param room for the entries of one bucket; `take` may not use it for others
   */
  drain(
    budget: number,
    room: Int32Array,
    take: (arena: Arena, entries: Int32Array, count: number) => void,
  ): boolean {
    const a = this.arena
    let left = budget
    for (;;) {
      const b = this.bucketCount - 1
      let entries = room
      let n = entriesOfBucket(a, this.ref, b, entries, 0)
      for (; n === entries.length; n = entriesOfBucket(a, this.ref, b, entries, 0))
        entries = new Int32Array(n * 2)
      touchHeads(a, entries, 0, n)
      take(a, entries, n)
      left -= n
      this.freeOverflow(b)
      if (bucketWordOf(b) === 0) a.free(this.segmentRef(segmentOf(b)))
      if (b === 0) {
        a.free(this.dir)
        a.free(this.ref)
        this.ref = 0
        this.count = 0
        return false
      }
      if (this.split === 0) {
        this.mask >>>= 1
        this.split = this.mask + 1
      }
      this.split--
      if (left <= 0) {
        this.count = Math.max(0, this.count - budget + left)
        this.publish()
        return true
      }
    }
  }

  /** Calls `visit` with each entry of bucket b, in no particular order. `visit` must not change the table. */
  forEachInBucket(b: number, visit: (entry: Ref) => void): void {
    const i32s = this.arena.i32
    let block = this.segmentRef(segmentOf(b))
    let bucket = bucketWordOf(b)
    for (;;) {
      const words = i32s[chunkOf(block)]
      const at = wordOf(block) + bucket
      for (let s = 0; s < SLOTS; s++) {
        const entry = words[at + s]
        if (entry !== 0) visit(entry)
      }
      block = words[at + OVERFLOW_WORD]
      if (block === 0) return
      bucket = 0
    }
  }

  /** Calls `visit` with every entry. `visit` must not change the table. */
  forEach(visit: (entry: Ref) => void): void {
    for (let b = 0, n = this.bucketCount; b < n; b++) this.forEachInBucket(b, visit)
  }

  /**
   * One step of SCAN: visits the bucket under the cursor, answers the next cursor, 0 at the end. `visit` must not
   * change the table.
   */
  scan(cursor: number, visit: (entry: Ref) => void): number {
    this.forEachInBucket(this.bucketOf(cursor), visit)
    return cursorAfter(cursor, this.mask, this.split)
  }

  /**
   * A uniformly random entry, or 0 of an empty table. `random(n)` answers an integer in [0, n). Buckets and slots are
   * drawn together and empty ones rejected, so every entry has the same chance however the buckets are filled.
   */
  random(random: (n: number) => number): Ref {
    if (this.count === 0) return 0
    const i32s = this.arena.i32
    for (;;) {
      const b = random(this.bucketCount)
      let slot = random(SLOTS * (this.depth + 1))
      let block = this.segmentRef(segmentOf(b))
      let bucket = bucketWordOf(b)
      while (slot >= SLOTS && block !== 0) {
        block = i32s[chunkOf(block)][wordOf(block) + bucket + OVERFLOW_WORD]
        bucket = 0
        slot -= SLOTS
      }
      if (block === 0) continue
      const entry = i32s[chunkOf(block)][wordOf(block) + bucket + slot]
      if (entry !== 0) return entry
    }
  }

  /** Bytes of the table's own blocks, entries not counted. */
  ownBytes(): number {
    const a = this.arena
    let bytes = a.blockSize(this.ref) + a.blockSize(this.dir)
    for (let s = 0, n = this.segmentCount(); s < n; s++) bytes += a.blockSize(this.segmentRef(s))
    return bytes
  }

  /** Calls `visit` with each of the table's own blocks; the entries are the owner's. */
  visitBlocks(visit: (ref: Ref) => void): void {
    visitTable(this.arena, this.ref, visit)
  }

  private publish(): void {
    const a = this.arena
    a.willWrite(this.ref)
    const words = a.i32[chunkOf(this.ref)]
    const w = wordOf(this.ref)
    words[w + COUNT_WORD] = this.count
    words[w + MASK_WORD] = this.mask
    words[w + SPLIT_WORD] = this.split
    words[w + DIRECTORY_WORD] = this.dir
    words[w + DEPTH_WORD] = this.depth
  }

  /** The bucket of entries with this hash. */
  bucketOf(hash: number): number {
    return bucketOfHash(hash, this.mask, this.split)
  }

  private segmentRef(s: number): Ref {
    return this.arena.i32[chunkOf(this.dir)][wordOf(this.dir) + s]
  }

  private segmentCount(): number {
    return segmentOf(this.bucketCount + SEGMENT_BUCKETS - 1)
  }

  private clearBuckets(segment: Ref, first: number, n: number): void {
    const w = wordOf(segment) + first * BUCKET_WORDS
    this.arena.i32[chunkOf(segment)].fill(0, w, w + n * BUCKET_WORDS)
  }

  /** Puts an entry into bucket b, adding an overflow bucket when all slots are taken. */
  private place(b: number, hash: number, entry: Ref): void {
    const a = this.arena
    let block = this.segmentRef(segmentOf(b))
    let bucket = bucketWordOf(b)
    for (let depth = 0; ; depth++) {
      const words = a.i32[chunkOf(block)]
      const at = wordOf(block) + bucket
      for (let s = 0; s < SLOTS; s++) {
        if (words[at + s] !== 0) continue
        a.willWrite(block)
        words[at + s] = entry
        a.u8[chunkOf(block)][((at + TAG_WORD) << 2) + s] = tagOf(hash)
        return
      }
      let next = words[at + OVERFLOW_WORD]
      if (next === 0) {
        next = a.alloc(BUCKET_BYTES)
        this.clearBuckets(next, 0, 1)
        a.willWrite(block)
        words[at + OVERFLOW_WORD] = next
        if (depth + 1 > this.depth) this.depth = depth + 1
      }
      block = next
      bucket = 0
    }
  }

  /** Adds one bucket and moves to it the entries of its sibling that belong there. */
  private grow(): void {
    const from = this.split
    const to = this.bucketCount
    this.ensureBucket(to)
    this.split++
    if (this.split > this.mask) {
      this.mask = (this.mask << 1) | 1
      this.split = 0
    }
    this.redistribute(from)
  }

  /** Removes the last bucket; its entries return to the sibling it came from. */
  private shrink(): void {
    const last = this.bucketCount - 1
    if (this.split === 0) {
      this.mask >>>= 1
      this.split = this.mask + 1
    }
    this.split--
    this.redistribute(last)
    if (bucketWordOf(last) === 0) {
      this.arena.free(this.segmentRef(segmentOf(last)))
    }
  }

  /** Places the entries of bucket b anew, as it was before a grow or shrink. */
  private redistribute(b: number): void {
    this.placeAll(this.takeOut(b, 0))
  }

  private takeOut(b: number, n: number): number {
    return takeBucket(this.arena, this.segmentRef(segmentOf(b)), bucketWordOf(b), n)
  }

  private placeAll(n: number): void {
    placeTaken(this.arena, n, this.placeAnew)
  }

  private readonly placeAnew = (entry: Ref): void => {
    const hash = hashOfEntry(this.arena, entry)
    this.place(this.bucketOf(hash), hash, entry)
  }

  private freeOverflow(b: number): void {
    const a = this.arena
    const segment = this.segmentRef(segmentOf(b))
    let block = a.i32[chunkOf(segment)][wordOf(segment) + bucketWordOf(b) + OVERFLOW_WORD]
    while (block !== 0) {
      const next = a.i32[chunkOf(block)][wordOf(block) + OVERFLOW_WORD]
      a.free(block)
      block = next
    }
  }

  /** Makes room for bucket b: a new segment, a larger first segment, or a larger directory. */
  private ensureBucket(b: number): void {
    const a = this.arena
    const s = segmentOf(b)
    if (bucketWordOf(b) === 0) {
      if (s * 4 >= a.blockSize(this.dir)) this.dir = a.realloc(this.dir, s * 8, s * 4)
      const segment = a.alloc(SEGMENT_BUCKETS * BUCKET_BYTES)
      this.clearBuckets(segment, 0, SEGMENT_BUCKETS)
      this.setSegment(s, segment)
      return
    }
    if (s > 0) return
    const segment = this.segmentRef(0)
    if ((b + 1) * BUCKET_BYTES <= a.blockSize(segment)) {
      a.willWrite(segment)
      this.clearBuckets(segment, b, 1)
      return
    }
    const grown = a.realloc(segment, b * 2 * BUCKET_BYTES, b * BUCKET_BYTES)
    this.clearBuckets(grown, b, 1)
    this.setSegment(0, grown)
  }

  private setSegment(s: number, segment: Ref): void {
    const a = this.arena
    a.willWrite(this.dir)
    a.i32[chunkOf(this.dir)][wordOf(this.dir) + s] = segment
  }

  /** Asserts the invariants of the file header. */
  checkInvariants(): void {
    checkTable(this, this.arena)
  }
}
