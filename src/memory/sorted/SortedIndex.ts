/**
 * The order of a large sorted set: an order-statistic B+tree in the arena over (score, member), ascending, members of
 * one score by their bytes. Insert, delete, rank, select and every range bound take O(log n). Which member has which
 * score is the hash table's business (store/types/SortedSetValue.ts); both point at the same member entries.
 *
 * Member entry (a hash table entry with 2 extra words): word 0 = 2, word 1 member length, bytes 8..15 the score as f64,
 * member bytes from byte 16 on.
 *
 * Owner block: three words of it, from ROOT_WORD on: ref of the root, height (1 = the root is a leaf), size of all nodes
 * in units of 8 bytes.
 *
 * Node (CAPACITY = 63 slots):
 *   word 0           slots in use
 *   from byte 8      f64 of each slot: its score; in an inner node the least score below it
 *   from word 128    ref of each slot: its member entry; in an inner node the least member entry below it
 *   from word 191    inner nodes only: ref of the child
 *   from word 254    inner nodes only: number of members below
 * A leaf is 764 bytes (block of 768), an inner node 1268 (block of 1280).
 *
 * Cost: 12 bytes a member in full leaves, 17.5 after random insertion, inner nodes under 1. With the entry and its share
 * of the table a member of 20 bytes takes about 67 bytes; in redis-server 7.0.15 about 125.
 *
 * Invariants (checkInvariants): slots ascend strictly over the whole tree; an inner slot repeats the first slot of its
 * child and counts the members below it; only the root may be empty, and only as a leaf; every mutation of a block passes
 * arena.willWrite. A node of fewer than 16 slots is merged with a neighbour or filled from it when one is deleted from
 * it; nodes at the right edge may be smaller, because a full node at the edge is split there: ascending insertion, as a
 * loader does it, leaves full nodes.
 *
 * Limits: 2^31 members. Scores compare as numbers (-0 equals 0); NaN must not get here.
 *
 * Worked example: 100 members inserted in ascending order are a root of two slots: (first member, leaf, 63) and (64th
 * member, leaf, 37). The rank of the 70th is 63 from the first slot plus 6 in the second leaf.
 */
import { byteOf, chunkOf, doubleOf, wordOf } from "../Ref.js"
import type { Ref } from "../Arena.js"
import type { Relocation } from "../Relocation.js"
import {
  CAPACITY,
  compareMember,
  INNER_BYTES,
  LEAF_BYTES,
  MEMBER_KEY_BYTE,
  memberLength,
  memberScore,
  NODE,
  SortedNodes,
} from "./SortedNodes.js"
import { checkIndex, visitNodes } from "./SortedIndexCheck.js"

export { CAPACITY, MEMBER_EXTRA, MEMBER_KEY_BYTE, memberLength, memberScore, NODE } from "./SortedNodes.js"

/** Word of the owner block that holds the root; the two after it belong to the index, too. */
export const ROOT_WORD = 5
/** Levels that 2^31 members can ever need; every level but the top two holds at least two slots a node on average. */
export const LEVELS_MAX = 24

const MIN_SLOTS = 16
const MERGE_MAX = 48
const MEMBERS = NODE.members
const COUNTS = NODE.counts

/** A handle on one index, attached for the length of a command; it is also a cursor in it. */
export class SortedIndex extends SortedNodes {
  private owner: Ref = 0
  private root: Ref = 0
  private height = 0
  /** The cursor: the node of each level (0 = leaf) and the slot in it. */
  private readonly path = new Int32Array(LEVELS_MAX)
  private readonly at = new Int32Array(LEVELS_MAX)

  /** Makes an empty index that belongs to the block `owner`. */
  create(owner: Ref): void {
    this.owner = owner
    this.units = 0
    this.height = 1
    this.root = this.newNode(LEAF_BYTES)
    this.publish()
  }

