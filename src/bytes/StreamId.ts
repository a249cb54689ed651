/**
 * Stream IDs: 128 bits, a time in milliseconds and a sequence number, both unsigned 64-bit integers.
 *
 * An ID is four int32 words, no BigInt: `mh`, `ml` the high and low half of the milliseconds, `sh`, `sl` those of the
 * sequence. In blocks it takes four words in that order; in RDB files and DUMP payloads 16 bytes, big endian.
 *
 * IDs are ordered as 128-bit unsigned numbers, so the words are compared as unsigned from `mh` to `sl`.
 *
 * Text is "ms-seq" in decimal, at most 41 bytes. Reading (Redis's rules): a missing "-seq" takes a default; each part is
 * what `parseUint64` takes; a NUL byte ends the text; more than 127 bytes are no ID.
 *
 * Example: 1526919030474-55 is mh 0x163, ml 0x8318_5e0a | 0, sh 0, sl 55.
 */
import { formatInt, parseSafeInteger, parseUint64, writeAscii } from "./Numbers.js"

const TWO_32 = 4294967296
const ID_TEXT_BYTES_MAX = 127
/** Bytes that `formatId` may write. */
export const ID_FORMAT_BYTES = 41

const DASH = 0x2d
const ZERO = 0x30
const STAR = 0x2a

export class StreamId {
  mh = 0
  ml = 0
  sh = 0
  sl = 0

  set(mh: number, ml: number, sh: number, sl: number): this {
    this.mh = mh | 0
    this.ml = ml | 0
    this.sh = sh | 0
    this.sl = sl | 0
    return this
  }

  copy(from: StreamId): this {
    this.mh = from.mh
    this.ml = from.ml
    this.sh = from.sh
    this.sl = from.sl
    return this
  }

  /** Reads the four words at `w`. */
  load(words: Int32Array, w: number): this {
    this.mh = words[w]
    this.ml = words[w + 1]
    this.sh = words[w + 2]
    this.sl = words[w + 3]
    return this
  }

  /** Writes the four words at `w`. */
  store(words: Int32Array, w: number): void {
    words[w] = this.mh
    words[w + 1] = this.ml
    words[w + 2] = this.sh
    words[w + 3] = this.sl
  }

  /** Reads 16 bytes, big endian. */
  loadBytes(u8: Uint8Array, off: number): this {
    return this.set(be32(u8, off), be32(u8, off + 4), be32(u8, off + 8), be32(u8, off + 12))
  }

  /** Writes 16 bytes, big endian. */
  storeBytes(u8: Uint8Array, off: number): void {
    putBe32(u8, off, this.mh)
    putBe32(u8, off + 4, this.ml)
    putBe32(u8, off + 8, this.sh)
    putBe32(u8, off + 12, this.sl)
  }

  get isZero(): boolean {
    return (this.mh | this.ml | this.sh | this.sl) === 0
  }

  get isMax(): boolean {
    return (this.mh & this.ml & this.sh & this.sl) === -1
  }

  /** The ID with time `ms` (a safe integer, not negative) and sequence 0. */
  setMs(ms: number): this {
    this.mh = Math.floor(ms / TWO_32) | 0
    this.ml = ms | 0
    this.sh = 0
    this.sl = 0
    return this
  }

  setZero(): this {
    return this.set(0, 0, 0, 0)
  }

  setMax(): this {
    return this.set(-1, -1, -1, -1)
  }

  /** The next ID; false, and unchanged, when there is none. */
  increment(): boolean {
    if (this.sl !== -1) this.sl = (this.sl + 1) | 0
    else if (this.isMax) return false
    else {
      this.sl = 0
      if (this.sh !== -1) this.sh = (this.sh + 1) | 0
      else {
        this.sh = 0
        this.ml = (this.ml + 1) | 0
        if (this.ml === 0) this.mh = (this.mh + 1) | 0
      }
    }
    return true
  }

  /** The ID before; false, and unchanged, when there is none. */
  decrement(): boolean {
    if (this.sl !== 0) this.sl = (this.sl - 1) | 0
    else if (this.isZero) return false
    else {
      this.sl = -1
      if (this.sh !== 0) this.sh = (this.sh - 1) | 0
      else {
        this.sh = -1
        if (this.ml === 0) this.mh = (this.mh - 1) | 0
        this.ml = (this.ml - 1) | 0
      }
    }
    return true
  }

  compare(other: StreamId): number {
    return compareWords(this.mh, this.ml, this.sh, this.sl, other.mh, other.ml, other.sh, other.sl)
  }

  /** Order against the ID in the words at `w`. */
  compareTo(words: Int32Array, w: number): number {
    return compareWords(
      this.mh,
      this.ml,
      this.sh,
      this.sl,
      words[w],
      words[w + 1],
      words[w + 2],
      words[w + 3],
    )
  }

  get ms(): bigint {
    return (BigInt(this.mh >>> 0) << 32n) | BigInt(this.ml >>> 0)
  }

