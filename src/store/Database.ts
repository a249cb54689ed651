/**
 * One of the server's databases: keys to values, with expiry. Everything here is synchronous and allocates nothing.
 *
 * A command looks a key up first (`lookupRead` or `lookupWrite`) and then acts on the ref it got; `put`, `remove` and the
 * like rely on the table still standing where that lookup left it, so no other lookup in the same database may come
 * between. Refs are good until the next mutation of that key and never across a yield.
 */
import { byteOf, chunkOf, wordOf } from "../memory/Ref.js"
import { type Arena, copyBytes, type Ref } from "../memory/Arena.js"
import { HashTable } from "../memory/table/HashTable.js"
import {
  allocLongString,
  clockOf,
  copyEntryExpiry,
  encodingOf,
  entryBytes,
  entryClock,
  entryEncoding,
  entryExpiry,
  entryHasExpirySlot,
  entryKeyLength,
  entryKeyOffset,
  entryMeta,
  entryType,
  entryValue,
  EXTRA_EXPIRING,
  EXTRA_PLAIN,
  extraOf,
  INLINE_BYTES_MAX,
  LONG_HEAD_BYTES,
  longStringOffset,
  makeEntry,
  makeLongString,
  NO_EXPIRY,
  setEntryClock,
  STRING_EXTERNAL,
  STRING_RAW,
  stringLength,
  TYPE_STREAM,
  TYPE_STRING,
  typeOf,
  VALUE_WORD,
  withExtra,
  writeEntryExpiry,
} from "./Entry.js"
import { zeroBytes } from "../bytes/Bytes.js"
import { TimerWheel } from "./TimerWheel.js"

/** Who hears of what the keyspace does. Every function must return quickly and not touch the keyspace. */
export interface KeyspaceListener {
  /** A key has expired and is about to go: tell replicas (DEL), watchers and subscribers. */
  expired(db: Database, buf: Uint8Array, off: number, len: number): void
  /** A key is about to go because memory is short. */
  evicted(db: Database, buf: Uint8Array, off: number, len: number): void
  /** A key that was asked for is not there (the "keymiss" event). */
  missed(db: Database, buf: Uint8Array, off: number, len: number): void
  /** A stream was deleted or overwritten, in whatever way but with its whole database. */
  streamGone(db: Database, buf: Uint8Array, off: number, len: number): void
}

/** What a database asks of the keyspace it is in. */
export interface DatabaseOwner {
  readonly arena: Arena
  /** Unix milliseconds of the current batch. */
  readonly now: number
  readonly stats: { keyspaceHits: number; keyspaceMisses: number }
  readonly expiryMode: "delete" | "hide" | "ignore"
  readonly expiryPaused: boolean
  readonly deletesExpired: boolean
  readonly freeing: { readonly lazyfreeLazyServerDel: boolean }
  readonly localExpiries: { add(db: Database, ref: Ref): void }
  dirty: number
  readonly random: (n: number) => number
  keyMissed(db: Database, buf: Uint8Array, off: number, len: number): void
  streamGone(db: Database, ref: Ref): void
  expireNow(db: Database, ref: Ref, buf: Uint8Array, off: number, len: number): boolean
  expireForWrite(db: Database, ref: Ref, buf: Uint8Array, off: number, len: number): boolean
  accessClock(ref: Ref): number
  newClock(): number
  release(type: number, encoding: number, value: Ref, lazy: boolean): void
}

export class Database {
  readonly table: HashTable
  readonly wheel: TimerWheel
  private readonly arena: Arena

  constructor(
    readonly keyspace: DatabaseOwner,
    /** Index as SELECT names it; SWAPDB exchanges contents, not ids. */
    public id: number,
  ) {
    this.arena = keyspace.arena
    this.table = new HashTable(this.arena)
    this.wheel = new TimerWheel(this.arena)
    this.table.create()
  }

  /** Number of keys, logically expired ones included, as DBSIZE counts. */
  get size(): number {
    return this.table.count
  }

  /** Number of keys with an expiry. */
  get expires(): number {
    return this.wheel.count
  }

