/**
 * When the clock-driven work is due, and its fiber's sleep until then. A server for which nothing is due sleeps without a
 * timer; whoever makes something due earlier (a batch of commands, which may do anything) says so.
 *
 * The sleep follows the Clock. Where a test puts its fake timers away the timer of the sleep goes with them, so one that is
 * long overdue is set anew.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Turns } from "./Turn.js"

/** The work is done at most this long after it has become due. */
export const TURN_MS = 100
/** A timer this late will not come any more. */
const LOST_MS = 1000

export class WorkAlarm {
  /** Unix milliseconds, Infinity = nothing is due. */
  private dueMs = Infinity
  private wake: (() => void) | undefined = undefined
  /** When something has last happened after a time without. */
  rousedMs = 0

  constructor(
    private readonly clock: Clock.Clock,
    private readonly turns: Turns,
  ) {}

  /** Something has happened at `now`: the work looks around soon. Costs two comparisons where it will anyway. */
  stir(now: number): void {
    if (now + TURN_MS < this.dueMs || now > this.dueMs + LOST_MS) this.rouse(now)
  }

  /**
   * There is work to be done as soon as the batch in progress is over. A sleep whose end is due may last a moment longer:
   * timers are late.
   */
  hurry(now: number): void {
    if (now < this.dueMs || this.wake !== undefined) this.rouse(now, 0)
  }

  private rouse(now: number, inMs = TURN_MS): void {
    this.rousedMs = now
    this.dueMs = now + inMs
    const { wake } = this
    this.wake = undefined
    // Not at once: the fiber would run in the middle of a batch.
    if (wake !== undefined) this.turns.afterThis(wake)
  }

  /** The work has been done; it is due again at `dueMs`. */
  set(dueMs: number): void {
    this.dueMs = dueMs
  }

  /** Sleeps until the work is due. */
  readonly sleep: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    for (;;) {
      const left = this.dueMs - this.clock.currentTimeMillisUnsafe()
      if (left <= 0) return
      yield* this.nap(left)
    }
  })

  /** Sleeps so long, or until the alarm is set anew. */
  private nap(ms: number): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const { dueMs } = this
      // Of the layer's own fibers: a TestClock that moves on waits for what it has woken.
      const timer =
        ms === Infinity
          ? undefined
          : yield* Effect.forkChild(this.clock.sleep(Duration.millis(ms)), { startImmediately: true })
      yield* Effect.callback<void>((resume) => {
        const awake = (): void => resume(Effect.void)
        this.wake = awake
        timer?.addObserver(awake)
        if (this.dueMs !== dueMs) awake()
      })
      timer?.interruptUnsafe()
    })
  }
}
