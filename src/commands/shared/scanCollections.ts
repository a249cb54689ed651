/** SSCAN and HSCAN. */
import { HASH_HASHTABLE, SET_HASHTABLE, TYPE_HASH, TYPE_SET } from "../../store/Entry.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { openScan, replyCursor, scanMatches, scanOptions, scanPage } from "./ScanReply.js"

export const scanSet = (c: CommandContext): void => {
  const entry = openScan(c, TYPE_SET)
  if (entry === 0) return
  const { set, setCursor } = c.keyspace.collections
  set.attachEntry(entry)
  const { out } = c
  let n = 0
  if (set.encoding !== SET_HASHTABLE) {
    // An intset comes whole: it is small.
    replyCursor(c, 0)
    const mark = out.deferredStart()
    setCursor.open(set.encoding, set.value)
    while (setCursor.next()) {
      if (!scanMatches(c, setCursor.src, setCursor.off, setCursor.len)) continue
      out.bulk(setCursor.src, setCursor.off, setCursor.len)
      n++
    }
    return out.deferredEnd(mark, "array", n)
  }
  replyCursor(c, scanPage.fill(set, scanOptions.cursor))
  const mark = out.deferredStart()
  for (let i = 0; i < scanPage.count; i++) {
    set.view(scanPage.refs[i])
    if (!scanMatches(c, set.src, set.off, set.len)) continue
    out.bulk(set.src, set.off, set.len)
    n++
  }
  out.deferredEnd(mark, "array", n)
}

/** Answers the field and value the shared hash cursor stands on, if the field matches; answers how many elements. */
const replyPair = (c: CommandContext): number => {
  const { hashCursor } = c.keyspace.collections
  if (!scanMatches(c, hashCursor.fieldSrc, hashCursor.fieldOff, hashCursor.fieldLen)) return 0
  c.out.bulk(hashCursor.fieldSrc, hashCursor.fieldOff, hashCursor.fieldLen)
  c.out.bulk(hashCursor.src, hashCursor.off, hashCursor.len)
  return 2
}

export const scanHash = (c: CommandContext): void => {
  const entry = openScan(c, TYPE_HASH)
  if (entry === 0) return
  const { hash, hashCursor } = c.keyspace.collections
  hash.attachEntry(entry)
  const { out } = c
  let n = 0
  if (hash.encoding !== HASH_HASHTABLE) {
    // A listpack comes whole: it is small.
    replyCursor(c, 0)
    const mark = out.deferredStart()
    hashCursor.open(hash.encoding, hash.value)
    while (hashCursor.next()) n += replyPair(c)
    return out.deferredEnd(mark, "array", n)
  }
  replyCursor(c, scanPage.fill(hash, scanOptions.cursor))
  const mark = out.deferredStart()
  for (let i = 0; i < scanPage.count; i++) {
    hashCursor.view(scanPage.refs[i])
    n += replyPair(c)
  }
  out.deferredEnd(mark, "array", n)
}
