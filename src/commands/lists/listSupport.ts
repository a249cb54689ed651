/** What the list commands share: finding a list, changing it with all consequences, and answering elements. */
import { chunkOf } from "../../memory/Ref.js"
import type { Ref } from "../../memory/Arena.js"
import { after, get, LISTPACK_END, lpv, read as readEntry } from "../../bytes/packed/Listpack.js"
import * as Quicklist from "../../memory/list/Quicklist.js"
import { writeInt } from "../../bytes/NumberFormat.js"
import type { ReplyWriter } from "../../resp/ReplyWriter.js"
import { entryValue, LIST_QUICKLIST, TYPE_LIST } from "../../store/Entry.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { Event } from "../../engine/KeyEvents.js"

/** The node limits in force. */
export const limitsOf = (c: CommandContext): Quicklist.ListLimits => {
  const limits = c.keyspace.listLimits
  const fill = c.settings.listMaxListpackSize
  if (limits.fill !== fill) limits.setFill(fill)
  return limits
}

/** The list of an entry. */
export const listOf = (c: CommandContext, entry: Ref): Ref => entryValue(c.keyspace.arena, entry)

/** The list of an entry just looked up, or a new one where there is none. No key may hold a new list before it has elements. */
export const listOrNew = (c: CommandContext, entry: Ref): Ref =>
  entry === 0 ? Quicklist.create(c.keyspace.arena) : listOf(c, entry)

/** Frees what was made for an entry that is not there, where filling it broke off. */
export const dropUnstored = (c: CommandContext, entry: Ref, list: Ref): void => {
  if (entry === 0) Quicklist.free(c.keyspace.arena, list, Infinity)
}

/** Puts a new list with its elements under a key just looked up in vain, and wakes clients that wait for it. */
export const storeNewList = (c: CommandContext, kb: Uint8Array, ko: number, kl: number, list: Ref): void => {
  c.db.putValue(0, kb, ko, kl, TYPE_LIST, LIST_QUICKLIST, list, false)
  c.events.notify(Event.new, "new", c.db.id, kb, ko, kl)
  c.blocking.signal(c.db.id, TYPE_LIST, kb, ko, kl)
}

/** Tells everybody that a list has changed, and counts `changes`. */
export const listChanged = (
  c: CommandContext,
  kb: Uint8Array,
  ko: number,
  kl: number,
  event: string,
  changes: number,
): void => {
  c.keyspace.dirty += changes
  c.events.modified(c.db, kb, ko, kl)
  c.events.notify(Event.list, event, c.db.id, kb, ko, kl)
}

/** Deletes the entry just looked up when its list is empty; answers whether it was. Follow with `listGone`. */
export const removeIfEmpty = (c: CommandContext, entry: Ref, list: Ref): boolean => {
  if (Quicklist.length(c.keyspace.arena, list) > 0) return false
  c.db.remove(entry, false)
  return true
}

/** Tells that an emptied list's key was deleted. */
export const listGone = (c: CommandContext, kb: Uint8Array, ko: number, kl: number): void =>
  c.events.notify(Event.generic, "del", c.db.id, kb, ko, kl)

/** Removes the first or last `n` elements of the list of an entry just looked up, with all consequences. */
export const dropElements = (
  c: CommandContext,
  kb: Uint8Array,
  ko: number,
  kl: number,
  entry: Ref,
  left: boolean,
  n: number,
): void => {
  const list = listOf(c, entry)
  Quicklist.drop(c.keyspace.arena, list, left, n)
  const gone = removeIfEmpty(c, entry, list)
  listChanged(c, kb, ko, kl, left ? "lpop" : "rpop", n)
  if (gone) listGone(c, kb, ko, kl)
}

/** Answers one element. */
export const replyElement = (c: CommandContext, node: Ref, pos: number): void => {
  Quicklist.read(c.keyspace.arena, node, pos)
  c.out.bulk(lpv.src, lpv.off, lpv.len)
}

/** Answers the first or last element. */
export const replyEnd = (c: CommandContext, list: Ref, left: boolean): void => {
  const a = c.keyspace.arena
  const node = left ? Quicklist.head(a, list) : Quicklist.tail(a, list)
  replyElement(c, node, Quicklist.edge(a, node, !left))
}

/** Answers `n` elements from an index on, as an array. */
export const replyRange = (c: CommandContext, list: Ref, start: number, n: number): void => {
  const a = c.keyspace.arena
  c.out.array(n)
  if (n === 0) return
  if (!Quicklist.seek(a, list, start)) throw new Error("a range of a list must lie in the list")
  let node = Quicklist.place.node
  let pos = Quicklist.place.pos
  for (let left = n; ;) {
    if (Quicklist.isPlain(a, node)) {
      replyElement(c, node, pos)
      left--
    } else left -= replyEntries(c.out, a.u8[chunkOf(node)], pos, left)
    if (left === 0) return
    node = Quicklist.nodeNext(a, node)
    pos = Quicklist.edge(a, node, false)
  }
}

/** Answers the last `n` elements, the last one first, as an array. */
export const replyLast = (c: CommandContext, list: Ref, n: number): void => {
  const a = c.keyspace.arena
  c.out.array(n)
  if (n === 0) return
  const { place } = Quicklist
  place.node = Quicklist.tail(a, list)
  place.pos = Quicklist.edge(a, place.node, true)
  for (let i = 1; ; i++) {
    replyElement(c, place.node, place.pos)
    if (i === n) return
    Quicklist.stepBackward(a)
  }
}

/** Entries whose room in the reply is asked for at once. */
const ROOM_ENTRIES = 64
/** Most bytes of the reply to an entry of a short encoding: $63, the bytes and two line ends. */
const SHORT_REPLY_BYTES = 72

/** Answers up to `max` entries of a listpack from position `from` on; answers how many there were. */
const replyEntries = (out: ReplyWriter, u8: Uint8Array, from: number, max: number): number => {
  let p = from
  let n = 0
  while (n < max) {
    out.reserve(ROOM_ENTRIES * SHORT_REPLY_BYTES)
    const buf = out.buf
    const stop = Math.min(max, n + ROOM_ENTRIES)
    let to = out.pos
    while (n < stop && u8[p] < 0xc0) {
      const b = u8[p]
      buf[to++] = 36
      if (b < 0x80) {
        // An integer of up to three digits.
        buf[to] = b < 10 ? 49 : b < 100 ? 50 : 51
        buf[to + 1] = 13
        buf[to + 2] = 10
        to = writeInt(buf, to + 3, b)
        p += 2
      } else {
        const len = b & 0x3f
        if (len >= 10) buf[to++] = 48 + ((len / 10) | 0)
        buf[to] = 48 + (len % 10)
        buf[to + 1] = 13
        buf[to + 2] = 10
        to += 3
        p++
        for (let i = 0; i < len; i++) buf[to + i] = u8[p + i]
        to += len
        p += len + 1
      }
      buf[to] = 13
      buf[to + 1] = 10
      to += 2
      n++
    }
    out.pos = to
    if (n === stop) continue
    if (u8[p] === LISTPACK_END) return n
    replyLongEntry(out, u8, p)
    p = after(u8, p)
    n++
  }
  return n
}

/** Answers an entry of any encoding. */
const replyLongEntry = (out: ReplyWriter, u8: Uint8Array, p: number): void => {
  readEntry(u8, p)
  if (lpv.isInt && lpv.int === lpv.int) return out.bulkInt(lpv.int)
  if (lpv.isInt) get(u8, p)
  out.bulk(lpv.src, lpv.off, lpv.len)
}
