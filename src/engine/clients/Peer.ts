/**
 * What the engine needs of the other end of a connection: a place for replies and messages, in order. A socket's writing
 * side (net/Outlet.ts) is one; a client in the same process is another.
 *
 * Bytes leave in the order in which they were given, whether written at once (`write`) or queued (`enqueue`); before
 * anything is written directly the caller empties the queue (Replies.ts).
 */
import type * as Effect from "effect/Effect"

export interface Peer {
  /** Replies.ts has noted that the queue must be written. */
  noted: boolean
  /** What it is given now may leave once the command log is safe up to here (ReplyHold.ts). */
  until: number
  /** Pieces in the queue. */
  readonly queued: number
  /** Pieces that wait, in the queue or behind what was written. */
  readonly pendingCount: number
  /** Bytes not yet taken by the other end. */
  readonly pendingBytes: number
  /** As `pendingBytes` while something is queued, at less cost. */
  readonly pendingWithQueue: number
  /** Whether the other end has fallen behind and writing should pause. */
  readonly congested: boolean
  /** Waits until the other end has taken what was written, or is gone. */
  readonly drained: Effect.Effect<void>
  /** Number of the socket's file, -1 where there is none. */
  readonly descriptor: number
  /** Writes bytes, which must not change until they are out. Answers whether all were taken at once. */
  write(bytes: Uint8Array): boolean
  /** Queues bytes, which must never change afterwards. */
  enqueue(bytes: Uint8Array): void
  /** Writes what is queued. */
  writeQueue(joined?: Joined): void
  /** Ends the connection once everything written has gone out. */
  end(): void
  /** Ends the connection now; what is not sent yet is dropped. */
  destroy(): void
}

/** The pieces of a queue as one buffer, kept for the next queue of the same pieces: a message for many is joined once. */
export class Joined {
  private pieces: ReadonlyArray<Uint8Array> = []
  private bytes: Uint8Array = new Uint8Array(0)

  of(queue: ReadonlyArray<Uint8Array>, length: number): Uint8Array {
    if (this.same(queue)) return this.bytes
    this.pieces = queue
    this.bytes = Buffer.concat(queue, length)
    return this.bytes
  }

  forget(): void {
    this.pieces = []
    this.bytes = new Uint8Array(0)
  }

  private same(queue: ReadonlyArray<Uint8Array>): boolean {
    const { pieces } = this
    if (pieces.length !== queue.length) return false
    for (let i = queue.length - 1; i >= 0; i--) if (pieces[i] !== queue[i]) return false
    return true
  }
}
