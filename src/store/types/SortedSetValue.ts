/**
 * Sorted sets: members with scores, in ascending (score, member bytes) order.
 *
 * Encodings and their blocks:
 *   ZSET_LISTPACK   one block that begins with a Redis listpack [member score member score ...] (packed/ListpackPairs.ts)
 *   ZSET_SKIPLIST   the header block of a HashTable (table/HashTable.ts) whose entries are member entries with their
 *                   score, and whose words 5..7 are the root, height and size of a SortedIndex (sorted/SortedIndex.ts)
 *
 * A SortedSet is a handle on one value, attached for the length of a command; commands share a few (Collections.ts). It
 * is a cursor, too: after `seek`, `forward`, `backward` the member under it is src[off, off + len), valid until the set
 * changes or the cursor moves. Range bounds are in SortedSetRange.ts.
 *
 * `value` and `encoding` change when the set outgrows its block or its encoding: a command that mutates a stored set
 * writes them back to the key's entry (`settleSortedSet` in sortedSets/sortedSetSupport.ts).
 *
 * Invariants: a stored set is not empty; the table and the index hold the same entries; a listpack is in order. It
 * becomes a skiplist when it would exceed zset-max-listpack-entries or gets a member over zset-max-listpack-value, and
 * turns back only where Redis does: `pack`, after building a result.
 *
 * Example: ZADD z 1 a is one block of 16 bytes: 0c 00 00 00 | 02 00 | 81 61 02 | 01 01 | ff.
 */
import { byteOf, chunkOf, doubleOf, wordOf } from "../../memory/Ref.js"
import { type Arena, copyBytes, type Ref } from "../../memory/Arena.js"
import { LOOKAHEAD_MAX, touchEntries } from "../../memory/table/Foresight.js"
import { relocateMembers } from "../../memory/sorted/SortedRelocation.js"
import { HashTable } from "../../memory/table/HashTable.js"
import { hashOfEntry } from "../../memory/table/TableEntry.js"
import * as LP from "../../bytes/packed/Listpack.js"
import * as Pairs from "../../bytes/packed/ListpackPairs.js"
import { writePackedScore } from "../../bytes/Numbers.js"
import {
  MEMBER_EXTRA,
  MEMBER_KEY_BYTE,
  memberLength,
  memberScore,
  ROOT_WORD,
  SortedIndex,
} from "../../memory/sorted/SortedIndex.js"
import { entryEncoding, entryValue, ZSET_LISTPACK, ZSET_SKIPLIST } from "../Entry.js"
import type { ValueType } from "../ValueType.js"
import type { PackingLimits } from "./PackingLimits.js"
import {
  checkPairs,
  checkTableValue,
  fitBlock,
  freeTableStep,
  relocatePacked,
  tableBytes,
  tableCount,
  visitTableBlocks,
} from "./TableValue.js"

/** When a listpack becomes a skiplist; the server's settings satisfy it. */
type PackedLimits = Pick<PackingLimits, "zsetMaxListpackEntries" | "zsetMaxListpackValue">

/** Most bytes of a score's text: "-1.2345678901234567e-308". */
const SCORE_TEXT_MAX = 32
const scoreText = new Uint8Array(SCORE_TEXT_MAX)

/**
 * A set of more members than this is not in the processor's cache: the next members to go are then foreseen. ZPOPMIN of
 * 2 M members at pipeline 100: 1.10 us of CPU, before 1.40.
 */
const FORESEE_FROM = 16_384
const ahead = new Int32Array(LOOKAHEAD_MAX)
const hashes = new Int32Array(LOOKAHEAD_MAX)
let removals = 0

/** Number of members of a sorted set. */
export const sortedSetSize = (a: Arena, encoding: number, value: Ref): number =>
  encoding === ZSET_LISTPACK ? Pairs.pairCount(a.u8[chunkOf(value)], byteOf(value)) : tableCount(a, value)

