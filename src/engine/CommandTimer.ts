/**
 * How long commands take: the source of INFO commandstats and latencystats, SLOWLOG and LATENCY.
 *
 * Reading the clock costs about 30 to 100 ns, and twice a command that would be several per cent of a deep pipeline. So
 * the end of one command is the start of the next (the parsing in between counts to the latter), and beyond the first
 * INDIVIDUAL commands of a batch brief ones are timed by sample, one of SAMPLE; what a sample took stands for the calls
 * of the same command since the last. All others are timed each (see Command.briefArguments), so
 * is the first call of every command, and all are when slowlog-log-slower-than is below FINE_MICROSECONDS.
 *
 * Commands themselves see nothing of it. Example: of a batch of 100 GETs two or three are timed, of 100 LRANGEs all.
 */
import type { Command, CommandStats } from "./Command.js"
import type { CommandContext } from "./CommandContext.js"
import { Histogram } from "../bytes/Histogram.js"

const INDIVIDUAL = 1
const SAMPLE = 64
const FINE_MICROSECONDS = 1000

/** Told of each timed command that took at least `slowMs`; `servedMs` is what serving it took, of one that waited. */
export type OnSlow = (cmd: Command, c: CommandContext, ms: number, servedMs?: number) => void

export class CommandTimer {
  /** Milliseconds, with fractions; the server provides a fine clock. */
  now: () => number = () => 0
  onSlow: OnSlow = () => {}
  /** latency-tracking: keep histograms. */
  tracking = true
  private slowMs = Infinity
  private perBatch = INDIVIDUAL
  private left = 0
  private skip = SAMPLE
  private stamp = 0
  private fresh = false
  private readonly histograms = new Map<Command, Histogram>()

  /** Sets from when on a command counts as slow: the least of the thresholds, in microseconds; negative = never. */
  watch(microseconds: number): void {
    this.slowMs = microseconds < 0 ? Infinity : microseconds / 1000
    this.perBatch = this.slowMs * 1000 < FINE_MICROSECONDS ? Infinity : INDIVIDUAL
    // Holds from the very next command on, in the batch that changed it, too.
    this.left = this.perBatch
  }

  /** A batch begins: what happened before is no command's time. */
  batch(): void {
    this.left = this.perBatch
    this.fresh = false
  }

  /** The start of a command, negative when it is not timed. */
  begin(cmd: Command, argc: number): number {
    if (this.left > 0) this.left--
    else if (argc <= cmd.briefArguments && cmd.stats.calls > 0 && --this.skip > 0) {
      cmd.stats.untimed++
      this.fresh = false
      return -1
    } else this.skip = SAMPLE
    return this.fresh ? this.stamp : this.now()
  }

  /** The end of a command whose start was not negative. */
  end(cmd: Command, c: CommandContext, start: number): void {
    const now = this.now()
    const ms = now - start
    this.stamp = now
    this.fresh = true
    const { stats } = cmd
    const weight = 1 + stats.untimed
    stats.untimed = 0
    stats.microseconds += ms * 1000 * weight
    if (this.tracking) this.histogram(cmd).record(ms * 1e6, weight)
    if (ms >= this.slowMs) this.onSlow(cmd, c, ms)
  }

  /** A command begins to wait for its reply; answers how long it ran. */
  suspend(cmd: Command, start: number): number {
    if (start < 0) {
      cmd.stats.untimed--
      return 0
    }
    this.stamp = this.now()
    this.fresh = true
    return this.stamp - start
  }

  /**
   * A command that waited has ended, and took `ms` in all.
   * @param more of it that was not counted yet
   */
  record(cmd: Command, c: CommandContext, ms: number, more: number, servedMs?: number): void {
    cmd.stats.microseconds += more * 1000
    if (this.tracking) this.histogram(cmd).record(ms * 1e6, 1)
    if (ms >= this.slowMs) this.onSlow(cmd, c, ms, servedMs)
  }

  private histogram(cmd: Command): Histogram {
    let histogram = this.histograms.get(cmd)
    if (histogram === undefined) this.histograms.set(cmd, (histogram = new Histogram()))
    return histogram
  }

  /** The histogram of a command's durations in nanoseconds, every call counted; undefined without calls. */
  latencies(cmd: Command): Histogram | undefined {
    const histogram = this.histograms.get(cmd)
    settle(cmd.stats, histogram)
    return histogram
  }

  /** Forgets all histograms: CONFIG RESETSTAT, and when latency-tracking is turned off. */
  clear(): void {
    this.histograms.clear()
  }
}

/** Counts calls that no sample stands for yet at what the command took so far on the average. */
const settle = (stats: CommandStats, histogram: Histogram | undefined): void => {
  const timed = stats.calls - stats.untimed
  if (stats.untimed === 0 || timed <= 0) return
  const mean = stats.microseconds / timed
  stats.microseconds += mean * stats.untimed
  histogram?.record(mean * 1000, stats.untimed)
  stats.untimed = 0
}
