/**
 * A directory of named blocks in byte order of their names: the consumer groups of a stream, the consumers of a group.
 *
 *   directory block   word 0 count   word 1 capacity   refs from word 2 on, by name
 *   named block       word 0 length of the name   word 1 where its bytes start in the block   the rest is its owner's
 *
 * A lookup is a binary search, an insertion moves the refs behind it: right for what is few, and still 40 KB moved at
 * ten thousand consumers. Order is that of memcmp, a prefix before what it begins, as Redis lists groups and consumers.
 *
 * Invariants: names strictly ascend; a named block moves only with all refs to it that others hold (StreamRelocation.ts).
 *
 * Example: groups "a" and "b" are the directory 2, 4, ref of a, ref of b.
 */
import { byteOf, chunkOf, wordOf } from "../Ref.js"
import type { Arena, Ref } from "../Arena.js"
import { copyBytes } from "../Arena.js"

const HEAD_WORDS = 2
const CAPACITY_MIN = 2

/** Number of names in a directory; 0 is the empty one. */
export const nameCount = (a: Arena, dir: Ref): number => (dir === 0 ? 0 : a.i32[chunkOf(dir)][wordOf(dir)])

/** The named block at an index, in order of names. */
export const nameAt = (a: Arena, dir: Ref, index: number): Ref =>
  a.i32[chunkOf(dir)][wordOf(dir) + HEAD_WORDS + index]

/** Puts another block with the same name in the place of the one at an index. */
export const replaceName = (a: Arena, dir: Ref, index: number, named: Ref): void => {
  a.willWrite(dir)
  a.i32[chunkOf(dir)][wordOf(dir) + HEAD_WORDS + index] = named
}

/** A block for a name, with `head` bytes before it; the words after the first two are the caller's to fill. */
export const newNamed = (a: Arena, head: number, buf: Uint8Array, off: number, len: number): Ref => {
  const ref = a.alloc(head + len)
  const words = a.i32[chunkOf(ref)]
  words[wordOf(ref)] = len
  words[wordOf(ref) + 1] = head
  copyBytes(buf, off, a.u8[chunkOf(ref)], byteOf(ref) + head, len)
  return ref
}

export const nameLength = (a: Arena, named: Ref): number => a.i32[chunkOf(named)][wordOf(named)]

/** Offset of the name in its chunk. */
export const nameOffset = (a: Arena, named: Ref): number =>
  byteOf(named) + a.i32[chunkOf(named)][wordOf(named) + 1]

const compareName = (a: Arena, named: Ref, buf: Uint8Array, off: number, len: number): number => {
  const chunk = a.u8[chunkOf(named)]
  const at = nameOffset(a, named)
  const size = nameLength(a, named)
  const n = size < len ? size : len
  for (let i = 0; i < n; i++) {
    const d = chunk[at + i] - buf[off + i]
    if (d !== 0) return d
  }
  return size - len
}

/** Index of a name, or -1 - the index where it belongs. */
export const findName = (a: Arena, dir: Ref, buf: Uint8Array, off: number, len: number): number => {
  let low = 0
  let high = nameCount(a, dir)
  while (low < high) {
    const mid = (low + high) >> 1
    const d = compareName(a, nameAt(a, dir, mid), buf, off, len)
    if (d === 0) return mid
    if (d < 0) low = mid + 1
    else high = mid
  }
  return -1 - low
}

/** The block of a name, or 0. */
export const findNamed = (a: Arena, dir: Ref, buf: Uint8Array, off: number, len: number): Ref => {
  const at = findName(a, dir, buf, off, len)
  return at < 0 ? 0 : nameAt(a, dir, at)
}

/** Puts a named block at an index; answers the directory, which may have moved. */
export const insertName = (a: Arena, dir: Ref, index: number, named: Ref): Ref => {
  const n = nameCount(a, dir)
  let into = dir
  const capacity = dir === 0 ? 0 : a.i32[chunkOf(dir)][wordOf(dir) + 1]
  if (n === capacity) {
    const more = Math.max(CAPACITY_MIN, n * 2)
    const bytes = (HEAD_WORDS + more) * 4
    into = dir === 0 ? a.alloc(bytes) : a.realloc(dir, bytes, (HEAD_WORDS + n) * 4)
    a.i32[chunkOf(into)][wordOf(into) + 1] = more
  } else a.willWrite(into)
  const words = a.i32[chunkOf(into)]
  const w = wordOf(into)
  const at = w + HEAD_WORDS + index
  if (index < n) words.copyWithin(at + 1, at, w + HEAD_WORDS + n)
  words[at] = named
  words[w] = n + 1
  return into
}

/** Takes the named block at an index out, without freeing it; answers the directory, 0 when it is empty. */
export const removeName = (a: Arena, dir: Ref, index: number): Ref => {
  const n = nameCount(a, dir)
  if (n === 1) {
    a.free(dir)
    return 0
  }
  a.willWrite(dir)
  const words = a.i32[chunkOf(dir)]
  const w = wordOf(dir)
  const at = w + HEAD_WORDS + index
  words.copyWithin(at, at + 1, w + HEAD_WORDS + n)
  words[w] = n - 1
  return dir
}
