/**
 * Entries that get another key or another database: RENAME, MOVE, COPY, and SWAPDB for all of them at once.
 *
 * The value's blocks stay where they are (or are a copy the caller made); only the entry block is made anew, because the
 * key is part of it. Type, encoding, access clock and expiry go along, and so do the bytes of an inline string.
 *
 * Example, RENAME a b: `putClone` writes the entry "b" with a's value ref, then `detach` takes "a" out without freeing
 * that value.
 */
import { KEY_LENGTH_WORD } from "../memory/table/TableLayout.js"
import { chunkOf, wordOf } from "../memory/Ref.js"
import { copyBytes, type Ref } from "../memory/Arena.js"
import type { HashTable } from "../memory/table/HashTable.js"
import type { Database } from "./Database.js"
import {
  entryBytes,
  entryEncoding,
  entryExpiry,
  entryKeyLength,
  entryKeyOffset,
  entryType,
  entryValue,
  EXPIRY_WORD,
  EXTRA_EXPIRING,
  EXTRA_PLAIN,
  NO_EXPIRY,
  STRING_EXTERNAL,
  TYPE_STREAM,
  TYPE_STRING,
  VALUE_WORD,
  withExtra,
} from "./Entry.js"
import type { TimerWheel } from "./TimerWheel.js"

/**
 * Adds an entry under a key that `db` does not hold, with everything of `source` but the key and the value word.
 * @param value the value's ref; for an inline string its length, as entryValue answers it
 * @returns the new entry's ref
 */
export const putClone = (
  db: Database,
  source: Ref,
  value: number,
  kb: Uint8Array,
  ko: number,
  kl: number,
): Ref => {
  const a = db.keyspace.arena
  if (db.table.find(kb, ko, kl) !== 0) throw new Error("a key that is to be added is there already")
  const expiring = entryExpiry(a, source) !== NO_EXPIRY
  const inline = entryType(a, source) === TYPE_STRING && entryEncoding(a, source) !== STRING_EXTERNAL
  const extra = expiring ? EXTRA_EXPIRING : EXTRA_PLAIN
  const ref = a.alloc(entryBytes(extra, kl, inline ? value : 0))
  const words = a.i32[chunkOf(ref)]
  const w = wordOf(ref)
  const from = a.i32[chunkOf(source)]
  const f = wordOf(source)
  words[w] = withExtra(from[f], extra)
  words[w + KEY_LENGTH_WORD] = kl
  words[w + VALUE_WORD] = value
  if (expiring) {
    words[w + EXPIRY_WORD] = from[f + EXPIRY_WORD]
    words[w + EXPIRY_WORD + 1] = from[f + EXPIRY_WORD + 1]
  }
  const key = entryKeyOffset(a, ref)
  copyBytes(kb, ko, a.u8[chunkOf(ref)], key, kl)
  if (inline) {
    const bytes = entryKeyOffset(a, source) + entryKeyLength(a, source)
    copyBytes(a.u8[chunkOf(source)], bytes, a.u8[chunkOf(ref)], key + kl, value)
  }
  db.table.insertAfterFind(ref)
  if (expiring) {
    db.wheel.insert(ref, db.keyspace.now)
    if (db.keyspace.expiryMode === "hide") db.keyspace.localExpiries.add(db, ref)
  }
  return ref
}

/** Takes an entry out of its database and frees it, but not its value. */
export const detach = (db: Database, ref: Ref): void => {
  const a = db.keyspace.arena
  if (db.table.find(a.u8[chunkOf(ref)], entryKeyOffset(a, ref), entryKeyLength(a, ref)) !== ref)
    throw new Error("an entry that is to go is not where its hash says")
  if (entryExpiry(a, ref) !== NO_EXPIRY) db.wheel.remove(ref)
  db.table.removeFound(ref)
  if (entryType(a, ref) === TYPE_STREAM) db.keyspace.streamGone(db, ref)
  a.free(ref)
}

/** Gives the entry `source` of `from` the given key in `to`, which must not hold it; answers the new entry. */
export const moveEntry = (
  from: Database,
  source: Ref,
  to: Database,
  kb: Uint8Array,
  ko: number,
  kl: number,
): Ref => {
  const ref = putClone(to, source, entryValue(from.keyspace.arena, source), kb, ko, kl)
  detach(from, source)
  return ref
}

/** Exchanges the contents of two databases; their ids stay. */
export const swapDatabases = (x: Database, y: Database): void => {
  const { table, wheel } = x
  const contents = (d: Database): { table: HashTable; wheel: TimerWheel } => d
  contents(x).table = y.table
  contents(x).wheel = y.wheel
  contents(y).table = table
  contents(y).wheel = wheel
}
