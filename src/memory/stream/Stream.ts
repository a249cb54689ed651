/**
 * A stream: a header block, an index of nodes by their first ID (StreamIdTree.ts), the nodes (StreamNode.ts), and the
 * consumer groups (StreamGroups.ts). The ref of the header is the stream's value and never changes.
 *
 * Header, Int32 words:
 *   0 live entries      1 ref of the directory of groups, 0 = none       2 root of the index   3 number of nodes
 *   4..7 last ID ever added      8..11 ID of the first entry, 0-0 when empty
 *   12..15 greatest ID ever deleted by XDEL      16, 17 entries ever added, low and high half
 *
 * Invariants (checkStream): live entries are the sum over the nodes and ascend; the first ID is the first live entry's;
 * every mutation of a block passes arena.willWrite. Deleted entries stay in their nodes and need not ascend: XSETID may go
 * back to the last live entry, and what is added then follows them.
 *
 * Limits: 2^32 live entries; a node of at most 2^30 bytes.
 *
 * Cost: 100 entries of one field with 10 bytes take about 1700 bytes, their index 20; Redis takes the same bytes and its
 * radix tree. Example: XADD s 1-1 a b makes header 1, 0, leaf, 1, (1-1), (1-1), (0-0), 1, 0.
 */
import { chunkOf, wordOf } from "../Ref.js"
import type { Arena, Ref } from "../Arena.js"
import { StreamId } from "../../bytes/StreamId.js"
import { StreamIdTree } from "./StreamIdTree.js"
import * as Node from "./StreamNode.js"

export const LENGTH_WORD = 0
export const GROUPS_WORD = 1
export const INDEX_WORD = 2
export const NODES_WORD = 3
export const LAST_WORD = 4
export const FIRST_WORD = 8
export const DELETED_WORD = 12
export const ADDED_WORD = 16
const HEADER_WORDS = 18

/** Bytes of a header. */
export const STREAM_BYTES: number = HEADER_WORDS * 4

const NODE_BYTES_LIMIT = 1 << 30
/** Most room that a new node gets at once. */
const ROOM_MAX = 8192

const index = new StreamIdTree()

/** A stream without entries and groups. */
export const createStream = (a: Arena): Ref => {
  const ref = a.alloc(HEADER_WORDS * 4)
  const w = wordOf(ref)
  a.i32[chunkOf(ref)].fill(0, w, w + HEADER_WORDS)
  return ref
}

/** Makes a header that was copied from another's own no nodes and no groups; IDs and counts stay. */
export const forgetParts = (a: Arena, s: Ref): void => {
  const words = a.i32[chunkOf(s)]
  const w = wordOf(s)
  words[w + GROUPS_WORD] = words[w + INDEX_WORD] = words[w + NODES_WORD] = 0
}

/** Number of live entries. */
export const streamLength = (a: Arena, s: Ref): number => a.i32[chunkOf(s)][wordOf(s) + LENGTH_WORD] >>> 0

/** Number of nodes. */
export const streamNodes = (a: Arena, s: Ref): number => a.i32[chunkOf(s)][wordOf(s) + NODES_WORD]

/** Reads one of the header's IDs (LAST_WORD, FIRST_WORD, DELETED_WORD) into `id`. */
export const headerId = (a: Arena, s: Ref, word: number, id: StreamId): StreamId =>
  id.load(a.i32[chunkOf(s)], wordOf(s) + word)

export const setHeaderId = (a: Arena, s: Ref, word: number, id: StreamId): void => {
  a.willWrite(s)
  id.store(a.i32[chunkOf(s)], wordOf(s) + word)
}

/** A 64-bit number kept as low and high word in a block. */
export const bigAt = (a: Arena, ref: Ref, word: number): bigint => {
  const words = a.i32[chunkOf(ref)]
  const w = wordOf(ref) + word
  return (BigInt(words[w + 1]) << 32n) | BigInt(words[w] >>> 0)
}

export const setBigAt = (a: Arena, ref: Ref, word: number, n: bigint): void => {
  a.willWrite(ref)
  const words = a.i32[chunkOf(ref)]
  const w = wordOf(ref) + word
  words[w] = Number(BigInt.asIntN(32, n))
  words[w + 1] = Number(BigInt.asIntN(32, n >> 32n))
}

