/**
 * When blocks are moved together (Compaction.ts), and how many at a time.
 *
 * Under `maxmemory` what the machine has given is to stay within a part more of it, however fast clients write and whatever
 * the sizes. So the arena counts the pages it takes, and nothing is asked of a command while it takes none.
 *
 * When not many are left to that limit some chunks are to go. Where keys are evicted, those in such chunks go first, and
 * mostly that is all. When few pages are left blocks are moved: from then on each page taken is a debt of blocks to be
 * looked at, such that the round ends before the pages do. The commands that follow pay it, a little each, before they run.
 *
 * In quiet times, and with `activedefrag` where there is no limit, the clock-driven work moves on, for a part of the time
 * that grows with what could be gained. Then chunks that are empty go back to the machine.
 *
 * Example: maxmemory 100 MB, a million keys. With 8 MB left to the limit a round begins; each page of 64 KB that commands
 * take is a debt of some 15,000 blocks, about a millisecond, paid by the next commands, 1,000 blocks each.
 */
import { CHUNK_BYTES, FIRST_BYTES, PAGES_PER_CHUNK } from "../../memory/ArenaLayout.js"
import { PAGE_BYTES } from "../../memory/SizeClasses.js"
import { blocksIn, sparsestChunks, sparseChunks } from "../../memory/SparseChunks.js"
import type { Keyspace } from "../Keyspace.js"
import { Compaction } from "./Compaction.js"

/** What the machine may give for each byte of maxmemory, and at least so much more. */
const OVERHEAD = 1.2
const OVERHEAD_BYTES_MIN = 16 * 1024 * 1024
/** Pages are few when less than this part of maxmemory, or so many, are left to the limit. */
const FEW_PART = 0.04
const FEW_PAGES_MIN = 64
/** Where keys are evicted, bytes that are to go at a time, as a part of maxmemory. */
const EVICTED_PART = 0.12
/** Part of the pages left that may be taken before all blocks were looked at. */
const WALK_PART = 0.75
/** Pages until the next look where a round would gain nothing. */
const FRUITLESS_PAGES = 8
/** Blocks that one command pays for at least, and the part of the debt that it pays. */
const PAYMENT_MIN = 512
const PAYMENT_PART = 1 / 16
/** What is wasted at least before the clock-driven work begins a round: so much, and such a part of what is used. */
const WASTE_BYTES_MIN = 8 * 1024 * 1024
const WASTE_PART_MIN = 0.1
/** Part of the time that the clock-driven work may take under maxmemory. */
const DUTY = 0.1
const SLICE_MS = 0.5
const SLICE_BLOCKS = 1000
/** Time without a page taken after which empty chunks go back, and between two vain looks for something to gain. */
const QUIET_MS = 1000
/** Time without a page taken after which the clock-driven work begins. */
const PAUSE_MS = 200

/** Read at each use; the server's settings have this shape. */
export interface CompactionSettings {
  /** Bytes that may be used; 0 = no limit. */
  readonly maxmemory: number
  readonly activedefrag: boolean
  readonly activeDefragIgnoreBytes: number
  readonly activeDefragThresholdLower: number
  readonly activeDefragThresholdUpper: number
  readonly activeDefragCycleMin: number
  readonly activeDefragCycleMax: number
}

export class CompactionPace {
  readonly compaction: Compaction
  /** Milliseconds for which blocks were moved in all. */
  activeMs = 0
  /** The clock-driven round now under way takes such a part of the time. */
  private duty = 0
  /** Keys go when memory is short. */
  private evicts = false
  /** Blocks to be looked at for each page taken, and those that are due. */
  private rate = 0
  private debt = 0
  private granted = 0
  private nextMs = 0
  private vainUntilMs = 0
  private quietSinceMs = 0
  private seenAhead = 0
  private begunMs = 0

  constructor(
    private readonly keyspace: Keyspace,
    private readonly settings: CompactionSettings,
    private readonly stopwatch: { now(): number },
  ) {
    this.compaction = new Compaction(keyspace)
  }

