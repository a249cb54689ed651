/** Moves the blocks of a hash table (HashTable.ts) out of chunks that are being emptied; handles on it attach anew. */
import type { Ref } from "../Arena.js"
import { chunkOf, wordOf } from "../Ref.js"
import type { Relocation } from "../Relocation.js"
import {
  bucketOfHash,
  bucketWordOf,
  cursorAfter,
  DIRECTORY_WORD,
  MASK_WORD,
  OVERFLOW_WORD,
  segmentOf,
  SLOTS,
  SPLIT_WORD,
} from "./TableLayout.js"

/** Moves header and directory; answers the table's ref. */
export const relocateHead = (r: Relocation, table: Ref): Ref => {
  const moved = r.move(table)
  const words = r.arena.i32[chunkOf(moved)]
  const w = wordOf(moved) + DIRECTORY_WORD
  words[w] = r.move(words[w])
  return moved
}

/**
 * Moves the bucket under a cursor as SCAN has it; answers the next cursor, 0 at the end.
 * @param entryAt moves an entry, or not, and answers where it is then
 */
export const relocateBucket = (
  r: Relocation,
  table: Ref,
  cursor: number,
  entryAt: (entry: Ref) => Ref,
): number => {
  const { i32 } = r.arena
  const header = i32[chunkOf(table)]
  const h = wordOf(table)
  const mask = header[h + MASK_WORD]
  const split = header[h + SPLIT_WORD]
  const b = bucketOfHash(cursor, mask, split)
  const dir = header[h + DIRECTORY_WORD]
  const place = wordOf(dir) + segmentOf(b)
  let block = (i32[chunkOf(dir)][place] = r.move(i32[chunkOf(dir)][place]))
  let bucket = bucketWordOf(b)
  for (;;) {
    const words = i32[chunkOf(block)]
    const at = wordOf(block) + bucket
    for (let s = 0; s < SLOTS; s++) {
      const entry = words[at + s]
      if (entry !== 0) words[at + s] = entryAt(entry)
    }
    const overflow = words[at + OVERFLOW_WORD]
    if (overflow === 0) return cursorAfter(cursor, mask, split)
    block = words[at + OVERFLOW_WORD] = r.move(overflow)
    bucket = 0
  }
}

/** Goes on moving buckets, as far as the step goes; answers whether all are done. */
export const relocateBuckets = (r: Relocation, table: Ref, entryAt: (entry: Ref) => Ref): boolean => {
  const { at } = r
  do {
    at.cursor = relocateBucket(r, table, at.cursor, entryAt)
    if (at.cursor === 0) return true
  } while (!r.spent)
  return false
}
