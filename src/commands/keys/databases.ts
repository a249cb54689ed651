/** Whole databases: FLUSHDB, FLUSHALL, SWAPDB. */
import * as Effect from "effect/Effect"
import * as Errors from "../../resp/Errors.js"
import type { Database } from "../../store/Database.js"
import { swapDatabases } from "../../store/MoveEntry.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { type Command, command } from "../../engine/Command.js"
import { FLUSHALL } from "../spec/server.js"
import type { Presence } from "../../engine/KeyEvents.js"
import { options } from "../../engine/Options.js"
import { FLUSHDB } from "../spec/server.js"

const OK = Buffer.from("+OK\r\n", "latin1")

/** FLUSHDB and FLUSHALL take the same option. */
const declared = options(FLUSHDB)
const [ASYNC] = declared.bits("ASYNC")

/** What SYNC or ASYNC asks for: 1 lazily, 0 at once; -1 after an error reply. */
const readLazy = (c: CommandContext): number => {
  if (c.argc === 1) return c.settings.lazyfreeLazyUserFlush ? 1 : 0
  const how = c.argc === 2 ? declared.at(c, 1) : 0
  if (how !== 0) return how === ASYNC ? 1 : 0
  c.fail(Errors.syntax)
  return -1
}

/** What a database holds under a key, given as latin1 text. */
const presence = (db: Database, key: string): Presence => {
  const bytes = Buffer.from(key, "latin1")
  const ref = db.table.find(bytes, 0, bytes.length)
  if (ref === 0) return "none"
  return db.isExpired(ref) ? "expired" : "alive"
}

/** Breaks the watches on the keys that are about to go. */
const breakWatches = (c: CommandContext, db: Database): void => {
  if (c.events.watchedKeys === 0) return
  c.events.replaced(
    db.id,
    (key) => presence(db, key),
    () => "none",
  )
}

/** Breaks the watches on the keys of `db` that change when `other`'s come in their place. */
const breakSwapped = (c: CommandContext, db: Database, other: Database): void => {
  c.events.replaced(
    db.id,
    (key) => presence(db, key),
    (key) => presence(other, key),
  )
}

/** Counts the change; replicas are told also when nothing was there. */
const finish = (c: CommandContext, keys: number): void => {
  c.keyspace.dirty += keys
  if (keys === 0) c.propagation.uncounted()
}

export const flushDb = (c: CommandContext): void => {
  const lazy = readLazy(c)
  if (lazy < 0) return
  breakWatches(c, c.db)
  const keys = c.keyspace.flush(c.db, lazy === 1)
  c.events.flushed()
  c.blocking.signalDatabase(c.db)
  finish(c, keys)
  c.out.ok()
}

/** Who must hear that every database was emptied. */
interface FlushListener {
  /** Answers what the reply waits for. */
  afterFlushAll(): Effect.Effect<void> | undefined
}

/** FLUSHALL. */
export const flushCommands = (listener: FlushListener): ReadonlyArray<Command> => [
  command(FLUSHALL, (c) => flushAll(c, listener)),
]

const flushAll = (c: CommandContext, listener: FlushListener): void | Effect.Effect<Uint8Array> => {
  if (readLazy(c) < 0) return
  for (const db of c.keyspace.databases) breakWatches(c, db)
  const keys = c.keyspace.flushAll()
  c.events.flushed()
  for (const db of c.keyspace.databases) c.blocking.signalDatabase(db)
  finish(c, keys)
  const saved = listener.afterFlushAll()
  // The reply tells that the file is empty too.
  return saved === undefined || c.denyBlocking ? c.out.ok() : Effect.as(saved, OK)
}

/** The database number in argument i, NaN after an error reply. */
const readId = (c: CommandContext, i: number, error: string): number => {
  const id = c.integer(i)
  if (id === (id | 0)) return id
  c.fail(error)
  return NaN
}

export const swapDb = (c: CommandContext): void => {
  const first = readId(c, 1, Errors.invalidFirstDbIndex)
  if (first !== first) return
  const second = readId(c, 2, Errors.invalidSecondDbIndex)
  if (second !== second) return
  const { present } = c.keyspace
  if (Math.min(first, second) < 0 || Math.max(first, second) >= present.count)
    return c.fail(Errors.dbIndexOutOfRange)
  const x = present.at(first)
  const y = present.at(second)
  if (x !== y) {
    if (c.events.watchedKeys > 0) {
      breakSwapped(c, x, y)
      breakSwapped(c, y, x)
    }
    swapDatabases(x, y)
    c.blocking.signalDatabase(x)
    c.blocking.signalDatabase(y)
  }
  c.keyspace.dirty++
  c.out.ok()
}
