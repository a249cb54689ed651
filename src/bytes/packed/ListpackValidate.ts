/**
 * Checking listpack bytes that came from outside (RDB file, RESTORE, replication stream) before anything trusts them.
 *
 * Nothing here reads outside [base, base + len), whatever the bytes. The deep check accepts exactly the listpacks that
 * Listpack.ts can walk in both directions: it refuses a wrong total, a missing or early end byte, an unknown encoding,
 * content that reaches past the end, a backlen that is not its entry's, and a count that is neither right nor 65535.
 * Encodings longer than need be are accepted, as Redis accepts them.
 *
 * Example: 07 00 00 00 00 00 ff is valid; 07 00 00 00 01 00 ff (count 1 of 0) passes only the shallow check.
 */
import { latin1Text } from "../Latin1.js"
import { LISTPACK_EMPTY, LISTPACK_HEADER, addToCount, byteLength, count, get, lpv, next } from "./Listpack.js"
import { LISTPACK_END, backlenSize, readBacklen, readU32, writeBacklen, writeU32 } from "./ListpackEntry.js"

const COUNT_UNKNOWN = 65535

/**
 * Whether the `len` bytes at `base` are a listpack. The shallow check looks at total and end byte only, for bytes that a
 * checksum vouches for; the deep one walks every entry.
 */
export const validate = (u8: Uint8Array, base: number, len: number, deep: boolean): boolean => {
  if (base < 0 || len < LISTPACK_EMPTY || base + len > u8.length) return false
  if (byteLength(u8, base) !== len || u8[base + len - 1] !== LISTPACK_END) return false
  return !deep || walk(u8, base, base + len - 1)
}

const walk = (u8: Uint8Array, base: number, limit: number): boolean => {
  let entries = 0
  let p = base + LISTPACK_HEADER
  while (p < limit) {
    const size = checkedEntrySize(u8, p, limit)
    if (size === 0) return false
    p += size
    entries++
  }
  const stated = statedCount(u8, base)
  return stated === COUNT_UNKNOWN || stated === entries
}

/** The number of elements that the header states. */
export const statedCount = (u8: Uint8Array, base: number): number => u8[base + 4] | (u8[base + 5] << 8)

/** What of a listpack is put right; with `front` it ends where an end byte stands in the place of an entry. */
export type Mending = "count" | "backlens" | "front"

/**
 * Puts right the count and the backlens of a listpack that passed only the shallow check; with `count` only backlens that
 * read right, if of more bytes than they should have. Answers its length; 0 when it cannot be walked from its front; then
 * it may have been changed in part.
 */
export const mend = (u8: Uint8Array, base: number, len: number, what: Mending): number => {
  if (!validate(u8, base, len, false)) return 0
  const limit = base + len - 1
  let entries = 0
  let p = base + LISTPACK_HEADER
  for (; p < limit; entries++) {
    if (what === "front" && u8[p] === LISTPACK_END) break
    const body = checkedBodySize(u8, p, limit)
    const size = body + backlenSize(body)
    if (body === 0 || size > limit - p) return 0
    if (what === "count" && readBacklen(u8, p + size) !== body) return 0
    writeBacklen(u8, p + body, body)
    p += size
  }
  const length = p + 1 - base
  writeU32(u8, base, length)
  u8[base + 4] = u8[base + 5] = 0
  addToCount(u8, base, entries)
  return length
}

/** Size of the entry at `p` when it is sound and ends by `limit`, else 0. */
const checkedEntrySize = (u8: Uint8Array, p: number, limit: number): number => {
  const body = checkedBodySize(u8, p, limit)
  if (body === 0 || body > limit - p) return 0
  const n = backlenSize(body)
  const size = body + n
  if (size > limit - p) return 0
  let rest = body
  for (let at = p + size - 1; at > p + body; at--) {
    if (u8[at] !== ((rest & 127) | 128)) return 0
    rest >>>= 7
  }
  return u8[p + body] === rest ? size : 0
}

/** Body size that the encoding at `p` states, when the bytes that state it lie before `limit`; else 0. */
const checkedBodySize = (u8: Uint8Array, p: number, limit: number): number => {
  const b = u8[p]
  if (b < 0x80) return 1
  if (b < 0xc0) return 1 + (b & 0x3f)
  if (b < 0xe0) return 2
  if (b < 0xf0) return limit - p < 2 ? 0 : 2 + (((b & 0x0f) << 8) | u8[p + 1])
  if (b === 0xf0) return limit - p < 5 ? 0 : 5 + readU32(u8, p + 1)
  if (b <= 0xf3) return b - 0xf1 + 3
  return b === 0xf4 ? 9 : 0
}

/** Whether a validated listpack is made of pairs with distinct keys, as hashes and sorted sets must be. */
export const hasDistinctPairs = (u8: Uint8Array, base: number): boolean => {
  const n = count(u8, base)
  return n % 2 === 0 && distinctAtStride(u8, base, 2)
}

/** Whether every `stride`-th element of a validated listpack, from the first on, is distinct. */
export const distinctAtStride = (u8: Uint8Array, base: number, stride: number): boolean => {
  const seen = new Set<string>()
  let index = 0
  const start = base + LISTPACK_HEADER
  for (let p = u8[start] === LISTPACK_END ? -1 : start; p >= 0; p = next(u8, p), index++) {
    if (index % stride !== 0) continue
    get(u8, p)
    const key = latin1Text(lpv.src, lpv.off, lpv.off + lpv.len)
    if (seen.has(key)) return false
    seen.add(key)
  }
  return true
}
