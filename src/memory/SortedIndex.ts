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
import type { Arena, Ref } from "./Arena.js"

/** Extra header words of a member entry. */
export const MEMBER_EXTRA = 2
/** Byte of a member entry where the member's bytes begin. */
export const MEMBER_KEY_BYTE = 16
/** Word of the owner block that holds the root; the two after it belong to the index, too. */
export const ROOT_WORD = 5

export const CAPACITY = 63
const MIN_SLOTS = 16
const MERGE_MAX = 48
const MEMBERS = 2 * (1 + CAPACITY)
const CHILDREN = MEMBERS + CAPACITY
const COUNTS = CHILDREN + CAPACITY
const LEAF_BYTES = CHILDREN * 4
const INNER_BYTES = (COUNTS + CAPACITY) * 4
/** Word offsets in a node, for readers of frozen nodes. */
export const NODE = { members: MEMBERS, children: CHILDREN, counts: COUNTS } as const
/** Levels that 2^31 members can ever need; every level but the top two holds at least two slots a node on average. */
export const LEVELS_MAX = 24

/** Score of a member entry. */
export const memberScore = (a: Arena, entry: Ref): number => a.f64[entry >>> 20][(entry & 0xfffff) + 1]

/** Length of a member entry's member. */
export const memberLength = (a: Arena, entry: Ref): number =>
  a.i32[entry >>> 20][((entry & 0xfffff) << 1) + 1]

/** Byte order of an entry's member against the bytes: negative, 0 or positive. */
const compareMember = (a: Arena, entry: Ref, buf: Uint8Array, off: number, len: number): number => {
  const bytes = a.u8[entry >>> 20]
  const n = memberLength(a, entry)
  const k = ((entry & 0xfffff) << 3) + MEMBER_KEY_BYTE
  const m = n < len ? n : len
  for (let i = 0; i < m; i++) {
    const d = bytes[k + i] - buf[off + i]
    if (d !== 0) return d
  }
  return n - len
}

/** A handle on one index, attached for the length of a command; it is also a cursor in it. */
export class SortedIndex {
  private owner: Ref = 0
  private root: Ref = 0
  private height = 0
  private units = 0
  /** The cursor: the node of each level (0 = leaf) and the slot in it. */
  private readonly path = new Int32Array(LEVELS_MAX)
  private readonly at = new Int32Array(LEVELS_MAX)

