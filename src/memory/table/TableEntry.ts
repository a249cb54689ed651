/** What a hash table reads of its entries (HashTable.ts has the layout): the key. */
import { hashBytes } from "../../bytes/SipHash.js"
import type { Arena, Ref } from "../Arena.js"
import { byteOf, chunkOf, wordOf } from "../Ref.js"
import { ENTRY_META_WORD, KEY_LENGTH_MASK, KEY_LENGTH_WORD, keyByteOf } from "./TableLayout.js"

/** Whether the entry's key is buf[off .. off + len). */
export const keyEquals = (a: Arena, entry: Ref, buf: Uint8Array, off: number, len: number): boolean => {
  const chunk = chunkOf(entry)
  const words = a.i32[chunk]
  const w = wordOf(entry)
  if ((words[w + KEY_LENGTH_WORD] & KEY_LENGTH_MASK) !== len) return false
  let k = byteOf(entry) + keyByteOf(words[w + ENTRY_META_WORD])
  const bytes = a.u8[chunk]
  for (let i = off, end = off + len; i < end; i++, k++) if (bytes[k] !== buf[i]) return false
  return true
}

export const hashOfEntry = (a: Arena, entry: Ref): number => {
  const chunk = chunkOf(entry)
  const words = a.i32[chunk]
  const w = wordOf(entry)
  const key = byteOf(entry) + keyByteOf(words[w + ENTRY_META_WORD])
  return hashBytes(a.u8[chunk], key, words[w + KEY_LENGTH_WORD] & KEY_LENGTH_MASK)
}
