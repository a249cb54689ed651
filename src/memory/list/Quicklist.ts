/**
 * Quicklist: a list of byte strings as a chain of listpacks, Redis's own structure for lists, in the arena.
 *
 * Pushing and popping at either end take constant time; reaching an index takes the nodes between it and the nearer end.
 * The bytes of blocks, the invariants and the limits are described in QuicklistNode.ts.
 *
 * How to call it: a list is the ref of its header block, which never changes while the list lives; the caller frees the
 * list (`free`) once it is empty or gone. Elements come as (src, off, len), which must not lie in the list's own nodes.
 * An element is named by a `place`: a node and, for a listpack, the absolute position of the entry; any change of the
 * list ends the places in it. Values are read through the cursor `lpv` (Listpack.ts).
 *
 * Example: push a, b, c at the end; seek(1) names "b"; insert before it "x"; the list is a x b c.
 */
import { byteOf, chunkOf, wordOf } from "../Ref.js"
import type { Arena, Ref } from "../Arena.js"
import * as Listpack from "../../bytes/packed/Listpack.js"
import { lpv } from "../../bytes/packed/Listpack.js"
import { prepare, writePrepared } from "../../bytes/packed/ListpackEntry.js"
import { dropFirst, dropLast } from "../../bytes/packed/ListpackFront.js"
import {
  addElements,
  addEmptyNode,
  COUNT,
  dropNode,
  ELEMENTS,
  HEAD,
  isPlain,
  linkNode,
  LIST_HEADER_BYTES,
  type ListLimits,
  mergeWithNext,
  nodeBase,
  nodeCount,
  nodeNext,
  nodePrev,
  NODES,
  packedNode,
  plainLength,
  plainNode,
  plainOffset,
  roomAtEnd,
  roomInside,
  shrinkNode,
  splitNode,
  START,
  TAIL,
  writeAtEnd,
} from "./QuicklistNode.js"

export { lpv } from "../../bytes/packed/Listpack.js"
export { isPlain, ListLimits, nodeBase, nodeCount, nodeNext, nodePrev } from "./QuicklistNode.js"

/** A new, empty list. */
export const create = (a: Arena): Ref => {
  const list = a.alloc(LIST_HEADER_BYTES)
  const w = wordOf(list)
  a.i32[chunkOf(list)].fill(0, w, w + 4)
  return list
}

/** Number of elements. */
export const length = (a: Arena, list: Ref): number => a.i32[chunkOf(list)][wordOf(list) + ELEMENTS]
/** Number of nodes. */
export const nodes = (a: Arena, list: Ref): number => a.i32[chunkOf(list)][wordOf(list) + NODES]
/** The first node, or 0. */
export const head = (a: Arena, list: Ref): Ref => a.i32[chunkOf(list)][wordOf(list) + HEAD]
/** The last node, or 0. */
export const tail = (a: Arena, list: Ref): Ref => a.i32[chunkOf(list)][wordOf(list) + TAIL]

/** Frees up to `budget` nodes from the front, and the header after the last; answers the list, or 0 when it is gone. */
export const free = (a: Arena, list: Ref, budget: number): Ref => {
  let node = head(a, list)
  let left = budget
  let freed = 0
  for (; node !== 0 && left > 0; left--) {
    const next = nodeNext(a, node)
    freed++
    a.free(node)
    node = next
  }
  if (node === 0) {
    a.free(list)
    return 0
  }
  a.willWrite(list)
  const words = a.i32[chunkOf(list)]
  words[wordOf(list) + HEAD] = node
  words[wordOf(list) + NODES] -= freed
  return list
}

// ---- places

/** The element last sought or stepped to. One object for the one thread. */
export const place = { node: 0, pos: 0 }

/** Position of a node's first or last element. */
export const edge = (a: Arena, node: Ref, last: boolean): number => {
  if (isPlain(a, node)) return plainOffset(node)
  const base = nodeBase(a, node)
  return last ? Listpack.last(a.u8[chunkOf(node)], base) : base + Listpack.LISTPACK_HEADER
}

