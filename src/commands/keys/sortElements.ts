/**
 * The elements that SORT sorts: their bytes one after another, what they are compared by, and the order they come out in.
 * Kept apart from the keyspace, since looking keys up for BY and GET may delete expired ones.
 */
import { parseDoubleLax } from "../../bytes/Numbers.js"

const grown = (old: Int32Array): Int32Array => {
  const next = new Int32Array(old.length * 2)
  next.set(old)
  return next
}

/** A sequence of byte strings in one buffer. */
export class Strings {
  bytes: Uint8Array = new Uint8Array(1024)
  off: Int32Array = new Int32Array(64)
  len: Int32Array = new Int32Array(64)
  count = 0
  private used = 0

  add(src: Uint8Array, off: number, len: number): void {
    if (this.used + len > this.bytes.length) {
      const next = new Uint8Array(Math.max(this.used + len, this.bytes.length * 2))
      next.set(this.bytes.subarray(0, this.used))
      this.bytes = next
    }
    for (let i = 0; i < len; i++) this.bytes[this.used + i] = src[off + i]
    this.note(this.used, len)
    this.used += len
  }

  /** Adds a place that holds nothing: the weight of a key that is not there. */
  addAbsent(): void {
    this.note(0, -1)
  }

  private note(off: number, len: number): void {
    if (this.count === this.off.length) {
      this.off = grown(this.off)
      this.len = grown(this.len)
    }
    this.off[this.count] = off
    this.len[this.count++] = len
  }

  /** Order of the i-th and the j-th by their bytes; with `asText` a NUL byte ends a string. Absent ones come first. */
  compare(i: number, j: number, asText: boolean): number {
    const { bytes, off, len } = this
    if (len[i] < 0 || len[j] < 0) return Math.sign(len[i] < 0 ? (len[j] < 0 ? 0 : -1) : 1)
    const n = Math.min(len[i], len[j])
    const p = off[i]
    const q = off[j]
    for (let k = 0; k < n; k++) {
      const x = bytes[p + k]
      const d = x - bytes[q + k]
      if (d !== 0) return d
      if (asText && x === 0) return 0
    }
    if (asText) return (n < len[i] ? bytes[p + n] : 0) - (n < len[j] ? bytes[q + n] : 0)
    return len[i] - len[j]
  }
}

const SMALLEST_NORMAL = 2.2250738585072014e-308

/** Whether a digit other than 0 stands before the exponent. */
const hasDigits = (src: Uint8Array, off: number, len: number): boolean => {
  const hex = len > 1 && src.subarray(off, off + len).some((b) => (b | 0x20) === 0x78)
  for (let i = off; i < off + len; i++) {
    const b = src[i] | 0x20
    if (b === (hex ? 0x70 : 0x65) || src[i] === 0) return false
    if ((src[i] >= 0x31 && src[i] <= 0x39) || (hex && b >= 0x61 && b <= 0x66)) return true
  }
  return false
}

/** The number SORT sees in a text: as strtod reads it, NaN when it is none or out of range. */
export const sortScore = (src: Uint8Array, off: number, len: number): number => {
  const x = parseDoubleLax(src, off, len)
  if (Math.abs(x) >= SMALLEST_NORMAL && Math.abs(x) < Infinity) return x
  if (x === 0) return hasDigits(src, off, len) ? NaN : x
  if (x === Infinity || x === -Infinity) return hasDigits(src, off, len) ? NaN : x
  return NaN
}
