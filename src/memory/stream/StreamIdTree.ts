/**
 * An ordered map from stream IDs to refs (int32), a B+tree in the arena: the nodes of a stream by their first ID, the
 * pending entries of a group and of a consumer.
 *
 * The tree has no header of its own: two Int32 words of its owner's block hold it (`attach`):
 *   word 0   ref of the root node, 0 = empty      word 1   number of keys
 * Node block:
 *   word 0 level, 0 = leaf   word 1 keys   word 2 capacity, 3, 15 or 63   word 3 unused
 *   from word 4 on, five words a key: the ID (4 words), then the value; in an inner node the ref of the child that holds
 *   this key and what follows it, up to the next key. An inner node's first key counts as below everything.
 *
 * Nodes start small and grow to 63 keys (1276 bytes, a block of 1280). Keys added at the end leave full nodes behind, so
 * a tree filled in order takes 20.3 bytes a key, where Redis's radix tree takes 30 to 60. Nodes under a quarter full are
 * merged with a neighbour where both fit into half a node.
 *
 * Invariants (checkInvariants): keys ascend; a child's keys lie between its key and the next; no node but an empty
 * tree's root is empty; the count is right; every mutation of a block passes arena.willWrite.
 *
 * Limits: 8 levels, more than 2^31 keys. Positions are good until the next insert or remove of any handle.
 *
 * Example: keys 1-0 and 5-0 with values 7 and 9 are one leaf: 0, 2, 3, 0 | 0, 1, 0, 0, 7 | 0, 5, 0, 0, 9.
 */
import { chunkOf, wordOf } from "../Ref.js"
import type { Arena, Ref } from "../Arena.js"
import type { Relocation } from "../Relocation.js"
import { StreamId } from "../../bytes/StreamId.js"
import { checkNodes, HEAD_WORDS, KEY_WORDS, VALUE_WORD, visitNodes } from "./StreamIdTreeWalk.js"

const CAPACITY_MIN = 3
const CAPACITY_NEXT = 15
const CAPACITY_MAX = 63
const LEVELS_MAX = 8

/** A handle on a tree and a position in it. */
export class StreamIdTree {
  /** Key at the position. */
  readonly key = new StreamId()
  private owner: Ref = 0
  private word = 0
  private arena: Arena | undefined
  private readonly path = new Int32Array(LEVELS_MAX)
  private readonly slots = new Int32Array(LEVELS_MAX)

  /** Makes the handle stand for the tree in words `word` and `word + 1` of the block `owner`. */
  attach(arena: Arena, owner: Ref, word: number): this {
    this.arena = arena
    this.owner = owner
    this.word = word
    return this
  }

  private get a(): Arena {
    if (this.arena === undefined) throw new Error("a tree handle is not attached")
    return this.arena
  }

  get root(): Ref {
    return this.a.i32[chunkOf(this.owner)][wordOf(this.owner) + this.word]
  }

  get count(): number {
    return this.a.i32[chunkOf(this.owner)][wordOf(this.owner) + this.word + 1]
  }

  // ---- positions

  /** Goes to the first key; false when there is none. */
  first(): boolean {
    const a = this.a
    let node = this.root
    if (node === 0) return false
    for (;;) {
      const words = a.i32[chunkOf(node)]
      const w = wordOf(node)
      const level = words[w]
      this.path[level] = node
      this.slots[level] = 0
      if (level === 0) return this.loadKey()
      node = words[w + HEAD_WORDS + VALUE_WORD]
    }
  }

  /** Goes to the last key; false when there is none. */
  last(): boolean {
    const a = this.a
    let node = this.root
    if (node === 0) return false
    for (;;) {
      const words = a.i32[chunkOf(node)]
      const w = wordOf(node)
      const level = words[w]
      const slot = words[w + 1] - 1
      this.path[level] = node
      this.slots[level] = slot
      if (level === 0) return this.loadKey()
      node = words[w + HEAD_WORDS + slot * KEY_WORDS + VALUE_WORD]
    }
  }