  /** The entry of a key for reading, or 0: counts a hit or miss, updates the access clock. */
  lookupRead(buf: Uint8Array, off: number, len: number): Ref {
    const ref = this.lookup(buf, off, len)
    if (ref === 0) {
      this.keyspace.stats.keyspaceMisses++
      this.keyspace.keyMissed(this, buf, off, len)
      return 0
    }
    this.keyspace.stats.keyspaceHits++
    this.touch(ref)
    return ref
  }

  /** As lookupRead, but the access clock stays: TTL, TYPE, EXISTS and the like are no use of the value. */
  lookupPeek(buf: Uint8Array, off: number, len: number): Ref {
    const ref = this.lookup(buf, off, len)
    if (ref !== 0) this.keyspace.stats.keyspaceHits++
    else {
      this.keyspace.stats.keyspaceMisses++
      this.keyspace.keyMissed(this, buf, off, len)
    }
    return ref
  }

  /**
   * The entry of a key for writing, or 0: updates the access clock, counts nothing. An expired key is gone after it, even
   * where expired keys are only hidden: else the write would add the key a second time.
   */
  lookupWrite(buf: Uint8Array, off: number, len: number): Ref {
    const ref = this.table.find(buf, off, len)
    if (ref === 0) return 0
    if (
      entryHasExpirySlot(this.arena, ref) &&
      this.isExpired(ref) &&
      this.keyspace.expireForWrite(this, ref, buf, off, len)
    )
      return 0
    this.touch(ref)
    return ref
  }

  /** The entry of a key, or 0, without touching its access clock. An expired key is absent, and deleted on a master. */
  lookup(buf: Uint8Array, off: number, len: number): Ref {
    const ref = this.table.find(buf, off, len)
    if (ref === 0 || !entryHasExpirySlot(this.arena, ref)) return ref
    return this.isExpired(ref) && this.keyspace.expireNow(this, ref, buf, off, len) ? 0 : ref
  }

  /** Whether the entry's expiry has passed, by the time of the current batch. */
  isExpired(ref: Ref): boolean {
    const at = entryExpiry(this.arena, ref)
    return at !== NO_EXPIRY && at < this.keyspace.now
  }

  /** Whether a key is there and its expiry has passed; nothing is deleted, no lookup counted. */
  isKeyExpired(buf: Uint8Array, off: number, len: number): boolean {
    const ref = this.table.find(buf, off, len)
    return ref !== 0 && this.isExpired(ref)
  }

  /** Whether commands that list keys leave the entry out: expired, and not shown nevertheless to a master's stream. */
  isHidden(ref: Ref): boolean {
    return this.isExpired(ref) && this.keyspace.expiryMode !== "ignore"
  }

  private touch(ref: Ref): void {
    setEntryClock(this.arena, ref, this.keyspace.accessClock(ref))
  }

  /**
   * Stores a string under a key just looked up. `existing` is what the lookup answered.
   * @param encoding STRING_RAW, STRING_INT or STRING_EMBSTR; long values go to a block of their own by themselves
   * @param expiring the caller sets an expiry next: leave room for it
   * @returns the entry's ref
   */
  putString(
    existing: Ref,
    kb: Uint8Array,
    ko: number,
    kl: number,
    vb: Uint8Array,
    vo: number,
    vl: number,
    encoding: number,
    keepExpiry: boolean,
    expiring = false,
  ): Ref {
    const a = this.arena
    if (vl > INLINE_BYTES_MAX) return this.putLongString(existing, kb, ko, kl, vb, vo, vl, keepExpiry)
    const ref = this.putInline(existing, kb, ko, kl, vl, encoding, keepExpiry, expiring)
    copyBytes(vb, vo, a.u8[chunkOf(ref)], entryKeyOffset(a, ref) + kl, vl)
    return ref
  }

  private putLongString(
    existing: Ref,
    kb: Uint8Array,
    ko: number,
    kl: number,
    vb: Uint8Array,
    vo: number,
    vl: number,
    keepExpiry: boolean,
  ): Ref {
    const block = makeLongString(this.arena, vb, vo, vl)
    return this.putValue(existing, kb, ko, kl, TYPE_STRING, STRING_EXTERNAL, block, keepExpiry)
  }

