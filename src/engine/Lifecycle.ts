/**
 * How a server ends: on SHUTDOWN, on a signal, or with the layer's scope.
 *
 * The parts that have something to do before the end (a last save, replicas that lag) add a step. `shutdown` runs the
 * steps in order; a step that fails keeps the server running, as Redis does when the last save fails, unless forced.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

export interface ShutdownOptions {
  /** Save before the end: as the save points say (undefined), always, or never. */
  readonly save: boolean | undefined
  /** Do not wait for replicas that lag. */
  readonly now: boolean
  /** End even if a step fails. */
  readonly force: boolean
}

const ABORTED = "Shutdown manually aborted."

/** A step of the shutdown; fails with the reason for which the server had better not end. */
export type ShutdownStep = (options: ShutdownOptions) => Effect.Effect<void, string>

export class Lifecycle {
  private readonly steps: Array<ShutdownStep> = []
  private readonly end = Deferred.makeUnsafe<void>()
  private running = false
  private aborted = Deferred.makeUnsafe<void, string>()

  /** Adds a step; steps run in the order they were added. */
  addStep(step: ShutdownStep): void {
    this.steps.push(step)
  }

  /** Adds a step that runs before all steps there are now. */
  addFirstStep(step: ShutdownStep): void {
    this.steps.unshift(step)
  }

  /** A shutdown is under way. */
  get stopping(): boolean {
    return this.running
  }

  /** The end has been declared. */
  get ended(): boolean {
    return Deferred.isDoneUnsafe(this.end)
  }

  /** Runs the steps and lets `awaitEnd` return. Fails with the reason when a step objects and the end is not forced. */
  shutdown(options: ShutdownOptions): Effect.Effect<void, string> {
    return Effect.suspend(() => {
      this.running = true
      const steps = Effect.forEach(
        this.steps,
        (step) => (options.force ? Effect.ignore(step(options)) : step(options)),
        { discard: true },
      )
      this.aborted = Deferred.makeUnsafe()
      return Effect.logWarning("User requested shutdown...").pipe(
        Effect.andThen(steps),
        Effect.raceFirst(Deferred.await(this.aborted)),
        Effect.andThen(Deferred.succeed(this.end, undefined)),
        Effect.asVoid,
        Effect.tapError((reason) =>
          reason === ABORTED
            ? Effect.logInfo(ABORTED)
            : Effect.logWarning(
                "Errors trying to shut down the server. Check the logs for more information.",
              ),
        ),
        Effect.onError(() => Effect.sync(() => void (this.running = false))),
      )
    })
  }

  /** Calls a shutdown off that still waits for a step; answers whether there was one. */
  abort(): boolean {
    if (!this.running) return false
    return Deferred.doneUnsafe(this.aborted, Exit.fail(ABORTED))
  }

  /** Waits for the end that `shutdown` declares. */
  get awaitEnd(): Effect.Effect<void> {
    return Deferred.await(this.end)
  }
}
