/**
 * One listpack entry: its encodings, its size, its value. The whole-listpack operations are in Listpack.ts.
 *
 *     entry    := encoding [content] backlen
 *     0xxxxxxx                      unsigned integer of 7 bits
 *     10llllll  content             string of 0..63 bytes
 *     110xxxxx  x                   signed integer of 13 bits, high bits first
 *     1110llll  l  content          string of 64..4095 bytes, high bits of the length first
 *     11110000  llll  content       string of 4096 bytes and more, length u32 little-endian
 *     11110001  xx                  int16, little-endian as are the next three
 *     11110010  xxx                 int24
 *     11110011  xxxx                int32
 *     11110100  xxxxxxxx            int64
 *     11111111                      end of the listpack, no entry
 *
 * backlen is the size of encoding and content, in groups of seven bits, the most significant group first; every byte but
 * the first has its top bit set, so that it can be read from its last byte backwards.
 *
 * Invariants: an entry written here has the shortest encoding, and text that is a canonical integer (Int64.ts) is
 * always stored as one. Entries that came from elsewhere may break both; reading copes with them.
 *
 * Limit: an entry's body is below 2^31 bytes.
 *
 * Example: "abc" is 83 61 62 63 04; "1000" is c3 e8 02; "100" is 64 01.
 */
import { copyBytes } from "../Bytes.js"
import { formatPairBefore, int64, pairToNumber, parseCanonical, splitNumber } from "../Int64.js"

/** The byte that ends a listpack. */
export const LISTPACK_END = 0xff

const STRING_12 = 0xe0
const STRING_32 = 0xf0
const INT_16 = 0xf1
const INT_24 = 0xf2
const INT_32 = 0xf3
const INT_64 = 0xf4

const SCRATCH_BYTES = 24
const textScratch = new Uint8Array(SCRATCH_BYTES)
const compareScratch = new Uint8Array(SCRATCH_BYTES)

/**
 * The value last read by `get` or `read`. One object for the one thread: take what you need before the next call.
 *
 * - `src`, `off`, `len`: the element as bytes. A string's bytes are the listpack's own, valid until it is written;
 *   an integer's are decimal text in a scratch that the next `get` overwrites. `read` leaves an integer's `len` at 0.
 * - `isInt`: stored as an integer. Then `intHi`, `intLo` are its int32 halves and `int` its value, NaN when unsafe.
 */
export const lpv: {
  src: Uint8Array
  off: number
  len: number
  isInt: boolean
  int: number
  intHi: number
  intLo: number
} = { src: textScratch, off: 0, len: 0, isInt: false, int: NaN, intHi: 0, intLo: 0 }

/** Bytes of encoding and content of the entry at `p`, without its backlen. */
export const bodySize = (u8: Uint8Array, p: number): number => {
  const b = u8[p]
  if (b < 0x80) return 1
  if (b < 0xc0) return 1 + (b & 0x3f)
  if (b < 0xe0) return 2
  if (b < STRING_32) return 2 + (((b & 0x0f) << 8) | u8[p + 1])
  return wideBodySize(u8, p)
}

const wideBodySize = (u8: Uint8Array, p: number): number => {
  switch (u8[p]) {
    case STRING_32:
      return 5 + readU32(u8, p + 1)
    case INT_16:
      return 3
    case INT_24:
      return 4
    case INT_32:
      return 5
    case INT_64:
      return 9
    default:
      throw new Error(`listpack: no entry at ${p} (byte ${u8[p]})`)
  }
}

/** Bytes that the backlen of a body takes. The odd bounds of two and more bytes are Redis's own. */
export const backlenSize = (body: number): number => {
  if (body <= 127) return 1
  if (body < 16383) return 2
  if (body < 2097151) return 3
  if (body < 268435455) return 4
  return 5
}

/** Bytes of the whole entry at `p`, backlen included. */
export const entrySize = (u8: Uint8Array, p: number): number => {
  const body = bodySize(u8, p)
  return body + backlenSize(body)
}

/** Writes the backlen of a body at `p` and returns its size. */
export const writeBacklen = (u8: Uint8Array, p: number, body: number): number => {
  if (body <= 127) {
    u8[p] = body
    return 1
  }
  const n = backlenSize(body)
  let rest = body
  for (let i = n - 1; i > 0; i--) {
    u8[p + i] = (rest & 127) | 128
    rest >>>= 7
  }
  u8[p] = rest
  return n
}