  /** Goes to the last key not above `id`; false when there is none (then the position is not one). */
  floor(id: StreamId): boolean {
    if (this.root === 0) return false
    const slot = this.descend(id)
    if (slot >= 0) {
      this.slots[0] = slot
      return this.loadKey()
    }
    // Below the whole leaf: its keys may start later than the key its parent has for it.
    this.slots[0] = 0
    return this.stepLeaf(-1)
  }

  /** Goes to the first key not below `id`; false when there is none. */
  ceil(id: StreamId): boolean {
    if (this.root === 0) return false
    const slot = this.descend(id)
    this.slots[0] = slot
    if (slot >= 0) {
      this.loadKey()
      if (this.key.compare(id) === 0) return true
    }
    return this.next()
  }

  /** Goes to `id`; false when it is not there. */
  find(id: StreamId): boolean {
    if (this.root === 0) return false
    const slot = this.descend(id)
    if (slot < 0) return false
    this.slots[0] = slot
    this.loadKey()
    return this.key.compare(id) === 0
  }

  /** Goes on to the next key; false when there is none. */
  next(): boolean {
    const leaf = this.path[0]
    if (++this.slots[0] < this.a.i32[chunkOf(leaf)][wordOf(leaf) + 1]) return this.loadKey()
    return this.stepLeaf(1)
  }

  /** Goes back to the key before; false when there is none. */
  prev(): boolean {
    if (--this.slots[0] >= 0) return this.loadKey()
    return this.stepLeaf(-1)
  }

  /** Value at the position. */
  get value(): Ref {
    const leaf = this.path[0]
    return this.a.i32[chunkOf(leaf)][wordOf(leaf) + HEAD_WORDS + this.slots[0] * KEY_WORDS + VALUE_WORD]
  }

  setValue(value: Ref): void {
    const leaf = this.path[0]
    this.a.willWrite(leaf)
    this.a.i32[chunkOf(leaf)][wordOf(leaf) + HEAD_WORDS + this.slots[0] * KEY_WORDS + VALUE_WORD] = value
  }

  private loadKey(): boolean {
    const leaf = this.path[0]
    this.key.load(this.a.i32[chunkOf(leaf)], wordOf(leaf) + HEAD_WORDS + this.slots[0] * KEY_WORDS)
    return true
  }

  /** Fills the path down to the leaf where `id` belongs; answers the slot of the last key there not above it, or -1. */
  private descend(id: StreamId): number {
    const a = this.a
    let node = this.root
    for (;;) {
      const words = a.i32[chunkOf(node)]
      const w = wordOf(node)
      const level = words[w]
      const first = w + HEAD_WORDS
      let low = level === 0 ? 0 : 1
      let high = words[w + 1]
      if (high > low && id.compareTo(words, first + (high - 1) * KEY_WORDS) >= 0) low = high
      while (low < high) {
        const mid = (low + high) >> 1
        if (id.compareTo(words, first + mid * KEY_WORDS) >= 0) low = mid + 1
        else high = mid
      }
      this.path[level] = node
      if (level === 0) return low - 1
      this.slots[level] = low - 1
      node = words[first + (low - 1) * KEY_WORDS + VALUE_WORD]
    }
  }

  /** Goes to the near end of the neighbouring leaf. */
  private stepLeaf(step: number): boolean {
    const a = this.a
    const root = this.root
    const top = a.i32[chunkOf(root)][wordOf(root)]
    for (let level = 1; level <= top; level++) {
      const node = this.path[level]
      const slot = this.slots[level] + step
      if (slot < 0 || slot >= a.i32[chunkOf(node)][wordOf(node) + 1]) continue
      this.slots[level] = slot
      for (let down = level; down > 0; down--) {
        const up = this.path[down]
        const child = a.i32[chunkOf(up)][wordOf(up) + HEAD_WORDS + this.slots[down] * KEY_WORDS + VALUE_WORD]
        this.path[down - 1] = child
        this.slots[down - 1] = step > 0 ? 0 : a.i32[chunkOf(child)][wordOf(child) + 1] - 1
      }
      return this.loadKey()
    }
    return false
  }

