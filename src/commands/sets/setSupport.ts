/** What the set commands share: putting a changed set back under its key, and answering members. */
import { entryEncoding, entryValue, TYPE_SET } from "../../store/Entry.js"
import { setCount, type SetValue } from "../../store/types/SetValue.js"
import type { CommandContext } from "../../engine/CommandContext.js"

/**
 * Makes the entry just looked up say what the handle has become, and deletes it when the set is empty; answers whether
 * it did.
 */
export const settleSet = (c: CommandContext, entry: number, set: SetValue): boolean => {
  const a = c.keyspace.arena
  if (entryValue(a, entry) !== set.value || entryEncoding(a, entry) !== set.encoding)
    c.db.setValue(entry, TYPE_SET, set.encoding, set.value)
  if (set.count > 0) return false
  c.db.remove(entry, false)
  return true
}

/** Answers all members of a set. */
export const replyMembers = (c: CommandContext, encoding: number, value: number): void => {
  const { out, keyspace } = c
  out.set(setCount(keyspace.arena, encoding, value))
  const cursor = keyspace.collections.setCursor.open(encoding, value)
  while (cursor.next()) out.bulk(cursor.src, cursor.off, cursor.len)
}
