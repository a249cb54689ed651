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

export class SharedMemory {
  /** Bytes let go and, as far as is known, not collected yet. */
  droppedBytes = 0
  /** What was let go last; to look whether it is still there keeps it there until the present code has returned. */
  lastDropped: WeakRef<object> | undefined = undefined
  /** Bytes beyond which what is held, with what was let go, is not to grow while that can be helped. */
  limitBytes = Infinity

  /** @param collectGarbage makes the garbage collector look */
  constructor(private readonly collectGarbage: () => void) {}

  /** Has what was let go collected. */
  collect(): void {
    this.droppedBytes = 0
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
    this.lastDropped = new WeakRef(memory)
  }

  /** So many bytes of what was let go have been collected. */
  found(bytes: number): void {
    this.droppedBytes = Math.max(0, this.droppedBytes - bytes)
  }
}
