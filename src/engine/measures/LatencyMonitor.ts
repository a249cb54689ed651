/**
 * LATENCY: the worst delays of the server by kind of event, one sample a second at most, for latency-monitor-threshold.
 *
 * Events: "command" and "fast-command" (commands that declare to be fast), "expire-cycle" (deletion of expired keys and
 * freeing in slices). A sample of the same second keeps the worse delay; of an event the latest SAMPLES_MAX are kept.
 */

export interface LatencySample {
  /** Unix seconds. */
  readonly time: number
  readonly ms: number
}

export interface LatencyEvent {
  readonly name: string
  /** Oldest first. */
  readonly samples: ReadonlyArray<LatencySample>
  /** The worst delay ever, in milliseconds. */
  readonly worst: number
}

const SAMPLES_MAX = 160

export class LatencyMonitor {
  private readonly byName = new Map<string, { name: string; samples: Array<LatencySample>; worst: number }>()

  get events(): ReadonlyArray<LatencyEvent> {
    return [...this.byName.values()]
  }

  event(name: string): LatencyEvent | undefined {
    return this.byName.get(name)
  }

  add(name: string, time: number, ms: number): void {
    let event = this.byName.get(name)
    if (event === undefined) this.byName.set(name, (event = { name, samples: [], worst: 0 }))
    event.worst = Math.max(event.worst, ms)
    const last = event.samples.at(-1)
    if (last?.time === time) {
      if (ms > last.ms) event.samples[event.samples.length - 1] = { time, ms }
      return
    }
    event.samples.push({ time, ms })
    if (event.samples.length > SAMPLES_MAX) event.samples.shift()
  }

  /** Forgets the named events, all without names; answers how many there were. */
  reset(names: ReadonlyArray<string>): number {
    if (names.length > 0) return names.filter((name) => this.byName.delete(name)).length
    const n = this.byName.size
    this.byName.clear()
    return n
  }
}
