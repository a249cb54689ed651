/**
 * Which clients have read which keys: what CLIENT TRACKING remembers without BCAST. A key is remembered by its name alone,
 * whatever its database, and forgotten once those who read it have been told.
 *
 * A hash table (HashTable.ts) in an arena of its own, so that the data's snapshots know nothing of it, and a flush drops it
 * whole. Entry block:
 *   word 0   bits 0..2 = 2 (further words), bits 3..31 number of clients
 *   word 1   key length
 *   byte 8   with one client its id, a double; with more, word 2 is the ref of their block
 *   byte 16  key bytes
 * The block of clients holds their ids as doubles, ascending; its size is at least 16 bytes and doubles as it fills.
 *
 * A client that goes stays among the ids until a key changes, as in Redis: taking it out would take a look at every key.
 *
 * Cost: 16 bytes, the key, and 8 of the table, for one client a key; 8 to 16 bytes more for each further client. A key of
 * 16 bytes read by one client takes 40 bytes.
 *
 * Limits: 2^29 clients a key; tracking-table-max-keys is the owner's to keep.
 *
 * Invariants (checkInvariants): ids ascend, none twice; `items` is the number of ids of all keys; every block of the arena
 * is the table's, an entry, or an entry's ids.
 *
 * Example: GET user:1 by client 7: word 0 = 2 | 1 << 3 = 0x0a, word 1 = 6, 7.0, "user:1": a block of 24 bytes.
 */
import { Arena, type Ref } from "../../memory/Arena.js"
import { BlockAccount } from "../../memory/BlockAccount.js"
import { byteOf, chunkOf, doubleOf, wordOf } from "../../memory/Ref.js"
import { HashTable } from "../../memory/table/HashTable.js"
import { BUCKET_ENTRIES } from "../../memory/table/TableLayout.js"

const FURTHER_WORDS = 2
const COUNT_SHIFT = 3
const ONE_CLIENT = FURTHER_WORDS | (1 << COUNT_SHIFT)
const LENGTH_WORD = 1
/** Where the id, or the ref of the ids, stands: as a double, and as a word. */
const ID_DOUBLE = 1
const IDS_WORD = 2
const KEY_BYTE = 16
const ID_BYTES = 8

/** More keys than this are dropped with their arena; fewer are freed one by one, and their memory is used again. */
const FREED_KEYS_MAX = 4096

export class TrackingTable {
  /** Ids of all keys together. */
  items = 0
  /** The clients that `take` found. */
  taken = new Float64Array(4)
  private readonly arena = new Arena()
  private readonly table = new HashTable(this.arena)

  get keys(): number {
    return this.table.count
  }

  /** Bytes of memory that it takes. */
  get bytes(): number {
    return this.arena.usedBytes
  }

  /**
   * Notes that a client has read a key.
   * @throws ArenaFullError where there is no memory for it
   */
  remember(buf: Uint8Array, off: number, len: number, id: number): void {
    if (this.table.ref === 0) this.table.create()
    const entry = this.table.find(buf, off, len)
    if (entry === 0) return this.insert(buf, off, len, id)
    const a = this.arena
    const count = a.i32[chunkOf(entry)][wordOf(entry)] >>> COUNT_SHIFT
    if (count > 1) return this.addTo(entry, count, id)
    const first = a.f64[chunkOf(entry)][doubleOf(entry) + ID_DOUBLE]
    if (first !== id) this.addSecond(entry, first, id)
  }

  private insert(buf: Uint8Array, off: number, len: number, id: number): void {
    const a = this.arena
    const entry = a.alloc(KEY_BYTE + len)
    const chunk = chunkOf(entry)
    const word = wordOf(entry)
    a.i32[chunk][word] = ONE_CLIENT
    a.i32[chunk][word + LENGTH_WORD] = len
    a.f64[chunk][doubleOf(entry) + ID_DOUBLE] = id
    const bytes = a.u8[chunk]
    const key = byteOf(entry) + KEY_BYTE
    for (let i = 0; i < len; i++) bytes[key + i] = buf[off + i]
    try {
      this.table.insertAfterFind(entry)
    } catch (cause) {
      a.free(entry)
      throw cause
    }
    this.items++
  }

  private addSecond(entry: Ref, first: number, id: number): void {
    const a = this.arena
    const ids = a.alloc(2 * ID_BYTES)
    const at = doubleOf(ids)
    const doubles = a.f64[chunkOf(ids)]
    doubles[at] = Math.min(first, id)
    doubles[at + 1] = Math.max(first, id)
    this.setIds(entry, 2, ids)
  }

