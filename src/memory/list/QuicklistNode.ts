/**
 * Nodes of a quicklist: their layout, room in them, linking, splitting and merging. The list itself is in Quicklist.ts.
 *
 * A list is a header block and a chain of node blocks (Int32 words, little-endian):
 *
 *     header   word 0 elements | word 1 nodes | word 2 first node | word 3 last node
 *     node     word 0 previous node | word 1 next node | word 2 elements | word 3 start of its listpack in the block
 *              free bytes | listpack | free bytes
 *     plain    words 0 to 2 the same (elements is 1) | word 3 is 0 | word 4 length | the element's bytes from byte 20
 *
 * A node holds a listpack (Listpack.ts) with free bytes on either side, so that both ends take elements without moving
 * the others. A plain node is one element of at least `plainFrom` bytes. An element too large to share a node has a node
 * of its own; only such nodes are larger than the limits allow.
 *
 * Invariants: no node is empty; word 2 of a node is its listpack's count; the header's counts are the sums over the
 * nodes; a node's listpack lies inside its block; every write passes arena.willWrite first.
 *
 * Limits: 2^31 - 1 elements; one element below 2^31 bytes.
 *
 * Example: RPUSH k a b makes a header of 16 bytes and one node: 0, 0, 2, 16 and the listpack 0d 00 00 00 02 00 81 61 02
 * 81 62 02 ff, 29 bytes in a block of 32.
 */
import { byteOf, chunkOf, wordOf } from "../Ref.js"
import type { Arena, Ref } from "../Arena.js"
import * as Listpack from "../../bytes/packed/Listpack.js"
import { appendPrepared, prependPrepared } from "../../bytes/packed/ListpackFront.js"
import { appendAll, copySpan, mergedSize, spanSize } from "../../bytes/packed/ListpackSplit.js"

/** Words of the header block. */
export const ELEMENTS = 0
export const NODES = 1
export const HEAD = 2
export const TAIL = 3
export const LIST_HEADER_BYTES = 16

/** Words of a node block. */
const PREV = 0
export const NEXT = 1
export const COUNT = 2
export const START = 3
export const PLAIN_LENGTH = 4
const NODE_HEADER_BYTES = 16
export const PLAIN_HEADER_BYTES = 20

/** Bytes of a node under list-max-listpack-size -1 to -5. */
const BYTES_OF_FILL = [4096, 8192, 16384, 32768, 65536]
/** Bytes of a node that is limited by a number of elements. */
const BYTES_BY_COUNT = 8192
/** A node after the first starts with this many bytes. */
const LATER_NODE_BYTES = 1024
/** Blocks smaller than this are not made smaller when they empty. */
const SHRINK_BYTES_MIN = 128

/** How large nodes may become: list-max-listpack-size, and the length from which an element is kept plain. */
export class ListLimits {
  /** Bytes of a node's block. */
  maxBytes = 0
  maxEntries = 0
  fill = 0
  /** DEBUG QUICKLIST-PACKED-THRESHOLD. */
  plainFrom = 1 << 30

  constructor(fill = -2) {
    this.setFill(fill)
  }

  /** @param fill list-max-listpack-size: -1 to -5 for 4 to 64 KiB a node, positive for a number of elements */
  setFill(fill: number): void {
    this.fill = fill
    this.maxBytes = fill < 0 ? BYTES_OF_FILL[Math.min(-fill, 5) - 1] : BYTES_BY_COUNT
    this.maxEntries = fill < 0 ? 0x7fffffff : Math.max(1, fill)
  }
}

export const nodePrev = (a: Arena, node: Ref): Ref => a.i32[chunkOf(node)][wordOf(node) + PREV]
export const nodeNext = (a: Arena, node: Ref): Ref => a.i32[chunkOf(node)][wordOf(node) + NEXT]
export const nodeCount = (a: Arena, node: Ref): number => a.i32[chunkOf(node)][wordOf(node) + COUNT]
export const isPlain = (a: Arena, node: Ref): boolean => a.i32[chunkOf(node)][wordOf(node) + START] === 0

/** Offset of the node's listpack in its chunk; not for plain nodes. */
export const nodeBase = (a: Arena, node: Ref): number =>
  byteOf(node) + a.i32[chunkOf(node)][wordOf(node) + START]

/** Offset of a plain node's element in its chunk. */
export const plainOffset = (node: Ref): number => byteOf(node) + PLAIN_HEADER_BYTES
export const plainLength = (a: Arena, node: Ref): number => a.i32[chunkOf(node)][wordOf(node) + PLAIN_LENGTH]

const setWord = (a: Arena, ref: Ref, word: number, value: number): void => {
  a.willWrite(ref)
  a.i32[chunkOf(ref)][wordOf(ref) + word] = value
}

/** Adds to the header's number of elements. */
export const addElements = (a: Arena, list: Ref, n: number): void => {
  a.willWrite(list)
  a.i32[chunkOf(list)][wordOf(list) + ELEMENTS] += n
}

