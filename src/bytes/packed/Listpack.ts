/**
 * Listpack: a short sequence of byte strings and integers in one run of bytes, exactly Redis's own format, so that RDB,
 * DUMP and replication copy it verbatim. Small lists, hashes, sorted sets and the nodes of long lists are listpacks.
 *
 *     total u32 LE | count u16 LE | entry ... entry | ff
 *
 * `total` is the size in bytes of all of it, header and end byte included. `count` is the number of entries, or 65535 for
 * "many, walk and see"; it stays 65535 once reached. Entries are described in ListpackEntry.ts.
 *
 * How to call it:
 * - A listpack lives at `base` in `u8` (an arena chunk, say). Positions are absolute byte indexes in `u8` of an entry's
 *   first byte; -1 is "none". The end byte's index (`end`) is a place to insert before, not an element.
 * - Writes happen in place. The caller sees to it that `byteLength` plus what is added fits: ask `entryEncodedSize`,
 *   `encodedSizeInt`, `replaceGrowth` or `mergedSize` first. A write never touches bytes outside the listpack's old and
 *   new extent.
 * - New elements come as (src, off, len). They may lie in `u8`, but not inside the listpack that is written.
 * - An element is read through the cursor `lpv`.
 *
 * Invariants (ListpackValidate.ts checks them): total ends on the ff byte; every backlen is its entry's; count is right
 * or 65535. Every write leaves the bytes that Redis would: they depend on the elements alone, not on their history
 * (count 65535 excepted).
 *
 * Limits: total below 2^31 here, 2^32 in the format.
 *
 * Example: ["abc", 1000] is 0f 00 00 00 | 02 00 | 83 61 62 63 04 | c3 e8 02 | ff.
 */
import { int64, parseCanonical } from "../Int64.js"
import {
  LISTPACK_END,
  backlenSize,
  bodySize,
  entryBefore,
  entrySize,
  lpv,
  prepare,
  prepareInt,
  read,
  readU32,
  sameBytes,
  writePrepared,
  writeU32,
} from "./ListpackEntry.js"

export {
  LISTPACK_END,
  compareBytes,
  encodedSizeInt,
  entryEncodedSize,
  entrySize,
  equals,
  get,
  lpv,
  read,
} from "./ListpackEntry.js"

/** Bytes of total and count. */
export const LISTPACK_HEADER = 6

/** Bytes of a listpack without entries. */
export const LISTPACK_EMPTY = 7

/** The count that stands for "unknown". */
const COUNT_UNKNOWN = 65535

/** Gaps this small are closed by a byte loop. */
const LOOP_BYTES = 24

/** Writes an empty listpack of LISTPACK_EMPTY bytes. */
export const init = (u8: Uint8Array, base: number): void => {
  writeU32(u8, base, LISTPACK_EMPTY)
  u8[base + 4] = 0
  u8[base + 5] = 0
  u8[base + 6] = LISTPACK_END
}

/** Size in bytes of the whole listpack. */
export const byteLength = (u8: Uint8Array, base: number): number => readU32(u8, base)

/** Index of the end byte: the place to insert before in order to append. */
export const end = (u8: Uint8Array, base: number): number => base + readU32(u8, base) - 1

/** Whether it has no elements. */
export const isEmpty = (u8: Uint8Array, base: number): boolean => u8[base + LISTPACK_HEADER] === LISTPACK_END

const headerCount = (u8: Uint8Array, base: number): number => u8[base + 4] | (u8[base + 5] << 8)

/** Number of elements. Constant time below 65535 elements, a walk otherwise. */
export const count = (u8: Uint8Array, base: number): number => {
  const known = headerCount(u8, base)
  if (known !== COUNT_UNKNOWN) return known
  let n = 0
  for (let p = base + LISTPACK_HEADER; u8[p] !== LISTPACK_END; p += entrySize(u8, p)) n++
  return n
}

/** Changes the count in the header, where it is known. For those who write entries themselves. */
export const addToCount = (u8: Uint8Array, base: number, delta: number): void => {
  const known = headerCount(u8, base)
  if (known === COUNT_UNKNOWN) return
  const n = known + delta >= COUNT_UNKNOWN ? COUNT_UNKNOWN : known + delta
  u8[base + 4] = n & 0xff
  u8[base + 5] = n >> 8
}

/** The first element, or -1. */
export const first = (u8: Uint8Array, base: number): number => {
  const p = base + LISTPACK_HEADER
  return u8[p] === LISTPACK_END ? -1 : p
}

