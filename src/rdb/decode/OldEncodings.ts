/**
 * The packed encodings of Redis before 7.0, as RDB versions 1 to 9 hold them: ziplist and zipmap. They are only read;
 * their elements are handed on one by one, or those of a ziplist as a listpack. Validation walks the whole blob first, so
 * the cursors need no checks.
 *
 * Ziplist (numbers little endian where not said otherwise):
 *
 *     total u32 | offset of last entry u32 | count u16, 65535 = unknown | entries ... | 0xff
 *
 *     entry = size of the entry before | encoding | content
 *     size before: 1 byte below 254, or 0xfe and u32
 *     00nnnnnn                         string of n bytes
 *     01nnnnnn nnnnnnnn                string of n bytes, 14 bits big endian
 *     10------ + u32 big endian        string of n bytes
 *     0xc0 int16   0xd0 int32   0xe0 int64   0xf0 int24   0xfe int8
 *     0xf1 to 0xfd                     the integer 0 to 12
 *
 * Example, the list ("2", "ab"): 11 00 00 00 | 0c 00 00 00 | 02 00 | 00 f3 | 02 02 61 62 | ff.
 *
 * Zipmap (up to Redis 2.4 for small hashes):
 *
 *     count u8, 254 = unknown | pairs ... | 0xff
 *
 *     pair = length | field | length | unused u8 | value | as many unused bytes
 *     length: 1 byte below 254, or 0xfe and u32
 *
 * Example, the hash (a: "xy"): 01 | 01 61 | 02 00 78 79 | ff.
 */
import { formatPairBefore } from "../../bytes/Int64.js"
import { latin1Text } from "../../bytes/Latin1.js"
import * as Listpack from "../../bytes/packed/Listpack.js"
import { writeEntry, writeU32 } from "../../bytes/packed/ListpackEntry.js"
import { corrupt } from "../format/RdbErrors.js"
import { RdbSlice } from "../format/RdbSink.js"

const ZIPLIST_HEADER = 10
const ZIPLIST_EMPTY = 11
const LONG = 0xfe
const END = 0xff
const COUNT_UNKNOWN = 0xffff
const TEXT_BYTES = 24

const u32 = (b: Uint8Array, p: number): number =>
  (b[p] | (b[p + 1] << 8) | (b[p + 2] << 16) | (b[p + 3] << 24)) >>> 0

/** Where the content of a ziplist entry lies: set by `readZiplistHead`, one record for the one thread. */
const head = { content: 0, length: 0, isString: false, encoding: 0 }

/** Reads the encoding at `p`; false when it is unknown or its bytes reach to `limit`. */
const readZiplistHead = (b: Uint8Array, p: number, limit: number): boolean => {
  if (p >= limit) return false
  const first = b[p]
  head.encoding = first
  head.isString = first < 0xc0
  if (first < 0x40) {
    head.content = p + 1
    head.length = first
  } else if (first < 0x80) {
    if (p + 2 > limit) return false
    head.content = p + 2
    head.length = ((first & 0x3f) << 8) | b[p + 1]
  } else if (first < 0xc0) {
    if (p + 5 > limit) return false
    head.content = p + 5
    head.length = ((b[p + 1] << 24) | (b[p + 2] << 16) | (b[p + 3] << 8) | b[p + 4]) >>> 0
  } else {
    head.content = p + 1
    head.length = ziplistIntegerBytes(first)
  }
  return head.length >= 0 && head.content + head.length <= limit
}

const ziplistIntegerBytes = (encoding: number): number => {
  if (encoding === 0xc0) return 2
  if (encoding === 0xd0) return 4
  if (encoding === 0xe0) return 8
  if (encoding === 0xf0) return 3
  if (encoding === 0xfe) return 1
  return encoding >= 0xf1 && encoding <= 0xfd ? 0 : -1
}

/** Walks a ziplist from end to end and returns its number of elements; throws CorruptValue. */
export const validateZiplist = (b: Uint8Array, offset: number, length: number): number => {
  if (length < ZIPLIST_EMPTY || u32(b, offset) !== length) corrupt("ziplist: wrong total", "packed")
  const limit = offset + length - 1
  if (b[limit] !== END) corrupt("ziplist: no end byte", "packed")
  let p = offset + ZIPLIST_HEADER
  let last = p
  let previous = 0
  let count = 0
  while (p < limit) {
    const start = p
    let before = b[p++]
    if (before === END) corrupt("ziplist: early end byte", "packed")
    if (before === LONG) {
      if (p + 4 > limit) corrupt("ziplist: entry beyond the end", "packed")
      before = u32(b, p)
      p += 4
    }
    if (before !== previous) corrupt("ziplist: size of the entry before is wrong", "packed")
    if (!readZiplistHead(b, p, limit)) corrupt("ziplist: invalid entry", "packed")
    p = head.content + head.length
    previous = p - start
    last = start
    count++
  }
  if (u32(b, offset + 4) !== last - offset) corrupt("ziplist: wrong offset of the last entry", "packed")
  const claimed = b[offset + 8] | (b[offset + 9] << 8)
  if (claimed !== COUNT_UNKNOWN && claimed !== count) corrupt("ziplist: wrong count", "packed")
  return count
}

/** Reads the elements of a validated ziplist in order. */
export class ZiplistCursor {
  private bytes: Uint8Array = new Uint8Array(0)
  private at = 0
  private limit = 0

  open(b: Uint8Array, offset: number, length: number): void {
    this.bytes = b
    this.at = offset + ZIPLIST_HEADER
    this.limit = offset + length - 1
  }