  /** Stores a string of `vl` zero bytes, RAW, under a key just looked up and not found; answers the entry's ref. */
  putZeros(kb: Uint8Array, ko: number, kl: number, vl: number): Ref {
    const a = this.arena
    if (vl <= INLINE_BYTES_MAX) {
      const ref = this.replaceEntry(0, kb, ko, kl, TYPE_STRING, STRING_RAW, vl, vl, false, false)
      const value = entryKeyOffset(a, ref) + kl
      zeroBytes(a.u8[chunkOf(ref)], value, value + vl)
      return ref
    }
    const block = allocLongString(a, vl)
    const byte = longStringOffset(block)
    zeroBytes(a.u8[chunkOf(block)], byte, byte + vl)
    return this.replaceEntry(0, kb, ko, kl, TYPE_STRING, STRING_EXTERNAL, block, 0, false, false)
  }

  /**
   * Makes room for a string of `vl` bytes inside the entry of a key just looked up; the caller fills the bytes after the
   * key. Writes in place when the block fits and would not be mostly empty.
   */
  private putInline(
    existing: Ref,
    kb: Uint8Array,
    ko: number,
    kl: number,
    vl: number,
    encoding: number,
    keepExpiry: boolean,
    expiring: boolean,
  ): Ref {
    const a = this.arena
    if (existing !== 0) {
      const words = a.i32[chunkOf(existing)]
      const w = wordOf(existing)
      const extra = extraOf(words[w])
      const bytes = entryBytes(extra, kl, vl)
      const size = a.blockSize(existing)
      const meta = entryMeta(extra, TYPE_STRING, encoding, clockOf(words[w]))
      if (bytes <= size && bytes * 2 + 32 >= size && (!expiring || extra === EXTRA_EXPIRING)) {
        a.willWrite(existing)
        if (typeOf(words[w]) !== TYPE_STRING || encodingOf(words[w]) === STRING_EXTERNAL)
          this.freeValue(existing)
        if (!keepExpiry && extra === EXTRA_EXPIRING) this.clearExpiry(existing)
        words[w] = meta
        words[w + VALUE_WORD] = vl
        return existing
      }
    }
    return this.replaceEntry(existing, kb, ko, kl, TYPE_STRING, encoding, vl, vl, keepExpiry, expiring)
  }

  /**
   * Stores a value that lives in a block of its own (or several) under a key just looked up; an old value is freed.
   * @returns the entry's ref
   */
  putValue(
    existing: Ref,
    kb: Uint8Array,
    ko: number,
    kl: number,
    type: number,
    encoding: number,
    value: Ref,
    keepExpiry: boolean,
  ): Ref {
    if (existing !== 0 && entryType(this.arena, existing) !== TYPE_STRING) {
      const a = this.arena
      a.willWrite(existing)
      this.freeValue(existing)
      if (!keepExpiry && entryHasExpirySlot(a, existing)) this.clearExpiry(existing)
      this.setValue(existing, type, encoding, value)
      return existing
    }
    return this.replaceEntry(existing, kb, ko, kl, type, encoding, value, 0, keepExpiry, false)
  }

  /** Sets type, encoding and value ref of an entry; the old value's blocks are the caller's business. */
  setValue(ref: Ref, type: number, encoding: number, value: Ref): void {
    this.arena.willWrite(ref)
    const words = this.arena.i32[chunkOf(ref)]
    const w = wordOf(ref)
    words[w] = entryMeta(extraOf(words[w]), type, encoding, clockOf(words[w]))
    words[w + VALUE_WORD] = value
  }

