/**
 * Reads sorted sets as they were when a snapshot opened, on any thread: for RDB files written while commands run. The
 * layouts are in SortedSetValue.ts and SortedIndex.ts.
 *
 * The functions share their copies of blocks, one set a thread, so a callback must not walk another sorted set.
 */
import type { Ref } from "../../memory/Arena.js"
import * as LP from "../../bytes/packed/Listpack.js"
import * as Pairs from "../../bytes/packed/ListpackPairs.js"
import { LEVELS_MAX, MEMBER_KEY_BYTE, NODE, ROOT_WORD } from "../../memory/sorted/SortedIndex.js"
import { FrozenBlock, type FrozenReader } from "../../memory/Snapshot.js"
import { ZSET_LISTPACK } from "../Entry.js"

const header = new FrozenBlock()
const member = new FrozenBlock()
/** A node of each level, made when first needed; 0 = leaf. */
const nodes: Array<FrozenBlock> = []

/** Receives a member, bytes good until it returns, and its score. */
type OnFrozenMember = (src: Uint8Array, off: number, len: number, score: number) => void

/** Number of members a sorted set had when the reader's snapshot opened. */
export const frozenSortedSetCount = (reader: FrozenReader, encoding: number, value: Ref): number => {
  reader.load(value, header)
  return encoding === ZSET_LISTPACK ? Pairs.pairCount(header.u8, 0) : header.i32[0]
}

/**
 * Calls `onMember` with the members a sorted set had when the reader's snapshot opened, in ascending order, or in
 * descending order (in which Redis writes a skiplist to an RDB file) if `descending`. Works on any thread. A listpack's
 * own bytes are had by loading `value` and taking Listpack.byteLength of it.
 */
export const walkFrozenSortedSet = (
  reader: FrozenReader,
  encoding: number,
  value: Ref,
  onMember: OnFrozenMember,
  descending = false,
): void => {
  reader.load(value, header)
  if (encoding === ZSET_LISTPACK) {
    walkListpack(onMember, descending)
    return
  }
  const height = header.i32[ROOT_WORD + 1]
  if (height > LEVELS_MAX) throw new Error(`a frozen sorted set of ${height} levels`)
  while (nodes.length < height) nodes.push(new FrozenBlock())
  walkNode(reader, header.i32[ROOT_WORD], height - 1, onMember, descending)
}

const walkNode = (
  reader: FrozenReader,
  ref: Ref,
  level: number,
  onMember: OnFrozenMember,
  descending: boolean,
): void => {
  const node = nodes[level]
  reader.load(ref, node)
  const n = node.i32[0]
  for (let i = 0; i < n; i++) {
    const slot = descending ? n - 1 - i : i
    if (level > 0) {
      walkNode(reader, node.i32[NODE.children + slot], level - 1, onMember, descending)
      continue
    }
    reader.load(node.i32[NODE.members + slot], member)
    onMember(member.u8, MEMBER_KEY_BYTE, member.i32[1], node.f64[1 + slot])
  }
}

const walkListpack = (onMember: OnFrozenMember, descending: boolean): void => {
  const u8 = header.u8
  let p = descending ? LP.prev(u8, 0, LP.last(u8, 0)) : LP.first(u8, 0)
  while (p >= 0) {
    const score = Pairs.scoreAt(u8, Pairs.valueOf(u8, p))
    LP.get(u8, p)
    onMember(LP.lpv.src, LP.lpv.off, LP.lpv.len, score)
    if (descending) {
      const before = LP.prev(u8, 0, p)
      p = before < 0 ? -1 : LP.prev(u8, 0, before)
    } else p = Pairs.nextPair(u8, p)
  }
}
