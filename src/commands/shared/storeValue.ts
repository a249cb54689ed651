/** Storing the result of a command (SINTERSTORE, SORT STORE, ...) under a key, whatever was there. */
import type { CommandContext } from "../../engine/CommandContext.js"
import { Event } from "../../engine/KeyEvents.js"

/**
 * Puts a value with blocks of its own under the key in argument i; an old value and its expiry go. Looks the key up by
 * itself. The caller reports the change.
 * @returns whether there was no such key before
 */
export const storeValue = (
  c: CommandContext,
  i: number,
  type: number,
  encoding: number,
  value: number,
): boolean => {
  let existing = c.write(i)
  const isNew = existing === 0
  if (existing !== 0 && c.settings.lazyfreeLazyServerDel) {
    c.db.remove(existing, true)
    existing = c.write(i)
  }
  c.db.putValue(existing, c.buf, c.argOff[i], c.argLen[i], type, encoding, value, false)
  if (isNew) c.notify(i, Event.new, "new")
  return isNew
}

/** The result is empty: deletes the key in argument i, if it is there, and reports that. */
export const storeNothing = (c: CommandContext, i: number): void => {
  const existing = c.write(i)
  if (existing === 0) return
  c.db.remove(existing, c.settings.lazyfreeLazyServerDel)
  c.changed(i, Event.generic, "del")
}