  /** Makes this handle stand for the index of the block `owner`. */
  attach(owner: Ref): this {
    const words = this.arena.i32[chunkOf(owner)]
    const w = wordOf(owner) + ROOT_WORD
    this.owner = owner
    this.root = words[w]
    this.height = words[w + 1]
    this.units = words[w + 2]
    return this
  }

  /** Number of members. */
  get size(): number {
    return this.membersBelow(this.root, this.height - 1)
  }

  /** Bytes of all nodes. */
  get bytes(): number {
    return this.units * 8
  }

  private publish(): void {
    const a = this.arena
    a.willWrite(this.owner)
    const words = a.i32[chunkOf(this.owner)]
    const w = wordOf(this.owner) + ROOT_WORD
    words[w] = this.root
    words[w + 1] = this.height
    words[w + 2] = this.units
  }

  // ---- searching

  /** Number of slots at or below (score, member). */
  private upper(node: Ref, score: number, buf: Uint8Array, off: number, len: number): number {
    const a = this.arena
    const chunk = chunkOf(node)
    const scores = a.f64[chunk]
    const u = doubleOf(node) + 1
    const words = a.i32[chunk]
    const w = wordOf(node)
    let lo = 0
    let hi = words[w]
    while (lo < hi) {
      const mid = (lo + hi) >>> 1
      const s = scores[u + mid]
      if (s < score || (s === score && compareMember(a, words[w + MEMBERS + mid], buf, off, len) <= 0))
        lo = mid + 1
      else hi = mid
    }
    return lo
  }

  /**
   * Puts the cursor on the last slot at or below (score, member), or before the first (slot -1 of the leaf). Answers
   * whether every slot on the way was the last of its node.
   */
  private locate(score: number, buf: Uint8Array, off: number, len: number): boolean {
    let node = this.root
    let edge = true
    for (let level = this.height - 1; level > 0; level--) {
      const found = this.upper(node, score, buf, off, len)
      const slot = found > 0 ? found - 1 : 0
      this.path[level] = node
      this.at[level] = slot
      if (slot !== this.slots(node) - 1) edge = false
      node = this.child(node, slot)
    }
    const slot = this.upper(node, score, buf, off, len) - 1
    this.path[0] = node
    this.at[0] = slot
    return edge && slot === this.slots(node) - 1
  }

  /** Members before the cursor. */
  private cursorRank(): number {
    let rank = this.at[0]
    for (let level = this.height - 1; level > 0; level--)
      rank += this.countBefore(this.path[level], this.at[level])
    return rank
  }

  /** Rank from 0 of a member that is in the index, by its entry. */
  rank(entry: Ref): number {
    this.locateEntry(entry)
    return this.cursorRank()
  }

  private locateEntry(entry: Ref): void {
    const a = this.arena
    const byte = byteOf(entry) + MEMBER_KEY_BYTE
    this.locate(memberScore(a, entry), a.u8[chunkOf(entry)], byte, memberLength(a, entry))
    if (this.at[0] < 0 || this.entry !== entry) throw new Error("a member is not where its score says")
  }

  /** Number of members with a score below `score`, or equal to it too. */
  countBelow(score: number, orEqual: boolean): number {
    const a = this.arena
    let node = this.root
    let total = 0
    for (let level = this.height - 1; ; level--) {
      const scores = a.f64[chunkOf(node)]
      const u = doubleOf(node) + 1
      let lo = 0
      let hi = this.slots(node)
      while (lo < hi) {
        const mid = (lo + hi) >>> 1
        const s = scores[u + mid]
        if (s < score || (orEqual && s === score)) lo = mid + 1
        else hi = mid
      }
      if (level === 0) return total + lo
      if (lo === 0) return total
      total += this.countBefore(node, lo - 1)
      node = this.child(node, lo - 1)
    }
  }

