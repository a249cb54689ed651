/**
 * maxmemory: what counts against it, whether it is passed, and the keys that go so that it is not.
 *
 * What counts is exact: the arena's live blocks, to the byte, and what clients hold. The runtime's heap is not among it,
 * for nobody can say how much of that is garbage; nor are the replication buffers, which grow when little can be done.
 *
 * `makeRoom` comes before each command. What waits to be freed is freed first, then keys go by the policy, for as long as
 * maxmemory-eviction-tenacity allows; where that is not enough the command runs all the same and the rest goes in further
 * looks, of which the clock-driven work makes some (`goOn`). Only where nothing is left that may go memory is `short`.
 *
 * Memory is also short where the arena gets no more of it. Then commands are refused while its reserve lasts, before
 * they begin: one that ran out half way would leave half a change.
 */
import { entryKeyLength, entryKeyOffset } from "../Entry.js"
import { chunkOf } from "../../memory/Ref.js"
import { hashOfEntry } from "../../memory/table/TableEntry.js"
import { CompactionPace } from "../compaction/CompactionPace.js"
import type { Keyspace } from "../Keyspace.js"
import { type EvictionSettings, policies, timeAllowed } from "./Policy.js"
import { Victims } from "./Victims.js"

/** How often a strained arena asks the machine for memory again. */
const ASK_AGAIN_MS = 1000
/** So many keys go in one look whatever the tenacity, unless they take longer than this many milliseconds. */
const KEYS_AT_LEAST = 16
const LEAST_MS = 0.5
/** Where more than so many times the limit is used, and no less than after the last look, one may take so many times as long. */
const FAR_BEYOND = 1.03
const FAR_BEYOND_TIMES = 10
/** Elements of a waiting value freed in the place of one key. */
const SLICE = 64

/** Whoever measures how long things take. */
interface Stopwatch {
  /** Real time in milliseconds. */
  now(): number
  /** So long a look that evicted took. */
  evicted(ms: number): void
}

export class MemoryLimit {
  /** Bytes of the arena beyond which a command waits for room; Infinity = none does. As of the last `measure`. */
  threshold = Infinity
  evictedKeys = 0
  private exempt = false
  /** The settings are others, and no look was taken since. */
  private changed = false
  private max = 0
  private outcome: "fits" | "freeing" | "short" = "fits"
  /** Since when more is used than may be, -1 = it is not; and how long it was before. */
  private exceededSince = -1
  private exceededMs = 0
  private askedMs = 0
  /** What was used after the last look, and whether looks free less than comes between them. */
  private usedBefore = Infinity
  private losing = false
  private readonly victims: Victims
  readonly pace: CompactionPace

  /** @param clients knows what clients hold */
  constructor(
    private readonly keyspace: Keyspace,
    private readonly clients: { readonly countedBytes: number },
    private readonly settings: EvictionSettings,
    private readonly stopwatch: Stopwatch,
  ) {
    this.victims = new Victims(keyspace)
    this.pace = new CompactionPace(keyspace, settings, stopwatch)
  }

  /** Bytes that count. */
  get used(): number {
    return this.keyspace.arena.usedBytes + this.clients.countedBytes
  }

  /** Whether the machine or the addresses are used up. */
  get strained(): boolean {
    return this.keyspace.arena.strained
  }

  /** More is to go than went in the last look. */
  get freeing(): boolean {
    return this.outcome === "freeing"
  }

  /** Milliseconds for which more was used than may be: in all, and now without a break. */
  get exceededTotalMs(): number {
    return this.exceededMs + this.exceededNowMs
  }

  get exceededNowMs(): number {
    return this.exceededSince < 0 ? 0 : this.stopwatch.now() - this.exceededSince
  }

  resetStats(): void {
    this.evictedKeys = 0
    this.exceededMs = 0
    this.pace.resetStats()
    if (this.exceededSince >= 0) this.exceededSince = this.stopwatch.now()
  }

  /** Takes the settings over after they changed. */
  configure(): void {
    const { settings, keyspace } = this
    const policy = policies[settings.maxmemoryPolicy]
    this.max = settings.maxmemory
    keyspace.frequencies = policy?.order === "lfu"
    keyspace.frequencyFactor = settings.lfuLogFactor
    keyspace.frequencyDecay = settings.lfuDecayTime
    this.victims.follow(policy)
    this.pace.configure(policy !== undefined)
    this.changed = true
    this.measure()
  }

