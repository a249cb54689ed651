/**
 * What must hold of packed bytes before they are handed on. Structure is always checked, so that whoever reads them needs
 * no bounds checks, and scores are numbers, so that whoever orders them can. Without a mender (the sanitize option)
 * repeated members are refused, too; with one the bytes are put right where they can be (RdbMend.ts), and the slice points
 * at what came of them. All functions throw CorruptValue.
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
import { LISTPACK_END, LISTPACK_HEADER, count, entrySize, lpv } from "../../bytes/packed/Listpack.js"
import { readInteger } from "../../bytes/packed/ListpackEntry.js"
import { scoreAt } from "../../bytes/packed/ListpackPairs.js"
import { distinctAtStride, statedCount, validate } from "../../bytes/packed/ListpackValidate.js"
import { corrupt, CorruptValue } from "../format/RdbErrors.js"
import type { RdbMend } from "../load/RdbMend.js"
import type { RdbSlice } from "../format/RdbSink.js"

const ENTRY_DELETED = 1
const ENTRY_SAME_FIELDS = 2

/**
 * A list node or set: any listpack. Returns the number of elements; 0 where, without the sanitize option, fewer than
 * `least` are stated, which redis-server believes.
 */
export const checkListpack = (s: RdbSlice, mender: RdbMend | undefined, least = 1): number => {
  if (!validate(s.bytes, s.offset, s.length, true)) {
    if (mender === undefined) return corrupt("invalid listpack", "packed")
    if (validate(s.bytes, s.offset, s.length, false) && statedCount(s.bytes, s.offset) < least) return 0
    mender.listpack(s, "backlens")
  }
  return count(s.bytes, s.offset)
}

export const checkSetListpack = (s: RdbSlice, mender: RdbMend | undefined): number => {
  const members = checkListpack(s, mender)
  if (mender === undefined && !distinctAtStride(s.bytes, s.offset, 1))
    corrupt("set listpack: repeated member", "packed")
  return members
}

/** A hash or sorted set: returns the number of pairs. */
export const checkPairsListpack = (s: RdbSlice, scores: boolean, mender: RdbMend | undefined): number => {
  const elements = checkListpack(s, mender, 2)
  if (elements % 2 !== 0) {
    if (mender === undefined) return corrupt("listpack: odd number of elements", "packed")
    mender.halfPair(s)
  }
  if (mender === undefined && !distinctAtStride(s.bytes, s.offset, 2))
    corrupt("listpack: repeated member", "packed")
  if (scores && elements > 1) checkScores(s)
  return elements >> 1
}

/** Whether a listpack's element with this first byte is a string; integers are numbers at any rate. */
const isText = (first: number): boolean => (first & 0xc0) === 0x80 || (first >= 0xe0 && first <= 0xf0)

const checkScores = (s: RdbSlice): void => {
  const b = s.bytes
  for (let p = s.offset + LISTPACK_HEADER; b[p] !== LISTPACK_END;) {
    p += entrySize(b, p)
    if (isText(b[p]) && Number.isNaN(scoreAt(b, p))) corrupt("zset listpack: score is not a number", "packed")
    p += entrySize(b, p)
  }
}

/** Returns the number of members. */
export const checkIntset = (s: RdbSlice, mender: RdbMend | undefined): number => {
  if (!Intset.validate(s.bytes, s.offset, s.length, true)) {
    if (mender === undefined) return corrupt("invalid intset", "packed")
    mender.intset(s)
  }
  return Intset.count(s.bytes, s.offset)
}

/** Reads the elements of one stream node in turn. */
class NodeReader {
  private bytes: Uint8Array = new Uint8Array(0)
  private at = 0
  private index = 0
  /** A number was text. */
  hadText = false

  open(s: RdbSlice): void {
    this.hadText = false
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
      if (this.atEnd) corrupt("stream node: ends within an entry", "packed")
      this.at += entrySize(this.bytes, this.at)
    }
    this.index += elements
  }

  /** The element as an integer in `lpv`. */
  integer(): void {
    if (this.atEnd) corrupt("stream node: ends within an entry", "packed")
    const text = isText(this.bytes[this.at])
    if (!readInteger(this.bytes, this.at)) corrupt("stream node: integer expected", "packed")
    if (text) this.hadText = true
    this.skip(1)
  }

  /** An integer from 0 up to the number of elements a node can have. */
  size(): number {
    this.integer()
    const value = lpv.int
    if (!(value >= 0 && value <= this.bytes.length)) corrupt("stream node: impossible count", "packed")
    return value
  }
}

const reader = new NodeReader()

/** A stream node with `id`, its 16-byte first ID. Returns the number of live entries, -1 when there is no entry at all. */
export const checkStreamNode = (id: RdbSlice, node: RdbSlice, mender: RdbMend, deep: boolean): number => {
  if (id.length !== 16) corrupt("stream node: ID is not of 16 bytes", "ID of a stream's node")
  if (!validate(node.bytes, node.offset, node.length, true)) {
    // The count of elements is nothing that redis-server looks at here.
    mender.listpack(node, deep ? "count" : "front")
  }
  if (count(node.bytes, node.offset) === 0) corrupt("stream node: empty listpack", "packed")
  if (deep) return checkStreamEntries(node) ?? mender.streamNode(node)
  try {
    return checkStreamEntries(node) ?? mender.streamNode(node)
  } catch (thrown) {
    if (thrown instanceof CorruptValue) return mender.streamNode(node)
    throw thrown
  }
}

/** The number of live entries; undefined when there is more to put right: flags, texts, how many entries are live. */
const checkStreamEntries = (node: RdbSlice): number | undefined => {
  reader.open(node)
  const live = reader.size()
  const deleted = reader.size()
  const fields = reader.size()
  reader.skip(fields)
  if (reader.size() !== 0) corrupt("stream node: head does not end in 0", "packed")
  let seenLive = 0
  let seenDeleted = 0
  let known = true
  while (!reader.atEnd) {
    const flags = checkStreamEntry(fields)
    if ((flags & ENTRY_DELETED) === 0) seenLive++
    else seenDeleted++
    if (flags !== (flags & (ENTRY_DELETED | ENTRY_SAME_FIELDS))) known = false
  }
  if (seenLive + seenDeleted !== live + deleted) corrupt("stream node: wrong number of entries", "packed")
  if (seenLive + seenDeleted === 0) corrupt("stream node: no entry", "packed")
  return known && !reader.hadText && seenLive === live ? live : undefined
}

/** Checks the entry at hand; answers its flags. */
const checkStreamEntry = (sharedFields: number): number => {
  reader.restart()
  reader.integer()
  const flags = lpv.intLo
  reader.integer()
  reader.integer()
  if ((flags & ENTRY_SAME_FIELDS) !== 0) reader.skip(sharedFields)
  else {
    const own = reader.size()
    reader.skip(2 * own)
  }
  const before = reader.taken
  if (reader.size() !== before) corrupt("stream node: wrong entry length", "packed")
  return flags
}
