/** The sorted set commands on one member or one set: removing, counting, scores and ranks. */
import * as Errors from "../../resp/Errors.js"
import { entryEncoding, entryValue, TYPE_ZSET } from "../../store/Entry.js"
import { LexBound, lexRange, ScoreBound, scoreRange } from "../../store/types/SortedSetRange.js"
import { sortedSetSize } from "../../store/types/SortedSetValue.js"
import { command } from "../../engine/Command.js"
import type { Command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { Event } from "../../engine/KeyEvents.js"
import { zscan } from "./sortedSetScan.js"
import { sortedSetAddCommands } from "./sortedSetsAdd.js"
import { sortedSetAlgebraCommands } from "./sortedSetsAlgebra.js"
import { sortedSetPopCommands } from "./sortedSetsPop.js"
import { sortedSetRandomCommands } from "./sortedSetsRandom.js"
import { sortedSetRangeCommands } from "./sortedSetsRange.js"
import { settleSortedSet } from "./sortedSetSupport.js"
import * as spec from "../spec/sortedSets.js"

const zrem = (c: CommandContext): void => {
  const entry = c.write(1)
  if (entry === 0) return c.out.zero()
  if (c.wrongType(entry, TYPE_ZSET)) return
  const set = c.keyspace.collections.sortedSet.attachEntry(entry)
  let removed = 0
  for (let i = 2; i < c.argc && set.size > 0; i++) {
    if (Number.isNaN(set.find(c.buf, c.argOff[i], c.argLen[i]))) continue
    set.removeFound()
    removed++
  }
  if (removed > 0) reportRemoved(c, entry, removed, "zrem")
  c.out.int(removed)
}

/** Settles the shared set after members went, and tells of it. */
const reportRemoved = (c: CommandContext, entry: number, removed: number, event: string): void => {
  const gone = settleSortedSet(c, entry, c.keyspace.collections.sortedSet)
  c.changed(1, Event.zset, event)
  c.keyspace.dirty += removed - 1
  if (gone) c.notify(1, Event.generic, "del")
}

const zcard = (c: CommandContext): void => {
  const entry = c.read(1)
  if (entry === 0) return c.out.zero()
  if (c.wrongType(entry, TYPE_ZSET)) return
  const a = c.keyspace.arena
  c.out.int(sortedSetSize(a, entryEncoding(a, entry), entryValue(a, entry)))
}

const replyScore = (c: CommandContext, score: number): void => {
  if (Number.isNaN(score)) c.out.nil()
  else c.out.double(score)
}

const zscore = (c: CommandContext): void => {
  const entry = c.read(1)
  if (entry === 0) return c.out.nil()
  if (c.wrongType(entry, TYPE_ZSET)) return
  const set = c.keyspace.collections.sortedSet.attachEntry(entry)
  replyScore(c, set.find(c.buf, c.argOff[2], c.argLen[2]))
}

const zmscore = (c: CommandContext): void => {
  const entry = c.read(1)
  if (c.wrongType(entry, TYPE_ZSET)) return
  const set = c.keyspace.collections.sortedSet
  if (entry !== 0) set.attachEntry(entry)
  c.out.array(c.argc - 2)
  for (let i = 2; i < c.argc; i++)
    replyScore(c, entry === 0 ? NaN : set.find(c.buf, c.argOff[i], c.argLen[i]))
}

const rankOf = (c: CommandContext, reverse: boolean): void => {
  const entry = c.read(1)
  if (entry === 0) return c.out.nil()
  if (c.wrongType(entry, TYPE_ZSET)) return
  const set = c.keyspace.collections.sortedSet.attachEntry(entry)
  if (Number.isNaN(set.find(c.buf, c.argOff[2], c.argLen[2]))) return c.out.nil()
  const rank = set.rankOfFound()
  c.out.int(reverse ? set.size - 1 - rank : rank)
}

const zrank = (c: CommandContext): void => rankOf(c, false)
const zrevrank = (c: CommandContext): void => rankOf(c, true)

const minScore = new ScoreBound()
const maxScore = new ScoreBound()
const minLex = new LexBound()
const maxLex = new LexBound()

/** Reads the score bounds in arguments 2 and 3; false after answering an error. */
const readScoreBounds = (c: CommandContext): boolean => {
  const { buf, argOff, argLen } = c
  if (minScore.parse(buf, argOff[2], argLen[2]) && maxScore.parse(buf, argOff[3], argLen[3])) return true
  c.out.error(Errors.minOrMaxNotFloat)
  return false
}

/** Reads the member bounds in arguments 2 and 3; false after answering an error. */
const readLexBounds = (c: CommandContext): boolean => {
  const { buf, argOff, argLen } = c
  if (minLex.parse(buf, argOff[2], argLen[2]) && maxLex.parse(buf, argOff[3], argLen[3])) return true
  c.out.error(Errors.minOrMaxNotLex)
  return false
}

const zcount = (c: CommandContext): void => {
  if (!readScoreBounds(c)) return
  const entry = c.read(1)
  if (entry === 0) return c.out.zero()
  if (c.wrongType(entry, TYPE_ZSET)) return
  const set = c.keyspace.collections.sortedSet.attachEntry(entry)
  scoreRange(c.keyspace.arena, set, minScore, maxScore)
  c.out.int(set.count)
}

const zlexcount = (c: CommandContext): void => {
  if (!readLexBounds(c)) return
  const entry = c.read(1)
  if (entry === 0) return c.out.zero()
  if (c.wrongType(entry, TYPE_ZSET)) return
  const set = c.keyspace.collections.sortedSet.attachEntry(entry)
  lexRange(c.keyspace.arena, set, minLex, maxLex, "count")
  c.out.int(set.count)
}

/** Removes the range the shared set has found, and answers its size. */
const removeRange = (c: CommandContext, entry: number, event: string): void => {
  const set = c.keyspace.collections.sortedSet
  const { from, count } = set
  if (count > 0) {
    set.removeRange(from, count)
    reportRemoved(c, entry, count, event)
  }
  c.out.int(count)
}

const zremrangebyscore = (c: CommandContext): void => {
  if (!readScoreBounds(c)) return
  const entry = c.write(1)
  if (entry === 0) return c.out.zero()
  if (c.wrongType(entry, TYPE_ZSET)) return
  scoreRange(c.keyspace.arena, c.keyspace.collections.sortedSet.attachEntry(entry), minScore, maxScore)
  removeRange(c, entry, "zremrangebyscore")
}

const zremrangebylex = (c: CommandContext): void => {
  if (!readLexBounds(c)) return
  const entry = c.write(1)
  if (entry === 0) return c.out.zero()
  if (c.wrongType(entry, TYPE_ZSET)) return
  lexRange(c.keyspace.arena, c.keyspace.collections.sortedSet.attachEntry(entry), minLex, maxLex, "remove")
  removeRange(c, entry, "zremrangebylex")
}

const zremrangebyrank = (c: CommandContext): void => {
  const start = c.integer(2)
  const stop = c.integer(3)
  if (Number.isNaN(start) || Number.isNaN(stop)) return c.fail(Errors.notInteger)
  const entry = c.write(1)
  if (entry === 0) return c.out.zero()
  if (c.wrongType(entry, TYPE_ZSET)) return
  const set = c.keyspace.collections.sortedSet.attachEntry(entry)
  set.rankRange(start, stop)
  removeRange(c, entry, "zremrangebyrank")
}

export const sortedSetCommands: ReadonlyArray<Command> = [
  ...sortedSetAddCommands,
  command(spec.ZREM, zrem),
  command(spec.ZCARD, zcard),
  command(spec.ZSCORE, zscore),
  command(spec.ZMSCORE, zmscore),
  command(spec.ZRANK, zrank),
  command(spec.ZREVRANK, zrevrank),
  command(spec.ZCOUNT, zcount),
  command(spec.ZLEXCOUNT, zlexcount),
  command(spec.ZREMRANGEBYSCORE, zremrangebyscore),
  command(spec.ZREMRANGEBYLEX, zremrangebylex),
  command(spec.ZREMRANGEBYRANK, zremrangebyrank),
  command(spec.ZSCAN, zscan),
  ...sortedSetRangeCommands,
  ...sortedSetAlgebraCommands,
  ...sortedSetPopCommands,
  ...sortedSetRandomCommands,
]