/** The body size that the bytes before `p` state as a backlen. */
export const readBacklen = (u8: Uint8Array, p: number): number => {
  let at = p - 1
  let body = u8[at] & 127
  for (let shift = 7; u8[at] >= 128 && shift < 35; shift += 7) body |= (u8[--at] & 127) << shift
  return body
}

/** Start of the entry that ends just before `p`. */
export const entryBefore = (u8: Uint8Array, p: number): number => {
  let at = p - 1
  let body = u8[at] & 127
  for (let shift = 7; u8[at] >= 128 && shift < 35; shift += 7) {
    at--
    body |= (u8[at] & 127) << shift
  }
  return at - body
}

/** Reads the entry at `p` into `lpv`; an integer gets no text. */
export const read = (u8: Uint8Array, p: number): void => {
  const b = u8[p]
  if (b < 0x80) return setInt(b)
  if (b < 0xc0) return setString(u8, p + 1, b & 0x3f)
  if (b < 0xe0) return setInt(((((b & 0x1f) << 8) | u8[p + 1]) << 19) >> 19)
  if (b < STRING_32) return setString(u8, p + 2, ((b & 0x0f) << 8) | u8[p + 1])
  switch (b) {
    case STRING_32:
      return setString(u8, p + 5, readU32(u8, p + 1))
    case INT_16:
      return setInt(((u8[p + 1] | (u8[p + 2] << 8)) << 16) >> 16)
    case INT_24:
      return setInt(((u8[p + 1] | (u8[p + 2] << 8) | (u8[p + 3] << 16)) << 8) >> 8)
    case INT_32:
      return setInt(readI32(u8, p + 1))
    case INT_64:
      return setPair(readI32(u8, p + 5), readI32(u8, p + 1))
    default:
      throw new Error(`listpack: no entry at ${p} (byte ${b})`)
  }
}

/** As `read`, where text that is a canonical integer is one, too; answers whether it is an integer. */
export const readInteger = (u8: Uint8Array, p: number): boolean => {
  read(u8, p)
  if (!lpv.isInt && parseCanonical(lpv.src, lpv.off, lpv.len)) setPair(int64.hi, int64.lo)
  return lpv.isInt
}

/** Reads the entry at `p` into `lpv`, an integer also as decimal text. */
export const get = (u8: Uint8Array, p: number): void => {
  read(u8, p)
  if (lpv.isInt) {
    lpv.off = formatPairBefore(textScratch, SCRATCH_BYTES, lpv.intHi, lpv.intLo)
    lpv.len = SCRATCH_BYTES - lpv.off
  }
}

const setInt = (value: number): void => {
  lpv.src = textScratch
  lpv.len = 0
  lpv.isInt = true
  lpv.int = value
  lpv.intHi = value >> 31
  lpv.intLo = value
}

const setPair = (hi: number, lo: number): void => {
  setInt(lo)
  lpv.int = pairToNumber(hi, lo)
  lpv.intHi = hi
}

const setString = (u8: Uint8Array, off: number, len: number): void => {
  lpv.src = u8
  lpv.off = off
  lpv.len = len
  lpv.isInt = false
  lpv.int = NaN
}

/** What `prepare*` found and `writePrepared` writes. */
const pending = { isInt: false, num: NaN, hi: 0, lo: 0, body: 0 }

/** Decides the encoding of these bytes; returns the size of the whole entry. Follow with `writePrepared`. */
export const prepare = (src: Uint8Array, off: number, len: number): number => {
  if (parseCanonical(src, off, len)) return preparePending()
  pending.isInt = false
  const body = len < 64 ? 1 + len : len < 4096 ? 2 + len : 5 + len
  pending.body = body
  return body + backlenSize(body)
}

/** As `prepare`, for a safe integer. */
export const prepareInt = (value: number): number => {
  if (!Number.isSafeInteger(value)) throw new Error(`listpack: ${value} is not a safe integer`)
  splitNumber(value)
  return preparePending()
}

const preparePending = (): number => {
  pending.isInt = true
  pending.num = int64.num
  pending.hi = int64.hi
  pending.lo = int64.lo
  pending.body = intBodySize(int64.num)
  return pending.body + 1
}

/** Body size of an integer; NaN, standing for an unsafe one, takes the widest. */
const intBodySize = (n: number): number => {
  if (n >= -4096 && n <= 4095) return n >= 0 && n <= 127 ? 1 : 2
  if (n >= -32768 && n <= 32767) return 3
  if (n >= -8388608 && n <= 8388607) return 4
  if (n >= -2147483648 && n <= 2147483647) return 5
  return 9
}

