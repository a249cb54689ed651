/**
 * The ring of buffers between a snapshot's worker thread, which fills them, and the main thread, which empties them.
 *
 * Control words (Int32): 0 buffers filled so far   1 buffers emptied so far   2 stop   3 keys written   4.. bytes in
 * each buffer. The filler waits on word 1 while all buffers are full, so memory does not grow with the reader's
 * slowness; the emptier is told of each buffer by a message. Buffer i mod SLOTS is the filler's from the moment it is
 * emptied to the moment it is filled, and the emptier's otherwise.
 */

const SLOTS = 4
const SLOT_BYTES = 512 * 1024
const FILLED = 0
const EMPTIED = 1
const STOP = 2
const KEYS = 3
const LENGTHS = 4

/** What both threads share; fit for postMessage. */
export interface RingHandle {
  readonly control: SharedArrayBuffer
  readonly buffers: SharedArrayBuffer
}

export const makeRing = (): RingHandle => ({
  control: new SharedArrayBuffer((LENGTHS + SLOTS) * 4),
  buffers: new SharedArrayBuffer(SLOTS * SLOT_BYTES),
})

/** The filling side. */
export class RingFiller {
  private readonly control: Int32Array
  private readonly slots: ReadonlyArray<Uint8Array>
  private filled = 0

  constructor(
    handle: RingHandle,
    private readonly announce: () => void,
  ) {
    this.control = new Int32Array(handle.control)
    this.slots = slotsOf(handle)
  }

  get first(): Uint8Array {
    return this.slots[0]
  }

  get stopped(): boolean {
    return Atomics.load(this.control, STOP) !== 0
  }

  noteKeys(keys: number): void {
    Atomics.store(this.control, KEYS, keys | 0)
  }

  /** Hands a full buffer over and answers the next one, waiting for it. */
  push(length: number): Uint8Array {
    const { control } = this
    control[LENGTHS + (this.filled % SLOTS)] = length
    Atomics.store(control, FILLED, ++this.filled)
    this.announce()
    for (;;) {
      const emptied = Atomics.load(control, EMPTIED)
      if (this.filled - emptied < SLOTS || this.stopped) return this.slots[this.filled % SLOTS]
      Atomics.wait(control, EMPTIED, emptied)
    }
  }
}

/** The emptying side. */
export class RingEmptier {
  private readonly control: Int32Array
  private readonly slots: ReadonlyArray<Uint8Array>
  private emptied = 0

  constructor(handle: RingHandle) {
    this.control = new Int32Array(handle.control)
    this.slots = slotsOf(handle)
  }

  get keys(): number {
    return Atomics.load(this.control, KEYS)
  }

  /** The oldest full buffer, or undefined. It is lent until `release`. */
  peek(): Uint8Array | undefined {
    if (Atomics.load(this.control, FILLED) === this.emptied) return undefined
    const slot = this.emptied % SLOTS
    return this.slots[slot].subarray(0, this.control[LENGTHS + slot])
  }

  release(): void {
    Atomics.store(this.control, EMPTIED, ++this.emptied)
    Atomics.notify(this.control, EMPTIED)
  }

  /** Lets the filler run through without waiting; what it fills is void. */
  stop(): void {
    Atomics.store(this.control, STOP, 1)
    Atomics.notify(this.control, EMPTIED)
  }
}

const slotsOf = (handle: RingHandle): ReadonlyArray<Uint8Array> =>
  Array.from({ length: SLOTS }, (_, i) => new Uint8Array(handle.buffers, i * SLOT_BYTES, SLOT_BYTES))
