/**
 * The bytes an RDB decoder reads, arriving in pieces, and the primitives of the format read from them.
 *
 * Reading is by units. A unit is the least that is decoded at once: an opcode with its operands, a key with what heads
 * its value, one element. `mark()` starts one. A primitive that finds too few bytes throws NEED_MORE; `feed`'s caller
 * then waits for more and reads the unit again from its mark, and `wanted` says how many bytes must be there before a
 * new try is worth it, so a unit is read again at most once for each of its primitives.
 *
 *     carry   [ ...consumed... | unit read again | bytes not yet read ]
 *             0                mark -> pos                            end          base = file offset of index 0
 *
 * A chunk that finds nothing left over is read where it lies; otherwise it is appended to `carry`. Memory is bounded by
 * the file: `carry` is at most twice what has arrived of one unit plus a chunk, whatever a length claims, and a
 * decompressed string is refused unless its compressed bytes could have held it. Where the total size is known, a length
 * beyond the end is refused at once.
 */
import { Crc64 } from "../../bytes/Crc64.js"
import { lzfDecompress } from "../../bytes/Lzf.js"
import { formatInt } from "../../bytes/Numbers.js"
import { corrupt } from "../format/RdbErrors.js"
import type { RdbSlice } from "../format/RdbSink.js"
import { RDB_STRING_BYTES_MAX, RdbStringEncoding } from "../format/RdbTypes.js"

/** Thrown when a unit is not all there yet. One object, no stack trace: it is thrown once a chunk. */
export const NEED_MORE: unique symbol = Symbol("need more bytes")

/** Three bytes of LZF yield at most 264: a longer claim is a lie. */
const LZF_RATIO_MAX = 88
const CARRY_BYTES_MIN = 1024
/** A carry larger than this is dropped once the unit it grew for is read. */
const CARRY_KEPT_BYTES_MAX = 1 << 20
/** A scratch larger than this is dropped after the string it was made for. */
const SCRATCH_KEPT_BYTES_MAX = 1 << 20

/** Room for decimal digits or a decompressed string; each slice of a unit has its own. */
export class Scratch {
  private bytes = new Uint8Array(64)

  ensure(length: number): Uint8Array {
    if (
      this.bytes.length < length ||
      (this.bytes.length > SCRATCH_KEPT_BYTES_MAX && length < this.bytes.length >> 2)
    ) {
      this.bytes = new Uint8Array(Math.max(64, length + (length < SCRATCH_KEPT_BYTES_MAX ? length : 0)))
    }
    return this.bytes
  }
}

const hexOf = (littleEndian: Buffer): string => littleEndian.readBigUInt64LE().toString(16)

export class RdbDecoderInput {
  bytes: Uint8Array = new Uint8Array(0)
  pos = 0
  end = 0
  /** Bytes from the mark that must be there before reading on makes sense. */
  wanted = 0
  /** High and low half of the last length read; the low one is unsigned. */
  lengthHi = 0
  lengthLo = 0
  private base = 0
  private unit = 0
  private carry = new Uint8Array(CARRY_BYTES_MIN)
  private readonly crc = new Crc64()
  /** Bytes before this index are in the checksum. */
  private crcPos = 0

  constructor(
    /** Size of the whole file, Infinity when unknown. */
    readonly totalBytes: number,
    private readonly checksums: boolean,
  ) {}

  /** File offset of the next byte to read. */
  get offset(): number {
    return this.base + this.pos
  }

  /** File offset where the current unit starts. */
  get unitOffset(): number {
    return this.base + this.unit
  }

  get available(): number {
    return this.end - this.pos
  }

  mark(): void {
    this.unit = this.pos
  }

  rewind(): void {
    this.pos = this.unit
  }

