/** ZADD and ZINCRBY, and the adding that GEOADD does too. */
import * as Errors from "../../resp/Errors.js"
import { TYPE_ZSET } from "../../store/Entry.js"
import { command } from "../../engine/Command.js"
import type { Command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { Event } from "../../engine/KeyEvents.js"
import { options } from "../../engine/Options.js"
import { settleSortedSet } from "./sortedSetSupport.js"
import * as spec from "../spec/sortedSets.js"

const declared = options(spec.ZADD)
export const [NX, XX, GT, LT, CH, INCR] = declared.bits("NX", "XX", "GT", "LT", "CH", "INCR")

/** Option bits of ZADD from argument 2 on; the argument after them is left in `scoresFrom`. */
const readAddOptions = (c: CommandContext): number => {
  let found = 0
  let i = 2
  for (; i < c.argc; i++) {
    const bit = declared.at(c, i)
    if (bit === 0) break
    found |= bit
  }
  scoresFrom = i
  return found
}
let scoresFrom = 0

/** What is wrong with the options and the number of pairs, or undefined. */
const addConflict = (found: number, words: number): string | undefined => {
  if (words === 0 || words % 2 !== 0) return Errors.syntax
  if ((found & NX) !== 0 && (found & XX) !== 0) return Errors.zaddNxXx
  const relative = found & (GT | LT)
  if (relative === (GT | LT) || (relative !== 0 && (found & NX) !== 0)) return Errors.zaddGtLtNx
  if ((found & INCR) !== 0 && words > 2) return Errors.zaddIncrPairs
  return undefined
}

/** Scores of the ZADD or GEOADD at hand. */
let scores: Float64Array = new Float64Array(64)

/** Room for `n` scores, which `addScored` then adds. */
export const scoresFor = (n: number): Float64Array => {
  if (n > scores.length) scores = new Float64Array(n * 2)
  return scores
}

/** Reads the scores of all pairs from argument `from` on; false after answering an error. */
const readScores = (c: CommandContext, from: number): boolean => {
  const n = (c.argc - from) >> 1
  const into = scoresFor(n)
  for (let k = 0; k < n; k++) {
    const score = c.double(from + k * 2)
    if (Number.isNaN(score)) {
      c.out.error(Errors.notFloat)
      return false
    }
    into[k] = score
  }
  return true
}

const zadd = (c: CommandContext): void => addWith(c, readAddOptions(c))

const zincrby = (c: CommandContext): void => {
  // A word that is an option of ZADD is read as one, and then the pair is not complete.
  if (declared.at(c, 2) !== 0) return c.fail(Errors.syntax)
  scoresFrom = 2
  addWith(c, INCR)
}

const addWith = (c: CommandContext, found: number): void => {
  const from = scoresFrom
  const conflict = addConflict(found, c.argc - from)
  if (conflict !== undefined) return c.fail(conflict)
  if (!readScores(c, from)) return
  addScored(c, found, from + 1, 2)
}

/**
 * Adds the members in arguments first, first + step, ..., whose scores are in the room `scoresFor` gave, and answers.
 * @returns how many were added or changed
 */
export const addScored = (c: CommandContext, found: number, first: number, step: number): number => {
  const { buf, argOff, argLen, settings, keyspace, out } = c
  const entry = c.write(1)
  if (c.wrongType(entry, TYPE_ZSET)) return 0
  const incr = (found & INCR) !== 0
  if (entry === 0 && (found & XX) !== 0) {
    if (incr) out.nil()
    else out.zero()
    return 0
  }
  const set = keyspace.collections.sortedSet
  if (entry === 0) set.createFor(argLen[first], settings)
  else set.attachEntry(entry)
  let added = 0
  let updated = 0
  let result = NaN
  for (let i = first, k = 0; i < c.argc; i += step, k++) {
    const old = set.find(buf, argOff[i], argLen[i])
    let score = scores[k]
    if (Number.isNaN(old)) {
      if ((found & XX) !== 0) continue
      set.insert(score, buf, argOff[i], argLen[i], settings)
      added++
      result = score
      continue
    }
    if ((found & NX) !== 0) continue
    if (incr) {
      score += old
      if (Number.isNaN(score)) {
        c.out.error(Errors.scoreNaN)
        return 0
      }
    }
    if (((found & GT) !== 0 && score <= old) || ((found & LT) !== 0 && score >= old)) continue
    result = score
    if (score === old) continue
    set.update(score, buf, argOff[i], argLen[i])
    updated++
  }
  if (entry === 0) {
    c.db.putValue(0, buf, argOff[1], argLen[1], TYPE_ZSET, set.encoding, set.value, false)
    c.notify(1, Event.new, "new")
    c.ready(1, TYPE_ZSET)
  } else if (added + updated > 0) settleSortedSet(c, entry, set)
  if (added + updated > 0) {
    c.changed(1, Event.zset, incr ? "zincr" : "zadd")
    keyspace.dirty += added + updated - 1
  }
  if (!incr) out.int((found & CH) !== 0 ? added + updated : added)
  else if (Number.isNaN(result)) out.nil()
  else out.double(result)
  return added + updated
}

export const sortedSetAddCommands: ReadonlyArray<Command> = [
  command(spec.ZADD, zadd),
  command(spec.ZINCRBY, zincrby),
]
