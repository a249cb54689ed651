/** The entries of one bucket of a hash table (HashTable.ts), by the table's ref. */
import type { Arena, Ref } from "../Arena.js"
import { chunkOf, wordOf } from "../Ref.js"
import { bucketWordOf, DIRECTORY_WORD, OVERFLOW_WORD, segmentOf, SLOTS } from "./TableLayout.js"

/** Puts the entries of bucket b into `refs` from `at` on, as many as there is room for; answers where they end. */
export const entriesOfBucket = (
  arena: Arena,
  table: Ref,
  b: number,
  refs: Int32Array,
  at: number,
): number => {
  const i32s = arena.i32
  const dir = i32s[chunkOf(table)][wordOf(table) + DIRECTORY_WORD]
  let block = i32s[chunkOf(dir)][wordOf(dir) + segmentOf(b)]
  let bucket = bucketWordOf(b)
  for (;;) {
    const words = i32s[chunkOf(block)]
    const first = wordOf(block) + bucket
    for (let s = 0; s < SLOTS; s++) {
      const entry = words[first + s]
      if (entry !== 0 && at < refs.length) refs[at++] = entry
    }
    block = words[first + OVERFLOW_WORD]
    if (block === 0) return at
    bucket = 0
  }
}
