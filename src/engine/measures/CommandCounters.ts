/**
 * Counters of INFO commandstats, by the ids of a server's command table. They belong to the server, not to the commands:
 * servers of one process share those.
 */
import { COMMANDS_MAX } from "../CommandInfo.js"

export class CommandCounters {
  readonly calls = new Float64Array(COMMANDS_MAX)
  /** Time taken, with fractions; calls in `untimed` are not in it yet. */
  readonly microseconds = new Float64Array(COMMANDS_MAX)
  /** Calls that were not timed and that the next timed one stands for. */
  readonly untimed = new Float64Array(COMMANDS_MAX)
  readonly rejected = new Float64Array(COMMANDS_MAX)
  readonly failed = new Float64Array(COMMANDS_MAX)

  reset(): void {
    for (const counts of [this.calls, this.microseconds, this.untimed, this.rejected, this.failed])
      counts.fill(0)
  }

  /** Counts calls that no sample stands for yet at what the command took so far on the average; answers it per call. */
  settle(id: number): { readonly calls: number; readonly meanMicroseconds: number } | undefined {
    const waiting = this.untimed[id]
    const timed = this.calls[id] - waiting
    if (waiting === 0 || timed <= 0) return undefined
    const mean = this.microseconds[id] / timed
    this.microseconds[id] += mean * waiting
    this.untimed[id] = 0
    return { calls: waiting, meanMicroseconds: mean }
  }
}
