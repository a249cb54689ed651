/**
 * Moves the blocks of a stream (Stream.ts, StreamGroups.ts) out of chunks that are being emptied.
 *
 * Two kinds of blocks are known in several places: a consumer, which its pending entries name, and a pending entry, which
 * stands in two trees. Either moves in one step with all of these.
 */
import type { StreamId } from "../../bytes/StreamId.js"
import type { Ref } from "../Arena.js"
import type { Relocation } from "../Relocation.js"
import { INDEX_WORD } from "./Stream.js"
import {
  consumerPending,
  consumersOf,
  groupPending,
  groupsOf,
  pendingConsumer,
  setConsumers,
  setGroups,
  setPendingConsumer,
} from "./StreamGroups.js"
import { StreamIdTree } from "./StreamIdTree.js"
import { nameAt, nameCount, replaceName } from "./StreamNames.js"

const tree = new StreamIdTree()
const own = new StreamIdTree()

/** Parts of a stream, in order; each group then takes two: its consumers, and what is pending. */
const NODES = 0
const GROUPS = 1
const PARTS_OF_GROUP = 2

/**
 * Goes on moving the leaves of the attached tree, and what `valueAt` moves of their values, from `r.at.id` on. Answers
 * whether all are done.
 */
const relocateTree = (r: Relocation, valueAt: (value: Ref, id: StreamId) => Ref): boolean => {
  const { id } = r.at
  if (tree.root === 0) return true
  for (let more = tree.ceil(id); more; more = tree.nextLeaf()) {
    if (r.spent) {
      id.copy(tree.key)
      return false
    }
    tree.relocatePath(r)
    do {
      const value = valueAt(tree.value, tree.key)
      if (value !== tree.value) tree.setValue(value)
    } while (tree.nextInLeaf())
  }
  return true
}

/** Moves a group's block, its directory of consumers, these, and the nodes of their trees; answers the group's ref. */
const relocateGroup = (r: Relocation, group: Ref): Ref => {
  const { arena: a } = r
  const moved = r.move(group)
  if (consumersOf(a, moved) === 0) return moved
  const dir = r.move(consumersOf(a, moved))
  setConsumers(a, moved, dir)
  for (let i = 0; i < nameCount(a, dir); i++) {
    const consumer = nameAt(a, dir, i)
    const to = r.move(consumer)
    if (to !== consumer) replaceName(a, dir, i, to)
    consumerPending(a, to, own)
    if (own.root === 0) continue
    for (let more = own.first(); more; more = own.nextLeaf()) {
      own.relocatePath(r)
      if (to === consumer) continue
      do setPendingConsumer(a, own.value, to)
      while (own.nextInLeaf())
    }
  }
  return moved
}

/** Goes on moving the pending entries of a group; answers whether all are done. */
const relocatePending = (r: Relocation, group: Ref): boolean => {
  const { arena: a } = r
  groupPending(a, group, tree)
  return relocateTree(r, (pending, id) => {
    if (!r.leaves(pending)) return pending
    const twin = r.twin(pending)
    const consumer = pendingConsumer(a, pending)
    if (consumer !== 0) {
      if (!consumerPending(a, consumer, own).find(id))
        throw new Error("a pending entry is not its consumer's")
      own.setValue(twin)
    }
    a.free(pending)
    return twin
  })
}

/** Goes on moving groups; answers whether all are done. */
const relocateGroups = (r: Relocation, s: Ref): boolean => {
  const { arena: a, at } = r
  for (;;) {
    const dir = groupsOf(a, s)
    const index = Math.floor((at.part - GROUPS) / PARTS_OF_GROUP)
    if (index >= nameCount(a, dir)) return true
    if (r.spent) return false
    const group = nameAt(a, dir, index)
    if ((at.part - GROUPS) % PARTS_OF_GROUP === 0) {
      const moved = relocateGroup(r, group)
      if (moved !== group) replaceName(a, dir, index, moved)
    } else if (!relocatePending(r, group)) return false
    at.nextPart(at.part + 1)
  }
}

/** Answers the stream's ref. */
export const relocateStream = (r: Relocation, stream: Ref): Ref => {
  const { arena: a, at } = r
  const s = at.fresh ? r.move(stream) : stream
  if (at.fresh && groupsOf(a, s) !== 0) setGroups(a, s, r.move(groupsOf(a, s)))
  at.fresh = false
  if (at.part === NODES) {
    tree.attach(a, s, INDEX_WORD)
    if (!relocateTree(r, (node) => r.move(node))) return s
    at.nextPart(GROUPS)
  }
  at.done = relocateGroups(r, s)
  return s
}
