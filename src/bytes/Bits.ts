/**
 * Bits of byte strings, numbered as Redis numbers them: bit 0 is the highest bit of byte 0.
 *
 *     byte      0                 1
 *     bit       0 1 2 3 4 5 6 7   8 9 ...
 *
 * Functions take the bytes [off, off + len) of a chunk, as its byte view and as its word view over the same buffer; off
 * may have any alignment. Long stretches go a word of 32 bits at a time, which order of bytes does not disturb.
 *
 * Worked example: "a" is 0x61 = 01100001: three bits set, the first set bit is 1, the first clear bit is 0.
 */

/** Bits set in each byte value. */
const ONES = Uint8Array.from({ length: 256 }, (_, byte) => {
  let n = 0
  for (let b = byte; b !== 0; b &= b - 1) n++
  return n
})

const wordOnes = (word: number): number => {
  let x = word - ((word >>> 1) & 0x55555555)
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** Number of set bits. */
export const countOnes = (bytes: Uint8Array, words: Int32Array, off: number, len: number): number => {
  let n = 0
  let i = off
  const end = off + len
  for (; i < end && (i & 3) !== 0; i++) n += ONES[bytes[i]]
  for (let w = i >>> 2, last = end >>> 2; w < last; w++, i += 4) n += wordOnes(words[w])
  for (; i < end; i++) n += ONES[bytes[i]]
  return n
}

/** Number of set bits among the bits first..last (both included) of the string that starts at byte `off`. */
export const countOnesBetween = (
  bytes: Uint8Array,
  words: Int32Array,
  off: number,
  first: number,
  last: number,
): number => {
  const from = off + Math.floor(first / 8)
  const to = off + Math.floor(last / 8)
  const before = bytes[from] & (0xff00 >> (first & 7)) & 0xff
  const after = bytes[to] & (0x7f >> (last & 7))
  return countOnes(bytes, words, from, to - from + 1) - ONES[before] - ONES[after]
}

/** The first bit equal to `bit` among first..last (both included) of the string at byte `off`, or -1. */
export const findBit = (
  bytes: Uint8Array,
  words: Int32Array,
  off: number,
  bit: number,
  first: number,
  last: number,
): number => {
  const flip = bit === 1 ? 0 : 0xff
  const end = off + Math.floor(last / 8) + 1
  let i = off + Math.floor(first / 8)
  let hit = (bytes[i] ^ flip) & (0xff >> (first & 7))
  if (hit === 0) {
    i = skip(bytes, words, i + 1, end, flip)
    if (i === end) return -1
    hit = bytes[i] ^ flip
  }
  const at = (i - off) * 8 + Math.clz32(hit) - 24
  return at <= last ? at : -1
}

/** The first byte in [i, end) that is not `fill`, or end. */
const skip = (bytes: Uint8Array, words: Int32Array, from: number, end: number, fill: number): number => {
  let i = from
  while (i < end && (i & 3) !== 0) {
    if (bytes[i] !== fill) return i
    i++
  }
  const word = fill === 0 ? 0 : -1
  while (i + 4 <= end && words[i >>> 2] === word) i += 4
  while (i < end && bytes[i] === fill) i++
  return i
}

/** One bit of the string at byte `off`, `len` bytes long; bits beyond its end are 0. */
export const bitAt = (bytes: Uint8Array, off: number, len: number, bit: number): number => {
  const at = Math.floor(bit / 8)
  return at < len ? (bytes[off + at] >> (7 - (bit & 7))) & 1 : 0
}

export const OP_AND = 0
export const OP_OR = 1
export const OP_XOR = 2

/** Combines n bytes of `src` into `dst`. Where both lie on word boundaries, in words. */
export const combine = (
  op: number,
  dst: Uint8Array,
  dstWords: Int32Array,
  d: number,
  src: Uint8Array,
  srcWords: Int32Array,
  s: number,
  n: number,
): void => {
  let done = 0
  if (((s | d) & 3) === 0) {
    const count = n >>> 2
    combineRun(op, dstWords, d >>> 2, srcWords, s >>> 2, count)
    done = count << 2
  }
  combineRun(op, dst, d + done, src, s + done, n - done)
}

const combineRun = (
  op: number,
  dst: Uint8Array | Int32Array,
  d: number,
  src: Uint8Array | Int32Array,
  s: number,
  n: number,
): void => {
  if (op === OP_AND) for (let i = 0; i < n; i++) dst[d + i] &= src[s + i]
  else if (op === OP_OR) for (let i = 0; i < n; i++) dst[d + i] |= src[s + i]
  else for (let i = 0; i < n; i++) dst[d + i] ^= src[s + i]
}

/** Turns every bit of n bytes over. */
export const invert = (bytes: Uint8Array, words: Int32Array, off: number, n: number): void => {
  let i = off
  const end = off + n
  for (; i < end && (i & 3) !== 0; i++) bytes[i] = ~bytes[i]
  for (let w = i >>> 2, last = end >>> 2; w < last; w++, i += 4) words[w] = ~words[w]
  for (; i < end; i++) bytes[i] = ~bytes[i]
}
