/**
 * How a server ends: on SHUTDOWN, on a signal, or with the layer's scope.
 *
 * The parts that have something to do before the end (a last save, replicas that lag) add a step. `shutdown` runs the
 * steps in order; a step that fails keeps the server running, as Redis does when the last save fails, unless forced.
 */
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"

export interface ShutdownOptions {
  /** Save before the end: as the save points say (undefined), always, or never. */
  readonly save: boolean | undefined
  /** Do not wait for replicas that lag. */
  readonly now: boolean
  /** End even if a step fails. */
  readonly force: boolean
}

/** A step of the shutdown; fails with the reason for which the server had better not end. */
/** The server goes on: what was to be done before its end has failed, or the shutdown was called off. */
export class ShutdownError extends Data.TaggedError("ShutdownError")<{
  readonly why: "failed" | "aborted"
  readonly reason: string
}> {
  override get message(): string {
    return `shutdown ${this.why}: ${this.reason}`
  }
}

export type ShutdownStep = (options: ShutdownOptions) => Effect.Effect<void, ShutdownError>

interface Step {
  readonly run: ShutdownStep
  readonly takeBack: () => void
}

const nothing = (): void => {}

export class Lifecycle {
  private readonly steps: Array<Step> = []
  private readonly end = Deferred.makeUnsafe<void>()
  /** How the shutdown under way comes out; who asks meanwhile waits for the same. */
  private outcome: Deferred.Deferred<void, ShutdownError> | undefined = undefined
  private run: Fiber.Fiber<void, ShutdownError> | undefined = undefined
  /** Until when, in real time, a step waits for replicas. */
  waitsUntil: number | undefined = undefined
  /** The shutdown under way, or the last one, has waited for replicas. */
  waited = false

  /**
   * Adds a step; steps run in the order they were added.
   * @param takeBack undoes what the step has set for the end, where the server goes on: a later step may have failed
   */
  addStep(run: ShutdownStep, takeBack = nothing): void {
    this.steps.push({ run, takeBack })
  }

  /** Adds a step that runs before all steps there are now. */
  addFirstStep(run: ShutdownStep, takeBack = nothing): void {
    this.steps.unshift({ run, takeBack })
  }

  private readonly takeBack = Effect.sync(() => {
    for (const step of this.steps) step.takeBack()
  })

  /** A shutdown is under way. */
  get stopping(): boolean {
    return this.outcome !== undefined
  }

  /** The end has been declared. */
  get ended(): boolean {
    return Deferred.isDoneUnsafe(this.end)
  }

  /**
   * Runs the steps and lets `awaitEnd` return. Fails when a step objects and the end is not forced. As in
   * Redis it goes on when the client that asked for it has gone, and a second one joins the first, whatever it asks for.
   */
  shutdown(options: ShutdownOptions): Effect.Effect<void, ShutdownError> {
    return Effect.suspend(() => {
      if (this.outcome !== undefined) return Deferred.await(this.outcome)
      const outcome = (this.outcome = Deferred.makeUnsafe<void, ShutdownError>())
      this.waited = false
      const steps = Effect.forEach(
        this.steps,
        (step) => (options.force ? forced(Effect.suspend(() => step.run(options))) : step.run(options)),
        { discard: true },
      )
      const run = Effect.logWarning("User requested shutdown...").pipe(
        Effect.andThen(steps),
        Effect.raceFirst(Deferred.await(outcome)),
        Effect.tapCause(logTrouble),
        Effect.onExit((exit) =>
          Effect.ensuring(
            Exit.isFailure(exit) ? this.takeBack : Effect.void,
            Effect.sync(() => {
              if (Exit.isFailure(exit)) this.outcome = undefined
              else Deferred.doneUnsafe(this.end, Exit.void)
              Deferred.doneUnsafe(outcome, exit)
            }),
          ),
        ),
      )
      return Effect.forkDetach(run, { startImmediately: true }).pipe(
        Effect.tap((fiber) => Effect.sync(() => void (this.run = fiber))),
        Effect.andThen(Deferred.await(outcome)),
      )
    })
  }

  /** Calls a shutdown off that still waits for a step; answers whether there was one. */
  abort(): boolean {
    const { outcome } = this
    return (
      outcome !== undefined &&
      Deferred.doneUnsafe(outcome, Exit.fail(new ShutdownError({ why: "aborted", reason: "SHUTDOWN ABORT" })))
    )
  }

  /** Ends a shutdown under way: the server goes, whatever it waits for. */
  readonly leave: Effect.Effect<void> = Effect.suspend(() =>
    this.run === undefined ? Effect.void : Fiber.interrupt(this.run),
  )

  /** Waits for the end that `shutdown` declares. */
  get awaitEnd(): Effect.Effect<void> {
    return Deferred.await(this.end)
  }
}

/** A step that ends without having succeeded keeps nobody: its defect is told, its failure the step has told. */
const forced = (step: Effect.Effect<void, ShutdownError>): Effect.Effect<void> =>
  Effect.catchCause(step, (cause) =>
    Cause.hasDies(cause)
      ? Effect.logError("Internal error while shutting down. Exit anyway.", cause)
      : Cause.hasInterrupts(cause)
        ? Effect.interrupt
        : Effect.void,
  )

/** Tells the log of a shutdown that came to nothing. */
const logTrouble = (cause: Cause.Cause<ShutdownError>): Effect.Effect<void> => {
  if (Cause.hasInterruptsOnly(cause)) return Effect.logWarning("The server ends before its shutdown is done.")
  if (Option.exists(Cause.findErrorOption(cause), ({ why }) => why === "aborted"))
    return Effect.logInfo("Shutdown manually aborted.")
  // Who failed has told why; a defect has told nobody.
  const words = "Errors trying to shut down the server. Check the logs for more information."
  return Cause.hasDies(cause) ? Effect.logError(words, cause) : Effect.logWarning(words)
}
