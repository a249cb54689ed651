/**
 * The keyspace: the arena, the databases in it, time, expiry and lazy freeing. Plain synchronous code; Store.ts makes it
 * an Effect service. Whatever upper layers must hear of (expiries, misses, streams that go) they hear as `listeners`.
 */
import { Arena, type Ref } from "../memory/Arena.js"
import { BlockAccount } from "../memory/BlockAccount.js"
import { ListLimits } from "../memory/list/QuicklistNode.js"
import { Collections } from "./Collections.js"
import type { Database, KeyspaceListener } from "./Database.js"
import { checkDatabase } from "./DatabaseCheck.js"
import { Databases } from "./Databases.js"
import { entryClock, entryKeyLength, entryKeyOffset } from "./Entry.js"
import { LazyFree } from "./LazyFree.js"
import { LocalExpiries } from "./LocalExpiries.js"
import { swapDatabases } from "./MoveEntry.js"
import { countClock, countNow, newCountClock, secondsClock, usesToGrow } from "./eviction/AccessClock.js"

interface KeyspaceStats {
  keyspaceHits: number
  keyspaceMisses: number
  expiredKeys: number
  lazyFreedObjects: number
}

/** Which deletions that no client asked for free large values in slices; the server's settings have this shape. */
export interface FreeingPolicy {
  readonly lazyfreeLazyExpire: boolean
  readonly lazyfreeLazyServerDel: boolean
}

export interface KeyspaceOptions {
  readonly databases: number
  /** Unix time in milliseconds for the first batch. */
  readonly now: number
  /** A uniform integer in [0, n). */
  readonly random: (n: number) => number
  /** Read at each use; default: nothing is freed in slices but what UNLINK and the like ask for. */
  readonly freeing?: FreeingPolicy | undefined
  /** Makes the runtime look for memory that was let go. */
  readonly collectGarbage?: (() => void) | undefined
}

const EAGER: FreeingPolicy = { lazyfreeLazyExpire: false, lazyfreeLazyServerDel: false }

/** Of so many random numbers. */
const DRAW = 1 << 20

/** All databases of a server, over one arena. */
export class Keyspace {
  readonly arena: Arena
  readonly collections: Collections
  /** The databases that commands see. */
  readonly present: Databases
  readonly stats: KeyspaceStats = { keyspaceHits: 0, keyspaceMisses: 0, expiredKeys: 0, lazyFreedObjects: 0 }
  readonly random: (n: number) => number
  /** Unix milliseconds of the current batch; the caller sets it from Effect's Clock. */
  now: number
  /** Counts changes since the last save, as rdb_changes_since_last_save. */
  dirty = 0
  /** A replica hides expired keys and waits for its master's DEL; loading from a master shows them. */
  expiryMode: "delete" | "hide" | "ignore" = "delete"
  /** While expired keys are hidden: those that are to be deleted nevertheless. */
  readonly localExpiries = new LocalExpiries()
  private nextLocalExpiry = Infinity
  /** False after DEBUG SET-ACTIVE-EXPIRE 0: keys expire only when looked up. */
  activeExpiry = true
  /** Nothing changes now by itself: expired keys are hidden and stay. See `holdExpiry`. */
  expiryPaused = false
  private readonly expiryHolders = new Set<"clients are paused" | "loading">()
  readonly listeners: Array<KeyspaceListener> = []
  readonly freeing: FreeingPolicy
  /** How large the nodes of lists may become: list-max-listpack-size, DEBUG QUICKLIST-PACKED-THRESHOLD. */
  readonly listLimits = new ListLimits()
  /** LFU counts instead of LRU times in the access clock (maxmemory-policy *-lfu). */
  frequencies = false
  /** lfu-log-factor: the larger, the more uses a count takes to rise. */
  frequencyFactor = 10
  /** lfu-decay-time: minutes without use in which a count falls by one; 0 = it stays. */
  frequencyDecay = 1

  /** Databases being filled to take the place of the present ones. */
  private readonly staged: Array<Databases> = []

  readonly lazyFree: LazyFree

