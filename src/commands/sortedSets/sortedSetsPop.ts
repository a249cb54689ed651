/** Popping the members with the lowest or highest scores, at once or when there are some. */
import type * as Effect from "effect/Effect"
import * as Errors from "../../resp/Errors.js"
import { entryType, TYPE_ZSET } from "../../store/Entry.js"
import { command } from "../../engine/Command.js"
import type { Command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { Event } from "../../engine/KeyEvents.js"
import { options } from "../../engine/Options.js"
import { settleSortedSet } from "./sortedSetSupport.js"
import * as spec from "../spec/sortedSets.js"
import { timeoutArgument } from "../shared/timeoutArgument.js"

/** Answers the `n` lowest or highest members of the shared set, as pairs or flat, and takes them out. */
const popMembers = (c: CommandContext, n: number, max: boolean, pairs: boolean): void => {
  const { out } = c
  const set = c.keyspace.collections.sortedSet
  const size = set.size
  for (let i = 0; i < n; i++) {
    if (i === 0) set.seek(max ? size - 1 : 0)
    else if (max) set.backward()
    else set.forward()
    if (pairs) out.array(2)
    out.bulk(set.src, set.off, set.len)
    out.double(set.score)
  }
  set.removeRange(max ? size - n : 0, n)
}

/** Settles the set just popped from and tells of it. The key is buf[off, off + len), not always an argument. */
const reportPopped = (
  c: CommandContext,
  entry: number,
  n: number,
  max: boolean,
  buf: Uint8Array,
  off: number,
  len: number,
): void => {
  const { events, keyspace, db } = c
  const gone = settleSortedSet(c, entry, keyspace.collections.sortedSet)
  keyspace.dirty += n
  events.modified(db, buf, off, len)
  events.notify(Event.zset, max ? "zpopmax" : "zpopmin", db.id, buf, off, len)
  if (gone) events.notify(Event.generic, "del", db.id, buf, off, len)
}

const reportPoppedArgument = (c: CommandContext, i: number, entry: number, n: number, max: boolean): void =>
  reportPopped(c, entry, n, max, c.buf, c.argOff[i], c.argLen[i])

const pop = (c: CommandContext, max: boolean): void => {
  const { out } = c
  if (c.argc > 3) return c.fail(Errors.syntax)
  const wanted = c.argc === 3 ? c.integer(2) : 1
  if (!(wanted >= 0)) return c.fail(Errors.mustBePositive)
  const entry = c.write(1)
  if (entry === 0) return out.emptyArray()
  if (c.wrongType(entry, TYPE_ZSET)) return
  const set = c.keyspace.collections.sortedSet.attachEntry(entry)
  const n = Math.min(wanted, set.size)
  const pairs = c.argc === 3 && out.resp === 3
  out.array(pairs ? n : n * 2)
  if (n === 0) return
  popMembers(c, n, max, pairs)
  reportPoppedArgument(c, 1, entry, n, max)
}

const zpopmin = (c: CommandContext): void => pop(c, false)
const zpopmax = (c: CommandContext): void => pop(c, true)

// ---- several keys

/** ZMPOP and BZMPOP have one option: COUNT. */
const declared = options(spec.ZMPOP)
const ends = declared.choice("where")
const [MAX] = ends.bits("MAX")

/** ZMPOP or BZMPOP at hand; one object for the one thread. */
const many = { keys: 0, max: false, count: 1 }

/** Reads numkeys in argument i and all that follows; false after answering an error. */
const readMany = (c: CommandContext, i: number): boolean => {
  const keys = c.integer(i)
  if (!(keys > 0)) return c.refuse(Errors.numkeysNotPositive)
  const where = i + keys + 1
  if (where >= c.argc) return c.refuse(Errors.syntax)
  many.keys = keys
  const end = ends.at(c, where)
  if (end === 0) return c.refuse(Errors.syntax)
  many.max = end === MAX
  many.count = -1
  for (let j = where + 1; j < c.argc; j += 2) {
    if (many.count !== -1 || declared.at(c, j) === 0) return c.refuse(Errors.syntax)
    many.count = c.integer(j + 1)
    if (!(many.count > 0)) return c.refuse(Errors.countNotPositive)
  }
  if (many.count === -1) many.count = 1
  return true
}

/** Leaves the pop as the plain command that replicas understand. */
const propagatePop = (c: CommandContext, key: Uint8Array, max: boolean, count: number): void => {
  if (!c.replicating) return
  const name = max ? "ZPOPMAX" : "ZPOPMIN"
  if (count > 0) c.propagation.instead(c.db.id, name, key, count)
  else c.propagation.instead(c.db.id, name, key)
}

/** Pops from the first of the keys that has a sorted set; answers whether it answered, with an error or not. */
const popMany = (c: CommandContext, first: number, keys: number, max: boolean, count: number): boolean => {
  for (let i = first; i < first + keys; i++) {
    const entry = c.write(i)
    if (entry === 0) continue
    if (c.wrongType(entry, TYPE_ZSET)) return true
    const set = c.keyspace.collections.sortedSet.attachEntry(entry)
    const n = Math.min(count, set.size)
    c.out.array(2)
    c.out.bulk(c.buf, c.argOff[i], c.argLen[i])
    c.out.array(n)
    popMembers(c, n, max, true)
    reportPoppedArgument(c, i, entry, n, max)
    propagatePop(c, c.bytes(i), max, n)
    return true
  }
  return false
}

const zmpop = (c: CommandContext): void => {
  if (readMany(c, 1) && !popMany(c, 2, many.keys, many.max, many.count)) c.out.nilArray()
}

// ---- blocking

const nilArray = (c: CommandContext): void => c.out.nilArray()

/** Waits until one of the keys in arguments [first, first + keys) has a sorted set, then runs `serve` on it. */
const wait = (
  c: CommandContext,
  first: number,
  keys: number,
  timeoutMs: number,
  serve: (c: CommandContext, entry: number, key: Uint8Array) => void,
): Effect.Effect<Uint8Array> | void => {
  if (c.denyBlocking) return c.out.nilArray()
  return c.blocking.wait({
    session: c.session,
    database: c.db.id,
    keys: Array.from({ length: keys }, (_, k) => c.text(first + k)),
    timeoutMs,
    type: TYPE_ZSET,
    onTimeout: nilArray,
    attempt: (served, key) => {
      const bytes = Buffer.from(key, "latin1")
      const entry = served.db.lookupWrite(bytes, 0, bytes.length)
      const a = served.keyspace.arena
      if (entry === 0 || entryType(a, entry) !== TYPE_ZSET) return false
      served.keyspace.collections.sortedSet.attachEntry(entry)
      serve(served, entry, bytes)
      return true
    },
  })
}

/** Answers key, member and score of the one member popped from the shared set. */
const popOne = (c: CommandContext, max: boolean, buf: Uint8Array, off: number, len: number): void => {
  c.out.array(3)
  c.out.bulk(buf, off, len)
  popMembers(c, 1, max, false)
}

const blockingPop = (c: CommandContext, max: boolean): Effect.Effect<Uint8Array> | void => {
  const last = c.argc - 1
  const timeoutMs = timeoutArgument(c, last)
  if (timeoutMs < 0) return
  for (let i = 1; i < last; i++) {
    const entry = c.write(i)
    if (entry === 0) continue
    if (c.wrongType(entry, TYPE_ZSET)) return
    c.keyspace.collections.sortedSet.attachEntry(entry)
    popOne(c, max, c.buf, c.argOff[i], c.argLen[i])
    reportPoppedArgument(c, i, entry, 1, max)
    return propagatePop(c, c.bytes(i), max, 0)
  }
  return wait(c, 1, last - 1, timeoutMs, (served, entry, key) => {
    popOne(served, max, key, 0, key.length)
    reportPopped(served, entry, 1, max, key, 0, key.length)
    propagatePop(served, key, max, 0)
  })
}

const bzpopmin = (c: CommandContext): Effect.Effect<Uint8Array> | void => blockingPop(c, false)
const bzpopmax = (c: CommandContext): Effect.Effect<Uint8Array> | void => blockingPop(c, true)

const bzmpop = (c: CommandContext): Effect.Effect<Uint8Array> | void => {
  if (!readMany(c, 2)) return
  const timeoutMs = timeoutArgument(c, 1)
  if (timeoutMs < 0) return
  const { keys, max, count } = many
  if (popMany(c, 3, keys, max, count)) return
  return wait(c, 3, keys, timeoutMs, (served, entry, key) => {
    const n = Math.min(count, served.keyspace.collections.sortedSet.size)
    served.out.array(2)
    served.out.bulk(key, 0, key.length)
    served.out.array(n)
    popMembers(served, n, max, true)
    reportPopped(served, entry, n, max, key, 0, key.length)
    propagatePop(served, key, max, n)
  })
}

export const sortedSetPopCommands: ReadonlyArray<Command> = [
  command(spec.ZPOPMIN, zpopmin),
  command(spec.ZPOPMAX, zpopmax),
  command(spec.ZMPOP, zmpop),
  command(spec.BZPOPMIN, bzpopmin),
  command(spec.BZPOPMAX, bzpopmax),
  command(spec.BZMPOP, bzmpop),
]
