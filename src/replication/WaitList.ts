/**
 * Clients in WAIT: each wants a number of replicas to have acknowledged an offset. An acknowledgement looks only at the
 * waiters whose offset it reaches, since they are kept in order of offset.
 */
import * as Effect from "effect/Effect"
import type { Session } from "../commands/Session.js"

/** How a wait ended: replicas have arrived, its time is over (CLIENT UNBLOCK says so, too), or somebody ended it. */
export type WaitEnd = "arrived" | "timeout" | "unblocked" | "demoted"

interface Waiter {
  readonly session: Session
  readonly offset: number
  readonly replicas: number
  readonly resume: (end: WaitEnd) => void
}

export class WaitList {
  private readonly waiters: Array<Waiter> = []

  get size(): number {
    return this.waiters.length
  }

  /** Waits until an acknowledgement brings the number of replicas at `offset` to `replicas`. */
  wait(session: Session, offset: number, replicas: number): Effect.Effect<WaitEnd> {
    return Effect.callback<WaitEnd>((resume) => {
      const waiter: Waiter = {
        session,
        offset,
        replicas,
        // Not at once: resuming would run this client in the middle of another's batch.
        resume: (end) => queueMicrotask(() => resume(Effect.succeed(end))),
      }
      let at = this.waiters.length
      while (at > 0 && (this.waiters[at - 1]?.offset ?? 0) > offset) at--
      this.waiters.splice(at, 0, waiter)
      session.blocked = {
        unblock: (how) => this.release(waiter, how === "error" ? "unblocked" : "timeout"),
      }
      return Effect.sync(() => void this.remove(waiter))
    })
  }

  /** Lets those go whose replicas have arrived; `acknowledged` is the highest offset any replica has. */
  check(acknowledged: number, count: (offset: number) => number): void {
    for (let i = 0; i < this.waiters.length;) {
      const waiter = this.waiters[i]
      if (waiter === undefined || waiter.offset > acknowledged) return
      if (count(waiter.offset) < waiter.replicas) i++
      else this.release(waiter, "arrived")
    }
  }

  /** Lets everybody go: this server has ceased to be a master. */
  releaseAll(): void {
    for (const waiter of [...this.waiters]) this.release(waiter, "demoted")
  }

  private release(waiter: Waiter, end: WaitEnd): boolean {
    if (!this.remove(waiter)) return false
    waiter.resume(end)
    return true
  }

  private remove(waiter: Waiter): boolean {
    const at = this.waiters.indexOf(waiter)
    if (at < 0) return false
    this.waiters.splice(at, 1)
    waiter.session.blocked = undefined
    return true
  }
}