  /** Number of members whose bytes sort below these, or are these too. All scores must be the same. */
  countBelowLex(buf: Uint8Array, off: number, len: number, orEqual: boolean): number {
    const a = this.arena
    let node = this.root
    let total = 0
    for (let level = this.height - 1; ; level--) {
      const words = a.i32[chunkOf(node)]
      const w = wordOf(node) + MEMBERS
      let lo = 0
      let hi = this.slots(node)
      while (lo < hi) {
        const mid = (lo + hi) >>> 1
        const d = compareMember(a, words[w + mid], buf, off, len)
        if (d < 0 || (orEqual && d === 0)) lo = mid + 1
        else hi = mid
      }
      if (level === 0) return total + lo
      if (lo === 0) return total
      total += this.countBefore(node, lo - 1)
      node = this.child(node, lo - 1)
    }
  }

  // ---- the cursor

  /** Puts the cursor on the member of this rank, which must exist. */
  seek(rank: number): void {
    const a = this.arena
    let left = rank
    let node = this.root
    for (let level = this.height - 1; level > 0; level--) {
      const words = a.i32[chunkOf(node)]
      const w = wordOf(node) + COUNTS
      let slot = 0
      while (left >= words[w + slot]) left -= words[w + slot++]
      this.path[level] = node
      this.at[level] = slot
      node = this.child(node, slot)
    }
    this.path[0] = node
    this.at[0] = left
  }

  /** Notes the entries about the cursor, in its leaf: the next ones, or those before where few follow. */
  near(into: Int32Array): number {
    const leaf = this.path[0]
    const slots = this.slots(leaf)
    const n = Math.min(slots, into.length)
    const from = wordOf(leaf) + MEMBERS + Math.min(this.at[0], slots - n)
    const words = this.arena.i32[chunkOf(leaf)]
    for (let i = 0; i < n; i++) into[i] = words[from + i]
    return n
  }

  /** Moves the cursor to the next member; false at the end, where the cursor is lost. */
  next(): boolean {
    if (++this.at[0] < this.slots(this.path[0])) return true
    let level = 1
    while (level < this.height && ++this.at[level] >= this.slots(this.path[level])) level++
    if (level >= this.height) return false
    for (; level > 0; level--) {
      this.path[level - 1] = this.child(this.path[level], this.at[level])
      this.at[level - 1] = 0
    }
    return true
  }

  /** Moves the cursor to the member before; false at the start, where the cursor is lost. */
  previous(): boolean {
    if (--this.at[0] >= 0) return true
    let level = 1
    while (level < this.height && --this.at[level] < 0) level++
    if (level >= this.height) return false
    for (; level > 0; level--) {
      const below = this.child(this.path[level], this.at[level])
      this.path[level - 1] = below
      this.at[level - 1] = this.slots(below) - 1
    }
    return true
  }

  /** Member entry under the cursor. */
  get entry(): Ref {
    const leaf = this.path[0]
    return this.arena.i32[chunkOf(leaf)][wordOf(leaf) + MEMBERS + this.at[0]]
  }

  /** Score under the cursor. */
  get score(): number {
    const leaf = this.path[0]
    return this.arena.f64[chunkOf(leaf)][doubleOf(leaf) + 1 + this.at[0]]
  }

  // ---- inserting

  /** Adds a member that is not in the index. */
  insert(entry: Ref): void {
    const a = this.arena
    const score = memberScore(a, entry)
    const byte = byteOf(entry) + MEMBER_KEY_BYTE
    const edge = this.locate(score, a.u8[chunkOf(entry)], byte, memberLength(a, entry))
    const slot = this.at[0] + 1
    for (let level = 1; level < this.height; level++) {
      const node = this.path[level]
      a.willWrite(node)
      a.i32[chunkOf(node)][wordOf(node) + COUNTS + this.at[level]]++
    }
    const leaf = this.path[0]
    if (this.slots(leaf) === CAPACITY) {
      const right = this.newNode(LEAF_BYTES)
      const cut = edge ? CAPACITY : slot === 0 ? 0 : CAPACITY >>> 1
      this.moveRun(leaf, cut, right, 0, CAPACITY - cut, false)
      this.setSlots(leaf, cut)
      this.setSlots(right, CAPACITY - cut)
      if (slot > cut || cut === CAPACITY) {
        this.putSlot(right, slot - cut, score, entry)
      } else {
        this.putSlot(leaf, slot, score, entry)
      }
      if (slot === 0) this.liftFirst(1)
      this.addSibling(right, this.slots(right), edge)
      this.publish()
      return
    }
    this.putSlot(leaf, slot, score, entry)
    if (slot === 0) this.liftFirst(1)
  }

