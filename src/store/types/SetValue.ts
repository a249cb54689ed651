/**
 * Values of type set.
 *
 * Encodings (Entry.ts), the value ref is that of:
 *   SET_INTSET      one block with Redis's intset bytes (packed/Intset.ts) from its first byte on; the block may be longer
 *   SET_HASHTABLE   a HashTable whose entries are member blocks
 * Member block: word 0 = 0 (no extra header words), word 1 = length, bytes from byte 8 on.
 *
 * A set starts as an intset when its first member is a canonical 64-bit integer. It becomes a table, and stays one, when a
 * member is no integer or when there are more than set-max-intset-entries.
 *
 * Invariants: no set in the keyspace is empty; members are distinct; every write passes arena.willWrite.
 *
 * Cost: a member of n bytes in a table takes 8 + n, rounded up to 8, and about 7.5 of the table: 16 bytes cost 31.5,
 * where redis-server 7.0.15 takes about 64.
 *
 * Example: SADD s 1 2 is one block of 16 bytes, 02 00 00 00 | 02 00 00 00 | 01 00 | 02 00. SADD s x makes a table of
 * member blocks 00000000 01000000 "1", ... "2", ... "x".
 */
import { byteOf, chunkOf, wordOf } from "../../memory/Ref.js"
import { type Arena, copyBytes, type Ref } from "../../memory/Arena.js"
import { formatPairBefore, int64, INT64_TEXT_MAX, parseCanonical } from "../../bytes/Int64.js"
import * as Intset from "../../bytes/packed/Intset.js"
import { isv } from "../../bytes/packed/Intset.js"
import { TableCursor } from "../../memory/table/TableCursor.js"
import { entryEncoding, entryValue, SET_HASHTABLE, SET_INTSET } from "../Entry.js"
import type { ValueType } from "../ValueType.js"
import { fitBlock, PackedHandle, type PackedKind, packedType, tableCount } from "./TableValue.js"

/** Redis never keeps more integers than this in an intset, whatever the directive says. */
export const INTSET_ENTRIES_MAX = 1 << 30

/** Bytes before the member in a member block. */
export const MEMBER_HEADER_BYTES = 8

/** Offset of a member block's bytes in its chunk. */
const memberOffset = (member: Ref): number => byteOf(member) + MEMBER_HEADER_BYTES
export const memberLength = (a: Arena, member: Ref): number => a.i32[chunkOf(member)][wordOf(member) + 1]

/** ValueType.check of an intset. */
const checkIntset = (a: Arena, value: Ref): void => {
  const u8 = a.u8[chunkOf(value)]
  const bytes = Intset.byteLength(u8, byteOf(value))
  if (bytes > a.blockSize(value) || !Intset.validate(u8, byteOf(value), bytes, true))
    throw new Error("an intset is broken")
  if (Intset.count(u8, byteOf(value)) === 0) throw new Error("a stored set is empty")
}

const SET: PackedKind = {
  packed: SET_INTSET,
  table: SET_HASHTABLE,
  newBytes: Intset.INTSET_HEADER + 8,
  init: Intset.init,
  byteLength: Intset.byteLength,
  check: checkIntset,
}

/** A handle on one set at a time; it reads the member that `random`, `readAt` or `view` is asked for. */
export class SetValue extends PackedHandle {
  constructor(arena: Arena) {
    super(arena, SET)
  }

  /** Makes an empty set of the encoding that suits its first member. */
  createFor(buf: Uint8Array, off: number, len: number): this {
    return this.create(parseCanonical(buf, off, len) ? SET_INTSET : SET_HASHTABLE)
  }

  /** Makes a set of intset bytes (validated by the caller); a table when they are more than `intsetMax`. */
  createFromIntset(buf: Uint8Array, off: number, intsetMax: number): this {
    this.createPacked(buf, off)
    if (this.count > intsetMax) this.convert()
    return this
  }

  get count(): number {
    return this.encoding === SET_HASHTABLE
      ? this.table.count
      : Intset.count(this.arena.u8[chunkOf(this.value)], byteOf(this.value))
  }

  has(buf: Uint8Array, off: number, len: number): boolean {
    if (this.encoding === SET_HASHTABLE) return this.table.find(buf, off, len) !== 0
    return (
      parseCanonical(buf, off, len) &&
      Intset.has(this.arena.u8[chunkOf(this.value)], byteOf(this.value), int64.hi, int64.lo)
    )
  }

  /** Adds a member; false when it was there. An intset becomes a table above `intsetMax` members. */
  add(buf: Uint8Array, off: number, len: number, intsetMax: number): boolean {
    if (this.encoding === SET_INTSET) {
      if (parseCanonical(buf, off, len)) return this.addInteger(intsetMax)
      this.convert()
    }
    if (this.table.find(buf, off, len) !== 0) return false
    this.insertAfterFind(buf, off, len)
    return true
  }

  /** Adds the integer in `int64`. */
  private addInteger(intsetMax: number): boolean {
    const a = this.arena
    const hi = int64.hi
    const lo = int64.lo
    let ref = this.value
    if (Intset.find(a.u8[chunkOf(ref)], byteOf(ref), hi, lo) >= 0) return false
    const bytes = Intset.sizeAfterAdd(a.u8[chunkOf(ref)], byteOf(ref), hi, lo)
    if (bytes > a.blockSize(ref)) {
      ref = this.value = a.realloc(ref, bytes, Intset.byteLength(a.u8[chunkOf(ref)], byteOf(ref)))
    } else a.willWrite(ref)
    Intset.add(a.u8[chunkOf(ref)], byteOf(ref), hi, lo)
    if (this.count > intsetMax || this.count > INTSET_ENTRIES_MAX) this.convert()
    return true
  }

