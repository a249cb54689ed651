/**
 * Whether the next group had better wait a moment before it is synced. Of writers who wait for their replies some come back
 * right after a sync, too late for the group that gathered meanwhile: two groups then take turns, and each writer waits for
 * two syncs. A group that waits for those who were just answered takes all of them along in one.
 *
 *     sync of 20 ends, 30 wait --> 50 are expected --> the group is synced once 50 wait, or time is over
 *
 * It pays where a sync takes longer than the way to the writers and back. Where those who are expected stay away again and
 * again (they have something else to do), groups wait for nobody for some time.
 */

/** The syncs of a quick disk are over before anybody is back. */
const SYNC_MS_MIN = 0.5
/** A group waits for so much of the time that a sync takes. */
const PART = 0.5
/** Timers have no less. */
const WAIT_MS_MIN = 1
/** After so many waits in vain, one after the other, so many groups do not wait. */
const VAIN_MAX = 4
const REST_GROUPS = 128

export class Gathering {
  /** Commands that are waited for, and until when; 0 = nothing is. */
  private expected = 0
  private until = 0
  /** How long a sync takes, an average that follows. */
  private syncMs = 0
  private vain = 0
  private resting = 0

  /** How long a group waits at most. */
  get patienceMs(): number {
    return Math.max(WAIT_MS_MIN, this.syncMs * PART)
  }

  /** A sync has ended, of so many commands, which took so long, and so many wait already; answers whether the next group waits. */
  synced(commands: number, tookMs: number, waiting: number, now: number): boolean {
    this.syncMs += (tookMs - this.syncMs) / 4
    this.expected = 0
    if (this.resting > 0) this.resting--
    else if (this.syncMs >= SYNC_MS_MIN && commands + waiting > 1) {
      this.expected = commands + waiting
      this.until = now + this.patienceMs
    }
    return this.expected > 0
  }

  timeIsOver(): void {
    this.until = 0
  }

  /** Whether a group of so many commands goes on waiting. */
  waits(commands: number, now: number): boolean {
    if (this.expected === 0) return false
    const complete = commands >= this.expected
    if (!complete && now < this.until) return true
    this.expected = 0
    this.vain = complete ? 0 : this.vain + 1
    if (this.vain >= VAIN_MAX) {
      this.vain = VAIN_MAX - 1
      this.resting = REST_GROUPS
    }
    return false
  }
}
