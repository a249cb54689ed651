/**
 * Chunks and pages of an arena (Arena.ts has the layout): taking them from the machine, cutting them up, giving them back.
 *
 * A chunk may be *leaving*: nothing more is put into it, so that it empties as its blocks are freed, or moved by whoever
 * holds them (Relocation.ts). Its pages with room are on no list, its free pages are not on offer. When the last page is
 * free the chunk is an empty one like others. Where memory would pass its limit meanwhile, a leaving chunk is put back.
 *
 * An empty chunk is kept for what comes next, or goes back to the machine: beyond `spareChunks` at once, or, where
 * `keepsEmpty` and memory is within its limit, when whoever owns the clock calls `trim`.
 *
 * Invariants: a page is listed under its class exactly if it has room and its chunk is not leaving; `pagesFree` is the sum
 * of the pages on offer; a chunk offers its free pages, a leaving one keeps them (`chunkPagesKept`).
 */
import { grownInts } from "../bytes/Bytes.js"
import {
  ArenaFullError,
  CHUNK_BYTES,
  chunkBytesFor,
  HEADER_KIND_WORD,
  PAGES_PER_CHUNK,
  pagesIn,
  reserveFor,
  SPAN_TAIL,
} from "./ArenaLayout.js"
import { CHUNK_COUNT_MAX } from "./Ref.js"
import { SharedMemory } from "./SharedMemory.js"
import { CLASS_BLOCKS, CLASS_COUNT } from "./SizeClasses.js"
import type { Snapshot } from "./Snapshot.js"

const HEADER_WORDS = HEADER_KIND_WORD + PAGES_PER_CHUNK

const NO_BYTES = new Uint8Array(0)
const NO_WORDS = new Int32Array(0)
const NO_DOUBLES = new Float64Array(0)

/** Whether a page stands in the list of its class: not, it does, or it would if its chunk were not leaving. */
const UNLISTED = 0
const LISTED = 1
const WITHHELD = 2

const MANY_PAGES = 0x7fffffff

export class ArenaPages {
  /** Views of chunk i; a chunk that is not there has empty views. */
  readonly u8: Array<Uint8Array> = []
  readonly i32: Array<Int32Array> = []
  readonly f64: Array<Float64Array> = []
  /** Bytes of shared memory held, touched or not. */
  reservedBytes = 0
  /** No more memory is to be had and what is kept for work in progress is broken into: begin nothing that needs memory. */
  strained = false
  readonly shared: SharedMemory
  /** The open snapshot, if any; at most one, with any number of readers. */
  snapshot: Snapshot | undefined = undefined
  /** A command that finds more bytes used than this sees to room first; Infinity = none does. */
  roomBytes = Infinity
  /** So many pages may be taken before a command sees to room, however many bytes are used. */
  pagesAhead = MANY_PAGES
  /** Empty chunks kept; any further one goes back to the machine. */
  spareChunks = 1
  /** All empty chunks within the limit are kept until `trim`, those that `dropAll` empties too. */
  keepsEmpty = false
  /** By chunk: whether it is leaving. */
  leaving: Uint8Array = NO_BYTES
  leavingCount = 0
  /** Pages free, those of leaving chunks aside. */
  pagesFree = 0

  /** Chunk index -> bytes of a huge block living alone in it, else 0. */
  protected readonly hugeBytes: Array<number> = []
  private readonly freeChunks: Array<number> = []

  // Per page, indexed by chunk * 128 + page.
  protected pageFree: Int32Array = NO_WORDS // free-list head: byte offset in page + 1, 0 = none
  protected pageBump: Int32Array = NO_WORDS // next never-used byte in the page
  protected pageUsed: Int32Array = NO_WORDS // live (or parked) blocks
  private pageNext: Int32Array = NO_WORDS // list of pages of a class with room; page id + 1
  private pagePrev: Int32Array = NO_WORDS
  protected pageListed: Uint8Array = NO_BYTES
  protected chunkPagesFree: Int32Array = NO_WORDS
  private chunkPagesKept: Int32Array = NO_WORDS
  /** Class -> first page with room (page id + 1), 0 none. */
  protected readonly classPages: Int32Array = new Int32Array(CLASS_COUNT)

  /** @param collectGarbage makes the runtime look for memory let go; without it that comes back at the runtime's own pace */
  constructor(collectGarbage: () => void = () => {}) {
    this.shared = new SharedMemory(collectGarbage)
  }

  /** Bytes the machine has given and not had back, as far as is known. */
  get committedBytes(): number {
    return this.reservedBytes + this.shared.droppedBytes
  }

