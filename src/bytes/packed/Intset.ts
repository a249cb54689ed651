/**
 * Intset: a small set of integers as a sorted array, exactly Redis's own format, so that RDB, DUMP and replication copy
 * it verbatim.
 *
 *     encoding u32 LE | length u32 LE | value value ...
 *
 * `encoding` is the width of every value in bytes: 2, 4 or 8. Values are signed, little-endian, strictly ascending. The
 * width is the widest any value ever needed; it grows with `add` and does not shrink with `remove`.
 *
 * Conventions: the set lives at `base` in `u8`, writes happen in place and the caller sees to it that `sizeAfterAdd`
 * bytes fit. Values are pairs (hi, lo) of int32 as in Int64.ts: `parseCanonical` turns a member's text into one,
 * `splitNumber` a safe integer. An element is read through the cursor `isv`.
 *
 * Invariants (`validate` checks them): the encoding is 2, 4 or 8; the length matches the size; values ascend strictly.
 *
 * Limit: length below 2^31 / width.
 *
 * Example: {-1, 5, 300} is 02 00 00 00 | 03 00 00 00 | ff ff | 05 00 | 2c 01.
 */
import { INT64_TEXT_MAX, comparePairs, formatPairBefore, pairToNumber } from "../Int64.js"
import { readI32, readU32, sameBytes, writeU32 } from "./ListpackEntry.js"

/** Bytes of encoding and length: the size of an empty set. */
export const INTSET_HEADER = 8

const textScratch = new Uint8Array(INT64_TEXT_MAX)

/**
 * The value last read by `get` or `read`: int32 halves, the number (NaN when unsafe), and after `get` its decimal text
 * at `src[off, off + len)`, in a scratch that the next `get` overwrites.
 */
export const isv: { src: Uint8Array; off: number; len: number; int: number; intHi: number; intLo: number } = {
  src: textScratch,
  off: 0,
  len: 0,
  int: NaN,
  intHi: 0,
  intLo: 0,
}

/** Writes an empty set of INTSET_HEADER bytes. */
export const init = (u8: Uint8Array, base: number): void => {
  writeU32(u8, base, 2)
  writeU32(u8, base + 4, 0)
}

/** Bytes a value takes: 2, 4 or 8. */
export const encoding = (u8: Uint8Array, base: number): number => u8[base]

/** Number of values. */
export const count = (u8: Uint8Array, base: number): number => readU32(u8, base + 4)

/** Size in bytes of the whole set. */
export const byteLength = (u8: Uint8Array, base: number): number =>
  INTSET_HEADER + u8[base] * readU32(u8, base + 4)

/** The width that a value needs. */
const widthOf = (hi: number, lo: number): number => {
  if (hi !== lo >> 31) return 8
  return lo === (lo << 16) >> 16 ? 2 : 4
}

/** Size in bytes of the set once a value that it lacks has been added. */
export const sizeAfterAdd = (u8: Uint8Array, base: number, hi: number, lo: number): number => {
  const need = widthOf(hi, lo)
  const width = need > u8[base] ? need : u8[base]
  return INTSET_HEADER + width * (readU32(u8, base + 4) + 1)
}

/** Low half of the value at byte index `p`. */
const lowAt = (u8: Uint8Array, p: number, width: number): number =>
  width === 2 ? ((u8[p] | (u8[p + 1] << 8)) << 16) >> 16 : readI32(u8, p)

/** High half of the value at byte index `p`. */
const highAt = (u8: Uint8Array, p: number, width: number, lo: number): number =>
  width === 8 ? readI32(u8, p + 4) : lo >> 31

const writeAt = (u8: Uint8Array, p: number, width: number, hi: number, lo: number): void => {
  if (width === 2) {
    u8[p] = lo & 0xff
    u8[p + 1] = (lo >> 8) & 0xff
    return
  }
  writeU32(u8, p, lo)
  if (width === 8) writeU32(u8, p + 4, hi)
}

/** Index of a value, or -(place + 1) where `place` is the index it would get. */
export const find = (u8: Uint8Array, base: number, hi: number, lo: number): number => {
  const width = u8[base]
  const n = readU32(u8, base + 4)
  if (widthOf(hi, lo) > width) return hi < 0 ? -1 : -n - 1
  const values = base + INTSET_HEADER
  let low = 0
  let high = n
  while (low < high) {
    const mid = (low + high) >> 1
    const p = values + mid * width
    const midLo = lowAt(u8, p, width)
    const order = comparePairs(highAt(u8, p, width, midLo), midLo, hi, lo)
    if (order === 0) return mid
    if (order < 0) low = mid + 1
    else high = mid
  }
  return -low - 1
}

/** Whether the set has a value. */
export const has = (u8: Uint8Array, base: number, hi: number, lo: number): boolean =>
  find(u8, base, hi, lo) >= 0

