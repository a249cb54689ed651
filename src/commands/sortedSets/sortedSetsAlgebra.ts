/** Unions, intersections and differences of sorted sets and sets: answered, counted or stored. */
import * as Errors from "../../resp/Errors.js"
import { entryEncoding, entryType, entryValue, TYPE_SET, TYPE_ZSET } from "../../store/Entry.js"
import type { SetCursor, SetValue } from "../../store/types/SetValue.js"
import { setCount } from "../../store/types/SetValue.js"
import type { SortedSet } from "../../store/types/SortedSetValue.js"
import { command } from "../../engine/Command.js"
import type { Command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import { replyRange, storeSortedSet } from "./sortedSetSupport.js"
import * as spec from "../spec/sortedSets.js"

const UNION = 0
const INTERSECTION = 1
const DIFFERENCE = 2

/** Where the result goes. */
const TO_REPLY = 0
const TO_STORE = 1
const TO_COUNT = 2

/** Score of a member of a plain set. */
const SET_SCORE = 1

/** One input: a sorted set, a set, or nothing. */
interface Operand {
  readonly sorted: SortedSet | undefined
  readonly set: SetValue | undefined
  readonly size: number
  weight: number
}

const NOTHING: Operand = { sorted: undefined, set: undefined, size: 0, weight: 1 }

/** The inputs under `n` keys from argument `first` on; undefined after answering WRONGTYPE. */
const readOperands = (c: CommandContext, first: number, n: number): Array<Operand> | undefined => {
  const a = c.keyspace.arena
  const { collections } = c.keyspace
  const operands: Array<Operand> = []
  for (let k = 0; k < n; k++) {
    const entry = c.read(first + k)
    if (entry === 0) {
      operands.push({ ...NOTHING })
    } else if (entryType(a, entry) === TYPE_SET) {
      const size = setCount(a, entryEncoding(a, entry), entryValue(a, entry))
      operands.push({ ...NOTHING, set: collections.operand(k).attachEntry(entry), size })
    } else if (c.wrongType(entry, TYPE_ZSET)) {
      return undefined
    } else {
      const sorted = collections.sortedOperand(k).attachEntry(entry)
      operands.push({ ...NOTHING, sorted, size: sorted.size })
    }
  }
  return operands
}

/** ZUNION's are ZINTER's too, and those of the forms that store. */
const declared = options(spec.ZUNION)
const [WEIGHTS, AGGREGATE, WITHSCORES] = declared.bits("WEIGHTS", "AGGREGATE", "WITHSCORES")
const aggregates = declared.choice("aggregate")
const [SUM, MIN] = aggregates.bits("SUM", "MIN")
/** ZINTERCARD has one option: LIMIT. */
const cardOptions = options(spec.ZINTERCARD)

/** Options of the command at hand; one object for the one thread. */
const settings = { aggregate: SUM, withScores: false, limit: 0 }

/** Reads the options from argument `first` on; false after answering an error. */
const readOptions = (
  c: CommandContext,
  first: number,
  operation: number,
  to: number,
  operands: ReadonlyArray<Operand>,
): boolean => {
  settings.aggregate = SUM
  settings.withScores = false
  settings.limit = 0
  if (to === TO_COUNT) return readLimit(c, first)
  for (let i = first, option = 0; i < c.argc; i += declared.words(option)) {
    option = declared.at(c, i)
    if (option === WITHSCORES && to === TO_REPLY) settings.withScores = true
    else if (operation === DIFFERENCE) return c.refuse(Errors.syntax)
    else if (option === WEIGHTS && i + operands.length < c.argc) {
      if (!readWeights(c, i + 1, operands)) return false
      // One a key, of which `words` counts the first.
      i += operands.length - 1
    } else if (option === AGGREGATE) {
      settings.aggregate = aggregates.at(c, i + 1)
      if (settings.aggregate === 0) return c.refuse(Errors.syntax)
    } else return c.refuse(Errors.syntax)
  }
  return true
}

const readLimit = (c: CommandContext, first: number): boolean => {
  for (let i = first; i < c.argc; i += 2) {
    if (cardOptions.at(c, i) === 0) return c.refuse(Errors.syntax)
    settings.limit = c.integer(i + 1)
    if (!(settings.limit >= 0)) return c.refuse(Errors.limitNegative)
  }
  return true
}

const readWeights = (c: CommandContext, first: number, operands: ReadonlyArray<Operand>): boolean => {
  for (const [k, operand] of operands.entries()) {
    operand.weight = c.double(first + k)
    if (Number.isNaN(operand.weight)) return c.refuse(Errors.weightNotFloat)
  }
  return true
}

/** 0 times infinity, and infinity less infinity, count as 0. */
const orZero = (x: number): number => (Number.isNaN(x) ? 0 : x)

const aggregate = (x: number, y: number): number => {
  if (settings.aggregate === SUM) return orZero(x + y)
  if (settings.aggregate === MIN) return y < x ? y : x
  return y > x ? y : x
}

/** Walks one operand, whichever it is: `start`, then members until `next` is false. */
class OperandCursor {
  src: Uint8Array = new Uint8Array(0)
  off = 0
  len = 0
  private sorted: SortedSet | undefined
  private set: SetCursor | undefined
  private started = false

  open(c: CommandContext, operand: Operand): this {
    const { sorted, set } = operand
    this.sorted = sorted
    this.started = false
    this.set = set === undefined ? undefined : c.keyspace.collections.setCursor.open(set.encoding, set.value)
    return this
  }

  get score(): number {
    return this.sorted === undefined ? SET_SCORE : this.sorted.score
  }

  next(): boolean {
    const at = this.sorted ?? this.set
    if (at === undefined) return false
    if (this.sorted === undefined) {
      if (this.set === undefined || !this.set.next()) return false
    } else if (!this.started) {
      this.sorted.seek(0)
      this.started = true
    } else if (!this.sorted.forward()) return false
    this.src = at.src
    this.off = at.off
    this.len = at.len
    return true
  }
}

const cursor = new OperandCursor()

/** Score of a member in an operand, NaN when it is not in it. */
const scoreIn = (operand: Operand, src: Uint8Array, off: number, len: number): number => {
  if (operand.sorted !== undefined) return operand.sorted.find(src, off, len)
  return operand.set !== undefined && operand.set.has(src, off, len) ? SET_SCORE : NaN
}

const unite = (c: CommandContext, operands: ReadonlyArray<Operand>, result: SortedSet): void => {
  for (const operand of operands) {
    cursor.open(c, operand)
    while (cursor.next()) {
      const score = orZero(operand.weight * cursor.score)
      const old = result.find(cursor.src, cursor.off, cursor.len)
      if (Number.isNaN(old)) result.addUnordered(score, cursor.src, cursor.off, cursor.len)
      else result.setUnordered(aggregate(old, score))
    }
  }
}

/** Adds to `result` what is in all operands, the smallest first; answers how many, at most `limit` unless it is 0. */
const intersect = (
  c: CommandContext,
  operands: ReadonlyArray<Operand>,
  result: SortedSet | undefined,
  limit: number,
): number => {
  const [least] = operands
  if (least === undefined || least.size === 0) return 0
  let n = 0
  cursor.open(c, least)
  while (cursor.next()) {
    let score = orZero(least.weight * cursor.score)
    let k = 1
    for (; k < operands.length; k++) {
      const operand = operands[k]
      const other = scoreIn(operand, cursor.src, cursor.off, cursor.len)
      if (Number.isNaN(other)) break
      score = aggregate(score, operand.weight * other)
    }
    if (k < operands.length) continue
    n++
    if (result !== undefined) {
      result.find(cursor.src, cursor.off, cursor.len)
      result.addUnordered(score, cursor.src, cursor.off, cursor.len)
    }
    if (n === limit) break
  }
  return n
}

const subtract = (c: CommandContext, operands: ReadonlyArray<Operand>, result: SortedSet): void => {
  const [first] = operands
  if (first === undefined) return
  cursor.open(c, first)
  while (cursor.next()) {
    let k = 1
    while (k < operands.length && Number.isNaN(scoreIn(operands[k], cursor.src, cursor.off, cursor.len))) k++
    if (k < operands.length) continue
    result.find(cursor.src, cursor.off, cursor.len)
    result.addUnordered(cursor.score, cursor.src, cursor.off, cursor.len)
  }
}

/** A command whose number of keys stands in argument `at`. */
const combine = (c: CommandContext, at: number, operation: number, to: number, event: string): void => {
  const n = c.integer(at)
  if (Number.isNaN(n)) return c.fail(Errors.notInteger)
  if (n < 1) return c.fail(Errors.noInputKeys(c.command?.name ?? ""))
  if (n > c.argc - at - 1) return c.fail(Errors.syntax)
  const operands = readOperands(c, at + 1, n)
  if (operands === undefined || !readOptions(c, at + 1 + n, operation, to, operands)) return
  // The smallest first, which is also the order in which Redis sums up.
  if (operation !== DIFFERENCE) operands.sort((x, y) => x.size - y.size)
  if (to === TO_COUNT) return c.out.int(intersect(c, operands, undefined, settings.limit))
  const result = c.keyspace.collections.otherSortedSet.create(false)
  if (operation === UNION) unite(c, operands, result)
  else if (operation === INTERSECTION) intersect(c, operands, result, 0)
  else subtract(c, operands, result)
  result.orderAll()
  if (to === TO_STORE) {
    result.pack(c.settings)
    return storeSortedSet(c, 1, result, event)
  }
  // A reply beyond the client's limit is broken off by a throw.
  try {
    replyRange(c, result, 0, result.size, false, settings.withScores)
  } finally {
    result.free()
  }
}

const zunion = (c: CommandContext): void => combine(c, 1, UNION, TO_REPLY, "")
const zinter = (c: CommandContext): void => combine(c, 1, INTERSECTION, TO_REPLY, "")
const zdiff = (c: CommandContext): void => combine(c, 1, DIFFERENCE, TO_REPLY, "")
const zintercard = (c: CommandContext): void => combine(c, 1, INTERSECTION, TO_COUNT, "")
const zunionstore = (c: CommandContext): void => combine(c, 2, UNION, TO_STORE, "zunionstore")
const zinterstore = (c: CommandContext): void => combine(c, 2, INTERSECTION, TO_STORE, "zinterstore")
const zdiffstore = (c: CommandContext): void => combine(c, 2, DIFFERENCE, TO_STORE, "zdiffstore")

export const sortedSetAlgebraCommands: ReadonlyArray<Command> = [
  command(spec.ZUNION, zunion),
  command(spec.ZINTER, zinter),
  command(spec.ZDIFF, zdiff),
  command(spec.ZINTERCARD, zintercard),
  command(spec.ZUNIONSTORE, zunionstore),
  command(spec.ZINTERSTORE, zinterstore),
  command(spec.ZDIFFSTORE, zdiffstore),
]
