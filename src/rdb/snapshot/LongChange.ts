/** Changes that take several turns, as a suspended script and a load do, which no snapshot may show half done. */
import * as Effect from "effect/Effect"
import type { PersistenceState } from "../PersistenceState.js"

/** A snapshot of its midst would have what the log behind the cut says once more, or half a data set. */
export interface LongChange {
  /** Undefined when there is none. */
  readonly suspended: object | undefined
  readonly ended: Effect.Effect<void>
}

/** Hears of loads. */
export interface LoadListener {
  /** One begins, or goes on; or, not `loading`, it has ended. */
  loadGoesOn(loading: boolean): void
}

/** A load that does not go beside the data set. */
export const loadAsChange = (
  state: Pick<PersistenceState, "load">,
  listeners: Array<LoadListener>,
): LongChange => {
  const present = (): PersistenceState["load"] => (state.load?.staged === false ? state.load : undefined)
  return {
    get suspended() {
      return present()
    },
    ended: Effect.callback<void>((resume) => {
      if (present() === undefined) return resume(Effect.void)
      const listener: LoadListener = {
        loadGoesOn: (loading) => {
          if (loading) return
          forget()
          resume(Effect.void)
        },
      }
      const forget = (): void => void listeners.splice(listeners.indexOf(listener), 1)
      listeners.push(listener)
      return Effect.sync(forget)
    }),
  }
}

/** Opens something in a turn in which no change is half done. Changes may follow each other: it looks after each wait. */
export const whenWhole = <A>(
  changes: ReadonlyArray<LongChange>,
  open: () => A,
  interruptibly: (wait: Effect.Effect<void>) => Effect.Effect<void>,
): Effect.Effect<A> =>
  Effect.suspend(() => {
    const change = changes.find(({ suspended }) => suspended !== undefined)
    return change === undefined
      ? Effect.succeed(open())
      : Effect.andThen(interruptibly(change.ended), whenWhole(changes, open, interruptibly))
  })
