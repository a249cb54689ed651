/**
 * Values whose packed bytes contradict themselves, made good. Without `sanitize-dump-payload` redis-server looks at little
 * more than their size and loads them; here what can be read of them is loaded and the rest put right, since nothing that
 * reads a value later checks bounds.
 *
 *     listpack      the number of elements, lengths for the way back; the last element of a half pair goes
 *     intset        order; repeated values go
 *     stream node   the numbers of entries, sizes for the way back, numbers that are texts; what follows the last whole
 *                   entry goes, and what stands behind an end byte
 *
 * What cannot be walked from its front stays refused: redis-server ends when it first reads such a value.
 */
import * as Intset from "../../bytes/packed/Intset.js"
import * as Listpack from "../../bytes/packed/Listpack.js"
import { LISTPACK_HEADER } from "../../bytes/packed/Listpack.js"
import {
  entrySize,
  get,
  LISTPACK_END,
  lpv,
  prepare,
  prepareInt,
  readInteger,
  writePrepared,
  writeU32,
} from "../../bytes/packed/ListpackEntry.js"
import { mend, type Mending } from "../../bytes/packed/ListpackValidate.js"
import { Scratch } from "../decode/RdbDecoderInput.js"
import { corrupt } from "../format/RdbErrors.js"
import type { RdbSlice } from "../format/RdbSink.js"

const ENTRY_DELETED = 1
const ENTRY_SAME_FIELDS = 2
/** Most bytes of an integer element. */
const INTEGER_BYTES_MAX = 11

export class RdbMend {
  private readonly scratch = new Scratch()
  private readonly nodeScratch = new Scratch()
  private to: Uint8Array = new Uint8Array(0)
  private end = 0
  private elements = 0

  /** Points the slice at bytes of its own. */
  private own(s: RdbSlice): void {
    const bytes = this.scratch.ensure(s.length)
    bytes.set(s.bytes.subarray(s.offset, s.offset + s.length))
    s.bytes = bytes
    s.offset = 0
  }

  listpack(s: RdbSlice, what: Mending): void {
    this.own(s)
    s.length = mend(s.bytes, 0, s.length, what)
    if (s.length === 0) corrupt("invalid listpack", "packed")
  }

  /** A listpack of pairs and one element more. */
  halfPair(s: RdbSlice): void {
    this.own(s)
    const u8 = s.bytes
    const last = Listpack.last(u8, 0)
    Listpack.deleteSpan(u8, 0, last, last + entrySize(u8, last), 1)
    s.length = Listpack.byteLength(u8, 0)
  }

  intset(s: RdbSlice): void {
    this.own(s)
    if (!Intset.validate(s.bytes, 0, s.length, false)) corrupt("invalid intset", "packed")
    s.length = Intset.mend(s.bytes, 0)
  }

  // ---- stream nodes

  /** A sound listpack that is no sound stream node. Answers the number of live entries, -1 when there is no entry at all. */
  streamNode(s: RdbSlice): number {
    this.to = this.nodeScratch.ensure(
      s.length + 5 * INTEGER_BYTES_MAX * (1 + Listpack.count(s.bytes, s.offset)),
    )
    const fields = this.fieldsOf(s)
    let live = 0
    let deleted = 0
    for (let p = fields.end; ;) {
      const end = entryEnd(s.bytes, p, fields.count)
      if (end < 0) break
      if ((entryFlags(s.bytes, p) & ENTRY_DELETED) === 0) live++
      else deleted++
      p = end
    }
    if (live + deleted === 0) return -1
    this.write(s, fields, live, deleted)
    return live
  }

  private fieldsOf(s: RdbSlice): { count: number; at: number; end: number } {
    const u8 = s.bytes
    let p = s.offset + LISTPACK_HEADER
    p = skip(u8, p, 2)
    const count = p < 0 ? -1 : smallInt(u8, p)
    const at = count < 0 ? -1 : skip(u8, p, 1)
    const end = at < 0 ? -1 : skip(u8, at, count + 1)
    if (end < 0) corrupt("stream node: no head", "packed")
    return { count, at, end }
  }

