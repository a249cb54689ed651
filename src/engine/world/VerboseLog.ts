/** Redis's log level between debug and notice, which Effect has not: an annotation of an info message. */
import * as Effect from "effect/Effect"

export const VERBOSE = "verboseLog"

export const logVerbose = (...message: ReadonlyArray<unknown>): Effect.Effect<void> =>
  Effect.annotateLogs(Effect.logInfo(...message), VERBOSE, true)