  constructor(options: KeyspaceOptions) {
    this.arena = new Arena(options.collectGarbage)
    this.lazyFree = new LazyFree(this.arena, this.stats)
    this.collections = new Collections(this.arena)
    this.freeing = options.freeing ?? EAGER
    this.random = options.random
    this.now = options.now
    this.present = new Databases(this, options.databases)
  }

  /** The database, which must exist. */
  database(index: number): Database {
    return this.present.at(index)
  }

  /** The databases that exist: all that were ever used, by number. */
  get databases(): ReadonlyArray<Database> {
    return this.present.made
  }

  /** New access clock of an entry that is read or written now. */
  accessClock(ref: Ref): number {
    return this.frequencies ? this.usedOnceMore(entryClock(this.arena, ref)) : secondsClock(this.now)
  }

  /** Access clock of a new entry. */
  newClock(): number {
    return this.frequencies ? newCountClock(this.now) : secondsClock(this.now)
  }

  private usedOnceMore(clock: number): number {
    const count = countNow(clock, this.now, this.frequencyDecay)
    const grows = this.random(DRAW) < DRAW / usesToGrow(count, this.frequencyFactor)
    return countClock(grows ? count + 1 : count, this.now)
  }

  keyMissed(db: Database, buf: Uint8Array, off: number, len: number): void {
    const { listeners } = this
    for (let i = 0; i < listeners.length; i++) listeners[i].missed(db, buf, off, len)
  }

  /** A stream is about to go. */
  streamGone(db: Database, ref: Ref): void {
    const a = this.arena
    const off = entryKeyOffset(a, ref)
    const len = entryKeyLength(a, ref)
    for (const listener of this.listeners) listener.streamGone(db, a.u8[ref >>> 20], off, len)
  }

  /** Whether an expired key goes when it is met; else it is hidden and stays, or is shown. */
  get deletesExpired(): boolean {
    return this.expiryMode === "delete" && !this.expiryPaused
  }

  /** While anybody holds expiry, no key goes by itself. */
  holdExpiry(why: "clients are paused" | "loading", held: boolean): void {
    if (held) this.expiryHolders.add(why)
    else this.expiryHolders.delete(why)
    this.expiryPaused = this.expiryHolders.size > 0
  }

  /**
   * Deals with an entry, just looked up, whose time has passed. Answers whether it is to be seen as absent.
   */
  expireNow(db: Database, ref: Ref, buf: Uint8Array, off: number, len: number): boolean {
    if (this.expiryMode === "ignore") return false
    if (this.expiryMode === "hide" || this.expiryPaused) return true
    this.deleteExpired(db, ref, buf, off, len)
    return true
  }

  /** As `expireNow`, before a write to the key: deletes it also where expired keys are otherwise only hidden. */
  expireForWrite(db: Database, ref: Ref, buf: Uint8Array, off: number, len: number): boolean {
    if (this.expiryMode === "ignore") return false
    this.deleteExpired(db, ref, buf, off, len)
    return true
  }

  private deleteExpired(db: Database, ref: Ref, buf: Uint8Array, off: number, len: number): void {
    for (const listener of this.listeners) listener.expired(db, buf, off, len)
    db.remove(ref, this.freeing.lazyfreeLazyExpire)
    this.stats.expiredKeys++
  }

  /** Frees a value's blocks, in slices (`freeSlice`) when there are many: sooner so if the policy is `lazy`. */
  release(type: number, encoding: number, value: Ref, lazy: boolean): void {
    this.lazyFree.release(type, encoding, value, lazy)
  }

  /** Frees all that waits to be freed; answers whether anything did. */
  freeWaiting(): boolean {
    const freed = this.lazyFree.all()
    const before = this.arena.parkedBytes
    this.arena.takeBack(Infinity)
    return freed || this.arena.parkedBytes < before
  }

  /** Values waiting to be freed. */
  get lazyPending(): number {
    return this.lazyFree.pending
  }

