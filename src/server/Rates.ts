/** Rates of growing counters, as INFO's instantaneous fields show them: the mean of the latest samples. */

const SAMPLES = 16

export class Rate {
  private readonly samples: Array<number> = []
  private count = NaN
  private time = 0

  constructor(private readonly read: () => number) {}

  /** Takes a sample; `now` in milliseconds. */
  sample(now: number): void {
    const count = this.read()
    const elapsed = now - this.time
    // A counter that was reset has no rate for once.
    if (elapsed > 0 && count >= this.count) {
      this.samples.push(((count - this.count) * 1000) / elapsed)
      if (this.samples.length > SAMPLES) this.samples.shift()
    }
    if (elapsed <= 0 && this.time !== 0) return
    this.count = count
    this.time = now
  }

  /** Per second. */
  get perSecond(): number {
    if (this.samples.length === 0) return 0
    return this.samples.reduce((sum, rate) => sum + rate, 0) / this.samples.length
  }
}
