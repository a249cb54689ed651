/**
 * The listpack of a Redis 7.4 hash whose fields can have TTLs (type 25): field, value, TTL, field, value, TTL and so on,
 * where a TTL is an absolute time in milliseconds, or 0 for none. Redis 7.0 has no field TTLs, so only hashes without any
 * are read.
 *
 * Example: 0e 00 00 00 | 03 00 | 81 66 02 | 81 76 02 | 00 01 | ff is ("f": "v", no TTL).
 */
import { LISTPACK_END, LISTPACK_HEADER, entrySize, get, lpv, read } from "../../bytes/packed/Listpack.js"
import { corrupt } from "../format/RdbErrors.js"
import type { RdbSlice } from "../format/RdbSink.js"
import { checkListpack } from "./RdbValidate.js"

/** Walks the whole listpack and returns its number of fields; `refusal` is what a field with a TTL is answered. */
export const checkTriples = (s: RdbSlice, refusal: string): number => {
  const elements = checkListpack(s, undefined)
  if (elements % 3 !== 0) corrupt("listpack with field TTLs: elements are not triples")
  const b = s.bytes
  for (let p = s.offset + LISTPACK_HEADER; b[p] !== LISTPACK_END; p += entrySize(b, p)) {
    p += entrySize(b, p)
    p += entrySize(b, p)
    read(b, p)
    if (!lpv.isInt || lpv.int !== 0) corrupt(refusal)
  }
  return elements / 3
}

/** Reads the fields and values of a checked listpack. */
export class TripleCursor {
  private bytes: Uint8Array = new Uint8Array(0)
  private at = 0
  private readonly fieldDigits = new Uint8Array(24)
  private readonly valueDigits = new Uint8Array(24)

  open(s: RdbSlice): void {
    this.bytes = s.bytes
    this.at = s.offset + LISTPACK_HEADER
  }

  next(field: RdbSlice, value: RdbSlice): boolean {
    if (this.bytes[this.at] === LISTPACK_END) return false
    this.element(field, this.fieldDigits)
    this.element(value, this.valueDigits)
    this.at += entrySize(this.bytes, this.at)
    return true
  }

  /** The element at hand as a slice, an integer's digits copied to `digits`. */
  private element(into: RdbSlice, digits: Uint8Array): void {
    get(this.bytes, this.at)
    this.at += entrySize(this.bytes, this.at)
    into.isInteger = false
    into.length = lpv.len
    into.bytes = lpv.isInt ? digits : lpv.src
    into.offset = lpv.isInt ? 0 : lpv.off
    if (lpv.isInt) for (let i = 0; i < lpv.len; i++) digits[i] = lpv.src[lpv.off + i]
  }
}
