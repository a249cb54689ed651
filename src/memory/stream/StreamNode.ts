/**
 * The nodes of a stream: Redis's own format, so that RDB, DUMP and replication copy them verbatim. A node is a block that
 * holds one listpack from its first byte on:
 *
 *     head     live | deleted | n | field * n | 0
 *     entry    flags | ms | seq | value * n | size                      flags has SAME_FIELDS: the head's fields
 *              flags | ms | seq | m | (field | value) * m | size        fields of its own
 *
 * `live` and `deleted` count entries; a deleted one stays in place with its flag set. `ms` and `seq` are differences to
 * the node's first ID, which the index of nodes has (StreamIdTree.ts), 64 bits with wrap-around. `size` is the number of
 * elements of the entry before it, by which the entry is found from behind.
 *
 * Invariants: live + deleted entries follow the head (live may be 0 after a trim by ID); live IDs ascend; the block is as
 * long as its listpack's total or longer.
 *
 * Example: XADD s 1-1 a b makes 1, 0, 1, "a", 0, 2, 0, 0, "b", 4: flags 2 = SAME_FIELDS, both differences 0.
 */
import { byteOf, chunkOf } from "../Ref.js"
import type { Arena, Ref } from "../Arena.js"
import { formatPairBefore, INT64_TEXT_MAX } from "../../bytes/Int64.js"
import * as Listpack from "../../bytes/packed/Listpack.js"
import {
  entryBefore,
  entrySize,
  equals,
  LISTPACK_END,
  lpv,
  prepareInt,
  read,
  sameBytes,
  writeEntry,
  writePrepared,
  writeU32,
} from "../../bytes/packed/ListpackEntry.js"
import type { StreamId } from "../../bytes/StreamId.js"

export const ENTRY_DELETED = 1
export const ENTRY_SAME_FIELDS = 2

/** First bytes of a string of less than 64 bytes: SHORT_STRING plus its length. */
const SHORT_STRING = 0x80
const SHORT_STRING_END = 0xc0

/** Most bytes that an element adds to its content: encoding and backlen. */
const ELEMENT_BYTES_MAX = 10
/** Most bytes of flags, two differences, number of fields and size. */
const ENTRY_BYTES_MAX = 5 * 11
/** Most bytes of an empty head: header, end, live, deleted, n, 0. */
const HEAD_BYTES_MAX = Listpack.LISTPACK_EMPTY + 4 * 11
/** Room a node keeps for its two counters to grow. */
const COUNTER_BYTES = 10
const NODE_BYTES_MIN = 128

/** Fields and values as a command has them: argument i is buf[argOff[i] .. +argLen[i]), pairs from `first` on. */
export interface FieldSource {
  readonly buf: Uint8Array
  readonly argOff: Int32Array
  readonly argLen: Int32Array
}

/** What a node's head says; positions are absolute in the node's chunk. */
class NodeHead {
  live = 0
  deleted = 0
  fields = 0
  /** Position of the first field. */
  fieldsAt = 0
  /** Position of the first entry. */
  entriesAt = 0

  load(u8: Uint8Array, base: number): this {
    let p = base + Listpack.LISTPACK_HEADER
    this.live = intAt(u8, p)
    p += entrySize(u8, p)
    this.deleted = intAt(u8, p)
    p += entrySize(u8, p)
    const n = intAt(u8, p)
    this.fields = n
    p += entrySize(u8, p)
    this.fieldsAt = p
    for (let i = 0; i <= n; i++) p += entrySize(u8, p)
    this.entriesAt = p
    return this
  }
}

const intAt = (u8: Uint8Array, p: number): number => {
  const b = u8[p]
  if (b < 0x80) return b
  read(u8, p)
  return lpv.int
}

export const nodeBase = (node: Ref): number => byteOf(node)
export const nodeBytes = (a: Arena, node: Ref): number =>
  Listpack.byteLength(a.u8[chunkOf(node)], nodeBase(node))

/** Live entries of a node. */
export const nodeLive = (a: Arena, node: Ref): number =>
  intAt(a.u8[chunkOf(node)], nodeBase(node) + Listpack.LISTPACK_HEADER)

/** Deleted entries of a node. */
export const nodeDeleted = (a: Arena, node: Ref): number => {
  const u8 = a.u8[chunkOf(node)]
  const p = nodeBase(node) + Listpack.LISTPACK_HEADER
  return intAt(u8, p + entrySize(u8, p))
}

