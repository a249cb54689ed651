/**
 * Adding and removing at a listpack's ends without moving the rest: at the front the header moves instead.
 *
 * A list node that keeps free bytes before its listpack pays the same for LPUSH as for RPUSH. In shared memory V8 moves
 * misaligned bytes at about 3.5 GB/s, so that a push at the front of a 8 KB node would cost a microsecond and more by
 * moving; by these functions it costs what an append does. The bytes of the listpack are the same either way, only `base`
 * differs: each function returns the new one.
 *
 * Example: ["b"] at base 100 becomes ["a", "b"] at base 97, its entry "b" still at 106.
 */
import { LISTPACK_HEADER, addToCount, byteLength } from "./Listpack.js"
import {
  LISTPACK_END,
  entryBefore,
  entrySize,
  prepare,
  readU32,
  writePrepared,
  writeU32,
} from "./ListpackEntry.js"

/** Writes the header of the listpack at `base` for `newBase`, with `entries` more elements. */
const moveHeader = (u8: Uint8Array, base: number, newBase: number, entries: number): void => {
  const total = byteLength(u8, base) + base - newBase
  const low = u8[base + 4]
  const high = u8[base + 5]
  writeU32(u8, newBase, total)
  u8[newBase + 4] = low
  u8[newBase + 5] = high
  addToCount(u8, newBase, entries)
}

/**
 * Adds an element at the start, growing downwards: the caller sees to `entryEncodedSize` free bytes before `base`, and
 * to it that the element's bytes are not among them. Returns the new base.
 */
export const prependDown = (
  u8: Uint8Array,
  base: number,
  src: Uint8Array,
  off: number,
  len: number,
): number => {
  return prependPrepared(u8, base, prepare(src, off, len), src, off, len)
}

/** As `prependDown`, for the entry of `bytes` bytes last prepared (ListpackEntry.ts) from the same source. */
export const prependPrepared = (
  u8: Uint8Array,
  base: number,
  bytes: number,
  src: Uint8Array,
  off: number,
  len: number,
): number => {
  const newBase = base - bytes
  moveHeader(u8, base, newBase, 1)
  writePrepared(u8, newBase + LISTPACK_HEADER, src, off, len)
  return newBase
}

/** Removes up to `n` elements at the start, leaving their bytes free before the listpack. Returns the new base. */
export const dropFirst = (u8: Uint8Array, base: number, n: number): number => {
  const from = base + LISTPACK_HEADER
  let p = from
  let done = 0
  for (; done < n && u8[p] !== LISTPACK_END; done++) p += entrySize(u8, p)
  const newBase = base + (p - from)
  moveHeader(u8, base, newBase, -done)
  return newBase
}

/** As Listpack.append, for the entry of `bytes` bytes last prepared (ListpackEntry.ts) from the same source. */
export const appendPrepared = (
  u8: Uint8Array,
  base: number,
  bytes: number,
  src: Uint8Array,
  off: number,
  len: number,
): void => {
  const total = readU32(u8, base)
  const p = base + total - 1
  writePrepared(u8, p, src, off, len)
  u8[p + bytes] = LISTPACK_END
  writeU32(u8, base, total + bytes)
  addToCount(u8, base, 1)
}

/** Removes up to `n` elements at the end. */
export const dropLast = (u8: Uint8Array, base: number, n: number): void => {
  const first = base + LISTPACK_HEADER
  let p = base + readU32(u8, base) - 1
  let done = 0
  for (; done < n && p !== first; done++) p = entryBefore(u8, p)
  u8[p] = LISTPACK_END
  writeU32(u8, base, p + 1 - base)
  addToCount(u8, base, -done)
}
