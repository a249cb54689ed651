/**
 * Shared memory for an arena's chunks, and its way back to the machine.
 *
 * Ordinary chunks are cut from slabs of five, 40 MiB. The size matters: glibc returns a block of more than 32 MiB to the
 * machine as soon as it is freed, while a smaller one may come from a heap that cannot shrink below its topmost block. A
 * chunk of any other size has a slab of its own; that of a new arena is small, and mapped by itself: where glibc had it from
 * its heap it would zero it first, a millisecond of each start. A slab is dropped when its last chunk is returned; until then its free
 * places serve new chunks.
 *
 * Dropping a slab does not free it: the garbage collector must first find that nothing refers to it, and it runs only
 * when objects are made, of which a server like this makes few. So the bytes dropped are counted, and when they are many
 * `collect` runs before more memory is reserved; whoever owns the clock may call it in quiet times.
 *
 * Invariants: a place is spare or in use, never both; a slab with `live` 0 has no spare places.
 *
 * Example: take(8 MiB) five times gives bytes 0, 8 Mi, 16 Mi, 24 Mi and 32 Mi of one SharedArrayBuffer.
 */

/** Chunks of a slab. */
const SLAB_CHUNKS = 5
/** When more than this was dropped, and more than this part of what is held, it is collected before more is reserved. */
const DROPPED_BYTES_MAX = 256 * 1024 * 1024
const DROPPED_PART_MAX = 0.25

interface Slab {
  readonly shared: SharedArrayBuffer
  /** Places in use. */
  live: number
}

/** Where a chunk's memory lies. */
export interface Place {
  readonly slab: Slab
  /** Byte at which the chunk begins. */
  readonly start: number
}

/** Undefined when the machine does not have that much memory. */
const newSlab = (bytes: number, mapped: boolean): Slab | undefined => {
  try {
    // Memory that may grow is addresses of its own, and comes zeroed from the machine.
    const shared = mapped
      ? new SharedArrayBuffer(bytes, { maxByteLength: bytes })
      : new SharedArrayBuffer(bytes)
    return { shared, live: 0 }
  } catch {
    return undefined
  }
}

export class Slabs {
  /** Bytes let go and, as far as is known, not collected yet. */
  droppedBytes = 0
  private spare: Array<Place> = []
  private lastDropped: WeakRef<SharedArrayBuffer> | undefined = undefined

  /**
   * @param sizes of an ordinary chunk, and of one that is mapped by itself
   * @param collectGarbage makes the garbage collector look
   */
  constructor(
    private readonly sizes: { readonly chunkBytes: number; readonly mappedBytes: number },
    private readonly collectGarbage: () => void,
  ) {}

  /** Whether what was let go last is still there; to ask keeps it there until the present code has returned. */
  get lingers(): boolean {
    return this.lastDropped?.deref() !== undefined
  }

  /** Has what was let go collected. */
  collect(): void {
    this.droppedBytes = 0
    this.collectGarbage()
  }

  /**
   * A place of `bytes` bytes, whose contents are undefined; undefined when the machine has no more memory.
   * @param held bytes of all places in use
   */
  take(bytes: number, held: number): Place | undefined {
    const { chunkBytes, mappedBytes } = this.sizes
    let place = bytes === chunkBytes ? this.spare.pop() : undefined
    if (place === undefined) {
      if (this.droppedBytes > Math.max(DROPPED_BYTES_MAX, held * DROPPED_PART_MAX)) this.collect()
      const whole = bytes === chunkBytes ? newSlab(bytes * SLAB_CHUNKS, false) : undefined
      const slab = whole ?? newSlab(bytes, bytes === mappedBytes)
      if (slab === undefined) return undefined
      // The first place is given first: the machine has not yet been asked for the others.
      for (let start = slab.shared.byteLength - bytes; start > 0; start -= bytes)
        this.spare.push({ slab, start })
      place = { slab, start: 0 }
    }
    place.slab.live++
    return place
  }

  /** Takes a place back. */
  give(place: Place): void {
    const { slab } = place
    if (--slab.live > 0) {
      this.spare.push(place)
      return
    }
    this.spare = this.spare.filter((other) => other.slab !== slab)
    this.droppedBytes += slab.shared.byteLength
    this.lastDropped = new WeakRef(slab.shared)
  }

  /** Asserts the invariants of the file header; `used` are the places given out. */
  checkInvariants(used: ReadonlyArray<Place | undefined>): void {
    const live = new Map<Slab, number>()
    const starts = new Map<Slab, Set<number>>()
    const note = ({ slab, start }: Place): void => {
      const seen = starts.get(slab) ?? new Set<number>()
      if (seen.has(start)) throw new Error(`slabs: the place at ${start} is there twice`)
      starts.set(slab, seen.add(start))
    }
    for (const place of used) {
      if (place === undefined) continue
      note(place)
      live.set(place.slab, (live.get(place.slab) ?? 0) + 1)
    }
    for (const place of this.spare) {
      note(place)
      if (!live.has(place.slab)) throw new Error("slabs: a spare place of a slab that nobody uses")
    }
    for (const [slab, count] of live)
      if (count !== slab.live) throw new Error(`slabs: ${count} places in use, counted ${slab.live}`)
  }
}
