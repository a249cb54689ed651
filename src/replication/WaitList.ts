/**
 * Clients in WAIT: each wants a number of replicas to have acknowledged an offset. An acknowledgement looks only at the
 * waiters whose offset it reaches, since they are kept in order of offset.
 */
import * as Effect from "effect/Effect"

interface Waiter {
  readonly offset: number
  readonly replicas: number
  readonly resume: () => void
}

export class WaitList {
  private readonly waiters: Array<Waiter> = []

  get size(): number {
    return this.waiters.length
  }

  /** Waits until `check` is called when `count(offset)` has reached `replicas`. */
  wait(offset: number, replicas: number): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      const waiter: Waiter = { offset, replicas, resume: () => queueMicrotask(() => resume(Effect.void)) }
      let at = this.waiters.length
      while (at > 0 && (this.waiters[at - 1]?.offset ?? 0) > offset) at--
      this.waiters.splice(at, 0, waiter)
      return Effect.sync(() => this.remove(waiter))
    })
  }

  /** Lets those go whose replicas have arrived; `acknowledged` is the highest offset any replica has. */
  check(acknowledged: number, count: (offset: number) => number): void {
    for (let i = 0; i < this.waiters.length;) {
      const waiter = this.waiters[i]
      if (waiter === undefined || waiter.offset > acknowledged) return
      if (count(waiter.offset) < waiter.replicas) {
        i++
        continue
      }
      this.waiters.splice(i, 1)
      waiter.resume()
    }
  }

  /** Lets everybody go: this server has ceased to be a master. */
  releaseAll(): void {
    for (const waiter of this.waiters.splice(0)) waiter.resume()
  }

  private remove(waiter: Waiter): void {
    const at = this.waiters.indexOf(waiter)
    if (at >= 0) this.waiters.splice(at, 1)
  }
}
