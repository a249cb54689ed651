/**
 * The arena: all data of a server, in chunks of shared memory, outside the JavaScript heap.
 *
 * Layout. A chunk is 8 MiB of shared memory (SharedMemory.ts), cut into 128 pages of 64 KiB. A page belongs to one size class
 * (SizeClasses.ts) and is cut into equal blocks, or is part of a span of whole pages (blocks over 32 KiB, up to 4 MiB).
 * A block over 4 MiB has a chunk of its own. An arena's first chunk has 56 pages, 3.5 MiB: a server with next to no data,
 * of which a test suite starts hundreds, takes no more. Page 0 of a chunk is its header:
 *
 *   byte 0     Int32  epoch in which the pre-image tables of this chunk were last cleared
 *   byte 512   Int32  pre-image table of each page: word offset in the snapshot's log, 0 = none (Snapshot.ts)
 *   byte 1024  Int32  kind of each page: 0 free, 1.. size class, -n head of a span of n pages, SPAN_TAIL
 *   byte 2048  blocks of the header page itself are never handed out
 *
 * Chunks and pages, and chunks that are being emptied, are the business of ArenaPages.ts.
 *
 * A ref (Ref.ts) names a chunk and a place in it. So an arena addresses 4096 chunks, 32 GiB, and a block over 4 MiB costs
 * one chunk index.
 *
 * Invariants (checkInvariants asserts them):
 *   - usedBytes is the sum of the sizes of all live blocks, to the byte;
 *   - a page's free list and bump pointer cover exactly the blocks that are not live;
 *   - a block stays where it is while it is live; only its owner may have another take its place (Relocation.ts);
 *   - while a snapshot is open no block that was live when it opened is handed out again (free parks it);
 *   - unless `strained`, as many pages are free as are kept in reserve, whenever pages have been taken.
 *
 * Worked example: ref 0x00102000 is chunk 1, unit 0x2000, byte 65536: the first block of page 1 of chunk 1.
 */
import { copyBytes, grownInts } from "../bytes/Bytes.js"
import { CHUNK_BYTES, HEADER_KIND_WORD, PAGES_PER_CHUNK, SPAN_TAIL } from "./ArenaLayout.js"
import { ArenaPages } from "./ArenaPages.js"
import { byteInPage, byteOf, chunkOf, pageOf, type Ref, refOf, wordOf } from "./Ref.js"
import { RefSet } from "./RefSet.js"
import { CLASS_BLOCKS, CLASS_BYTES, CLASS_OF, PAGE_BYTES, SMALL_BYTES_MAX } from "./SizeClasses.js"
import { Snapshot } from "./Snapshot.js"

export { copyBytes } from "../bytes/Bytes.js"
export { ArenaFullError, CHUNK_BYTES } from "./ArenaLayout.js"
export { CHUNK_COUNT_MAX, type Ref } from "./Ref.js"

const PARKED_LEAST = 1024
const SPAN_BYTES_MAX = 4 * 1024 * 1024

export class Arena extends ArenaPages {
  /** Bytes in live blocks, block sizes rounded up to their class. */
  usedBytes = 0
  /** Bytes of blocks freed while a snapshot was open, not yet reusable. */
  parkedBytes = 0
  usedBytesPeak = 0
  /** Writes to live blocks so far, modulo 2^32: equal twice, nothing that was reachable has changed between. */
  writes = 0
  /** A block somebody comes back to; 0 when it was freed meanwhile. */
  marked: Ref = 0
  /** 0 while no snapshot is open: the one test that willWrite makes on the hot path. */
  private epoch = 0
  private epochLast = 0

  /** Chunks dropped by `dropAll` while a snapshot was open. */
  private readonly parkedChunks: Array<number> = []
  /** Parked blocks: the first `takenBack` are reusable, those up to `ripe` no snapshot reads any more. */
  private parkedRefs: Int32Array = new Int32Array(PARKED_LEAST)
  private parkedCount = 0
  private ripe = 0
  private takenBack = 0

