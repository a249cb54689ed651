/** Keys under another name or in another database: RENAME, RENAMENX, COPY, MOVE. */
import type { Ref } from "../../memory/Arena.js"
import * as Errors from "../../resp/Errors.js"
import type { Database } from "../../store/Database.js"
import { entryEncoding, entryType, entryValue, setEntryClock } from "../../store/Entry.js"
import { moveEntry, putClone } from "../../store/MoveEntry.js"
import { valueTypes } from "../../store/types/index.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { Event } from "../../engine/KeyEvents.js"
import { options } from "../../engine/Options.js"
import { COPY } from "../spec/generic.js"

/** Whether arguments i and j are the same bytes. */
const sameKey = (c: CommandContext, i: number, j: number): boolean => {
  const n = c.argLen[i]
  if (n !== c.argLen[j]) return false
  for (let k = 0; k < n; k++) if (c.buf[c.argOff[i] + k] !== c.buf[c.argOff[j] + k]) return false
  return true
}

/** The database that argument i names, undefined after an error reply. */
const readDatabase = (c: CommandContext, i: number): Database | undefined => {
  const id = c.integer(i)
  if (id !== (id | 0)) {
    c.fail(id === id ? Errors.notInt32 : Errors.notInteger)
    return undefined
  }
  const { present } = c.keyspace
  if (id >= 0 && id < present.count) return present.at(id)
  c.fail(Errors.dbIndexOutOfRange)
  return undefined
}

/** The key in argument i of `db` is new there. */
const created = (c: CommandContext, db: Database, i: number): void =>
  c.events.notify(Event.new, "new", db.id, c.buf, c.argOff[i], c.argLen[i])

/** The key in argument i of `db` has a new value: watchers and subscribers hear of it. */
const arrived = (c: CommandContext, db: Database, i: number, event: string): void => {
  const off = c.argOff[i]
  const len = c.argLen[i]
  c.events.modified(db, c.buf, off, len)
  c.events.notify(Event.generic, event, db.id, c.buf, off, len)
}

/** Gives the entry `source` to the key in argument i of `to`, for which clients may wait. */
const moveTo = (c: CommandContext, source: Ref, to: Database, i: number): void => {
  const off = c.argOff[i]
  const len = c.argLen[i]
  // Before the old key goes, which those who read a stream's group hear of: who waits is served in this order.
  c.blocking.signal(to.id, entryType(c.keyspace.arena, source), c.buf, off, len)
  moveEntry(c.db, source, to, c.buf, off, len)
  created(c, to, i)
}

const renameTo = (c: CommandContext, overwrite: boolean): void => {
  const source = c.write(1)
  if (source === 0) return c.fail(Errors.noSuchKey)
  if (sameKey(c, 1, 2)) return overwrite ? c.out.ok() : c.out.zero()
  const existing = c.write(2)
  if (existing !== 0) {
    if (!overwrite) return c.out.zero()
    c.db.remove(existing, c.settings.lazyfreeLazyServerDel)
  }
  moveTo(c, source, c.db, 2)
  c.changed(1, Event.generic, "rename_from")
  arrived(c, c.db, 2, "rename_to")
  if (overwrite) c.out.ok()
  else c.out.one()
}

export const rename = (c: CommandContext): void => renameTo(c, true)
export const renameNx = (c: CommandContext): void => renameTo(c, false)

export const move = (c: CommandContext): void => {
  const to = readDatabase(c, 2)
  if (to === undefined) return
  if (to === c.db) return c.fail(Errors.sameObject)
  const source = c.write(1)
  if (source === 0 || to.lookupWrite(c.buf, c.argOff[1], c.argLen[1]) !== 0) return c.out.zero()
  moveTo(c, source, to, 1)
  c.changed(1, Event.generic, "move_from")
  arrived(c, to, 1, "move_to")
  c.out.one()
}

/** A deep copy of an entry's value; for an inline string its length, as the entry has it. */
const copyValue = (c: CommandContext, source: Ref): number => {
  const a = c.keyspace.arena
  const encoding = entryEncoding(a, source)
  return valueTypes[entryType(a, source)].copy(a, encoding, entryValue(a, source))
}

const copyOptions = options(COPY)
const [DB, REPLACE] = copyOptions.bits("DB", "REPLACE")

export const copy = (c: CommandContext): void => {
  let to = c.db
  let replace = false
  for (let i = 3, option = 0; i < c.argc; i += copyOptions.words(option)) {
    option = copyOptions.at(c, i)
    if (option === REPLACE) replace = true
    else if (option === DB) {
      const db = readDatabase(c, i + 1)
      if (db === undefined) return
      to = db
    } else return c.fail(Errors.syntax)
  }
  if (to === c.db && sameKey(c, 1, 2)) return c.fail(Errors.sameObject)
  const source = c.read(1)
  if (source === 0) return c.out.zero()
  const off = c.argOff[2]
  const len = c.argLen[2]
  const existing = to.lookupWrite(c.buf, off, len)
  if (existing !== 0 && !replace) return c.out.zero()
  const value = copyValue(c, source)
  if (existing !== 0) to.remove(existing, c.settings.lazyfreeLazyServerDel)
  const copy = putClone(to, source, value, c.buf, off, len)
  // Nobody has used it yet.
  setEntryClock(c.keyspace.arena, copy, c.keyspace.newClock())
  c.blocking.signal(to.id, entryType(c.keyspace.arena, source), c.buf, off, len)
  created(c, to, 2)
  c.keyspace.dirty++
  arrived(c, to, 2, "copy_to")
  c.out.one()
}
