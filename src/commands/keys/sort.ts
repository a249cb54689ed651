/**
 * SORT and SORT_RO. Elements are copied out, weighed (BY), ordered and then answered or stored, each by what GET names.
 *
 * Ties: numbers of the same weight are ordered by their elements' bytes; texts of the same weight stay in the order in
 * which the elements came or, where BY and LIMIT come together, in that of a quicksort (partialSort.ts). Texts compare by
 * bytes; when the result is only answered a NUL byte ends them, as strcoll has it.
 */
import * as Quicklist from "../../memory/list/Quicklist.js"
import * as Errors from "../../resp/Errors.js"
import {
  entryEncoding,
  entryType,
  entryValue,
  LIST_QUICKLIST,
  TYPE_LIST,
  TYPE_SET,
  TYPE_ZSET,
  ZSET_LISTPACK,
} from "../../store/Entry.js"
import { command } from "../../engine/Command.js"
import type { Command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { Event } from "../../engine/KeyEvents.js"
import { options } from "../../engine/Options.js"
import { sortPart } from "./partialSort.js"
import { sortScore, Strings } from "./sortElements.js"
import { type Found, SortPattern } from "./sortPattern.js"
import * as spec from "../spec/generic.js"
import { storeNothing, storeValue } from "../shared/storeValue.js"

interface SortOptions {
  descending: boolean
  alpha: boolean
  /** BY without a star: the elements stay as they come. */
  unsorted: boolean
  by: SortPattern | undefined
  readonly get: Array<SortPattern>
  limitStart: number
  limitCount: number
  /** Argument with the destination, 0 = answer. */
  store: number
}

const NOTHING = new Uint8Array(0)
const found: Found = { src: NOTHING, off: 0, len: 0 }

const declared = options(spec.SORT)
const [BY, LIMIT, GET, ASC, DESC, ALPHA, STORE] = declared.bits(
  "BY",
  "LIMIT",
  "GET",
  "ASC",
  "DESC",
  "ALPHA",
  "STORE",
)

/** Patterns make keys of what is sorted, so whoever gives one must be allowed to read any. */
const readsAllKeys = ({ session, command }: CommandContext): boolean =>
  command !== undefined && session.user.readsAllKeys(command.id)

/** Reads the options; false after answering an error. */
const readOptions = (c: CommandContext, o: SortOptions, mayStore: boolean): boolean => {
  for (let i = 2, option = 0; i < c.argc; i += declared.words(option)) {
    option = declared.at(c, i)
    if (option === ASC || option === DESC) o.descending = option === DESC
    else if (option === ALPHA) o.alpha = true
    else if (option === LIMIT) {
      o.limitStart = c.integer(i + 1)
      o.limitCount = c.integer(i + 2)
      if (o.limitStart !== o.limitStart || o.limitCount !== o.limitCount) return c.refuse(Errors.notInteger)
    } else if (option === STORE && mayStore) o.store = i + 1
    else if (option === BY) {
      o.by = new SortPattern(c.bytes(i + 1).slice())
      // Once switched off, sorting stays off, whatever a further BY says.
      if (!o.by.names) o.unsorted = true
      else if (!readsAllKeys(c)) return c.refuse(Errors.sortDenied("BY"))
    } else if (option === GET) {
      if (!readsAllKeys(c)) return c.refuse(Errors.sortDenied("GET"))
      o.get.push(new SortPattern(c.bytes(i + 1).slice()))
    } else return c.refuse(Errors.syntax)
  }
  return true
}

/** First element and number of elements that LIMIT leaves of `n`. */
const limits = { start: 0, count: 0 }
const applyLimit = (o: SortOptions, n: number): void => {
  limits.start = Math.min(Math.max(o.limitStart, 0), n)
  limits.count = n - limits.start
  if (o.limitCount >= 0) limits.count = Math.min(limits.count, o.limitCount)
}

/** Elements [start, start + count) of a list, from its end when `backwards`. */
const loadList = (
  c: CommandContext,
  list: number,
  start: number,
  count: number,
  backwards: boolean,
  to: Strings,
): void => {
  const a = c.keyspace.arena
  if (count === 0) return
  const n = Quicklist.length(a, list)
  Quicklist.seek(a, list, backwards ? n - 1 - start : start)
  const { place, lpv } = Quicklist
  for (let i = 0; i < count; i++) {
    Quicklist.read(a, place.node, place.pos)
    to.add(lpv.src, lpv.off, lpv.len)
    if (backwards) Quicklist.stepBackward(a)
    else Quicklist.stepForward(a)
  }
}

/** As loadList, of a sorted set in order of score. */
const loadSortedSet = (
  c: CommandContext,
  start: number,
  count: number,
  backwards: boolean,
  to: Strings,
): void => {
  const set = c.keyspace.collections.sortedSet
  if (count === 0) return
  set.seek(backwards ? set.size - 1 - start : start)
  for (let i = 0; i < count; i++) {
    to.add(set.src, set.off, set.len)
    if (backwards) set.backward()
    else set.forward()
  }
}

/**
 * Copies the elements out that are to be sorted; where nothing is to be sorted only those that LIMIT leaves, for which
 * the limits are then set.
 */
const load = (c: CommandContext, o: SortOptions, entry: number, elements: Strings): void => {
  const a = c.keyspace.arena
  const type = entryType(a, entry)
  if (type === TYPE_SET) {
    const cursor = c.keyspace.collections.setCursor.openEntry(entry)
    while (cursor.next()) elements.add(cursor.src, cursor.off, cursor.len)
    return applyLimit(o, elements.count)
  }
  const list = entryValue(a, entry)
  const n = type === TYPE_LIST ? Quicklist.length(a, list) : c.keyspace.collections.sortedSet.size
  applyLimit(o, n)
  const start = o.unsorted ? limits.start : 0
  const count = o.unsorted ? limits.count : n
  const backwards = o.unsorted && o.descending
  if (type === TYPE_LIST) loadList(c, list, start, count, backwards, elements)
  else loadSortedSet(c, start, count, backwards, elements)
  if (o.unsorted) limits.start = 0
}

/** Like Redis, SORT leaves a sorted set as a skiplist. Attaches the shared handle. */
const unpack = (c: CommandContext, entry: number): void => {
  const set = c.keyspace.collections.sortedSet.attachEntry(entry)
  if (entryEncoding(c.keyspace.arena, entry) !== ZSET_LISTPACK) return
  set.unpack()
  c.db.setValue(entry, TYPE_ZSET, set.encoding, set.value)
}

/** The order of the elements as indexes; undefined when an element or weight is no number. */
const order = (c: CommandContext, o: SortOptions, elements: Strings): Int32Array | undefined => {
  const n = elements.count
  const indexes = new Int32Array(n)
  for (let i = 0; i < n; i++) indexes[i] = i
  if (o.unsorted) return indexes
  const sign = o.descending ? -1 : 1
  const asText = o.store === 0
  if (!o.alpha) {
    const scores = weigh(c, o, elements)
    return scores === undefined
      ? undefined
      : indexes.sort((i, j) =>
          scores[i] === scores[j]
            ? sign * elements.compare(i, j, false)
            : scores[i] < scores[j]
              ? -sign
              : sign,
        )
  }
  const texts = o.by === undefined ? elements : textWeights(c, o.by, elements)
  const compare = (i: number, j: number): number => sign * texts.compare(i, j, asText)
  const { start, count } = limits
  if (o.by === undefined || count === n) return indexes.sort(compare)
  sortPart(indexes, 0, n, start, start + count - 1, compare)
  return indexes
}

/** Numeric weights: of the elements, or of what BY names for them, 0 where it names nothing. */
const weigh = (c: CommandContext, o: SortOptions, elements: Strings): Float64Array | undefined => {
  const { bytes, off, len, count } = elements
  const scores = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    let score = 0
    if (o.by === undefined) score = sortScore(bytes, off[i], len[i])
    else if (o.by.lookup(c, bytes, off[i], len[i], found)) score = sortScore(found.src, found.off, found.len)
    if (score !== score) return undefined
    scores[i] = score
  }
  return scores
}