  /** Calls `visit` with kind and live blocks of each page of a chunk that is in use; a span comes once, with its head. */
  forEachPage(chunk: number, visit: (kind: number, blocks: number) => void): void {
    if (this.u8[chunk].length === 0) return
    const words = this.i32[chunk]
    for (let p = 1; p < PAGES_PER_CHUNK; p++) {
      const kind = words[HEADER_KIND_WORD + p]
      if (kind < 0) visit(kind, 1)
      else if (kind > 0 && kind !== SPAN_TAIL) visit(kind, this.pageUsed[(chunk << 7) | p])
    }
  }

  /** Pages on offer in a chunk. */
  pagesFreeIn(chunk: number): number {
    return this.chunkPagesFree[chunk]
  }

  isHuge(chunk: number): boolean {
    return this.hugeBytes[chunk] !== 0
  }

  // ---- pages of a class

  protected listPage(page: number, cls: number): void {
    const head = this.classPages[cls]
    this.pageNext[page] = head
    this.pagePrev[page] = 0
    if (head !== 0) this.pagePrev[head - 1] = page + 1
    this.classPages[cls] = page + 1
    this.pageListed[page] = LISTED
  }

  protected unlistPage(page: number, cls: number): void {
    const next = this.pageNext[page]
    const prev = this.pagePrev[page]
    if (prev === 0) this.classPages[cls] = next
    else this.pageNext[prev - 1] = next
    if (next !== 0) this.pagePrev[next - 1] = prev
    this.pageListed[page] = UNLISTED
  }

  protected addClassPage(cls: number): number {
    const page = this.takePages(1)
    this.i32[page >>> 7][HEADER_KIND_WORD + (page & 127)] = cls
    this.pageFree[page] = 0
    this.pageBump[page] = 0
    this.pageUsed[page] = 0
    this.listPage(page, cls)
    return page
  }

  /** The last block of a page was freed. */
  protected pageEmptied(page: number, cls: number): void {
    if (this.pageListed[page] === WITHHELD) this.pageListed[page] = UNLISTED
    // One page a class is kept, so that a block freed and taken again does not move pages about.
    else if (this.pageNext[page] === 0 && this.pagePrev[page] === 0) return
    else this.unlistPage(page, cls)
    this.returnPages(page >>> 7, page & 127, 1)
  }

  // ---- pages

  /** Finds n free pages in a row; answers the id of the first. Keeps the reserve full while there is memory. */
  protected takePages(n: number): number {
    this.noteTaken(n)
    const page = this.findPages(n)
    if (this.pagesFree < this.reservePages && !this.strained) this.fillReserve()
    return page
  }

  protected noteTaken(pages: number): void {
    this.pagesAhead -= pages
    if (this.pagesAhead < 0) this.roomBytes = -1
  }

  /** Pages that are kept for work in progress: fewer where one more chunk would pass the limit. */
  get reservePages(): number {
    const pages = reserveFor(this.reservedBytes)
    return this.atLimit ? pages >>> 2 : pages
  }

  private get atLimit(): boolean {
    return this.committedBytes + CHUNK_BYTES > this.shared.limitBytes
  }

  /** Sees whether what is kept for work in progress is there, or can be had again. */
  fillReserve(): void {
    this.strained = this.pagesFree < this.reservePages && this.tryAddChunk(CHUNK_BYTES) < 0
  }

  private findPages(n: number): number {
    do {
      // An empty chunk comes last: it may go back to the machine.
      let empty = -1
      for (let chunk = this.u8.length - 1; chunk >= 0; chunk--) {
        if (this.chunkPagesFree[chunk] < n) continue
        if (this.isEmpty(chunk)) {
          empty = chunk
          continue
        }
        const first = this.findRun(chunk, n)
        if (first !== 0) return this.claim(chunk, first, n)
      }
      if (empty >= 0) return this.claim(empty, 1, n)
    } while (this.putBack(n))
    return this.claim(this.addChunk(chunkBytesFor(this.reservedBytes, n)), 1, n)
  }

  private findRun(chunk: number, n: number): number {
    const words = this.i32[chunk]
    let run = 0
    for (let p = 1; p < PAGES_PER_CHUNK; p++) {
      run = words[HEADER_KIND_WORD + p] === 0 ? run + 1 : 0
      if (run === n) return p - n + 1
    }
    return 0
  }

  protected claim(chunk: number, first: number, n: number): number {
    this.chunkPagesFree[chunk] -= n
    this.pagesFree -= n
    this.snapshot?.markPagesBorn(chunk, first, n)
    return (chunk << 7) | first
  }

