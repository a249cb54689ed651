/** Changes that take several turns, which no snapshot may show half done. */
import * as Effect from "effect/Effect"

/**
 * A change that takes several turns and is logged at its end, like a suspended script's. A snapshot of its midst would
 * have what the log behind the cut says once more.
 */
export interface LongChange {
  /** Undefined when there is none. */
  readonly suspended: object | undefined
  readonly ended: Effect.Effect<void>
}

/** Opens something in a turn in which no change is half done. Changes may follow each other: it looks after each wait. */
export const whenWhole = <A>(
  change: LongChange | undefined,
  open: () => A,
  interruptibly: (wait: Effect.Effect<void>) => Effect.Effect<void>,
): Effect.Effect<A> =>
  Effect.suspend(() =>
    change?.suspended === undefined
      ? Effect.succeed(open())
      : Effect.andThen(interruptibly(change.ended), whenWhole(change, open, interruptibly)),
  )