/** Names the element at an index from 0; false when there is none. */
export const seek = (a: Arena, list: Ref, index: number): boolean => {
  const n = length(a, list)
  if (index < 0 || index >= n) return false
  const forward = index * 2 < n
  let node = forward ? head(a, list) : tail(a, list)
  let skip = forward ? index : n - 1 - index
  for (let c = nodeCount(a, node); skip >= c; c = nodeCount(a, node)) {
    skip -= c
    node = forward ? nodeNext(a, node) : nodePrev(a, node)
  }
  place.node = node
  place.pos = isPlain(a, node)
    ? plainOffset(node)
    : Listpack.seek(a.u8[chunkOf(node)], nodeBase(a, node), forward ? skip : -1 - skip)
  return true
}

/** Moves the place to the next element; false (place unchanged) after the last. */
export const stepForward = (a: Arena): boolean => {
  const node = place.node
  const next = isPlain(a, node) ? -1 : Listpack.next(a.u8[chunkOf(node)], place.pos)
  if (next >= 0) {
    place.pos = next
    return true
  }
  const following = nodeNext(a, node)
  if (following === 0) return false
  place.node = following
  place.pos = edge(a, following, false)
  return true
}

/** Moves the place to the element before; false (place unchanged) at the first. */
export const stepBackward = (a: Arena): boolean => {
  const node = place.node
  const prev = isPlain(a, node) ? -1 : Listpack.prev(a.u8[chunkOf(node)], nodeBase(a, node), place.pos)
  if (prev >= 0) {
    place.pos = prev
    return true
  }
  const before = nodePrev(a, node)
  if (before === 0) return false
  place.node = before
  place.pos = edge(a, before, true)
  return true
}

/** Reads an element into `lpv`, an integer as text, too. */
export const read = (a: Arena, node: Ref, pos: number): void => {
  if (isPlain(a, node)) {
    lpv.src = a.u8[chunkOf(node)]
    lpv.off = pos
    lpv.len = plainLength(a, node)
    lpv.isInt = false
    lpv.int = NaN
  } else Listpack.get(a.u8[chunkOf(node)], pos)
}

/** Whether the element is these bytes. */
export const equals = (
  a: Arena,
  node: Ref,
  pos: number,
  src: Uint8Array,
  off: number,
  len: number,
): boolean => {
  const u8 = a.u8[chunkOf(node)]
  if (!isPlain(a, node)) return Listpack.equals(u8, pos, src, off, len)
  if (plainLength(a, node) !== len) return false
  for (let i = 0; i < len; i++) if (u8[pos + i] !== src[off + i]) return false
  return true
}

/** Names the first element equal to the bytes (`place`); false when there is none. */
export const findFirst = (a: Arena, list: Ref, src: Uint8Array, off: number, len: number): boolean => {
  for (let node = head(a, list); node !== 0; node = nodeNext(a, node)) {
    const first = edge(a, node, false)
    const pos = !isPlain(a, node)
      ? Listpack.find(a.u8[chunkOf(node)], first, src, off, len, 0)
      : equals(a, node, first, src, off, len)
        ? first
        : -1
    if (pos < 0) continue
    place.node = node
    place.pos = pos
    return true
  }
  return false
}

// ---- changes

/** Adds an element between two neighbouring nodes: to one of them where it fits, else in a node of its own. */
const insertBetween = (
  a: Arena,
  list: Ref,
  prev: Ref,
  next: Ref,
  src: Uint8Array,
  off: number,
  len: number,
  limits: ListLimits,
): void => {
  if (len >= limits.plainFrom) linkNode(a, list, plainNode(a, src, off, len), prev, next)
  else {
    const bytes = prepare(src, off, len)
    let left = false
    let node = prev === 0 ? 0 : roomAtEnd(a, list, prev, bytes, false, limits)
    if (node === 0 && next !== 0) {
      node = roomAtEnd(a, list, next, bytes, true, limits)
      left = true
    }
    if (node === 0) node = addEmptyNode(a, list, prev, next, bytes, left, limits)
    writeAtEnd(a, node, left, bytes, src, off, len)
  }
  addElements(a, list, 1)
}

/** Adds an element at the front (`left`) or the end. */
export const push = (
  a: Arena,
  list: Ref,
  left: boolean,
  src: Uint8Array,
  off: number,
  len: number,
  limits: ListLimits,
): void =>
  left
    ? insertBetween(a, list, 0, head(a, list), src, off, len, limits)
    : insertBetween(a, list, tail(a, list), 0, src, off, len, limits)

