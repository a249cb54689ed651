/** Walks over whole trees of stream IDs (StreamIdTree.ts has the layout): freeing, measuring, checking, reading. */
import { chunkOf, wordOf } from "../Ref.js"
import type { Arena, Ref } from "../Arena.js"
import { StreamId } from "../../bytes/StreamId.js"

/** Words before the keys of a node, words a key takes, and where its value is among them. */
export const HEAD_WORDS = 4
export const KEY_WORDS = 5
export const VALUE_WORD = 4

/** Calls `onValue` with every value below a node, and `onNode` with each node once all below it was visited. */
export const visitNodes = (
  a: Arena,
  node: Ref,
  onNode: (node: Ref) => void,
  onValue: (value: Ref) => void,
): void => {
  const words = a.i32[chunkOf(node)]
  const w = wordOf(node)
  const leaf = words[w] === 0
  for (let i = 0; i < words[w + 1]; i++) {
    const value = words[w + HEAD_WORDS + i * KEY_WORDS + VALUE_WORD]
    if (leaf) onValue(value)
    else visitNodes(a, value, onNode, onValue)
  }
  onNode(node)
}

/** Asserts the invariants of the node and all below it, keys in [from, before); answers the number of keys. */
export const checkNodes = (
  a: Arena,
  node: Ref,
  from: StreamId | undefined,
  before: StreamId | undefined,
  level: number,
): number => {
  const words = a.i32[chunkOf(node)]
  const w = wordOf(node)
  const n = words[w + 1]
  if (level >= 0 && words[w] !== level) throw new Error("tree: a node at the wrong level")
  if (n === 0 || n > words[w + 2]) throw new Error(`tree: a node of ${n} keys`)
  const keyAt = (i: number): StreamId => new StreamId().load(words, w + HEAD_WORDS + i * KEY_WORDS)
  let seen = 0
  for (let i = 0; i < n; i++) {
    const bound = words[w] > 0 && i === 0 ? from : keyAt(i)
    if (bound !== undefined && from !== undefined && bound.compare(from) < 0)
      throw new Error("tree: a key below its node")
    if (bound !== undefined && before !== undefined && bound.compare(before) >= 0)
      throw new Error("tree: a key above its node")
    const next = i + 1 < n ? keyAt(i + 1) : before
    if (bound !== undefined && next !== undefined && bound.compare(next) >= 0)
      throw new Error("tree: keys do not ascend")
    if (words[w] === 0) seen++
    else seen += checkNodes(a, words[w + HEAD_WORDS + i * KEY_WORDS + VALUE_WORD], bound, next, words[w] - 1)
  }
  return seen
}

/** A block as a reader sees it: its bytes start at 0. */
export interface BlockView {
  readonly i32: Int32Array
}

/**
 * Walks a tree in order through any reader of blocks. `load` gives the block of a ref, good until its next call for the
 * same depth.
 */
export const walkTree = (
  load: (ref: Ref, depth: number) => BlockView,
  root: Ref,
  visit: (key: StreamId, value: Ref) => void,
  depth = 0,
  key: StreamId = new StreamId(),
): void => {
  if (root === 0) return
  const words = load(root, depth).i32
  for (let i = 0; i < words[1]; i++) {
    const w = HEAD_WORDS + i * KEY_WORDS
    if (words[0] > 0) walkTree(load, words[w + VALUE_WORD], visit, depth + 1, key)
    else visit(key.load(words, w), words[w + VALUE_WORD])
  }
}
