/**
 * Ranges of a sorted set: by score, and by member where all scores are the same. A range is found as the rank of its first
 * member and the number of its members, in O(log n) for a skiplist and by a walk for a listpack.
 *
 * Where scores differ, Redis does not define a range by member; a listpack is walked as Redis walks it.
 */
import type { Arena } from "../../memory/Arena.js"
import * as LP from "../../bytes/packed/Listpack.js"
import * as Pairs from "../../bytes/packed/ListpackPairs.js"
import { parseDoubleLax } from "../../bytes/Numbers.js"
import { ZSET_SKIPLIST } from "../Entry.js"
import type { SortedSet } from "./SortedSetValue.js"

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
  const u8 = a.u8[set.value >>> 20]
  let p = LP.first(u8, (set.value & 0xfffff) << 3)
  for (; p >= 0; p = Pairs.nextPair(u8, p)) {
    const score = Pairs.scoreAt(u8, Pairs.valueOf(u8, p))
    if (score > hi || (score === hi && max.exclusive)) return
    if (score < lo || (score === lo && min.exclusive)) set.from++
    else set.count++
  }
}

/** Finds the members between the bounds, looked for from the last one down if `reverse`: `set.from`, `set.count`. */
export const lexRange = (a: Arena, set: SortedSet, min: LexBound, max: LexBound, reverse: boolean): void => {
  set.from = 0
  set.count = 0
  if (min.end > 0 || max.end < 0) return
  if (set.encoding === ZSET_SKIPLIST) {
    const { index } = set
    set.from = min.end < 0 ? 0 : index.countBelowLex(min.buf, min.off, min.len, min.exclusive)
    const end = max.end > 0 ? set.size : index.countBelowLex(max.buf, max.off, max.len, !max.exclusive)
    set.count = Math.max(0, end - set.from)
  } else if (reverse) packedLexRangeDown(a, set, min, max)
  else packedLexRangeUp(a, set, min, max)
}

/** Whether Redis looks into a listpack at all: neither end excludes everything. */
const reaches = (u8: Uint8Array, base: number, min: LexBound, max: LexBound): boolean => {
  if (min.end === 0 && max.end === 0) {
    const n = Math.min(min.len, max.len)
    let d = 0
    for (let i = 0; i < n && d === 0; i++) d = min.buf[min.off + i] - max.buf[max.off + i]
    if (d === 0) d = min.len - max.len
    if (d > 0 || (d === 0 && (min.exclusive || max.exclusive))) return false
  }
  const last = LP.prev(u8, base, LP.last(u8, base))
  return min.allowsAsMin(u8, last) && max.allowsAsMax(u8, LP.first(u8, base))
}

const packedLexRangeUp = (a: Arena, set: SortedSet, min: LexBound, max: LexBound): void => {
  const u8 = a.u8[set.value >>> 20]
  const base = (set.value & 0xfffff) << 3
  if (!reaches(u8, base, min, max)) return
  let p = LP.first(u8, base)
  for (; p >= 0 && !min.allowsAsMin(u8, p); p = Pairs.nextPair(u8, p)) set.from++
  for (; p >= 0 && max.allowsAsMax(u8, p); p = Pairs.nextPair(u8, p)) set.count++
}

const packedLexRangeDown = (a: Arena, set: SortedSet, min: LexBound, max: LexBound): void => {
  const u8 = a.u8[set.value >>> 20]
  const base = (set.value & 0xfffff) << 3
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