/** The last element, or -1. */
export const last = (u8: Uint8Array, base: number): number => {
  const p = end(u8, base)
  return p === base + LISTPACK_HEADER ? -1 : entryBefore(u8, p)
}

/** The element after `p`, or -1. */
export const next = (u8: Uint8Array, p: number): number => {
  const q = p + entrySize(u8, p)
  return u8[q] === LISTPACK_END ? -1 : q
}

/** The place after the element at `p`: the next element, or the end byte. */
export const after = (u8: Uint8Array, p: number): number => p + entrySize(u8, p)

/** The element before `p` (an element or the end byte), or -1. */
export const prev = (u8: Uint8Array, base: number, p: number): number =>
  p === base + LISTPACK_HEADER ? -1 : entryBefore(u8, p)

/** The element at an index from 0, or from -1 counting back from the last; -1 when out of range. */
export const seek = (u8: Uint8Array, base: number, index: number): number => {
  const known = headerCount(u8, base)
  let i = index
  if (known !== COUNT_UNKNOWN) {
    if (i < 0) i += known
    if (i < 0 || i >= known) return -1
    // Walk from the nearer end.
    if (i > known >> 1) i -= known
  }
  if (i >= 0) {
    let p = base + LISTPACK_HEADER
    for (; i > 0 && u8[p] !== LISTPACK_END; i--) p += entrySize(u8, p)
    return u8[p] === LISTPACK_END ? -1 : p
  }
  let p = end(u8, base)
  for (; i < 0; i++) {
    if (p === base + LISTPACK_HEADER) return -1
    p = entryBefore(u8, p)
  }
  return p
}

/**
 * Makes the `oldBytes` at `p` into `newBytes` of room, moving what follows, and sets the total. Whoever calls it writes
 * whole entries into the room and sees to the count.
 */
const resizeGap = (u8: Uint8Array, base: number, p: number, oldBytes: number, newBytes: number): void => {
  if (oldBytes === newBytes) return
  const total = readU32(u8, base)
  const from = p + oldBytes
  const to = p + newBytes
  const stop = base + total
  const n = stop - from
  if (n > LOOP_BYTES) u8.copyWithin(to, from, stop)
  else if (to > from) for (let i = n - 1; i >= 0; i--) u8[to + i] = u8[from + i]
  else for (let i = 0; i < n; i++) u8[to + i] = u8[from + i]
  writeU32(u8, base, total + newBytes - oldBytes)
}

/** Opens room for `entries` new entries of `bytes` together at `p`. */
export const openGap = (u8: Uint8Array, base: number, p: number, bytes: number, entries: number): void => {
  resizeGap(u8, base, p, 0, bytes)
  addToCount(u8, base, entries)
}

/** Inserts an element before `p` (an element or the end byte); returns its position, which is `p`. */
export const insertBefore = (
  u8: Uint8Array,
  base: number,
  p: number,
  src: Uint8Array,
  off: number,
  len: number,
): number => {
  openGap(u8, base, p, prepare(src, off, len), 1)
  writePrepared(u8, p, src, off, len)
  return p
}

/** Inserts an element after the element at `p`; returns its position. */
export const insertAfter = (
  u8: Uint8Array,
  base: number,
  p: number,
  src: Uint8Array,
  off: number,
  len: number,
): number => insertBefore(u8, base, p + entrySize(u8, p), src, off, len)

/** Adds an element at the end; returns its position. */
export const append = (u8: Uint8Array, base: number, src: Uint8Array, off: number, len: number): number =>
  insertBefore(u8, base, end(u8, base), src, off, len)

/** Adds an element at the start; returns its position. */
export const prepend = (u8: Uint8Array, base: number, src: Uint8Array, off: number, len: number): number =>
  insertBefore(u8, base, base + LISTPACK_HEADER, src, off, len)

/** Inserts a safe integer before `p` (an element or the end byte); returns its position. */
const insertInt = (u8: Uint8Array, base: number, p: number, value: number): number => {
  openGap(u8, base, p, prepareInt(value), 1)
  writePrepared(u8, p, u8, 0, 0)
  return p
}

/** Adds a safe integer at the end; returns its position. */
export const appendInt = (u8: Uint8Array, base: number, value: number): number =>
  insertInt(u8, base, end(u8, base), value)

/** Bytes that `replace` would add to the listpack; negative when it shrinks. */
export const replaceGrowth = (u8: Uint8Array, p: number, src: Uint8Array, off: number, len: number): number =>
  prepare(src, off, len) - entrySize(u8, p)

