/**
 * The writing side of a connection, used from its own fiber and, for messages and other pushes, from others.
 *
 * Bytes leave in the order in which they were given, whether written at once or queued. Queued bytes are written at the end
 * of the event-loop turn (Replies.ts), together; before anything is written directly the caller empties the queue.
 *
 * Subscribers of one channel are often sent the very same pieces in a turn. The pieces joined last are therefore kept until
 * another queue differs from them: a message to a thousand clients is joined once (`Joined`).
 *
 * On a plain connection bytes go to the socket's own `_write`, past the buffering, ticks and bookkeeping of the stream above
 * it: 0.5 us a write less, of 10 us for a chunk of one command. The kernel takes nearly every write at once; the others are
 * counted in `underway` until it has. While the stream holds bytes of its own it is given the next ones as well.
 *
 * What comes while the peer has something still to take is kept (KeptOutput.ts) and follows when it has: a peer may write
 * for as long as it likes before it reads. How much may wait is for client-output-buffer-limit to say.
 *
 * Before all that, replies which stand for what is not safe on the disk yet are held back (ReplyHold.ts).
 */
import * as Effect from "effect/Effect"
import type { Joined, Peer } from "../engine/clients/Peer.js"
import { ReplyHold } from "../engine/clients/ReplyHold.js"
import { HeldOutput } from "./HeldOutput.js"
import { KeptOutput } from "./KeptOutput.js"
import type { Transport } from "./Transport.js"

/** Queued pieces of up to this many bytes together are joined into one write. */
const JOINED_BYTES_MAX = 64 * 1024
/** The peer has fallen behind with this many bytes not taken. */
const UNDERWAY_BYTES_FULL = 64 * 1024
/** Whoever produces bytes without end should pause with this many queued. */
const QUEUE_BYTES_FULL = 64 * 1024

/** What a socket's stream calls to write: for bytes, which have no encoding, with this word in its place. */
interface Writer {
  readonly _write: (bytes: Uint8Array, encoding: "buffer", done: (error?: Error | null) => void) => void
}

/** Not for TLS, which takes one write at a time. */
const writesDirectly = (socket: object): socket is Writer => "_write" in socket && !("encrypted" in socket)

/** Whose output this is. */
interface OutletOwner {
  /** A write threw, and the connection has ended. */
  failed(defect: unknown): void
  /** Bytes begin to wait because the other end has not taken those before. */
  fallsBehind(): void
}

export class Outlet implements Peer {
  private ended = false
  private queue: Array<Uint8Array> = []
  private queuedBytes = 0
  /** Bytes the socket held when the queue was begun. */
  private heldBytes = 0
  /** Replies.ts has noted that the queue must be written. */
  noted = false
  /** What is written now may leave once the command log is safe up to here. */
  until = 0
  private readonly unsafe = new HeldOutput()
  /** Lengths of the direct writes that the kernel has not taken yet, in order, and their sum. */
  private readonly lengths: Array<number> = []
  private underway = 0
  private taken = false
  private drainers: Array<() => void> = []
  /** What follows when the peer has taken all that it was given. */
  private readonly kept = new KeptOutput()
  /** What is done once everything kept has gone out. */
  private lastly: (() => void) | undefined = undefined
  private drainAwaited = false
  private readonly direct: Writer | undefined
  private readonly written = (error?: Error | null): void => {
    if (error) this.raw.destroy(error)
    if (this.writing) this.taken = true
    else this.settle(this.lengths.shift() ?? 0)
  }
  private writing = false

  constructor(
    readonly raw: Transport,
    private readonly owner: OutletOwner,
    private readonly hold: ReplyHold = new ReplyHold(),
  ) {
    this.direct = writesDirectly(raw) ? raw : undefined
  }

  /** Whether a write can still reach the peer. */
  get open(): boolean {
    return !this.ended && this.raw.writable
  }

  /** Bytes not yet taken by the peer's side of the kernel. */
  get pendingBytes(): number {
    return this.held + this.queuedBytes + this.unsafe.bytes
  }

  /** Bytes written that the kernel has not taken yet. */
  private get held(): number {
    return this.raw.writableLength + this.underway + this.kept.bytes
  }

  /** Whether what is written now must wait for what was written before. */
  private get behind(): boolean {
    if (this.underway > 0 || this.kept.bytes > 0) return true
    return this.direct === undefined && this.raw.writableNeedDrain
  }

  /** Pieces in the queue. */
  get queued(): number {
    return this.queue.length
  }

  /** Pieces that wait, in the queue or behind what was written. */
  get pendingCount(): number {
    return this.queue.length + this.kept.count + this.unsafe.count
  }

  /** Writes bytes. Answers whether they are out of the caller's buffer, which else belongs to the socket until they are. */
  write(bytes: Uint8Array): boolean {
    if (this.until <= this.hold.safe && this.unsafe.count === 0) return this.send(bytes)
    if (bytes.length > 0 && this.open) {
      if (this.unsafe.count === 0) this.hold.add(this)
      this.unsafe.add(this.until, bytes)
    }
    return true
  }

  release(safe: number): boolean {
    const bytes = this.unsafe.next(safe)
    // Also once the end of the connection has been asked for, which comes behind it.
    if (bytes !== undefined && this.raw.writable) {
      const taken = this.behind ? this.keep(bytes) : this.hand(bytes)
      if (taken) this.unsafe.reuse()
    }
    if (this.unsafe.count > 0) return true
    if (!this.behind) this.goOn()
    return false
  }

  cutOff(): void {
    this.destroy()
  }

  private send(bytes: Uint8Array): boolean {
    if (bytes.length > 0 && this.open) {
      if (this.behind) return this.keep(bytes)
      this.hand(bytes)
    }
    if (this.held === 0) return true
    this.owner.fallsBehind()
    return false
  }