/** Adds a listpack's elements at the end, as a node of their own. The listpack must be sound and not empty. */
export const appendPackedNode = (a: Arena, list: Ref, src: Uint8Array, off: number, len: number): void => {
  const node = packedNode(a, src, off, len)
  linkNode(a, list, node, tail(a, list), 0)
  addElements(a, list, nodeCount(a, node))
}

/** Adds an element at the end, as a plain node. */
export const appendPlainNode = (a: Arena, list: Ref, src: Uint8Array, off: number, len: number): void => {
  linkNode(a, list, plainNode(a, src, off, len), tail(a, list), 0)
  addElements(a, list, 1)
}

/** Removes the first (`left`) or last `n` elements, n at most the length. */
export const drop = (a: Arena, list: Ref, left: boolean, n: number): void => {
  addElements(a, list, -n)
  let rest = n
  while (rest > 0) {
    const node = left ? head(a, list) : tail(a, list)
    const count = nodeCount(a, node)
    if (count <= rest) {
      rest -= count
      dropNode(a, list, node)
      continue
    }
    a.willWrite(node)
    const u8 = a.u8[chunkOf(node)]
    const words = a.i32[chunkOf(node)]
    const w = wordOf(node)
    const base = nodeBase(a, node)
    if (left) words[w + START] = dropFirst(u8, base, rest) - byteOf(node)
    else dropLast(u8, base, rest)
    words[w + COUNT] = count - rest
    shrinkNode(a, list, node)
    return
  }
}

/** Adds an element before or after the one at a place. */
export const insert = (
  a: Arena,
  list: Ref,
  node: Ref,
  pos: number,
  before: boolean,
  src: Uint8Array,
  off: number,
  len: number,
  limits: ListLimits,
): void => {
  if (isPlain(a, node)) {
    if (before) insertBetween(a, list, nodePrev(a, node), node, src, off, len, limits)
    else insertBetween(a, list, node, nodeNext(a, node), src, off, len, limits)
    return
  }
  const u8 = a.u8[chunkOf(node)]
  const base = nodeBase(a, node)
  const at = (before ? pos : Listpack.after(u8, pos)) - base
  if (len < limits.plainFrom) {
    const bytes = prepare(src, off, len)
    const room = roomInside(a, list, node, bytes, 1, limits.maxBytes, limits.maxEntries)
    if (room !== 0) {
      const to = a.u8[chunkOf(room)]
      const start = nodeBase(a, room)
      Listpack.openGap(to, start, start + at, bytes, 1)
      writePrepared(to, start + at, src, off, len)
      a.i32[chunkOf(room)][wordOf(room) + COUNT]++
      addElements(a, list, 1)
      return
    }
  }
  if (at === Listpack.LISTPACK_HEADER) {
    insertBetween(a, list, nodePrev(a, node), node, src, off, len, limits)
  } else if (base + at === Listpack.end(u8, base)) {
    insertBetween(a, list, node, nodeNext(a, node), src, off, len, limits)
  } else {
    splitAndInsert(a, list, node, base + at, src, off, len, limits)
  }
}

/** Splits a full node before `pos`, adds the element between the halves, and joins the outer ends where they fit. */
const splitAndInsert = (
  a: Arena,
  list: Ref,
  node: Ref,
  pos: number,
  src: Uint8Array,
  off: number,
  len: number,
  limits: ListLimits,
): void => {
  const right = splitNode(a, list, node, pos)
  const before = nodePrev(a, node)
  const after = nodeNext(a, right)
  insertBetween(a, list, node, right, src, off, len, limits)
  // The halves may have moved; their outer neighbours have not.
  if (after !== 0) mergeWithNext(a, list, nodePrev(a, after), limits)
  if (before !== 0) mergeWithNext(a, list, before, limits)
}

