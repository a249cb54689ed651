/**
 * The log, for what runs outside of fibers: a line goes to Effect's loggers at once, by the levels that Redis has. A line
 * may carry facts, which a text line does not repeat and a JSON line has as fields.
 *
 *     engine.logger.notice(`Replica ${name} asks for synchronization`, { replica: name })
 */
import * as Effect from "effect/Effect"

/** Marks an info message as of Redis's level between debug and notice, which Effect has not. */
export const VERBOSE = "verboseLog"
/** The annotation that holds the facts of a line. */
export const FACTS = "facts"

export type Facts = Readonly<Record<string, string | number | boolean>>

type Say = (text: string, facts?: Facts) => void

export interface Log {
  readonly debug: Say
  readonly verbose: Say
  readonly notice: Say
  readonly warning: Say
  /** A defect, and where it came up. */
  readonly defect: (text: string, defect: unknown) => void
}

const logVerbose = (text: string): Effect.Effect<void> =>
  Effect.annotateLogs(Effect.logInfo(text), VERBOSE, true)

const withFacts = (line: Effect.Effect<void>, facts: Facts | undefined): Effect.Effect<void> =>
  facts === undefined ? line : Effect.annotateLogs(line, FACTS, facts)

/** The log of the fiber that makes it: its loggers and its annotations. */
export const makeLog: Effect.Effect<Log> = Effect.map(Effect.context<never>(), (context) => {
  // What a logger throws is no trouble of the code that had something to say.
  const run = Effect.runSyncExitWith(context)
  return {
    debug: (text, facts) => void run(withFacts(Effect.logDebug(text), facts)),
    verbose: (text, facts) => void run(withFacts(logVerbose(text), facts)),
    notice: (text, facts) => void run(withFacts(Effect.logInfo(text), facts)),
    warning: (text, facts) => void run(withFacts(Effect.logWarning(text), facts)),
    defect: (text, defect) => void run(Effect.logError(text, defect)),
  }
})
