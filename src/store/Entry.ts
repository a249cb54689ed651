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
import { byteOf, chunkOf, wordOf } from "../memory/Ref.js"
import { EXTRA_WORDS_MASK, KEY_LENGTH_WORD, keyByteOf } from "../memory/table/TableLayout.js"
import { type Arena, copyBytes, type Ref } from "../memory/Arena.js"

/** Number of the type of strings. */
export const TYPE_STRING = 0
/** Number of the type of lists. */
export const TYPE_LIST = 1
/** Number of the type of sets. */
export const TYPE_SET = 2
/** Number of the type of sorted sets. */
export const TYPE_ZSET = 3
/** Number of the type of hashes. */
export const TYPE_HASH = 4
/** Number of the type of streams. */
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

/** Words of an entry after those that every table reads (TableLayout.ts); an expiry takes two. */
export const VALUE_WORD = 2
export const EXPIRY_WORD = 3
export const WHEEL_PREVIOUS_WORD = 5
export const WHEEL_NEXT_WORD = 6
/** Bytes of a long string's block before the string's own. */
export const LONG_HEAD_BYTES = 8

const TYPE_SHIFT = 3
const TYPE_MASK = 7
const ENCODING_SHIFT = 6
const ENCODING_MASK = 3
const CLOCK_SHIFT = 8
const CLOCK_KEEPS = (1 << CLOCK_SHIFT) - 1

/** Word 0 of an entry, and what it says. */
export const entryMeta = (extra: number, type: number, encoding: number, clock: number): number =>
  extra | (type << TYPE_SHIFT) | (encoding << ENCODING_SHIFT) | (clock << CLOCK_SHIFT)
export const extraOf = (meta: number): number => meta & EXTRA_WORDS_MASK
export const typeOf = (meta: number): number => (meta >>> TYPE_SHIFT) & TYPE_MASK
export const encodingOf = (meta: number): number => (meta >>> ENCODING_SHIFT) & ENCODING_MASK
export const clockOf = (meta: number): number => meta >>> CLOCK_SHIFT
export const withExtra = (meta: number, extra: number): number => (meta & ~EXTRA_WORDS_MASK) | extra

/** Bytes of an entry with `extra` further header words, a key of `kl` bytes and `tail` bytes of an inline value. */
export const entryBytes = (extra: number, kl: number, tail: number): number => keyByteOf(extra) + kl + tail

export const entryType = (a: Arena, ref: Ref): number => typeOf(a.i32[chunkOf(ref)][wordOf(ref)])
export const entryEncoding = (a: Arena, ref: Ref): number => encodingOf(a.i32[chunkOf(ref)][wordOf(ref)])
export const entryClock = (a: Arena, ref: Ref): number => clockOf(a.i32[chunkOf(ref)][wordOf(ref)])
/** Sets the access clock: as it is no part of a snapshot, without arena.willWrite. */
export const setEntryClock = (a: Arena, ref: Ref, clock: number): void => {
  const words = a.i32[chunkOf(ref)]
  const w = wordOf(ref)
  words[w] = (words[w] & CLOCK_KEEPS) | (clock << CLOCK_SHIFT)
}
export const entryValue = (a: Arena, ref: Ref): Ref => a.i32[chunkOf(ref)][wordOf(ref) + VALUE_WORD]
export const entryHasExpirySlot = (a: Arena, ref: Ref): boolean =>
  extraOf(a.i32[chunkOf(ref)][wordOf(ref)]) === EXTRA_EXPIRING

/** Offset of the key in the entry's chunk. */
export const entryKeyOffset = (a: Arena, ref: Ref): number => {
  return byteOf(ref) + keyByteOf(a.i32[chunkOf(ref)][wordOf(ref)])
}
export const entryKeyLength = (a: Arena, ref: Ref): number =>
  a.i32[chunkOf(ref)][wordOf(ref) + KEY_LENGTH_WORD]

