/**
 * What sets and hashes have in common: values that are one packed block, or a HashTable whose entries are single blocks.
 */
import type { Arena, Ref } from "../../memory/Arena.js"
import { HashTable, TABLE_COUNT_WORD } from "../../memory/table/HashTable.js"
import { roundedBytes } from "../../memory/SizeClasses.js"
import { TableCursor } from "../../memory/table/TableCursor.js"

/** Blocks below this size are not given up for smaller ones. */
const SHRINK_BYTES_MIN = 64

/** Number of entries of the table at `table`. */
export const tableCount = (a: Arena, table: Ref): number =>
  a.i32[table >>> 20][((table & 0xfffff) << 1) + TABLE_COUNT_WORD]

/** Moves packed bytes to a smaller block when less than half of theirs is used; answers the ref. */
export const fitBlock = (a: Arena, ref: Ref, bytes: number): Ref => {
  const size = a.blockSize(ref)
  return size > SHRINK_BYTES_MIN && bytes * 2 < size && roundedBytes(bytes) < size
    ? a.realloc(ref, bytes, bytes)
    : ref
}

/** ValueType.freeStep of a table of single blocks. */
export const freeTableStep = (a: Arena, table: Ref, budget: number): Ref => {
  const left = new HashTable(a).attach(table).drain(budget, (entry) => a.free(entry))
  return left ? table : 0
}

/** ValueType.copy of a table of single blocks. */
export const copyTable = (a: Arena, table: Ref): Ref => {
  const copy = new HashTable(a)
  copy.create()
  const cursor = new TableCursor(a).open(table)
  for (let entry = cursor.next(); entry !== 0; entry = cursor.next()) {
    const size = a.blockSize(entry)
    const twin = a.alloc(size)
    a.copy(entry, 0, twin, 0, size)
    copy.insert(twin)
  }
  return copy.ref
}

/** ValueType.bytes of a table of single blocks. */
export const tableBytes = (a: Arena, table: Ref, samples: number): number => {
  const own = new HashTable(a).attach(table).ownBytes()
  const count = tableCount(a, table)
  const wanted = samples === 0 ? count : Math.min(samples, count)
  const cursor = new TableCursor(a).open(table)
  let bytes = 0
  for (let n = 0; n < wanted; n++) bytes += a.blockSize(cursor.next())
  return wanted === 0 ? own : own + Math.round((bytes / wanted) * count)
}