/** A node made of listpack bytes that are known to be one. */
export const nodeFromBytes = (a: Arena, bytes: Uint8Array, off: number, len: number): Ref => {
  const node = a.alloc(len)
  a.u8[chunkOf(node)].set(bytes.subarray(off, off + len), nodeBase(node))
  return node
}

const contentBytes = (src: FieldSource, first: number, pairs: number): number => {
  let bytes = 0
  for (let i = first; i < first + pairs * 2; i++) bytes += src.argLen[i] + ELEMENT_BYTES_MAX
  return bytes
}

const writeSmall = (u8: Uint8Array, p: number, n: number): number => {
  if (n <= 127) {
    u8[p] = n
    u8[p + 1] = 1
    return p + 2
  }
  prepareInt(n)
  return p + writePrepared(u8, p, u8, 0, 0)
}

/** A node without entries, its fields those of the entry that comes first; `room` bytes are expected to be enough. */
export const newNode = (a: Arena, src: FieldSource, first: number, pairs: number, room: number): Ref => {
  const need = HEAD_BYTES_MAX + contentBytes(src, first, pairs) * 2 + ENTRY_BYTES_MAX
  const node = a.alloc(Math.max(NODE_BYTES_MIN, need, room))
  const u8 = a.u8[chunkOf(node)]
  const base = nodeBase(node)
  Listpack.init(u8, base)
  let p = base + Listpack.LISTPACK_HEADER
  p = writeSmall(u8, p, 0)
  p = writeSmall(u8, p, 0)
  p = writeSmall(u8, p, pairs)
  for (let i = 0; i < pairs; i++) {
    const arg = first + i * 2
    p += writeEntry(u8, p, src.buf, src.argOff[arg], src.argLen[arg])
  }
  p = writeSmall(u8, p, 0)
  u8[p] = LISTPACK_END
  writeU32(u8, base, p + 1 - base)
  Listpack.addToCount(u8, base, pairs + 4)
  return node
}

/**
 * Sees that the node can take an entry and writes it at the end.
 * @param sizeHint size up to which the node is expected to grow (stream-node-max-bytes)
 * @returns the node, which may have moved
 */
export const appendEntry = (
  a: Arena,
  node: Ref,
  master: StreamId,
  id: StreamId,
  src: FieldSource,
  first: number,
  pairs: number,
  sizeHint: number,
): Ref => {
  const need = nodeBytes(a, node) + contentBytes(src, first, pairs) + ENTRY_BYTES_MAX + COUNTER_BYTES
  const into = reserve(a, node, need, sizeHint)
  const u8 = a.u8[chunkOf(into)]
  const base = nodeBase(into)
  const head = appendHead.load(u8, base)
  const same = head.fields === pairs && sameFields(u8, head.fieldsAt, src, first, pairs)
  const end = base + Listpack.byteLength(u8, base) - 1
  let p = writeSmall(u8, end, same ? ENTRY_SAME_FIELDS : 0)
  p = writeDifference(u8, p, id.mh, id.ml, master.mh, master.ml)
  p = writeDifference(u8, p, id.sh, id.sl, master.sh, master.sl)
  if (!same) p = writeSmall(u8, p, pairs)
  for (let i = same ? 1 : 0; i < pairs * 2; i += same ? 2 : 1) {
    const arg = first + i
    p += writeEntry(u8, p, src.buf, src.argOff[arg], src.argLen[arg])
  }
  const elements = same ? pairs + 3 : pairs * 2 + 4
  p = writeSmall(u8, p, elements)
  u8[p] = LISTPACK_END
  writeU32(u8, base, p + 1 - base)
  Listpack.addToCount(u8, base, elements + 1)
  setCounter(u8, base, 0, head.live + 1)
  return into
}

const appendHead = new NodeHead()

/** Makes the node writable with `need` bytes of room; answers it, which may have moved. */
const reserve = (a: Arena, node: Ref, need: number, sizeHint: number): Ref => {
  const room = a.blockSize(node)
  if (need <= room) {
    a.willWrite(node)
    return node
  }
  const roomy = room * 2 < sizeHint ? room * 2 : sizeHint
  return a.realloc(node, need > roomy ? need : roomy, nodeBytes(a, node))
}