/** Expiry in Unix milliseconds, or NO_EXPIRY. Exact up to 2^53; beyond, rounded (entryExpiryBig is exact). */
export const entryExpiry = (a: Arena, ref: Ref): number => {
  const words = a.i32[chunkOf(ref)]
  const w = wordOf(ref)
  if (extraOf(words[w]) !== EXTRA_EXPIRING) return NO_EXPIRY
  return words[w + EXPIRY_WORD + 1] * 4294967296 + (words[w + EXPIRY_WORD] >>> 0)
}
export const entryExpiryBig = (a: Arena, ref: Ref): bigint => {
  const words = a.i32[chunkOf(ref)]
  const w = wordOf(ref)
  if (extraOf(words[w]) !== EXTRA_EXPIRING) return -1n
  return (BigInt(words[w + EXPIRY_WORD + 1]) << 32n) | BigInt(words[w + EXPIRY_WORD] >>> 0)
}

/** Sets the expiry of an entry that has room for one: low and high half. */
export const writeEntryExpiry = (a: Arena, ref: Ref, low: number, high: number): void => {
  const words = a.i32[chunkOf(ref)]
  const w = wordOf(ref) + EXPIRY_WORD
  words[w] = low
  words[w + 1] = high
}

/** Copies the expiry and the links in the wheel to another entry that has room for them. */
export const copyEntryExpiry = (a: Arena, from: Ref, to: Ref): void => {
  const words = a.i32[chunkOf(from)]
  const w = wordOf(from)
  const into = a.i32[chunkOf(to)]
  const at = wordOf(to)
  for (let i = EXPIRY_WORD; i <= WHEEL_NEXT_WORD; i++) into[at + i] = words[w + i]
}

/** Offset of a long string's bytes in its block's chunk. */
export const longStringOffset = (block: Ref): number => byteOf(block) + LONG_HEAD_BYTES

/** Chunk whose bytes hold the string value of an entry of type string. */
export const stringChunk = (a: Arena, ref: Ref): Uint8Array =>
  entryEncoding(a, ref) === STRING_EXTERNAL ? a.u8[chunkOf(entryValue(a, ref))] : a.u8[chunkOf(ref)]

/** Offset of the string value in `stringChunk`. */
export const stringOffset = (a: Arena, ref: Ref): number =>
  entryEncoding(a, ref) === STRING_EXTERNAL
    ? longStringOffset(entryValue(a, ref))
    : entryKeyOffset(a, ref) + entryKeyLength(a, ref)

export const stringLength = (a: Arena, ref: Ref): number => {
  const v = entryValue(a, ref)
  return entryEncoding(a, ref) === STRING_EXTERNAL ? a.i32[chunkOf(v)][wordOf(v)] : v
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
  const ref = a.alloc(entryBytes(extra, kl, tail))
  const words = a.i32[chunkOf(ref)]
  const w = wordOf(ref)
  words[w] = entryMeta(extra, type, encoding, clock)
  words[w + KEY_LENGTH_WORD] = kl
  words[w + VALUE_WORD] = word2
  if (expiring) {
    words[w + EXPIRY_WORD] = NO_EXPIRY
    words[w + EXPIRY_WORD + 1] = NO_EXPIRY
  }
  copyBytes(kb, ko, a.u8[chunkOf(ref)], byteOf(ref) + keyByteOf(extra), kl)
  return ref
}

/** A block of its own for a string of `vl` bytes, which the caller fills. */
export const allocLongString = (a: Arena, vl: number): Ref => {
  const block = a.alloc(LONG_HEAD_BYTES + vl)
  a.i32[chunkOf(block)][wordOf(block)] = vl
  return block
}

/** A block of its own for a string longer than INLINE_BYTES_MAX. */
export const makeLongString = (a: Arena, vb: Uint8Array, vo: number, vl: number): Ref => {
  const block = allocLongString(a, vl)
  copyBytes(vb, vo, a.u8[chunkOf(block)], longStringOffset(block), vl)
  return block
}