/** Puts another element in the place of the one at `index`, whose place is given. */
export const replace = (
  a: Arena,
  list: Ref,
  index: number,
  node: Ref,
  pos: number,
  src: Uint8Array,
  off: number,
  len: number,
  limits: ListLimits,
): void => {
  if (!isPlain(a, node) && len < limits.plainFrom) {
    const growth = Listpack.replaceGrowth(a.u8[chunkOf(node)], pos, src, off, len)
    const at = pos - nodeBase(a, node)
    // An element alone in its node may be as large as it is.
    const maxBytes = nodeCount(a, node) === 1 ? Infinity : limits.maxBytes
    let room = node
    if (growth <= 0) a.willWrite(node)
    else room = roomInside(a, list, node, growth, 0, maxBytes, 0x7fffffff)
    if (room !== 0) {
      const base = nodeBase(a, room)
      Listpack.replace(a.u8[chunkOf(room)], base, base + at, src, off, len)
      if (growth < 0) shrinkNode(a, list, room)
      return
    }
  }
  insert(a, list, node, pos, false, src, off, len, limits)
  if (!seek(a, list, index)) throw new Error("quicklist: the element to replace is gone")
  removeAt(a, list, place.node, place.pos)
}

/** Removes the element at a place. */
export const removeAt = (a: Arena, list: Ref, node: Ref, pos: number): void => {
  addElements(a, list, -1)
  if (nodeCount(a, node) === 1) return dropNode(a, list, node)
  a.willWrite(node)
  const u8 = a.u8[chunkOf(node)]
  Listpack.deleteAt(u8, nodeBase(a, node), pos)
  a.i32[chunkOf(node)][wordOf(node) + COUNT]--
  shrinkNode(a, list, node)
}

/** Removes up to `max` elements equal to the bytes, from the front or from the end; answers how many. */
export const removeEqual = (
  a: Arena,
  list: Ref,
  forward: boolean,
  max: number,
  src: Uint8Array,
  off: number,
  len: number,
): number => {
  let removed = 0
  let node = forward ? head(a, list) : tail(a, list)
  while (node !== 0 && removed < max) {
    const next = forward ? nodeNext(a, node) : nodePrev(a, node)
    const n = isPlain(a, node)
      ? equals(a, node, plainOffset(node), src, off, len)
        ? 1
        : 0
      : forward
        ? removeForward(a, node, max - removed, src, off, len)
        : removeBackward(a, node, max - removed, src, off, len)
    if (n > 0) {
      removed += n
      if (n === nodeCount(a, node)) dropNode(a, list, node)
      else {
        a.i32[chunkOf(node)][wordOf(node) + COUNT] -= n
        shrinkNode(a, list, node)
      }
    }
    node = next
  }
  if (removed > 0) addElements(a, list, -removed)
  return removed
}

/** Removes matches from a node's listpack; word 2 of the node is left to the caller. */
const removeForward = (
  a: Arena,
  node: Ref,
  max: number,
  src: Uint8Array,
  off: number,
  len: number,
): number => {
  const u8 = a.u8[chunkOf(node)]
  const base = nodeBase(a, node)
  let removed = 0
  let p = Listpack.find(u8, Listpack.first(u8, base), src, off, len, 0)
  while (p >= 0 && removed < max) {
    a.willWrite(node)
    removed++
    p = Listpack.find(u8, Listpack.deleteAt(u8, base, p), src, off, len, 0)
  }
  return removed
}

const removeBackward = (
  a: Arena,
  node: Ref,
  max: number,
  src: Uint8Array,
  off: number,
  len: number,
): number => {
  const u8 = a.u8[chunkOf(node)]
  const base = nodeBase(a, node)
  let removed = 0
  for (let p = Listpack.last(u8, base); p >= 0 && removed < max;) {
    const before = Listpack.prev(u8, base, p)
    if (Listpack.equals(u8, p, src, off, len)) {
      a.willWrite(node)
      removed++
      Listpack.deleteAt(u8, base, p)
    }
    p = before
  }
  return removed
}

/** A deep copy of the list. */
export const copy = (a: Arena, list: Ref): Ref => {
  const to = create(a)
  for (let node = head(a, list); node !== 0; node = nodeNext(a, node)) {
    const u8 = a.u8[chunkOf(node)]
    if (isPlain(a, node)) appendPlainNode(a, to, u8, plainOffset(node), plainLength(a, node))
    else appendPackedNode(a, to, u8, nodeBase(a, node), Listpack.byteLength(u8, nodeBase(a, node)))
  }
  return to
}
