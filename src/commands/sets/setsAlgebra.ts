/** Intersections, unions and differences of sets: answered, counted or stored. */
import * as Errors from "../../resp/Errors.js"
import { SET_INTSET, TYPE_SET } from "../../store/Entry.js"
import type { SetValue } from "../../store/types/SetValue.js"
import { command } from "../../engine/Command.js"
import type { Command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { Event } from "../../engine/KeyEvents.js"
import { options } from "../../engine/Options.js"
import * as spec from "../spec/sets.js"
import { storeNothing, storeValue } from "../shared/storeValue.js"

/** Where the result goes. */
const TO_REPLY = 0
const TO_STORE = 1
const TO_COUNT = 2

/** What `attachAll` found beside its answer. */
const found = { missing: 0 }

/**
 * Attaches operands to the sets under the `n` keys from argument `first` on. A missing key gets no operand, unless
 * `keepPlaces`: then its operand has value 0.
 * @returns how many operands there are; -1 after answering WRONGTYPE
 */
const attachAll = (c: CommandContext, first: number, n: number, keepPlaces: boolean): number => {
  const pool = c.keyspace.collections
  let sets = 0
  found.missing = 0
  for (let i = first; i < first + n; i++) {
    const entry = c.read(i)
    if (entry === 0) {
      found.missing++
      if (keepPlaces) pool.operand(sets++).value = 0
      continue
    }
    if (c.wrongType(entry, TYPE_SET)) return -1
    pool.operand(sets++).attachEntry(entry)
  }
  return sets
}

/** Puts operands [from, n) in order of size: the smallest first, or last. */
const sortBySize = (sets: Array<SetValue>, from: number, n: number, smallestFirst: boolean): void => {
  for (let i = from + 1; i < n; i++) {
    const set = sets[i]
    const size = set.count
    let j = i
    for (; j > from && (smallestFirst ? sets[j - 1].count > size : sets[j - 1].count < size); j--)
      sets[j] = sets[j - 1]
    sets[j] = set
  }
}

/** Stores the set of the handle under argument 1 and answers its size. */
const storeResult = (c: CommandContext, result: SetValue, event: string): void => {
  const count = result.count
  if (count === 0) {
    result.free()
    storeNothing(c, 1)
  } else {
    storeValue(c, 1, TYPE_SET, result.encoding, result.value)
    c.changed(1, Event.set, event)
  }
  c.out.int(count)
}

/** @param limit stop counting there; 0 = never */
const intersect = (c: CommandContext, first: number, n: number, to: number, limit: number): void => {
  const { out, keyspace, settings } = c
  const pool = keyspace.collections
  const sets = attachAll(c, first, n, false)
  if (sets < 0) return
  if (found.missing > 0) {
    if (to === TO_REPLY) return out.set(0)
    if (to === TO_STORE) storeNothing(c, 1)
    return out.zero()
  }
  const operands = pool.operands
  sortBySize(operands, 0, sets, true)
  const result = pool.otherSet
  if (to === TO_STORE) result.create(SET_INTSET)
  const mark = to === TO_REPLY ? out.deferredStart() : 0
  const cursor = pool.setCursor.open(operands[0].encoding, operands[0].value)
  let count = 0
  while (cursor.next()) {
    let k = 1
    while (k < sets && operands[k].has(cursor.src, cursor.off, cursor.len)) k++
    if (k < sets) continue
    count++
    if (to === TO_REPLY) out.bulk(cursor.src, cursor.off, cursor.len)
    else if (to === TO_STORE) result.add(cursor.src, cursor.off, cursor.len, settings.setMaxIntsetEntries)
    else if (count === limit) break
  }
  if (to === TO_REPLY) out.deferredEnd(mark, "set", count)
  else if (to === TO_COUNT) out.int(count)
  else storeResult(c, result, "sinterstore")
}

const sinter = (c: CommandContext): void => intersect(c, 1, c.argc - 1, TO_REPLY, 0)
const sinterstore = (c: CommandContext): void => intersect(c, 2, c.argc - 2, TO_STORE, 0)

/** SINTERCARD has one option: LIMIT. */
const cardOptions = options(spec.SINTERCARD)

const sintercard = (c: CommandContext): void => {
  const n = c.integer(1)
  if (!(n > 0)) return c.fail(Errors.numkeysNotPositive)
  if (n > c.argc - 2) return c.fail(Errors.numkeysTooMany)
  let limit = 0
  for (let i = 2 + n; i < c.argc; i += 2) {
    if (cardOptions.at(c, i) === 0) return c.fail(Errors.syntax)
    limit = c.integer(i + 1)
    if (!(limit >= 0)) return c.fail(Errors.limitNegative)
  }
  intersect(c, 2, n, TO_COUNT, limit)
}

/** Answers the result's members, or stores it. */
const deliver = (c: CommandContext, result: SetValue, to: number, event: string): void => {
  if (to === TO_STORE) return storeResult(c, result, event)
  // A reply beyond the client's limit is broken off by a throw.
  try {
    c.out.set(result.count)
    const cursor = c.keyspace.collections.setCursor.open(result.encoding, result.value)
    while (cursor.next()) c.out.bulk(cursor.src, cursor.off, cursor.len)
  } finally {
    result.free()
  }
}

const addAll = (c: CommandContext, result: SetValue, source: SetValue): void => {
  const cursor = c.keyspace.collections.setCursor.open(source.encoding, source.value)
  const max = c.settings.setMaxIntsetEntries
  while (cursor.next()) result.add(cursor.src, cursor.off, cursor.len, max)
}

const union = (c: CommandContext, first: number, n: number, to: number): void => {
  const pool = c.keyspace.collections
  const sets = attachAll(c, first, n, false)
  if (sets < 0) return
  const result = pool.otherSet.create(SET_INTSET)
  for (let i = 0; i < sets; i++) addAll(c, result, pool.operands[i])
  deliver(c, result, to, "sunionstore")
}

const sunion = (c: CommandContext): void => union(c, 1, c.argc - 1, TO_REPLY)
const sunionstore = (c: CommandContext): void => union(c, 2, c.argc - 2, TO_STORE)

/**
 * Whether looking every member of the first set up in all others costs less than copying it and taking theirs out. The
 * same choice as Redis's, for SDIFFSTORE's result shows it: a copy that once held a string stays a table.
 */
const lookingUpIsCheaper = (operands: Array<SetValue>, sets: number): boolean => {
  let existing = 0
  let total = 0
  for (let i = 0; i < sets; i++) {
    if (operands[i].value === 0) continue
    existing++
    total += operands[i].count
  }
  return Math.floor((operands[0].count * existing) / 2) <= total
}

const difference = (c: CommandContext, first: number, n: number, to: number): void => {
  const pool = c.keyspace.collections
  const sets = attachAll(c, first, n, true)
  if (sets < 0) return
  const operands = pool.operands
  const result = pool.otherSet.create(SET_INTSET)
  if (operands[0].value !== 0) {
    if (lookingUpIsCheaper(operands, sets)) keepAbsent(c, result, sets)
    else takeOut(c, result, sets)
  }
  deliver(c, result, to, "sdiffstore")
}

/** Adds to the result the members of the first set that are in no other. */
const keepAbsent = (c: CommandContext, result: SetValue, sets: number): void => {
  const pool = c.keyspace.collections
  const operands = pool.operands
  let n = 1
  for (let i = 1; i < sets; i++) {
    // Absent sets to the end; the largest first, where a member is found soonest.
    if (operands[i].value === 0) continue
    const set = operands[i]
    operands[i] = operands[n]
    operands[n++] = set
  }
  sortBySize(operands, 1, n, false)
  const cursor = pool.setCursor.open(operands[0].encoding, operands[0].value)
  const max = c.settings.setMaxIntsetEntries
  while (cursor.next()) {
    let k = 1
    while (k < n && !operands[k].has(cursor.src, cursor.off, cursor.len)) k++
    if (k === n) result.add(cursor.src, cursor.off, cursor.len, max)
  }
}

/** Copies the first set and takes the members of the others out. */
const takeOut = (c: CommandContext, result: SetValue, sets: number): void => {
  const pool = c.keyspace.collections
  addAll(c, result, pool.operands[0])
  for (let i = 1; i < sets && result.count > 0; i++) {
    if (pool.operands[i].value === 0) continue
    const cursor = pool.setCursor.open(pool.operands[i].encoding, pool.operands[i].value)
    while (cursor.next()) result.remove(cursor.src, cursor.off, cursor.len)
  }
}

const sdiff = (c: CommandContext): void => difference(c, 1, c.argc - 1, TO_REPLY)
const sdiffstore = (c: CommandContext): void => difference(c, 2, c.argc - 2, TO_STORE)

export const setAlgebraCommands: ReadonlyArray<Command> = [
  command(spec.SINTER, sinter),
  command(spec.SINTERCARD, sintercard),
  command(spec.SINTERSTORE, sinterstore),
  command(spec.SUNION, sunion),
  command(spec.SUNIONSTORE, sunionstore),
  command(spec.SDIFF, sdiff),
  command(spec.SDIFFSTORE, sdiffstore),
]
