/** ZSCAN. */
import { formatDouble17, formatPackedScore } from "../../bytes/Numbers.js"
import { memberScore } from "../../memory/sorted/SortedIndex.js"
import { TYPE_ZSET, ZSET_SKIPLIST } from "../../store/Entry.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { openScan, replyCursor, scanMatches, scanOptions, scanPage } from "../shared/ScanReply.js"

export const zscan = (c: CommandContext): void => {
  const entry = openScan(c, TYPE_ZSET)
  if (entry === 0) return
  const { out } = c
  const a = c.keyspace.arena
  const set = c.keyspace.collections.sortedSet.attachEntry(entry)
  let n = 0
  if (set.encoding === ZSET_SKIPLIST) {
    replyCursor(c, scanPage.fill(set.table, scanOptions.cursor))
    const mark = out.deferredStart()
    for (let i = 0; i < scanPage.count; i++) {
      set.loadEntry(scanPage.refs[i])
      if (!scanMatches(c, set.src, set.off, set.len)) continue
      out.bulk(set.src, set.off, set.len)
      // Scores in a scan are strings in RESP3, too.
      out.bulkText(formatDouble17(memberScore(a, scanPage.refs[i])))
      n += 2
    }
    return out.deferredEnd(mark, "array", n)
  }
  // A listpack comes whole, its scores as they stand in it: it is small.
  replyCursor(c, 0)
  const mark = out.deferredStart()
  set.seek(0)
  do {
    if (!scanMatches(c, set.src, set.off, set.len)) continue
    out.bulk(set.src, set.off, set.len)
    out.bulkText(formatPackedScore(set.score))
    n += 2
  } while (set.forward())
  out.deferredEnd(mark, "array", n)
}