export class SortedSet {
  encoding = ZSET_LISTPACK
  value: Ref = 0
  /** Member under the cursor. */
  src: Uint8Array = scoreText
  off = 0
  len = 0
  /** Range found by the last call of a range method: rank of its first member, number of members. */
  from = 0
  count = 0
  readonly table: HashTable
  readonly index: SortedIndex
  /** Listpack position of the cursor or of the pair `find` found. */
  private position = -1
  /** Member entry that `find` found. */
  private found: Ref = 0

  constructor(private readonly arena: Arena) {
    this.table = new HashTable(arena)
    this.index = new SortedIndex(arena)
  }

  /** Makes this handle stand for a value. */
  attach(encoding: number, value: Ref): this {
    this.encoding = encoding
    this.value = value
    if (encoding === ZSET_SKIPLIST) {
      this.table.attach(value)
      this.index.attach(value)
    }
    return this
  }

  /** Attaches to the set of a keyspace entry. */
  attachEntry(entry: Ref): this {
    return this.attach(entryEncoding(this.arena, entry), entryValue(this.arena, entry))
  }

  /** Makes an empty set, not yet under any key. */
  create(packed: boolean): this {
    if (packed) {
      const a = this.arena
      this.value = a.alloc(LP.LISTPACK_EMPTY)
      this.encoding = ZSET_LISTPACK
      LP.init(a.u8[chunkOf(this.value)], byteOf(this.value))
    } else {
      this.encoding = ZSET_SKIPLIST
      this.value = this.table.create()
      this.index.create(this.value)
    }
    return this
  }

  /** Makes an empty set of the encoding that a first member of this length starts with. */
  createFor(len: number, limits: PackedLimits): this {
    return this.create(limits.zsetMaxListpackEntries > 0 && len <= limits.zsetMaxListpackValue)
  }

  /** Makes a listpack set of a copy of valid listpack bytes. */
  createFromListpack(bytes: Uint8Array, off: number, len: number): this {
    const a = this.arena
    this.value = a.alloc(len)
    this.encoding = ZSET_LISTPACK
    copyBytes(bytes, off, a.u8[chunkOf(this.value)], byteOf(this.value), len)
    return this
  }

  get size(): number {
    return this.encoding === ZSET_SKIPLIST
      ? this.table.count
      : Pairs.pairCount(this.arena.u8[chunkOf(this.value)], byteOf(this.value))
  }

  private get bytes(): Uint8Array {
    return this.arena.u8[chunkOf(this.value)]
  }

  // ---- one member

  /** Score of a member, NaN when it is none. What it found is what `update`, `removeFound`, `insert` act on. */
  find(buf: Uint8Array, off: number, len: number): number {
    if (this.encoding === ZSET_SKIPLIST) {
      this.found = this.table.find(buf, off, len)
      return this.found === 0 ? NaN : memberScore(this.arena, this.found)
    }
    const u8 = this.bytes
    this.position = Pairs.findPair(u8, byteOf(this.value), buf, off, len)
    return this.position < 0 ? NaN : Pairs.scoreAt(u8, Pairs.valueOf(u8, this.position))
  }

  /** Rank from 0 of the member just found. */
  rankOfFound(): number {
    if (this.encoding === ZSET_SKIPLIST) return this.index.rank(this.found)
    const u8 = this.bytes
    let rank = 0
    for (let p = byteOf(this.value) + LP.LISTPACK_HEADER; p !== this.position; p = Pairs.afterPair(u8, p))
      rank++
    return rank
  }

  /** Adds a member that `find` has just not found. `buf` must not be this set's own bytes. */
  insert(score: number, buf: Uint8Array, off: number, len: number, limits: PackedLimits): void {
    if (this.encoding === ZSET_LISTPACK) {
      if (this.size < limits.zsetMaxListpackEntries && len <= limits.zsetMaxListpackValue) {
        this.insertPair(score, buf, off, len)
        return
      }
      // Copied before the listpack is read: a member that comes out of another listpack may stand in the same scratch.
      const entry = this.newEntry(score, buf, off, len)
      this.unpack()
      this.loadEntry(entry)
      this.table.find(this.src, this.off, this.len)
      this.table.insertAfterFind(entry)
      this.index.insert(entry)
      return
    }
    const entry = this.newEntry(score, buf, off, len)
    this.table.insertAfterFind(entry)
    this.index.insert(entry)
  }

