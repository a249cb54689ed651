/**
 * Moves the blocks of a large sorted set, a table (HashTable.ts) and an index (SortedIndex.ts) of the same entries, out of
 * chunks that are being emptied.
 */
import type { Ref } from "../Arena.js"
import type { Relocation } from "../Relocation.js"
import { relocateBuckets, relocateHead } from "../table/TableRelocation.js"
import { SortedIndex } from "./SortedIndex.js"

const MEMBERS = 0
const NODES = 1

/** Answers the set's ref. */
export const relocateMembers = (r: Relocation, set: Ref): Ref => {
  const { arena: a, at } = r
  const moved = at.fresh ? relocateHead(r, set) : set
  at.fresh = false
  const index = new SortedIndex(a).attach(moved)
  if (at.part === MEMBERS) {
    const whole = relocateBuckets(r, moved, (entry) => {
      if (!r.leaves(entry)) return entry
      const twin = r.twin(entry)
      index.replace(entry, twin)
      a.free(entry)
      return twin
    })
    if (!whole) return moved
    at.nextPart(NODES)
  }
  at.done = index.relocate(r)
  return moved
}
