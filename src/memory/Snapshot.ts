/**
 * A snapshot: the frozen view of an arena, and the pre-images it is made of.
 *
 * Opening freezes nothing and copies nothing: it takes an epoch number and reserves an address range, the log. From then
 * on the first write to a block that was live at the opening copies that block to the log (`save`), and blocks handed
 * out later are marked as born after it. The live block stays where it is. A reader (FrozenReader) on this or another
 * thread copies a block first and asks after the pre-image second: if there is one, the copy may be torn and the
 * pre-image is taken; if there is none, no write had begun when the copy was made.
 *
 * Log layout (Int32 words; positions count units of 8 bytes, position 0 is never used):
 *   table of a page   one word a block of that page: 0 untouched, BORN, or the position of its pre-image
 *   pre-image         the block's bytes, as many as its size class has
 * The chunk header (Arena.ts) holds, for each page, the position of its table, 0 for none, or BORN for a page that was
 * empty at the opening. Those words count only when the chunk's epoch word equals the snapshot's epoch, so opening need
 * not clear them.
 *
 * Order of a save, each step visible to other threads before the next: copy, publish the position, then the caller
 * writes. A log as long as all blocks and their tables (a quarter of them at most) is reserved at once; only what is
 * written becomes resident.
 *
 * Limits: one open snapshot an arena, 16 GiB of log. The log is seen as Int32 words only: views of more than 2^32 elements,
 * as bytes would need, do not exist everywhere.
 */
import { HEADER_EPOCH_WORD, HEADER_KIND_WORD, HEADER_PREIMAGE_WORD } from "./ArenaLayout.js"
import { byteInPage, byteOf, chunkOf, pageOf, type Ref, wordOf } from "./Ref.js"
import { CLASS_BLOCKS, CLASS_BYTES, PAGE_BYTES } from "./SizeClasses.js"

/** Marks a block, or a whole page, that came to life after the snapshot opened: no reader can reach it. */
const BORN = -1

/** Which block of its page a ref names, by the page's kind; a span is one block. */
const blockInPage = (ref: Ref, kind: number): number =>
  kind > 0 ? (byteInPage(ref) / CLASS_BYTES[kind]) | 0 : 0

/** What a reader on another thread needs: plain data and shared memory, fit for postMessage. */
export interface SnapshotHandle {
  readonly epoch: number
  /** Views of shared memory; an empty one for a chunk that is not there. */
  readonly chunks: ReadonlyArray<Uint8Array>
  readonly log: SharedArrayBuffer
}

/** What a snapshot needs of the arena it is of. */
interface Chunks {
  readonly u8: ReadonlyArray<Uint8Array>
  readonly i32: ReadonlyArray<Int32Array>
  readonly reservedBytes: number
}

export class Snapshot {
  readonly handle: SnapshotHandle
  /** Bytes of pre-images and tables written so far: what the snapshot costs in memory. */
  get logBytes(): number {
    // Word pair 0 is never written: offset 0 means that there is no pre-image.
    return (this.next - 1) * 8
  }
  private readonly log: Int32Array
  private next = 1

  constructor(
    private readonly arena: Chunks,
    private readonly epoch: number,
  ) {
    const shared = new SharedArrayBuffer(Math.ceil(arena.reservedBytes * 0.1625) * 8 + 65536)
    this.log = new Int32Array(shared)
    this.handle = {
      epoch,
      chunks: [...arena.u8],
      log: shared,
    }
  }

  /** Saves the block's contents unless that was done, or the block is younger than the snapshot. */
  save(ref: Ref): void {
    const chunk = chunkOf(ref)
    const header = this.arena.i32[chunk]
    const kind = header[HEADER_KIND_WORD + pageOf(ref)]
    const table = this.table(ref, header, kind)
    if (table === BORN) return
    const at = table * 2 + blockInPage(ref, kind)
    if (this.log[at] !== 0) return
    const size = kind > 0 ? CLASS_BYTES[kind] : -kind * PAGE_BYTES
    const position = this.next
    this.next += size >>> 3
    const from = byteOf(ref)
    if (size <= 256) {
      const w = from >>> 2
      const n = size >>> 2
      const to = position * 2
      for (let i = 0; i < n; i++) this.log[to + i] = header[w + i]
    } else {
      this.log.set(header.subarray(from >>> 2, (from + size) >>> 2), position * 2)
    }
    Atomics.store(this.log, at, position)
  }

  /** Notes that a block was handed out after the opening, so that writing or freeing it costs nothing. */
  markBorn(ref: Ref): void {
    const header = this.arena.i32[chunkOf(ref)]
    const kind = header[HEADER_KIND_WORD + pageOf(ref)]
    const table = this.table(ref, header, kind)
    if (table === BORN) return
    this.log[table * 2 + blockInPage(ref, kind)] = BORN
  }

