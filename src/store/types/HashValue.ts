/**
 * Values of type hash.
 *
 * Encodings (Entry.ts), the value ref is that of:
 *   HASH_LISTPACK    one block with Redis's listpack bytes [field value field value ...] from its first byte on
 *                    (packed/Listpack.ts, ListpackPairs.ts); the block may be longer
 *   HASH_HASHTABLE   a HashTable whose entries are field blocks
 * Field block: word 0 = 1 (one extra header word), word 1 = field length, word 2 = value length, from byte 12 on the
 * bytes of the field and right after them those of the value.
 *
 * A hash starts as a listpack. It becomes a table, and stays one, when it has more than hash-max-listpack-entries fields
 * or when a field or value longer than hash-max-listpack-value is written.
 *
 * Invariants: no hash in the keyspace is empty; fields are distinct; every write passes arena.willWrite.
 *
 * Cost: a field of m and a value of n bytes in a table take 12 + m + n, rounded up to 8, and about 7.5 of the table: 16
 * and 10 bytes cost 47.5, where redis-server 7.0.15 takes about 80.
 *
 * Example: HSET h f 1000 is one block of 24 bytes, 0d 00 00 00 | 02 00 | 81 66 02 | c3 e8 02 | ff. In a table it is the
 * field block 01000000 01000000 04000000 "f" "1000".
 */
import { byteOf, chunkOf, wordOf } from "../../memory/Ref.js"
import { type Arena, copyBytes, type Ref } from "../../memory/Arena.js"
import { formatPairBefore, INT64_TEXT_MAX } from "../../bytes/Int64.js"
import * as Listpack from "../../bytes/packed/Listpack.js"
import { lpv } from "../../bytes/packed/Listpack.js"
import * as Pairs from "../../bytes/packed/ListpackPairs.js"
import { TableCursor } from "../../memory/table/TableCursor.js"
import { entryEncoding, entryValue, HASH_HASHTABLE, HASH_LISTPACK } from "../Entry.js"
import type { ValueType } from "../ValueType.js"
import { checkPairs, fitBlock, PackedHandle, type PackedKind, packedType, tableCount } from "./TableValue.js"

const FIELD_EXTRA = 1
/** Bytes before the field in a field block. */
export const FIELD_HEADER_BYTES = 12
/** A listpack never grows beyond this many bytes, whatever the directives say. */
const LISTPACK_BYTES_MAX = 1 << 30

/** Offset of a field block's field in its chunk; the value's bytes follow the field's. */
export const fieldOffset = (block: Ref): number => byteOf(block) + FIELD_HEADER_BYTES
const fieldLength = (a: Arena, block: Ref): number => a.i32[chunkOf(block)][wordOf(block) + 1]
const fieldValueLength = (a: Arena, block: Ref): number => a.i32[chunkOf(block)][wordOf(block) + 2]

const HASH: PackedKind = {
  packed: HASH_LISTPACK,
  table: HASH_HASHTABLE,
  newBytes: Listpack.LISTPACK_EMPTY + 9,
  init: Listpack.init,
  byteLength: Listpack.byteLength,
  check: checkPairs,
}

/** A handle on one hash at a time; it reads the value that was last found. */
export class HashValue extends PackedHandle {
  constructor(arena: Arena) {
    super(arena, HASH)
  }

  /**
   * Makes a hash of listpack bytes (validated by the caller); a table when they are more than `entriesMax` pairs. Like
   * Redis's loader, it leaves long values alone.
   */
  createFromListpack(buf: Uint8Array, off: number, entriesMax: number): this {
    this.createPacked(buf, off)
    if (this.count > entriesMax) this.convert()
    return this
  }

  get count(): number {
    return this.encoding === HASH_HASHTABLE
      ? this.table.count
      : Pairs.pairCount(this.arena.u8[chunkOf(this.value)], byteOf(this.value))
  }

  /** Finds a field and reads its value into `src`, `off`, `len`; false when it is not there. */
  find(buf: Uint8Array, off: number, len: number): boolean {
    const a = this.arena
    if (this.encoding === HASH_HASHTABLE) {
      const block = this.table.find(buf, off, len)
      if (block === 0) return false
      this.src = a.u8[chunkOf(block)]
      this.off = fieldOffset(block) + len
      this.len = fieldValueLength(a, block)
      return true
    }
    const bytes = a.u8[chunkOf(this.value)]
    const p = Pairs.findPair(bytes, byteOf(this.value), buf, off, len)
    if (p < 0) return false
    this.readPacked(bytes, Pairs.valueOf(bytes, p))
    return true
  }

