/**
 * A histogram of durations with a relative error under 1 %: how INFO latencystats and LATENCY HISTOGRAM know percentiles.
 *
 * Layout: counters over buckets that widen with the value, in nanoseconds. Below 256 each value has its own bucket; from
 * there every power of two is cut into 128 buckets: [256, 512) by 2, [512, 1024) by 4, and so on up to 2^31. 3200
 * counters of 8 bytes.
 *
 * Invariants: `total` is the sum of all counters. Values below 1 count as 1, values above VALUE_MAX as VALUE_MAX.
 *
 * Example: 48000 lies in [47872, 48127], so after record(48000) every percentile but 0 is 48127, and percentile 0, which
 * names the bucket's lower end, is 47872.
 */

/** One second: longer durations count as this. */
const VALUE_MAX = 1_000_000_000
const SUB = 128
const EXACT = 256
const BUCKETS = 3200

/** Bits a value is shifted down by to fall into [0, 256). */
const shiftOf = (value: number): number => Math.max(0, 24 - Math.clz32(value))

const indexOf = (value: number): number => {
  const shift = shiftOf(value)
  return shift * SUB + (value >>> shift)
}

/** Smallest value of a bucket. */
const lowest = (index: number): number => {
  if (index < EXACT) return index
  const shift = (index >>> 7) - 1
  return (index - shift * SUB) * 2 ** shift
}

/** Largest value of a bucket. */
const highest = (index: number): number => lowest(index + 1) - 1

/** Largest value that counts as the same as this one. */
export const highestEquivalent = (value: number): number => highest(indexOf(value))

export class Histogram {
  total = 0
  private readonly counts = new Float64Array(BUCKETS)

  /** Counts a duration in nanoseconds, `weight` times. */
  record(nanoseconds: number, weight: number): void {
    const value = nanoseconds < 1 ? 1 : nanoseconds > VALUE_MAX ? VALUE_MAX : nanoseconds | 0
    this.counts[indexOf(value)] += weight
    this.total += weight
  }

  /** The duration in nanoseconds that `percentile` per cent (0 to 100) of the recorded ones do not exceed; 0 if none. */
  percentile(percentile: number): number {
    if (this.total === 0) return 0
    const wanted = Math.max(1, Math.floor((percentile / 100) * this.total + 0.5))
    let n = 0
    for (let i = 0; i < BUCKETS; i++) {
      n += this.counts[i]
      if (n >= wanted) return percentile === 0 ? lowest(i) : highest(i)
    }
    return VALUE_MAX
  }

  /** How many recorded durations are at most `highestEquivalent(limit)`, for each limit of an ascending series. */
  cumulative(limits: ReadonlyArray<number>): Array<number> {
    const sums: Array<number> = []
    let n = 0
    let i = 0
    for (const limit of limits) {
      for (const last = indexOf(limit); i <= last; i++) n += this.counts[i]
      sums.push(n)
    }
    return sums
  }

  clear(): void {
    this.counts.fill(0)
    this.total = 0
  }
}
