/**
 * What a keyspace has to do by the clock, a slice a turn: expired keys go, and values that are no longer wanted are freed.
 *
 * A slice is short, so that clients do not wait for it. Where clients make turns long it grows with them, to as much time as
 * the turn took: else they could write faster than their keys expire.
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
  /** When the last slice ended that left more to do, else NaN. */
  private endedMs = NaN

  /** @param now real time in milliseconds, with fractions */
  constructor(
    private readonly keyspace: Keyspace,
    private readonly now: () => number,
  ) {}

  /** Works for one slice; answers whether more is left. */
  work(): boolean {
    const start = this.now()
    const turn = start - this.endedMs
    const end = start + (turn > LEAST_MS ? Math.min(turn, MOST_MS) : LEAST_MS)
    let more = true
    let at = start
    while (more && at < end) {
      const expiring = this.keyspace.expireDue(KEYS)
      const freeing = this.keyspace.freeSlice(ELEMENTS)
      more = expiring || freeing
      at = this.now()
    }
    this.spentMs += at - start
    this.endedMs = more ? at : NaN
    return more
  }
}