  isBorn(ref: Ref): boolean {
    const header = this.arena.i32[chunkOf(ref)]
    if (header[HEADER_EPOCH_WORD] !== this.epoch) return false
    const page = pageOf(ref)
    const table = header[HEADER_PREIMAGE_WORD + page]
    if (table === 0) return false
    if (table === BORN) return true
    const kind = header[HEADER_KIND_WORD + page]
    return this.log[table * 2 + blockInPage(ref, kind)] === BORN
  }

  /** Notes that pages handed out now were empty at the opening: everything in them is born after it. */
  markPagesBorn(chunk: number, first: number, n: number): void {
    const header = this.arena.i32[chunk]
    this.freshen(header)
    header.fill(BORN, HEADER_PREIMAGE_WORD + first, HEADER_PREIMAGE_WORD + first + n)
  }

  private freshen(header: Int32Array): void {
    if (header[HEADER_EPOCH_WORD] === this.epoch) return
    header.fill(0, HEADER_PREIMAGE_WORD, HEADER_PREIMAGE_WORD + 128)
    Atomics.store(header, HEADER_EPOCH_WORD, this.epoch)
  }

  private table(ref: Ref, header: Int32Array, kind: number): number {
    this.freshen(header)
    const at = HEADER_PREIMAGE_WORD + pageOf(ref)
    const found = header[at]
    if (found !== 0) return found
    const position = this.next
    this.next += kind > 0 ? (CLASS_BLOCKS[kind] + 1) >>> 1 : 1
    Atomics.store(header, at, position)
    return position
  }
}

/** A reader's own copy of one block. */
export class FrozenBlock {
  u8: Uint8Array = new Uint8Array(256)
  i32: Int32Array = new Int32Array(this.u8.buffer)
  f64: Float64Array = new Float64Array(this.u8.buffer)
  bytes = 0

  reserve(n: number): void {
    if (this.u8.length >= n) return
    const buffer = new ArrayBuffer(Math.max(n, this.u8.length * 2))
    this.u8 = new Uint8Array(buffer)
    this.i32 = new Int32Array(buffer)
    this.f64 = new Float64Array(buffer)
  }
}

/**
 * Reads blocks as they were when the snapshot opened; works on any thread, from the handle alone. Each reader keeps as
 * many FrozenBlocks as it needs to look at together; a load overwrites the one it is given.
 */
export class FrozenReader {
  private readonly u8: Array<Uint8Array>
  private readonly i32: Array<Int32Array>
  private log: Int32Array
  private readonly epoch: number

  constructor(handle: SnapshotHandle) {
    this.u8 = [...handle.chunks]
    this.i32 = handle.chunks.map((c) => new Int32Array(c.buffer, c.byteOffset, c.length >>> 2))
    this.log = new Int32Array(handle.log)
    this.epoch = handle.epoch
  }

  /** Holds nothing of the arena any more, and is good for nothing. */
  letGo(): void {
    this.u8.length = 0
    this.i32.length = 0
    this.log = new Int32Array(0)
  }

  /**
   * Touches word `word` of each of n blocks in one go, so that the waits for memory overlap, and answers the words: as
   * they are now, good for nothing but foreseeing what is read next.
   */
  foresee(refs: Int32Array, n: number, word: number, words: Int32Array): void {
    const { i32 } = this
    for (let k = 0; k < n; k++) {
      const chunk = chunkOf(refs[k])
      words[k] = chunk < i32.length ? i32[chunk][wordOf(refs[k]) + word] : 0
    }
  }

  /** Copies the block at `ref`, as it was at the opening, to the start of `into`. */
  load(ref: Ref, into: FrozenBlock): void {
    const chunk = chunkOf(ref)
    const header = this.i32[chunk]
    const page = pageOf(ref)
    const kind = header[HEADER_KIND_WORD + page]
    const size = kind > 0 ? CLASS_BYTES[kind] : -kind * PAGE_BYTES
    const from = byteOf(ref)
    into.reserve(size)
    into.bytes = size
    if (size <= 256) {
      const w = from >>> 2
      const n = size >>> 2
      for (let i = 0; i < n; i++) into.i32[i] = header[w + i]
    } else {
      into.u8.set(this.u8[chunk].subarray(from, from + size))
    }
    // Only now: a writer publishes the pre-image before it touches the block, so "none" proves the copy whole.
    if (Atomics.load(header, HEADER_EPOCH_WORD) !== this.epoch) return
    const table = Atomics.load(header, HEADER_PREIMAGE_WORD + page)
    if (table <= 0) return
    const position = Atomics.load(this.log, table * 2 + blockInPage(ref, kind))
    if (position > 0) into.i32.set(this.log.subarray(position * 2, position * 2 + (size >>> 2)))
  }
}
