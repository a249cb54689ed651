/**
 * Shared memory for an arena's chunks, and its way back to the machine.
 *
 * Each chunk is memory of its own, mapped by itself: the machine gives its pages as they are touched, zeroed, and has all of
 * them back when the chunk is collected. (Memory that may grow is mapped so; what cannot may come from glibc's heap, which
 * does not shrink below its topmost block. Views of either cost the same.)
 *
 * Dropping a chunk does not free it: the garbage collector must first find that nothing refers to it, and it runs only
 * when objects are made, of which a server like this makes few. So the bytes dropped are counted, and when they are many
 * `collect` runs before more memory is reserved; whoever owns the clock may call it in quiet times.
 */

/** When more than this was dropped, and more than this part of what is held, it is collected before more is reserved. */
const DROPPED_BYTES_MAX = 256 * 1024 * 1024
const DROPPED_PART_MAX = 0.25
/** Less is not worth a collection, whatever the limit. */
const DROPPED_BYTES_MIN = 8 * 1024 * 1024

interface Dropped {
  readonly owner: SharedMemory
  readonly bytes: number
  /** Collections that `collect` had asked for when it was dropped. */
  readonly collections: number
}

/**
 * Tells, in a later turn, that memory was found. (A WeakRef would keep what it was made of until its own turn ends.) It
 * stands for as long as the process: V8 tells no registry anything any more once one was itself collected with something
 * left to tell.
 */
const registry = new FinalizationRegistry<Dropped>(({ owner, bytes, collections }) =>
  owner.found(bytes, collections),
)

export class SharedMemory {
  /** Bytes let go and, as far as is known, not collected yet: a collection that was asked for counts as one that found all. */
  droppedBytes = 0
  /** Bytes let go of which the runtime has not told yet that it collected them, and of which it has. */
  lingeringBytes = 0
  foundBytes = 0
  /** Bytes beyond which what is held, with what was let go, is not to grow while that can be helped. */
  limitBytes = Infinity
  private collections = 0

  /** @param collectGarbage makes the garbage collector look */
  constructor(private readonly collectGarbage: () => void) {}

  /** Has what was let go collected. */
  collect(): void {
    this.droppedBytes = 0
    this.collections++
    this.collectGarbage()
  }

  /**
   * Zeroed memory of so many bytes; undefined when the machine has no more.
   * @param held bytes of all that is in use
   */
  take(bytes: number, held: number): SharedArrayBuffer | undefined {
    const { droppedBytes } = this
    const many = droppedBytes > Math.max(DROPPED_BYTES_MAX, held * DROPPED_PART_MAX)
    if (many || (droppedBytes >= DROPPED_BYTES_MIN && held + droppedBytes + bytes > this.limitBytes))
      this.collect()
    try {
      return new SharedArrayBuffer(bytes, { maxByteLength: bytes })
    } catch {
      return undefined
    }
  }

  /** Lets memory of so many bytes go, to which nothing refers any more. */
  drop(bytes: number, memory: object): void {
    this.droppedBytes += bytes
    this.lingeringBytes += bytes
    registry.register(memory, { owner: this, bytes, collections: this.collections })
  }

  /** The runtime has collected so many bytes that were let go after so many collections. */
  found(bytes: number, collections: number): void {
    this.lingeringBytes -= bytes
    this.foundBytes += bytes
    if (collections === this.collections) this.droppedBytes -= bytes
  }
}