  /** Percent of the time that blocks are moved; 0 = they are not. */
  get percent(): number {
    return this.compaction.running ? Math.max(1, Math.round(this.duty * 100)) : 0
  }

  /** Milliseconds since the round that is under way began. */
  get roundMs(): number {
    return this.compaction.running ? this.stopwatch.now() - this.begunMs : 0
  }

  resetStats(): void {
    const { compaction } = this
    compaction.keysKept = compaction.keysMoved = 0
    compaction.relocation.looked = compaction.relocation.moved = 0
    this.activeMs = 0
  }

  /** Takes the settings over after they changed. */
  configure(evicts: boolean): void {
    this.evicts = evicts
    const { arena } = this.keyspace
    const { maxmemory } = this.settings
    arena.spareChunks = 1 + Math.ceil((maxmemory * FEW_PART) / CHUNK_BYTES)
    this.setLimit()
    if (arena.committedBytes > arena.shared.limitBytes) arena.trim(arena.spareChunks)
    if (maxmemory > 0) this.grant(0)
    else this.grant(Infinity)
  }

  private setLimit(): void {
    const { arena } = this.keyspace
    const { maxmemory } = this.settings
    const wanted = Math.max(maxmemory * OVERHEAD, maxmemory + OVERHEAD_BYTES_MIN)
    // A replica may hold more than its own maxmemory.
    const limit = Math.max(wanted, arena.usedBytes * OVERHEAD)
    // In whole chunks.
    const chunks = Math.ceil((limit - FIRST_BYTES) / CHUNK_BYTES)
    arena.shared.limitBytes = maxmemory === 0 ? Infinity : FIRST_BYTES + chunks * CHUNK_BYTES
  }

  private grant(pages: number): void {
    this.granted = pages
    this.keyspace.arena.pagesAhead = pages
  }

  /** Pages that can be taken before the limit is reached, beside those that are kept in reserve. */
  private get pagesLeft(): number {
    const { arena } = this.keyspace
    const chunks = Math.floor((arena.shared.limitBytes - arena.committedBytes) / CHUNK_BYTES)
    return arena.pagesFree - arena.reservePages + chunks * (PAGES_PER_CHUNK - 1)
  }

  /** Before a command: sees to pages, and pays for those that were taken since the last look. */
  pay(): void {
    const { compaction } = this
    const { arena } = this.keyspace
    if (arena.pagesAhead >= 0) return
    if (this.settings.maxmemory === 0) return this.grant(Infinity)
    const taken = this.granted - arena.pagesAhead
    this.setLimit()
    if (compaction.running && arena.leavingCount === 0) compaction.end()
    const few = Math.max(FEW_PAGES_MIN, (this.settings.maxmemory * FEW_PART) / PAGE_BYTES)
    const early = this.evicts ? few * 2 : few
    if (!compaction.running) {
      if (this.pagesLeft < early && arena.shared.droppedBytes >= CHUNK_BYTES) arena.shared.collect()
      const left = this.pagesLeft
      if (left >= early) return this.grant(left - early)
      if (!this.begin(this.evicts)) return this.grant(FRUITLESS_PAGES)
    }
    this.walk(taken, few)
  }

  /** Lets evictions empty the chunks that are leaving while pages are left, and moves blocks when they are few. */
  private walk(taken: number, few: number): void {
    const { compaction } = this
    const { arena } = this.keyspace
    const left = this.pagesLeft
    if (this.rate === 0) {
      if (left >= few) return this.grant(left - few)
      this.rate = blocksIn(arena) / Math.max(FEW_PAGES_MIN / 4, left * WALK_PART)
    }
    this.debt += taken * this.rate
    this.step(Math.min(this.debt, Math.max(PAYMENT_MIN, this.debt * PAYMENT_PART)))
    // What is not paid yet the next command goes on with; and a round that is over is followed by another look.
    this.grant(compaction.running && this.debt === 0 ? 0 : -1)
  }

  private step(blocks: number): void {
    const { relocation } = this.compaction
    const { arena } = this.keyspace
    const before = relocation.looked
    const ahead = arena.pagesAhead
    const start = this.stopwatch.now()
    this.compaction.step(blocks)
    // What it took itself is nobody's debt.
    arena.pagesAhead = ahead
    this.activeMs += this.stopwatch.now() - start
    this.debt = Math.max(0, this.debt - (relocation.looked - before))
  }

