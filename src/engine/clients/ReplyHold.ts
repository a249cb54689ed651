/**
 * Replies that wait for the disk. Whoever keeps the command log says up to which position of it everything is safe; a reply
 * that stands for more is given to its peer, which keeps it back until that has become safe, and what comes behind it.
 *
 *     session.heldUntil   position that the session's replies stand for, set by the log's keeper as commands run
 *     peer.until          the same, for the bytes that the peer is given next
 *
 * While nobody holds replies `active` is false, everything is safe, and it costs a comparison a write.
 */

import { LogOnDisk } from "./LogOnDisk.js"

/** Keeps bytes back that it was given for a position. */
interface Holder {
  /** Lets go of what is safe by now; answers whether it keeps something all the same. */
  release(safe: number): boolean
  /** What it keeps back never becomes safe: drops it, and cuts off who waits for it. */
  cutOff(): void
}

interface Waiting {
  readonly until: number
  readonly go: () => void
  readonly lost: () => void
}

export class ReplyHold {
  active = false
  /** Clients in this process wait, too. They end with it, so that it is for what the machine may lose, not the process. */
  forAll = false
  /** Everything before this position is safe. */
  safe = Infinity
  /** The position behind what was logged last. */
  logged = 0
  readonly onDisk = new LogOnDisk()
  private holders: Array<Holder> = []
  private waiting: Array<Waiting> = []

  /** Replies wait from now on, for what is logged behind `safe`. */
  begin(safe: number): void {
    this.active = true
    this.safe = safe
  }

  /** More has become safe. */
  advance(safe: number): void {
    if (safe <= this.safe) return
    this.safe = safe
    const { holders } = this
    // A holder that is let go may begin anew meanwhile.
    this.holders = []
    for (const holder of holders) if (holder.release(safe)) this.holders.push(holder)
    if (this.waiting.length === 0) return
    const ready = this.waiting.filter(({ until }) => until <= safe)
    this.waiting = this.waiting.filter(({ until }) => until > safe)
    for (const { go } of ready) go()
  }

  /** Nothing waits any more. */
  end(): void {
    this.active = false
    this.advance(Infinity)
  }

  /** What waits now never becomes safe, so nobody is told that it is. Nothing waits any more. */
  giveUp(): void {
    const { holders, waiting } = this
    this.holders = []
    this.waiting = []
    for (const holder of holders) holder.cutOff()
    for (const { lost } of waiting) lost()
    this.end()
  }

  /** The holder has begun to keep something back. */
  add(holder: Holder): void {
    this.holders.push(holder)
  }

  /** The holder has let go of everything by itself. */
  remove(holder: Holder): void {
    this.holders = this.holders.filter((other) => other !== holder)
  }

  /** Calls `go` once everything before `until` is safe, or `lost` if it never will be; answers what takes that back. */
  whenSafe(until: number, go: () => void, lost: () => void): () => void {
    if (until <= this.safe) {
      go()
      return () => {}
    }
    const one = { until, go, lost }
    this.waiting.push(one)
    return () => void (this.waiting = this.waiting.filter((other) => other !== one))
  }
}
