/**
 * Where an RDB encoder writes: a buffer that is handed on whenever it is full, with the checksum of all that went by, and
 * the format's primitives (RdbTypes.ts has them in words).
 *
 * `flush(buffer, n)` takes the first n bytes and answers the buffer to go on with, the same one or another. A string
 * longer than a buffer goes through in pieces, so memory does not depend on what is written.
 *
 * Example: length(300) writes 41 2c; string of "12" writes c0 0c; string of "k" writes 01 6b.
 */
import { Crc64 } from "../../bytes/Crc64.js"
import { copyBytes } from "../../memory/Arena.js"
import { lzfCompress } from "../../bytes/Lzf.js"

/** Takes a buffer's first `length` bytes; answers the buffer to fill next. */
export type Flush = (buffer: Uint8Array, length: number) => Uint8Array

/** Strings up to this length are stored as they are: packing them gains nothing. */
const PLAIN_BYTES_MAX = 20
/** Packing must save at least this much. */
const LZF_GAIN_MIN = 4
/** Longest text of an integer that fits 32 bits, "-2147483648". */
const INT32_TEXT_MAX = 11
const SCRATCH_KEPT_BYTES_MAX = 1 << 20

export class RdbOutput {
  /** Bytes written so far, those in the buffer included. */
  get written(): number {
    return this.flushed + this.pos
  }
  private pos = 0
  private flushed = 0
  /** Bytes of the buffer before this index are in the checksum. */
  private summed = 0
  private readonly crc = new Crc64()
  private scratch = new Uint8Array(4096)

  constructor(
    private buffer: Uint8Array,
    private readonly flush: Flush,
    private readonly compression: boolean,
    private readonly checksum: boolean,
  ) {}

  private takeChecksum(): void {
    if (this.checksum) this.crc.update(this.buffer, this.summed, this.pos - this.summed)
    this.summed = this.pos
  }

  /** Hands on what is in the buffer. */
  flushNow(): void {
    if (this.pos === 0) return
    this.takeChecksum()
    const n = this.pos
    this.flushed += n
    this.pos = 0
    this.summed = 0
    this.buffer = this.flush(this.buffer, n)
  }

  /** Sees that `n` bytes, at most a buffer, can be written without a look. */
  private ensure(n: number): void {
    if (this.pos + n > this.buffer.length) this.flushNow()
  }

  byte(value: number): void {
    if (this.pos === this.buffer.length) this.flushNow()
    this.buffer[this.pos++] = value
  }

  /** Bytes as they are. */
  raw(src: Uint8Array, off: number, len: number): void {
    if (this.pos + len <= this.buffer.length) {
      copyBytes(src, off, this.buffer, this.pos, len)
      this.pos += len
      return
    }
    let at = off
    let left = len
    while (left > 0) {
      if (this.pos === this.buffer.length) this.flushNow()
      const n = Math.min(left, this.buffer.length - this.pos)
      copyBytes(src, at, this.buffer, this.pos, n)
      this.pos += n
      at += n
      left -= n
    }
  }

  /** ASCII text without its length. */
  ascii(text: string): void {
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i))
  }

  private uint32be(value: number): void {
    const b = this.buffer
    b[this.pos++] = value >>> 24
    b[this.pos++] = value >>> 16
    b[this.pos++] = value >>> 8
    b[this.pos++] = value
  }

  /** Eight bytes, low half first, each half little endian. */
  pair64(low: number, high: number): void {
    this.ensure(8)
    const b = this.buffer
    for (let i = 0; i < 32; i += 8) b[this.pos++] = low >>> i
    for (let i = 0; i < 32; i += 8) b[this.pos++] = high >>> i
  }

  /** A whole number up to 2^53 in eight little-endian bytes. */
  int64(value: number): void {
    this.pair64(value | 0, Math.floor(value / 0x100000000) | 0)
  }

  /** The eight bytes of a double at `src[off]`, as they are in memory. */
  double(src: Uint8Array, off: number): void {
    this.ensure(8)
    for (let i = 0; i < 8; i++) this.buffer[this.pos++] = src[off + i]
  }

  length(value: number): void {
    this.ensure(9)
    const b = this.buffer
    if (value < 0x40) b[this.pos++] = value
    else if (value < 0x4000) {
      b[this.pos++] = 0x40 | (value >>> 8)
      b[this.pos++] = value
    } else if (value <= 0xffffffff) {
      b[this.pos++] = 0x80
      this.uint32be(value)
    } else this.length64(Math.floor(value / 0x100000000), value >>> 0)
  }

  /** A length given as two unsigned halves. */
  lengthPair(high: number, low: number): void {
    if (high === 0) this.length(low >>> 0)
    else this.length64(high, low)
  }

  private length64(high: number, low: number): void {
    this.ensure(9)
    this.buffer[this.pos++] = 0x81
    this.uint32be(high)
    this.uint32be(low)
  }

  /** A string in the shortest form: as an integer, packed, or as it is. */
  string(src: Uint8Array, off: number, len: number): void {
    if (len <= INT32_TEXT_MAX && len > 0 && this.integerString(src, off, len)) return
    if (this.compression && len > PLAIN_BYTES_MAX && this.packedString(src, off, len)) return
    this.length(len)
    this.raw(src, off, len)
  }

  /** Text as a string; one char a byte. */
  text(text: string): void {
    const bytes = new Uint8Array(text.length)
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
    this.string(bytes, 0, bytes.length)
  }

  /** Writes the string as an integer when it is the canonical text of one of 32 bits. */
  private integerString(src: Uint8Array, off: number, len: number): boolean {
    let i = off
    const end = off + len
    const negative = src[off] === 0x2d
    if (negative) i++
    const first = src[i]
    if (i === end || first < 0x30 || first > 0x39) return false
    if (first === 0x30 && len > 1) return false
    let n = 0
    for (; i < end; i++) {
      const digit = src[i] - 0x30
      if (digit < 0 || digit > 9) return false
      n = n * 10 + digit
    }
    if (negative) n = -n
    if (n < -0x80000000 || n > 0x7fffffff) return false
    this.ensure(5)
    const b = this.buffer
    if (n >= -0x80 && n <= 0x7f) {
      b[this.pos++] = 0xc0
      b[this.pos++] = n
    } else if (n >= -0x8000 && n <= 0x7fff) {
      b[this.pos++] = 0xc1
      b[this.pos++] = n
      b[this.pos++] = n >> 8
    } else {
      b[this.pos++] = 0xc2
      for (let shift = 0; shift < 32; shift += 8) b[this.pos++] = n >> shift
    }
    return true
  }

  private packedString(src: Uint8Array, off: number, len: number): boolean {
    const max = len - LZF_GAIN_MIN
    if (this.scratch.length < max) this.scratch = new Uint8Array(max)
    const packed = lzfCompress(src, off, len, this.scratch, 0, max)
    if (packed !== 0) {
      this.byte(0xc3)
      this.length(packed)
      this.length(len)
      this.raw(this.scratch, 0, packed)
    }
    if (this.scratch.length > SCRATCH_KEPT_BYTES_MAX) this.scratch = new Uint8Array(4096)
    return packed !== 0
  }

  /** The checksum of everything before it: eight bytes, zeros when checksums are off. */
  trailer(): void {
    this.ensure(8)
    this.takeChecksum()
    if (this.checksum) this.crc.write(this.buffer, this.pos)
    else this.buffer.fill(0, this.pos, this.pos + 8)
    this.pos += 8
    this.summed = this.pos
  }
}