  private readPacked(bytes: Uint8Array, p: number): void {
    Listpack.read(bytes, p)
    if (lpv.isInt) this.readInteger(lpv.intHi, lpv.intLo)
    else {
      this.src = bytes
      this.off = lpv.off
      this.len = lpv.len
    }
  }

  has(buf: Uint8Array, off: number, len: number): boolean {
    if (this.encoding === HASH_HASHTABLE) return this.table.find(buf, off, len) !== 0
    return Pairs.findPair(this.arena.u8[chunkOf(this.value)], byteOf(this.value), buf, off, len) >= 0
  }

  /**
   * Sets a field; answers whether it is new. A listpack becomes a table above `entriesMax` fields, or when the field or
   * the value is longer than `lengthMax`. The bytes must not lie in this hash's own blocks.
   */
  set(
    fb: Uint8Array,
    fo: number,
    fl: number,
    vb: Uint8Array,
    vo: number,
    vl: number,
    entriesMax: number,
    lengthMax: number,
  ): boolean {
    if (this.encoding === HASH_LISTPACK) {
      if (fl > lengthMax || vl > lengthMax) this.convert()
      else return this.setPacked(fb, fo, fl, vb, vo, vl, entriesMax)
    }
    const a = this.arena
    const old = this.table.find(fb, fo, fl)
    const bytes = FIELD_HEADER_BYTES + fl + vl
    if (old !== 0) {
      const size = a.blockSize(old)
      if (bytes <= size && bytes * 2 + 32 >= size) {
        a.willWrite(old)
        a.i32[chunkOf(old)][wordOf(old) + 2] = vl
        copyBytes(vb, vo, a.u8[chunkOf(old)], fieldOffset(old) + fl, vl)
        return false
      }
    }
    const block = a.alloc(bytes)
    const words = a.i32[chunkOf(block)]
    const w = wordOf(block)
    words[w] = FIELD_EXTRA
    words[w + 1] = fl
    words[w + 2] = vl
    const at = fieldOffset(block)
    copyBytes(fb, fo, a.u8[chunkOf(block)], at, fl)
    copyBytes(vb, vo, a.u8[chunkOf(block)], at + fl, vl)
    if (old === 0) {
      this.table.insertAfterFind(block)
      return true
    }
    this.table.replaceFound(old, block)
    a.free(old)
    return false
  }

  private setPacked(
    fb: Uint8Array,
    fo: number,
    fl: number,
    vb: Uint8Array,
    vo: number,
    vl: number,
    entriesMax: number,
  ): boolean {
    const a = this.arena
    let bytes = a.u8[chunkOf(this.value)]
    const base = byteOf(this.value)
    const p = Pairs.findPair(bytes, base, fb, fo, fl)
    if (p >= 0) {
      const v = Pairs.valueOf(bytes, p)
      const rest = v - base
      if (!this.makeRoom(Listpack.replaceGrowth(bytes, v, vb, vo, vl)))
        return this.set(fb, fo, fl, vb, vo, vl, 0, 0)
      bytes = a.u8[chunkOf(this.value)]
      Listpack.replace(bytes, byteOf(this.value), byteOf(this.value) + rest, vb, vo, vl)
      this.value = fitBlock(a, this.value, Listpack.byteLength(bytes, byteOf(this.value)))
      // The limit may be lower than it was when the fields came; as in Redis any write looks at it.
      if (this.count > entriesMax) this.convert()
      return false
    }
    if (!this.makeRoom(Pairs.pairEncodedSize(fb, fo, fl, vb, vo, vl)))
      return this.set(fb, fo, fl, vb, vo, vl, 0, 0)
    bytes = a.u8[chunkOf(this.value)]
    Pairs.appendPair(bytes, byteOf(this.value), fb, fo, fl, vb, vo, vl)
    if (this.count > entriesMax) this.convert()
    return true
  }

  /** Readies the listpack's block for a write that adds `growth` bytes; false: it is full and is a table now. */
  private makeRoom(growth: number): boolean {
    const a = this.arena
    const ref = this.value
    const bytes = Listpack.byteLength(a.u8[chunkOf(ref)], byteOf(ref))
    if (bytes + growth > LISTPACK_BYTES_MAX) {
      this.convert()
      return false
    }
    if (bytes + growth > a.blockSize(ref)) this.value = a.realloc(ref, bytes + growth, bytes)
    else a.willWrite(ref)
    return true
  }

  /** Adds a field to a table without looking whether it is there: for conversion and loading of distinct fields. */
  private insert(cursor: HashCursor): void {
    this.set(cursor.fieldSrc, cursor.fieldOff, cursor.fieldLen, cursor.src, cursor.off, cursor.len, 0, 0)
  }

