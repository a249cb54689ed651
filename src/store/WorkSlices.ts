/**
 * What a keyspace has to do by the clock, a slice a turn: expired keys go, and values that are no longer wanted are freed.
 *
 * A slice is short, so that clients do not wait for it. Where clients make turns long it grows with them, to as much time as
 * the turns take: else they could write faster than their keys expire. Only what the processor worked of a turn counts, and
 * one long turn among short ones makes none longer: on a busy machine turns are long in which nothing is done.
 */
import type { Keyspace } from "./Keyspace.js"

/** Milliseconds of a slice: at least, and at most. */
const LEAST_MS = 0.2
const MOST_MS = 2
/** Expired keys deleted, and elements freed, before the clock is looked at again. */
const KEYS = 16
const ELEMENTS = 128

export class WorkSlices {
  /** Milliseconds spent so far. */
  spentMs = 0
  /** When the last slice ended that left more to do, -1 where it left nothing, and the processor's time then. */
  private endedMs = -1
  private workedMs = 0
  /** How long the turn before the last slice took, and the one before that. */
  private lastMs = 0
  private earlierMs = 0

  /**
   * @param now real time in milliseconds, with fractions
   * @param worked the processor's time spent so far, likewise; other threads' may be among it
   */
  constructor(
    private readonly keyspace: Keyspace,
    private readonly now: () => number,
    private readonly worked: () => number,
  ) {}

  /** Works for one slice; answers whether more is left. */
  work(): boolean {
    const start = this.now()
    const end = start + Math.min(MOST_MS, Math.max(LEAST_MS, this.usualTurn(start)))
    let more = true
    let at = start
    while (more && at < end) {
      const expiring = this.keyspace.expireDue(KEYS)
      const freeing = this.keyspace.freeSlice(ELEMENTS)
      more = expiring || freeing
      at = this.now()
    }
    this.spentMs += at - start
    this.endedMs = more ? at : -1
    if (more) this.workedMs = this.worked()
    return more
  }

  /** The shortest of the last three turns in which there was more to do. */
  private usualTurn(now: number): number {
    const turn = this.endedMs < 0 ? 0 : Math.min(now - this.endedMs, this.worked() - this.workedMs)
    const usual = Math.min(turn, this.lastMs, this.earlierMs)
    this.earlierMs = this.lastMs
    this.lastMs = turn
    return usual
  }
}
