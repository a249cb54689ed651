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
 * The stream does not tell its unpacked length; the container does. Any stream that unpacks to the right bytes is valid;
 * which matches `lzfCompress` takes is redis-server's choice, so that files, DUMP and FUNCTION DUMP agree to the byte. The
 * shape of the search, a hash table with a single candidate a slot, is that of the public LZF library; its details were found
 * by experiments with redis-server.
 *
 * Limits: positions are int32. Neither function writes outside the range it is given, whatever the input.
 *
 * Worked example: 00 61 a0 00 unpacks to "aaaaaaaa": one literal "a", then a copy of 5 + 2 bytes from 0 + 1 back.
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

const HASH_MASK = 0xffff

/**
 * Last position of each three-byte hash, as position + `generation`. Values below `generation` are an earlier call's, so
 * the table is cleared only when the counter nears the int32 limit.
 */
const table = new Int32Array(HASH_MASK + 1)
let generation = 1
const GENERATION_MAX = 0x3fffffff

/** Data in which nothing has matched for so long is packed already, most likely, and stepped over faster and faster. */
const PATIENCE_BYTES = 1024

/** Slot of three bytes, the first one highest. */
const slotOf = (triple: number): number => ((triple >> 8) - Math.imul(triple, 5)) & HASH_MASK

/** A match is followed no further than this many bytes before the end of the source. */
const TAIL_BYTES = 2
/** One that could be longer than this is followed to SWEEP_BYTES without a look at that limit. */
const SWEEP_MIN = 16
const SWEEP_BYTES = 19

/** Length of the match between `from` and `i`, three bytes being known, with `left` bytes from `i` on. */
const matchLength = (src: Uint8Array, from: number, i: number, left: number): number => {
  const most = Math.min(MAX_COPY, left - TAIL_BYTES)
  const limit = Math.max(most, most > SWEEP_MIN ? SWEEP_BYTES : 3)
  let length = 3
  while (length < limit && src[from + length] === src[i + length]) length++
  return length
}

/** Writes `src[start, end)` as literal runs at `dst[o]`; returns the new position. */
const putLiterals = (src: Uint8Array, start: number, end: number, dst: Uint8Array, o: number): number => {
  let i = start
  let out = o
  while (i < end) {
    const run = Math.min(MAX_LITERAL, end - i)
    dst[out++] = run - 1
    for (const stop = i + run; i < stop;) dst[out++] = src[i++]
  }
  return out
}

/**
 * Packs `src[sOff, sOff + sLen)` to `dst[dOff, dOff + dMax)`. Returns the packed length, or 0 when it does not fit in
 * `dMax` bytes, with a few to spare: pass less than `sLen` to be told that packing does not pay.
 *
 * The bytes are those redis-server writes, found by packing strings with it: one candidate a hash, never the first byte of
 * the source; every literal position is remembered, of a match the last two. Only behind a stretch without any match
 * (PATIENCE_BYTES), where redis-server looks at every position, may it find others.
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
  const stop = sEnd - 2
  const first = sOff + 1
  let o = dOff
  let literal = sOff
  let i = sOff
  let triple = (src[i] << 8) | src[i + 1]
  while (i < stop) {
    triple = ((triple << 8) | src[i + 2]) & 0xffffff
    const slot = slotOf(triple)
    const from = (table[slot] - base) | 0
    table[slot] = i + base
    if (
      from < Math.max(first, i - MAX_OFFSET) ||
      src[from + 2] !== src[i + 2] ||
      src[from + 1] !== src[i + 1] ||
      src[from] !== src[i]
    ) {
      const past = i - literal - PATIENCE_BYTES
      if (past > 0) {
        i += past >> 6
        triple = (src[i + 1] << 8) | src[i + 2]
      }
      i++
      continue
    }
    const length = matchLength(src, from, i, sEnd - i)
    const run = i - literal
    if (o + run + ((run + 31) >>> 5) + 4 >= dEnd) return 0
    o = putLiterals(src, literal, i, dst, o)
    const distance = i - from - 1
    const coded = length - 2
    if (coded < 7) dst[o++] = (coded << 5) | (distance >> 8)
    else {
      dst[o++] = 0xe0 | (distance >> 8)
      dst[o++] = coded - 7
    }
    dst[o++] = distance & 0xff
    i += length
    literal = i
    if (i >= stop) break
    for (let j = i - 2; j < i; j++) {
      triple = (src[j] << 16) | (src[j + 1] << 8) | src[j + 2]
      table[slotOf(triple)] = j + base
    }
  }
  const run = Math.max(0, Math.min(i, stop) - literal)
  if (o + 1 + run + (run >>> 5) + 3 > dEnd) return 0
  return putLiterals(src, literal, sEnd, dst, o) - dOff
}