  /**
   * Hands out a block of at least `bytes` bytes. Its contents are undefined.
   * @throws ArenaFullError when 32 GiB of addresses or the machine's memory are used up
   */
  alloc(bytes: number): Ref {
    if (bytes > SMALL_BYTES_MAX) return this.allocSpan(bytes)
    const cls = CLASS_OF[(bytes + 7) >> 3]
    const size = CLASS_BYTES[cls]
    let page = this.classPages[cls] - 1
    if (page < 0) page = this.addClassPage(cls)
    const chunk = page >>> 7
    const pageByte = (page & 127) << 16
    const free = this.pageFree[page]
    let offset: number
    if (free !== 0) {
      offset = free - 1
      this.pageFree[page] = this.i32[chunk][(pageByte + offset) >>> 2]
    } else {
      offset = this.pageBump[page]
      this.pageBump[page] = offset + size
    }
    if (++this.pageUsed[page] === CLASS_BLOCKS[cls]) this.unlistPage(page, cls)
    this.usedBytes += size
    if (this.usedBytes > this.usedBytesPeak) this.usedBytesPeak = this.usedBytes
    const ref = refOf(chunk, pageByte + offset)
    if (this.epoch !== 0) this.snapshotOrDie().markBorn(ref)
    return ref
  }

  /** Takes a block back. While a snapshot is open a block it may still read is parked: see `takeBack`. */
  free(ref: Ref): void {
    if (ref === this.marked) this.marked = 0
    if (this.epoch !== 0) {
      const snapshot = this.snapshotOrDie()
      if (!snapshot.isBorn(ref)) {
        const size = this.blockSize(ref)
        this.usedBytes -= size
        this.parkedBytes += size
        this.park(ref)
        return
      }
    }
    this.usedBytes -= this.release(ref)
  }

  /** Size in bytes of the block at `ref`, as handed out (rounded up). */
  blockSize(ref: Ref): number {
    const chunk = chunkOf(ref)
    const huge = this.hugeBytes[chunk]
    if (huge !== 0) return huge
    const kind = this.i32[chunk][HEADER_KIND_WORD + pageOf(ref)]
    return kind > 0 ? CLASS_BYTES[kind] : -kind * PAGE_BYTES
  }

  /**
   * The hook every mutation of a live block passes before it writes: saves the block for the open snapshot, once.
   * A block may be written without it only in fields that no snapshot reader reads (access time, timer links).
   */
  willWrite(ref: Ref): void {
    this.writes = (this.writes + 1) | 0
    if (this.epoch !== 0) this.snapshotOrDie().save(ref)
  }

  /** Moves a block's contents to a block of at least `bytes` bytes, keeping `keep` bytes; returns the new ref. */
  realloc(ref: Ref, bytes: number, keep: number): Ref {
    const next = this.alloc(bytes)
    this.copy(ref, 0, next, 0, keep)
    this.free(ref)
    return next
  }

  /** Another block of the same size with the same contents. The owner of the block frees it once nothing leads to it. */
  twin(ref: Ref): Ref {
    const bytes = this.blockSize(ref)
    const twin = this.alloc(bytes)
    this.copy(ref, 0, twin, 0, bytes)
    return twin
  }

  /** Copies n bytes from one block into another (or the same) block. */
  copy(from: Ref, fromByte: number, to: Ref, toByte: number, n: number): void {
    const src = this.u8[chunkOf(from)]
    const s = byteOf(from) + fromByte
    const dst = this.u8[chunkOf(to)]
    const d = byteOf(to) + toByte
    copyBytes(src, s, dst, d, n)
  }

  /** Opens a frozen view of everything; blocks written from now on save their pre-image first. */
  openSnapshot(): Snapshot {
    if (this.snapshot !== undefined) throw new Error("a snapshot is open already")
    // Reserving the log may fail: then nothing has been opened.
    const snapshot = new Snapshot(this, (this.epochLast + 1) | 0)
    this.epoch = this.epochLast = (this.epochLast + 1) | 0
    this.snapshot = snapshot
    return snapshot
  }