  /** While it is exempt the server may use what it needs. */
  setExempt(exempt: boolean): void {
    if (exempt === this.exempt) return
    this.exempt = exempt
    this.measure()
  }

  /** Takes over what clients hold now. */
  measure(): void {
    this.threshold = this.max === 0 || this.exempt ? Infinity : this.max - this.clients.countedBytes
    this.publish()
  }

  /** Tells the arena when a command is to see to room. */
  private publish(): void {
    const { arena } = this.keyspace
    arena.roomBytes = arena.pagesAhead < 0 ? -1 : this.threshold
  }

  /** Whether what needs memory is to be refused, by the last `makeRoom` and what was freed since. */
  get short(): boolean {
    if (this.strained && this.starved()) return true
    return this.outcome === "short" && this.used > this.max
  }

  /** Frees what is to go before a command, and pays for the pages that were taken. */
  makeRoom(): void {
    this.changed = false
    this.outcome = this.free()
    this.pace.pay()
    this.publish()
    if (this.outcome !== "fits") {
      if (this.exceededSince < 0) this.exceededSince = this.stopwatch.now()
    } else if (this.exceededSince >= 0) {
      this.exceededMs += this.exceededNowMs
      this.exceededSince = -1
    }
  }

  /**
   * As `makeRoom`, of the clock-driven work, where there is more to go or the settings have changed: what a command took
   * since is for the next one to make up for. Answers whether more is to go.
   */
  goOn(): boolean {
    if (this.freeing || this.changed) {
      this.measure()
      this.makeRoom()
    }
    return this.freeing
  }

  /** Moves blocks by the clock; answers when it goes on. Not while keys go, many of which would be moved in vain. */
  moveBlocks(now: number): number {
    return this.freeing ? now : this.pace.cron(now)
  }

  private free(): "fits" | "freeing" | "short" {
    const { keyspace, stopwatch, max } = this
    if (max === 0 || this.exempt || this.used <= max) return "fits"
    const patience = this.losing && this.used > max * FAR_BEYOND ? FAR_BEYOND_TIMES : 1
    const allowed = timeAllowed(this.settings.maxmemoryEvictionTenacity) * patience
    const before = this.evictedKeys
    let outcome: "fits" | "freeing" | "short" = "freeing"
    const most = (n: number): number => (n < KEYS_AT_LEAST ? Math.max(allowed, LEAST_MS) : allowed)
    // From the second key on: to ask for the time takes a tenth of what a key does, and mostly one is enough.
    let start = -1
    for (let n = 1; ; n++) {
      if (keyspace.lazyPending > 0) keyspace.freeSlice(SLICE)
      else if (!this.evictOne()) outcome = "short"
      if (this.used <= max) outcome = "fits"
      if (outcome !== "freeing") break
      if (start < 0) start = stopwatch.now()
      else if (stopwatch.now() - start >= most(n)) break
    }
    if (start >= 0 && this.evictedKeys > before) stopwatch.evicted(stopwatch.now() - start)
    this.losing = this.used >= this.usedBefore
    this.usedBefore = this.used
    return outcome
  }

  private evictOne(): boolean {
    const { victims, keyspace } = this
    const ref = victims.find(this.settings.maxmemorySamples)
    if (ref === 0) return false
    const { arena } = keyspace
    const db = victims.from
    const bytes = arena.u8[chunkOf(ref)]
    const off = entryKeyOffset(arena, ref)
    const len = entryKeyLength(arena, ref)
    if (!db.table.findIn(db.table.bucketOf(hashOfEntry(arena, ref)), ref))
      throw new Error("an entry is not where its hash says")
    for (const listener of keyspace.listeners) listener.evicted(db, bytes, off, len)
    db.remove(ref, this.settings.lazyfreeLazyEviction)
    this.evictedKeys++
    return true
  }

  /** Whether the arena stays strained when what waits is freed, and the machine was asked again. */
  private starved(): boolean {
    const { arena, now } = this.keyspace
    this.keyspace.freeWaiting()
    if (arena.strained && Math.abs(now - this.askedMs) >= ASK_AGAIN_MS) {
      this.askedMs = now
      arena.fillReserve()
    }
    return arena.strained
  }
}
