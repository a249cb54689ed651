/**
 * Fibers that wait until something has happened. Whoever looks first, and then waits, may be held up in between by Effect's
 * scheduler, or wake others itself who act before it waits: it says how many events there were when it looked, and does not
 * wait when there have been more.
 */
import * as Effect from "effect/Effect"

export class News {
  /** How often those who wait were woken. */
  events = 0
  /** How many of those who wait have to be told what has become of something. */
  asking = 0
  private wakes: Array<() => void> = []

  tell(): void {
    const { wakes } = this
    this.events++
    this.wakes = []
    for (const wake of wakes) wake()
  }

  /** Waits until there have been more events than `seen`. */
  since(seen: number): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (this.events !== seen) return resume(Effect.void)
      const wake = (): void => resume(Effect.void)
      this.wakes.push(wake)
      return Effect.sync(() => void (this.wakes = this.wakes.filter((other) => other !== wake)))
    })
  }

  /** As `since`, counted in `asking`. */
  askedSince(seen: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.asking++
      return Effect.ensuring(
        this.since(seen),
        Effect.sync(() => this.asking--),
      )
    })
  }
}
