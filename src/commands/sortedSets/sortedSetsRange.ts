/** Ranges of a sorted set by rank, score or member, answered or stored. */
import * as Errors from "../../resp/Errors.js"
import { TYPE_ZSET } from "../../store/Entry.js"
import { LexBound, lexRange, ScoreBound, scoreRange } from "../../store/types/SortedSetRange.js"
import type { SortedSet } from "../../store/types/SortedSetValue.js"
import { command } from "../../engine/Command.js"
import type { Command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import { replyRange, storeSortedSet } from "./sortedSetSupport.js"
import * as spec from "../spec/sortedSets.js"

/** What a range goes by. */
const BY_ANY = 0
const BY_RANK = 1
const BY_SCORE = 2
const BY_LEX = 3

/** Which way it runs. */
const EITHER = 0
const FORWARD = 1
const REVERSE = 2

/** The range command at hand; one object for the one thread. */
const range = {
  by: BY_ANY,
  direction: EITHER,
  withScores: false,
  offset: 0,
  /** -1 = all. */
  limit: -1,
  start: 0,
  stop: 0,
}
const minScore = new ScoreBound()
const maxScore = new ScoreBound()
const minLex = new LexBound()
const maxLex = new LexBound()

/** ZRANGE's kin take its options, but for what their names have settled. */
const declared = options(spec.ZRANGE)
const [BYSCORE, BYLEX, REV, LIMIT, WITHSCORES] = declared.bits(
  "BYSCORE",
  "BYLEX",
  "REV",
  "LIMIT",
  "WITHSCORES",
)

/** Reads the options from argument `first` on; false after answering an error. */
const readOptions = (c: CommandContext, first: number, store: boolean): boolean => {
  range.withScores = false
  range.offset = 0
  range.limit = -1
  for (let i = first, option = 0; i < c.argc; i += declared.words(option)) {
    option = declared.at(c, i)
    if (option === WITHSCORES && !store) range.withScores = true
    else if (option === LIMIT) {
      range.offset = c.integer(i + 1)
      range.limit = c.integer(i + 2)
      if (Number.isNaN(range.offset) || Number.isNaN(range.limit)) return c.refuse(Errors.notInteger)
    } else if (option === REV && range.direction === EITHER) range.direction = REVERSE
    else if (option === BYLEX && range.by === BY_ANY) range.by = BY_LEX
    else if (option === BYSCORE && range.by === BY_ANY) range.by = BY_SCORE
    else return c.refuse(Errors.syntax)
  }
  if (range.direction === EITHER) range.direction = FORWARD
  if (range.by === BY_ANY) range.by = BY_RANK
  if (range.limit !== -1 && range.by === BY_RANK) return c.refuse(Errors.zrangeLimit)
  if (range.withScores && range.by === BY_LEX) return c.refuse(Errors.zrangeWithScoresByLex)
  return true
}

/** Reads the two ends of the range, in arguments i and i + 1; false after answering an error. */
const readEnds = (c: CommandContext, i: number): boolean => {
  const { buf, argOff, argLen } = c
  if (range.by === BY_RANK) {
    range.start = c.integer(i)
    range.stop = c.integer(i + 1)
    if (!Number.isNaN(range.start) && !Number.isNaN(range.stop)) return true
    return c.refuse(Errors.notInteger)
  }
  const reverse = range.direction === REVERSE
  const min = reverse ? i + 1 : i
  const max = reverse ? i : i + 1
  if (range.by === BY_SCORE) {
    if (minScore.parse(buf, argOff[min], argLen[min]) && maxScore.parse(buf, argOff[max], argLen[max]))
      return true
    return c.refuse(Errors.minOrMaxNotFloat)
  }
  if (minLex.parse(buf, argOff[min], argLen[min]) && maxLex.parse(buf, argOff[max], argLen[max])) return true
  return c.refuse(Errors.minOrMaxNotLex)
}

/** Finds the range in the set; then `set.from` is the rank of its first member in the range's own direction. */
const findRange = (c: CommandContext, set: SortedSet): void => {
  const a = c.keyspace.arena
  const reverse = range.direction === REVERSE
  if (range.by === BY_RANK) {
    set.rankRange(range.start, range.stop)
    if (reverse) set.from = set.size - 1 - set.from
    return
  }
  if (range.by === BY_SCORE) scoreRange(a, set, minScore, maxScore)
  else lexRange(a, set, minLex, maxLex, reverse ? "down" : "up")
  if (reverse) set.from += set.count - 1
  const skip = range.offset
  if (skip < 0 || skip >= set.count) {
    set.count = 0
    return
  }
  set.count -= skip
  set.from += reverse ? -skip : skip
  if (range.limit >= 0 && range.limit < set.count) set.count = range.limit
}

/** A range command whose key stands in argument `key`. */
const rangeFrom = (c: CommandContext, key: number, store: boolean, by: number, direction: number): void => {
  range.by = by
  range.direction = direction
  if (!readOptions(c, key + 3, store) || !readEnds(c, key + 1)) return
  const entry = c.read(key)
  if (c.wrongType(entry, TYPE_ZSET)) return
  const { collections } = c.keyspace
  const set = collections.sortedSet
  if (entry === 0) {
    if (!store) return c.out.emptyArray()
    return storeSortedSet(c, 1, collections.otherSortedSet.create(true), "zrangestore")
  }
  set.attachEntry(entry)
  findRange(c, set)
  if (store) storeRange(c, set)
  else replyRange(c, set, set.from, set.count, range.direction === REVERSE, range.withScores)
}

const storeRange = (c: CommandContext, set: SortedSet): void => {
  const { settings } = c
  const result = c.keyspace.collections.otherSortedSet
  const n = set.count
  // Only a range by rank is known to be long before it is walked.
  result.create(!(range.by === BY_RANK && n > settings.zsetMaxListpackEntries))
  for (let i = 0; i < n; i++) {
    if (i === 0) set.seek(set.from)
    else if (range.direction === REVERSE) set.backward()
    else set.forward()
    const score = set.score
    result.find(set.src, set.off, set.len)
    result.insert(score, set.src, set.off, set.len, settings)
  }
  storeSortedSet(c, 1, result, "zrangestore")
}

const zrange = (c: CommandContext): void => rangeFrom(c, 1, false, BY_ANY, EITHER)
const zrangestore = (c: CommandContext): void => rangeFrom(c, 2, true, BY_ANY, EITHER)
const zrevrange = (c: CommandContext): void => rangeFrom(c, 1, false, BY_RANK, REVERSE)
const zrangebyscore = (c: CommandContext): void => rangeFrom(c, 1, false, BY_SCORE, FORWARD)
const zrevrangebyscore = (c: CommandContext): void => rangeFrom(c, 1, false, BY_SCORE, REVERSE)
const zrangebylex = (c: CommandContext): void => rangeFrom(c, 1, false, BY_LEX, FORWARD)
const zrevrangebylex = (c: CommandContext): void => rangeFrom(c, 1, false, BY_LEX, REVERSE)

export const sortedSetRangeCommands: ReadonlyArray<Command> = [
  command(spec.ZRANGE, zrange),
  command(spec.ZRANGESTORE, zrangestore),
  command(spec.ZREVRANGE, zrevrange),
  command(spec.ZRANGEBYSCORE, zrangebyscore),
  command(spec.ZREVRANGEBYSCORE, zrevrangebyscore),
  command(spec.ZRANGEBYLEX, zrangebylex),
  command(spec.ZREVRANGEBYLEX, zrevrangebylex),
]