  /** Makes the listpack a table; does nothing to a table. */
  convert(): void {
    if (this.encoding === HASH_HASHTABLE) return
    const old = this.value
    const cursor = new HashCursor(this.arena).open(HASH_LISTPACK, old)
    this.value = this.table.create()
    this.encoding = HASH_HASHTABLE
    while (cursor.next()) this.insert(cursor)
    this.arena.free(old)
  }

  /** Removes a field; false when it was not there. An emptied hash is the caller's to free. */
  remove(buf: Uint8Array, off: number, len: number): boolean {
    const a = this.arena
    if (this.encoding === HASH_HASHTABLE) {
      const block = this.table.find(buf, off, len)
      if (block === 0) return false
      this.table.removeFound(block)
      a.free(block)
      return true
    }
    const bytes = a.u8[chunkOf(this.value)]
    const base = byteOf(this.value)
    const p = Pairs.findPair(bytes, base, buf, off, len)
    if (p < 0) return false
    a.willWrite(this.value)
    Pairs.deletePair(bytes, base, p)
    this.value = fitBlock(a, this.value, Listpack.byteLength(bytes, base))
    return true
  }
}

/**
 * Walks the fields of a hash, which must not change meanwhile:
 *
 *     cursor.open(encoding, value)
 *     while (cursor.next()) use(cursor.fieldSrc, cursor.fieldOff, cursor.fieldLen, cursor.src, cursor.off, cursor.len)
 *
 * A listpack's fields come in the order they were added, a table's in none.
 */
export class HashCursor {
  /** The field the walk stands on, and its value; good until the next call. */
  fieldSrc: Uint8Array
  fieldOff = 0
  fieldLen = 0
  src: Uint8Array
  off = 0
  len = 0
  private value: Ref = 0
  /** Next position in a listpack, relative to its start; -1 for a table. */
  private at = 0
  private readonly table: TableCursor
  private readonly fieldText = new Uint8Array(INT64_TEXT_MAX)
  private readonly text = new Uint8Array(INT64_TEXT_MAX)

  constructor(private readonly arena: Arena) {
    this.table = new TableCursor(arena)
    this.fieldSrc = this.fieldText
    this.src = this.text
  }

  open(encoding: number, value: Ref): this {
    this.value = value
    if (encoding === HASH_HASHTABLE) {
      this.at = -1
      this.table.open(value)
    } else this.at = Listpack.LISTPACK_HEADER
    return this
  }

  openEntry(entry: Ref): this {
    return this.open(entryEncoding(this.arena, entry), entryValue(this.arena, entry))
  }

  next(): boolean {
    const a = this.arena
    if (this.at < 0) {
      const block = this.table.next()
      if (block === 0) return false
      this.view(block)
      return true
    }
    const bytes = a.u8[chunkOf(this.value)]
    const base = byteOf(this.value)
    const p = base + this.at
    if (bytes[p] === Listpack.LISTPACK_END) return false
    this.at = this.readPair(bytes, p) - base
    return true
  }

  /** Reads a field block of a table, as `next` does. */
  view(block: Ref): void {
    const a = this.arena
    this.fieldSrc = this.src = a.u8[chunkOf(block)]
    this.fieldOff = fieldOffset(block)
    this.fieldLen = fieldLength(a, block)
    this.off = this.fieldOff + this.fieldLen
    this.len = fieldValueLength(a, block)
  }

  /** Reads the pair at `p` of a listpack, as `next` does; answers the place after it. */
  readPair(bytes: Uint8Array, p: number): number {
    Listpack.read(bytes, p)
    if (lpv.isInt) {
      this.fieldSrc = this.fieldText
      this.fieldOff = formatPairBefore(this.fieldText, INT64_TEXT_MAX, lpv.intHi, lpv.intLo)
      this.fieldLen = INT64_TEXT_MAX - this.fieldOff
    } else {
      this.fieldSrc = bytes
      this.fieldOff = lpv.off
      this.fieldLen = lpv.len
    }
    const v = Listpack.after(bytes, p)
    Listpack.read(bytes, v)
    if (lpv.isInt) {
      this.src = this.text
      this.off = formatPairBefore(this.text, INT64_TEXT_MAX, lpv.intHi, lpv.intLo)
      this.len = INT64_TEXT_MAX - this.off
    } else {
      this.src = bytes
      this.off = lpv.off
      this.len = lpv.len
    }
    return Listpack.after(bytes, v)
  }
}

/** Number of fields of a hash, from its encoding and value. */
export const hashCount = (a: Arena, encoding: number, value: Ref): number =>
  encoding === HASH_HASHTABLE ? tableCount(a, value) : Pairs.pairCount(a.u8[chunkOf(value)], byteOf(value))

export const hashType: ValueType = packedType(HASH)
