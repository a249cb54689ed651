/**
 * Moving runs of elements between listpacks, for lists whose nodes split and merge.
 *
 * The bytes of entries are copied as they are: an entry means the same in every listpack. Positions, capacity and
 * aliasing are as in Listpack.ts; the two listpacks may lie in the same array but must not overlap.
 *
 * Example: splitting [a b c d] at index 1 leaves [a] and makes [b c d].
 */
import {
  LISTPACK_EMPTY,
  LISTPACK_HEADER,
  byteLength,
  count,
  deleteSpan,
  end,
  entrySize,
  init,
  openGap,
  seek,
} from "./Listpack.js"
import { copyBytes } from "../Bytes.js"
import { LISTPACK_END } from "./ListpackEntry.js"

/** Size in bytes of the listpack that holds the elements of both. */
export const mergedSize = (a: Uint8Array, aBase: number, b: Uint8Array, bBase: number): number =>
  byteLength(a, aBase) + byteLength(b, bBase) - LISTPACK_EMPTY

/** Adds all elements of `src` at the end of `dst`; `src` stays as it is. `dst` needs `mergedSize` bytes. */
export const appendAll = (dst: Uint8Array, dstBase: number, src: Uint8Array, srcBase: number): void =>
  insertAll(dst, dstBase, end(dst, dstBase), src, srcBase)

/** Adds all elements of `src` at the start of `dst`; `src` stays as it is. `dst` needs `mergedSize` bytes. */
export const prependAll = (dst: Uint8Array, dstBase: number, src: Uint8Array, srcBase: number): void =>
  insertAll(dst, dstBase, dstBase + LISTPACK_HEADER, src, srcBase)

const insertAll = (dst: Uint8Array, dstBase: number, p: number, src: Uint8Array, srcBase: number): void => {
  const bytes = byteLength(src, srcBase) - LISTPACK_EMPTY
  openGap(dst, dstBase, p, bytes, count(src, srcBase))
  copyBytes(src, srcBase + LISTPACK_HEADER, dst, p, bytes)
}

/** Position `n` elements after `p`, or the end byte when there are fewer. */
const advance = (u8: Uint8Array, p: number, n: number): number => {
  let at = p
  for (let i = 0; i < n && u8[at] !== LISTPACK_END; i++) at += entrySize(u8, at)
  return at
}

/** Size in bytes of a listpack of the elements from position `from` up to `to` (an element or the end byte). */
export const spanSize = (from: number, to: number): number => to - from + LISTPACK_EMPTY

/** Makes `dst` a listpack of the `entries` elements from position `from` up to `to`. It needs `spanSize` bytes. */
export const copySpan = (
  u8: Uint8Array,
  from: number,
  to: number,
  entries: number,
  dst: Uint8Array,
  dstBase: number,
): void => {
  init(dst, dstBase)
  openGap(dst, dstBase, dstBase + LISTPACK_HEADER, to - from, entries)
  copyBytes(u8, from, dst, dstBase + LISTPACK_HEADER, to - from)
}

/** Size in bytes of the listpack that `splitAt` would make. */
export const splitSize = (u8: Uint8Array, base: number, index: number): number => {
  const p = seek(u8, base, index)
  return p < 0 ? LISTPACK_EMPTY : spanSize(p, end(u8, base))
}

/** Moves the elements from an index on into `dst`, a new listpack of `splitSize` bytes; returns how many moved. */
export const splitAt = (
  u8: Uint8Array,
  base: number,
  index: number,
  dst: Uint8Array,
  dstBase: number,
): number => {
  const p = seek(u8, base, index)
  if (p < 0) {
    init(dst, dstBase)
    return 0
  }
  const moved = count(u8, base) - (index < 0 ? count(u8, base) + index : index)
  const to = end(u8, base)
  copySpan(u8, p, to, moved, dst, dstBase)
  deleteSpan(u8, base, p, to, moved)
  return moved
}

/** Moves the first `n` elements (or all) into `dst`, a new listpack of `firstSize` bytes; returns how many moved. */
export const takeFirst = (
  u8: Uint8Array,
  base: number,
  n: number,
  dst: Uint8Array,
  dstBase: number,
): number => {
  const from = base + LISTPACK_HEADER
  const have = count(u8, base)
  const moved = n < have ? n : have
  const to = advance(u8, from, moved)
  copySpan(u8, from, to, moved, dst, dstBase)
  deleteSpan(u8, base, from, to, moved)
  return moved
}

/** Size in bytes of a listpack of the first `n` elements. */
export const firstSize = (u8: Uint8Array, base: number, n: number): number => {
  const from = base + LISTPACK_HEADER
  return spanSize(from, advance(u8, from, n))
}

/** Moves the last `n` elements (or all) into `dst`, a new listpack of `splitSize(-n)` bytes; returns how many moved. */
export const takeLast = (
  u8: Uint8Array,
  base: number,
  n: number,
  dst: Uint8Array,
  dstBase: number,
): number => {
  const have = count(u8, base)
  return splitAt(u8, base, n < have ? have - n : 0, dst, dstBase)
}

/** Size in bytes of a listpack of the last `n` elements. */
export const lastSize = (u8: Uint8Array, base: number, n: number): number => {
  const have = count(u8, base)
  return splitSize(u8, base, n < have ? have - n : 0)
}