  // ---- inserting

  /** Adds a key that must not be there; leaves no position. */
  insert(id: StreamId, value: Ref): void {
    const a = this.a
    if (this.root === 0) {
      const leaf = this.newNode(0, CAPACITY_MIN)
      this.setRoot(leaf)
      this.path[0] = leaf
      this.place(leaf, 0, id.mh, id.ml, id.sh, id.sl, value)
    } else {
      const slot = this.descend(id)
      const leaf = this.path[0]
      if (slot >= 0 && id.compareTo(a.i32[chunkOf(leaf)], wordOf(leaf) + HEAD_WORDS + slot * KEY_WORDS) === 0)
        throw new Error("a stream ID is inserted twice")
      this.insertAt(0, slot + 1, id.mh, id.ml, id.sh, id.sl, value)
    }
    this.addToCount(1)
  }

  private addToCount(delta: number): void {
    this.a.willWrite(this.owner)
    this.a.i32[chunkOf(this.owner)][wordOf(this.owner) + this.word + 1] += delta
  }

  private setRoot(ref: Ref): void {
    this.a.willWrite(this.owner)
    this.a.i32[chunkOf(this.owner)][wordOf(this.owner) + this.word] = ref
  }

  private newNode(level: number, capacity: number): Ref {
    const a = this.a
    const ref = a.alloc((HEAD_WORDS + capacity * KEY_WORDS) * 4)
    const words = a.i32[chunkOf(ref)]
    const w = wordOf(ref)
    words[w] = level
    words[w + 1] = 0
    words[w + 2] = capacity
    words[w + 3] = 0
    return ref
  }

  private insertAt(
    level: number,
    slot: number,
    mh: number,
    ml: number,
    sh: number,
    sl: number,
    value: Ref,
  ): void {
    const a = this.a
    let node = this.path[level]
    const n = a.i32[chunkOf(node)][wordOf(node) + 1]
    const capacity = a.i32[chunkOf(node)][wordOf(node) + 2]
    if (n === capacity) {
      if (capacity === CAPACITY_MAX) return this.splitAndInsert(level, slot, mh, ml, sh, sl, value)
      node = this.grow(level, capacity === CAPACITY_MIN ? CAPACITY_NEXT : CAPACITY_MAX)
    }
    this.place(node, slot, mh, ml, sh, sl, value)
  }

  /** Moves the node at a level of the path to a larger block. */
  private grow(level: number, capacity: number): Ref {
    const a = this.a
    const old = this.path[level]
    const n = a.i32[chunkOf(old)][wordOf(old) + 1]
    const node = a.realloc(old, (HEAD_WORDS + capacity * KEY_WORDS) * 4, (HEAD_WORDS + n * KEY_WORDS) * 4)
    a.i32[chunkOf(node)][wordOf(node) + 2] = capacity
    this.path[level] = node
    const top = a.i32[chunkOf(node)][wordOf(node)]
    if (top !== level) throw new Error("a tree node stands at the wrong level")
    if (this.root === old) this.setRoot(node)
    else this.setChild(level + 1, this.slots[level + 1], node)
    return node
  }

  private setChild(level: number, slot: number, child: Ref): void {
    const node = this.path[level]
    this.a.willWrite(node)
    this.a.i32[chunkOf(node)][wordOf(node) + HEAD_WORDS + slot * KEY_WORDS + VALUE_WORD] = child
  }