/** Makes both neighbours (or the header) of a node point to `ref`. */
export const pointTo = (a: Arena, list: Ref, prev: Ref, next: Ref, before: Ref, after: Ref): void => {
  if (prev === 0) setWord(a, list, HEAD, before)
  else setWord(a, prev, NEXT, before)
  if (next === 0) setWord(a, list, TAIL, after)
  else setWord(a, next, PREV, after)
}

/** Puts a new node between two neighbours, either of which may be 0. */
export const linkNode = (a: Arena, list: Ref, node: Ref, prev: Ref, next: Ref): void => {
  const words = a.i32[chunkOf(node)]
  const w = wordOf(node)
  words[w + PREV] = prev
  words[w + NEXT] = next
  pointTo(a, list, prev, next, node, node)
  setWord(a, list, NODES, a.i32[chunkOf(list)][wordOf(list) + NODES] + 1)
}

/** Takes a node out of the chain and frees it; the header's number of elements is the caller's business. */
export const dropNode = (a: Arena, list: Ref, node: Ref): void => {
  const prev = nodePrev(a, node)
  const next = nodeNext(a, node)
  pointTo(a, list, prev, next, next, prev)
  setWord(a, list, NODES, a.i32[chunkOf(list)][wordOf(list) + NODES] - 1)
  a.free(node)
}

/** A block for a listpack of `total` bytes, at its end (`left`) or its start, unlinked; the listpack is not written. */
const allocNode = (a: Arena, bytes: number, total: number, entries: number, left: boolean): Ref => {
  const node = a.alloc(bytes)
  const words = a.i32[chunkOf(node)]
  const w = wordOf(node)
  words[w + COUNT] = entries
  words[w + START] = left ? a.blockSize(node) - total : NODE_HEADER_BYTES
  return node
}

/** A new plain node, unlinked. */
export const plainNode = (a: Arena, src: Uint8Array, off: number, len: number): Ref => {
  const node = a.alloc(PLAIN_HEADER_BYTES + len)
  const words = a.i32[chunkOf(node)]
  const w = wordOf(node)
  words[w + COUNT] = 1
  words[w + START] = 0
  words[w + PLAIN_LENGTH] = len
  a.u8[chunkOf(node)].set(src.subarray(off, off + len), plainOffset(node))
  return node
}

/** A new node with a copy of a listpack, unlinked. */
export const packedNode = (a: Arena, src: Uint8Array, off: number, len: number): Ref => {
  const node = allocNode(a, NODE_HEADER_BYTES + len, len, Listpack.count(src, off), false)
  a.u8[chunkOf(node)].set(src.subarray(off, off + len), nodeBase(a, node))
  return node
}

/** Links a new node with an empty listpack and room for an entry of `bytes` bytes at the given end. */
export const addEmptyNode = (
  a: Arena,
  list: Ref,
  prev: Ref,
  next: Ref,
  bytes: number,
  left: boolean,
  limits: ListLimits,
): Ref => {
  const need = NODE_HEADER_BYTES + Listpack.LISTPACK_EMPTY + bytes
  const first = prev === 0 && next === 0
  const size =
    first || need > limits.maxBytes ? need : Math.max(need, Math.min(limits.maxBytes, LATER_NODE_BYTES))
  const node = allocNode(a, size, Listpack.LISTPACK_EMPTY, 0, left)
  Listpack.init(a.u8[chunkOf(node)], nodeBase(a, node))
  linkNode(a, list, node, prev, next)
  return node
}

/** Moves a node's listpack to a block of `bytes` bytes with its free bytes before (`left`) or behind; answers the node. */
const moveNode = (a: Arena, list: Ref, node: Ref, bytes: number, left: boolean): Ref => {
  const words = a.i32[chunkOf(node)]
  const w = wordOf(node)
  const start = words[w + START]
  const total = Listpack.byteLength(a.u8[chunkOf(node)], byteOf(node) + start)
  const moved = allocNode(a, bytes, total, words[w + COUNT], left)
  const to = a.i32[chunkOf(moved)]
  const m = wordOf(moved)
  const prev = words[w + PREV]
  const next = words[w + NEXT]
  to[m + PREV] = prev
  to[m + NEXT] = next
  a.copy(node, start, moved, to[m + START], total)
  pointTo(a, list, prev, next, moved, moved)
  a.free(node)
  return moved
}

/** Moves the listpack inside its block. */
const slide = (a: Arena, node: Ref, start: number, total: number): void => {
  a.willWrite(node)
  const words = a.i32[chunkOf(node)]
  const w = wordOf(node)
  a.copy(node, words[w + START], node, start, total)
  words[w + START] = start
}

/**
 * Sees to `bytes` free bytes at one end of a node's listpack, and to the node being writable. Answers the node, which
 * may have moved, or 0 when it is full.
 */
