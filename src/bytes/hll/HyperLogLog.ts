/**
 * HyperLogLog values: Redis's "HYLL" strings, byte for byte.
 *
 *     0      4      5        8                    16
 *     +------+------+--------+--------------------+-- ...
 *     | HYLL | enc. | unused | cached count (LE)  | registers
 *     +------+------+--------+--------------------+-- ...
 *
 * Encoding 0 is dense: 16384 registers of 6 bits, packed from the low bit up, 12288 bytes. Encoding 1 is sparse: see
 * `HllSparse.ts`. The count is valid unless the top bit of its last byte is set; every change of a register sets it.
 *
 * A value starts sparse and becomes dense when a register exceeds 32, or when its sparse form would outgrow the
 * configured limit (hll-sparse-max-bytes, the header counted in). It never goes back.
 *
 * Editing: `HllEditor` changes a dense value where it lies, and a sparse one in a buffer of its own, since it changes
 * length; `detached` says which, and thus whether the result must be stored. One editor serves all commands: it holds
 * nothing between them.
 *
 * Invariants: a dense value is 12304 bytes; a sparse one is covered by its runs and at most 16 + 32768 bytes.
 *
 * Worked example: the empty value is 48594c4c 01 000000 0000000000000080 7fff: sparse, count unknown, XZERO 16384.
 */
import { HLL_HISTOGRAM, hllEstimate } from "./HllCount.js"
import { HLL_INDEX_BITS, HLL_REGISTERS, hllPattern } from "./HllHash.js"
import {
  HLL_SPARSE_VALUE_MAX,
  SPARSE_CORRUPT,
  SPARSE_UNCHANGED,
  sparseDescribe,
  sparseHistogram,
  sparseMergeInto,
  sparseSet,
} from "./HllSparse.js"

export { HLL_REGISTERS } from "./HllHash.js"

const HLL_HEADER_BYTES = 16
export const HLL_DENSE_BYTES = HLL_HEADER_BYTES + (HLL_REGISTERS * 6) / 8
const SPARSE_BYTES_MAX = HLL_HEADER_BYTES + 2 * HLL_REGISTERS

const ENCODING_AT = 4
const CACHE_AT = 8

export const HLL_DENSE = 0
export const HLL_SPARSE = 1
export const HLL_INVALID = -1

/**
 * Which HyperLogLog the string is: HLL_DENSE, HLL_SPARSE, or HLL_INVALID, for which Redis says "WRONGTYPE Key is not a
 * valid HyperLogLog string value." The runs of a sparse value are not looked at; what reads them reports corruption.
 */
export const hllEncoding = (buf: Uint8Array, off: number, len: number): number => {
  if (len < HLL_HEADER_BYTES) return HLL_INVALID
  if (buf[off] !== 0x48 || buf[off + 1] !== 0x59 || buf[off + 2] !== 0x4c || buf[off + 3] !== 0x4c)
    return HLL_INVALID
  const encoding = buf[off + ENCODING_AT]
  if (encoding === HLL_DENSE) return len === HLL_DENSE_BYTES ? HLL_DENSE : HLL_INVALID
  return encoding === HLL_SPARSE ? HLL_SPARSE : HLL_INVALID
}

/** The count kept in the header, or -1 when it must be computed. */
export const hllCachedCount = (buf: Uint8Array, off: number): number => {
  if ((buf[off + CACHE_AT + 7] & 0x80) !== 0) return -1
  let count = 0
  for (let k = 7; k >= 0; k--) count = count * 256 + buf[off + CACHE_AT + k]
  return count
}

/** Keeps `count` in the header and marks it valid. */
export const hllCacheCount = (buf: Uint8Array, off: number, count: number): void => {
  let rest = count
  for (let k = 0; k < 8; k++) {
    buf[off + CACHE_AT + k] = rest % 256
    rest = Math.floor(rest / 256)
  }
}

/** Marks the count in the header stale. */
const hllInvalidateCount = (buf: Uint8Array, off: number): void => {
  buf[off + CACHE_AT + 7] |= 0x80
}

