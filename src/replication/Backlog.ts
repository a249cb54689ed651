/**
 * The backlog: the last part of the replication stream, kept for replicas that come back, and the queue of what attached
 * replicas have not been sent yet. Both are one list of blocks; a replica is only an offset into it.
 *
 * Layout. A block is a Buffer with the stream's bytes from offset `start` on, `used` of them filled. Bytes once written
 * are never changed, so parts of a block are handed to sockets without a copy. Offsets count bytes of the stream from
 * 1: byte number n is the one that made master_repl_offset n.
 *
 * Invariants: blocks follow each other without a gap; every block but the last is full up to the next one's start; the
 * first block is dropped only when the rest holds at least `size` bytes and no reader stands in it.
 *
 * Limits: a slow reader pins blocks beyond `size`; the caller cuts readers that lag too far (lagOf).
 *
 * Example: size 1 MB, stream at 5,000,000: bytes 3,951,425..5,000,000 at least are there, and a replica that asks for
 * offset 4,000,000 gets the million bytes it missed.
 */
import { WordCopy } from "../bytes/WordCopy.js"

/** Least sizes of a block, for a small and for a large backlog; larger commands get a block of their own size. */
const BLOCK_BYTES_MIN = 16 * 1024
const BLOCK_BYTES_MAX = 64 * 1024

interface Block {
  readonly bytes: Buffer
  /** Offset of the first byte. */
  readonly start: number
  used: number
}

/** Somebody who reads the stream: `next` is the offset of the next byte to read. */
export interface BacklogReader {
  next: number
}

export class Backlog {
  private readonly blocks: Array<Block> = []
  private readonly readers = new Set<BacklogReader>()
  /** The block that is being filled. */
  private last: Block | undefined = undefined
  private readonly words = new WordCopy()
  private total = 0
  private end: number

  /**
   * @param size bytes to keep (repl-backlog-size)
   * @param offset stream offset so far: the first byte appended is number offset + 1
   */
  constructor(
    public size: number,
    offset: number,
  ) {
    this.end = offset + 1
  }

  /** Offset of the oldest byte held, as INFO's repl_backlog_first_byte_offset. */
  get first(): number {
    return this.end - this.total
  }

  /** Bytes held, as INFO's repl_backlog_histlen. */
  get length(): number {
    return this.total
  }

  /** Bytes of memory the blocks take. */
  get memoryBytes(): number {
    let bytes = 0
    for (const block of this.blocks) bytes += block.bytes.length
    return bytes
  }

  /** Offset the next byte appended will have. */
  get next(): number {
    return this.end
  }

  private get blockBytes(): number {
    return Math.max(BLOCK_BYTES_MIN, Math.min(BLOCK_BYTES_MAX, this.size >>> 4))
  }

  append(src: Uint8Array, off: number, len: number): void {
    const { last } = this
    if (last !== undefined && len <= last.bytes.length - last.used) {
      this.words.copy(src, off, len, last.bytes, last.used)
      last.used += len
      this.end += len
      this.total += len
      return
    }
    let from = off
    let left = len
    while (left > 0) {
      let block = this.last
      if (block === undefined || block.used === block.bytes.length) {
        block = { bytes: Buffer.allocUnsafeSlow(Math.max(this.blockBytes, left)), start: this.end, used: 0 }
        this.blocks.push(block)
        this.last = block
      }
      const n = Math.min(left, block.bytes.length - block.used)
      block.bytes.set(src.subarray(from, from + n), block.used)
      block.used += n
      this.end += n
      this.total += n
      from += n
      left -= n
    }
    this.trim()
  }

  /** Whether the byte at `offset`, or the end of the stream, can be read from here on. */
  holds(offset: number): boolean {
    return offset >= this.first && offset <= this.end
  }

  /** Adds a reader at `offset`, which must be held; it pins what it has not read. */
  attach(offset: number): BacklogReader {
    if (!this.holds(offset)) throw new Error(`backlog holds ${this.first}..${this.end - 1}, not ${offset}`)
    const reader: BacklogReader = { next: offset }
    this.readers.add(reader)
    return reader
  }

  /** Sets the bytes to keep. */
  resize(size: number): void {
    this.size = size
    this.trim()
  }

  detach(reader: BacklogReader): void {
    this.readers.delete(reader)
    this.trim()
  }

  /** Bytes the reader has not read. */
  lagOf(reader: BacklogReader): number {
    return this.end - reader.next
  }

  /**
   * The next bytes for a reader, at most `max`, as a view that stays valid; undefined when it has read everything. The
   * reader moves past them.
   */
  read(reader: BacklogReader, max: number): Buffer | undefined {
    if (reader.next >= this.end) return undefined
    const block = this.blockAt(reader.next)
    const from = reader.next - block.start
    const n = Math.min(block.used - from, max)
    reader.next += n
    this.trim()
    return block.bytes.subarray(from, from + n)
  }

  /** Asserts the invariants of the file header of blocks and readers. */
  checkInvariants(): void {
    let at = this.first
    for (const [i, block] of this.blocks.entries()) {
      if (block.start !== at) throw new Error(`backlog: a block starts at ${block.start}, not at ${at}`)
      if (block.used > block.bytes.length || (block !== this.last && block.used === 0))
        throw new Error("backlog: a block is filled beyond its end, or not at all")
      if (i < this.blocks.length - 1 && block.used !== block.bytes.length)
        throw new Error("backlog: a block that is not the last is not full")
      at += block.used
    }
    if (at !== this.end) throw new Error(`backlog: blocks end at ${at}, the stream at ${this.end}`)
    if (this.blocks.at(-1) !== this.last) throw new Error("backlog: another block is the last")
    for (const { next } of this.readers)
      if (!this.holds(next)) throw new Error(`backlog: a reader stands at ${next}, which is not held`)
  }

  /** The last bytes, at most `max`, for the log. */
  latest(max: number): Buffer {
    const reader = this.attach(Math.max(this.first, this.next - max))
    const parts: Array<Buffer> = []
    for (let part = this.read(reader, max); part !== undefined; part = this.read(reader, max))
      parts.push(part)
    this.detach(reader)
    return Buffer.concat(parts)
  }

  private blockAt(offset: number): Block {
    // Readers are nearly always at the end.
    for (let i = this.blocks.length - 1; i >= 0; i--) {
      const block = this.blocks[i]
      if (block !== undefined && block.start <= offset) return block
    }
    throw new Error(`backlog has no byte ${offset}`)
  }

  private trim(): void {
    for (;;) {
      const block = this.blocks[0]
      if (block === undefined || this.blocks.length < 2 || this.total - block.used < this.size) return
      const after = block.start + block.used
      for (const reader of this.readers) if (reader.next < after) return
      this.blocks.shift()
      this.total -= block.used
    }
  }
}