  get seq(): bigint {
    return (BigInt(this.sh >>> 0) << 32n) | BigInt(this.sl >>> 0)
  }

  setBig(ms: bigint, seq: bigint): this {
    return this.set(
      Number(ms >> 32n),
      Number(ms & 0xffffffffn),
      Number(seq >> 32n),
      Number(seq & 0xffffffffn),
    )
  }

  toString(): string {
    return `${this.ms}-${this.seq}`
  }
}

const compareWords = (
  amh: number,
  aml: number,
  ash: number,
  asl: number,
  bmh: number,
  bml: number,
  bsh: number,
  bsl: number,
): number => {
  if (amh !== bmh) return amh >>> 0 < bmh >>> 0 ? -1 : 1
  if (aml !== bml) return aml >>> 0 < bml >>> 0 ? -1 : 1
  if (ash !== bsh) return ash >>> 0 < bsh >>> 0 ? -1 : 1
  if (asl !== bsl) return asl >>> 0 < bsl >>> 0 ? -1 : 1
  return 0
}

const be32 = (u8: Uint8Array, off: number): number =>
  (u8[off] << 24) | (u8[off + 1] << 16) | (u8[off + 2] << 8) | u8[off + 3]

const putBe32 = (u8: Uint8Array, off: number, v: number): void => {
  u8[off] = v >>> 24
  u8[off + 1] = (v >>> 16) & 255
  u8[off + 2] = (v >>> 8) & 255
  u8[off + 3] = v & 255
}

/** Writes an unsigned 64-bit integer in decimal; returns its length. */
export const formatU64 = (dst: Uint8Array, off: number, hi: number, lo: number): number => {
  const uHi = hi >>> 0
  if (uHi <= 0x1fffff) return formatInt(dst, off, uHi * TWO_32 + (lo >>> 0))
  return writeAscii(dst, off, ((BigInt(uHi) << 32n) | BigInt(lo >>> 0)).toString())
}

/** The text "ms-" that `formatId` wrote last: IDs of one moment come in runs. */
const prefix = new Uint8Array(24)
let prefixLength = 0
let prefixHi = 0
let prefixLo = 0

/** Writes "ms-seq"; returns its length, at most ID_FORMAT_BYTES. */
export const formatId = (dst: Uint8Array, off: number, id: StreamId): number => {
  if (id.ml !== prefixLo || id.mh !== prefixHi || prefixLength === 0) {
    prefixHi = id.mh
    prefixLo = id.ml
    const n = formatU64(prefix, 0, prefixHi, prefixLo)
    prefix[n] = DASH
    prefixLength = n + 1
  }
  const n = prefixLength
  for (let i = 0; i < n; i++) dst[off + i] = prefix[i]
  if (id.sh === 0 && id.sl >= 0 && id.sl < 10) {
    dst[off + n] = ZERO + id.sl
    return n + 1
  }
  return n + formatU64(dst, off + n, id.sh, id.sl)
}

const part = { hi: 0, lo: 0 }

const parsePart = (buf: Uint8Array, off: number, len: number): boolean => {
  const n = parseSafeInteger(buf, off, len)
  if (n >= 0) {
    part.hi = Math.floor(n / TWO_32)
    part.lo = n | 0
    return true
  }
  const big = parseUint64(buf, off, len)
  if (big === undefined) return false
  part.hi = Number(big >> 32n)
  part.lo = Number(big & 0xffffffffn)
  return true
}

/** What `parseId` found. */
export const ID_INVALID = 0
export const ID_WHOLE = 1
/** "ms-*": the sequence is for the stream to choose; the ID has 0. Only where `star` allows it. */
export const ID_ANY_SEQUENCE = 2

/**
 * Reads "ms" or "ms-seq" (no "-", "+", "*") into `id`. A missing sequence is 0, or the greatest with `missingMax`.
 * @returns ID_INVALID, ID_WHOLE or ID_ANY_SEQUENCE
 */
export const parseId = (
  buf: Uint8Array,
  off: number,
  len: number,
  id: StreamId,
  missingMax: boolean,
  star: boolean,
): number => {
  if (len > ID_TEXT_BYTES_MAX) return ID_INVALID
  let end = off
  const limit = off + len
  let dash = -1
  for (; end < limit && buf[end] !== 0; end++) if (dash < 0 && buf[end] === DASH) dash = end
  if (!parsePart(buf, off, (dash < 0 ? end : dash) - off)) return ID_INVALID
  id.mh = part.hi | 0
  id.ml = part.lo | 0
  if (dash < 0) {
    id.sh = id.sl = missingMax ? -1 : 0
    return ID_WHOLE
  }
  if (star && end - dash === 2 && buf[dash + 1] === STAR) {
    id.sh = id.sl = 0
    return ID_ANY_SEQUENCE
  }
  if (!parsePart(buf, dash + 1, end - dash - 1)) return ID_INVALID
  id.sh = part.hi | 0
  id.sl = part.lo | 0
  return ID_WHOLE
}
