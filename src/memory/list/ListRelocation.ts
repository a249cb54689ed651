/** Moves the blocks of a quicklist (QuicklistNode.ts) out of chunks that are being emptied. */
import type { Ref } from "../Arena.js"
import type { Relocation } from "../Relocation.js"
import { head } from "./Quicklist.js"
import { nodeNext, nodePrev, pointTo } from "./QuicklistNode.js"

/**
 * Answers the list's ref. Where a step ends the next node is marked in the arena; if that node was freed since, the rest
 * stays where it is.
 */
export const relocateList = (r: Relocation, list: Ref): Ref => {
  const { arena: a, at } = r
  const moved = at.fresh ? r.move(list) : list
  let node = at.fresh ? head(a, moved) : a.marked
  at.fresh = false
  while (node !== 0 && !r.spent) {
    const to = r.move(node)
    const next = nodeNext(a, to)
    if (to !== node) pointTo(a, moved, nodePrev(a, to), next, to, to)
    node = next
  }
  a.marked = node
  at.done = node === 0
  return moved
}
