/**
 * How a server with an append-only file ends: what was logged goes to the disk first, or the log says what is lost. A disk
 * that does nothing any more holds the end up no longer than PATIENCE_MS.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { ShutdownError, type ShutdownOptions } from "../engine/Lifecycle.js"
import { within } from "../engine/world/Turn.js"
import { failureText } from "./AofErrors.js"
import type { AofLog } from "./AofLog.js"
import type { AofParts } from "./AofParts.js"
import type { AofStatus } from "./AofStatus.js"
import type { AofWriter } from "./AofWriter.js"

const PATIENCE_MS = 30_000

/** What is to end. */
interface EndingFile {
  readonly status: AofStatus
  readonly log: AofLog
  readonly writer: AofWriter
  readonly rewriteFiber: Fiber.Fiber<unknown> | undefined
  /** Something is logged, or about to be. */
  readonly alive: boolean
  readonly flush: Effect.Effect<boolean>
  readonly close: Effect.Effect<void>
  rewriteNow(): void
  setReading(on: boolean): void
}

export class AofEnd {
  constructor(
    private readonly aof: EndingFile,
    private readonly parts: AofParts,
  ) {
    parts.engine.lifecycle.addStep((options) => this.beforeEnd(options))
  }

  /** Waits for what ends with the disk; answers `otherwise` once nothing has come back from it for long. */
  private patiently<A>(work: Effect.Effect<A>, otherwise: A): Effect.Effect<A> {
    const { fork, engine } = this.parts
    const fiber = fork(work)
    const come = Effect.map(Fiber.join(fiber), (value) => ({ value }))
    return Effect.gen({ self: this }, function* () {
      for (;;) {
        const { progress } = this
        const result = yield* within(engine.turns, come, PATIENCE_MS, () => Effect.succeed(undefined))
        if (result !== undefined) return result.value
        if (progress !== this.progress) continue
        engine.logger.warning(
          `The disk has not answered for ${PATIENCE_MS / 1000} seconds. Not waiting for the AOF file any more.`,
        )
        return otherwise
      }
    })
  }

  /** Changes as the disk gets on. */
  private get progress(): number {
    const { written, synced } = this.aof.writer
    return written + synced + (this.parts.rdb.state.save?.keys() ?? 0)
  }

  /** A step of the shutdown. */
  private beforeEnd({ force }: ShutdownOptions): Effect.Effect<void, ShutdownError> {
    return Effect.gen({ self: this }, function* () {
      const { aof } = this
      if (!aof.alive) return
      const { rewriteFiber, status } = aof
      if (status.phase === "mending") yield* this.patiently(this.lastMending, undefined)
      else if (rewriteFiber !== undefined) {
        const initial = status.phase === "waiting"
        if (initial && !force) {
          yield* Effect.logWarning("Writing initial AOF, can't exit.")
          return yield* new ShutdownError({ why: "failed", reason: "the first base is being written" })
        }
        if (initial) yield* Effect.logWarning("Writing initial AOF. Exit anyway.")
        yield* Effect.logWarning("There is a child rewriting the AOF. Killing it!")
        yield* this.patiently(Fiber.interrupt(rewriteFiber), undefined)
      }
      yield* Effect.logInfo("Calling fsync() on the AOF file.")
      if (!(yield* this.patiently(aof.flush, false))) yield* this.tellLoss
    })
  }

  /** What was acknowledged may be in memory alone: a base under way is waited for, else one more is tried. */
  private get lastMending(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.aof.rewriteFiber === undefined) this.aof.rewriteNow()
      const { rewriteFiber } = this.aof
      return rewriteFiber === undefined ? Effect.void : Effect.asVoid(Fiber.await(rewriteFiber))
    })
  }

  /** The last flush has failed. */
  private get tellLoss(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { failure, distrusted, onDisk } = this.aof.writer
      const why = failure === undefined ? "The AOF file was not written to" : failureText(failure, distrusted)
      const lost = this.aof.log.position - onDisk
      return Effect.logWarning(`${why}. The last ${lost} bytes that were logged may not be on the disk.`)
    })
  }

  /** The layer ends. */
  get whole(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const { aof } = this
      const { hold, lifecycle } = this.parts.engine
      const logged = aof.log.reading && aof.status.phase === "on"
      const flushed = yield* this.patiently(aof.flush, false)
      if (!flushed && !lifecycle.ended) yield* this.tellLoss
      aof.setReading(false)
      yield* this.patiently(aof.writer.close, undefined)
      if (flushed && logged) yield* this.patiently(aof.close, undefined)
      if (flushed) hold.end()
      else hold.giveUp()
    })
  }
}
