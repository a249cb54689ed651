/**
 * A server's own time: the system's plus what it was moved by, or one that stands still until it is moved.
 *
 * Everything that waits on the server's time (keys that expire, blocking commands, CLIENT PAUSE, save points) sleeps here,
 * in the order of its end. When time is moved, those that have come due are woken one after the other, each at its time
 * and with what follows from it done before the next: what a client does on hearing of a timeout it does at that time.
 *
 * Invariants: `sleepers` is sorted by `at`, equal ones in the order in which they came; time never goes back but by
 * `moveTo`; one real timer stands for the first sleeper, none when time stands still.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { liveTurns, type RealTimer } from "../engine/world/Turn.js"

interface Sleeper {
  /** Server's time in Unix milliseconds. */
  at: number
  readonly wake: () => void
}

const NANOS_PER_MS = 1_000_000n

interface ClockOptions {
  /** Time stands still. */
  readonly manual: boolean
  /** Where it begins; default: the system's time. */
  readonly start: number | undefined
  /** Whether a sleep under way keeps the process alive. */
  readonly holdsProcess: () => boolean
}

export class SteeredClock implements Clock.Clock {
  private readonly manual: boolean
  private readonly holdsProcess: () => boolean
  /** What is added to the system's time; or the time itself where that stands still. */
  private base: number
  /** The system's time while the server's is moved: the machine's speed must not count. */
  private held: number | undefined = undefined
  /** What the time has been moved back by in all: time that only goes on must not. */
  private back = 0
  private readonly sleepers: Array<Sleeper> = []
  private timer: RealTimer | undefined = undefined
  private timerAt = Infinity

  constructor({ manual, start, holdsProcess }: ClockOptions) {
    this.manual = manual
    this.holdsProcess = holdsProcess
    this.base = manual
      ? (start ?? liveTurns.systemNow())
      : start === undefined
        ? 0
        : start - liveTurns.systemNow()
  }

  private get system(): number {
    return this.manual ? 0 : (this.held ?? liveTurns.systemNow())
  }

  currentTimeMillisUnsafe(): number {
    return this.base + this.system
  }

  currentTimeNanosUnsafe(): bigint {
    return BigInt(this.currentTimeMillisUnsafe()) * NANOS_PER_MS
  }

  monotonicTimeNanosUnsafe(): bigint {
    return BigInt(this.currentTimeMillisUnsafe() + this.back) * NANOS_PER_MS
  }

  readonly currentTimeMillis = Effect.sync(() => this.currentTimeMillisUnsafe())
  readonly currentTimeNanos = Effect.sync(() => this.currentTimeNanosUnsafe())
  readonly monotonicTimeNanos = Effect.sync(() => this.monotonicTimeNanosUnsafe())

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    const ms = Duration.toMillis(duration)
    return Effect.callback<void>((resume) => {
      if (ms === Infinity) return
      const sleeper = { at: this.currentTimeMillisUnsafe() + ms, wake: () => resume(Effect.void) }
      this.insert(sleeper)
      return Effect.sync(() => this.remove(sleeper))
    })
  }

  /** When the first sleeper wakes, Infinity without one. */
  get nextAt(): number {
    return this.sleepers[0]?.at ?? Infinity
  }

  /** Holds the system's time; the answered function lets it go on, and what passed meanwhile is made up for. */
  hold(): () => void {
    this.held = liveTurns.systemNow()
    return () => {
      this.held = undefined
      this.arm()
    }
  }

  /** Sets the time; wakes nobody. Who sleeps when it goes back sleeps as long as before. */
  moveTo(at: number): void {
    const by = at - this.currentTimeMillisUnsafe()
    this.base += by
    if (by >= 0) return
    this.back -= by
    for (const sleeper of this.sleepers) sleeper.at += by
    this.arm()
  }

  /** Wakes who has come due. */
  wakeDue(): void {
    const now = this.currentTimeMillisUnsafe()
    for (;;) {
      const first = this.sleepers[0]
      if (first === undefined || first.at > now) break
      this.sleepers.shift()
      first.wake()
    }
    this.arm()
  }

  /** Ends the timer; nobody is woken any more. */
  stop(): void {
    this.timer?.clear()
    this.timer = undefined
    this.timerAt = Infinity
  }

  private insert(sleeper: Sleeper): void {
    let at = this.sleepers.length
    while (at > 0 && (this.sleepers[at - 1]?.at ?? 0) > sleeper.at) at--
    this.sleepers.splice(at, 0, sleeper)
    if (at === 0) this.arm()
    // The first need not be the one that somebody waits for.
    else this.timer?.hold(this.holdsProcess())
  }

  private remove(sleeper: Sleeper): void {
    const at = this.sleepers.indexOf(sleeper)
    if (at >= 0) this.sleepers.splice(at, 1)
    if (this.sleepers.length === 0) this.stop()
    else this.timer?.hold(this.holdsProcess())
  }

  /** Sets the real timer to the first sleeper. A timer that is too early is harmless. */
  private arm(): void {
    const { nextAt } = this
    if (this.manual || nextAt === Infinity || this.held !== undefined) return
    if (this.timer !== undefined && this.timerAt === nextAt) return this.timer.hold(this.holdsProcess())
    this.timer?.clear()
    this.timerAt = nextAt
    this.timer = liveTurns.timer(
      Math.max(0, nextAt - this.currentTimeMillisUnsafe()),
      !this.holdsProcess(),
      () => {
        this.timer = undefined
        this.timerAt = Infinity
        this.wakeDue()
      },
    )
  }
}
