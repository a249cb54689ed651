/**
 * LZF, the compression of long strings in RDB files and DUMP payloads.
 *
 * A stream is a sequence of two kinds of item, told apart by the first byte:
 *
 *     000LLLLL                      L + 1 literal bytes follow                              (1 to 32 bytes)
 *     LLLooooo oooooooo             copy L + 2 bytes from o + 1 bytes back,  1 <= L <= 6    (3 to 8 bytes)
 *     111ooooo LLLLLLLL oooooooo    the same with 7 added to the length byte                (9 to 264 bytes)
 *
 * The offset `o` is 13 bits, high part first, so copies reach back 8192 bytes at most. A copy may overlap its own
 * output: from one byte back it repeats that byte.
 *
 * The stream does not tell its unpacked length; the container does. Any stream that unpacks to the right bytes is valid,
 * so a compressor is free in what it finds.
 *
 * Limits: positions are int32. Neither function writes outside the range it is given, whatever the input.
 *
 * Worked example: "aaaaaaaa" is 00 61 a0 00: one literal "a", then a copy of 5 + 2 bytes from 0 + 1 back.
 */

const MAX_LITERAL = 32
const MAX_OFFSET = 8192
const MAX_COPY = 264

/** Copies at least this long, and not overlapping, are left to the engine's block copy. */
const BLOCK_COPY = 32

/**
 * Unpacks `src[sOff, sOff + sLen)` to `dst[dOff, dOff + dLen)`. Returns the count of bytes written, which is `dLen` for a
 * whole stream, or -1 when the stream is corrupt: cut short, longer than `dLen`, or copying from before its start.
 */
export const lzfDecompress = (
  src: Uint8Array,
  sOff: number,
  sLen: number,
  dst: Uint8Array,
  dOff: number,
  dLen: number,
): number => {
  const sEnd = sOff + sLen
  const dEnd = dOff + dLen
  let i = sOff
  let o = dOff
  while (i < sEnd) {
    const control = src[i++]
    if (control < MAX_LITERAL) {
      const stop = i + control + 1
      if (stop > sEnd || o + control + 1 > dEnd) return -1
      while (i < stop) dst[o++] = src[i++]
      continue
    }
    let length = control >> 5
    if (length === 7) {
      if (i >= sEnd) return -1
      length += src[i++]
    }
    length += 2
    if (i >= sEnd) return -1
    const distance = (((control & 0x1f) << 8) | src[i++]) + 1
    let from = o - distance
    if (from < dOff || o + length > dEnd) return -1
    if (length >= BLOCK_COPY && distance >= length) {
      dst.copyWithin(o, from, from + length)
      o += length
    } else for (const stop = o + length; o < stop;) dst[o++] = dst[from++]
  }
  return o - dOff
}

const HASH_BITS = 14

/**
 * Last position of each three-byte hash, as position + `generation`. Values below `generation` are an earlier call's, so
 * the table is cleared only when the counter nears the int32 limit.
 */
const table = new Int32Array(1 << HASH_BITS)
let generation = 1
const GENERATION_MAX = 0x3fffffff

const hashAt = (src: Uint8Array, i: number): number =>
  Math.imul((src[i] << 16) | (src[i + 1] << 8) | src[i + 2], 0x9e3779b1) >>> (32 - HASH_BITS)

/** Length of the match between `from` and `i`, at least 3 being known, at most `limit`. */
const matchLength = (src: Uint8Array, from: number, i: number, limit: number): number => {
  let length = 3
  while (length < limit && src[from + length] === src[i + length]) length++
  return length
}

/** Writes `src[start, end)` as literal runs at `dst[o]`; returns the new position, or -1 when they do not fit. */
const putLiterals = (
  src: Uint8Array,
  start: number,
  end: number,
  dst: Uint8Array,
  o: number,
  dEnd: number,
): number => {
  let i = start
  let out = o
  while (i < end) {
    const run = Math.min(MAX_LITERAL, end - i)
    if (out + run + 1 > dEnd) return -1
    dst[out++] = run - 1
    for (const stop = i + run; i < stop;) dst[out++] = src[i++]
  }
  return out
}

/**
 * Packs `src[sOff, sOff + sLen)` to `dst[dOff, dOff + dMax)`. Returns the packed length, or 0 when it does not fit in
 * `dMax` bytes: pass less than `sLen` to be told that packing does not pay.
 */
export const lzfCompress = (
  src: Uint8Array,
  sOff: number,
  sLen: number,
  dst: Uint8Array,
  dOff: number,
  dMax: number,
): number => {
  if (generation > GENERATION_MAX - sLen) {
    table.fill(0)
    generation = 1
  }
  const base = generation - sOff
  generation += sLen
  const sEnd = sOff + sLen
  const dEnd = dOff + dMax
  const lastTriple = sEnd - 3
  let o = dOff
  let literal = sOff
  let i = sOff
  while (i <= lastTriple) {
    const slot = hashAt(src, i)
    const from = table[slot] - base
    table[slot] = i + base
    if (
      from < sOff ||
      i - from > MAX_OFFSET ||
      src[from] !== src[i] ||
      src[from + 1] !== src[i + 1] ||
      src[from + 2] !== src[i + 2]
    ) {
      // Data that has not matched for long is stepped over faster.
      i += 1 + ((i - literal) >> 7)
      continue
    }
    const length = matchLength(src, from, i, Math.min(MAX_COPY, sEnd - i))
    o = putLiterals(src, literal, i, dst, o, dEnd)
    if (o < 0 || o + 3 > dEnd) return 0
    const distance = i - from - 1
    const coded = length - 2
    if (coded < 7) dst[o++] = (coded << 5) | (distance >> 8)
    else {
      dst[o++] = 0xe0 | (distance >> 8)
      dst[o++] = coded - 7
    }
    dst[o++] = distance & 0xff
    const next = i + length
    // The end of a match is worth remembering; every position inside it is not.
    for (let j = Math.max(i + 1, next - 2); j < next && j <= lastTriple; j++) table[hashAt(src, j)] = j + base
    i = next
    literal = i
  }
  o = putLiterals(src, literal, sEnd, dst, o, dEnd)
  return o < 0 ? 0 : o - dOff
}
