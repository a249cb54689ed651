/**
 * What sets and hashes have in common: values that are one packed block, or a HashTable whose entries are single blocks.
 */
import { byteOf, chunkOf, wordOf } from "../../memory/Ref.js"
import type { Arena, Ref } from "../../memory/Arena.js"
import { HashTable } from "../../memory/table/HashTable.js"
import { COUNT_WORD } from "../../memory/table/TableLayout.js"
import { roundedBytes } from "../../memory/SizeClasses.js"
import * as Listpack from "../../bytes/packed/Listpack.js"
import { validate } from "../../bytes/packed/ListpackValidate.js"
import { TableCursor } from "../../memory/table/TableCursor.js"

/** Blocks below this size are not given up for smaller ones. */
const SHRINK_BYTES_MIN = 64

/** Number of entries of the table at `table`. */
export const tableCount = (a: Arena, table: Ref): number => a.i32[chunkOf(table)][wordOf(table) + COUNT_WORD]

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

/** ValueType.visitBlocks of a table of single blocks. */
export const visitTableBlocks = (a: Arena, table: Ref, visit: (ref: Ref) => void): void => {
  const handle = new HashTable(a).attach(table)
  handle.visitBlocks(visit)
  handle.forEach(visit)
}

/** ValueType.check of a table of single blocks. */
export const checkTableValue = (a: Arena, table: Ref): void => {
  const handle = new HashTable(a).attach(table)
  handle.checkInvariants()
  if (handle.count === 0) throw new Error("a stored collection is empty")
}

/** ValueType.check of a listpack of pairs in a block of its own. */
export const checkPairs = (a: Arena, ref: Ref): void => {
  const u8 = a.u8[chunkOf(ref)]
  const base = byteOf(ref)
  const bytes = Listpack.byteLength(u8, base)
  if (bytes > a.blockSize(ref) || !validate(u8, base, bytes, true)) throw new Error("a listpack is broken")
  const n = Listpack.count(u8, base)
  if (n === 0 || n % 2 !== 0) throw new Error(`a listpack of pairs has ${n} elements`)
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
