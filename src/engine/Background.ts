/**
 * Work that no client waits for. All of it is started here, so that none of it dies unheard: a defect is logged, and
 * whoever started the work hears of it, to end or restart what the work served.
 *
 *     const background = yield* Background
 *     background.run(sendFile, () => drop(replica))
 *     background.whenDue("the cron", alarm, () => cron())
 *
 * The work ends with the scope. Typed failures are not defects: they belong to whoever joins the fiber.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

/** Starts work at once. `lost` is called when the work has died of a defect. */
export type Run = <A, E>(effect: Effect.Effect<A, E>, lost?: () => void) => Fiber.Fiber<A, E>

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

/** Runs `effect` anew, after `pause`, whenever it has ended of a defect. */
export const restarted = <A, E, R>(
  what: string,
  pause: Effect.Effect<void>,
  effect: Effect.Effect<A, E, R>,
): Effect.Effect<A, E, R> =>
  Effect.catchDefect(guarded(effect, undefined, what), () =>
    Effect.andThen(
      pause,
      Effect.suspend(() => restarted(what, pause, effect)),
    ),
  )

/** Runs what nobody waits for, for as long as a part of a server lives. */
export interface BackgroundShape {
  /** Runs work of which nobody waits for the end. */
  readonly run: Run
  /**
   * Calls `turn` whenever the alarm is due; a turn that answers true is followed by another at once. A turn that throws is
   * logged; it must have set the alarm.
   */
  readonly whenDue: (
    what: string,
    alarm: { readonly sleep: Effect.Effect<void> },
    turn: () => boolean,
  ) => void
}

class BackgroundWork implements BackgroundShape {
  constructor(private readonly fork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>) {}

  readonly run: Run = (effect, lost) => this.fork(guarded(effect, lost))

  whenDue(what: string, alarm: { readonly sleep: Effect.Effect<void> }, turn: () => boolean): void {
    const one = Effect.catchCause(Effect.sync(turn), (cause) => Effect.as(logged(what, cause), false))
    this.fork(Effect.forever(Effect.flatMap(one, (more) => (more ? Effect.yieldNow : alarm.sleep))))
  }
}

/**
 * The background as a service. Each part of a server is given one of its own, whose work ends when the part does, before
 * what the part stands on.
 */
export class Background extends Context.Service<Background, BackgroundShape>()("redix/engine/Background") {
  /** One whose work ends with the present scope. */
  static readonly make: Effect.Effect<BackgroundShape, never, Scope.Scope> = Effect.map(
    FiberSet.makeRuntime<never>(),
    (fork) => new BackgroundWork((effect) => fork(effect)),
  )

  /** A place for such work, which ends with the layer. */
  static readonly layer = (): Layer.Layer<Background> => Layer.effect(Background, Background.make)
}
