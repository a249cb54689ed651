/**
 * Counters of INFO commandstats, by the ids of a server's command table. They belong to the server, not to the commands:
 * servers of one process share those.
 */
import type { CommandTable } from "./CommandTable.js"

export class CommandCounters {
  calls = new Float64Array(0)
  /** Time taken, with fractions; calls in `untimed` are not in it yet. */
  microseconds = new Float64Array(0)
  /** Calls that were not timed and that the next timed one stands for. */
  untimed = new Float64Array(0)
  rejected = new Float64Array(0)
  failed = new Float64Array(0)

  /** Makes room for the commands of a table, all counters at 0. */
  cover(table: CommandTable): void {
    const n = table.byId.length
    this.calls = new Float64Array(n)
    this.microseconds = new Float64Array(n)
    this.untimed = new Float64Array(n)
    this.rejected = new Float64Array(n)
    this.failed = new Float64Array(n)
  }

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
