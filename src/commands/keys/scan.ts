/** SCAN: the keys of a database, a page at a time. */
import { chunkOf } from "../../memory/Ref.js"
import { entryKeyLength, entryKeyOffset, entryType, TYPE_NAMES } from "../../store/Entry.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import {
  readScanOptions,
  replyCursor,
  scanCursor,
  scanMatches,
  scanOptions,
  scanPage,
} from "../shared/ScanReply.js"

const ANY_TYPE = -1
const NO_TYPE = -2

/** Number of the type that TYPE names, in any case; NO_TYPE for a name that no type has. */
const wantedType = (c: CommandContext): number => {
  if (scanOptions.type === 0) return ANY_TYPE
  const at = TYPE_NAMES.indexOf(c.text(scanOptions.type).toLowerCase())
  return at < 0 ? NO_TYPE : at
}

/**
 * Expired keys that the walk meets are deleted, each as a change of its own in the command log. That may shrink the
 * table, so the page is gathered first; the cursor holds through a shrinking table.
 */
export const scan = (c: CommandContext): void => {
  const cursor = scanCursor(c, 1)
  if (cursor < 0 || !readScanOptions(c, 2, true)) return
  const { db, keyspace, out } = c
  const a = keyspace.arena
  const type = wantedType(c)
  replyCursor(c, scanPage.fill(db.table, cursor))
  const mark = out.deferredStart()
  let n = 0
  for (let i = 0; i < scanPage.count; i++) {
    const ref = scanPage.refs[i]
    const off = entryKeyOffset(a, ref)
    const len = entryKeyLength(a, ref)
    if (!scanMatches(c, a.u8[chunkOf(ref)], off, len)) continue
    if (db.isHidden(ref)) {
      if (!keyspace.deletesExpired) continue
      if (c.replicating) c.propagation.separately()
      db.expire(ref)
      continue
    }
    if (type !== ANY_TYPE) {
      // TYPE looks each key up, and that counts as a hit.
      keyspace.stats.keyspaceHits++
      if (entryType(a, ref) !== type) continue
    }
    out.bulk(a.u8[chunkOf(ref)], off, len)
    n++
  }
  out.deferredEnd(mark, "array", n)
}
