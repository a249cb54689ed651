/**
 * What must hold of packed bytes before they are handed on. Structure is always checked, so that whoever reads them needs
 * no bounds checks, and scores are numbers, so that whoever orders them can; `deep` (the sanitize option) adds what only
 * costs correctness: repeated members, stream IDs out of order. All functions throw CorruptValue.
 *
 * A stream node is a listpack whose first elements describe it and give the fields most entries share:
 *
 *     live entries | deleted entries | n | field * n | 0
 *
 * and then, an entry:
 *
 *     flags | ms - node ms | seq - node seq | value * n                     | elements before this one     flags & 2
 *     flags | ms - node ms | seq - node seq | m | (field | value) * m       | elements before this one     else
 *
 * flags & 1 marks a deleted entry. The last number lets the node be read backwards. A node holds at least one entry.
 */
import * as Intset from "../../bytes/packed/Intset.js"
import { LISTPACK_END, LISTPACK_HEADER, count, entrySize, lpv, read } from "../../bytes/packed/Listpack.js"
import { scoreAt } from "../../bytes/packed/ListpackPairs.js"
import { distinctAtStride, validate } from "../../bytes/packed/ListpackValidate.js"
import { corrupt } from "../format/RdbErrors.js"
import type { RdbSlice } from "../format/RdbSink.js"

const ENTRY_DELETED = 1
const ENTRY_SAME_FIELDS = 2

/** A list node or set: any listpack. Returns the number of elements. */
export const checkListpack = (s: RdbSlice): number => {
  if (!validate(s.bytes, s.offset, s.length, true)) corrupt("invalid listpack")
  return count(s.bytes, s.offset)
}

export const checkSetListpack = (s: RdbSlice, deep: boolean): number => {
  const members = checkListpack(s)
  if (deep && !distinctAtStride(s.bytes, s.offset, 1)) corrupt("set listpack: repeated member")
  return members
}

/** A hash or sorted set: returns the number of pairs. */
export const checkPairsListpack = (s: RdbSlice, scores: boolean, deep: boolean): number => {
  const elements = checkListpack(s)
  if (elements % 2 !== 0) corrupt("listpack: odd number of elements")
  if (deep && !distinctAtStride(s.bytes, s.offset, 2)) corrupt("listpack: repeated member")
  if (scores) checkScores(s)
  return elements / 2
}

/** Whether a listpack's element with this first byte is a string; integers are numbers at any rate. */
const isText = (first: number): boolean => (first & 0xc0) === 0x80 || (first >= 0xe0 && first <= 0xf0)

const checkScores = (s: RdbSlice): void => {
  const b = s.bytes
  for (let p = s.offset + LISTPACK_HEADER; b[p] !== LISTPACK_END;) {
    p += entrySize(b, p)
    if (isText(b[p]) && Number.isNaN(scoreAt(b, p))) corrupt("zset listpack: score is not a number")
    p += entrySize(b, p)
  }
}

/** Returns the number of members. */
export const checkIntset = (s: RdbSlice): number => {
  if (!Intset.validate(s.bytes, s.offset, s.length, true)) corrupt("invalid intset")
  return Intset.count(s.bytes, s.offset)
}

/** Reads the elements of one stream node in turn. */
class NodeReader {
  private bytes: Uint8Array = new Uint8Array(0)
  private at = 0
  private index = 0

  open(s: RdbSlice): void {
    this.bytes = s.bytes
    this.at = s.offset + LISTPACK_HEADER
    this.index = 0
  }

  get atEnd(): boolean {
    return this.bytes[this.at] === LISTPACK_END
  }

  /** Elements read since `restart`. */
  get taken(): number {
    return this.index
  }

  restart(): void {
    this.index = 0
  }

  skip(elements: number): void {
    for (let i = 0; i < elements; i++) {
      if (this.atEnd) corrupt("stream node: ends within an entry")
      this.at += entrySize(this.bytes, this.at)
    }
    this.index += elements
  }

  /** The element as an integer in `lpv`. */
  integer(): void {
    if (this.atEnd) corrupt("stream node: ends within an entry")
    read(this.bytes, this.at)
    if (!lpv.isInt) corrupt("stream node: integer expected")
    this.skip(1)
  }