  private integer(n: number): void {
    prepareInt(n)
    this.end += writePrepared(this.to, this.end, this.to, 0, 0)
    this.elements++
  }

  private copied(u8: Uint8Array, p: number): void {
    get(u8, p)
    prepare(lpv.src, lpv.off, lpv.len)
    this.end += writePrepared(this.to, this.end, lpv.src, lpv.off, lpv.len)
    this.elements++
  }

  private verbatim(u8: Uint8Array, from: number, to: number, elements: number): void {
    this.to.set(u8.subarray(from, to), this.end)
    this.end += to - from
    this.elements += elements
  }

  private write(
    s: RdbSlice,
    fields: { count: number; at: number; end: number },
    live: number,
    deleted: number,
  ): void {
    const u8 = s.bytes
    Listpack.init(this.to, 0)
    this.end = LISTPACK_HEADER
    this.elements = 0
    this.integer(live)
    this.integer(deleted)
    this.integer(fields.count)
    this.verbatim(u8, fields.at, skip(u8, fields.at, fields.count), fields.count)
    this.integer(0)
    let p = fields.end
    for (let i = 0; i < live + deleted; i++) {
      const flags = entryFlags(u8, p)
      const before = this.elements
      this.integer(flags)
      const ms = skip(u8, p, 1)
      const seq = skip(u8, ms, 1)
      this.copied(u8, ms)
      this.copied(u8, seq)
      let content = skip(u8, seq, 1)
      let elements = fields.count
      if ((flags & ENTRY_SAME_FIELDS) === 0) {
        elements = 2 * smallInt(u8, content)
        this.integer(elements / 2)
        content = skip(u8, content, 1)
      }
      this.verbatim(u8, content, skip(u8, content, elements), elements)
      this.integer(this.elements - before)
      p = entryEnd(u8, p, fields.count)
    }
    const { to } = this
    to[this.end++] = LISTPACK_END
    writeU32(to, 0, this.end)
    Listpack.addToCount(to, 0, this.elements)
    s.bytes = to
    s.offset = 0
    s.length = this.end
  }
}

/** Where the element after `n` more starts, -1 when there are fewer. */
const skip = (u8: Uint8Array, p: number, n: number): number => {
  for (let i = 0; i < n; i++) {
    if (u8[p] === LISTPACK_END) return -1
    p += entrySize(u8, p)
  }
  return p
}

const isInteger = (u8: Uint8Array, p: number): boolean =>
  p >= 0 && u8[p] !== LISTPACK_END && readInteger(u8, p)

/** The element as a number of elements, -1 when it cannot be one. */
const smallInt = (u8: Uint8Array, p: number): number =>
  isInteger(u8, p) && lpv.int >= 0 && lpv.int <= u8.length ? lpv.int : -1

const entryFlags = (u8: Uint8Array, p: number): number => {
  readInteger(u8, p)
  return lpv.intLo & (ENTRY_DELETED | ENTRY_SAME_FIELDS)
}

/** Where the entry at `p` ends, its size included if there is one; -1 when it is not whole. */
const entryEnd = (u8: Uint8Array, p: number, sharedFields: number): number => {
  if (!isInteger(u8, p)) return -1
  const flags = entryFlags(u8, p)
  const ms = skip(u8, p, 1)
  if (!isInteger(u8, ms)) return -1
  const seq = skip(u8, ms, 1)
  if (!isInteger(u8, seq)) return -1
  const content = skip(u8, seq, 1)
  let elements = sharedFields
  if ((flags & ENTRY_SAME_FIELDS) === 0) {
    const own = smallInt(u8, content)
    if (own < 0) return -1
    elements = 1 + 2 * own
  }
  const size = skip(u8, content, elements)
  return size < 0 || u8[size] === LISTPACK_END ? size : skip(u8, size, 1)
}