/** Puts another element in the place of the one at `p`, which stays its position. */
export const replace = (
  u8: Uint8Array,
  base: number,
  p: number,
  src: Uint8Array,
  off: number,
  len: number,
): number => {
  resizeGap(u8, base, p, entrySize(u8, p), prepare(src, off, len))
  writePrepared(u8, p, src, off, len)
  return p
}

/** Puts a safe integer in the place of the element at `p`. */
export const replaceInt = (u8: Uint8Array, base: number, p: number, value: number): number => {
  resizeGap(u8, base, p, entrySize(u8, p), prepareInt(value))
  writePrepared(u8, p, u8, 0, 0)
  return p
}

/** Removes the bytes from the entry at `from` up to `to` (an entry or the end byte), `entries` of them. */
export const deleteSpan = (u8: Uint8Array, base: number, from: number, to: number, entries: number): void => {
  resizeGap(u8, base, from, to - from, 0)
  addToCount(u8, base, -entries)
}

/** Removes the element at `p`; returns the position of the one that followed it (`p`), or -1. */
export const deleteAt = (u8: Uint8Array, base: number, p: number): number => {
  deleteSpan(u8, base, p, p + entrySize(u8, p), 1)
  return u8[p] === LISTPACK_END ? -1 : p
}

/** Removes up to `n` elements from an index on (negative counts from the end); returns how many. */
export const deleteRange = (u8: Uint8Array, base: number, index: number, n: number): number => {
  const from = n > 0 ? seek(u8, base, index) : -1
  if (from < 0) return 0
  let p = from
  let done = 0
  for (; done < n && u8[p] !== LISTPACK_END; done++) p += entrySize(u8, p)
  deleteSpan(u8, base, from, p, done)
  return done
}

/**
 * The first element from `from` on (an element, the end byte or -1) that equals the bytes, or -1. After each comparison
 * `skip` elements are passed over: 0 looks at all, 1 at every second (a hash's fields). Integers are compared by value.
 */
export const find = (
  u8: Uint8Array,
  from: number,
  src: Uint8Array,
  off: number,
  len: number,
  skip: number,
): number => {
  if (from < 0) return -1
  const isInt = parseCanonical(src, off, len)
  const hi = int64.hi
  const lo = int64.lo
  let p = from
  let wait = 0
  for (;;) {
    const b = u8[p]
    if (b === LISTPACK_END) return -1
    const here = wait === 0
    wait = here ? skip : wait - 1
    if (b < 0x80) {
      if (here && isInt && lo === b && hi === 0) return p
      p += 2
    } else if (b < 0xc0) {
      const n = b & 0x3f
      if (here && n === len && sameBytes(u8, p + 1, src, off, len)) return p
      p += n + 2
    } else {
      if (here && equalsParsed(u8, p, src, off, len, isInt, hi, lo)) return p
      const body = bodySize(u8, p)
      p += body + backlenSize(body)
    }
  }
}

const equalsParsed = (
  u8: Uint8Array,
  p: number,
  src: Uint8Array,
  off: number,
  len: number,
  isInt: boolean,
  hi: number,
  lo: number,
): boolean => {
  read(u8, p)
  if (lpv.isInt) return isInt && lpv.intLo === lo && lpv.intHi === hi
  return lpv.len === len && sameBytes(u8, lpv.off, src, off, len)
}

/** Fills `out` with the positions of the elements at `indexes[0, n)`, ascending and in range; repeats are allowed. */
export const positionsAt = (
  u8: Uint8Array,
  base: number,
  indexes: Int32Array,
  n: number,
  out: Int32Array,
): void => {
  let p = base + LISTPACK_HEADER
  let i = 0
  for (let k = 0; k < n; k++) {
    for (const want = indexes[k]; i < want; i++) p += entrySize(u8, p)
    out[k] = p
  }
}

/**
 * Picks `wanted` distinct elements uniformly, in their order, looking at every `stride`-th (1: all, 2: a hash's fields).
 * `random` yields [0, 1). Fills `out` with positions; returns how many: `wanted`, or all when there are fewer.
 */
export const samplePositions = (
  u8: Uint8Array,
  base: number,
  stride: number,
  wanted: number,
  random: () => number,
  out: Int32Array,
): number => {
  let left = Math.floor(count(u8, base) / stride)
  let need = wanted < left ? wanted : left
  const picked = need
  let p = base + LISTPACK_HEADER
  while (need > 0) {
    // Each candidate is taken with probability need/left, which makes every subset equally likely.
    if (random() * left < need) {
      out[picked - need] = p
      need--
    }
    left--
    for (let i = 0; i < stride && u8[p] !== LISTPACK_END; i++) p += entrySize(u8, p)
  }
  return picked
}
