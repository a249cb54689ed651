/** What the sorted set and geo commands share: putting a changed set back under its key, and answering members. */
import { entryEncoding, entryValue, TYPE_ZSET } from "../store/Entry.js"
import type { SortedSet } from "../store/types/SortedSetValue.js"
import type { CommandContext } from "./CommandContext.js"
import { Event } from "./KeyEvents.js"
import { storeNothing, storeValue } from "./storeValue.js"

/**
 * Makes the entry just looked up say what the handle has become, and deletes it when the set is empty; answers whether
 * it did.
 */
export const settleSortedSet = (c: CommandContext, entry: number, set: SortedSet): boolean => {
  const a = c.keyspace.arena
  if (entryValue(a, entry) !== set.value || entryEncoding(a, entry) !== set.encoding)
    c.db.setValue(entry, TYPE_ZSET, set.encoding, set.value)
  if (set.size > 0) return false
  c.db.remove(entry, false)
  return true
}

/** Opens the array of `n` members, which `replyMember` fills. */
export const replyMembersStart = (c: CommandContext, n: number, withScores: boolean): void =>
  c.out.array(withScores && c.out.resp === 2 ? n * 2 : n)

/** Answers the member under the set's cursor; with its score in RESP3 as a pair, in RESP2 as two items. */
export const replyMember = (c: CommandContext, set: SortedSet, withScores: boolean): void => {
  const { out } = c
  if (withScores && out.resp === 3) out.array(2)
  out.bulk(set.src, set.off, set.len)
  if (withScores) out.double(set.score)
}

/** Answers `n` members from a rank on, upwards or, if `reverse`, downwards. */
export const replyRange = (
  c: CommandContext,
  set: SortedSet,
  rank: number,
  n: number,
  reverse: boolean,
  withScores: boolean,
): void => {
  replyMembersStart(c, n, withScores)
  for (let i = 0; i < n; i++) {
    if (i === 0) set.seek(rank)
    else if (reverse) set.backward()
    else set.forward()
    replyMember(c, set, withScores)
  }
}

/** Stores a set made by a command under the key in argument i; an empty one deletes the key. Answers its size. */
export const storeSortedSet = (c: CommandContext, i: number, set: SortedSet, event: string): void => {
  const size = set.size
  if (size === 0) {
    set.free()
    storeNothing(c, i)
  } else {
    // As in Redis, who waits for the key hears of it only where there was none before.
    if (storeValue(c, i, TYPE_ZSET, set.encoding, set.value)) c.ready(i, TYPE_ZSET)
    c.changed(i, Event.zset, event)
  }
  c.out.int(size)
}
