/**
 * The list commands that take elements from a list: pops, moves, and their blocking forms.
 *
 * A blocking form does at once what its plain form does where it can, and then leaves the plain form in the command log.
 * A client that waited is served by the same code, with its key outside the argument vector.
 */
import type * as Effect from "effect/Effect"
import type { Ref } from "../../memory/Arena.js"
import * as Quicklist from "../../memory/list/Quicklist.js"
import * as Errors from "../../resp/Errors.js"
import { TYPE_LIST } from "../../store/Entry.js"
import { command, type Command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import {
  dropUnstored,
  dropElements,
  limitsOf,
  listChanged,
  listGone,
  listOf,
  listOrNew,
  removeIfEmpty,
  replyEnd,
  replyLast,
  replyRange,
  storeNewList,
} from "./listSupport.js"
import * as spec from "../spec/lists.js"
import { timeoutArgument } from "../shared/timeoutArgument.js"

const latin1 = (text: string): Uint8Array => Buffer.from(text, "latin1")

// ---- LPOP, RPOP

/** Answers up to `count` elements from one end as an array, and removes them. */
const popArray = (
  c: CommandContext,
  kb: Uint8Array,
  ko: number,
  kl: number,
  entry: Ref,
  left: boolean,
  count: number,
): number => {
  const list = listOf(c, entry)
  const n = Math.min(count, Quicklist.length(c.keyspace.arena, list))
  if (left) replyRange(c, list, 0, n)
  else replyLast(c, list, n)
  if (n > 0) dropElements(c, kb, ko, kl, entry, left, n)
  return n
}

const pop = (c: CommandContext, left: boolean): void => {
  if (c.argc > 3) return c.fail(Errors.wrongArguments(left ? "lpop" : "rpop"))
  const count = c.argc === 3 ? c.integer(2) : -1
  if (c.argc === 3 && !(count >= 0)) return c.fail(Errors.mustBePositive)
  const entry = c.write(1)
  if (entry === 0) return count < 0 ? c.out.nil() : c.out.nilArray()
  if (c.wrongType(entry, TYPE_LIST)) return
  const { buf, argOff, argLen } = c
  if (count >= 0) {
    popArray(c, buf, argOff[1], argLen[1], entry, left, count)
    return
  }
  replyEnd(c, listOf(c, entry), left)
  dropElements(c, buf, argOff[1], argLen[1], entry, left, 1)
}

const lpop = (c: CommandContext): void => pop(c, true)
const rpop = (c: CommandContext): void => pop(c, false)

// ---- LMOVE and kin

/** Every command of this file names the ends of a list alike. */
const sides = options(spec.LMPOP).choice("where")
const [LEFT] = sides.bits("LEFT")

/** One end of a list: true for the left one, undefined for a word that names none. */
const side = (c: CommandContext, i: number): boolean | undefined => {
  const found = sides.at(c, i)
  return found === 0 ? undefined : found === LEFT
}

const sideName = (left: boolean): string => (left ? "left" : "right")

/**
 * Moves an element from the list of `entry`, just looked up under the source key, to the destination key, and answers
 * it; answers WRONGTYPE and false where the destination holds something else.
 */
const move = (
  c: CommandContext,
  sb: Uint8Array,
  so: number,
  sl: number,
  entry: Ref,
  db: Uint8Array,
  doff: number,
  dl: number,
  fromLeft: boolean,
  toLeft: boolean,
): boolean => {
  const a = c.keyspace.arena
  const source = listOf(c, entry)
  const target = c.db.lookupWrite(db, doff, dl)
  if (c.wrongType(target, TYPE_LIST)) return false
  const list = listOrNew(c, target)
  replyEnd(c, source, fromLeft)
  // The element's copy in the reply is what is pushed: the lists' own bytes move while they change.
  const { len } = Quicklist.lpv
  try {
    Quicklist.push(a, list, toLeft, c.out.buf, c.out.pos - 2 - len, len, limitsOf(c))
  } catch (cause) {
    dropUnstored(c, target, list)
    throw cause
  }
  if (target === 0) storeNewList(c, db, doff, dl, list)
  listChanged(c, db, doff, dl, toLeft ? "lpush" : "rpush", 0)
  Quicklist.drop(a, source, fromLeft, 1)
  const gone = Quicklist.length(a, source) === 0
  if (gone) removeIfEmpty(c, c.db.lookup(sb, so, sl), source)
  listChanged(c, sb, so, sl, fromLeft ? "lpop" : "rpop", 1)
  if (gone) listGone(c, sb, so, sl)
  return true
}

/** LMOVE from the key in argument 1 to the one in argument 2; answers false where there is no source. */
const moveArguments = (c: CommandContext, fromLeft: boolean, toLeft: boolean): boolean => {
  const { buf, argOff, argLen } = c
  const entry = c.write(1)
  if (entry === 0) return false
  if (c.wrongType(entry, TYPE_LIST)) return true
  move(c, buf, argOff[1], argLen[1], entry, buf, argOff[2], argLen[2], fromLeft, toLeft)
  return true
}

const lmove = (c: CommandContext): void => {
  const from = side(c, 3)
  const to = side(c, 4)
  if (from === undefined || to === undefined) return c.fail(Errors.syntax)
  if (!moveArguments(c, from, to)) c.out.nil()
}

const rpoplpush = (c: CommandContext): void => {
  if (!moveArguments(c, false, true)) c.out.nil()
}

/** BLMOVE and, `legacy`, BRPOPLPUSH: they leave LMOVE and RPOPLPUSH in the command log. */
const blockingMove = (
  c: CommandContext,
  fromLeft: boolean,
  toLeft: boolean,
  timeoutMs: number,
  legacy: boolean,
): void | Effect.Effect<Uint8Array> => {
  const errors = c.out.errorCount
  if (moveArguments(c, fromLeft, toLeft)) {
    if (!c.replicating || c.out.errorCount !== errors) return
    // The sides as the client wrote them, as Redis logs them here.
    if (legacy) c.propagation.instead(c.db.id, "RPOPLPUSH", c.bytes(1), c.bytes(2))
    else c.propagation.instead(c.db.id, "LMOVE", c.bytes(1), c.bytes(2), c.bytes(3), c.bytes(4))
    return
  }
  if (c.denyBlocking) return c.out.nil()
  const destination = Uint8Array.from(c.bytes(2))
  return c.blocking.wait({
    session: c.session,
    database: c.db.id,
    keys: [c.text(1)],
    type: TYPE_LIST,
    timeoutMs,
    onTimeout: replyNilArray,
    attempt: (served, key) => {
      const source = latin1(key)
      const entry = served.db.lookupWrite(source, 0, source.length)
      const moved = move(
        served,
        source,
        0,
        source.length,
        entry,
        destination,
        0,
        destination.length,
        fromLeft,
        toLeft,
      )
      if (!moved || !served.replicating) return true
      const { propagation, db } = served
      if (legacy) propagation.instead(db.id, "RPOPLPUSH", source, destination)
      else propagation.instead(db.id, "LMOVE", source, destination, sideName(fromLeft), sideName(toLeft))
      return true
    },
  })
}

const replyNilArray = (c: CommandContext): void => c.out.nilArray()

const blmove = (c: CommandContext): void | Effect.Effect<Uint8Array> => {
  const from = side(c, 3)
  const to = side(c, 4)
  if (from === undefined || to === undefined) return c.fail(Errors.syntax)
  const timeout = timeoutArgument(c, 5)
  if (timeout >= 0) return blockingMove(c, from, to, timeout, false)
}

const brpoplpush = (c: CommandContext): void | Effect.Effect<Uint8Array> => {
  const timeout = timeoutArgument(c, 3)
  if (timeout >= 0) return blockingMove(c, false, true, timeout, true)
}

// ---- BLPOP, BRPOP, LMPOP, BLMPOP

/**
 * Answers a key and what is popped from its list: one element, or with a `count` (not -1) an array. Leaves the plain pop
 * in the command log.
 */
const popWithKey = (
  c: CommandContext,
  kb: Uint8Array,
  ko: number,
  kl: number,
  entry: Ref,
  left: boolean,
  count: number,
): void => {
  c.out.array(2)
  c.out.bulk(kb, ko, kl)
  const name = left ? "LPOP" : "RPOP"
  if (count < 0) {
    replyEnd(c, listOf(c, entry), left)
    dropElements(c, kb, ko, kl, entry, left, 1)
    if (c.replicating) c.propagation.instead(c.db.id, name, kb.subarray(ko, ko + kl))
    return
  }
  const n = popArray(c, kb, ko, kl, entry, left, count)
  if (c.replicating) c.propagation.instead(c.db.id, name, kb.subarray(ko, ko + kl), n)
}

/** Pops from the first list among the keys in arguments `first` to `last`; answers false where there is none. */
const popFirst = (c: CommandContext, first: number, last: number, left: boolean, count: number): boolean => {
  for (let i = first; i <= last; i++) {
    const entry = c.write(i)
    if (entry === 0) continue
    if (c.wrongType(entry, TYPE_LIST)) return true
    popWithKey(c, c.buf, c.argOff[i], c.argLen[i], entry, left, count)
    return true
  }
  return false
}

const blockingPop = (
  c: CommandContext,
  first: number,
  last: number,
  left: boolean,
  count: number,
  timeoutMs: number,
): void | Effect.Effect<Uint8Array> => {
  if (popFirst(c, first, last, left, count)) return
  if (c.denyBlocking) return c.out.nilArray()
  const keys: Array<string> = []
  for (let i = first; i <= last; i++) keys.push(c.text(i))
  return c.blocking.wait({
    session: c.session,
    database: c.db.id,
    keys,
    type: TYPE_LIST,
    timeoutMs,
    onTimeout: replyNilArray,
    attempt: (served, key) => {
      const bytes = latin1(key)
      const entry = served.db.lookupWrite(bytes, 0, bytes.length)
      popWithKey(served, bytes, 0, bytes.length, entry, left, count)
      return true
    },
  })
}

const blockingPopCommand = (c: CommandContext, left: boolean): void | Effect.Effect<Uint8Array> => {
  const timeout = timeoutArgument(c, c.argc - 1)
  if (timeout >= 0) return blockingPop(c, 1, c.argc - 2, left, -1, timeout)
}

const blpop = (c: CommandContext): void | Effect.Effect<Uint8Array> => blockingPopCommand(c, true)
const brpop = (c: CommandContext): void | Effect.Effect<Uint8Array> => blockingPopCommand(c, false)

/** LMPOP has one option: COUNT. */
const mpopOptions = options(spec.LMPOP)

/** LMPOP's arguments. */
const mpop = { last: 0, left: true, count: 1 }

/** Reads LMPOP's arguments from its numkeys in argument i on; answers false after an error reply. */
const readMpop = (c: CommandContext, i: number): boolean => {
  const keys = c.integer(i)
  const where = i + keys + 1
  let error: string | undefined
  if (!(keys >= 1)) error = Errors.numkeysNotPositive
  else if (where >= c.argc) error = Errors.syntax
  else {
    const left = side(c, where)
    mpop.last = i + keys
    mpop.left = left === true
    mpop.count = 1
    if (left === undefined) error = Errors.syntax
    else error = readMpopCount(c, where + 1)
  }
  if (error !== undefined) c.fail(error)
  return error === undefined
}

/** Reads [COUNT n] from argument i to the end; answers an error. */
const readMpopCount = (c: CommandContext, i: number): string | undefined => {
  if (i === c.argc) return undefined
  if (mpopOptions.at(c, i) === 0) return Errors.syntax
  const count = c.integer(i + 1)
  if (!(count >= 1)) return Errors.countNotPositive
  mpop.count = count
  return i + 2 === c.argc ? undefined : Errors.syntax
}

const lmpop = (c: CommandContext): void => {
  if (readMpop(c, 1) && !popFirst(c, 2, mpop.last, mpop.left, mpop.count)) c.out.nilArray()
}

const blmpop = (c: CommandContext): void | Effect.Effect<Uint8Array> => {
  if (!readMpop(c, 2)) return
  const timeout = timeoutArgument(c, 1)
  if (timeout >= 0) return blockingPop(c, 3, mpop.last, mpop.left, mpop.count, timeout)
}

export const listPopCommands: ReadonlyArray<Command> = [
  command(spec.LPOP, lpop),
  command(spec.RPOP, rpop),
  command(spec.LMOVE, lmove),
  command(spec.RPOPLPUSH, rpoplpush),
  command(spec.LMPOP, lmpop),
  command(spec.BLPOP, blpop),
  command(spec.BRPOP, brpop),
  command(spec.BLMOVE, blmove),
  command(spec.BRPOPLPUSH, brpoplpush),
  command(spec.BLMPOP, blmpop),
]
