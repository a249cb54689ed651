/**
 * The reading side of a connection. While its fiber rests, chunks go straight to `take`, inside the event that brought
 * them; the fiber is woken only for what `take` cannot finish. While the fiber works, chunks are held for it.
 *
 * Resuming a fiber for each chunk, and Node's pull-style reading under it, cost 1.5 to 2 us a chunk; a chunk of one
 * command costs redis-server 7 us in all, kernel included.
 *
 * Invariants: chunks are handed over in order; `take` is never called while chunks are held or the fiber is awake. The
 * bytes given to `take` are its own only until it returns (SharedRead.ts); held chunks are copies.
 */
import * as Effect from "effect/Effect"
import { readShared } from "./SharedRead.js"
import type { Transport } from "./Transport.js"

/** Runs the first `length` bytes of a chunk to their end; false = the fiber has to go on. */
type Take = (chunk: Uint8Array, length: number) => boolean

export class Inlet {
  private readonly held: Array<Uint8Array> = []
  private heldBytes = 0
  private over = false
  private take: Take | undefined = undefined
  private rest: (() => void) | undefined = undefined
  private fail: ((defect: unknown) => void) | undefined = undefined
  private alarm: (() => void) | undefined = undefined
  private limit: () => number = () => 0

  constructor(
    private readonly raw: Transport,
    /** Sees every chunk as it comes. */
    private readonly arrived: (bytes: number) => void,
  ) {
    raw.on("data", (chunk: Uint8Array) => this.receive(chunk, chunk.length))
    readShared(raw, (chunk, length) => this.receive(chunk, length))
    raw.on("end", () => this.finish())
    raw.on("close", () => this.finish())
    raw.on("error", () => this.finish())
    if (raw.destroyed || raw.readableEnded) this.over = true
    raw.resume()
  }

  /** The peer has sent everything it will send. */
  get ended(): boolean {
    return this.over
  }

  /** Bytes held for the fiber. */
  get pending(): number {
    return this.heldBytes
  }

  /** The next held chunk. */
  shift(): Uint8Array | undefined {
    const chunk = this.held.shift()
    if (chunk !== undefined) this.heldBytes -= chunk.length
    return chunk
  }

  /**
   * Rests until `take` answers false for a chunk, or the peer ends. Must not be called while chunks are held.
   * @param take copies what it keeps of a chunk
   */
  idle(take: Take): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (this.over) return resume(Effect.void)
      this.take = take
      this.rest = () => {
        this.take = this.rest = this.fail = undefined
        resume(Effect.void)
      }
      this.fail = (defect) => {
        this.take = this.rest = this.fail = undefined
        resume(Effect.die(defect))
      }
      return Effect.sync(() => {
        this.take = this.rest = this.fail = undefined
      })
    })
  }

  /**
   * Calls `run` once when the peer has ended, or more than `limit()` bytes are held; at once if it is so already. Answers
   * what takes the watch off. There is one watch at a time.
   */
  watch(limit: () => number, run: () => void): () => void {
    this.limit = limit
    this.alarm = () => {
      if (!this.over && this.heldBytes <= this.limit()) return
      this.alarm = undefined
      run()
    }
    this.alarm()
    return () => {
      this.alarm = undefined
    }
  }

  /** Stops reading from the peer: it is to wait. */
  pause(): void {
    this.raw.pause()
  }

  resume(): void {
    this.raw.resume()
  }

  private receive(chunk: Uint8Array, length: number): void {
    this.arrived(length)
    if (this.take !== undefined) {
      try {
        if (this.take(chunk, length)) return
      } catch (defect) {
        // The fiber's to deal with: thrown from here it would end the process.
        this.fail?.(defect)
        return
      }
      this.rest?.()
      return
    }
    this.held.push(Uint8Array.prototype.slice.call(chunk, 0, length))
    this.heldBytes += length
    this.alarm?.()
  }

  private finish(): void {
    this.over = true
    this.rest?.()
    this.alarm?.()
  }
}