  /**
   * A new block for the key, in the table's place of `existing` if there was one. Where the new
   * block finds no memory those of its value are freed.
   */
  private replaceEntry(
    existing: Ref,
    kb: Uint8Array,
    ko: number,
    kl: number,
    type: number,
    encoding: number,
    word2: number,
    tail: number,
    keepExpiry: boolean,
    expiring: boolean,
  ): Ref {
    const a = this.arena
    const clock = existing === 0 ? this.keyspace.newClock() : entryClock(a, existing)
    const expiry = existing !== 0 && keepExpiry && entryExpiry(a, existing) !== NO_EXPIRY
    let ref = 0
    try {
      ref = makeEntry(a, kb, ko, kl, type, encoding, word2, tail, expiry || expiring, clock)
      if (existing === 0) this.table.insertAfterFind(ref)
    } catch (cause) {
      if (ref !== 0) a.free(ref)
      this.keyspace.release(type, encoding, word2, false)
      throw cause
    }
    if (existing === 0) return ref
    if (expiry) {
      copyEntryExpiry(a, existing, ref)
      this.wheel.moved(existing, ref)
    } else if (entryExpiry(a, existing) !== NO_EXPIRY) this.wheel.remove(existing)
    this.table.replaceFound(existing, ref)
    this.freeValue(existing)
    a.free(existing)
    return ref
  }

  /**
   * Makes the string of an entry just looked up `vl` bytes long, keeping key, expiry and the bytes up to the shorter
   * length; bytes beyond the old length are zero. For APPEND, SETRANGE, SETBIT: long strings keep room to grow.
   * @returns the entry's ref
   */
  resizeString(existing: Ref, vl: number): Ref {
    const a = this.arena
    const old = stringLength(a, existing)
    if (entryEncoding(a, existing) === STRING_EXTERNAL) return this.resizeLong(existing, old, vl)
    const ko = entryKeyOffset(a, existing) - byteOf(existing)
    const kl = entryKeyLength(a, existing)
    let ref = existing
    if (vl > INLINE_BYTES_MAX) {
      const block = allocLongString(a, vl)
      const to = a.u8[chunkOf(block)]
      const toByte = longStringOffset(block)
      a.copy(existing, ko + kl, block, LONG_HEAD_BYTES, old)
      to.fill(0, toByte + old, toByte + vl)
      const key = a.u8[chunkOf(existing)]
      const at = entryKeyOffset(a, existing)
      return this.replaceEntry(existing, key, at, kl, TYPE_STRING, STRING_EXTERNAL, block, 0, true, false)
    }
    if (ko + kl + vl > a.blockSize(existing)) {
      ref = a.alloc(ko + kl + vl + (vl >>> 1))
      a.copy(existing, 0, ref, 0, ko + kl + old)
      if (entryExpiry(a, existing) !== NO_EXPIRY) this.wheel.moved(existing, ref)
      this.table.replaceFound(existing, ref)
      a.free(existing)
    } else a.willWrite(ref)
    const words = a.i32[chunkOf(ref)]
    const w = wordOf(ref)
    words[w] = entryMeta(extraOf(words[w]), TYPE_STRING, STRING_RAW, clockOf(words[w]))
    words[w + VALUE_WORD] = vl
    const value = (w << 2) + ko + kl
    zeroBytes(a.u8[chunkOf(ref)], value + old, value + vl)
    return ref
  }

  private resizeLong(existing: Ref, old: number, vl: number): Ref {
    const a = this.arena
    let block = entryValue(a, existing)
    if (LONG_HEAD_BYTES + vl > a.blockSize(block)) {
      // Twice the need up to 1 MB, 1 MB more beyond: the same appending costs no quadratic copying.
      const room = LONG_HEAD_BYTES + vl + Math.min(vl, 1024 * 1024)
      block = a.realloc(block, room, LONG_HEAD_BYTES + old)
      this.setValue(existing, TYPE_STRING, STRING_EXTERNAL, block)
    } else a.willWrite(block)
    a.i32[chunkOf(block)][wordOf(block)] = vl
    const byte = longStringOffset(block)
    zeroBytes(a.u8[chunkOf(block)], byte + old, byte + vl)
    return existing
  }

  /** Deletes the entry just looked up: out of table and wheel; its value is freed, in slices if large. */
  remove(ref: Ref, lazy: boolean): void {
    this.table.removeFound(ref)
    this.discard(ref, lazy)
  }

  /** Frees an entry that no table holds, and its value; takes it out of the wheel. */
  discard(ref: Ref, lazy: boolean): void {
    const a = this.arena
    if (entryExpiry(a, ref) !== NO_EXPIRY) this.wheel.remove(ref)
    this.releaseValue(ref, lazy)
    a.free(ref)
  }

