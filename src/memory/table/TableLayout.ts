/** Numbers of a hash table's layout; HashTable.ts draws it. */

export const SEGMENT_BUCKETS = 64
export const BUCKET_BYTES = 64
export const BUCKET_WORDS = 16
/** Entries a bucket holds: words 0..11. */
export const SLOTS = 12
/** First of the three words with one tag byte an entry. */
export const TAG_WORD = 12
/** Ref of the overflow bucket. */
export const OVERFLOW_WORD = 15
