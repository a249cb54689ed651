/**
 * Clients in WAIT or WAITAOF: each wants something to have come about that no acknowledgement below its offset can bring
 * about. One looks only at the waiters whose offset it reaches, since they are kept in order of offset.
 */
import * as Effect from "effect/Effect"
import type { Session } from "../../engine/clients/Session.js"
import type { Engine } from "../../engine/Engine.js"
import type { Run } from "../../engine/Background.js"

/** How a wait ended: replicas have arrived, its time is over (CLIENT UNBLOCK says so, too), or somebody ended it. */
export type WaitEnd = "arrived" | "timeout" | "unblocked" | "demoted"

interface Waiter {
  readonly session: Session
  readonly offset: number
  readonly arrived: () => boolean
  readonly resume: (end: WaitEnd) => void
  /** Unix milliseconds, Infinity = for ever. */
  readonly deadline: number
}

export class WaitList {
  private readonly waiters: Array<Waiter> = []

  /** When the timer that is set goes off; one serves all waiters, since most of them are gone long before. */
  private timerAt = Infinity

  constructor(
    private readonly engine: Engine,
    private readonly background: Run,
  ) {}

  private now(): number {
    return this.engine.clock.currentTimeMillisUnsafe()
  }

  get size(): number {
    return this.waiters.length
  }

  /**
   * Waits until an acknowledgement of `offset` or more finds that what is waited for has come.
   * @param timeoutMs longest wait, 0 = for ever
   */
  wait(session: Session, offset: number, arrived: () => boolean, timeoutMs: number): Effect.Effect<WaitEnd> {
    return Effect.callback<WaitEnd>((resume) => {
      const waiter: Waiter = {
        session,
        offset,
        arrived,
        // Not at once: resuming would run this client in the middle of another's batch.
        resume: (end) => this.engine.turns.afterThis(() => resume(Effect.succeed(end))),
        deadline: timeoutMs > 0 ? this.now() + timeoutMs : Infinity,
      }
      this.arm(waiter.deadline)
      let at = this.waiters.length
      while (at > 0 && (this.waiters[at - 1]?.offset ?? 0) > offset) at--
      this.waiters.splice(at, 0, waiter)
      session.blocked = {
        timed: timeoutMs > 0,
        unblock: (how) => this.release(waiter, how === "error" ? "unblocked" : "timeout"),
      }
      return Effect.sync(() => void this.remove(waiter))
    })
  }

  /** Lets those go for whom all has come; `acknowledged` is the highest offset any replica has. */
  check(acknowledged: number): void {
    for (let i = 0; i < this.waiters.length;) {
      const waiter = this.waiters[i]
      if (waiter === undefined || waiter.offset > acknowledged) return
      if (waiter.arrived()) this.release(waiter, "arrived")
      else i++
    }
  }

  /** Lets everybody go: this server has ceased to be a master. */
  releaseAll(): void {
    for (const waiter of [...this.waiters]) this.release(waiter, "demoted")
  }

  private arm(deadline: number): void {
    if (deadline >= this.timerAt) return
    this.timerAt = deadline
    // By the clock, as all times that clients name.
    const timer = Effect.sleep(Math.max(1, deadline - this.now()))
    this.background(
      Effect.andThen(
        timer,
        Effect.sync(() => this.expire()),
      ),
    )
  }

  private expire(): void {
    this.timerAt = Infinity
    const now = this.now()
    let next = Infinity
    const over = this.waiters.filter((waiter) => waiter.deadline <= now)
    for (const { deadline } of this.waiters) if (deadline > now) next = Math.min(next, deadline)
    // First: the timer goes on whatever becomes of those it goes off for.
    this.arm(next)
    for (const waiter of over) this.release(waiter, "timeout")
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