  /**
   * Begins a round; answers whether there is anything to gain by one.
   * @param evicting keys will go meanwhile, and rather those that would have to be moved
   */
  private begin(evicting: boolean): boolean {
    const { arena } = this.keyspace
    if (arena.snapshot !== undefined) return false
    const most = Math.max(CHUNK_BYTES, this.settings.maxmemory * EVICTED_PART)
    const spare = Math.max(FEW_PAGES_MIN / 2, Math.min(this.pagesLeft, arena.pagesFree) / 2)
    const chunks = evicting ? sparsestChunks(arena, most) : sparseChunks(arena, spare)
    if (chunks.length === 0) return false
    this.compaction.begin(chunks)
    this.begunMs = this.stopwatch.now()
    this.debt = this.rate = 0
    return true
  }

  /** The clock-driven work at `now`; answers when it goes on. */
  cron(now: number): number {
    const { settings, compaction } = this
    if (settings.maxmemory === 0 && !settings.activedefrag) {
      if (compaction.running) compaction.end()
      return Infinity
    }
    if (!this.worthwhile(now)) return this.giveBack(now)
    if (now < this.nextMs && this.nextMs - now < QUIET_MS) return this.nextMs
    const start = this.stopwatch.now()
    while (compaction.running && this.stopwatch.now() - start < SLICE_MS) this.step(SLICE_BLOCKS)
    const spent = this.stopwatch.now() - start
    this.nextMs = now + Math.max(1, Math.ceil(spent / this.duty - spent))
    return this.nextMs
  }

  /** Whether a round is to go on, or to begin, by the clock. */
  private worthwhile(now: number): boolean {
    const { arena } = this.keyspace
    if (arena.pagesAhead !== this.seenAhead || now < this.quietSinceMs) {
      this.seenAhead = arena.pagesAhead
      this.quietSinceMs = now
    }
    const used = arena.usedBytes
    const kept = arena.keepsEmpty ? arena.emptyChunks() * CHUNK_BYTES : 0
    const waste = arena.committedBytes - used - Math.max(kept, arena.reservePages * PAGE_BYTES)
    this.duty = this.dutyFor(now, waste, used)
    if (this.duty === 0) return false
    if (this.compaction.running) return true
    if (now < this.vainUntilMs && this.vainUntilMs - now <= QUIET_MS) return false
    if (this.begin(false)) return true
    this.vainUntilMs = now + QUIET_MS
    return false
  }

  /** The part of the time that so much waste is worth; 0 = none. */
  private dutyFor(now: number, waste: number, used: number): number {
    const { settings } = this
    let duty = 0
    // While clients take pages they move blocks as it needs.
    const quiet = now - this.quietSinceMs >= PAUSE_MS
    if (quiet && settings.maxmemory > 0 && waste > Math.max(WASTE_BYTES_MIN, used * WASTE_PART_MIN))
      duty = DUTY
    const { activeDefragThresholdLower: lower, activeDefragThresholdUpper: upper } = settings
    const percent = (waste / Math.max(1, used)) * 100
    if (!settings.activedefrag || waste < settings.activeDefragIgnoreBytes || percent < lower) return duty
    const { activeDefragCycleMin: least, activeDefragCycleMax: most } = settings
    const part = upper > lower ? Math.min(1, (percent - lower) / (upper - lower)) : 1
    return Math.max(duty, (least + part * Math.max(0, most - least)) / 100)
  }

  /**
   * Gives empty chunks back when no pages have been taken for a while, unless somebody else does; answers when it looks
   * again.
   */
  private giveBack(now: number): number {
    const quiet = now - this.quietSinceMs
    if (quiet < QUIET_MS) return this.quietSinceMs + (quiet < PAUSE_MS ? PAUSE_MS : QUIET_MS)
    const { arena } = this.keyspace
    if (!arena.keepsEmpty) arena.trim(1)
    return Infinity
  }
}