/** Adds one to such a number. */
export const incrementAt = (a: Arena, ref: Ref, word: number): void => {
  const words = a.i32[chunkOf(ref)]
  const w = wordOf(ref) + word
  const low = (words[w] + 1) | 0
  words[w] = low
  if (low === 0) words[w + 1]++
}

/** Entries ever added. */
export const entriesAdded = (a: Arena, s: Ref): bigint => bigAt(a, s, ADDED_WORD)

/**
 * Adds an entry whose ID is above the last one.
 * @param bytes length of all fields and values
 * @param maxBytes stream-node-max-bytes, 0 = no limit
 * @param maxEntries stream-node-max-entries, 0 = no limit
 */
export const appendToStream = (
  a: Arena,
  s: Ref,
  id: StreamId,
  src: Node.FieldSource,
  first: number,
  pairs: number,
  bytes: number,
  maxBytes: number,
  maxEntries: number,
): void => {
  a.willWrite(s)
  index.attach(a, s, INDEX_WORD)
  const limit = maxBytes > 0 && maxBytes < NODE_BYTES_LIMIT ? maxBytes : NODE_BYTES_LIMIT
  const hasNode = index.last()
  if (hasNode && fits(a, index.value, bytes, limit, maxEntries)) {
    const node = index.value
    const moved = Node.appendEntry(a, node, index.key, id, src, first, pairs, limit)
    if (moved !== node) index.setValue(moved)
  } else {
    let room = 0
    if (hasNode) {
      const full = index.value
      const shrunk = Node.shrinkNode(a, full)
      if (shrunk !== full) index.setValue(shrunk)
      // The next node will be about as long: it is not moved while it grows.
      room = Math.min(Node.nodeBytes(a, shrunk), ROOM_MAX)
    }
    const fresh = Node.newNode(a, src, first, pairs, room)
    const node = Node.appendEntry(a, fresh, id, id, src, first, pairs, limit)
    // A node trimmed empty may have had the same first ID, if XSETID went back below it.
    if (index.find(id)) {
      a.free(index.value)
      index.setValue(node)
    } else index.insert(id, node)
  }
  const words = a.i32[chunkOf(s)]
  const w = wordOf(s)
  const length = words[w + LENGTH_WORD]
  words[w + LENGTH_WORD] = length + 1
  id.store(words, w + LAST_WORD)
  if (length === 0) id.store(words, w + FIRST_WORD)
  incrementAt(a, s, ADDED_WORD)
}

/** Whether the last node takes another entry. */
const fits = (a: Arena, node: Ref, bytes: number, maxBytes: number, maxEntries: number): boolean =>
  Node.nodeBytes(a, node) + bytes < maxBytes &&
  (maxEntries <= 0 || Node.nodeLive(a, node) + Node.nodeDeleted(a, node) < maxEntries)

/** Adds a node from outside, in order of IDs; its entries count as added elsewhere. For loading. */
export const addNode = (
  a: Arena,
  s: Ref,
  master: StreamId,
  bytes: Uint8Array,
  off: number,
  len: number,
): boolean => {
  if (index.attach(a, s, INDEX_WORD).find(master)) return false
  const node = Node.nodeFromBytes(a, bytes, off, len)
  index.insert(master, node)
  a.i32[chunkOf(s)][wordOf(s) + LENGTH_WORD] += Node.nodeLive(a, node)
  return true
}

/**
 * Takes over a length that is more than there are entries. Redis counts on with what a file says, and a replica that would
 * not would trim other entries than its master; a length that is less could fall below zero and is not taken.
 */
export const claimLength = (a: Arena, s: Ref, length: bigint): void => {
  if (index.attach(a, s, INDEX_WORD).count > 0 && length > streamLength(a, s) && length <= 0x7fffffffn)
    a.i32[chunkOf(s)][wordOf(s) + LENGTH_WORD] = Number(length)
}

/** Reads entries in an ID range, both ends included, in either direction. The stream must not change meanwhile. */
export class StreamRange {
  /** The entry at hand, after `next` answered true. */
  readonly cursor = new Node.NodeCursor()
  /** Stands at the entry's node. */
  readonly tree = new StreamIdTree()
  private readonly start = new StreamId()
  private readonly end = new StreamId()
  private arena: Arena | undefined
  private backwards = false
  private open = false