  constructor(private readonly arena: Arena) {}

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
    const words = this.arena.i32[owner >>> 20]
    const w = ((owner & 0xfffff) << 1) + ROOT_WORD
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
    const words = a.i32[this.owner >>> 20]
    const w = ((this.owner & 0xfffff) << 1) + ROOT_WORD
    words[w] = this.root
    words[w + 1] = this.height
    words[w + 2] = this.units
  }

  private newNode(bytes: number): Ref {
    const a = this.arena
    const node = a.alloc(bytes)
    a.i32[node >>> 20][(node & 0xfffff) << 1] = 0
    this.units += a.blockSize(node) >>> 3
    return node
  }

  private freeNode(node: Ref): void {
    this.units -= this.arena.blockSize(node) >>> 3
    this.arena.free(node)
  }

  private slots(node: Ref): number {
    return this.arena.i32[node >>> 20][(node & 0xfffff) << 1]
  }

  private child(node: Ref, slot: number): Ref {
    return this.arena.i32[node >>> 20][((node & 0xfffff) << 1) + CHILDREN + slot]
  }

  // ---- searching

  /** Number of slots at or below (score, member). */
  private upper(node: Ref, score: number, buf: Uint8Array, off: number, len: number): number {
    const a = this.arena
    const chunk = node >>> 20
    const scores = a.f64[chunk]
    const u = (node & 0xfffff) + 1
    const words = a.i32[chunk]
    const w = (node & 0xfffff) << 1
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

  /** Members below the first `slots` slots of an inner node. */
  private countBefore(node: Ref, slots: number): number {
    const words = this.arena.i32[node >>> 20]
    const w = ((node & 0xfffff) << 1) + COUNTS
    let n = 0
    for (let i = 0; i < slots; i++) n += words[w + i]
    return n
  }

  /** Rank from 0 of a member that is in the index, by its entry. */
  rank(entry: Ref): number {
    this.locateEntry(entry)
    return this.cursorRank()
  }

  private locateEntry(entry: Ref): void {
    const a = this.arena
    const byte = ((entry & 0xfffff) << 3) + MEMBER_KEY_BYTE
    this.locate(memberScore(a, entry), a.u8[entry >>> 20], byte, memberLength(a, entry))
    if (this.at[0] < 0 || this.entry !== entry) throw new Error("a member is not where its score says")
  }

  /** Number of members with a score below `score`, or equal to it too. */
  countBelow(score: number, orEqual: boolean): number {
    const a = this.arena
    let node = this.root
    let total = 0
    for (let level = this.height - 1; ; level--) {
      const scores = a.f64[node >>> 20]
      const u = (node & 0xfffff) + 1
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
      const words = a.i32[node >>> 20]
      const w = ((node & 0xfffff) << 1) + MEMBERS
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
      const words = a.i32[node >>> 20]
      const w = ((node & 0xfffff) << 1) + COUNTS
      let slot = 0
      while (left >= words[w + slot]) left -= words[w + slot++]
      this.path[level] = node
      this.at[level] = slot
      node = this.child(node, slot)
    }
    this.path[0] = node
    this.at[0] = left
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
    return this.arena.i32[leaf >>> 20][((leaf & 0xfffff) << 1) + MEMBERS + this.at[0]]
  }

  /** Score under the cursor. */
  get score(): number {
    const leaf = this.path[0]
    return this.arena.f64[leaf >>> 20][(leaf & 0xfffff) + 1 + this.at[0]]
  }

  // ---- inserting

  /** Adds a member that is not in the index. */
  insert(entry: Ref): void {
    const a = this.arena
    const score = memberScore(a, entry)
    const byte = ((entry & 0xfffff) << 3) + MEMBER_KEY_BYTE
    const edge = this.locate(score, a.u8[entry >>> 20], byte, memberLength(a, entry))
    const slot = this.at[0] + 1
    for (let level = 1; level < this.height; level++) {
      const node = this.path[level]
      a.willWrite(node)
      a.i32[node >>> 20][((node & 0xfffff) << 1) + COUNTS + this.at[level]]++
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

  /** Opens a slot in a leaf that has room and fills it. */
  private putSlot(leaf: Ref, slot: number, score: number, entry: Ref): void {
    const n = this.slots(leaf)
    this.moveRun(leaf, slot, leaf, slot + 1, n - slot, false)
    const a = this.arena
    a.f64[leaf >>> 20][(leaf & 0xfffff) + 1 + slot] = score
    const words = a.i32[leaf >>> 20]
    const w = (leaf & 0xfffff) << 1
    words[w + MEMBERS + slot] = entry
    words[w] = n + 1
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
      a.i32[node >>> 20][((node & 0xfffff) << 1) + COUNTS + slot - 1] -= count
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

  private membersBelow(node: Ref, level: number): number {
    return level === 0 ? this.slots(node) : this.countBefore(node, this.slots(node))
  }

  /** Opens a slot in an inner node that has room and hangs a child into it. */
  private putChild(node: Ref, slot: number, child: Ref, count: number): void {
    const n = this.slots(node)
    this.moveRun(node, slot, node, slot + 1, n - slot, true)
    const words = this.arena.i32[node >>> 20]
    const w = (node & 0xfffff) << 1
    words[w] = n + 1
    words[w + CHILDREN + slot] = child
    words[w + COUNTS + slot] = count
    this.copyFirst(node, slot)
  }

  /** Makes an inner slot repeat the first slot of its child. The node has passed willWrite. */
  private copyFirst(node: Ref, slot: number): void {
    const a = this.arena
    const words = a.i32[node >>> 20]
    const w = (node & 0xfffff) << 1
    const child = words[w + CHILDREN + slot]
    words[w + MEMBERS + slot] = a.i32[child >>> 20][((child & 0xfffff) << 1) + MEMBERS]
    a.f64[node >>> 20][(node & 0xfffff) + 1 + slot] = a.f64[child >>> 20][(child & 0xfffff) + 1]
  }

  /** The first slot of the path's node below `level` has changed: repeats it in the nodes above. */
  private liftFirst(level: number): void {
    for (let l = level; l < this.height; l++) {
      this.arena.willWrite(this.path[l])
      this.copyFirst(this.path[l], this.at[l])
      if (this.at[l] !== 0) return
    }
  }

  private setSlots(node: Ref, n: number): void {
    this.arena.i32[node >>> 20][(node & 0xfffff) << 1] = n
  }

  /** Copies n slots from one node to another, or moves them inside one. Both pass willWrite. */
  private moveRun(from: Ref, s: number, to: Ref, d: number, n: number, inner: boolean): void {
    const a = this.arena
    a.willWrite(from)
    if (to !== from) a.willWrite(to)
    if (n <= 0) return
    const src = a.f64[from >>> 20]
    const dst = a.f64[to >>> 20]
    moveDoubles(src, (from & 0xfffff) + 1 + s, dst, (to & 0xfffff) + 1 + d, n)
    const x = ((from & 0xfffff) << 1) + s
    const y = ((to & 0xfffff) << 1) + d
    const words = a.i32[from >>> 20]
    const into = a.i32[to >>> 20]
    moveWords(words, x + MEMBERS, into, y + MEMBERS, n)
    if (!inner) return
    moveWords(words, x + CHILDREN, into, y + CHILDREN, n)
    moveWords(words, x + COUNTS, into, y + COUNTS, n)
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
      a.i32[node >>> 20][((node & 0xfffff) << 1) + COUNTS + this.at[level]]--
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
    const words = this.arena.i32[parent >>> 20]
    const w = ((parent & 0xfffff) << 1) + COUNTS + at
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

  /** Moves slots between two neighbours until the left one has `want`. */
  private shareOut(left: Ref, right: Ref, want: number, inner: boolean): void {
    const l = this.slots(left)
    const r = this.slots(right)
    const n = want - l
    if (n > 0) {
      this.moveRun(right, 0, left, l, n, inner)
      this.moveRun(right, n, right, 0, r - n, inner)
    } else if (n < 0) {
      this.moveRun(right, 0, right, -n, r, inner)
      this.moveRun(left, want, right, 0, -n, inner)
    }
    this.setSlots(left, want)
    this.setSlots(right, r - n)
  }

  /** Closes a slot of an inner node. */
  private dropSlot(node: Ref, slot: number): void {
    const n = this.slots(node) - 1
    this.moveRun(node, slot + 1, node, slot, n - slot, true)
    this.setSlots(node, n)
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

  /** Asserts the invariants of the file header; answers the number of members. For tests. */
  checkInvariants(): number {
    const found = { members: 0, last: 0, units: 0 }
    const n = this.checkNode(this.root, this.height - 1, found)
    if (n !== found.members) throw new Error(`index counts ${n} members and holds ${found.members}`)
    if (found.units !== this.units) throw new Error(`index of ${found.units} units says ${this.units}`)
    return n
  }

  private checkNode(node: Ref, level: number, found: { members: number; last: Ref; units: number }): number {
    const a = this.arena
    const words = a.i32[node >>> 20]
    const w = (node & 0xfffff) << 1
    const n = words[w]
    found.units += a.blockSize(node) >>> 3
    if (n > CAPACITY || (n === 0 && (level > 0 || node !== this.root)))
      throw new Error(`node ${node} at level ${level} has ${n} slots`)
    let total = 0
    for (let i = 0; i < n; i++) {
      const entry = words[w + MEMBERS + i]
      const score = a.f64[node >>> 20][(node & 0xfffff) + 1 + i]
      if (!Object.is(score, memberScore(a, entry))) throw new Error(`slot ${i} of ${node}: another score`)
      if (level === 0) {
        if (found.last !== 0 && !this.ascends(found.last, entry))
          throw new Error(`slot ${i} of ${node}: order`)
        found.last = entry
        found.members++
        total++
        continue
      }
      const child = words[w + CHILDREN + i]
      if (a.i32[child >>> 20][((child & 0xfffff) << 1) + MEMBERS] !== entry)
        throw new Error(`slot ${i} of ${node} does not repeat its child's first`)
      const below = this.checkNode(child, level - 1, found)
      if (below !== words[w + COUNTS + i]) throw new Error(`slot ${i} of ${node} miscounts`)
      total += below
    }
    return total
  }

  private ascends(first: Ref, second: Ref): boolean {
    const a = this.arena
    const x = memberScore(a, first)
    const y = memberScore(a, second)
    if (x !== y) return x < y
    const byte = ((second & 0xfffff) << 3) + MEMBER_KEY_BYTE
    return compareMember(a, first, a.u8[second >>> 20], byte, memberLength(a, second)) < 0
  }
}

/** Runs this short are moved by a loop, which costs less than a call of copyWithin. */
const LOOP_SLOTS = 24

const moveDoubles = (src: Float64Array, s: number, dst: Float64Array, d: number, n: number): void => {
  if (src === dst && n > LOOP_SLOTS) src.copyWithin(d, s, s + n)
  else if (d < s || src !== dst) for (let i = 0; i < n; i++) dst[d + i] = src[s + i]
  else for (let i = n - 1; i >= 0; i--) dst[d + i] = src[s + i]
}

const moveWords = (src: Int32Array, s: number, dst: Int32Array, d: number, n: number): void => {
  if (src === dst && n > LOOP_SLOTS) src.copyWithin(d, s, s + n)
  else if (d < s || src !== dst) for (let i = 0; i < n; i++) dst[d + i] = src[s + i]
  else for (let i = n - 1; i >= 0; i--) dst[d + i] = src[s + i]
}