  /** Puts a key into a node that has room. */
  private place(node: Ref, slot: number, mh: number, ml: number, sh: number, sl: number, value: Ref): void {
    const a = this.a
    a.willWrite(node)
    const words = a.i32[chunkOf(node)]
    const w = wordOf(node)
    const n = words[w + 1]
    const at = w + HEAD_WORDS + slot * KEY_WORDS
    if (slot < n) words.copyWithin(at + KEY_WORDS, at, w + HEAD_WORDS + n * KEY_WORDS)
    words[at] = mh
    words[at + 1] = ml
    words[at + 2] = sh
    words[at + 3] = sl
    words[at + 4] = value
    words[w + 1] = n + 1
  }

  private splitAndInsert(
    level: number,
    slot: number,
    mh: number,
    ml: number,
    sh: number,
    sl: number,
    value: Ref,
  ): void {
    const a = this.a
    const left = this.path[level]
    const n = a.i32[chunkOf(left)][wordOf(left) + 1]
    const atEnd = slot === n
    const keep = atEnd ? n : n >> 1
    const right = this.newNode(level, atEnd ? CAPACITY_NEXT : CAPACITY_MAX)
    if (!atEnd) {
      a.copy(left, (HEAD_WORDS + keep * KEY_WORDS) * 4, right, HEAD_WORDS * 4, (n - keep) * KEY_WORDS * 4)
      a.i32[chunkOf(right)][wordOf(right) + 1] = n - keep
      a.willWrite(left)
      a.i32[chunkOf(left)][wordOf(left) + 1] = keep
    }
    if (!atEnd && slot <= keep) this.place(left, slot, mh, ml, sh, sl, value)
    else this.place(right, slot - keep, mh, ml, sh, sl, value)
    const words = a.i32[chunkOf(right)]
    const r = wordOf(right) + HEAD_WORDS
    if (this.root === left) {
      const root = this.newNode(level + 1, CAPACITY_NEXT)
      const l = wordOf(left) + HEAD_WORDS
      const leftWords = a.i32[chunkOf(left)]
      this.place(root, 0, leftWords[l], leftWords[l + 1], leftWords[l + 2], leftWords[l + 3], left)
      this.place(root, 1, words[r], words[r + 1], words[r + 2], words[r + 3], right)
      this.setRoot(root)
    } else {
      const at = this.slots[level + 1] + 1
      this.insertAt(level + 1, at, words[r], words[r + 1], words[r + 2], words[r + 3], right)
    }
  }

  // ---- removing

  /** Takes out the key at the position; leaves no position. */
  remove(): void {
    this.removeAt(0, this.slots[0])
    this.addToCount(-1)
  }

  private removeAt(level: number, slot: number): void {
    const a = this.a
    const node = this.path[level]
    a.willWrite(node)
    const words = a.i32[chunkOf(node)]
    const w = wordOf(node)
    const n = words[w + 1]
    const at = w + HEAD_WORDS + slot * KEY_WORDS
    if (slot < n - 1) words.copyWithin(at, at + KEY_WORDS, w + HEAD_WORDS + n * KEY_WORDS)
    words[w + 1] = n - 1
    if (node === this.root) {
      if (n === 1) {
        this.setRoot(0)
        a.free(node)
      } else if (level > 0 && n === 2) {
        this.setRoot(words[w + HEAD_WORDS + VALUE_WORD])
        a.free(node)
      }
      return
    }
    if (n === 1) {
      a.free(node)
      this.removeAt(level + 1, this.slots[level + 1])
    } else if (n - 1 <= CAPACITY_MAX >> 2) this.mergeThin(level, n - 1)
  }

  /** Merges a thin node with a neighbour under the same parent where both fit into half a node. */
  private mergeThin(level: number, n: number): void {
    const a = this.a
    const parent = this.path[level + 1]
    const words = a.i32[chunkOf(parent)]
    const w = wordOf(parent)
    const slot = this.slots[level + 1]
    const childAt = (s: number): Ref => words[w + HEAD_WORDS + s * KEY_WORDS + VALUE_WORD]
    const keysOf = (ref: Ref): number => a.i32[chunkOf(ref)][wordOf(ref) + 1]
    if (slot + 1 < words[w + 1] && n + keysOf(childAt(slot + 1)) <= CAPACITY_MAX >> 1) {
      this.mergeRight(level, slot)
    } else if (slot > 0 && n + keysOf(childAt(slot - 1)) <= CAPACITY_MAX >> 1) {
      this.mergeRight(level, slot - 1)
    }
  }

