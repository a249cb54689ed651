/**
 * Reads sets and hashes as they were when a snapshot opened, on any thread: for RDB files written while commands run.
 * Layouts are in SetValue.ts and HashValue.ts.
 *
 * The functions share their copies of blocks, one set a thread, so a callback must not walk another set or hash.
 */
import type { Ref } from "../../memory/Arena.js"
import { FrozenTableWalk } from "../../memory/table/FrozenTable.js"
import { formatPairBefore, INT64_TEXT_MAX } from "../../bytes/Int64.js"
import * as Intset from "../../bytes/packed/Intset.js"
import { isv } from "../../bytes/packed/Intset.js"
import * as Listpack from "../../bytes/packed/Listpack.js"
import { lpv } from "../../bytes/packed/Listpack.js"
import * as Pairs from "../../bytes/packed/ListpackPairs.js"
import { FrozenBlock, type FrozenReader } from "../../memory/Snapshot.js"
import { HASH_HASHTABLE, SET_HASHTABLE } from "../Entry.js"
import { FIELD_HEADER_BYTES } from "./HashValue.js"
import { MEMBER_HEADER_BYTES } from "./SetValue.js"

const frozenWalk = new FrozenTableWalk()
const frozenBlock = new FrozenBlock()
const frozenText = new Uint8Array(INT64_TEXT_MAX)

/** Number of members a set had when the reader's snapshot opened. */
export const frozenSetCount = (reader: FrozenReader, encoding: number, value: Ref): number => {
  reader.load(value, frozenBlock)
  return encoding === SET_HASHTABLE ? frozenBlock.i32[0] : Intset.count(frozenBlock.u8, 0)
}

/**
 * Calls `onMember` with the members a set had when the reader's snapshot opened; the bytes are good until it returns.
 * Works on any thread. An intset's own bytes are had by loading `value` and taking Intset.byteLength of it.
 */
export const walkFrozenSet = (
  reader: FrozenReader,
  encoding: number,
  value: Ref,
  onMember: (src: Uint8Array, off: number, len: number) => void,
): void => {
  if (encoding === SET_HASHTABLE) {
    frozenWalk.open(reader, value)
    for (let member = frozenWalk.next(); member !== 0; member = frozenWalk.next()) {
      reader.load(member, frozenBlock)
      onMember(frozenBlock.u8, MEMBER_HEADER_BYTES, frozenBlock.i32[1])
    }
    return
  }
  reader.load(value, frozenBlock)
  for (let i = 0, n = Intset.count(frozenBlock.u8, 0); i < n; i++) {
    Intset.read(frozenBlock.u8, 0, i)
    const from = formatPairBefore(frozenText, INT64_TEXT_MAX, isv.intHi, isv.intLo)
    onMember(frozenText, from, INT64_TEXT_MAX - from)
  }
}

const frozenFieldText = new Uint8Array(INT64_TEXT_MAX)

/** Number of fields a hash had when the reader's snapshot opened. */
export const frozenHashCount = (reader: FrozenReader, encoding: number, value: Ref): number => {
  reader.load(value, frozenBlock)
  return encoding === HASH_HASHTABLE ? frozenBlock.i32[0] : Pairs.pairCount(frozenBlock.u8, 0)
}

/**
 * Calls `onField` with the fields and values a hash had when the reader's snapshot opened; the bytes are good until it
 * returns. Works on any thread. A listpack's own bytes are had by loading `value` and taking Listpack.byteLength of it.
 */
export const walkFrozenHash = (
  reader: FrozenReader,
  encoding: number,
  value: Ref,
  onField: (
    fieldSrc: Uint8Array,
    fieldOff: number,
    fieldLen: number,
    src: Uint8Array,
    off: number,
    len: number,
  ) => void,
): void => {
  const block = frozenBlock
  if (encoding === HASH_HASHTABLE) {
    frozenWalk.open(reader, value)
    for (let ref = frozenWalk.next(); ref !== 0; ref = frozenWalk.next()) {
      reader.load(ref, block)
      const fl = block.i32[1]
      onField(block.u8, FIELD_HEADER_BYTES, fl, block.u8, FIELD_HEADER_BYTES + fl, block.i32[2])
    }
    return
  }
  reader.load(value, block)
  for (let p = Listpack.LISTPACK_HEADER; block.u8[p] !== Listpack.LISTPACK_END;) {
    Listpack.read(block.u8, p)
    let fieldSrc = block.u8
    let fieldOff = lpv.off
    let fieldLen = lpv.len
    if (lpv.isInt) {
      fieldSrc = frozenFieldText
      fieldOff = formatPairBefore(frozenFieldText, INT64_TEXT_MAX, lpv.intHi, lpv.intLo)
      fieldLen = INT64_TEXT_MAX - fieldOff
    }
    const v = Listpack.after(block.u8, p)
    Listpack.get(block.u8, v)
    onField(fieldSrc, fieldOff, fieldLen, lpv.src, lpv.off, lpv.len)
    p = Listpack.after(block.u8, v)
  }
}
