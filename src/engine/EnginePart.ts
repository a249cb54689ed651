/** A part of the server that goes along with the engine: what it is told of, and asked for. All of it must be quick. */
import type { Session } from "./clients/Session.js"

export interface EnginePart {
  /** A client has gone. */
  detached?(session: Session): void
  /**
   * A turn of the clock-driven work, at `now` in milliseconds: soon after something has happened, and at the time it
   * answers (Infinity = only then).
   */
  cron?(now: number): number
  /** CONFIG RESETSTAT. */
  resetStats?(): void
  /** Bytes of its memory that do not count against maxmemory. */
  uncountedBytes?(): number
  /** Bytes that wait for the append-only file, which do not count either. */
  logBytes?(): number
  /** Asserts the invariants of its structures; throws on the first that does not hold. */
  checkInvariants?(): void
}

/** The parts of one server, told and asked in the order in which they were added. */
export class EngineParts {
  private readonly all: Array<EnginePart> = []

  add(part: EnginePart): void {
    this.all.push(part)
  }

  detached(session: Session): void {
    for (const part of this.all) part.detached?.(session)
  }

  /** Does the work of all; answers when the first has some again. */
  cron(now: number): number {
    let due = Infinity
    for (const part of this.all) due = Math.min(due, part.cron?.(now) ?? Infinity)
    return due
  }

  resetStats(): void {
    for (const part of this.all) part.resetStats?.()
  }

  uncountedBytes(): number {
    let bytes = 0
    for (const part of this.all) bytes += part.uncountedBytes?.() ?? 0
    return bytes
  }

  logBytes(): number {
    let bytes = 0
    for (const part of this.all) bytes += part.logBytes?.() ?? 0
    return bytes
  }

  checkInvariants(): void {
    for (const part of this.all) part.checkInvariants?.()
  }
}