  private insertAfterFind(buf: Uint8Array, off: number, len: number): void {
    const a = this.arena
    const ref = a.alloc(MEMBER_HEADER_BYTES + len)
    const words = a.i32[chunkOf(ref)]
    const w = wordOf(ref)
    words[w] = 0
    words[w + 1] = len
    copyBytes(buf, off, a.u8[chunkOf(ref)], (w << 2) + MEMBER_HEADER_BYTES, len)
    this.table.insertAfterFind(ref)
  }

  /** Makes the intset a table. */
  convert(): void {
    const a = this.arena
    const old = this.value
    const n = this.count
    this.table.create()
    for (let i = 0; i < n; i++) {
      Intset.read(a.u8[chunkOf(old)], byteOf(old), i)
      const from = formatPairBefore(this.text, INT64_TEXT_MAX, isv.intHi, isv.intLo)
      this.table.find(this.text, from, INT64_TEXT_MAX - from)
      this.insertAfterFind(this.text, from, INT64_TEXT_MAX - from)
    }
    a.free(old)
    this.encoding = SET_HASHTABLE
    this.value = this.table.ref
  }

  /** Removes a member; false when it was not there. An emptied set is the caller's to free. */
  remove(buf: Uint8Array, off: number, len: number): boolean {
    const a = this.arena
    if (this.encoding === SET_HASHTABLE) {
      const member = this.table.find(buf, off, len)
      if (member === 0) return false
      this.table.removeFound(member)
      a.free(member)
      return true
    }
    if (!parseCanonical(buf, off, len)) return false
    const at = Intset.find(a.u8[chunkOf(this.value)], byteOf(this.value), int64.hi, int64.lo)
    if (at < 0) return false
    this.removeAt(at)
    return true
  }

  private removeAt(index: number): void {
    const a = this.arena
    a.willWrite(this.value)
    const bytes = a.u8[chunkOf(this.value)]
    Intset.removeAt(bytes, byteOf(this.value), index)
    this.value = fitBlock(a, this.value, Intset.byteLength(bytes, byteOf(this.value)))
  }

  /** Reads a member picked uniformly into `src`, `off`, `len`; the set must not be empty. `random(n)` yields [0, n). */
  random(random: (n: number) => number): void {
    const a = this.arena
    if (this.encoding === SET_HASHTABLE) this.view(this.table.random(random))
    else this.readAt(random(Intset.count(a.u8[chunkOf(this.value)], byteOf(this.value))))
  }

  /** Reads the member of an intset at an index into `src`, `off`, `len`. */
  readAt(index: number): void {
    Intset.read(this.arena.u8[chunkOf(this.value)], byteOf(this.value), index)
    this.readInteger(isv.intHi, isv.intLo)
  }

  /** Reads a member block of a table into `src`, `off`, `len`. */
  view(member: Ref): void {
    this.src = this.arena.u8[chunkOf(member)]
    this.off = memberOffset(member)
    this.len = memberLength(this.arena, member)
  }
}

/**
 * Walks the members of a set, which must not change meanwhile:
 *
 *     cursor.open(encoding, value)
 *     while (cursor.next()) use(cursor.src, cursor.off, cursor.len)
 *
 * Integers come in ascending order, the members of a table in no order.
 */
export class SetCursor {
  /** The member the walk stands on; good until the next call of `next`. */
  src: Uint8Array
  off = 0
  len = 0
  /** Its member block, 0 in an intset. */
  member: Ref = 0
  private value: Ref = 0
  /** Next index of an intset; -1 for a table. */
  private index = 0
  private readonly table: TableCursor
  private readonly text = new Uint8Array(INT64_TEXT_MAX)

  constructor(private readonly arena: Arena) {
    this.table = new TableCursor(arena)
    this.src = this.text
  }

  open(encoding: number, value: Ref): this {
    this.value = value
    this.member = 0
    if (encoding === SET_HASHTABLE) {
      this.index = -1
      this.table.open(value)
    } else this.index = 0
    return this
  }

  openEntry(entry: Ref): this {
    return this.open(entryEncoding(this.arena, entry), entryValue(this.arena, entry))
  }

  next(): boolean {
    const a = this.arena
    if (this.index < 0) {
      const member = this.table.next()
      if (member === 0) return false
      this.member = member
      this.src = a.u8[chunkOf(member)]
      this.off = memberOffset(member)
      this.len = memberLength(a, member)
      return true
    }
    const bytes = a.u8[chunkOf(this.value)]
    if (this.index >= Intset.count(bytes, byteOf(this.value))) return false
    Intset.read(bytes, byteOf(this.value), this.index++)
    this.src = this.text
    this.off = formatPairBefore(this.text, INT64_TEXT_MAX, isv.intHi, isv.intLo)
    this.len = INT64_TEXT_MAX - this.off
    return true
  }
}

/** Number of members of a set, from its encoding and value. */
export const setCount = (a: Arena, encoding: number, value: Ref): number =>
  encoding === SET_HASHTABLE ? tableCount(a, value) : Intset.count(a.u8[chunkOf(value)], byteOf(value))

export const setType: ValueType = packedType(SET)
