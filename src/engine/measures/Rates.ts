/** Rates of growing counters, as INFO's instantaneous fields show them: the mean of the latest samples. */

const SAMPLES = 16
/** Time of a sample, unless a turn of the event loop takes longer. */
const EVERY_MS = 100

export class Rate {
  private readonly samples: Array<number> = []
  private count = NaN
  private time = 0

  constructor(private readonly read: () => number) {}

  /** Takes a sample; `now` in milliseconds. Before `sinceMs` nothing has happened since the last one. */
  sample(now: number, sinceMs: number): void {
    const count = this.read()
    if (this.time !== 0 && count >= this.count) {
      const idleUntil = count === this.count ? now : sinceMs
      const idle = Math.floor((idleUntil - this.time) / EVERY_MS)
      for (let i = Math.min(idle, SAMPLES); i > 0; i--) this.push(0)
      if (idle > 0) this.time = idleUntil
    }
    const elapsed = now - this.time
    // A counter that was reset has no rate for once.
    if (elapsed > 0 && count >= this.count) {
      this.push(((count - this.count) * 1000) / elapsed)
    }
    if (elapsed <= 0 && this.time !== 0) return
    this.count = count
    this.time = now
  }

  private push(rate: number): void {
    this.samples.push(rate)
    if (this.samples.length > SAMPLES) this.samples.shift()
  }

  /** Per second. */
  get perSecond(): number {
    if (this.samples.length === 0) return 0
    return this.samples.reduce((sum, rate) => sum + rate, 0) / this.samples.length
  }
}
