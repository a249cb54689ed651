/** The invariants of a sorted index (SortedIndex.ts), asserted over all of its nodes. */
import { byteOf, chunkOf, doubleOf, wordOf } from "../Ref.js"
import type { Arena, Ref } from "../Arena.js"
import { CAPACITY, compareMember, MEMBER_KEY_BYTE, memberLength, memberScore, NODE } from "./SortedNodes.js"

interface Found {
  members: number
  last: Ref
  units: number
  readonly visit: (entry: Ref) => void
}

/** Calls `visit` with a node and all below it. */
export const visitNodes = (a: Arena, node: Ref, level: number, visit: (node: Ref) => void): void => {
  visit(node)
  if (level === 0) return
  const words = a.i32[chunkOf(node)]
  const w = wordOf(node)
  for (let i = 0; i < words[w]; i++) visitNodes(a, words[w + NODE.children + i], level - 1, visit)
}

/** Answers the number of members; throws where the index is not what it should be. */
export const checkIndex = (
  a: Arena,
  root: Ref,
  height: number,
  units: number,
  visit: (entry: Ref) => void,
): number => {
  const found: Found = { members: 0, last: 0, units: 0, visit }
  const n = checkNode(a, root, height - 1, true, found)
  if (n !== found.members) throw new Error(`index counts ${n} members and holds ${found.members}`)
  if (found.units !== units) throw new Error(`index of ${found.units} units says ${units}`)
  return n
}

const checkNode = (a: Arena, node: Ref, level: number, isRoot: boolean, found: Found): number => {
  const words = a.i32[chunkOf(node)]
  const w = wordOf(node)
  const n = words[w]
  found.units += a.blockSize(node) >>> 3
  if (n > CAPACITY || (n === 0 && (level > 0 || !isRoot)))
    throw new Error(`node ${node} at level ${level} has ${n} slots`)
  let total = 0
  for (let i = 0; i < n; i++) {
    const entry = words[w + NODE.members + i]
    const score = a.f64[chunkOf(node)][doubleOf(node) + 1 + i]
    if (!Object.is(score, memberScore(a, entry))) throw new Error(`slot ${i} of ${node}: another score`)
    if (level === 0) {
      if (found.last !== 0 && !ascends(a, found.last, entry)) throw new Error(`slot ${i} of ${node}: order`)
      found.last = entry
      found.members++
      found.visit(entry)
      total++
      continue
    }
    const child = words[w + NODE.children + i]
    if (a.i32[chunkOf(child)][wordOf(child) + NODE.members] !== entry)
      throw new Error(`slot ${i} of ${node} does not repeat its child's first`)
    const below = checkNode(a, child, level - 1, false, found)
    if (below !== words[w + NODE.counts + i]) throw new Error(`slot ${i} of ${node} miscounts`)
    total += below
  }
  return total
}

const ascends = (a: Arena, first: Ref, second: Ref): boolean => {
  const x = memberScore(a, first)
  const y = memberScore(a, second)
  if (x !== y) return x < y
  const byte = byteOf(second) + MEMBER_KEY_BYTE
  return compareMember(a, first, a.u8[chunkOf(second)], byte, memberLength(a, second)) < 0
}