const textWeights = (c: CommandContext, by: SortPattern, elements: Strings): Strings => {
  const weights = new Strings()
  for (let i = 0; i < elements.count; i++) {
    if (by.lookup(c, elements.bytes, elements.off[i], elements.len[i], found))
      weights.add(found.src, found.off, found.len)
    else weights.addAbsent()
  }
  return weights
}

/** Calls `emit` for everything that is to come out, with `found` set; false: nothing is there for this GET. */
const forEachResult = (
  c: CommandContext,
  o: SortOptions,
  elements: Strings,
  indexes: Int32Array,
  emit: (there: boolean) => void,
): void => {
  for (let k = limits.start; k < limits.start + limits.count; k++) {
    const i = indexes[k]
    const { bytes, off, len } = elements
    if (o.get.length === 0) {
      take(bytes, off[i], len[i])
      emit(true)
    }
    for (const get of o.get) {
      if (get.itself) take(bytes, off[i], len[i])
      emit(get.itself || get.lookup(c, bytes, off[i], len[i], found))
    }
  }
}

const take = (src: Uint8Array, off: number, len: number): void => {
  found.src = src
  found.off = off
  found.len = len
}

/** Stores the result as a list under the destination and answers its length. */
const store = (c: CommandContext, o: SortOptions, elements: Strings, indexes: Int32Array): void => {
  const a = c.keyspace.arena
  const n = limits.count * Math.max(1, o.get.length)
  if (n === 0) {
    storeNothing(c, o.store)
    return c.out.zero()
  }
  const list = Quicklist.create(a)
  const fill = new Quicklist.ListLimits(c.settings.listMaxListpackSize)
  forEachResult(c, o, elements, indexes, (there) => {
    if (there) Quicklist.push(a, list, false, found.src, found.off, found.len, fill)
    else Quicklist.push(a, list, false, NOTHING, 0, 0, fill)
  })
  // As in Redis, who waits for the key hears of it only where there was none before.
  if (storeValue(c, o.store, TYPE_LIST, LIST_QUICKLIST, list)) c.ready(o.store, TYPE_LIST)
  c.changed(o.store, Event.list, "sortstore")
  c.keyspace.dirty += n - 1
  c.out.int(n)
}

