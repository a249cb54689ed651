/** Entries of a hash table on the move from bucket to bucket. Shared, since a table is never touched from two places at once. */
import { grownInts } from "../../bytes/Bytes.js"
import type { Arena, Ref } from "../Arena.js"
import { chunkOf, wordOf } from "../Ref.js"
import { touchEntries } from "./Foresight.js"
import { OVERFLOW_WORD, SLOTS } from "./TableLayout.js"

/** Reads of so many entries wait for memory at the same time. */
const TOUCHED_AT_ONCE = 64
const KEPT = 4096

let taken: Int32Array = new Int32Array(256)

/** Takes all entries out of a bucket, behind the first n taken before; answers how many these are now. */
export const takeBucket = (a: Arena, segment: Ref, word: number, n: number): number => {
  let block = segment
  let bucket = word
  for (let first = true; block !== 0; first = false) {
    a.willWrite(block)
    const words = a.i32[chunkOf(block)]
    const at = wordOf(block) + bucket
    for (let s = 0; s < SLOTS; s++) {
      const entry = words[at + s]
      if (entry === 0) continue
      if (n === taken.length) taken = grownInts(taken, n * 2)
      taken[n++] = entry
      words[at + s] = 0
    }
    const next = words[at + OVERFLOW_WORD]
    words[at + OVERFLOW_WORD] = 0
    if (!first) a.free(block)
    block = next
    bucket = 0
  }
  return n
}

/** Puts the first n that were taken where `place` says. */
export const placeTaken = (a: Arena, n: number, place: (entry: Ref) => void): void => {
  for (let from = 0; from < n; from += TOUCHED_AT_ONCE) {
    const to = Math.min(n, from + TOUCHED_AT_ONCE)
    touchEntries(a, taken, from, to)
    for (let i = from; i < to; i++) place(taken[i])
  }
  if (taken.length > KEPT) taken = new Int32Array(KEPT)
}