  /**
   * Hangs `right`, split off from the node of the cursor's path at level 0, into the level above, splitting full nodes
   * on the way up. The counts on the path include the members of `right` already.
   */
  private addSibling(first: Ref, firstCount: number, edge: boolean): void {
    const a = this.arena
    let right = first
    let count = firstCount
    for (let level = 1; level < this.height; level++) {
      const node = this.path[level]
      const slot = this.at[level] + 1
      a.willWrite(node)
      a.i32[chunkOf(node)][wordOf(node) + COUNTS + slot - 1] -= count
      if (this.slots(node) < CAPACITY) {
        this.putChild(node, slot, right, count)
        return
      }
      const sibling = this.newNode(INNER_BYTES)
      const cut = edge ? CAPACITY : CAPACITY >>> 1
      this.moveRun(node, cut, sibling, 0, CAPACITY - cut, true)
      this.setSlots(node, cut)
      this.setSlots(sibling, CAPACITY - cut)
      if (slot > cut || cut === CAPACITY) this.putChild(sibling, slot - cut, right, count)
      else this.putChild(node, slot, right, count)
      right = sibling
      count = this.countBefore(sibling, this.slots(sibling))
    }
    const root = this.newNode(INNER_BYTES)
    const left = this.root
    this.putChild(root, 0, left, this.membersBelow(left, this.height - 1))
    this.putChild(root, 1, right, count)
    this.root = root
    this.height++
    if (this.height > LEVELS_MAX) throw new Error("a sorted index is too high")
  }

  /** The first slot of the path's node below `level` has changed: repeats it in the nodes above. */
  private liftFirst(level: number): void {
    for (let l = level; l < this.height; l++) {
      this.arena.willWrite(this.path[l])
      this.copyFirst(this.path[l], this.at[l])
      if (this.at[l] !== 0) return
    }
  }

  // ---- deleting

  /** Takes a member out, by its entry, whose score must still be the one it was inserted with. */
  remove(entry: Ref): void {
    this.locateEntry(entry)
    this.removeHere()
  }

  /** Takes the member under the cursor out; the cursor is lost. */
  removeHere(): void {
    const a = this.arena
    const leaf = this.path[0]
    const slot = this.at[0]
    const n = this.slots(leaf) - 1
    this.moveRun(leaf, slot + 1, leaf, slot, n - slot, false)
    this.setSlots(leaf, n)
    for (let level = 1; level < this.height; level++) {
      const node = this.path[level]
      a.willWrite(node)
      a.i32[chunkOf(node)][wordOf(node) + COUNTS + this.at[level]]--
    }
    if (slot === 0 && n > 0) this.liftFirst(1)
    if (n < MIN_SLOTS && this.height > 1) this.refill()
  }

  /** Mends nodes of the path that have too few slots, from the leaf up. */
  private refill(): void {
    const units = this.units
    for (let level = 0; level < this.height - 1; level++) {
      if (this.slots(this.path[level]) >= MIN_SLOTS) break
      this.mend(level)
    }
    while (this.height > 1 && this.slots(this.root) <= 1) {
      const old = this.root
      if (this.slots(old) === 1) {
        this.root = this.child(old, 0)
        this.height--
      } else {
        this.root = this.newNode(LEAF_BYTES)
        this.height = 1
      }
      this.freeNode(old)
    }
    if (units !== this.units) this.publish()
  }

