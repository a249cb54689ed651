/**
 * The replies of one turn of the event loop, written out together at its end.
 *
 * Batches of different connections append to one writer; each connection's part is noted here, and once the turn has
 * read every ready connection all parts are written, one write a connection. Writing each batch at once instead woke the
 * peer in the middle of the turn and had it take the core away: SET at pipeline 16 cost 1.8 us a command, now 1.3.
 *
 * Invariants: the parts lie one after another in the writer's buffer and cover it; parts of one connection leave in the
 * order they were made. When the kernel took everything the buffer is used again, otherwise it is left to the sockets.
 *
 * Bytes for other connections than the one whose batch runs (messages, replies of commands that waited) go to the queue
 * of their outlet, which is written after all parts; a batch of that connection writes its queue first (`flushFor`). So
 * what a connection is sent keeps the order in which it arose, and never stands inside another reply.
 */
import type { ReplyWriter } from "../../resp/ReplyWriter.js"
import { Joined, type Outlet } from "../../net/Outlet.js"
import { atTurnEnd } from "../Turn.js"

/** What stands for an outlet whose part has gone out already. */
const NOWHERE = undefined

/** Replies of a turn are written before its end when they are more than this: the writer's buffer stays in the cache. */
const TURN_BYTES_MAX = 64 * 1024

export class Replies {
  private readonly outlets: Array<Outlet | undefined> = []
  private readonly ends: Array<number> = []
  private count = 0
  private queues: Array<Outlet> = []
  private readonly joined = new Joined()
  private scheduled = false
  private readonly flushLater = (): void => {
    this.scheduled = false
    this.flush()
  }

  constructor(private readonly out: ReplyWriter) {}

  /** Notes that everything in the writer beyond the parts noted before belongs to `outlet`. */
  add(outlet: Outlet): void {
    const n = this.count
    if (n > 0 && this.outlets[n - 1] === outlet) {
      this.ends[n - 1] = this.out.pos
    } else {
      this.outlets[n] = outlet
      this.ends[n] = this.out.pos
      this.count = n + 1
    }
    if (this.out.pos >= TURN_BYTES_MAX) this.flushParts()
    else this.schedule()
  }

  /** Queues bytes, which must not change any more, behind everything the outlet was given before. */
  queue(outlet: Outlet, bytes: Uint8Array): void {
    outlet.enqueue(bytes)
    if (outlet.noted || outlet.queued === 0) return
    outlet.noted = true
    this.queues.push(outlet)
    this.schedule()
  }

  private schedule(): void {
    if (this.scheduled) return
    this.scheduled = true
    atTurnEnd(this.flushLater)
  }

  /** Start of the part being written now. */
  get mark(): number {
    return this.count === 0 ? 0 : (this.ends[this.count - 1] ?? 0)
  }

  /**
   * Writes what is noted and queued for one outlet now, so that what it is given next comes after. Parts of the batch in
   * progress are not noted yet and stay.
   */
  flushFor(outlet: Outlet): void {
    let start = 0
    for (let i = 0; i < this.count; i++) {
      const end = this.ends[i]
      if (this.outlets[i] === outlet && end > start) {
        // A copy: the buffer may be used again before the socket is done with it.
        outlet.write(Buffer.from(this.out.buf.subarray(start, end)))
        this.outlets[i] = NOWHERE
      }
      start = end
    }
    outlet.writeQueue()
  }

  /** Writes everything noted and queued. Never in the middle of a batch, whose replies it would lose. */
  flush(): void {
    if (this.count > 0) this.flushParts()
    if (this.queues.length === 0) return
    const { queues } = this
    this.queues = []
    for (const outlet of queues) {
      outlet.noted = false
      outlet.writeQueue(this.joined)
    }
    this.joined.forget()
  }

  private flushParts(): void {
    const n = this.count
    const buf = this.out.buf
    let start = 0
    let allTaken = true
    for (let i = 0; i < n; i++) {
      const end = this.ends[i]
      const outlet = this.outlets[i]
      if (outlet !== NOWHERE && !outlet.write(buf.subarray(start, end))) allTaken = false
      start = end
    }
    this.outlets.length = 0
    this.count = 0
    if (allTaken && buf.length <= KEPT_BYTES_MAX) this.out.reset()
    else this.out.abandon()
  }
}

/** A buffer grown beyond this by a large reply is not kept. */
const KEPT_BYTES_MAX = 1024 * 1024