/** Gives back the room of a node that will not grow any more; answers the node, which may have moved. */
export const shrinkNode = (a: Arena, node: Ref): Ref => {
  const bytes = nodeBytes(a, node)
  return a.blockSize(node) - bytes <= bytes >> 3 ? node : a.realloc(node, bytes, bytes)
}

const sameFields = (
  u8: Uint8Array,
  fieldsAt: number,
  src: FieldSource,
  first: number,
  pairs: number,
): boolean => {
  let p = fieldsAt
  for (let i = 0; i < pairs; i++) {
    const arg = first + i * 2
    const b = u8[p]
    const len = src.argLen[arg]
    if (b >= SHORT_STRING && b < SHORT_STRING_END) {
      if (b - SHORT_STRING !== len || !sameBytes(u8, p + 1, src.buf, src.argOff[arg], len)) return false
      p += len + 2
    } else {
      if (!equals(u8, p, src.buf, src.argOff[arg], len)) return false
      p += entrySize(u8, p)
    }
  }
  return true
}

const digits = new Uint8Array(INT64_TEXT_MAX + 4)

/** Writes (hi, lo) - (mHi, mLo) as an element; returns the place after it. */
const writeDifference = (
  u8: Uint8Array,
  p: number,
  hi: number,
  lo: number,
  mHi: number,
  mLo: number,
): number => {
  const dLo = (lo - mLo) | 0
  const dHi = (hi - mHi - (lo >>> 0 < mLo >>> 0 ? 1 : 0)) | 0
  if (dHi === 0 && dLo >= 0) return writeSmall(u8, p, dLo)
  const at = formatPairBefore(digits, INT64_TEXT_MAX, dHi, dLo)
  return p + writeEntry(u8, p, digits, at, INT64_TEXT_MAX - at)
}

/** Sets the counter of live (0) or deleted (1) entries; the block must have room for it to grow. */
const setCounter = (u8: Uint8Array, base: number, which: number, n: number): void => {
  let p = base + Listpack.LISTPACK_HEADER
  if (which === 1) p += entrySize(u8, p)
  if (n <= 127 && u8[p] < 0x80) u8[p] = n
  else Listpack.replaceInt(u8, base, p, n)
}

/** Sets the deleted flag of the entry at `p`. The low byte of a longer integer is its second. */
const markDeleted = (u8: Uint8Array, p: number): void => {
  u8[u8[p] < 0x80 ? p : p + 1] |= ENTRY_DELETED
}

/**
 * Marks the entry at `p` (absolute in the node's chunk) deleted.
 * @returns the node, which may have moved
 */
export const deleteEntry = (a: Arena, node: Ref, p: number): Ref => {
  const offset = p - nodeBase(node)
  const into = reserve(a, node, nodeBytes(a, node) + COUNTER_BYTES, 0)
  const base = nodeBase(into)
  markDeleted(a.u8[chunkOf(into)], base + offset)
  countDeleted(a.u8[chunkOf(into)], base, 1)
  return into
}

const countDeleted = (u8: Uint8Array, base: number, n: number): void => {
  const { live, deleted } = appendHead.load(u8, base)
  setCounter(u8, base, 0, live - n)
  setCounter(u8, base, 1, deleted + n)
}

/** What `deleteLeading` did. */
export const leading = { node: 0, deleted: 0 }

/**
 * Marks entries deleted from the first on: at most `max`, and only those below `minId` where it is given. Fills
 * `leading` with the node, which may have moved, and the number of entries it deleted.
 */
export const deleteLeading = (
  a: Arena,
  node: Ref,
  master: StreamId,
  max: number,
  minId: StreamId | undefined,
): void => {
  const into = reserve(a, node, nodeBytes(a, node) + COUNTER_BYTES, 0)
  const u8 = a.u8[chunkOf(into)]
  const base = nodeBase(into)
  const cursor = leadingCursor.open(u8, base, master, false)
  let deleted = 0
  while (deleted < max && cursor.next()) {
    if (minId !== undefined && cursor.compare(minId) >= 0) break
    if (cursor.deleted) continue
    markDeleted(u8, cursor.entryAt)
    deleted++
  }
  countDeleted(u8, base, deleted)
  leading.node = into
  leading.deleted = deleted
}

/**
 * Reads the entries of one node, forwards or backwards. Positions are absolute in the node's chunk; they are good until
 * the node is written.
 */