  /** Merges the path's node at `level` with a neighbour, or shares the slots of the two out evenly. */
  private mend(level: number): void {
    const parent = this.path[level + 1]
    const slot = this.at[level + 1]
    const node = this.path[level]
    if (this.slots(parent) === 1) {
      if (this.slots(node) > 0) return
      this.freeNode(node)
      this.dropSlot(parent, 0)
      return
    }
    const at = slot > 0 ? slot - 1 : 0
    const left = this.child(parent, at)
    const right = this.child(parent, at + 1)
    const total = this.slots(left) + this.slots(right)
    const counts = this.countBefore(parent, at + 2) - this.countBefore(parent, at)
    const words = this.arena.i32[chunkOf(parent)]
    const w = wordOf(parent) + COUNTS + at
    this.arena.willWrite(parent)
    if (total <= MERGE_MAX) {
      this.shareOut(left, right, total, level > 0)
      this.freeNode(right)
      this.dropSlot(parent, at + 1)
      words[w] = counts
    } else {
      this.shareOut(left, right, total >>> 1, level > 0)
      words[w] = this.membersBelow(left, level)
      words[w + 1] = counts - words[w]
      this.copyFirst(parent, at + 1)
    }
    // The cursor's own slots above still lead to the parent.
    this.at[level + 1] = at
    this.liftFirst(level + 1)
  }

  /**
   * Frees nodes from the right, about `budget` members' worth; answers whether any is left. The members are the table's
   * to free. The index is out of use from the first call on.
   */
  drain(budget: number): boolean {
    let left = budget
    while (this.root !== 0 && left > 0) {
      left -= CAPACITY
      if (this.drainRight(this.root, this.height - 1)) this.root = 0
    }
    this.publish()
    return this.root !== 0
  }

  /** Frees the last leaf below a node, and the node if it was its last; answers whether it was. */
  private drainRight(node: Ref, level: number): boolean {
    if (level > 0) {
      const last = this.slots(node) - 1
      if (this.drainRight(this.child(node, last), level - 1)) {
        this.arena.willWrite(node)
        this.setSlots(node, last)
      }
      if (this.slots(node) > 0) return false
    }
    this.freeNode(node)
    return true
  }

  // ---- moving

  /** Puts `twin`, an entry of the same member and score, in the place of `entry`; both are still there. */
  replace(entry: Ref, twin: Ref): void {
    this.locateEntry(entry)
    const leaf = this.path[0]
    this.arena.i32[chunkOf(leaf)][wordOf(leaf) + MEMBERS + this.at[0]] = twin
    if (this.at[0] === 0) this.liftFirst(1)
  }

  /** Goes on moving nodes, from the member of rank `r.at.cursor` on; answers whether all are done. */
  relocate(r: Relocation): boolean {
    const { at } = r
    while (at.cursor < this.size && !r.spent) {
      this.seek(at.cursor)
      at.cursor += this.slots(this.path[0]) - this.at[0]
      for (let level = this.height - 1; level >= 0; level--) this.relocateNode(r, level)
    }
    return at.cursor >= this.size
  }

  private relocateNode(r: Relocation, level: number): void {
    const node = r.move(this.path[level])
    if (node === this.path[level]) return
    this.path[level] = node
    if (level === this.height - 1) {
      this.root = node
      this.publish()
      return
    }
    this.setChild(this.path[level + 1], this.at[level + 1], node)
  }

  /** Calls `visit` with each of the index's nodes; the members are the table's. */
  visitBlocks(visit: (ref: Ref) => void): void {
    if (this.root !== 0) visitNodes(this.arena, this.root, this.height - 1, visit)
  }

  /** Asserts the invariants of the file header and visits every member in order; answers their number. */
  checkInvariants(visit: (entry: Ref) => void = () => {}): number {
    return checkIndex(this.arena, this.root, this.height, this.units, visit)
  }
}