  attach(chunk: Uint8Array): void {
    // A Buffer has another hidden class: with both in play, every access would have to tell them apart.
    const plain =
      chunk.constructor === Uint8Array ? chunk : new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)
    const left = this.end - this.pos
    if (left === 0) {
      this.base += this.pos
      this.pos = 0
      this.bytes = plain
      this.end = plain.length
    } else {
      this.reserve(plain.length)
      this.carry.set(plain, this.end)
      this.end += plain.length
    }
    this.unit = this.pos
    this.crcPos = this.pos
  }

  /** Makes room after the bytes left over, which lie in `carry` (see `detach`). */
  private reserve(more: number): void {
    const left = this.end - this.pos
    const size = left + more
    const oversized = this.carry.length > CARRY_KEPT_BYTES_MAX && size < this.carry.length >> 3
    if (this.end + more <= this.carry.length && !oversized) return
    if (size > this.carry.length || left > this.carry.length >> 1 || oversized) {
      // Doubling, but never past what the unit at hand needs.
      const grown = new Uint8Array(Math.max(size, Math.min(2 * size, this.wanted + CARRY_BYTES_MIN + more)))
      grown.set(this.carry.subarray(this.pos, this.end))
      this.carry = grown
      this.bytes = grown
    } else this.carry.copyWithin(0, this.pos, this.end)
    this.base += this.pos
    this.pos = 0
    this.end = left
  }

  /** Ends the reading of a chunk: its checksum is taken, and what is left over is moved to `carry`. */
  detach(): void {
    this.takeChecksum()
    if (this.bytes === this.carry) return
    const left = this.end - this.pos
    if (left > this.carry.length) this.carry = new Uint8Array(2 * left)
    this.carry.set(this.bytes.subarray(this.pos, this.end))
    this.base += this.pos
    this.bytes = this.carry
    this.pos = 0
    this.end = left
    this.unit = 0
    this.crcPos = 0
  }

  private takeChecksum(): void {
    if (this.checksums && this.pos > this.crcPos) {
      this.crc.update(this.bytes, this.crcPos, this.pos - this.crcPos)
    }
    this.crcPos = this.pos
  }

  /**
   * Compares the checksum of all bytes before the current position with the 8 bytes here, and consumes them. Answers both
   * numbers where they differ.
   */
  checksumDifference(): string | undefined {
    this.need(8)
    this.takeChecksum()
    const at = this.pos
    this.pos += 8
    this.crcPos = this.pos
    // Eight zero bytes: written with rdbchecksum off.
    const absent = this.uint32(at) === 0 && this.uint32(at + 4) === 0
    if (absent || !this.checksums || this.crc.equals(this.bytes, at)) return undefined
    const computed = Buffer.alloc(8)
    this.crc.write(computed, 0)
    const stored = Buffer.from(this.bytes.subarray(at, at + 8))
    return `expected: (${hexOf(computed)}) but got (${hexOf(stored)})`
  }

  /** Throws NEED_MORE unless `count` bytes can be read; a count beyond the end of the file is corrupt. */
  need(count: number): void {
    if (count <= this.end - this.pos) return
    if (count > this.totalBytes - this.offset) {
      corrupt(`${count} bytes expected where the file has ${this.totalBytes - this.offset} left`, "truncated")
    }
    this.wanted = this.pos - this.unit + count
    throw NEED_MORE
  }

  byte(): number {
    if (this.pos === this.end) this.need(1)
    return this.bytes[this.pos++]
  }

  skip(count: number): void {
    this.need(count)
    this.pos += count
  }

  /** The unsigned 32-bit little-endian number at index `at` of `bytes`. */
  private uint32(at: number): number {
    const b = this.bytes
    return (b[at] | (b[at + 1] << 8) | (b[at + 2] << 16) | (b[at + 3] << 24)) >>> 0
  }

  int32(): number {
    this.need(4)
    const value = this.uint32(this.pos) | 0
    this.pos += 4
    return value
  }

  /** A signed 64-bit little-endian number; `lengthHi` (signed) and `lengthLo` have it exactly, the result up to 2^53. */
  int64(): number {
    this.need(8)
    this.lengthLo = this.uint32(this.pos)
    this.lengthHi = this.uint32(this.pos + 4) | 0
    this.pos += 8
    return this.lengthHi * 0x100000000 + this.lengthLo
  }

  double(): number {
    this.need(8)
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset + this.pos, 8)
    this.pos += 8
    return view.getFloat64(0, true)
  }

  /** A length; beyond 2^53 the result is rounded and `lengthHi`, `lengthLo` are exact. */
  length(): number {
    const first = this.byte()
    if (first < 0x40) return this.setLength(first)
    if (first < 0x80) return this.setLength(((first & 0x3f) << 8) | this.byte())
    return this.longLength(first)
  }

  private longLength(first: number): number {
    if (first === 0x80) {
      this.need(4)
      return this.setLength(this.uint32be())
    }
    if (first === 0x81) {
      this.need(8)
      const high = this.uint32be()
      const low = this.uint32be()
      this.lengthHi = high
      this.lengthLo = low
      return high * 0x100000000 + low
    }
    // It should begin an encoded string: redis-server takes the rest of it for a length, and so loads a damaged value.
    if (first >= 0xc0) return this.setLength(first & 0x3f)
    return corrupt(`0x${first.toString(16)} does not start a length`)
  }

  private setLength(value: number): number {
    this.lengthHi = 0
    this.lengthLo = value
    return value
  }

  private uint32be(): number {
    const b = this.bytes
    const p = this.pos
    this.pos = p + 4
    return ((b[p] << 24) | (b[p + 1] << 16) | (b[p + 2] << 8) | b[p + 3]) >>> 0
  }

  /** A length as an unsigned 64-bit number. */
  lengthBig(): bigint {
    this.length()
    return this.exact
  }

  private get exact(): bigint {
    return (BigInt(this.lengthHi) << 32n) | BigInt(this.lengthLo)
  }

  /** As `length`, of something that is only counted: what does not start a length is 2^64 - 1, as redis-server reads it. */
  number(): number {
    const first = this.byte()
    if (first > 0x81 && first < 0xc0) {
      this.lengthHi = this.lengthLo = 0xffffffff
      return 2 ** 64
    }
    this.pos--
    return this.length()
  }

  numberBig(): bigint {
    this.number()
    return this.exact
  }

  /** How many items follow, each of at least `itemBytesMin` bytes. */
  count(itemBytesMin: number): number {
    const count = this.length()
    if (count * itemBytesMin > this.totalBytes - this.offset) {
      corrupt(`${count} items claimed where the file has ${this.totalBytes - this.offset} bytes left`)
    }
    return count
  }

  /** Fixed-size bytes, as a slice of the input. */
  fixed(count: number, into: RdbSlice): void {
    this.need(count)
    into.bytes = this.bytes
    into.offset = this.pos
    into.length = count
    into.isInteger = false
    this.pos += count
  }

  /** A string of any encoding; integers and compressed ones come to lie in `scratch`. */
  string(into: RdbSlice, scratch: Scratch): void {
    const first = this.byte()
    if (first >= 0xc0) {
      this.encodedString(first & 0x3f, into, scratch)
      return
    }
    let length = first
    if (first >= 0x40) {
      length = first < 0x80 ? ((first & 0x3f) << 8) | this.byte() : this.longLength(first)
      if (length > RDB_STRING_BYTES_MAX) corrupt(`string of ${length} bytes`)
    }
    if (length > this.end - this.pos) this.need(length)
    into.bytes = this.bytes
    into.offset = this.pos
    into.length = length
    into.isInteger = false
    this.pos += length
  }

  private encodedString(encoding: number, into: RdbSlice, scratch: Scratch): void {
    if (encoding === RdbStringEncoding.Lzf) {
      this.compressedString(into, scratch)
      return
    }
    let value = 0
    if (encoding === RdbStringEncoding.Int8) value = (this.byte() << 24) >> 24
    else if (encoding === RdbStringEncoding.Int16) {
      this.need(2)
      value = ((this.bytes[this.pos] << 16) | (this.bytes[this.pos + 1] << 24)) >> 16
      this.pos += 2
    } else if (encoding === RdbStringEncoding.Int32) value = this.int32()
    else corrupt(`unknown string encoding ${encoding}`)
    const digits = scratch.ensure(16)
    into.bytes = digits
    into.offset = 0
    into.length = formatInt(digits, 0, value)
    into.isInteger = true
    into.integer = value
  }

  private compressedString(into: RdbSlice, scratch: Scratch): void {
    const packed = this.length()
    const plain = this.length()
    if (packed > RDB_STRING_BYTES_MAX || plain > RDB_STRING_BYTES_MAX) corrupt(`string of ${plain} bytes`)
    if (plain > packed * LZF_RATIO_MAX)
      corrupt(`${plain} bytes cannot come from ${packed} compressed ones`, "compression")
    this.need(packed)
    const target = scratch.ensure(plain)
    // redis-server takes nothing for what it was told of, and looks no further.
    if (plain > 0 && lzfDecompress(this.bytes, this.pos, packed, target, 0, plain) !== plain)
      corrupt("invalid LZF data", "compression")
    this.pos += packed
    into.bytes = target
    into.offset = 0
    into.length = plain
    into.isInteger = false
  }
}