  /** Ends the frozen view. What was freed under it is taken back by and by (`takeBack`). Readers must have stopped. */
  closeSnapshot(): void {
    if (this.snapshot === undefined) throw new Error("no snapshot is open")
    this.shared.drop(this.snapshot.logBytes, this.snapshot)
    this.snapshot = undefined
    this.epoch = 0
    for (const chunk of this.parkedChunks) this.releaseChunk(chunk)
    this.parkedChunks.length = 0
    this.ripe = this.parkedCount
  }

  /** Takes back at most `count` blocks that were freed under snapshots closed since; answers whether any is left. */
  takeBack(count: number): boolean {
    const end = Math.min(this.ripe, this.takenBack + count)
    while (this.takenBack < end) this.parkedBytes -= this.release(this.parkedRefs[this.takenBack++])
    if (end < this.ripe) return true
    if (end === this.parkedCount && end > 0) this.forgetParked()
    return false
  }

  private forgetParked(): void {
    this.parkedCount = this.ripe = this.takenBack = 0
    if (this.parkedRefs.length > PARKED_LEAST) this.parkedRefs = new Int32Array(PARKED_LEAST)
  }

  /** Forgets every block at once (FLUSHALL): the chunks are dropped, or kept empty. */
  dropAll(): void {
    this.forgetPages()
    this.marked = 0
    for (let chunk = 0; chunk < this.u8.length; chunk++) {
      if (this.u8[chunk].length === 0) continue
      if (this.snapshot !== undefined) {
        if (!this.parkedChunks.includes(chunk)) this.parkedChunks.push(chunk)
      } else if (this.keepsEmpty && this.hugeBytes[chunk] === 0) this.emptyChunk(chunk)
      else this.releaseChunk(chunk)
    }
    this.strained = false
    this.forgetParked()
    this.parkedBytes = 0
    this.usedBytes = 0
  }

  private snapshotOrDie(): Snapshot {
    const snapshot = this.snapshot
    if (snapshot === undefined) throw new Error("epoch without snapshot")
    return snapshot
  }

  private park(ref: Ref): void {
    if (this.parkedCount === this.parkedRefs.length)
      this.parkedRefs = grownInts(this.parkedRefs, this.parkedCount * 2)
    this.parkedRefs[this.parkedCount++] = ref
  }

  /** Returns the block to its page, the page to its chunk, the chunk to the machine; answers the block's size. */
  private release(ref: Ref): number {
    const chunk = chunkOf(ref)
    const huge = this.hugeBytes[chunk]
    if (huge !== 0) {
      this.releaseChunk(chunk)
      if (this.strained) this.fillReserve()
      return huge
    }
    const words = this.i32[chunk]
    const pageInChunk = pageOf(ref)
    const kind = words[HEADER_KIND_WORD + pageInChunk]
    const page = (chunk << 7) | pageInChunk
    if (kind < 0) {
      this.returnPages(chunk, pageInChunk, -kind)
      return -kind * PAGE_BYTES
    }
    const offset = byteInPage(ref)
    words[wordOf(ref)] = this.pageFree[page]
    this.pageFree[page] = offset + 1
    const used = --this.pageUsed[page]
    if (this.pageListed[page] === 0) this.listPage(page, kind)
    if (used === 0) this.pageEmptied(page, kind)
    return CLASS_BYTES[kind]
  }

  private allocSpan(bytes: number): Ref {
    if (bytes > SPAN_BYTES_MAX) return this.allocHuge(bytes)
    const n = Math.ceil(bytes / PAGE_BYTES)
    const page = this.takePages(n)
    const chunk = page >>> 7
    const kinds = HEADER_KIND_WORD + (page & 127)
    const words = this.i32[chunk]
    words[kinds] = -n
    for (let i = 1; i < n; i++) words[kinds + i] = SPAN_TAIL
    return this.account(refOf(chunk, (page & 127) * PAGE_BYTES), n * PAGE_BYTES)
  }

