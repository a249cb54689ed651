/**
 * Output that a peer is not ready for, in few and well filled pieces.
 *
 * Replies are small, and lie in a buffer that many connections share: keeping a view of it for each of them would hold the
 * whole buffer for a few bytes. So small parts are copied, one behind the other; large ones are kept as they are.
 *
 * Invariants: pieces leave in the order in which they were added; `bytes` is what all of them hold, to the byte.
 */

/** A part of so many bytes is not copied. */
const WHOLE_BYTES_MIN = 16 * 1024
/** Sizes of the blocks that small parts are copied to: the first, and the largest. */
const BLOCK_BYTES_MIN = 4 * 1024
const BLOCK_BYTES_MAX = 256 * 1024

const NO_BYTES = new Uint8Array(0)

export class KeptOutput {
  bytes = 0
  private pieces: Array<Uint8Array> = []
  /** The block being filled, behind all pieces. */
  private block: Uint8Array = NO_BYTES
  private used = 0
  private blockBytes = BLOCK_BYTES_MIN

  /** Pieces that wait. */
  get count(): number {
    return this.pieces.length + (this.used > 0 ? 1 : 0)
  }

  /** Adds a part; answers whether it was copied, so that its memory may be used again. */
  add(part: Uint8Array): boolean {
    this.bytes += part.length
    if (part.length >= WHOLE_BYTES_MIN) {
      this.seal()
      this.pieces.push(part)
      return false
    }
    let from = 0
    while (from < part.length) {
      if (this.used === this.block.length) this.begin()
      const n = Math.min(part.length - from, this.block.length - this.used)
      this.block.set(part.subarray(from, from + n), this.used)
      this.used += n
      from += n
    }
    return true
  }

  /** Takes the next piece out; undefined when nothing waits. */
  next(): Uint8Array | undefined {
    if (this.pieces.length === 0) this.seal()
    const piece = this.pieces.shift()
    if (piece === undefined) this.blockBytes = BLOCK_BYTES_MIN
    else this.bytes -= piece.length
    return piece
  }

  clear(): void {
    this.pieces = []
    this.block = NO_BYTES
    this.bytes = this.used = 0
    this.blockBytes = BLOCK_BYTES_MIN
  }

  private begin(): void {
    this.seal()
    this.block = new Uint8Array(this.blockBytes)
    this.blockBytes = Math.min(BLOCK_BYTES_MAX, this.blockBytes * 2)
  }

  /** Makes a piece of what the block holds. */
  private seal(): void {
    if (this.used > 0) this.pieces.push(this.block.subarray(0, this.used))
    this.block = NO_BYTES
    this.used = 0
  }
}
