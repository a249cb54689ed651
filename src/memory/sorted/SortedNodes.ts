/**
 * The nodes of a sorted index (SortedIndex.ts, which has the layout): their slots, and moving slots about. Nothing here
 * knows of the tree as a whole.
 *
 * Invariants: a node that is changed has passed arena.willWrite, and is new or has room. `units` is the size of all nodes
 * of the index at hand, in units of 8 bytes.
 *
 * Limits: CAPACITY slots a node.
 *
 * Worked example: moving slots 40..62 of a full leaf to a new one copies 23 scores and 23 refs; both then get their counts.
 */
import { byteOf, chunkOf, doubleOf, wordOf } from "../Ref.js"
import type { Arena, Ref } from "../Arena.js"

/** Extra header words of a member entry. */
export const MEMBER_EXTRA = 2
/** Byte of a member entry where the member's bytes begin. */
export const MEMBER_KEY_BYTE = 16
export const CAPACITY = 63
const MEMBERS = 2 * (1 + CAPACITY)
const CHILDREN = MEMBERS + CAPACITY
const COUNTS = CHILDREN + CAPACITY
export const LEAF_BYTES = CHILDREN * 4
export const INNER_BYTES = (COUNTS + CAPACITY) * 4
/** Word offsets in a node, for readers of frozen nodes. */
export const NODE = { members: MEMBERS, children: CHILDREN, counts: COUNTS } as const

/** Score of a member entry. */
export const memberScore = (a: Arena, entry: Ref): number => a.f64[chunkOf(entry)][doubleOf(entry) + 1]

/** Length of a member entry's member. */
export const memberLength = (a: Arena, entry: Ref): number => a.i32[chunkOf(entry)][wordOf(entry) + 1]

/** Byte order of an entry's member against the bytes: negative, 0 or positive. */
export const compareMember = (a: Arena, entry: Ref, buf: Uint8Array, off: number, len: number): number => {
  const bytes = a.u8[chunkOf(entry)]
  const n = memberLength(a, entry)
  const k = byteOf(entry) + MEMBER_KEY_BYTE
  const m = n < len ? n : len
  for (let i = 0; i < m; i++) {
    const d = bytes[k + i] - buf[off + i]
    if (d !== 0) return d
  }
  return n - len
}

/** What a handle on an index does with single nodes. */
export class SortedNodes {
  protected units = 0

  constructor(protected readonly arena: Arena) {}

  protected newNode(bytes: number): Ref {
    const a = this.arena
    const node = a.alloc(bytes)
    a.i32[chunkOf(node)][wordOf(node)] = 0
    this.units += a.blockSize(node) >>> 3
    return node
  }

  protected freeNode(node: Ref): void {
    this.units -= this.arena.blockSize(node) >>> 3
    this.arena.free(node)
  }

  protected slots(node: Ref): number {
    return this.arena.i32[chunkOf(node)][wordOf(node)]
  }

  protected child(node: Ref, slot: number): Ref {
    return this.arena.i32[chunkOf(node)][wordOf(node) + CHILDREN + slot]
  }

  protected setChild(node: Ref, slot: number, child: Ref): void {
    this.arena.i32[chunkOf(node)][wordOf(node) + CHILDREN + slot] = child
  }

  /** Members below the first `slots` slots of an inner node. */
  protected countBefore(node: Ref, slots: number): number {
    const words = this.arena.i32[chunkOf(node)]
    const w = wordOf(node) + COUNTS
    let n = 0
    for (let i = 0; i < slots; i++) n += words[w + i]
    return n
  }

  protected membersBelow(node: Ref, level: number): number {
    return level === 0 ? this.slots(node) : this.countBefore(node, this.slots(node))
  }

  /** Opens a slot in a leaf that has room and fills it. */
  protected putSlot(leaf: Ref, slot: number, score: number, entry: Ref): void {
    const n = this.slots(leaf)
    this.moveRun(leaf, slot, leaf, slot + 1, n - slot, false)
    const a = this.arena
    a.f64[chunkOf(leaf)][doubleOf(leaf) + 1 + slot] = score
    const words = a.i32[chunkOf(leaf)]
    const w = wordOf(leaf)
    words[w + MEMBERS + slot] = entry
    words[w] = n + 1
  }

  /** Opens a slot in an inner node that has room and hangs a child into it. */
  protected putChild(node: Ref, slot: number, child: Ref, count: number): void {
    const n = this.slots(node)
    this.moveRun(node, slot, node, slot + 1, n - slot, true)
    const words = this.arena.i32[chunkOf(node)]
    const w = wordOf(node)
    words[w] = n + 1
    words[w + CHILDREN + slot] = child
    words[w + COUNTS + slot] = count
    this.copyFirst(node, slot)
  }

  /** Makes an inner slot repeat the first slot of its child. The node has passed willWrite. */
  protected copyFirst(node: Ref, slot: number): void {
    const a = this.arena
    const words = a.i32[chunkOf(node)]
    const w = wordOf(node)
    const child = words[w + CHILDREN + slot]
    words[w + MEMBERS + slot] = a.i32[chunkOf(child)][wordOf(child) + MEMBERS]
    a.f64[chunkOf(node)][doubleOf(node) + 1 + slot] = a.f64[chunkOf(child)][doubleOf(child) + 1]
  }

  protected setSlots(node: Ref, n: number): void {
    this.arena.i32[chunkOf(node)][wordOf(node)] = n
  }

  /** Copies n slots from one node to another, or moves them inside one. Both pass willWrite. */
  protected moveRun(from: Ref, s: number, to: Ref, d: number, n: number, inner: boolean): void {
    const a = this.arena
    a.willWrite(from)
    if (to !== from) a.willWrite(to)
    if (n <= 0) return
    const src = a.f64[chunkOf(from)]
    const dst = a.f64[chunkOf(to)]
    moveDoubles(src, doubleOf(from) + 1 + s, dst, doubleOf(to) + 1 + d, n)
    const x = wordOf(from) + s
    const y = wordOf(to) + d
    const words = a.i32[chunkOf(from)]
    const into = a.i32[chunkOf(to)]
    moveWords(words, x + MEMBERS, into, y + MEMBERS, n)
    if (!inner) return
    moveWords(words, x + CHILDREN, into, y + CHILDREN, n)
    moveWords(words, x + COUNTS, into, y + COUNTS, n)
  }

  /** Moves slots between two neighbours until the left one has `want`. */
  protected shareOut(left: Ref, right: Ref, want: number, inner: boolean): void {
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
  protected dropSlot(node: Ref, slot: number): void {
    const n = this.slots(node) - 1
    this.moveRun(node, slot + 1, node, slot, n - slot, true)
    this.setSlots(node, n)
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