/** Register `index` of the dense body at `body`. */
const denseGet = (buf: Uint8Array, body: number, index: number): number => {
  const bit = index * 6
  const at = body + (bit >> 3)
  const shift = bit & 7
  // The last register ends with the last byte: no byte follows it to be read.
  const next = shift > 2 ? buf[at + 1] : 0
  return ((buf[at] | (next << 8)) >> shift) & 0x3f
}

const densePut = (buf: Uint8Array, body: number, index: number, value: number): void => {
  const bit = index * 6
  const at = body + (bit >> 3)
  const shift = bit & 7
  buf[at] = (buf[at] & ~(0x3f << shift)) | (value << shift)
  if (shift > 2) buf[at + 1] = (buf[at + 1] & ~(0x3f >> (8 - shift))) | (value >> (8 - shift))
}

/** Raises a register of a dense body; false when it was as high. */
const denseRaise = (buf: Uint8Array, body: number, index: number, value: number): boolean => {
  if (denseGet(buf, body, index) >= value) return false
  densePut(buf, body, index, value)
  return true
}

const histogram = new Int32Array(HLL_HISTOGRAM)

/** Adds a dense body's registers to the histogram, four from each three bytes. */
const denseHistogram = (buf: Uint8Array, body: number): void => {
  const end = body + HLL_DENSE_BYTES - HLL_HEADER_BYTES
  for (let p = body; p < end; p += 3) {
    const word = buf[p] | (buf[p + 1] << 8) | (buf[p + 2] << 16)
    histogram[word & 0x3f]++
    histogram[(word >> 6) & 0x3f]++
    histogram[(word >> 12) & 0x3f]++
    histogram[word >> 18]++
  }
}

/**
 * The estimated number of distinct elements in a valid value, computed from its registers; -1 when it is corrupt. The
 * header's cached count is neither read nor written.
 */
export const hllCount = (buf: Uint8Array, off: number, len: number): number => {
  histogram.fill(0)
  const body = off + HLL_HEADER_BYTES
  if (buf[off + ENCODING_AT] === HLL_DENSE) denseHistogram(buf, body)
  else if (!sparseHistogram(buf, body, off + len, histogram)) return -1
  return hllEstimate(histogram)
}

/** The estimate for 16384 plain registers, as gathered by `hllMergeInto`. */
export const hllCountRegisters = (registers: Uint8Array): number => {
  histogram.fill(0)
  for (let i = 0; i < HLL_REGISTERS; i++) histogram[registers[i]]++
  return hllEstimate(histogram)
}

/**
 * Raises each of `registers` (16384 bytes) to the valid value's: the union behind PFMERGE and PFCOUNT of several keys.
 * False when the value is corrupt; the registers are then to be thrown away.
 */
export const hllMergeInto = (registers: Uint8Array, buf: Uint8Array, off: number, len: number): boolean => {
  const body = off + HLL_HEADER_BYTES
  if (buf[off + ENCODING_AT] !== HLL_DENSE) return sparseMergeInto(buf, body, off + len, registers)
  for (let i = 0; i < HLL_REGISTERS; i++) {
    const value = denseGet(buf, body, i)
    if (value > registers[i]) registers[i] = value
  }
  return true
}

/** A sparse value's runs in words (PFDEBUG DECODE), or undefined when corrupt. */
export const hllDescribe = (buf: Uint8Array, off: number, len: number): string | undefined =>
  sparseDescribe(buf, off + HLL_HEADER_BYTES, off + len)

/** What an edit did. */
export const HLL_UNCHANGED = 0
export const HLL_CHANGED = 1
export const HLL_CORRUPT = -1

export class HllEditor {
  private readonly sparse = new Uint8Array(SPARSE_BYTES_MAX + 8)
  private readonly dense = new Uint8Array(HLL_DENSE_BYTES)

  /** Where the value is now: `length` bytes at `bytes[offset]`. */
  bytes: Uint8Array = this.sparse
  offset = 0
  length = 0

  /** Whether the value is in the editor's own buffer, so that a change has still to be stored. */
  detached = true

  /** Starts from the empty value. */
  create(): void {
    const bytes = this.sparse
    bytes.fill(0, 0, HLL_HEADER_BYTES)
    bytes[0] = 0x48
    bytes[1] = 0x59
    bytes[2] = bytes[3] = 0x4c
    bytes[ENCODING_AT] = HLL_SPARSE
    bytes[CACHE_AT + 7] = 0x80
    bytes[HLL_HEADER_BYTES] = 0x7f
    bytes[HLL_HEADER_BYTES + 1] = 0xff
    this.bytes = bytes
    this.offset = 0
    this.length = HLL_HEADER_BYTES + 2
    this.detached = true
  }