  /** Frees about `budget` elements of the waiting values, and as many blocks that snapshots held; answers whether any is left. */
  freeSlice(budget: number): boolean {
    const held = this.arena.takeBack(budget)
    return this.lazyFree.slice(budget) || held
  }

  /** Deletes keys whose time has come, at most `budget` over all databases; answers whether more are due. */
  expireDue(budget: number): boolean {
    if (!this.activeExpiry || this.expiryPaused || this.expiryMode === "ignore") return false
    if (this.expiryMode === "hide") {
      this.nextLocalExpiry = this.localExpiries.expireDue(budget, this.now)
      return false
    }
    this.localExpiries.clear()
    let left = budget
    let falling = false
    for (const db of this.databases) {
      if (db.expires > 0) left -= db.expireDue(left)
      if (left <= 0) return true
      falling ||= db.wheel.falling
    }
    return falling
  }

  /** After `expireDue`: no key is due before this time; Infinity where none will be. */
  nextExpiry(): number {
    if (!this.activeExpiry || this.expiryPaused || this.expiryMode === "ignore") return Infinity
    if (this.expiryMode === "hide") return this.nextLocalExpiry + 1
    let next = Infinity
    for (const db of this.databases) if (db.expires > 0) next = Math.min(next, db.wheel.next(this.now - 1))
    // A key is there until its time has passed.
    return next + 1
  }

  /**
   * Empties one database; its entries are freed in slices, if not `lazy` the first of them now. When no other holds
   * anything, all goes at once whatever `lazy` says. Answers how many keys there were.
   */
  flush(db: Database, lazy = false): number {
    const n = db.size
    // What is being staged lives in the same arena, which then must not be dropped.
    if (this.staged.length === 0 && this.databases.every((other) => other === db || other.size === 0)) {
      this.flushAll()
      return n
    }
    const table = db.table.ref
    db.table.create()
    db.wheel.clear()
    this.lazyFree.releaseTable(table, n, lazy)
    return n
  }

  /**
   * Empty databases beside the present ones, for a data set that is to take their place in one turn. Commands do not see
   * them. They end with `replaceBy` or `discard`.
   */
  stage(): Databases {
    const databases = new Databases(this, this.present.count)
    this.staged.push(databases)
    return databases
  }

  /** Puts staged databases in place of the present ones, which are freed in slices. */
  replaceBy(staged: Databases): void {
    this.exchange(staged)
    this.discard(staged)
  }

  /** Puts staged databases in place of the present ones, and those in place of the staged. */
  exchange(staged: Databases): void {
    const ids = new Set([...this.present, ...staged].map((db) => db.id))
    for (const id of ids) swapDatabases(this.present.at(id), staged.at(id))
    this.localExpiries.clear()
  }

  /** Forgets staged databases; what is in them is freed in slices. */
  discard(staged: Databases): void {
    const at = this.staged.indexOf(staged)
    if (at < 0) throw new Error("these databases are not staged")
    this.staged.splice(at, 1)
    for (const db of staged) this.lazyFree.releaseTable(db.table.ref, db.size, true)
  }

  /**
   * Asserts that databases, values and expiry index are what their heads say, and that the arena's live blocks are held by
   * exactly one owner each. While a data set is loaded blocks are on their way: then only what is there is checked.
   * @param loading a data set is being loaded into the present databases
   */
  checkInvariants(loading = false): void {
    const account = new BlockAccount(this.arena)
    for (const databases of [this.present, ...this.staged])
      for (const db of databases) checkDatabase(db, account.tick)
    this.lazyFree.visitBlocks(account.tick)
    if (!loading && this.staged.length === 0) account.close()
  }

  /** Empties every database at once: the arena's chunks are dropped. Answers how many keys there were. */
  flushAll(): number {
    let n = 0
    this.localExpiries.clear()
    if (this.staged.length > 0) {
      for (const db of this.databases) n += this.flush(db, true)
      return n
    }
    for (const db of this.databases) n += db.size
    this.lazyFree.clear()
    this.arena.dropAll()
    for (const db of this.databases) {
      db.table.create()
      db.wheel.clear()
    }
    return n
  }
}
