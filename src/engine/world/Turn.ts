/**
 * Turns of the event loop, and real time, as a service: a reference with the runtime's own as default, so that nobody has
 * to provide it; a simulation puts turns and time of its own in its place.
 *
 * Commands take their time from Effect's Clock, so that a test may hold it, move it or fake it. What carries bytes may
 * not: a test that replaces the timers of its process (Vitest's, Jest's and node:test's fake timers) or stands on a
 * TestClock still speaks to the server through real sockets, and waits for its answers. So replies, fibers and waits for
 * the network run on the functions that were here when this module was loaded.
 */
import { performance } from "node:perf_hooks"
import * as timers from "node:timers"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { MixedScheduler, Scheduler } from "effect/Scheduler"

export interface RealTimer {
  /** Begins its time anew. */
  refresh(): void
  clear(): void
  /** Whether it keeps the process alive. */
  hold(on: boolean): void
}

/** Turns of the event loop, and real time, whatever a test has put in place of timers and Clock. */
export interface Turns {
  /** Runs something when this turn of the event loop has read what there is to read. */
  readonly atEnd: (run: () => void) => void
  /** Runs something when the present code has returned to the event loop. */
  readonly afterThis: (run: () => void) => void
  /**
   * As `afterThis`; when microtasks have gone on for a while, at the turn's end: what answers at once would else keep
   * timers and sockets waiting for as long as there is another question.
   */
  readonly soon: (run: () => void) => void
  /** Milliseconds of real time since some moment, with fractions, never set back. */
  readonly now: () => number
  /** Sleeps in real time: for waits of which the other end is on the network, or a disk. */
  readonly sleep: (ms: number) => Effect.Effect<void>
  /** The system's time in Unix milliseconds, whatever a test has put in place of Date. */
  readonly systemNow: () => number
  /** A timer in real time; one that is idle keeps no process alive. */
  readonly timer: (ms: number, idle: boolean, run: () => void) => RealTimer
  /** What fibers run on. */
  readonly scheduler: Scheduler
}

// Copies: node:test puts its fakes into the module itself.
const { setImmediate: immediate, clearImmediate: clear, setTimeout: timeout, clearTimeout: forget } = timers
const now = performance.now.bind(performance)
const settled = Promise.resolve()

/** A timer runs at once when its time is longer. */
const TIMER_MS_MAX = 2 ** 31 - 1

/** Work of microtasks may keep the event loop from turning for so long. */
const HELD_MS_MAX = 1
let turnedAt = 0

/** By a promise, because Jest fakes queueMicrotask. */
const afterThis = (run: () => void): void => void settled.then(run)

export const liveTurns: Turns = {
  atEnd: (run) => void immediate(run),
  afterThis,
  soon: (run) => {
    if (now() - turnedAt < HELD_MS_MAX) return afterThis(run)
    immediate(() => {
      turnedAt = now()
      run()
    })
  },
  now: () => now(),
  sleep: (ms) =>
    Effect.callback<void>((resume) => {
      const timer = timeout(() => resume(Effect.void), ms)
      return Effect.sync(() => forget(timer))
    }),
  systemNow: () => Math.floor(performance.timeOrigin + now()),
  timer: (ms, idle, run) => {
    const timer = timeout(run, Math.min(ms, TIMER_MS_MAX))
    if (idle) timer.unref()
    return {
      refresh: () => void timer.refresh(),
      clear: () => forget(timer),
      hold: (on) => void (on ? timer.ref() : timer.unref()),
    }
  },
  scheduler: new MixedScheduler("async", (run) => {
    const handle = immediate(run)
    return () => clear(handle)
  }),
}

/** The turns and the real time that a server goes by; default: the runtime's own. */
export const Turn: Context.Reference<Turns> = Context.Reference<Turns>("redix/engine/Turn", {
  defaultValue: () => liveTurns,
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

/** Runs an effect for so long in real time at most, then `orElse`. */
export const within = <A, E, R, B, E2, R2>(
  turns: Turns,
  effect: Effect.Effect<A, E, R>,
  ms: number,
  orElse: () => Effect.Effect<B, E2, R2>,
): Effect.Effect<A | B, E | E2, R | R2> =>
  Effect.flatMap(
    Effect.raceFirst(
      Effect.map(effect, (value) => ({ value })),
      Effect.as(turns.sleep(ms), undefined),
    ),
    (result): Effect.Effect<A | B, E2, R2> =>
      result === undefined ? orElse() : Effect.succeed(result.value),
  )

/** Runs something; what it throws is thrown in a turn of its own, as from a listener of the event loop. */
export const thrownLater = (turns: Turns, run: () => void): void => {
  try {
    run()
  } catch (thrown) {
    turns.atEnd(() => {
      throw thrown
    })
  }
}

const ordinary = new MixedScheduler()

/** The scheduler to run on; undefined where the app has put one of its own in place (a TestClock has one). */
const schedulerOf = Effect.gen(function* () {
  const present = yield* Scheduler
  const { scheduler } = yield* Turn
  const isOrdinary = present instanceof MixedScheduler && present.setImmediate === ordinary.setImmediate
  return isOrdinary ? scheduler : undefined
})

/** Runs fibers on real turns, unless the app has put a scheduler of its own in place. */
export const realTurns = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(schedulerOf, (scheduler) =>
    scheduler === undefined ? effect : Effect.provideService(effect, Scheduler, scheduler),
  )

/** As `realTurns`, for the fibers of a layer. */
export const onRealTurns = <A, E, R>(layer: Layer.Layer<A, E, R>): Layer.Layer<A, E, R> =>
  Layer.unwrap(
    Effect.map(schedulerOf, (scheduler) =>
      scheduler === undefined ? layer : Layer.provide(layer, Layer.succeed(Scheduler, scheduler)),
    ),
  )
