/**
 * Ranges of a sorted set: by score, and by member where all scores are the same. A range is found as the rank of its first
 * member and the number of its members, in O(log n) for a skiplist and by a walk for a listpack.
 *
 * Where scores differ, Redis does not define a range by member, but its stream carries the command; so both encodings are
 * walked as Redis walks them. The way down a skiplist to the first member depends on random heights there; here a short
 * one is walked from its end, as one without heights, and a long one is halved.
 */
import { byteOf, chunkOf } from "../../memory/Ref.js"
import type { Arena } from "../../memory/Arena.js"
import * as LP from "../../bytes/packed/Listpack.js"
import * as Pairs from "../../bytes/packed/ListpackPairs.js"
import { parseDoubleLax } from "../../bytes/Numbers.js"
import { ZSET_SKIPLIST } from "../Entry.js"
import type { SortedSet } from "./SortedSetValue.js"

/** Members of a skiplist that is walked where its order says nothing. */
const WALKED_MAX = 32

const OPEN_PARENTHESIS = 0x28
const OPEN_BRACKET = 0x5b
const MINUS = 0x2d
const PLUS = 0x2b

/** One end of a range of scores. */
export class ScoreBound {
  value = 0
  exclusive = false

  /** Reads "1.5", "(1.5", "-inf"; false when it is none. */
  parse(buf: Uint8Array, off: number, len: number): boolean {
    this.exclusive = len > 0 && buf[off] === OPEN_PARENTHESIS
    const skip = this.exclusive ? 1 : 0
    this.value = parseDoubleLax(buf, off + skip, len - skip)
    return !Number.isNaN(this.value)
  }

  set(value: number, exclusive: boolean): this {
    this.value = value
    this.exclusive = exclusive
    return this
  }
}

/** One end of a range of members; `end` is -1 for "-" (before all), 1 for "+" (after all), 0 for bytes. */
export class LexBound {
  end = 0
  exclusive = false
  buf: Uint8Array = new Uint8Array(0)
  off = 0
  len = 0

  /** Reads "-", "+", "[abc", "(abc"; false when it is none. The bytes stay where they are. */
  parse(buf: Uint8Array, off: number, len: number): boolean {
    const b = len > 0 ? buf[off] : 0
    this.end = 0
    if ((b === MINUS || b === PLUS) && (len === 1 || buf[off + 1] === 0)) {
      this.end = b === MINUS ? -1 : 1
      return true
    }
    this.exclusive = b === OPEN_PARENTHESIS
    this.buf = buf
    this.off = off + 1
    this.len = len - 1
    return this.exclusive || b === OPEN_BRACKET
  }

  /** Whether the listpack element at `p` is at or above this end of a range. */
  allowsAsMin(u8: Uint8Array, p: number): boolean {
    if (this.end !== 0) return this.end < 0
    const d = LP.compareBytes(u8, p, this.buf, this.off, this.len)
    return d > 0 || (d === 0 && !this.exclusive)
  }

  /** Whether the listpack element at `p` is at or below this end of a range. */
  allowsAsMax(u8: Uint8Array, p: number): boolean {
    if (this.end !== 0) return this.end > 0
    const d = LP.compareBytes(u8, p, this.buf, this.off, this.len)
    return d < 0 || (d === 0 && !this.exclusive)
  }
}

/** Order of the member at the set's cursor and a bound's bytes. */
const compareAtCursor = (set: SortedSet, bound: LexBound): number => {
  const n = Math.min(set.len, bound.len)
  for (let i = 0; i < n; i++) {
    const d = set.src[set.off + i] - bound.buf[bound.off + i]
    if (d !== 0) return d
  }
  return set.len - bound.len
}

const cursorAllowsAsMin = (set: SortedSet, min: LexBound): boolean => {
  if (min.end !== 0) return min.end < 0
  const d = compareAtCursor(set, min)
  return d > 0 || (d === 0 && !min.exclusive)
}

const cursorAllowsAsMax = (set: SortedSet, max: LexBound): boolean => {
  if (max.end !== 0) return max.end > 0
  const d = compareAtCursor(set, max)
  return d < 0 || (d === 0 && !max.exclusive)
}

/** Finds the members whose scores lie between the bounds: `set.from`, `set.count`. */
export const scoreRange = (a: Arena, set: SortedSet, min: ScoreBound, max: ScoreBound): void => {
  const lo = min.value
  const hi = max.value
  set.from = 0
  set.count = 0
  if (lo > hi || (lo === hi && (min.exclusive || max.exclusive))) return
  if (set.encoding === ZSET_SKIPLIST) {
    set.from = set.index.countBelow(lo, min.exclusive)
    set.count = set.index.countBelow(hi, !max.exclusive) - set.from
    return
  }
  const u8 = a.u8[chunkOf(set.value)]
  let p = LP.first(u8, byteOf(set.value))
  for (; p >= 0; p = Pairs.nextPair(u8, p)) {
    const score = Pairs.scoreAt(u8, Pairs.valueOf(u8, p))
    if (score > hi || (score === hi && max.exclusive)) return
    if (score < lo || (score === lo && min.exclusive)) set.from++
    else set.count++
  }
}

/** What a range by member is found for: Redis looks for it in four ways, which agree where all scores are the same. */
export type LexUse = "up" | "down" | "count" | "remove"