  /**
   * Starts from a value that `hllEncoding` accepted. A dense value will be edited in place: `buf` must be safe to write.
   * False when a sparse value is too long to be whole.
   */
  open(buf: Uint8Array, off: number, len: number): boolean {
    if (buf[off + ENCODING_AT] === HLL_DENSE) {
      this.bytes = buf
      this.offset = off
      this.length = len
      this.detached = false
      return true
    }
    if (len > SPARSE_BYTES_MAX) return false
    for (let i = 0; i < len; i++) this.sparse[i] = buf[off + i]
    this.bytes = this.sparse
    this.offset = 0
    this.length = len
    this.detached = true
    return true
  }

  /** Whether the value is dense now. */
  get isDense(): boolean {
    return this.bytes[this.offset + ENCODING_AT] === HLL_DENSE
  }

  /**
   * Adds one element. `sparseBytesMax` is hll-sparse-max-bytes. Returns HLL_CHANGED, HLL_UNCHANGED or HLL_CORRUPT; a
   * change makes the cached count stale.
   */
  add(buf: Uint8Array, off: number, len: number, sparseBytesMax: number): number {
    const pattern = hllPattern(buf, off, len)
    return this.raise(pattern & (HLL_REGISTERS - 1), pattern >> HLL_INDEX_BITS, sparseBytesMax)
  }

  /** Raises every register to `registers`: the second half of PFMERGE. Makes the cached count stale in any case. */
  raiseAll(registers: Uint8Array, sparseBytesMax: number): number {
    let result = HLL_UNCHANGED
    for (let i = 0; i < HLL_REGISTERS; i++) {
      if (registers[i] === 0) continue
      const one = this.raise(i, registers[i], sparseBytesMax)
      if (one === HLL_CORRUPT) return HLL_CORRUPT
      if (one === HLL_CHANGED) result = HLL_CHANGED
    }
    hllInvalidateCount(this.bytes, this.offset)
    return result
  }

  /** Raises register `index` to `value`, becoming dense where sparse can no longer say it. */
  raise(index: number, value: number, sparseBytesMax: number): number {
    if (!this.isDense && value <= HLL_SPARSE_VALUE_MAX) {
      const endMax = Math.min(sparseBytesMax, SPARSE_BYTES_MAX)
      const end = sparseSet(this.sparse, HLL_HEADER_BYTES, this.length, index, value, endMax)
      if (end === SPARSE_UNCHANGED) return HLL_UNCHANGED
      if (end === SPARSE_CORRUPT) return HLL_CORRUPT
      if (end > 0) {
        this.length = end
        hllInvalidateCount(this.bytes, this.offset)
        return HLL_CHANGED
      }
    }
    if (!this.isDense && this.toDense() === HLL_CORRUPT) return HLL_CORRUPT
    if (!denseRaise(this.bytes, this.offset + HLL_HEADER_BYTES, index, value)) return HLL_UNCHANGED
    hllInvalidateCount(this.bytes, this.offset)
    return HLL_CHANGED
  }

  /** Makes a sparse value dense; its cached count is kept as it is. HLL_UNCHANGED when it was dense. */
  toDense(): number {
    if (this.isDense) return HLL_UNCHANGED
    const registers = new Uint8Array(HLL_REGISTERS)
    if (!sparseMergeInto(this.sparse, HLL_HEADER_BYTES, this.length, registers)) return HLL_CORRUPT
    const dense = this.dense
    dense.fill(0)
    for (let i = 0; i < HLL_HEADER_BYTES; i++) dense[i] = this.sparse[i]
    dense[ENCODING_AT] = HLL_DENSE
    for (let i = 0; i < HLL_REGISTERS; i++) {
      if (registers[i] !== 0) densePut(dense, HLL_HEADER_BYTES, i, registers[i])
    }
    this.bytes = dense
    this.offset = 0
    this.length = HLL_DENSE_BYTES
    this.detached = true
    return HLL_CHANGED
  }
}