  /** Adds an id to the block of them, unless it is there. */
  private addTo(entry: Ref, count: number, id: number): void {
    const a = this.arena
    let ids = a.i32[chunkOf(entry)][wordOf(entry) + IDS_WORD]
    let doubles = a.f64[chunkOf(ids)]
    let at = doubleOf(ids)
    // The latest clients have the highest ids.
    let low = doubles[at + count - 1] < id ? count : 0
    for (let high = count; low < high;) {
      const middle = (low + high) >>> 1
      if (doubles[at + middle] < id) low = middle + 1
      else high = middle
    }
    if (low < count && doubles[at + low] === id) return
    if ((count + 1) * ID_BYTES > a.blockSize(ids)) {
      ids = a.realloc(ids, count * 2 * ID_BYTES, count * ID_BYTES)
      doubles = a.f64[chunkOf(ids)]
      at = doubleOf(ids)
    }
    doubles.copyWithin(at + low + 1, at + low, at + count)
    doubles[at + low] = id
    this.setIds(entry, count + 1, ids)
  }

  private setIds(entry: Ref, count: number, ids: Ref): void {
    const words = this.arena.i32[chunkOf(entry)]
    const w = wordOf(entry)
    words[w] = FURTHER_WORDS | (count << COUNT_SHIFT)
    words[w + IDS_WORD] = ids
    this.items++
  }

  /** Forgets a key; answers how many clients had read it, which stand in `taken`. */
  take(buf: Uint8Array, off: number, len: number): number {
    if (this.table.count === 0) return 0
    const entry = this.table.find(buf, off, len)
    if (entry === 0) return 0
    const a = this.arena
    const count = a.i32[chunkOf(entry)][wordOf(entry)] >>> COUNT_SHIFT
    if (count > this.taken.length) this.taken = new Float64Array(count * 2)
    if (count === 1) this.taken[0] = a.f64[chunkOf(entry)][doubleOf(entry) + ID_DOUBLE]
    else {
      const ids = a.i32[chunkOf(entry)][wordOf(entry) + IDS_WORD]
      const at = doubleOf(ids)
      const doubles = a.f64[chunkOf(ids)]
      for (let i = 0; i < count; i++) this.taken[i] = doubles[at + i]
    }
    this.table.removeFound(entry)
    this.free(entry)
    return count
  }

  /** The name of a key drawn at random. */
  someKey(random: (n: number) => number): Uint8Array {
    const entry = this.table.random(random)
    const chunk = chunkOf(entry)
    const start = byteOf(entry) + KEY_BYTE
    return this.arena.u8[chunk].slice(start, start + this.arena.i32[chunk][wordOf(entry) + LENGTH_WORD])
  }

  /** Forgets every key. */
  clear(): void {
    if (this.table.count > FREED_KEYS_MAX) {
      this.arena.dropAll()
      this.table.ref = this.table.count = this.items = 0
    } else if (this.table.ref !== 0)
      this.table.drain(Infinity, new Int32Array(BUCKET_ENTRIES), this.freeEntries)
  }

  private readonly freeEntries = (_arena: Arena, entries: Int32Array, count: number): void => {
    for (let i = 0; i < count; i++) this.free(entries[i])
  }

  private free(entry: Ref): void {
    const a = this.arena
    const words = a.i32[chunkOf(entry)]
    const w = wordOf(entry)
    const count = words[w] >>> COUNT_SHIFT
    this.items -= count
    if (count > 1) a.free(words[w + IDS_WORD])
    a.free(entry)
  }

  /** Asserts the invariants of the file header. */
  checkInvariants(): void {
    const a = this.arena
    const account = new BlockAccount(a)
    let items = 0
    if (this.table.ref !== 0) {
      this.table.checkInvariants()
      this.table.visitBlocks(account.tick)
      this.table.forEach((entry) => {
        account.tick(entry)
        items += this.checkIds(entry, account)
      })
    }
    account.close()
    if (items !== this.items) throw new Error(`tracking: ${items} ids, counted ${this.items}`)
  }

  private checkIds(entry: Ref, account: BlockAccount): number {
    const a = this.arena
    const words = a.i32[chunkOf(entry)]
    const w = wordOf(entry)
    const count = words[w] >>> COUNT_SHIFT
    if (count === 1) return 1
    const ids = words[w + IDS_WORD]
    account.tick(ids)
    const doubles = a.f64[chunkOf(ids)]
    for (let i = 1, at = doubleOf(ids); i < count; i++)
      if (!(doubles[at + i - 1] < doubles[at + i]))
        throw new Error("tracking: the ids of a key do not ascend")
    return count
  }
}