  /** Frees the blocks of a value that is overwritten, not the entry; large ones in slices. */
  private freeValue(ref: Ref): void {
    this.releaseValue(ref, this.keyspace.freeing.lazyfreeLazyServerDel)
  }

  private releaseValue(ref: Ref, lazy: boolean): void {
    const a = this.arena
    const type = entryType(a, ref)
    this.keyspace.release(type, entryEncoding(a, ref), entryValue(a, ref), lazy)
    if (type === TYPE_STREAM) this.keyspace.streamGone(this, ref)
  }

  /**
   * Sets the expiry of an entry just looked up or put, in Unix milliseconds (may move the entry to a larger block).
   * @returns the entry's ref
   */
  setExpiry(existing: Ref, atMs: number): Ref {
    return this.setExpiryWords(existing, atMs | 0, Math.floor(atMs / 4294967296) | 0)
  }

  /** As setExpiry, for times beyond 2^53: low and high half. The time -1, long past, is kept as -2. */
  setExpiryWords(existing: Ref, low: number, high: number): Ref {
    const a = this.arena
    if (low === -1 && high === -1) low = -2
    let ref = existing
    if (!entryHasExpirySlot(a, ref)) {
      const kl = entryKeyLength(a, ref)
      const tail =
        kl +
        (entryType(a, ref) === TYPE_STRING && entryEncoding(a, ref) !== STRING_EXTERNAL
          ? entryValue(a, ref)
          : 0)
      ref = a.alloc(entryBytes(EXTRA_EXPIRING, 0, tail))
      const plainHead = entryBytes(EXTRA_PLAIN, 0, 0)
      a.copy(existing, 0, ref, 0, plainHead)
      a.copy(existing, plainHead, ref, entryBytes(EXTRA_EXPIRING, 0, 0), tail)
      const words = a.i32[chunkOf(ref)]
      words[wordOf(ref)] = withExtra(words[wordOf(ref)], EXTRA_EXPIRING)
      // The entry may have been put since the last lookup, and its bucket split then.
      if (this.table.find(a.u8[chunkOf(ref)], entryKeyOffset(a, ref), kl) !== existing)
        throw new Error("an entry that is to expire is not where its hash says")
      this.table.replaceFound(existing, ref)
      a.free(existing)
    } else {
      if (entryExpiry(a, ref) !== NO_EXPIRY) this.wheel.remove(ref)
      a.willWrite(ref)
    }
    writeEntryExpiry(a, ref, low, high)
    this.wheel.insert(ref, this.keyspace.now)
    return ref
  }

  /** As setExpiryWords, for a command: a time that a replica's own client gives is the replica's to keep. */
  expireAt(existing: Ref, low: number, high: number): Ref {
    const ref = this.setExpiryWords(existing, low, high)
    if (this.keyspace.expiryMode === "hide") this.keyspace.localExpiries.add(this, ref)
    return ref
  }

  /** Takes the expiry off an entry; answers whether there was one. */
  persist(ref: Ref): boolean {
    if (entryExpiry(this.arena, ref) === NO_EXPIRY) return false
    this.arena.willWrite(ref)
    this.clearExpiry(ref)
    return true
  }

  private clearExpiry(ref: Ref): void {
    const a = this.arena
    if (entryExpiry(a, ref) === NO_EXPIRY) return
    this.wheel.remove(ref)
    writeEntryExpiry(a, ref, NO_EXPIRY, NO_EXPIRY)
  }

  /** Deletes an entry whose time has passed, found by other means than a lookup. */
  expire(ref: Ref): void {
    const chunk = this.arena.u8[chunkOf(ref)]
    const off = entryKeyOffset(this.arena, ref)
    const len = entryKeyLength(this.arena, ref)
    if (this.table.find(chunk, off, len) !== ref) throw new Error("an entry is not where its hash says")
    this.keyspace.expireNow(this, ref, chunk, off, len)
  }

  /** Deletes keys whose time has come, at most `budget`; answers how many. */
  expireDue(budget: number): number {
    for (let n = 0; n < budget; n++) {
      const ref = this.wheel.due(this.keyspace.now - 1)
      if (ref === 0) return n
      this.expire(ref)
    }
    return budget
  }
}
