/** The list commands that read and change one list. Pops, moves and blocking commands are in listPops.ts. */
import type { Ref } from "../../memory/Arena.js"
import * as Quicklist from "../../memory/list/Quicklist.js"
import * as Errors from "../../resp/Errors.js"
import { TYPE_LIST } from "../../store/Entry.js"
import { command, type Command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import { listPopCommands } from "./listPops.js"
import {
  dropUnstored,
  limitsOf,
  listChanged,
  listGone,
  listOf,
  listOrNew,
  removeIfEmpty,
  replyElement,
  replyRange,
  storeNewList,
} from "./listSupport.js"
import * as spec from "../spec/lists.js"

const pushAll = (c: CommandContext, left: boolean, onlyExisting: boolean): void => {
  const { buf, argOff, argLen } = c
  const a = c.keyspace.arena
  const entry = c.write(1)
  if (c.wrongType(entry, TYPE_LIST)) return
  if (entry === 0 && onlyExisting) return c.out.zero()
  const list = listOrNew(c, entry)
  const limits = limitsOf(c)
  try {
    for (let i = 2; i < c.argc; i++) Quicklist.push(a, list, left, buf, argOff[i], argLen[i], limits)
  } catch (cause) {
    dropUnstored(c, entry, list)
    throw cause
  }
  if (entry === 0) storeNewList(c, buf, argOff[1], argLen[1], list)
  c.out.int(Quicklist.length(a, list))
  listChanged(c, buf, argOff[1], argLen[1], left ? "lpush" : "rpush", c.argc - 2)
}

const lpush = (c: CommandContext): void => pushAll(c, true, false)
const rpush = (c: CommandContext): void => pushAll(c, false, false)
const lpushx = (c: CommandContext): void => pushAll(c, true, true)
const rpushx = (c: CommandContext): void => pushAll(c, false, true)

const llen = (c: CommandContext): void => {
  const entry = c.read(1)
  if (entry === 0) return c.out.zero()
  if (!c.wrongType(entry, TYPE_LIST)) c.out.int(Quicklist.length(c.keyspace.arena, listOf(c, entry)))
}

/** First index and number of elements that a range from `start` to `stop` (both may count from the end) covers. */
const range = { first: 0, count: 0 }
const clampRange = (start: number, stop: number, length: number): void => {
  const first = Math.max(0, start < 0 ? start + length : start)
  const last = Math.min(length - 1, stop < 0 ? stop + length : stop)
  range.first = first
  range.count = Math.max(0, last - first + 1)
}

const lrange = (c: CommandContext): void => {
  const start = c.integer(2)
  const stop = c.integer(3)
  if (start !== start || stop !== stop) return c.fail(Errors.notInteger)
  const entry = c.read(1)
  if (entry === 0) return c.out.emptyArray()
  if (c.wrongType(entry, TYPE_LIST)) return
  const list = listOf(c, entry)
  clampRange(start, stop, Quicklist.length(c.keyspace.arena, list))
  replyRange(c, list, range.first, range.count)
}

/** Names the element at the index in argument i (Quicklist.place): its index from 0, -1 out of range, NaN no index. */
const seekArgument = (c: CommandContext, list: Ref, i: number): number => {
  const a = c.keyspace.arena
  const index = c.integer(i)
  if (index !== index) return NaN
  const at = index < 0 ? index + Quicklist.length(a, list) : index
  return Quicklist.seek(a, list, at) ? at : -1
}

const lindex = (c: CommandContext): void => {
  const entry = c.read(1)
  if (entry === 0) return c.out.nil()
  if (c.wrongType(entry, TYPE_LIST)) return
  const at = seekArgument(c, listOf(c, entry), 2)
  if (at !== at) c.fail(Errors.notInteger)
  else if (at < 0) c.out.nil()
  else replyElement(c, Quicklist.place.node, Quicklist.place.pos)
}

const lset = (c: CommandContext): void => {
  const { buf, argOff, argLen } = c
  const entry = c.write(1)
  if (entry === 0) return c.fail(Errors.noSuchKey)
  if (c.wrongType(entry, TYPE_LIST)) return
  const list = listOf(c, entry)
  const at = seekArgument(c, list, 2)
  if (at !== at) return c.fail(Errors.notInteger)
  if (at < 0) return c.fail(Errors.outOfRange)
  const { node, pos } = Quicklist.place
  Quicklist.replace(c.keyspace.arena, list, at, node, pos, buf, argOff[3], argLen[3], limitsOf(c))
  c.out.ok()
  listChanged(c, buf, argOff[1], argLen[1], "lset", 1)
}

const wheres = options(spec.LINSERT).choice("where")
const [BEFORE] = wheres.bits("BEFORE")

const linsert = (c: CommandContext): void => {
  const { buf, argOff, argLen } = c
  const where = wheres.at(c, 2)
  if (where === 0) return c.fail(Errors.syntax)
  const before = where === BEFORE
  const entry = c.write(1)
  if (entry === 0) return c.out.zero()
  if (c.wrongType(entry, TYPE_LIST)) return
  const a = c.keyspace.arena
  const list = listOf(c, entry)
  if (!Quicklist.findFirst(a, list, buf, argOff[3], argLen[3])) return c.out.int(-1)
  const { node, pos } = Quicklist.place
  Quicklist.insert(a, list, node, pos, before, buf, argOff[4], argLen[4], limitsOf(c))
  const length = Quicklist.length(a, list)
  listChanged(c, buf, argOff[1], argLen[1], "linsert", 1)
  c.out.int(length)
}

const lrem = (c: CommandContext): void => {
  const { buf, argOff, argLen } = c
  const count = c.integer(2)
  if (count !== count) return c.fail(Errors.notInteger)
  const entry = c.write(1)
  if (entry === 0) return c.out.zero()
  if (c.wrongType(entry, TYPE_LIST)) return
  const list = listOf(c, entry)
  const max = count === 0 ? Infinity : Math.abs(count)
  const n = Quicklist.removeEqual(c.keyspace.arena, list, count >= 0, max, buf, argOff[3], argLen[3])
  if (n > 0) {
    const gone = removeIfEmpty(c, entry, list)
    listChanged(c, buf, argOff[1], argLen[1], "lrem", n)
    if (gone) listGone(c, buf, argOff[1], argLen[1])
  }
  c.out.int(n)
}

const ltrim = (c: CommandContext): void => {
  const { buf, argOff, argLen } = c
  const start = c.integer(2)
  const stop = c.integer(3)
  if (start !== start || stop !== stop) return c.fail(Errors.notInteger)
  const entry = c.write(1)
  if (entry === 0) return c.out.ok()
  if (c.wrongType(entry, TYPE_LIST)) return
  const a = c.keyspace.arena
  const list = listOf(c, entry)
  const length = Quicklist.length(a, list)
  clampRange(start, stop, length)
  const left = range.count === 0 ? length : range.first
  const right = length - left - range.count
  if (left > 0) Quicklist.drop(a, list, true, left)
  if (right > 0) Quicklist.drop(a, list, false, right)
  const gone = removeIfEmpty(c, entry, list)
  listChanged(c, buf, argOff[1], argLen[1], "ltrim", left + right)
  if (gone) listGone(c, buf, argOff[1], argLen[1])
  c.out.ok()
}

const RANK_MIN = -(2 ** 63)

const declared = options(spec.LPOS)
const [RANK, COUNT, MAXLEN] = declared.bits("RANK", "COUNT", "MAXLEN")

/** LPOS's options. */
const lposOptions = { rank: 1, count: -1, maxlen: 0 }

const readLposOptions = (c: CommandContext): boolean => {
  const o = lposOptions
  o.rank = 1
  o.count = -1
  o.maxlen = 0
  for (let i = 3, option = 0; i < c.argc; i += declared.words(option)) {
    option = declared.at(c, i)
    if (option === RANK) {
      o.rank = c.integer(i + 1)
      if (o.rank !== o.rank) return c.refuse(Errors.notInteger)
      if (o.rank === 0) return c.refuse(Errors.lposRankZero)
      // The one rank without a positive counterpart means the first match from the end.
      if (o.rank === RANK_MIN && c.text(i + 1) === String(BigInt(RANK_MIN))) o.rank = -1
    } else if (option === COUNT) {
      o.count = c.integer(i + 1)
      if (!(o.count >= 0)) return c.refuse(Errors.lposCount)
    } else if (option === MAXLEN) {
      o.maxlen = c.integer(i + 1)
      if (!(o.maxlen >= 0)) return c.refuse(Errors.lposMaxlen)
    } else return c.refuse(Errors.syntax)
  }
  return true
}

const lpos = (c: CommandContext): void => {
  if (!readLposOptions(c)) return
  const { rank, count } = lposOptions
  const entry = c.read(1)
  if (entry === 0) return count < 0 ? c.out.nil() : c.out.emptyArray()
  if (c.wrongType(entry, TYPE_LIST)) return
  const a = c.keyspace.arena
  const list = listOf(c, entry)
  const length = Quicklist.length(a, list)
  const looked = lposOptions.maxlen === 0 ? length : Math.min(length, lposOptions.maxlen)
  const wanted = count < 0 ? 1 : count === 0 ? Infinity : count
  const forward = rank > 0
  const off = c.argOff[2]
  const len = c.argLen[2]
  const { place } = Quicklist
  const mark = count < 0 ? 0 : c.out.deferredStart()
  let matches = 0
  let found = 0
  Quicklist.seek(a, list, forward ? 0 : length - 1)
  for (let i = 0; i < looked && found < wanted; i++) {
    if (Quicklist.equals(a, place.node, place.pos, c.buf, off, len) && ++matches >= Math.abs(rank)) {
      c.out.int(forward ? i : length - 1 - i)
      found++
    }
    if (forward) Quicklist.stepForward(a)
    else Quicklist.stepBackward(a)
  }
  if (count >= 0) c.out.deferredEnd(mark, "array", found)
  else if (found === 0) c.out.nil()
}

export const listCommands: ReadonlyArray<Command> = [
  command(spec.LPUSH, lpush),
  command(spec.RPUSH, rpush),
  command(spec.LPUSHX, lpushx),
  command(spec.RPUSHX, rpushx),
  command(spec.LLEN, llen),
  command(spec.LRANGE, lrange),
  command(spec.LINDEX, lindex),
  command(spec.LSET, lset),
  command(spec.LINSERT, linsert),
  command(spec.LREM, lrem),
  command(spec.LTRIM, ltrim),
  command(spec.LPOS, lpos),
  ...listPopCommands,
]