  begin(a: Arena, s: Ref, start: StreamId, end: StreamId, backwards: boolean): this {
    this.arena = a
    this.start.copy(start)
    this.end.copy(end)
    this.backwards = backwards
    this.tree.attach(a, s, INDEX_WORD)
    this.open =
      start.compare(end) <= 0 &&
      (backwards ? this.tree.floor(end) || this.tree.last() : this.tree.floor(start) || this.tree.first())
    if (this.open) this.openNode(a)
    return this
  }

  private openNode(a: Arena): void {
    const node = this.tree.value
    this.cursor.open(a.u8[chunkOf(node)], Node.nodeBase(node), this.tree.key, this.backwards)
  }

  /** Goes to the next live entry in range. */
  next(): boolean {
    const a = this.arena
    if (a === undefined || !this.open) return false
    const { cursor, backwards } = this
    for (;;) {
      while (backwards ? cursor.prev() : cursor.next()) {
        if (cursor.deleted) continue
        if (cursor.compare(backwards ? this.end : this.start) * (backwards ? -1 : 1) < 0) continue
        if (cursor.compare(backwards ? this.start : this.end) * (backwards ? -1 : 1) > 0)
          return (this.open = false)
        return true
      }
      this.open = backwards ? this.tree.prev() : this.tree.next()
      if (!this.open) return false
      this.openNode(a)
    }
  }

  /** The ID of the entry at hand. */
  id(into: StreamId): StreamId {
    const c = this.cursor
    return into.set(c.mh, c.ml, c.sh, c.sl)
  }
}

const walker = new StreamRange()
const lowest = new StreamId()
const highest = new StreamId().setMax()

/** First (or last) live entry's ID into `id`; false when the stream is empty. */
export const edgeId = (a: Arena, s: Ref, last: boolean, id: StreamId): boolean => {
  walker.begin(a, s, lowest, highest, last)
  if (!walker.next()) return false
  walker.id(id)
  return true
}

/** ID of the first entry, a deleted one included; false when there is no node. */
export const firstNodeId = (a: Arena, s: Ref, id: StreamId): boolean => {
  if (!index.attach(a, s, INDEX_WORD).first()) return false
  id.copy(index.key)
  return true
}

const scratchId = new StreamId()

/** Sets the header's first ID anew, after entries were deleted. */
const refreshFirst = (a: Arena, s: Ref): void => {
  if (!edgeId(a, s, false, scratchId)) scratchId.setZero()
  setHeaderId(a, s, FIRST_WORD, scratchId)
}

/** Whether a live entry has this ID. */
export const streamHas = (a: Arena, s: Ref, id: StreamId): boolean => walker.begin(a, s, id, id, false).next()

/** Deletes the entry with this ID, as XDEL; false when there is none. */
export const deleteFromStream = (a: Arena, s: Ref, id: StreamId): boolean => {
  if (!walker.begin(a, s, id, id, false).next()) return false
  const { cursor, tree } = walker
  const node = tree.value
  a.willWrite(s)
  if (cursor.head.live === 1) {
    tree.remove()
    a.free(node)
  } else {
    const moved = Node.deleteEntry(a, node, cursor.entryAt)
    if (moved !== node) tree.setValue(moved)
  }
  const words = a.i32[chunkOf(s)]
  const w = wordOf(s)
  // A length that a file claimed ends with the last node; what no node holds would not load again.
  words[w + LENGTH_WORD] = tree.count === 0 ? 0 : words[w + LENGTH_WORD] - 1
  if (id.compareTo(words, w + DELETED_WORD) > 0) id.store(words, w + DELETED_WORD)
  if (id.compareTo(words, w + FIRST_WORD) === 0) refreshFirst(a, s)
  return true
}

const finder = new Node.NodeCursor()

/** How to trim: to a length, or below an ID. */
export interface Trim {
  /** Entries to keep, or -1 to go by `minId`. */
  readonly maxLength: number
  readonly minId: StreamId
  /** Whole nodes only. */
  readonly approximate: boolean
  /** Most entries to delete, 0 = any number; a node that would pass it stays. */
  readonly limit: number
}