  private allocHuge(bytes: number): Ref {
    // The header page comes first here too: snapshots keep their tables in it.
    const n = Math.ceil(bytes / PAGE_BYTES)
    const size = n * PAGE_BYTES
    // It can't lie in empty chunks that are kept: it takes their place, but for one, which may be the reserve.
    if (this.keepsEmpty) this.trim(Math.max(1, this.emptyChunks() - Math.ceil(size / CHUNK_BYTES)))
    const chunk = this.addChunk(size + PAGE_BYTES)
    this.hugeBytes[chunk] = size
    this.noteTaken(n)
    this.claim(chunk, 1, PAGES_PER_CHUNK - 1)
    this.i32[chunk][HEADER_KIND_WORD + 1] = -n
    return this.account(refOf(chunk, PAGE_BYTES), size)
  }

  private account(ref: Ref, size: number): Ref {
    this.usedBytes += size
    if (this.usedBytes > this.usedBytesPeak) this.usedBytesPeak = this.usedBytes
    if (this.epoch !== 0) this.snapshotOrDie().markBorn(ref)
    return ref
  }

  /**
   * Asserts the invariants of the file header; throws on the first that does not hold. Calls `visit` with every live block,
   * those aside that wait for a snapshot to close.
   */
  checkInvariants(visit: (ref: Ref) => void = () => {}): void {
    const parked = new RefSet()
    for (const ref of this.parkedRefs.subarray(this.takenBack, this.parkedCount)) parked.add(ref)
    const freed = new RefSet()
    const found = (ref: Ref): void => {
      if (!parked.has(ref)) visit(ref)
    }
    let bytes = 0
    let pagesFree = 0
    for (let chunk = 0; chunk < this.u8.length; chunk++) {
      if (this.u8[chunk].length === 0 || this.parkedChunks.includes(chunk)) continue
      let free = 0
      for (let p = 1; p < PAGES_PER_CHUNK; p++) {
        const kind = this.i32[chunk][HEADER_KIND_WORD + p]
        if (kind === 0) free++
        else if (kind > 0 && kind !== SPAN_TAIL) bytes += this.checkPage(chunk, p, kind, freed, found)
        else if (kind < 0) {
          bytes += -kind * PAGE_BYTES
          found(refOf(chunk, p * PAGE_BYTES))
        }
        if (this.hugeBytes[chunk] !== 0) break
      }
      pagesFree += this.checkFree(chunk, free)
    }
    if (pagesFree !== this.pagesFree) throw new Error(`${pagesFree} free pages, counted ${this.pagesFree}`)
    if (bytes !== this.usedBytes + this.parkedBytes) {
      throw new Error(
        `blocks sum to ${bytes}, accounted ${this.usedBytes} used and ${this.parkedBytes} parked`,
      )
    }
  }

  private checkPage(chunk: number, p: number, cls: number, freed: RefSet, found: (ref: Ref) => void): number {
    const page = (chunk << 7) | p
    const size = CLASS_BYTES[cls]
    const bump = this.pageBump[page]
    const before = freed.size
    for (let at = this.pageFree[page]; at !== 0; at = this.i32[chunk][((p << 16) + at - 1) >>> 2]) {
      if ((at - 1) % size !== 0 || at > bump || !freed.add(refOf(chunk, p * PAGE_BYTES + at - 1)))
        throw new Error(`page ${page}: broken free list`)
    }
    for (let at = 0; at < bump; at += size) {
      const ref = refOf(chunk, p * PAGE_BYTES + at)
      if (!freed.has(ref)) found(ref)
    }
    if (bump / size - (freed.size - before) !== this.pageUsed[page])
      throw new Error(`page ${page}: used count is wrong`)
    this.checkListed(page, cls)
    return this.pageUsed[page] * size
  }
}
