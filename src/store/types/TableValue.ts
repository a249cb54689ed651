/**
 * What sets and hashes have in common: values that are one packed block (an intset, a listpack), or a HashTable whose
 * entries are single blocks. The type as the keyspace knows it (`packedType`), and the handle that the two are built on.
 */
import { byteOf, chunkOf, wordOf } from "../../memory/Ref.js"
import { type Arena, copyBytes, type Ref } from "../../memory/Arena.js"
import type { Relocation } from "../../memory/Relocation.js"
import { relocateBuckets, relocateHead } from "../../memory/table/TableRelocation.js"
import { HashTable } from "../../memory/table/HashTable.js"
import { BUCKET_ENTRIES, COUNT_WORD } from "../../memory/table/TableLayout.js"
import { roundedBytes } from "../../memory/SizeClasses.js"
import * as Listpack from "../../bytes/packed/Listpack.js"
import { validate } from "../../bytes/packed/ListpackValidate.js"
import { TableCursor } from "../../memory/table/TableCursor.js"
import { formatPairBefore, INT64_TEXT_MAX } from "../../bytes/Int64.js"
import { entryEncoding, entryValue } from "../Entry.js"
import type { ValueType } from "../ValueType.js"

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

/** Elements of one bucket, on their way; shared, since one is freed at a time. */
const freed = new Int32Array(BUCKET_ENTRIES)

const freeAll = (a: Arena, blocks: Int32Array, count: number): void => {
  for (let i = 0; i < count; i++) a.free(blocks[i])
}

/** ValueType.freeStep of a table of single blocks. */
export const freeTableStep = (a: Arena, table: Ref, budget: number): Ref => {
  const left = new HashTable(a).attach(table).drain(budget, freed, freeAll)
  return left ? table : 0
}

/** ValueType.visitBlocks of a table of single blocks. */
export const visitTableBlocks = (a: Arena, table: Ref, visit: (ref: Ref) => void): void => {
  const handle = new HashTable(a).attach(table)
  handle.visitBlocks(visit)
  handle.forEach(visit)
}

/** ValueType.relocate of a value in one block. */
export const relocatePacked = (r: Relocation, value: Ref): Ref => {
  r.at.done = true
  return r.move(value)
}

/** ValueType.relocate of a table of single blocks. */
const relocateTable = (r: Relocation, table: Ref): Ref => {
  const { at } = r
  const moved = at.fresh ? relocateHead(r, table) : table
  at.fresh = false
  at.done = relocateBuckets(r, moved, (entry) => r.move(entry))
  return moved
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
const copyTable = (a: Arena, table: Ref): Ref => {
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

/** What tells one such type from another. */
export interface PackedKind {
  readonly packed: number
  readonly table: number
  /** Bytes of a new packed block, with room for the first element. */
  readonly newBytes: number
  readonly init: (bytes: Uint8Array, off: number) => void
  readonly byteLength: (bytes: Uint8Array, off: number) => number
  /** ValueType.check of a packed block. */
  readonly check: (a: Arena, value: Ref) => void
}

/** A block of its own with the packed bytes at `off`. */
const packedBlock = (a: Arena, kind: PackedKind, bytes: Uint8Array, off: number): Ref => {
  const length = kind.byteLength(bytes, off)
  const block = a.alloc(length)
  copyBytes(bytes, off, a.u8[chunkOf(block)], byteOf(block), length)
  return block
}

export const packedType = (kind: PackedKind): ValueType => ({
  freeStep: (a, encoding, value, budget) => {
    if (encoding === kind.table) return freeTableStep(a, value, budget)
    a.free(value)
    return 0
  },
  freeEffort: (a, encoding, value) => (encoding === kind.table ? tableCount(a, value) : 1),
  copy: (a, encoding, value) =>
    encoding === kind.table ? copyTable(a, value) : packedBlock(a, kind, a.u8[chunkOf(value)], byteOf(value)),
  bytes: (a, encoding, value, samples) =>
    encoding === kind.table ? tableBytes(a, value, samples) : a.blockSize(value),
  relocate: (r, encoding, value) =>
    encoding === kind.table ? relocateTable(r, value) : relocatePacked(r, value),
  visitBlocks: (a, encoding, value, visit) => {
    if (encoding === kind.table) visitTableBlocks(a, value, visit)
    else visit(value)
  },
  check: (a, encoding, value) => {
    if (encoding === kind.table) checkTableValue(a, value)
    else kind.check(a, value)
  },
})

/**
 * A handle on one value at a time. Commands share a few (Collections.ts) and attach them to the value at hand; after
 * changes `encoding` and `value` are what the keyspace's entry must say.
 */
export abstract class PackedHandle {
  encoding: number
  value: Ref = 0
  /** What was last read: bytes `src[off, off + len)`, valid until the next call or write. */
  src: Uint8Array
  off = 0
  len = 0
  protected readonly table: HashTable
  protected readonly text = new Uint8Array(INT64_TEXT_MAX)

  constructor(
    protected readonly arena: Arena,
    private readonly kind: PackedKind,
  ) {
    this.encoding = kind.packed
    this.table = new HashTable(arena)
    this.src = this.text
  }

  attach(encoding: number, value: Ref): this {
    this.encoding = encoding
    this.value = value
    if (encoding === this.kind.table) this.table.attach(value)
    return this
  }

  /** Attaches to the value of a keyspace entry. */
  attachEntry(entry: Ref): this {
    return this.attach(entryEncoding(this.arena, entry), entryValue(this.arena, entry))
  }

  /** Makes an empty value of the given encoding. */
  create(encoding: number): this {
    const a = this.arena
    this.encoding = encoding
    if (encoding === this.kind.table) {
      this.value = this.table.create()
    } else {
      this.value = a.alloc(this.kind.newBytes)
      this.kind.init(a.u8[chunkOf(this.value)], byteOf(this.value))
    }
    return this
  }

  /** Makes a value of packed bytes, validated by the caller. */
  protected createPacked(bytes: Uint8Array, off: number): void {
    this.encoding = this.kind.packed
    this.value = packedBlock(this.arena, this.kind, bytes, off)
  }

  /** Reads an integer that stands packed. */
  protected readInteger(hi: number, lo: number): void {
    this.src = this.text
    this.off = formatPairBefore(this.text, INT64_TEXT_MAX, hi, lo)
    this.len = INT64_TEXT_MAX - this.off
  }

  /** An element's block of a table picked uniformly. `random(n)` yields [0, n). */
  randomBlock(random: (n: number) => number): Ref {
    return this.table.random(random)
  }

  /** One step of SSCAN and HSCAN over a table: visits blocks, answers the next cursor, 0 at the end. */
  scan(cursor: number, visit: (block: Ref) => void): number {
    return this.table.scan(cursor, visit)
  }

  /** Frees all blocks of the value. */
  free(): void {
    if (this.encoding === this.kind.table) freeTableStep(this.arena, this.value, Infinity)
    else this.arena.free(this.value)
    this.value = 0
  }
}