export const roomAtEnd = (
  a: Arena,
  list: Ref,
  node: Ref,
  bytes: number,
  left: boolean,
  limits: ListLimits,
): Ref => {
  const words = a.i32[chunkOf(node)]
  const w = wordOf(node)
  const start = words[w + START]
  if (start === 0 || words[w + COUNT] >= limits.maxEntries) return 0
  const total = Listpack.byteLength(a.u8[chunkOf(node)], (w << 2) + start)
  const need = NODE_HEADER_BYTES + total + bytes
  if (need > limits.maxBytes) return 0
  const size = a.blockSize(node)
  if ((left ? start - NODE_HEADER_BYTES : size - start - total) >= bytes) {
    a.willWrite(node)
    return node
  }
  const free = size - need
  if (free * 8 >= size) {
    // Free bytes go to both ends: elements may be pushed at one and popped at the other, or pushed at both in turn.
    slide(a, node, NODE_HEADER_BYTES + (free >> 1) + (left ? bytes : 0), total)
    return node
  }
  // A nearly full block that would have to be slid again and again is full.
  if (size >= limits.maxBytes) return 0
  return moveNode(a, list, node, Math.min(need + (need >> 1), limits.maxBytes), left)
}

/**
 * As roomAtEnd, for a change of `bytes` more bytes and `entries` more elements inside the listpack, which grows at its
 * end. `maxBytes` may be Infinity.
 */
export const roomInside = (
  a: Arena,
  list: Ref,
  node: Ref,
  bytes: number,
  entries: number,
  maxBytes: number,
  maxEntries: number,
): Ref => {
  const words = a.i32[chunkOf(node)]
  const w = wordOf(node)
  const start = words[w + START]
  const total = Listpack.byteLength(a.u8[chunkOf(node)], (w << 2) + start)
  const need = NODE_HEADER_BYTES + total + bytes
  if (need > maxBytes || words[w + COUNT] + entries > maxEntries) return 0
  const size = a.blockSize(node)
  if (size - start - total >= bytes) a.willWrite(node)
  else if (need <= size) slide(a, node, NODE_HEADER_BYTES, total)
  else
    return moveNode(
      a,
      list,
      node,
      maxBytes === Infinity ? need : Math.min(need + (need >> 1), maxBytes),
      false,
    )
  return node
}

/** Adds the entry last prepared at one end of a node that has room for it. */
export const writeAtEnd = (
  a: Arena,
  node: Ref,
  left: boolean,
  bytes: number,
  src: Uint8Array,
  off: number,
  len: number,
): void => {
  const u8 = a.u8[chunkOf(node)]
  const words = a.i32[chunkOf(node)]
  const w = wordOf(node)
  const base = (w << 2) + words[w + START]
  words[w + COUNT]++
  if (left) {
    words[w + START] = prependPrepared(u8, base, bytes, src, off, len) - (w << 2)
    return
  }
  appendPrepared(u8, base, bytes, src, off, len)
}

/** Gives memory back when most of a node's block is free; answers the node, which may have moved. */
export const shrinkNode = (a: Arena, list: Ref, node: Ref): Ref => {
  const size = a.blockSize(node)
  if (size <= SHRINK_BYTES_MIN) return node
  const used = NODE_HEADER_BYTES + Listpack.byteLength(a.u8[chunkOf(node)], nodeBase(a, node))
  if (used * 3 > size) return node
  const moved = moveNode(a, list, node, used + (used >> 1), false)
  slide(a, moved, NODE_HEADER_BYTES + ((a.blockSize(moved) - used) >> 1), used - NODE_HEADER_BYTES)
  return moved
}

/** Moves the elements from position `pos` (not the first) on to a new node after this one; answers the new node. */
export const splitNode = (a: Arena, list: Ref, node: Ref, pos: number): Ref => {
  const u8 = a.u8[chunkOf(node)]
  const base = nodeBase(a, node)
  const end = Listpack.end(u8, base)
  let entries = 0
  for (let p = pos; p !== end; p = Listpack.after(u8, p)) entries++
  const total = spanSize(pos, end)
  const right = allocNode(a, NODE_HEADER_BYTES + total, total, entries, false)
  copySpan(u8, pos, end, entries, a.u8[chunkOf(right)], nodeBase(a, right))
  a.willWrite(node)
  Listpack.deleteSpan(u8, base, pos, end, entries)
  a.i32[chunkOf(node)][wordOf(node) + COUNT] -= entries
  linkNode(a, list, right, node, nodeNext(a, node))
  return right
}

/** Joins a node with the next one where both fit into one node. */
export const mergeWithNext = (a: Arena, list: Ref, node: Ref, limits: ListLimits): void => {
  const next = node === 0 ? 0 : nodeNext(a, node)
  if (next === 0 || isPlain(a, node) || isPlain(a, next)) return
  if (nodeCount(a, node) + nodeCount(a, next) > limits.maxEntries) return
  const total = mergedSize(a.u8[chunkOf(node)], nodeBase(a, node), a.u8[chunkOf(next)], nodeBase(a, next))
  if (NODE_HEADER_BYTES + total > limits.maxBytes) return
  const merged = moveNode(a, list, node, NODE_HEADER_BYTES + total, false)
  appendAll(a.u8[chunkOf(merged)], nodeBase(a, merged), a.u8[chunkOf(next)], nodeBase(a, next))
  a.i32[chunkOf(merged)][wordOf(merged) + COUNT] += nodeCount(a, next)
  dropNode(a, list, next)
}
