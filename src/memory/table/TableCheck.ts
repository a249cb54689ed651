/** A hash table (HashTable.ts) looked at from outside: its blocks, and its invariants asserted over all of them. */
import type { Arena, Ref } from "../Arena.js"
import { chunkOf, wordOf } from "../Ref.js"
import {
  bucketOfHash,
  bucketWordOf,
  COUNT_WORD,
  DEPTH_WORD,
  DIRECTORY_WORD,
  MASK_WORD,
  OVERFLOW_WORD,
  segmentOf,
  SPLIT_WORD,
  SLOTS,
  TAG_WORD,
  tagOf,
} from "./TableLayout.js"

/** A handle on the table. */
interface Table {
  readonly ref: Ref
  readonly count: number
  hashOfEntry(entry: Ref): number
}

const wordAt = (a: Arena, ref: Ref, word: number): number => a.i32[chunkOf(ref)][wordOf(ref) + word]

/** Calls `visit` with the place of each bucket, overflow buckets included: its block, its word there, its number. */
const forEachBucket = (
  a: Arena,
  table: Ref,
  visit: (block: Ref, word: number, bucket: number, depth: number) => void,
): void => {
  const directory = wordAt(a, table, DIRECTORY_WORD)
  const buckets = wordAt(a, table, MASK_WORD) + 1 + wordAt(a, table, SPLIT_WORD)
  for (let b = 0; b < buckets; b++) {
    let block = wordAt(a, directory, segmentOf(b))
    let word = bucketWordOf(b)
    for (let depth = 0; block !== 0; depth++) {
      const next = wordAt(a, block, word + OVERFLOW_WORD)
      visit(block, word, b, depth)
      block = next
      word = 0
    }
  }
}

export const visitTable = (a: Arena, table: Ref, visit: (ref: Ref) => void): void => {
  visit(table)
  visit(wordAt(a, table, DIRECTORY_WORD))
  forEachBucket(a, table, (block, _word, b, depth) => {
    if (depth > 0 || bucketWordOf(b) === 0) visit(block)
  })
}

/** Throws where the table is not what it should be, or its handle says something else than its header. */
export const checkTable = (table: Table, a: Arena): void => {
  const { ref } = table
  const mask = wordAt(a, ref, MASK_WORD)
  const split = wordAt(a, ref, SPLIT_WORD)
  if ((mask & (mask + 1)) !== 0 || split < 0 || split > mask)
    throw new Error(`a table with mask ${mask} and split ${split}`)
  let n = 0
  forEachBucket(a, ref, (block, word, b, depth) => {
    if (depth > wordAt(a, ref, DEPTH_WORD)) throw new Error(`bucket ${b} is deeper than the table says`)
    for (let s = 0; s < SLOTS; s++) {
      const entry = wordAt(a, block, word + s)
      if (entry === 0) continue
      n++
      const hash = table.hashOfEntry(entry)
      if (bucketOfHash(hash, mask, split) !== b) throw new Error(`entry ${entry} lies in bucket ${b}`)
      if (a.u8[chunkOf(block)][((wordOf(block) + word + TAG_WORD) << 2) + s] !== tagOf(hash))
        throw new Error(`entry ${entry} has another tag`)
    }
  })
  const count = wordAt(a, ref, COUNT_WORD)
  if (n !== count || n !== table.count)
    throw new Error(`table holds ${n} entries, its header says ${count}, its handle ${table.count}`)
}
