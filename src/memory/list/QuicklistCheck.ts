/** A quicklist (QuicklistNode.ts has the layout) looked at from outside: its blocks, and its invariants asserted. */
import * as Listpack from "../../bytes/packed/Listpack.js"
import { validate } from "../../bytes/packed/ListpackValidate.js"
import type { Arena, Ref } from "../Arena.js"
import { byteOf, chunkOf } from "../Ref.js"
import { head, length, nodes, tail } from "./Quicklist.js"
import {
  isPlain,
  nodeBase,
  nodeCount,
  nodeNext,
  nodePrev,
  PLAIN_HEADER_BYTES,
  plainLength,
} from "./QuicklistNode.js"

/** Calls `visit` with each block, also of a list of which the first nodes were freed. */
export const visitList = (a: Arena, list: Ref, visit: (ref: Ref) => void): void => {
  visit(list)
  for (let node = head(a, list); node !== 0; node = nodeNext(a, node)) visit(node)
}

const checkNode = (a: Arena, node: Ref): void => {
  const n = nodeCount(a, node)
  const size = a.blockSize(node)
  if (n === 0) throw new Error("list: an empty node")
  if (isPlain(a, node)) {
    if (n !== 1 || PLAIN_HEADER_BYTES + plainLength(a, node) > size)
      throw new Error(`list: a plain node of ${n} elements, ${plainLength(a, node)} bytes`)
    return
  }
  const u8 = a.u8[chunkOf(node)]
  const base = nodeBase(a, node)
  const bytes = Listpack.byteLength(u8, base)
  if (base + bytes > byteOf(node) + size) throw new Error("list: a listpack exceeds its node")
  if (!validate(u8, base, bytes, true)) throw new Error("list: a listpack is broken")
  if (Listpack.count(u8, base) !== n) throw new Error(`list: a node of ${n} has another number of elements`)
}

/** Asserts the invariants of a list that somebody holds: it has elements. */
export const checkList = (a: Arena, list: Ref): void => {
  let previous = 0
  let elements = 0
  let count = 0
  for (let node = head(a, list); node !== 0; node = nodeNext(a, node)) {
    if (nodePrev(a, node) !== previous) throw new Error("list: broken links")
    checkNode(a, node)
    elements += nodeCount(a, node)
    count++
    previous = node
  }
  if (tail(a, list) !== previous) throw new Error("list: the last node is another")
  if (elements !== length(a, list) || count !== nodes(a, list))
    throw new Error(`list: ${elements} elements in ${count} nodes, the header says otherwise`)
  if (elements === 0) throw new Error("list: stored and empty")
}