  protected returnPages(chunk: number, first: number, n: number): void {
    this.i32[chunk].fill(0, HEADER_KIND_WORD + first, HEADER_KIND_WORD + first + n)
    if (this.leaving[chunk] !== 0) {
      this.chunkPagesKept[chunk] += n
      if (this.chunkPagesKept[chunk] < pagesIn(this.u8[chunk].length) - 1) return
      this.stay(chunk)
    } else {
      this.chunkPagesFree[chunk] += n
      this.pagesFree += n
    }
    if (this.strained && this.pagesFree >= this.reservePages) this.strained = false
    if (this.isEmpty(chunk) && this.snapshot === undefined && this.emptyChunks() > this.emptyKept)
      this.releaseChunk(chunk)
  }

  /** So many empty chunks are kept now. */
  private get emptyKept(): number {
    return this.keepsEmpty && this.committedBytes <= this.shared.limitBytes ? Infinity : this.spareChunks
  }

  private isEmpty(chunk: number): boolean {
    return this.chunkPagesFree[chunk] > 0 && this.chunkPagesFree[chunk] === pagesIn(this.u8[chunk].length) - 1
  }

  /** Chunks in which nothing is. */
  emptyChunks(): number {
    let n = 0
    for (let chunk = 0; chunk < this.u8.length; chunk++) if (this.isEmpty(chunk)) n++
    return n
  }

  /** Gives empty chunks back to the machine until so many are left. */
  trim(spare: number): void {
    if (this.snapshot !== undefined) return
    let left = this.emptyChunks()
    for (let chunk = this.u8.length - 1; chunk >= 0 && left > spare; chunk--) {
      if (!this.isEmpty(chunk)) continue
      this.releaseChunk(chunk)
      left--
    }
  }

  // ---- leaving

  /** Puts nothing more into a chunk, which is not leaving yet and holds no huge block. */
  leave(chunk: number): void {
    this.leaving[chunk] = 1
    this.leavingCount++
    this.pagesFree -= this.chunkPagesFree[chunk]
    this.chunkPagesKept[chunk] = this.chunkPagesFree[chunk]
    this.chunkPagesFree[chunk] = 0
    const kinds = this.i32[chunk].slice(HEADER_KIND_WORD, HEADER_KIND_WORD + PAGES_PER_CHUNK)
    for (let p = 1; p < PAGES_PER_CHUNK; p++) {
      const kind = kinds[p]
      if (kind <= 0 || kind === SPAN_TAIL) continue
      const page = (chunk << 7) | p
      if (this.pageListed[page] === LISTED) this.unlistPage(page, kind)
      this.pageListed[page] = WITHHELD
      if (this.pageUsed[page] === 0) this.pageEmptied(page, kind)
    }
  }

  /** Makes a leaving chunk one like all others. */
  private stay(chunk: number): void {
    this.leaving[chunk] = 0
    this.leavingCount--
    this.chunkPagesFree[chunk] = this.chunkPagesKept[chunk]
    this.pagesFree += this.chunkPagesKept[chunk]
    this.chunkPagesKept[chunk] = 0
    const words = this.i32[chunk]
    for (let p = 1; p < PAGES_PER_CHUNK; p++) {
      const page = (chunk << 7) | p
      if (this.pageListed[page] !== WITHHELD) continue
      const cls = words[HEADER_KIND_WORD + p]
      if (this.pageUsed[page] < CLASS_BLOCKS[cls]) this.listPage(page, cls)
      else this.pageListed[page] = UNLISTED
    }
  }

  /** Makes all leaving chunks ones like others, whatever is left in them. */
  stayAll(): void {
    for (let chunk = 0; chunk < this.u8.length; chunk++) if (this.leaving[chunk] !== 0) this.stay(chunk)
  }

  /** Where one more chunk would pass the limit: puts a leaving one back that has n pages free. Answers whether it did. */
  private putBack(n: number): boolean {
    if (this.leavingCount === 0 || !this.atLimit) return false
    let best = -1
    for (let chunk = 0; chunk < this.u8.length; chunk++) {
      const kept = this.chunkPagesKept[chunk]
      if (kept >= n && (best < 0 || kept > this.chunkPagesKept[best])) best = chunk
    }
    if (best < 0) return false
    this.stay(best)
    return true
  }

  // ---- chunks

  protected addChunk(bytes: number): number {
    let index = this.tryAddChunk(bytes)
    if (index >= 0) return index
    if (this.keepsEmpty) {
      this.trim(0)
      index = this.tryAddChunk(bytes)
      // What is kept for work in progress may have gone, too.
      this.fillReserve()
    }
    if (index < 0) throw new ArenaFullError(bytes)
    return index
  }