  /** Answers whether the socket is done with the bytes. */
  private hand(bytes: Uint8Array): boolean {
    try {
      if (this.direct !== undefined && this.raw.writableLength === 0)
        return this.writeDirectly(this.direct, bytes)
      this.raw.write(bytes)
    } catch (defect) {
      this.breakOff(defect)
    }
    return false
  }

  private keep(bytes: Uint8Array): boolean {
    try {
      this.awaitDrain()
      return this.kept.add(bytes)
    } catch (defect) {
      this.breakOff(defect)
      return true
    }
  }

  /** Has `goOn` called when the stream drains, unless the end of a direct write will call it. */
  private awaitDrain(): void {
    if (this.underway > 0 || this.drainAwaited) return
    this.drainAwaited = true
    this.raw.once("drain", () => {
      this.drainAwaited = false
      this.goOn()
    })
  }

  /** The socket has taken what it was given: hands it what was kept, as far as it takes it. */
  private goOn(): void {
    while (this.underway === 0 && !this.raw.writableNeedDrain) {
      const piece = this.raw.writable ? this.kept.next() : undefined
      if (piece === undefined) break
      this.hand(piece)
    }
    if (this.kept.bytes > 0) {
      this.awaitDrain()
      return
    }
    if (this.unsafe.count > 0) return
    const { lastly } = this
    this.lastly = undefined
    lastly?.()
    for (const resume of this.drainers.splice(0)) resume()
  }

  private writeDirectly(socket: Writer, bytes: Uint8Array): boolean {
    this.taken = false
    this.writing = true
    try {
      socket._write(bytes, "buffer", this.written)
    } finally {
      this.writing = false
    }
    if (this.taken) return true
    this.lengths.push(bytes.length)
    this.underway += bytes.length
    return false
  }

  /** Nobody knows how much of a write that threw has left: nothing may follow it. */
  private breakOff(defect: unknown): void {
    this.destroy()
    this.owner.failed(defect)
  }

  private settle(length: number): void {
    this.underway -= length
    if (this.underway === 0) this.goOn()
  }

  /** Queues bytes, which must never change afterwards. */
  enqueue(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.ended) return
    if (this.queue.length === 0) this.heldBytes = this.held
    this.queue.push(bytes)
    this.queuedBytes += bytes.length
  }

  /** As `pendingBytes` while something is queued, without asking the socket. */
  get pendingWithQueue(): number {
    return this.heldBytes + this.queuedBytes
  }

  /** Writes what is queued. */
  writeQueue(joined?: Joined): void {
    const { queue, queuedBytes } = this
    const first = queue[0]
    if (first === undefined) return
    // A new array, for `joined` may have kept this one. Before anything that may throw: what is queued is no longer ours.
    this.queue = []
    this.queuedBytes = 0
    try {
      if (queue.length === 1) this.write(first)
      else this.writePieces(queue, queuedBytes, joined)
    } catch (defect) {
      this.breakOff(defect)
    }
  }

  private writePieces(queue: ReadonlyArray<Uint8Array>, length: number, joined: Joined | undefined): void {
    if (length <= JOINED_BYTES_MAX)
      this.write(joined === undefined ? Buffer.concat(queue, length) : joined.of(queue, length))
    else {
      this.raw.cork()
      for (const bytes of queue) this.write(bytes)
      this.raw.uncork()
    }
  }

  /** Whether the peer has fallen behind and writing should pause. */
  get congested(): boolean {
    return (
      this.raw.writable &&
      (this.raw.writableNeedDrain ||
        this.underway >= UNDERWAY_BYTES_FULL ||
        this.kept.bytes > 0 ||
        this.unsafe.count > 0 ||
        this.queuedBytes >= QUEUE_BYTES_FULL)
    )
  }

  /** Waits until the peer has taken what was written, or is gone. */
  get drained(): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      this.writeQueue()
      if (!this.congested) {
        resume(Effect.void)
        return
      }
      const off = (): void => {
        this.raw.off("close", done)
        this.drainers = this.drainers.filter((other) => other !== done)
      }
      const done = (): void => {
        off()
        resume(Effect.void)
      }
      this.awaitDrain()
      this.raw.on("close", done)
      this.drainers.push(done)
      return Effect.sync(off)
    })
  }

  /** Ends the connection once everything written has gone out. */
  end(): void {
    if (this.ended) return
    this.writeQueue()
    this.ended = true
    this.afterKept(() => void this.raw.end())
  }

  private afterKept(act: () => void): void {
    if (this.kept.bytes + this.unsafe.count > 0 && this.raw.writable) this.lastly = act
    else act()
  }

  /**
   * Closes the connection once everything written has gone out. With nothing under way the file is closed at once: the
   * half close before it, and the wait for it to be done, are a third of what the end of a connection costs.
   */
  close(): void {
    if (this.direct !== undefined && this.pendingBytes === 0) this.raw.destroy()
    else this.afterKept(() => this.raw.destroySoon())
  }

  /** Ends the connection now; what is not sent yet is dropped. */
  destroy(): void {
    this.ended = true
    this.queue = []
    this.queuedBytes = 0
    this.kept.clear()
    if (this.unsafe.count > 0) this.hold.remove(this)
    this.unsafe.clear()
    this.raw.destroy()
  }

  /** The number of the socket's file, -1 where there is none (any more). */
  get descriptor(): number {
    const handle: unknown = Reflect.get(this.raw, "_handle")
    const fd: unknown = typeof handle === "object" && handle !== null ? Reflect.get(handle, "fd") : undefined
    return typeof fd === "number" ? fd : -1
  }
}