const answer = (c: CommandContext, o: SortOptions, elements: Strings, indexes: Int32Array): void => {
  const { out } = c
  out.array(limits.count * Math.max(1, o.get.length))
  forEachResult(c, o, elements, indexes, (there) => {
    if (there) out.bulk(found.src, found.off, found.len)
    else out.nil()
  })
}

const sortWith = (c: CommandContext, mayStore: boolean): void => {
  const o: SortOptions = {
    descending: false,
    alpha: false,
    unsorted: false,
    by: undefined,
    get: [],
    limitStart: 0,
    limitCount: -1,
    store: 0,
  }
  if (!readOptions(c, o, mayStore)) return
  const entry = c.read(1)
  const elements = new Strings()
  applyLimit(o, 0)
  if (entry !== 0) {
    const type = entryType(c.keyspace.arena, entry)
    if (type !== TYPE_LIST && type !== TYPE_SET && type !== TYPE_ZSET) return c.fail(Errors.wrongType)
    if (type === TYPE_ZSET) unpack(c, entry)
    if (type === TYPE_SET && o.unsorted && o.store !== 0) {
      // A set has no order of its own; what is stored must have one, the same on every replica.
      o.unsorted = false
      o.alpha = true
      o.by = undefined
    }
    load(c, o, entry, elements)
  }
  const indexes = order(c, o, elements)
  if (indexes === undefined) c.fail(Errors.sortNotDouble)
  else if (o.store === 0) answer(c, o, elements, indexes)
  else store(c, o, elements, indexes)
}

export const sortCommands: ReadonlyArray<Command> = [
  command(spec.SORT, (c) => sortWith(c, true)),
  command(spec.SORT_RO, (c) => sortWith(c, false)),
]
