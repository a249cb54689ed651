/**
 * Listpacks of pairs: a small hash is [field value field value ...] in insertion order, a small sorted set is
 * [member score member score ...] in ascending (score, member) order, members of one score by their bytes.
 *
 * A pair's position is its key's (field or member). Conventions are Listpack.ts's. A score is stored as an integer when
 * its text is one, else as its text ("%.17g", "inf", "-inf"); the caller formats it (Numbers.ts, `formatPackedScore`).
 *
 * Example: ZADD z 1 a 2.5 b is 14 00 00 00 | 04 00 | 81 61 02 | 01 01 | 81 62 02 | 83 32 2e 35 04 | ff.
 */
import { pairToDouble } from "../Int64.js"
import {
  LISTPACK_END,
  LISTPACK_HEADER,
  compareBytes,
  count,
  deleteSpan,
  end,
  entryEncodedSize,
  entrySize,
  find,
  first,
  last,
  lpv,
  openGap,
  read,
} from "./Listpack.js"
import { writeEntry } from "./ListpackEntry.js"
import { parseDouble } from "../Numbers.js"

/** Number of pairs. */
export const pairCount = (u8: Uint8Array, base: number): number => count(u8, base) >> 1

/** Position of the pair with this key, or -1. */
export const findPair = (u8: Uint8Array, base: number, src: Uint8Array, off: number, len: number): number =>
  find(u8, base + LISTPACK_HEADER, src, off, len, 1)

/** Position of the value or score that belongs to the key at `p`. */
export const valueOf = (u8: Uint8Array, p: number): number => p + entrySize(u8, p)

/** Position of the pair after the one at `p`, or -1. */
export const nextPair = (u8: Uint8Array, p: number): number => {
  const q = afterPair(u8, p)
  return u8[q] === LISTPACK_END ? -1 : q
}

/** The place after the pair at `p`: the next pair or the end byte. */
export const afterPair = (u8: Uint8Array, p: number): number => {
  const v = p + entrySize(u8, p)
  return v + entrySize(u8, v)
}

/** Bytes that inserting the pair adds. */
export const pairEncodedSize = (
  key: Uint8Array,
  keyOff: number,
  keyLen: number,
  value: Uint8Array,
  valueOff: number,
  valueLen: number,
): number => entryEncodedSize(key, keyOff, keyLen) + entryEncodedSize(value, valueOff, valueLen)

/** Inserts a pair before `p` (a pair or the end byte); returns its position. */
export const insertPair = (
  u8: Uint8Array,
  base: number,
  p: number,
  key: Uint8Array,
  keyOff: number,
  keyLen: number,
  value: Uint8Array,
  valueOff: number,
  valueLen: number,
): number => {
  openGap(u8, base, p, pairEncodedSize(key, keyOff, keyLen, value, valueOff, valueLen), 2)
  writeEntry(u8, p + writeEntry(u8, p, key, keyOff, keyLen), value, valueOff, valueLen)
  return p
}

/** Adds a pair at the end; returns its position. */
export const appendPair = (
  u8: Uint8Array,
  base: number,
  key: Uint8Array,
  keyOff: number,
  keyLen: number,
  value: Uint8Array,
  valueOff: number,
  valueLen: number,
): number => insertPair(u8, base, end(u8, base), key, keyOff, keyLen, value, valueOff, valueLen)

/** Removes the pair at `p`; returns the position of the one that followed it (`p`), or -1. */
export const deletePair = (u8: Uint8Array, base: number, p: number): number => {
  deleteSpan(u8, base, p, afterPair(u8, p), 2)
  return u8[p] === LISTPACK_END ? -1 : p
}

/** More than any score is written with. */
const SCORE_DIGITS_MAX = 127

/** The score stored at `p` (a score's own position, see `valueOf`). */
export const scoreAt = (u8: Uint8Array, p: number): number => {
  read(u8, p)
  if (lpv.isInt) return pairToDouble(lpv.intHi, lpv.intLo)
  const score = parseDouble(lpv.src, lpv.off, lpv.len)
  return score === score ? score : leadingNumber(lpv.src, lpv.off, lpv.len)
}

/** The number a damaged score starts with, 0 where it starts with none: what strtod makes of it. */
const leadingNumber = (src: Uint8Array, off: number, len: number): number => {
  const sign = src[off] === 0x2b || src[off] === 0x2d ? 1 : 0
  if (/^nan/i.test(String.fromCharCode(...src.subarray(off + sign, off + Math.min(len, 3 + sign)))))
    return NaN
  for (let n = Math.min(len, SCORE_DIGITS_MAX) - 1; n > 0; n--) {
    const score = parseDouble(src, off, n)
    if (score === score) return score
  }
  return 0
}

/**
 * Where (score, member) belongs in a sorted set: the position of the first pair that sorts after it, or the end byte.
 * A pair equal to it counts as before it; a member that is to be moved is deleted first.
 */
export const scorePlace = (
  u8: Uint8Array,
  base: number,
  score: number,
  src: Uint8Array,
  off: number,
  len: number,
): number => {
  // Scores that are times mostly sort last.
  const tail = last(u8, base)
  if (tail >= 0 && scoreAt(u8, tail) < score) return end(u8, base)
  let p = base + LISTPACK_HEADER
  while (u8[p] !== LISTPACK_END) {
    const v = p + entrySize(u8, p)
    const s = scoreAt(u8, v)
    if (s > score || (s === score && compareBytes(u8, p, src, off, len) > 0)) return p
    p = v + entrySize(u8, v)
  }
  return p
}

/** The first pair whose score is above `min`, or equal to it unless `exclusive`; -1 when there is none. */
export const firstFromScore = (u8: Uint8Array, base: number, min: number, exclusive: boolean): number => {
  let p = first(u8, base)
  while (p >= 0) {
    const s = scoreAt(u8, valueOf(u8, p))
    if (s > min || (s === min && !exclusive)) return p
    p = nextPair(u8, p)
  }
  return -1
}