  /** An integer from 0 up to the number of elements a node can have. */
  size(): number {
    this.integer()
    const value = lpv.int
    if (!(value >= 0 && value <= this.bytes.length)) corrupt("stream node: impossible count")
    return value
  }
}

const reader = new NodeReader()

/**
 * A stream node with `id`, its 16-byte first ID; with an `order`, IDs must ascend. Returns the number of live entries.
 */
export const checkStreamNode = (id: RdbSlice, node: RdbSlice, order: StreamOrder | undefined): number => {
  if (id.length !== 16) corrupt("stream node: ID is not of 16 bytes")
  checkListpack(node)
  reader.open(node)
  const live = reader.size()
  const deleted = reader.size()
  const fields = reader.size()
  reader.skip(fields)
  if (reader.size() !== 0) corrupt("stream node: head does not end in 0")
  order?.node(id)
  let seenLive = 0
  let seenDeleted = 0
  while (!reader.atEnd) {
    if (checkStreamEntry(fields, order)) seenLive++
    else seenDeleted++
  }
  if (seenLive !== live || seenDeleted !== deleted) corrupt("stream node: wrong number of entries")
  if (seenLive + seenDeleted === 0) corrupt("stream node: no entry")
  return live
}

/** Checks the entry at hand; false when it is a deleted one. */
const checkStreamEntry = (sharedFields: number, order: StreamOrder | undefined): boolean => {
  reader.restart()
  reader.integer()
  const flags = lpv.int
  if (!(flags >= 0 && flags <= (ENTRY_DELETED | ENTRY_SAME_FIELDS)))
    corrupt("stream node: unknown entry flags")
  reader.integer()
  const msHi = lpv.intHi
  const msLo = lpv.intLo
  reader.integer()
  if (order !== undefined) order.next(msHi, msLo, lpv.intHi, lpv.intLo)
  if ((flags & ENTRY_SAME_FIELDS) !== 0) reader.skip(sharedFields)
  else {
    const own = reader.size()
    reader.skip(2 * own)
  }
  const before = reader.taken
  if (reader.size() !== before) corrupt("stream node: wrong entry length")
  return (flags & ENTRY_DELETED) === 0
}

const pair = (hi: number, lo: number): bigint => (BigInt(hi) << 32n) | BigInt(lo >>> 0)

/**
 * Sees that the IDs of a stream ascend, from node to node too, that none lies before its node's, and that the last ID the
 * stream names is none of before its entries: what is added later comes after them. IDs wrap around at 2^64 as Redis's do.
 */
export class StreamOrder {
  private nodeMs = 0n
  private nodeSeq = 0n
  private lastMs = -1n
  private lastSeq = 0n

  /** A new stream. */
  start(): void {
    this.lastMs = -1n
  }

  /** The node whose entries come next. */
  node(id: RdbSlice): void {
    const view = new DataView(id.bytes.buffer, id.bytes.byteOffset + id.offset, 16)
    this.nodeMs = view.getBigUint64(0)
    this.nodeSeq = view.getBigUint64(8)
  }

  next(msHi: number, msLo: number, seqHi: number, seqLo: number): void {
    const ms = BigInt.asUintN(64, this.nodeMs + pair(msHi, msLo))
    const seq = BigInt.asUintN(64, this.nodeSeq + pair(seqHi, seqLo))
    if (isBefore(ms, seq, this.nodeMs, this.nodeSeq)) corrupt("stream node: ID before the node's")
    if (!isBefore(this.lastMs, this.lastSeq, ms, seq)) corrupt("stream node: IDs do not ascend")
    this.lastMs = ms
    this.lastSeq = seq
  }

  /** The last ID that the stream names. */
  end(ms: bigint, seq: bigint): void {
    if (isBefore(ms, seq, this.lastMs, this.lastSeq)) corrupt("stream: last ID is before the last entry's")
  }
}

const isBefore = (ms: bigint, seq: bigint, otherMs: bigint, otherSeq: bigint): boolean =>
  ms < otherMs || (ms === otherMs && seq < otherSeq)
