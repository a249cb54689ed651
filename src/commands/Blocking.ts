/**
 * Clients that wait for a key (BLPOP and kin, XREAD BLOCK), and how they are served.
 *
 * A blocking handler that finds nothing calls `wait` and returns its Effect. Waiters stand in line per key, first come
 * first served. A command that puts something under a key calls `signal`; after each command (after EXEC as a whole)
 * dispatch calls `serve`, which runs the waiters' attempts in order until nothing is left to give. The attempt writes
 * the client's reply and propagates what it did, as the plain pop it is.
 *
 * Invariants: a waiter stands under every one of its keys or under none; it is answered exactly once, by service,
 * timeout, CLIENT UNBLOCK or the end of its connection; `signalled` holds each ready key once, in order.
 */
import * as Effect from "effect/Effect"
import type { CommandContext } from "./CommandContext.js"
import type { Session } from "./Session.js"

/** What a waiting client wants. */
export interface Waiter {
  readonly session: Session
  readonly database: number
  /** Keys, as latin1 text. */
  readonly keys: ReadonlyArray<string>
  /**
   * Tries to serve the client from the key, in a context that stands for it. Writes the reply to `c.out` and answers
   * true, or writes nothing and answers false.
   */
  readonly attempt: (c: CommandContext, key: string) => boolean
  /** Reply when the time is over, written for the client's protocol. */
  readonly onTimeout: (c: CommandContext) => void
  /** Milliseconds to wait, 0 = for ever. */
  readonly timeoutMs: number
}

interface Waiting extends Waiter {
  resume: (reply: Uint8Array) => void
}

/** Runs `body` with the context pointed at another session, and gives what it wrote; dispatch provides it. */
export type RunFor = (session: Session, database: number, body: (c: CommandContext) => void) => Uint8Array

const UNBLOCKED = "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"

export class Blocking {
  private readonly lines = new Map<string, Array<Waiting>>()
  private readonly signalled: Array<string> = []
  private readonly signalledSet = new Set<string>()
  /** Clients now waiting for a key. */
  count = 0
  runFor: RunFor = () => {
    throw new Error("Blocking.runFor is not set")
  }

  /** Waits until the client is served, its time is over, or it is unblocked; answers the reply's bytes. */
  wait(waiter: Waiter): Effect.Effect<Uint8Array> {
    const blocked = Effect.callback<Uint8Array>((resume) => {
      // Not at once: resuming runs the client's fiber inside the caller's stack, in the middle of another's batch.
      const waiting: Waiting = {
        ...waiter,
        resume: (reply) => queueMicrotask(() => resume(Effect.succeed(reply))),
      }
      this.enter(waiting)
      waiter.session.blocked = {
        unblock: (how) => {
          if (!this.leave(waiting)) return false
          waiting.resume(how === "error" ? Buffer.from(UNBLOCKED, "latin1") : this.timeoutReply(waiting))
          return true
        },
      }
      return Effect.sync(() => this.leave(waiting))
    })
    if (waiter.timeoutMs <= 0) return blocked
    return Effect.timeoutOrElse(blocked, {
      duration: waiter.timeoutMs,
      orElse: () => Effect.sync(() => this.timeoutReply(waiter)),
    })
  }

  /** A key may have something for those who wait for it. */
  signal(database: number, buf: Uint8Array, off: number, len: number): void {
    if (this.lines.size === 0) return
    this.signalName(`${database}:${Buffer.from(buf.buffer, buf.byteOffset + off, len).toString("latin1")}`)
  }

  /** As `signal`, for every key of a database that somebody waits for (SWAPDB, a new data set). */
  signalDatabase(database: number): void {
    for (const name of this.lines.keys()) if (name.startsWith(`${database}:`)) this.signalName(name)
  }

  private signalName(name: string): void {
    if (!this.lines.has(name) || this.signalledSet.has(name)) return
    this.signalledSet.add(name)
    this.signalled.push(name)
  }

  get pending(): boolean {
    return this.signalled.length > 0
  }

  /** Serves the waiters of signalled keys; service may signal further keys (BLMOVE), which are served too. */
  serve(): void {
    for (let name = this.signalled.shift(); name !== undefined; name = this.signalled.shift()) {
      this.signalledSet.delete(name)
      const line = this.lines.get(name)
      if (line === undefined) continue
      const key = name.slice(name.indexOf(":") + 1)
      for (const waiting of [...line]) {
        let served = false
        const reply = this.runFor(waiting.session, waiting.database, (c) => {
          served = waiting.attempt(c, key)
        })
        if (!served || !this.leave(waiting)) continue
        waiting.resume(reply)
      }
    }
  }

  private timeoutReply(waiter: Waiter): Uint8Array {
    return this.runFor(waiter.session, waiter.database, (c) => waiter.onTimeout(c))
  }

  private enter(waiting: Waiting): void {
    for (const key of new Set(waiting.keys)) {
      const name = `${waiting.database}:${key}`
      const line = this.lines.get(name)
      if (line === undefined) this.lines.set(name, [waiting])
      else line.push(waiting)
    }
    this.count++
  }

  /** Takes a waiter out of all lines; answers false when it was out already. */
  private leave(waiting: Waiting): boolean {
    let found = false
    for (const key of new Set(waiting.keys)) {
      const name = `${waiting.database}:${key}`
      const line = this.lines.get(name)
      const at = line === undefined ? -1 : line.indexOf(waiting)
      if (line === undefined || at < 0) continue
      found = true
      line.splice(at, 1)
      if (line.length === 0) this.lines.delete(name)
    }
    if (found) {
      this.count--
      waiting.session.blocked = undefined
    }
    return found
  }
}
