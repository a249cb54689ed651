/**
 * Output that waits until the command log is safe (ReplyHold.ts), in order. The bytes are copies, one behind the other in a
 * buffer of the connection's own that is filled again once the socket is done with it: a reply that waits costs no memory
 * of its own, and what has become safe together leaves in one piece.
 *
 *     bytes: | given out | waits for untils[first] | waits for the next | ... | free |
 *            0         begin                    ends[first]                  end
 */

const FIRST_BYTES = 256
/** A larger buffer is not filled again. */
const KEPT_BYTES_MAX = 1024

const NO_BYTES = new Uint8Array(0)

export class HeldOutput {
  private buffer: Uint8Array = NO_BYTES
  private begin = 0
  private end = 0
  private untils: Array<number> = []
  private ends: Array<number> = []
  private first = 0

  /** Pieces that wait. */
  get count(): number {
    return this.untils.length - this.first
  }

  get bytes(): number {
    return this.end - this.begin
  }

  add(until: number, bytes: Uint8Array): void {
    if (bytes.length > this.buffer.length - this.end) this.grow(bytes.length)
    this.buffer.set(bytes, this.end)
    this.end += bytes.length
    const last = this.untils.length - 1
    if (last >= this.first && this.untils[last] === until) {
      this.ends[last] = this.end
      return
    }
    this.untils.push(until)
    this.ends.push(this.end)
  }

  /**
   * Takes out what may go now: nothing passes what was added before it. The bytes are the caller's until it calls `reuse`,
   * and for good if it does not.
   */
  next(safe: number): Uint8Array | undefined {
    const { untils, ends, begin } = this
    let { first } = this
    while (first < untils.length && untils[first] <= safe) first++
    if (first === this.first) return undefined
    this.begin = ends[first - 1]
    this.first = first
    const piece = this.buffer.subarray(begin, this.begin)
    if (first === untils.length) untils.length = ends.length = this.first = 0
    return piece
  }

  /** Nobody needs what was given out any more. */
  reuse(): void {
    if (this.begin < this.end) return
    if (this.buffer.length > KEPT_BYTES_MAX) this.buffer = NO_BYTES
    this.begin = this.end = 0
  }

  clear(): void {
    this.untils = []
    this.ends = []
    this.first = this.begin = this.end = 0
    this.buffer = NO_BYTES
  }

  /** Goes on in a new buffer. What was given out stays in the old one. */
  private grow(length: number): void {
    const { begin, end, first } = this
    const waiting = end - begin
    const grown = new Uint8Array(Math.max(FIRST_BYTES, waiting * 2 + length))
    grown.set(this.buffer.subarray(begin, end))
    this.buffer = grown
    this.untils = this.untils.slice(first)
    this.ends = this.ends.slice(first).map((to) => to - begin)
    this.first = this.begin = 0
    this.end = waiting
  }
}