/** Finds the members between the bounds: `set.from`, `set.count`. */
export const lexRange = (a: Arena, set: SortedSet, min: LexBound, max: LexBound, use: LexUse): void => {
  set.from = 0
  set.count = 0
  if (min.end > 0 || max.end < 0) return
  if (set.encoding === ZSET_SKIPLIST) {
    if (sameScores(set)) {
      set.from = min.end < 0 ? 0 : belowMin(set, min)
      set.count = Math.max(0, (max.end > 0 ? set.size : uptoMax(set, max)) - set.from)
    } else mixedLexRange(set, min, max, use)
  } else if (use === "down") packedLexRangeDown(a, set, min, max)
  else packedLexRangeUp(a, set, min, max)
}

const belowMin = (set: SortedSet, min: LexBound): number =>
  set.index.countBelowLex(min.buf, min.off, min.len, min.exclusive)

const uptoMax = (set: SortedSet, max: LexBound): number =>
  set.index.countBelowLex(max.buf, max.off, max.len, !max.exclusive)

const sameScores = (set: SortedSet): boolean => {
  set.seek(set.size - 1)
  const highest = set.score
  set.seek(0)
  return set.score === highest
}

/** Rank of the member where Redis starts to go up, the size where there is none. */
const firstRank = (set: SortedSet, min: LexBound): number => {
  if (min.end < 0) return 0
  if (set.size > WALKED_MAX) return belowMin(set, min)
  let rank = 0
  set.seek(0)
  while (rank < set.size && !cursorAllowsAsMin(set, min)) if (++rank < set.size) set.forward()
  return rank
}

/** Rank of the member where Redis starts to go down, -1 where there is none. */
const lastRank = (set: SortedSet, max: LexBound): number => {
  if (max.end > 0) return set.size - 1
  if (set.size > WALKED_MAX) return uptoMax(set, max) - 1
  let rank = -1
  set.seek(0)
  while (rank + 1 < set.size && cursorAllowsAsMax(set, max)) if (++rank + 1 < set.size) set.forward()
  return rank
}

/** The range in a skiplist whose scores differ. */
const mixedLexRange = (set: SortedSet, min: LexBound, max: LexBound, use: LexUse): void => {
  if (use !== "remove") {
    if (isEmptyRange(min, max)) return
    set.seek(set.size - 1)
    if (!cursorAllowsAsMin(set, min)) return
    set.seek(0)
    if (!cursorAllowsAsMax(set, max)) return
  }
  if (use === "down") return goDown(set, lastRank(set, max), min)
  const first = firstRank(set, min)
  if (first === set.size) return
  set.seek(first)
  if (!cursorAllowsAsMax(set, max)) return
  set.from = first
  if (use === "count") {
    const last = lastRank(set, max)
    set.seek(Math.max(0, last))
    set.count = last < 0 || !cursorAllowsAsMin(set, min) ? set.size - first : last - first + 1
    return
  }
  do set.count++
  while (first + set.count < set.size && set.forward() && cursorAllowsAsMax(set, max))
}

const goDown = (set: SortedSet, last: number, min: LexBound): void => {
  if (last < 0) return
  set.seek(last)
  let rank = last
  while (rank >= 0 && cursorAllowsAsMin(set, min)) if (--rank >= 0) set.backward()
  set.from = rank + 1
  set.count = last - rank
}

const isEmptyRange = (min: LexBound, max: LexBound): boolean => {
  if (min.end !== 0 || max.end !== 0) return false
  const n = Math.min(min.len, max.len)
  let d = 0
  for (let i = 0; i < n && d === 0; i++) d = min.buf[min.off + i] - max.buf[max.off + i]
  if (d === 0) d = min.len - max.len
  return d > 0 || (d === 0 && (min.exclusive || max.exclusive))
}

/** Whether Redis looks into a listpack at all: neither end excludes everything. */
const reaches = (u8: Uint8Array, base: number, min: LexBound, max: LexBound): boolean => {
  if (isEmptyRange(min, max)) return false
  const last = LP.prev(u8, base, LP.last(u8, base))
  return min.allowsAsMin(u8, last) && max.allowsAsMax(u8, LP.first(u8, base))
}

const packedLexRangeUp = (a: Arena, set: SortedSet, min: LexBound, max: LexBound): void => {
  const u8 = a.u8[chunkOf(set.value)]
  const base = byteOf(set.value)
  if (!reaches(u8, base, min, max)) return
  let p = LP.first(u8, base)
  for (; p >= 0 && !min.allowsAsMin(u8, p); p = Pairs.nextPair(u8, p)) set.from++
  for (; p >= 0 && max.allowsAsMax(u8, p); p = Pairs.nextPair(u8, p)) set.count++
}

const packedLexRangeDown = (a: Arena, set: SortedSet, min: LexBound, max: LexBound): void => {
  const u8 = a.u8[chunkOf(set.value)]
  const base = byteOf(set.value)
  if (!reaches(u8, base, min, max)) return
  let rank = set.size - 1
  set.seek(rank)
  while (rank >= 0 && !max.allowsAsMax(u8, set.packedPosition)) {
    rank--
    if (!set.backward()) return
  }
  do {
    if (!min.allowsAsMin(u8, set.packedPosition)) break
    set.from = rank--
    set.count++
  } while (set.backward())
}
