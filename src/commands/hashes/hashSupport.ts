/** What the hash commands share: putting a changed hash back under its key. */
import { entryEncoding, entryValue, HASH_LISTPACK, TYPE_HASH } from "../../store/Entry.js"
import type { HashValue } from "../../store/types/HashValue.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { Event } from "../../engine/KeyEvents.js"

/** Attaches the shared handle to the hash of an entry, or to a new one when there is none. */
export const openHash = (c: CommandContext, entry: number): HashValue =>
  entry === 0
    ? c.keyspace.collections.hash.create(HASH_LISTPACK)
    : c.keyspace.collections.hash.attachEntry(entry)

/** Puts the changed hash under the key in argument 1; `entry` is what the lookup of that key answered. */
export const keepHash = (c: CommandContext, entry: number, hash: HashValue): void => {
  const a = c.keyspace.arena
  if (entry === 0) {
    c.db.putValue(0, c.buf, c.argOff[1], c.argLen[1], TYPE_HASH, hash.encoding, hash.value, false)
    c.notify(1, Event.new, "new")
  } else if (entryValue(a, entry) !== hash.value || entryEncoding(a, entry) !== hash.encoding)
    c.db.setValue(entry, TYPE_HASH, hash.encoding, hash.value)
}