/** Adds a value, widening all when it needs it; false when it was there. The room is `sizeAfterAdd`. */
export const add = (u8: Uint8Array, base: number, hi: number, lo: number): boolean => {
  const at = find(u8, base, hi, lo)
  if (at >= 0) return false
  const need = widthOf(hi, lo)
  if (need > u8[base]) widen(u8, base, need)
  const width = u8[base]
  const n = readU32(u8, base + 4)
  const p = base + INTSET_HEADER + (-at - 1) * width
  u8.copyWithin(p + width, p, base + INTSET_HEADER + n * width)
  writeAt(u8, p, width, hi, lo)
  writeU32(u8, base + 4, n + 1)
  return true
}

/** Rewrites all values at a greater width, the last first so that none is overwritten before it is read. */
const widen = (u8: Uint8Array, base: number, width: number): void => {
  const old = u8[base]
  const values = base + INTSET_HEADER
  for (let i = readU32(u8, base + 4) - 1; i >= 0; i--) {
    const lo = lowAt(u8, values + i * old, old)
    writeAt(u8, values + i * width, width, highAt(u8, values + i * old, old, lo), lo)
  }
  writeU32(u8, base, width)
}

/** Removes a value; false when it was not there. */
export const remove = (u8: Uint8Array, base: number, hi: number, lo: number): boolean => {
  const at = find(u8, base, hi, lo)
  if (at < 0) return false
  removeAt(u8, base, at)
  return true
}

/** Removes the value at an index within 0 .. count-1. */
export const removeAt = (u8: Uint8Array, base: number, index: number): void => {
  const width = u8[base]
  const n = readU32(u8, base + 4)
  const p = base + INTSET_HEADER + index * width
  u8.copyWithin(p, p + width, base + INTSET_HEADER + n * width)
  writeU32(u8, base + 4, n - 1)
}

/** Reads the value at an index within 0 .. count-1 into `isv`, without text. */
export const read = (u8: Uint8Array, base: number, index: number): void => {
  const width = u8[base]
  const p = base + INTSET_HEADER + index * width
  const lo = lowAt(u8, p, width)
  const hi = highAt(u8, p, width, lo)
  isv.intHi = hi
  isv.intLo = lo
  isv.int = width === 8 ? pairToNumber(hi, lo) : lo
  isv.len = 0
}

/** Reads the value at an index within 0 .. count-1 into `isv`, with its decimal text. */
export const get = (u8: Uint8Array, base: number, index: number): void => {
  read(u8, base, index)
  isv.off = formatPairBefore(textScratch, INT64_TEXT_MAX, isv.intHi, isv.intLo)
  isv.len = INT64_TEXT_MAX - isv.off
}

/** Index of a value picked uniformly, -1 from an empty set. `random` yields [0, 1). */
export const randomIndex = (u8: Uint8Array, base: number, random: () => number): number => {
  const n = readU32(u8, base + 4)
  return n === 0 ? -1 : Math.floor(random() * n)
}

/**
 * Whether the `len` bytes at `base` are an intset; reads nothing outside them. The shallow check looks at the header
 * only, the deep one also that the values ascend strictly.
 */
export const validate = (u8: Uint8Array, base: number, len: number, deep: boolean): boolean => {
  if (base < 0 || len < INTSET_HEADER || base + len > u8.length) return false
  const width = readU32(u8, base)
  if (width !== 2 && width !== 4 && width !== 8) return false
  const n = readU32(u8, base + 4)
  if (len !== INTSET_HEADER + n * width) return false
  if (!deep) return true
  for (let i = 1, p = base + INTSET_HEADER; i < n; i++, p += width) {
    const lo = lowAt(u8, p, width)
    const nextLo = lowAt(u8, p + width, width)
    const order = comparePairs(highAt(u8, p, width, lo), lo, highAt(u8, p + width, width, nextLo), nextLo)
    if (order >= 0) return false
  }
  return true
}

const VALUES = { 2: Int16Array, 4: Int32Array } as const

/** Puts the values of a set that passed only the shallow check in order, each once; answers the size in bytes. */
export const mend = (u8: Uint8Array, base: number): number => {
  const width = u8[base]
  const n = readU32(u8, base + 4)
  const from = base + INTSET_HEADER
  const bytes = u8.slice(from, from + n * width)
  if (width === 2 || width === 4) new VALUES[width](bytes.buffer).sort()
  else new BigInt64Array(bytes.buffer).sort()
  let kept = 0
  for (let i = 0; i < n; i++) {
    if (i > 0 && sameBytes(bytes, (i - 1) * width, bytes, i * width, width)) continue
    u8.set(bytes.subarray(i * width, (i + 1) * width), from + kept++ * width)
  }
  writeU32(u8, base + 4, kept)
  return INTSET_HEADER + kept * width
}