export class NodeCursor {
  u8: Uint8Array = new Uint8Array(0)
  /** Position of the entry at hand. */
  entryAt = 0
  flags = 0
  /** Fields of the entry at hand. */
  fields = 0
  /** ID of the entry at hand. */
  mh = 0
  ml = 0
  sh = 0
  sl = 0
  /** After `field`: where the field and the value are. */
  fieldAt = 0
  valueAt = 0
  readonly head = new NodeHead()
  private at = 0
  private left = 0
  private masterFieldAt = 0
  private masterMh = 0
  private masterMl = 0
  private masterSh = 0
  private masterSl = 0

  /** Goes before the first entry (or, `backwards`, behind the last) of the node at `base`, first ID `master`. */
  open(u8: Uint8Array, base: number, master: StreamId, backwards: boolean): this {
    this.u8 = u8
    this.head.load(u8, base)
    this.masterMh = master.mh
    this.masterMl = master.ml
    this.masterSh = master.sh
    this.masterSl = master.sl
    this.left = 0
    this.at = this.head.entriesAt
    this.entryAt = backwards ? Listpack.end(u8, base) : -1
    return this
  }

  /** Goes to the next entry, deleted ones included; false at the end. */
  next(): boolean {
    const u8 = this.u8
    let p = this.at
    if (this.entryAt >= 0) {
      for (let i = this.left; i >= 0; i--) p += entrySize(u8, p)
    }
    if (u8[p] === LISTPACK_END) return false
    this.load(p)
    return true
  }

  /** Goes to the entry before, deleted ones included; false at the start. */
  prev(): boolean {
    const u8 = this.u8
    if (this.entryAt === this.head.entriesAt) return false
    let p = entryBefore(u8, this.entryAt)
    for (let i = intAt(u8, p); i > 0; i--) p = entryBefore(u8, p)
    this.load(p)
    return true
  }

  get deleted(): boolean {
    return (this.flags & ENTRY_DELETED) !== 0
  }

  /** Goes to the entry's next field; call it `fields` times at most. */
  field(): void {
    const u8 = this.u8
    let p = this.at
    if ((this.flags & ENTRY_SAME_FIELDS) !== 0) {
      const f = this.masterFieldAt
      this.fieldAt = f
      this.masterFieldAt = f + entrySize(u8, f)
      this.left--
    } else {
      this.fieldAt = p
      p += entrySize(u8, p)
      this.left -= 2
    }
    this.valueAt = p
    this.at = p + entrySize(u8, p)
  }

  /** The ID's order against `id`. */
  compare(id: StreamId): number {
    if (this.mh !== id.mh) return this.mh >>> 0 < id.mh >>> 0 ? -1 : 1
    if (this.ml !== id.ml) return this.ml >>> 0 < id.ml >>> 0 ? -1 : 1
    if (this.sh !== id.sh) return this.sh >>> 0 < id.sh >>> 0 ? -1 : 1
    if (this.sl !== id.sl) return this.sl >>> 0 < id.sl >>> 0 ? -1 : 1
    return 0
  }

  private load(entry: number): void {
    const u8 = this.u8
    let p = entry
    this.entryAt = p
    const flags = intAt(u8, p)
    this.flags = flags
    p += entrySize(u8, p)
    p = this.addMs(u8, p)
    p = this.addSeq(u8, p)
    if ((flags & ENTRY_SAME_FIELDS) !== 0) {
      this.fields = this.head.fields
      this.masterFieldAt = this.head.fieldsAt
      this.left = this.fields
    } else {
      this.fields = intAt(u8, p)
      p += entrySize(u8, p)
      this.left = this.fields * 2
    }
    this.at = p
  }

  private addMs(u8: Uint8Array, p: number): number {
    read(u8, p)
    const lo = this.masterMl + lpv.intLo
    const carry = (this.masterMl >>> 0) + (lpv.intLo >>> 0) > 0xffffffff ? 1 : 0
    this.ml = lo | 0
    this.mh = (this.masterMh + lpv.intHi + carry) | 0
    return p + entrySize(u8, p)
  }

  private addSeq(u8: Uint8Array, p: number): number {
    read(u8, p)
    const lo = this.masterSl + lpv.intLo
    const carry = (this.masterSl >>> 0) + (lpv.intLo >>> 0) > 0xffffffff ? 1 : 0
    this.sl = lo | 0
    this.sh = (this.masterSh + lpv.intHi + carry) | 0
    return p + entrySize(u8, p)
  }
}

const leadingCursor = new NodeCursor()