  private newEntry(score: number, buf: Uint8Array, off: number, len: number): Ref {
    const a = this.arena
    const entry = a.alloc(MEMBER_KEY_BYTE + len)
    const words = a.i32[chunkOf(entry)]
    const w = wordOf(entry)
    words[w] = MEMBER_EXTRA
    words[w + 1] = len
    a.f64[chunkOf(entry)][doubleOf(entry) + 1] = score
    copyBytes(buf, off, a.u8[chunkOf(entry)], (w << 2) + MEMBER_KEY_BYTE, len)
    return entry
  }

  private insertPair(score: number, buf: Uint8Array, off: number, len: number): void {
    const a = this.arena
    const n = writePackedScore(scoreText, 0, score)
    this.makeRoom(Pairs.pairEncodedSize(buf, off, len, scoreText, 0, n))
    a.willWrite(this.value)
    const u8 = this.bytes
    const base = byteOf(this.value)
    const p = Pairs.scorePlace(u8, base, score, buf, off, len)
    Pairs.insertPair(u8, base, p, buf, off, len, scoreText, 0, n)
  }

  /** Moves the listpack to a larger block when `more` bytes do not fit. */
  private makeRoom(more: number): void {
    const a = this.arena
    const used = LP.byteLength(this.bytes, byteOf(this.value))
    if (used + more > a.blockSize(this.value)) this.value = a.realloc(this.value, used + more, used)
  }

  /** Moves the listpack to a smaller block when its own has become much too large. */
  private giveRoom(): void {
    this.value = fitBlock(this.arena, this.value, LP.byteLength(this.bytes, byteOf(this.value)))
  }

  /** Gives the member just found another score. The bytes are the member's, and not this set's own. */
  update(score: number, buf: Uint8Array, off: number, len: number): void {
    const a = this.arena
    if (this.encoding === ZSET_SKIPLIST) {
      const entry = this.found
      this.index.remove(entry)
      a.willWrite(entry)
      a.f64[chunkOf(entry)][doubleOf(entry) + 1] = score
      this.index.insert(entry)
      return
    }
    a.willWrite(this.value)
    Pairs.deletePair(this.bytes, byteOf(this.value), this.position)
    this.insertPair(score, buf, off, len)
  }

  /** Takes out the member just found. */
  removeFound(): void {
    const a = this.arena
    if (this.encoding === ZSET_SKIPLIST) {
      const entry = this.found
      this.index.remove(entry)
      this.table.removeFound(entry)
      a.free(entry)
      return
    }
    a.willWrite(this.value)
    Pairs.deletePair(this.bytes, byteOf(this.value), this.position)
    this.giveRoom()
  }

  /** Takes out the `n` members from a rank on. */
  removeRange(rank: number, n: number): void {
    const a = this.arena
    if (this.encoding === ZSET_LISTPACK) {
      a.willWrite(this.value)
      LP.deleteRange(this.bytes, byteOf(this.value), rank * 2, n * 2)
      this.giveRoom()
      return
    }
    for (let i = 0; i < n; i++) {
      this.index.seek(rank)
      if ((removals++ & (LOOKAHEAD_MAX - 1)) === 0 && this.table.count > FORESEE_FROM) this.foresee()
      const entry = this.index.entry
      this.index.removeHere()
      this.table.find(a.u8[chunkOf(entry)], byteOf(entry) + MEMBER_KEY_BYTE, memberLength(a, entry))
      this.table.removeFound(entry)
      a.free(entry)
    }
  }

  /** Brings near the members about the cursor and their buckets: they are probably the next to go. */
  private foresee(): void {
    const n = this.index.near(ahead)
    touchEntries(this.arena, ahead, 0, n)
    for (let i = 0; i < n; i++) hashes[i] = hashOfEntry(this.arena, ahead[i])
    this.table.touch(hashes, n)
  }

