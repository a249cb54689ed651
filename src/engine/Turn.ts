/**
 * Turns of the event loop, and real time, as the runtime has them.
 *
 * Commands take their time from Effect's Clock, so that a test may hold it, move it or fake it. What carries bytes may
 * not: a test that replaces the timers of its process (Vitest's, Jest's and node:test's fake timers) or stands on a
 * TestClock still speaks to the server through real sockets, and waits for its answers. So replies, fibers and waits for
 * the network run on the functions that were here when this module was loaded.
 */
import { performance } from "node:perf_hooks"
import * as timers from "node:timers"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { MixedScheduler, Scheduler } from "effect/Scheduler"

// Copies: node:test puts its fakes into the module itself.
const { setImmediate: immediate, clearImmediate: clear, setTimeout: timeout, clearTimeout: forget } = timers
const now = performance.now.bind(performance)
const settled = Promise.resolve()

/** Runs something when this turn of the event loop has read what there is to read. */
export const atTurnEnd = (run: () => void): void => void immediate(run)

/** Runs something when the present code has returned to the event loop. A promise's, because Jest fakes queueMicrotask. */
export const afterThis = (run: () => void): void => void settled.then(run)

/** Work of microtasks may keep the event loop from turning for so long. */
const HELD_MS_MAX = 1
let turnedAt = 0

/**
 * As `afterThis`; when microtasks have gone on for a while, at the turn's end: what answers at once would else keep timers
 * and sockets waiting for as long as there is another question.
 */
export const soon = (run: () => void): void => {
  if (now() - turnedAt < HELD_MS_MAX) return afterThis(run)
  immediate(() => {
    turnedAt = now()
    run()
  })
}

/** Runs something; what it throws is thrown in a turn of its own, as from a listener of the event loop. */
export const thrownLater = (run: () => void): void => {
  try {
    run()
  } catch (thrown) {
    immediate(() => {
      throw thrown
    })
  }
}

/** Milliseconds of real time since some moment. */
export const realNow = (): number => now()

/** The system's time in Unix milliseconds, whatever a test has put in place of Date. */
export const systemNow = (): number => Math.floor(performance.timeOrigin + now())

/** Sleeps in real time: for waits of which the other end is on the network. */
export const realSleep = (ms: number): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const timer = timeout(() => resume(Effect.void), ms)
    return Effect.sync(() => forget(timer))
  })

interface RealTimer {
  /** Begins its time anew. */
  refresh(): void
  clear(): void
  /** Whether it keeps the process alive. */
  hold(on: boolean): void
}

/** A real timer; one that is idle keeps no process alive. */
export const realTimer = (ms: number, idle: boolean, run: () => void): RealTimer => {
  const timer = timeout(run, Math.min(ms, TIMER_MS_MAX))
  if (idle) timer.unref()
  return {
    refresh: () => void timer.refresh(),
    clear: () => forget(timer),
    hold: (on) => void (on ? timer.ref() : timer.unref()),
  }
}

/** Runs an effect for so long in real time at most, then `orElse`. */
export const withinReal = <A, E, R, B, E2, R2>(
  effect: Effect.Effect<A, E, R>,
  ms: number,
  orElse: () => Effect.Effect<B, E2, R2>,
): Effect.Effect<A | B, E | E2, R | R2> =>
  Effect.flatMap(
    Effect.raceFirst(
      Effect.map(effect, (value) => ({ value })),
      Effect.as(realSleep(ms), undefined),
    ),
    (result): Effect.Effect<A | B, E2, R2> =>
      result === undefined ? orElse() : Effect.succeed(result.value),
  )

/** A timer runs at once when its time is longer. */
const TIMER_MS_MAX = 2 ** 31 - 1

const ordinary = new MixedScheduler()
const kept = new MixedScheduler("async", (run) => {
  const handle = immediate(run)
  return () => clear(handle)
})

/** Runs fibers on real turns, and counts what is to run. */
export class CountingScheduler extends MixedScheduler {
  constructor() {
    super("async", (run) => {
      this.pending++
      const handle = immediate(() => {
        this.pending--
        run()
      })
      return () => {
        this.pending--
        clear(handle)
      }
    })
  }

  pending = 0
}

const isOrdinary = (scheduler: unknown): boolean =>
  scheduler instanceof MixedScheduler && scheduler.setImmediate === ordinary.setImmediate

/** Runs fibers on real turns, unless the app has put a scheduler of its own in place (a TestClock has one). */
export const realTurns = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(Scheduler, (scheduler) =>
    isOrdinary(scheduler) ? Effect.provideService(effect, Scheduler, kept) : effect,
  )

/** As `realTurns`, for the fibers of a layer. */
export const onRealTurns = <A, E, R>(layer: Layer.Layer<A, E, R>): Layer.Layer<A, E, R> =>
  Layer.unwrap(
    Effect.map(Scheduler, (scheduler) =>
      isOrdinary(scheduler) ? Layer.provide(layer, Layer.succeed(Scheduler, kept)) : layer,
    ),
  )