  /** Moves the keys of the child after `slot` into the child at `slot` of the node at `level + 1`. */
  private mergeRight(level: number, slot: number): void {
    const a = this.a
    const parent = this.path[level + 1]
    const p = wordOf(parent) + HEAD_WORDS + slot * KEY_WORDS
    const parentWords = a.i32[chunkOf(parent)]
    const right = parentWords[p + KEY_WORDS + VALUE_WORD]
    this.path[level] = parentWords[p + VALUE_WORD]
    this.slots[level + 1] = slot
    let left = this.path[level]
    const n = a.i32[chunkOf(left)][wordOf(left) + 1]
    const m = a.i32[chunkOf(right)][wordOf(right) + 1]
    if (n + m > a.i32[chunkOf(left)][wordOf(left) + 2]) left = this.grow(level, CAPACITY_MAX)
    a.willWrite(left)
    const words = a.i32[chunkOf(left)]
    const at = wordOf(left) + HEAD_WORDS + n * KEY_WORDS
    a.copy(right, HEAD_WORDS * 4, left, (HEAD_WORDS + n * KEY_WORDS) * 4, m * KEY_WORDS * 4)
    // An inner node's first key says nothing by itself; its parent's key for it is the bound.
    if (level > 0) for (let i = 0; i < 4; i++) words[at + i] = parentWords[p + KEY_WORDS + i]
    words[wordOf(left) + 1] = n + m
    a.free(right)
    this.removeAt(level + 1, slot + 1)
  }

  // ---- moving

  /** Goes to the first key of the next leaf; false when there is none. */
  nextLeaf(): boolean {
    return this.stepLeaf(1)
  }

  /** Goes on to the next key of the same leaf; false at its end, where the position stays. */
  nextInLeaf(): boolean {
    const leaf = this.path[0]
    if (this.slots[0] + 1 >= this.a.i32[chunkOf(leaf)][wordOf(leaf) + 1]) return false
    this.slots[0]++
    return this.loadKey()
  }

  /** Moves the nodes above the position, which stays. */
  relocatePath(r: Relocation): void {
    const { a, root } = this
    for (let level = a.i32[chunkOf(root)][wordOf(root)]; level >= 0; level--) {
      const node = this.path[level]
      const moved = r.move(node)
      if (moved === node) continue
      this.path[level] = moved
      if (node === root) this.setRoot(moved)
      else this.setChild(level + 1, this.slots[level + 1], moved)
    }
  }

  // ---- the whole

  /** Frees the tree's blocks at once; the owner's words are left as they are. `visit` gets every value. */
  freeAll(visit: (value: Ref) => void): void {
    const { a } = this
    this.visitBlocks((node) => a.free(node), visit)
  }

  /** Calls `onNode` with each of the tree's own blocks, which may be freed then, and `onValue` with every value. */
  visitBlocks(onNode: (node: Ref) => void, onValue: (value: Ref) => void = () => {}): void {
    if (this.root !== 0) visitNodes(this.a, this.root, onNode, onValue)
  }

  /** Bytes of the tree's own blocks. */
  bytes(): number {
    let bytes = 0
    this.visitBlocks((node) => {
      bytes += this.a.blockSize(node)
    })
    return bytes
  }

  /** Asserts the invariants of the file header; throws on the first that does not hold. */
  checkInvariants(): void {
    const seen = this.root === 0 ? 0 : checkNodes(this.a, this.root, undefined, undefined, -1)
    if (seen !== this.count) throw new Error(`tree: ${seen} keys, the count says ${this.count}`)
  }
}