/** Bytes these bytes take as an entry, backlen included: what inserting them adds to the listpack. */
export const entryEncodedSize = (src: Uint8Array, off: number, len: number): number => prepare(src, off, len)

/** Bytes a safe integer takes as an entry, backlen included. */
export const encodedSizeInt = (value: number): number => intBodySize(value) + 1

/** Writes at `p` the entry last prepared from the same bytes; returns its size. Safe integers need no source. */
export const writePrepared = (
  u8: Uint8Array,
  p: number,
  src: Uint8Array,
  off: number,
  len: number,
): number => {
  const body = pending.body
  if (pending.isInt) {
    writeIntBody(u8, p, body)
    u8[p + body] = body
    return body + 1
  }
  let at = p
  if (len < 64) {
    u8[at++] = 0x80 | len
  } else if (len < 4096) {
    u8[at++] = STRING_12 | (len >> 8)
    u8[at++] = len & 0xff
  } else {
    u8[at++] = STRING_32
    writeU32(u8, at, len)
    at += 4
  }
  copyBytes(src, off, u8, at, len)
  return body + writeBacklen(u8, p + body, body)
}

const writeIntBody = (u8: Uint8Array, p: number, body: number): void => {
  const lo = pending.lo
  switch (body) {
    case 1:
      u8[p] = lo
      return
    case 2:
      u8[p] = 0xc0 | ((lo >> 8) & 0x1f)
      u8[p + 1] = lo & 0xff
      return
    case 3:
      u8[p] = INT_16
      break
    case 4:
      u8[p] = INT_24
      u8[p + 3] = (lo >> 16) & 0xff
      break
    case 5:
      u8[p] = INT_32
      writeU32(u8, p + 1, lo)
      return
    default:
      u8[p] = INT_64
      writeU32(u8, p + 1, lo)
      writeU32(u8, p + 5, pending.hi)
      return
  }
  u8[p + 1] = lo & 0xff
  u8[p + 2] = (lo >> 8) & 0xff
}

/** Writes these bytes as an entry at `p`; returns its size. */
export const writeEntry = (u8: Uint8Array, p: number, src: Uint8Array, off: number, len: number): number => {
  prepare(src, off, len)
  return writePrepared(u8, p, src, off, len)
}

/** Whether the entry at `p` is the same element as these bytes. */
export const equals = (u8: Uint8Array, p: number, src: Uint8Array, off: number, len: number): boolean => {
  read(u8, p)
  if (!lpv.isInt) return lpv.len === len && sameBytes(u8, lpv.off, src, off, len)
  return parseCanonical(src, off, len) && int64.lo === lpv.intLo && int64.hi === lpv.intHi
}

/** Byte order of the entry at `p` against these bytes, integers as their decimal text: negative, 0 or positive. */
export const compareBytes = (
  u8: Uint8Array,
  p: number,
  src: Uint8Array,
  off: number,
  len: number,
): number => {
  read(u8, p)
  let a = u8
  let aOff = lpv.off
  let aLen = lpv.len
  if (lpv.isInt) {
    a = compareScratch
    aOff = formatPairBefore(compareScratch, SCRATCH_BYTES, lpv.intHi, lpv.intLo)
    aLen = SCRATCH_BYTES - aOff
  }
  const n = aLen < len ? aLen : len
  for (let i = 0; i < n; i++) {
    const d = a[aOff + i] - src[off + i]
    if (d !== 0) return d
  }
  return aLen - len
}

/** Whether two ranges of `len` bytes are equal. */
export const sameBytes = (a: Uint8Array, aOff: number, b: Uint8Array, bOff: number, len: number): boolean => {
  for (let i = 0; i < len; i++) if (a[aOff + i] !== b[bOff + i]) return false
  return true
}

/** Little-endian u32. */
export const readU32 = (u8: Uint8Array, p: number): number => readI32(u8, p) >>> 0

/** Little-endian int32. */
export const readI32 = (u8: Uint8Array, p: number): number =>
  u8[p] | (u8[p + 1] << 8) | (u8[p + 2] << 16) | (u8[p + 3] << 24)

/** Writes a little-endian u32 or int32. */
export const writeU32 = (u8: Uint8Array, p: number, value: number): void => {
  u8[p] = value & 0xff
  u8[p + 1] = (value >> 8) & 0xff
  u8[p + 2] = (value >> 16) & 0xff
  u8[p + 3] = (value >> 24) & 0xff
}
