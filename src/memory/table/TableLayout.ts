/** Words and bytes of a hash table, which HashTable.ts draws, for all who read one: the table, its cursors, frozen walks. */

/** Words of the header block. */
export const COUNT_WORD = 0
export const MASK_WORD = 1
export const SPLIT_WORD = 2
export const DIRECTORY_WORD = 3
export const DEPTH_WORD = 4

export const SEGMENT_BUCKETS = 64
const SEGMENT_SHIFT = 6
export const BUCKET_BYTES = 64
export const BUCKET_WORDS = 16
const BUCKET_WORDS_SHIFT = 4
/** Entries a bucket holds: words 0..11. */
export const SLOTS = 12
/** Entries of one bucket, with its overflow, for which room is kept: hardly ever are there more. */
export const BUCKET_ENTRIES = 64
/** First of the three words with one tag byte an entry. */
export const TAG_WORD = 12
/** Ref of the overflow bucket. */
export const OVERFLOW_WORD = 15

/** Segment, by its number in the directory, that has bucket `b`. */
export const segmentOf = (b: number): number => b >>> SEGMENT_SHIFT
/** Word of its segment at which bucket `b` begins; 0 for the first of a segment. */
export const bucketWordOf = (b: number): number => (b & (SEGMENT_BUCKETS - 1)) << BUCKET_WORDS_SHIFT

/** The bucket of a hash. */
export const bucketOfHash = (hash: number, mask: number, split: number): number => {
  const b = hash & mask
  return b < split ? hash & ((mask << 1) | 1) : b
}

/** Reverses the 32 bits of x. */
const reverse = (x: number): number => {
  x = ((x >>> 1) & 0x55555555) | ((x & 0x55555555) << 1)
  x = ((x >>> 2) & 0x33333333) | ((x & 0x33333333) << 2)
  x = ((x >>> 4) & 0x0f0f0f0f) | ((x & 0x0f0f0f0f) << 4)
  x = ((x >>> 8) & 0x00ff00ff) | ((x & 0x00ff00ff) << 8)
  return (x >>> 16) | (x << 16)
}

/** The cursor of SCAN after the bucket under `cursor`, 0 at the end. */
export const cursorAfter = (cursor: number, mask: number, split: number): number => {
  const unused = (cursor & mask) < split ? ~((mask << 1) | 1) : ~mask
  return reverse(reverse(cursor | unused) + 1) >>> 0
}

export const tagOf = (hash: number): number => hash >>> 24

/** Words of an entry that the table reads: how many more the header has, and the key's length. */
export const ENTRY_META_WORD = 0
export const KEY_LENGTH_WORD = 1
export const EXTRA_WORDS_MASK = 7
export const KEY_LENGTH_MASK = 0x3fffffff
const ENTRY_HEAD_BYTES = 8

/** Byte of an entry at which its key begins, by its word ENTRY_META_WORD. */
export const keyByteOf = (meta: number): number => ENTRY_HEAD_BYTES + ((meta & EXTRA_WORDS_MASK) << 2)
