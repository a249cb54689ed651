/** What can become of a command of the master's stream. */
import type * as Effect from "effect/Effect"

/** Why a link cannot go on. */
export interface StreamTrouble {
  readonly reason: string
  /** The stream cannot be followed past this place: what comes after it needs a snapshot. */
  readonly lost: boolean
}

/** A command is not to run yet (CLIENT PAUSE): it comes again when the wait is over. */
export interface StreamHold {
  readonly wait: Effect.Effect<unknown>
}
