/**
 * An entry of the keyspace: one block with the key, its metadata, and the value itself or a ref to it.
 *
 * Layout (little-endian Int32 words, then bytes):
 *   word 0   bits 0..2  extra header words: 1, or 5 when the entry has room for an expiry time
 *            bits 3..5  type        bits 6..7  encoding of that type       bits 8..31  access clock (LRU or LFU)
 *   word 1   key length (30 bits)
 *   word 2   string inline: value length; otherwise the ref of the value's block
 *   words 3,4  expiry, Unix milliseconds as low and high half; -1, -1 = does not expire       (only with 5 extra words)
 *   words 5,6  previous and next entry in the same slot of the timer wheel                    (only with 5 extra words)
 *   key bytes from byte 12 (28 with expiry), then the bytes of an inline string value
 *
 * A string over INLINE_BYTES_MAX lies in a block of its own: word 0 its length, bytes from byte 8 on.
 *
 * Invariants: an entry has one slot in one table; its block is written through arena.willWrite except for the access
 * clock and the wheel links, which no snapshot reader reads.
 *
 * Limits: keys and strings up to 2^29 bytes. Example: SET key:000000000001 xxxxxxxxxx takes 12 + 16 + 10 = 38 bytes, a
 * block of 40, and 7.5 of the table: 47.5 bytes a key, where redis-server 7.0.15 takes about 92.
 */
import { type Arena, copyBytes, type Ref } from "../memory/Arena.js"

export const TYPE_STRING = 0
export const TYPE_LIST = 1
export const TYPE_SET = 2
export const TYPE_ZSET = 3
export const TYPE_HASH = 4
export const TYPE_STREAM = 5
/** Names as TYPE prints them, by type number. */
export const TYPE_NAMES: ReadonlyArray<string> = ["string", "list", "set", "zset", "hash", "stream"]

/** String encodings. RAW and EMBSTR differ only in what OBJECT ENCODING says; INT is canonical decimal text. */
export const STRING_RAW = 0
export const STRING_INT = 1
export const STRING_EMBSTR = 2
/** RAW in a block of its own. */
export const STRING_EXTERNAL = 3
export const LIST_QUICKLIST = 0
export const SET_INTSET = 0
export const SET_HASHTABLE = 1
export const ZSET_LISTPACK = 0
export const ZSET_SKIPLIST = 1
export const HASH_LISTPACK = 0
export const HASH_HASHTABLE = 1
export const STREAM_RADIX = 0

const ENCODING_NAMES: ReadonlyArray<ReadonlyArray<string>> = [
  ["raw", "int", "embstr", "raw"],
  ["quicklist"],
  ["intset", "hashtable"],
  ["listpack", "skiplist"],
  ["listpack", "hashtable"],
  ["stream"],
]
/** The word OBJECT ENCODING answers. */
export const encodingName = (type: number, encoding: number): string =>
  ENCODING_NAMES[type]?.[encoding] ?? "unknown"

/** Longest string value kept inside the entry; RENAME copies it, so it stays small. */
export const INLINE_BYTES_MAX = 4096
export const EXTRA_PLAIN = 1
export const EXTRA_EXPIRING = 5
export const NO_EXPIRY = -1

const wordOf = (ref: Ref): number => (ref & 0xfffff) << 1

/** Word 0 of a new entry. */
export const entryMeta = (extra: number, type: number, encoding: number, clock: number): number =>
  extra | (type << 3) | (encoding << 6) | (clock << 8)

export const entryType = (a: Arena, ref: Ref): number => (a.i32[ref >>> 20][wordOf(ref)] >>> 3) & 7
export const entryEncoding = (a: Arena, ref: Ref): number => (a.i32[ref >>> 20][wordOf(ref)] >>> 6) & 3
export const entryClock = (a: Arena, ref: Ref): number => a.i32[ref >>> 20][wordOf(ref)] >>> 8
/** Sets the access clock: as it is no part of a snapshot, without arena.willWrite. */
export const setEntryClock = (a: Arena, ref: Ref, clock: number): void => {
  const words = a.i32[ref >>> 20]
  const w = wordOf(ref)
  words[w] = (words[w] & 0xff) | (clock << 8)
}
export const entryValue = (a: Arena, ref: Ref): Ref => a.i32[ref >>> 20][wordOf(ref) + 2]
export const entryHasExpirySlot = (a: Arena, ref: Ref): boolean =>
  (a.i32[ref >>> 20][wordOf(ref)] & 7) === EXTRA_EXPIRING

