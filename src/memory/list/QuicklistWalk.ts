/**
 * Walking a whole list node by node: the live one, or a frozen one on any thread.
 *
 * Each node comes as bytes, as RDB files hold it: a listpack, or one plain element. The bytes are lent until the
 * callback returns. `walkFrozenList` needs nothing but the reader, so a snapshot's worker thread can run it; it looks at
 * one block at a time and therefore works in constant memory.
 *
 * Example: [a, b] in one node calls onNode(u8, off, 13, false) once.
 */
import { chunkOf, wordOf } from "../Ref.js"
import type { Arena, Ref } from "../Arena.js"
import { byteLength } from "../../bytes/packed/Listpack.js"
import {
  HEAD,
  ELEMENTS,
  isPlain,
  NEXT,
  nodeBase,
  nodeNext,
  NODES,
  PLAIN_HEADER_BYTES,
  PLAIN_LENGTH,
  plainLength,
  plainOffset,
  START,
} from "./QuicklistNode.js"
import { FrozenBlock, type FrozenReader } from "../Snapshot.js"

/** `bytes[off, off + len)` is a listpack, or with `plain` an element. */
export type OnNode = (bytes: Uint8Array, off: number, len: number, plain: boolean) => void

/** Calls `onNode` for each node of a live list, in order; the list must not change meanwhile. */
export const walkList = (a: Arena, list: Ref, onNode: OnNode): void => {
  let node = a.i32[chunkOf(list)][wordOf(list) + HEAD]
  for (; node !== 0; node = nodeNext(a, node)) {
    const u8 = a.u8[chunkOf(node)]
    if (isPlain(a, node)) onNode(u8, plainOffset(node), plainLength(a, node), true)
    else {
      const base = nodeBase(a, node)
      onNode(u8, base, byteLength(u8, base), false)
    }
  }
}

/** What the header of a frozen list says. */
export interface FrozenListCounts {
  readonly elements: number
  readonly nodes: number
}

/** Number of elements and nodes of a list as it was when the snapshot opened. */
export const frozenListCounts = (
  reader: FrozenReader,
  list: Ref,
  block: FrozenBlock = new FrozenBlock(),
): FrozenListCounts => {
  reader.load(list, block)
  return { elements: block.i32[ELEMENTS], nodes: block.i32[NODES] }
}

/** Calls `onNode` for each node of a list as it was when the snapshot opened. `block` is working space. */
export const walkFrozenList = (
  reader: FrozenReader,
  list: Ref,
  onNode: OnNode,
  block: FrozenBlock = new FrozenBlock(),
): void => {
  reader.load(list, block)
  let node = block.i32[HEAD]
  while (node !== 0) {
    reader.load(node, block)
    // Read before the callback, which may use the block itself.
    node = block.i32[NEXT]
    const start = block.i32[START]
    if (start === 0) onNode(block.u8, PLAIN_HEADER_BYTES, block.i32[PLAIN_LENGTH], true)
    else onNode(block.u8, start, byteLength(block.u8, start), false)
  }
}