  /** Finds the members of ranks [start, stop], negative ones counted from the end: `from`, `count`. */
  rankRange(start: number, stop: number): void {
    const n = this.size
    const first = start < 0 ? Math.max(0, start + n) : start
    const last = Math.min(n - 1, stop < 0 ? stop + n : stop)
    this.from = first
    this.count = first <= last ? last - first + 1 : 0
  }

  // ---- the cursor

  /** Puts the cursor on the member of this rank, which must exist. */
  seek(rank: number): void {
    if (this.encoding === ZSET_SKIPLIST) this.index.seek(rank)
    else this.position = LP.seek(this.bytes, byteOf(this.value), rank * 2)
    this.load()
  }

  /** Moves the cursor on by one; false at the end, where the cursor is lost. */
  forward(): boolean {
    if (this.encoding === ZSET_SKIPLIST) {
      if (!this.index.next()) return false
    } else {
      this.position = Pairs.nextPair(this.bytes, this.position)
      if (this.position < 0) return false
    }
    this.load()
    return true
  }

  /** Moves the cursor back by one; false at the start, where the cursor is lost. */
  backward(): boolean {
    if (this.encoding === ZSET_SKIPLIST) {
      if (!this.index.previous()) return false
    } else {
      const u8 = this.bytes
      const base = byteOf(this.value)
      const score = LP.prev(u8, base, this.position)
      if (score < 0) return false
      this.position = LP.prev(u8, base, score)
    }
    this.load()
    return true
  }

  private load(): void {
    if (this.encoding === ZSET_SKIPLIST) {
      this.loadEntry(this.index.entry)
      return
    }
    LP.get(this.bytes, this.position)
    this.src = LP.lpv.src
    this.off = LP.lpv.off
    this.len = LP.lpv.len
  }

  /** Makes src, off, len the member of an entry of a skiplist set. */
  loadEntry(entry: Ref): void {
    this.src = this.arena.u8[chunkOf(entry)]
    this.off = byteOf(entry) + MEMBER_KEY_BYTE
    this.len = memberLength(this.arena, entry)
  }

  /** Score under the cursor. */
  get score(): number {
    if (this.encoding === ZSET_SKIPLIST) return this.index.score
    const u8 = this.bytes
    return Pairs.scoreAt(u8, Pairs.valueOf(u8, this.position))
  }

  /** Listpack position under the cursor; for walks over a listpack. */
  get packedPosition(): number {
    return this.position
  }

  // ---- changing the encoding, ending

  /** Makes a listpack a skiplist. */
  unpack(): void {
    const a = this.arena
    const packed = this.value
    const u8 = this.bytes
    const base = byteOf(packed)
    this.create(false)
    for (let p = LP.first(u8, base); p >= 0; p = Pairs.nextPair(u8, p)) {
      LP.get(u8, p)
      const { src, off, len } = LP.lpv
      // A listpack from elsewhere may name a member twice: the first one counts.
      if (this.table.find(src, off, len) !== 0) continue
      const entry = this.newEntry(0, src, off, len)
      a.f64[chunkOf(entry)][doubleOf(entry) + 1] = Pairs.scoreAt(u8, Pairs.valueOf(u8, p))
      this.table.insertAfterFind(entry)
      this.index.insert(entry)
    }
    a.free(packed)
  }

  /** Makes a skiplist a listpack if it is within the limits: what Redis does with a set it has built as a result. */
  pack(limits: PackedLimits): void {
    if (this.encoding === ZSET_LISTPACK || this.size > limits.zsetMaxListpackEntries) return
    let fits = true
    this.table.forEach((entry) => {
      if (memberLength(this.arena, entry) > limits.zsetMaxListpackValue) fits = false
    })
    if (!fits) return
    const old = this.value
    const n = this.size
    const target = new SortedSet(this.arena).create(true)
    for (let i = 0; i < n; i++) {
      if (i === 0) this.seek(0)
      else this.forward()
      target.appendPair(this.score, this.src, this.off, this.len)
    }
    freeSortedSet(this.arena, ZSET_SKIPLIST, old, Infinity)
    this.attach(ZSET_LISTPACK, target.value)
  }