/** Deletes the oldest entries; answers how many. */
export const trimStream = (a: Arena, s: Ref, trim: Trim): number => {
  const byLength = trim.maxLength >= 0
  let length = streamLength(a, s)
  let deleted = 0
  index.attach(a, s, INDEX_WORD)
  for (;;) {
    if ((byLength && length <= trim.maxLength) || !index.first()) break
    const node = index.value
    const live = Node.nodeLive(a, node)
    if (trim.limit > 0 && deleted + live > trim.limit) break
    if (byLength ? length - live >= trim.maxLength : endsBelow(a, node, trim.minId)) {
      index.remove()
      a.free(node)
      deleted += live
      length -= live
      continue
    }
    if (trim.approximate) break
    const max = byLength ? length - trim.maxLength : live
    Node.deleteLeading(a, node, index.key, max, byLength ? undefined : trim.minId)
    if (Node.leading.node !== node) index.setValue(Node.leading.node)
    deleted += Node.leading.deleted
    break
  }
  const empty = index.attach(a, s, INDEX_WORD).count === 0
  if (deleted === 0 && !empty) return 0
  a.willWrite(s)
  const left = empty ? 0 : streamLength(a, s) - deleted
  a.i32[chunkOf(s)][wordOf(s) + LENGTH_WORD] = left
  refreshFirst(a, s)
  return deleted
}

/** Whether the last entry of the node at the index's position is below an ID. */
const endsBelow = (a: Arena, node: Ref, minId: StreamId): boolean => {
  if (index.key.compare(minId) >= 0) return false
  const cursor = finder.open(a.u8[chunkOf(node)], Node.nodeBase(node), index.key, true)
  return !cursor.prev() || cursor.compare(minId) < 0
}

/**
 * Nodes that Redis's radix tree has for the same index (XINFO STREAM prints them): a leaf a key, a node for each place
 * where keys part, and one for every run of bytes between those. Keys are 16 bytes, walked in order.
 */
export const radixNodes = (a: Arena, s: Ref): number => {
  index.attach(a, s, INDEX_WORD)
  if (!index.first()) return 1
  const before = new StreamId()
  const open: Array<number> = []
  let nodes = 0
  let child = KEY_BYTES
  const edge = (depth: number): void => {
    if (child - depth > 1) nodes++
  }
  for (let leaves = 1; ; leaves++) {
    before.copy(index.key)
    if (!index.next()) {
      nodes += leaves
      break
    }
    const shared = sharedBytes(before, index.key)
    child = KEY_BYTES
    let top = open.at(-1) ?? -1
    for (; top > shared; top = open.at(-1) ?? -1) {
      edge(top)
      child = top
      open.pop()
    }
    edge(shared)
    if (top !== shared) {
      open.push(shared)
      nodes++
    }
  }
  child = KEY_BYTES
  for (let top = open.pop(); top !== undefined; top = open.pop()) {
    edge(top)
    child = top
  }
  return child > 0 ? nodes + 1 : nodes
}

const KEY_BYTES = 16

/** Bytes that two IDs have in common from the first on, as 16 bytes big endian. */
const sharedBytes = (x: StreamId, y: StreamId): number => {
  if (x.mh !== y.mh) return Math.clz32(x.mh ^ y.mh) >> 3
  if (x.ml !== y.ml) return 4 + (Math.clz32(x.ml ^ y.ml) >> 3)
  if (x.sh !== y.sh) return 8 + (Math.clz32(x.sh ^ y.sh) >> 3)
  return 12 + (Math.clz32(x.sl ^ y.sl) >> 3)
}

/** Asserts the invariants of the file header, groups aside; throws on the first that does not hold. */
export const checkStream = (a: Arena, s: Ref): void => {
  index.attach(a, s, INDEX_WORD).checkInvariants()
  let live = 0
  const last = new StreamId()
  for (let more = index.first(); more; more = index.next()) {
    const node = index.value
    const cursor = finder.open(a.u8[chunkOf(node)], Node.nodeBase(node), index.key, false)
    let seen = 0
    while (cursor.next()) {
      if (cursor.deleted) continue
      if (live + seen > 0 && cursor.compare(last) <= 0) throw new Error("stream: IDs do not ascend")
      last.set(cursor.mh, cursor.ml, cursor.sh, cursor.sl)
      seen++
    }
    if (seen !== cursor.head.live) throw new Error("stream: a node's live entries are miscounted")
    if (a.blockSize(node) < Node.nodeBytes(a, node)) throw new Error("stream: a node exceeds its block")
    live += seen
  }
  if (live > streamLength(a, s)) throw new Error(`stream: ${live} entries, the length says otherwise`)
  const first = new StreamId()
  if (edgeId(a, s, false, first) && first.compare(headerId(a, s, FIRST_WORD, new StreamId())) !== 0)
    throw new Error("stream: the first ID is wrong")
}