  /** The next element; integers come as decimal text in `text`, of at least 24 bytes. False at the end. */
  next(into: RdbSlice, text: Uint8Array): boolean {
    if (this.at >= this.limit) return false
    const b = this.bytes
    readZiplistHead(b, this.at + (b[this.at] === LONG ? 5 : 1), this.limit)
    const content = head.content
    this.at = content + head.length
    into.isInteger = false
    if (head.isString) {
      into.bytes = b
      into.offset = content
      into.length = head.length
    } else this.integer(head.encoding, content, into, text)
    return true
  }

  private integer(encoding: number, p: number, into: RdbSlice, text: Uint8Array): void {
    const b = this.bytes
    let low = 0
    if (encoding === 0xc0) low = ((b[p] << 16) | (b[p + 1] << 24)) >> 16
    else if (encoding === 0xd0 || encoding === 0xe0) low = u32(b, p) | 0
    else if (encoding === 0xf0) low = ((b[p] << 8) | (b[p + 1] << 16) | (b[p + 2] << 24)) >> 8
    else if (encoding === 0xfe) low = (b[p] << 24) >> 24
    else low = (encoding & 0x0f) - 1
    const high = encoding === 0xe0 ? u32(b, p + 4) | 0 : low >> 31
    into.bytes = text
    into.offset = formatPairBefore(text, TEXT_BYTES, high, low)
    into.length = TEXT_BYTES - into.offset
    into.isInteger = high === low >> 31
    into.integer = low
  }
}

/** Reads the length at `p` into `head.length` and where it ends into `head.content`; false when beyond the end. */
const readZipmapLength = (b: Uint8Array, p: number, limit: number): boolean => {
  const first = b[p]
  if (first < LONG) {
    head.length = first
    head.content = p + 1
  } else {
    if (first === END || p + 5 > limit) return false
    head.length = u32(b, p + 1)
    head.content = p + 5
  }
  return head.content + head.length <= limit
}

/** Walks a zipmap from end to end and returns its number of pairs; throws CorruptValue. */
export const validateZipmap = (b: Uint8Array, offset: number, length: number): number => {
  if (length < 2) corrupt("zipmap: too short", "packed")
  const limit = offset + length - 1
  if (b[limit] !== END) corrupt("zipmap: no end byte", "packed")
  let p = offset + 1
  let count = 0
  while (p < limit) {
    if (!readZipmapLength(b, p, limit)) corrupt("zipmap: invalid field", "packed")
    p = head.content + head.length
    if (p >= limit || !readZipmapLength(b, p, limit)) corrupt("zipmap: invalid value", "packed")
    // One byte says how many unused ones follow the value.
    p = head.content + 1 + head.length + b[head.content]
    if (p > limit) corrupt("zipmap: value beyond the end", "packed")
    count++
  }
  if (b[offset] !== LONG && b[offset] !== count) corrupt("zipmap: wrong count", "packed")
  checkFields(b, offset, length)
  return count
}

/** A repeated field is never taken. */
const checkFields = (b: Uint8Array, offset: number, length: number): void => {
  const cursor = new ZipmapCursor()
  const [field, value] = [new RdbSlice(), new RdbSlice()]
  const seen = new Set<string>()
  cursor.open(b, offset, length)
  for (let pairs = 1; cursor.next(field, value); pairs++) {
    seen.add(latin1Text(b, field.offset, field.offset + field.length))
    if (seen.size < pairs) corrupt("zipmap: repeated field", "packed")
  }
}

/** Reads the pairs of a validated zipmap in order. */
export class ZipmapCursor {
  private bytes: Uint8Array = new Uint8Array(0)
  private at = 0
  private limit = 0

  open(b: Uint8Array, offset: number, length: number): void {
    this.bytes = b
    this.at = offset + 1
    this.limit = offset + length - 1
  }

  next(field: RdbSlice, value: RdbSlice): boolean {
    if (this.at >= this.limit) return false
    const b = this.bytes
    readZipmapLength(b, this.at, this.limit)
    this.slice(field, head.content, head.length)
    readZipmapLength(b, head.content + head.length, this.limit)
    this.slice(value, head.content + 1, head.length)
    this.at = head.content + 1 + head.length + b[head.content]
    return true
  }

  private slice(into: RdbSlice, offset: number, length: number): void {
    into.bytes = this.bytes
    into.offset = offset
    into.length = length
    into.isInteger = false
  }
}

/** Most bytes that an element takes in a listpack beyond its content in a ziplist. */
const PACKED_BYTES_MAX = 11

/** Room that a ziplist of so many elements and bytes needs as a listpack. */
export const packedSize = (elements: number, bytes: number): number =>
  Listpack.LISTPACK_EMPTY + bytes + PACKED_BYTES_MAX * elements

/** Writes all that an opened cursor has to the start of `to`, as a listpack. */
export class ZiplistPacker {
  private readonly element = new RdbSlice()
  private readonly digits = new Uint8Array(TEXT_BYTES)

  pack(from: ZiplistCursor, to: Uint8Array): void {
    Listpack.init(to, 0)
    let p = Listpack.LISTPACK_HEADER
    let elements = 0
    for (; from.next(this.element, this.digits); elements++)
      p += writeEntry(to, p, this.element.bytes, this.element.offset, this.element.length)
    to[p] = Listpack.LISTPACK_END
    writeU32(to, 0, p + 1)
    Listpack.addToCount(to, 0, elements)
  }
}