/** Offset of the key in the entry's chunk. */
export const entryKeyOffset = (a: Arena, ref: Ref): number => {
  const w = wordOf(ref)
  return (w << 2) + 8 + ((a.i32[ref >>> 20][w] & 7) << 2)
}
export const entryKeyLength = (a: Arena, ref: Ref): number => a.i32[ref >>> 20][wordOf(ref) + 1]

/** Expiry in Unix milliseconds, or NO_EXPIRY. Exact up to 2^53; beyond, rounded (entryExpiryBig is exact). */
export const entryExpiry = (a: Arena, ref: Ref): number => {
  const words = a.i32[ref >>> 20]
  const w = wordOf(ref)
  if ((words[w] & 7) !== EXTRA_EXPIRING) return NO_EXPIRY
  return words[w + 4] * 4294967296 + (words[w + 3] >>> 0)
}
export const entryExpiryBig = (a: Arena, ref: Ref): bigint => {
  const words = a.i32[ref >>> 20]
  const w = wordOf(ref)
  if ((words[w] & 7) !== EXTRA_EXPIRING) return -1n
  return (BigInt(words[w + 4]) << 32n) | BigInt(words[w + 3] >>> 0)
}

/** Chunk whose bytes hold the string value of an entry of type string. */
export const stringChunk = (a: Arena, ref: Ref): Uint8Array =>
  entryEncoding(a, ref) === STRING_EXTERNAL ? a.u8[entryValue(a, ref) >>> 20] : a.u8[ref >>> 20]

/** Offset of the string value in `stringChunk`. */
export const stringOffset = (a: Arena, ref: Ref): number =>
  entryEncoding(a, ref) === STRING_EXTERNAL
    ? ((entryValue(a, ref) & 0xfffff) << 3) + 8
    : entryKeyOffset(a, ref) + entryKeyLength(a, ref)

export const stringLength = (a: Arena, ref: Ref): number => {
  const v = entryValue(a, ref)
  return entryEncoding(a, ref) === STRING_EXTERNAL ? a.i32[v >>> 20][wordOf(v)] : v
}

/**
 * A new entry with its key, in no table yet.
 * @param word2 length of an inline value, or ref of a value in a block of its own
 * @param tail bytes to leave for an inline value, which the caller writes behind the key
 * @param expiring leave room for an expiry; there is none yet
 */
export const makeEntry = (
  a: Arena,
  kb: Uint8Array,
  ko: number,
  kl: number,
  type: number,
  encoding: number,
  word2: number,
  tail: number,
  expiring: boolean,
  clock: number,
): Ref => {
  const extra = expiring ? EXTRA_EXPIRING : EXTRA_PLAIN
  const keyByte = 8 + extra * 4
  const ref = a.alloc(keyByte + kl + tail)
  const words = a.i32[ref >>> 20]
  const w = wordOf(ref)
  words[w] = entryMeta(extra, type, encoding, clock)
  words[w + 1] = kl
  words[w + 2] = word2
  if (expiring) {
    words[w + 3] = NO_EXPIRY
    words[w + 4] = NO_EXPIRY
  }
  copyBytes(kb, ko, a.u8[ref >>> 20], (w << 2) + keyByte, kl)
  return ref
}

/** A block of its own for a string longer than INLINE_BYTES_MAX. */
export const makeLongString = (a: Arena, vb: Uint8Array, vo: number, vl: number): Ref => {
  const block = a.alloc(8 + vl)
  a.i32[block >>> 20][wordOf(block)] = vl
  copyBytes(vb, vo, a.u8[block >>> 20], ((block & 0xfffff) << 3) + 8, vl)
  return block
}