  private appendPair(score: number, buf: Uint8Array, off: number, len: number): void {
    const n = writePackedScore(scoreText, 0, score)
    this.makeRoom(Pairs.pairEncodedSize(buf, off, len, scoreText, 0, n))
    this.arena.willWrite(this.value)
    Pairs.appendPair(this.bytes, byteOf(this.value), buf, off, len, scoreText, 0, n)
  }

  /** Adds a member to a skiplist set's table only, for results whose scores are still being made. */
  addUnordered(score: number, buf: Uint8Array, off: number, len: number): void {
    this.table.insertAfterFind(this.newEntry(score, buf, off, len))
  }

  /** Changes a score of a set built by `addUnordered`. */
  setUnordered(score: number): void {
    const entry = this.found
    this.arena.f64[chunkOf(entry)][doubleOf(entry) + 1] = score
  }

  /** Adds a copy of another skiplist set's entry, whose member is not in this one. */
  addEntry(entry: Ref): void {
    const a = this.arena
    const size = a.blockSize(entry)
    const twin = a.alloc(size)
    a.copy(entry, 0, twin, 0, size)
    this.table.insert(twin)
    this.index.insert(twin)
  }

  /** Orders a set built by `addUnordered`. */
  orderAll(): void {
    this.table.forEach((entry) => this.index.insert(entry))
  }

  /** Frees the value. */
  free(): void {
    freeSortedSet(this.arena, this.encoding, this.value, Infinity)
    this.value = 0
  }
}

/** Frees about `budget` members of a set; answers the ref of what is left, or 0. */
const freeSortedSet = (a: Arena, encoding: number, value: Ref, budget: number): Ref => {
  if (encoding === ZSET_LISTPACK) {
    a.free(value)
    return 0
  }
  if (a.i32[chunkOf(value)][wordOf(value) + ROOT_WORD] !== 0) {
    const left = new SortedIndex(a).attach(value).drain(budget)
    if (left || budget !== Infinity) return value
  }
  return freeTableStep(a, value, budget)
}

/** A deep copy of a set, of the same encoding; answers its ref. */
const copySortedSet = (a: Arena, encoding: number, value: Ref): Ref => {
  if (encoding === ZSET_LISTPACK) {
    const u8 = a.u8[chunkOf(value)]
    const n = LP.byteLength(u8, byteOf(value))
    return new SortedSet(a).createFromListpack(u8, byteOf(value), n).value
  }
  const copy = new SortedSet(a).create(false)
  const from = new SortedIndex(a).attach(value)
  const n = from.size
  for (let i = 0; i < n; i++) {
    if (i === 0) from.seek(0)
    else from.next()
    copy.addEntry(from.entry)
  }
  return copy.value
}

export const sortedSetType: ValueType = {
  freeStep: freeSortedSet,
  freeEffort: (a, encoding, value) => (encoding === ZSET_LISTPACK ? 1 : tableCount(a, value)),
  copy: copySortedSet,
  bytes: (a, encoding, value, samples) =>
    encoding === ZSET_LISTPACK
      ? a.blockSize(value)
      : tableBytes(a, value, samples) + new SortedIndex(a).attach(value).bytes,
  relocate: (r, encoding, value) =>
    encoding === ZSET_LISTPACK ? relocatePacked(r, value) : relocateMembers(r, value),
  visitBlocks: (a, encoding, value, visit) => {
    if (encoding === ZSET_LISTPACK) return visit(value)
    visitTableBlocks(a, value, visit)
    new SortedIndex(a).attach(value).visitBlocks(visit)
  },
  check: (a, encoding, value) => {
    if (encoding === ZSET_LISTPACK) return checkPairs(a, value)
    checkTableValue(a, value)
    const members = new Set<Ref>()
    new SortedIndex(a).attach(value).checkInvariants((entry) => members.add(entry))
    new HashTable(a).attach(value).forEach((entry) => {
      if (!members.delete(entry)) throw new Error("a sorted set's table has a member that its index has not")
    })
    if (members.size > 0) throw new Error("a sorted set's index has a member that its table has not")
  },
}
