/**
 * Work that no client waits for. All of it is started here, so that none of it dies unheard: a defect is logged, and
 * whoever started the work hears of it, to end or restart what the work served.
 *
 *     const background = yield* Background.make()
 *     background.run(sendFile, () => drop(replica))
 *     background.every("the cron", 100, () => cron())
 *
 * The work ends with the scope. Typed failures are not defects: they belong to whoever joins the fiber.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"

/** Starts work at once. `lost` is called when the work has died of a defect. */
export type Run<R = never> = <A, E>(effect: Effect.Effect<A, E, R>, lost?: () => void) => Fiber.Fiber<A, E>

const logged = (what: string, cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  Effect.logError(`Internal error in ${what}`, cause)

/** As `effect`; when it dies of a defect the log tells of it, and `lost` is called. */
export const guarded = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  lost: () => void = () => {},
  what = "background work",
): Effect.Effect<A, E, R> =>
  Effect.onError(effect, (cause) => {
    if (!Cause.hasDies(cause)) return Effect.void
    const told = Effect.catchCause(Effect.sync(lost), (second) => logged(what, second))
    return Effect.andThen(logged(what, cause), told)
  })

/** Runs `effect` anew, after a pause, whenever it has ended of a defect. */
export const restarted = <A, E, R>(
  what: string,
  pauseMs: number,
  effect: Effect.Effect<A, E, R>,
): Effect.Effect<A, E, R> =>
  Effect.catchDefect(guarded(effect, undefined, what), () =>
    Effect.andThen(
      Effect.sleep(pauseMs),
      Effect.suspend(() => restarted(what, pauseMs, effect)),
    ),
  )

export class Background<R = never> {
  private constructor(private readonly fork: <A, E>(effect: Effect.Effect<A, E, R>) => Fiber.Fiber<A, E>) {}

  static make<R = never>(): Effect.Effect<Background<R>, never, R | Scope.Scope> {
    return Effect.map(FiberSet.makeRuntime<R>(), (fork) => new Background<R>((effect) => fork(effect)))
  }

  readonly run: Run<R> = (effect, lost) => this.fork(guarded(effect, lost))

  /**
   * Calls `turn` again and again, with a pause after each turn that answers anything but true. A turn that throws is
   * logged, and the next one comes after the pause.
   */
  every(what: string, pauseMs: number, turn: () => unknown): void {
    const one = Effect.catchCause(Effect.sync(turn), (cause) => Effect.as(logged(what, cause), false))
    const next = Effect.flatMap(one, (more) => (more === true ? Effect.yieldNow : Effect.sleep(pauseMs)))
    this.fork(Effect.forever(next))
  }
}