  /** The new chunk, or -1 where addresses or memory are used up. */
  private tryAddChunk(bytes: number): number {
    const index = this.freeChunks.pop() ?? this.u8.length
    if (index >= CHUNK_COUNT_MAX) return -1
    const memory = this.shared.take(bytes, this.reservedBytes)
    if (memory === undefined) {
      this.freeChunks.push(index)
      return -1
    }
    this.u8[index] = new Uint8Array(memory, 0, bytes)
    this.i32[index] = new Int32Array(memory, 0, bytes >>> 2)
    this.f64[index] = new Float64Array(memory, 0, bytes >>> 3)
    const pages = pagesIn(bytes)
    // What is not there is never free.
    this.i32[index].fill(SPAN_TAIL, HEADER_KIND_WORD + pages, HEADER_WORDS)
    this.hugeBytes[index] = 0
    this.reservedBytes += bytes
    this.growPageTables(index + 1)
    this.chunkPagesFree[index] = pages - 1
    this.pagesFree += pages - 1
    return index
  }

  protected releaseChunk(chunk: number): void {
    this.reservedBytes -= this.u8[chunk].length
    this.shared.drop(this.u8[chunk].length, this.u8[chunk].buffer)
    this.u8[chunk] = NO_BYTES
    this.i32[chunk] = NO_WORDS
    this.f64[chunk] = NO_DOUBLES
    this.hugeBytes[chunk] = 0
    this.pagesFree -= this.chunkPagesFree[chunk]
    this.chunkPagesFree[chunk] = 0
    this.pageListed.fill(UNLISTED, chunk << 7, (chunk + 1) << 7)
    this.freeChunks.push(chunk)
  }

  /** Forgets what is in a chunk that holds no huge block, and keeps it. */
  protected emptyChunk(chunk: number): void {
    const pages = pagesIn(this.u8[chunk].length)
    this.i32[chunk].fill(0, HEADER_KIND_WORD + 1, HEADER_KIND_WORD + pages)
    this.pageListed.fill(UNLISTED, chunk << 7, (chunk + 1) << 7)
    this.chunkPagesFree[chunk] = pages - 1
    this.pagesFree += pages - 1
  }

  /** Forgets which pages are free, and which chunks are leaving: all are about to go. */
  protected forgetPages(): void {
    this.classPages.fill(0)
    this.leaving.fill(0)
    this.leavingCount = 0
    this.chunkPagesKept.fill(0)
    this.chunkPagesFree.fill(0)
    this.pagesFree = 0
  }

  private growPageTables(chunks: number): void {
    if (chunks <= this.chunkPagesFree.length) return
    const n = Math.max(8, this.chunkPagesFree.length * 2)
    this.chunkPagesFree = grownInts(this.chunkPagesFree, n)
    this.chunkPagesKept = grownInts(this.chunkPagesKept, n)
    this.pageFree = grownInts(this.pageFree, n * PAGES_PER_CHUNK)
    this.pageBump = grownInts(this.pageBump, n * PAGES_PER_CHUNK)
    this.pageUsed = grownInts(this.pageUsed, n * PAGES_PER_CHUNK)
    this.pageNext = grownInts(this.pageNext, n * PAGES_PER_CHUNK)
    this.pagePrev = grownInts(this.pagePrev, n * PAGES_PER_CHUNK)
    this.pageListed = grownBytes(this.pageListed, n * PAGES_PER_CHUNK)
    this.leaving = grownBytes(this.leaving, n)
  }

  // ---- checking

  /** Asserts that a chunk offers the pages that are free in it, or keeps them; answers how many it offers. */
  protected checkFree(chunk: number, free: number): number {
    const leaves = this.leaving[chunk] !== 0
    const offered = leaves ? 0 : free
    if (this.chunkPagesFree[chunk] !== offered || this.chunkPagesKept[chunk] !== free - offered)
      throw new Error(`chunk ${chunk}: ${free} free pages, count says otherwise`)
    return offered
  }

  /** Asserts that a page stands in the list of its class, or does not, as it should. */
  protected checkListed(page: number, cls: number): void {
    const room = this.pageUsed[page] < CLASS_BLOCKS[cls]
    const wanted = this.leaving[page >>> 7] !== 0 ? WITHHELD : room ? LISTED : UNLISTED
    if (this.pageListed[page] !== wanted) throw new Error(`page ${page}: listing is wrong`)
  }
}

const grownBytes = (old: Uint8Array, length: number): Uint8Array => {
  const next = new Uint8Array(length)
  next.set(old)
  return next
}
