/**
 * The digest of a data set, as DEBUG DIGEST prints it: 20 bytes that are equal for equal data, in whatever order keys,
 * members and fields are stored and however they are encoded. redis-server computes the same for the same data.
 *
 * Two steps make it (SHA = SHA-1, ^ = exclusive or, all digests start as 20 zero bytes):
 *
 *     stir(d, x)   d := d ^ SHA(x)            order of the x does not matter
 *     mix(d, x)    d := SHA(d ^ SHA(x))       order matters
 *
 *     value    mix(type, 4 bytes, highest first: 0 string, 1 list, 2 set, 3 zset, 4 hash, 6 stream), then
 *              string: mix(bytes)        list: mix(element) each        set: stir(member) each
 *              hash: stir(mix(mix(0, field), value)) each               zset: the same of member and score as "%.17g"
 *              stream: mix("ms.seq"), mix(field), mix(value) each       groups and IDs beyond the entries do not count
 *              stir("!!expire!!") when the key expires, whenever that is
 *     key      mix(key), then the value's steps
 *     data set mix(number, 4 bytes) of each database that is not empty, in order; stir(digest of the key) for its keys
 *
 * Example: the digest of the value "v" of SET k v begins d79ee9fe, of the whole data set with it alone 264ccf65.
 */
import { chunkOf } from "../memory/Ref.js"
import type { Arena, Ref } from "../memory/Arena.js"
import * as Listpack from "../bytes/packed/Listpack.js"
import { formatDouble } from "../bytes/Numbers.js"
import { walkList } from "../memory/list/QuicklistWalk.js"
import { sha1, SHA1_BYTES } from "../bytes/Sha1.js"
import {
  entryExpiry,
  entryKeyLength,
  entryKeyOffset,
  entryType,
  entryValue,
  NO_EXPIRY,
  stringChunk,
  stringLength,
  stringOffset,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_STREAM,
  TYPE_STRING,
} from "./Entry.js"
import type { Keyspace } from "./Keyspace.js"
import { visitStreamDigest } from "./types/StreamValue.js"

/** Type numbers as the digest knows them, by type number of Entry.ts. */
const DIGEST_TYPES: ReadonlyArray<number> = [0, 1, 2, 3, 4, 6]
const EXPIRES = Buffer.from("!!expire!!", "latin1")

const hash = new Uint8Array(SHA1_BYTES)
const number = new Uint8Array(4)
const scoreText = new Uint8Array(32)
const pair = new Uint8Array(SHA1_BYTES)

const stir = (digest: Uint8Array, src: Uint8Array, off: number, len: number): void => {
  sha1(src, off, len, hash, 0)
  for (let i = 0; i < SHA1_BYTES; i++) digest[i] ^= hash[i]
}

const mix = (digest: Uint8Array, src: Uint8Array, off: number, len: number): void => {
  stir(digest, src, off, len)
  sha1(digest, 0, SHA1_BYTES, digest, 0)
}

const mixNumber = (digest: Uint8Array, n: number): void => {
  for (let i = 0; i < 4; i++) number[i] = n >>> (24 - 8 * i)
  mix(digest, number, 0, 4)
}

const digestString = (a: Arena, ref: Ref, digest: Uint8Array): void =>
  mix(digest, stringChunk(a, ref), stringOffset(a, ref), stringLength(a, ref))

const digestList = (a: Arena, list: Ref, digest: Uint8Array): void => {
  walkList(a, list, (u8, off, len, plain) => {
    if (plain) return mix(digest, u8, off, len)
    for (let p = Listpack.first(u8, off); p >= 0; p = Listpack.next(u8, p)) {
      Listpack.get(u8, p)
      mix(digest, Listpack.lpv.src, Listpack.lpv.off, Listpack.lpv.len)
    }
  })
}

const digestSet = (keyspace: Keyspace, ref: Ref, digest: Uint8Array): void => {
  const cursor = keyspace.collections.setCursor.openEntry(ref)
  while (cursor.next()) stir(digest, cursor.src, cursor.off, cursor.len)
}

const digestHash = (keyspace: Keyspace, ref: Ref, digest: Uint8Array): void => {
  const cursor = keyspace.collections.hashCursor.openEntry(ref)
  while (cursor.next()) {
    pair.fill(0)
    mix(pair, cursor.fieldSrc, cursor.fieldOff, cursor.fieldLen)
    mix(pair, cursor.src, cursor.off, cursor.len)
    stir(digest, pair, 0, SHA1_BYTES)
  }
}

const digestSortedSet = (keyspace: Keyspace, ref: Ref, digest: Uint8Array): void => {
  const set = keyspace.collections.sortedSet.attachEntry(ref)
  set.seek(0)
  do {
    pair.fill(0)
    mix(pair, set.src, set.off, set.len)
    mix(pair, scoreText, 0, formatDouble(scoreText, 0, set.score))
    stir(digest, pair, 0, SHA1_BYTES)
  } while (set.forward())
}

const addValue = (keyspace: Keyspace, ref: Ref, digest: Uint8Array): void => {
  const a = keyspace.arena
  const type = entryType(a, ref)
  mixNumber(digest, DIGEST_TYPES[type])
  if (type === TYPE_STRING) digestString(a, ref, digest)
  else if (type === TYPE_LIST) digestList(a, entryValue(a, ref), digest)
  else if (type === TYPE_SET) digestSet(keyspace, ref, digest)
  else if (type === TYPE_HASH) digestHash(keyspace, ref, digest)
  else if (type === TYPE_STREAM)
    visitStreamDigest(a, entryValue(a, ref), (src, off, len) => mix(digest, src, off, len))
  else digestSortedSet(keyspace, ref, digest)
  if (entryExpiry(a, ref) !== NO_EXPIRY) stir(digest, EXPIRES, 0, EXPIRES.length)
}

/** Bytes of a digest as 40 hexadecimal digits. */
const hex = (digest: Uint8Array): string =>
  Buffer.from(digest.buffer, digest.byteOffset, SHA1_BYTES).toString("hex")

/** DEBUG DIGEST-VALUE: the digest of an entry's value without its key; zeros for ref 0. */
export const digestOfValue = (keyspace: Keyspace, ref: Ref): string => {
  const digest = new Uint8Array(SHA1_BYTES)
  if (ref !== 0) addValue(keyspace, ref, digest)
  return hex(digest)
}

/** DEBUG DIGEST: the digest of all databases. Keys whose time has passed and that are still there count, as in Redis. */
export const digestOfKeyspace = (keyspace: Keyspace): string => {
  const a = keyspace.arena
  const whole = new Uint8Array(SHA1_BYTES)
  const key = new Uint8Array(SHA1_BYTES)
  for (const db of keyspace.databases) {
    if (db.size === 0) continue
    mixNumber(whole, db.id)
    db.table.forEach((ref) => {
      key.fill(0)
      mix(key, a.u8[chunkOf(ref)], entryKeyOffset(a, ref), entryKeyLength(a, ref))
      addValue(keyspace, ref, key)
      stir(whole, key, 0, SHA1_BYTES)
    })
  }
  return hex(whole)
}
