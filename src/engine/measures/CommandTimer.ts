/**
 * How long commands take: the source of INFO commandstats and latencystats, SLOWLOG and LATENCY.
 *
 * Reading the clock costs 30 to 100 ns; twice a command, that would be several per cent of a deep pipeline. Two things
 * keep it cheap:
 *
 * - The end of one command is the start of the next; the parsing in between counts towards the later one.
 * - Brief commands (`briefArguments` of CommandInfo.ts) are sampled: after the first INDIVIDUAL of a batch, one in SAMPLE is
 *   timed, and its time stands for all calls of that command since the sample before.
 *
 * Every other command is timed each time. So is the first call of any command, and every command while
 * slowlog-log-slower-than is below FINE_MICROSECONDS.
 *
 * Example: of a batch of 100 GETs two or three are timed, of 100 LRANGEs all.
 */
import type { TableCommand } from "../Command.js"
import type { CommandContext } from "../CommandContext.js"
import { Histogram } from "../../bytes/Histogram.js"
import type { Measures } from "./Measures.js"
import { COMMANDS_MAX } from "../CommandInfo.js"

const INDIVIDUAL = 1
const SAMPLE = 64
const FINE_MICROSECONDS = 1000

/**
 * Counters of INFO commandstats, by the ids of a server's command table. They belong to the server, not to the commands:
 * servers of one process share those.
 */
class CommandCounters {
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

export class CommandTimer {
  readonly counters = new CommandCounters()
  /** latency-tracking: keep histograms. */
  tracking = true
  private slowMs = Infinity
  private perBatch = INDIVIDUAL
  private left = 0
  private skip = SAMPLE
  private stamp = 0
  private fresh = false
  /** By the ids of commands. */
  private readonly histograms: Array<Histogram | undefined> = []

  /**
   * @param now milliseconds since some moment, with fractions
   * @param measures told of each timed command that took as long as `watch` says
   */
  constructor(
    readonly now: () => number,
    private readonly measures: Measures,
  ) {}

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
  begin(cmd: TableCommand, argc: number): number {
    if (this.left > 0) this.left--
    else if (argc <= cmd.briefArguments && this.counters.calls[cmd.id] > 0 && --this.skip > 0) {
      this.counters.untimed[cmd.id]++
      this.fresh = false
      return -1
    } else this.skip = SAMPLE
    return this.fresh ? this.stamp : this.now()
  }

  /** The end of a command whose start was not negative. */
  end(cmd: TableCommand, c: CommandContext, start: number): void {
    const now = this.now()
    const ms = now - start
    this.stamp = now
    this.fresh = true
    const { counters } = this
    const { id } = cmd
    const weight = 1 + counters.untimed[id]
    counters.untimed[id] = 0
    counters.microseconds[id] += ms * 1000 * weight
    if (this.tracking) this.histogram(id).record(ms * 1e6, weight)
    if (ms >= this.slowMs) this.measures.commandEnded(cmd, c, ms)
  }

  /** A command begins to wait for its reply; answers how long it ran. */
  suspend(cmd: TableCommand, start: number): number {
    if (start < 0) {
      this.counters.untimed[cmd.id]--
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
  record(cmd: TableCommand, c: CommandContext, ms: number, more: number, servedMs?: number): void {
    this.counters.microseconds[cmd.id] += more * 1000
    if (this.tracking) this.histogram(cmd.id).record(ms * 1e6, 1)
    if (ms >= this.slowMs) this.measures.commandEnded(cmd, c, ms, servedMs)
  }

  private histogram(id: number): Histogram {
    return (this.histograms[id] ??= new Histogram())
  }

  /** The histogram of a command's durations in nanoseconds, every call counted; undefined without calls. */
  latencies({ id }: TableCommand): Histogram | undefined {
    const histogram = this.histograms[id]
    const settled = this.counters.settle(id)
    if (settled !== undefined) histogram?.record(settled.meanMicroseconds * 1000, settled.calls)
    return histogram
  }

  /** Forgets all histograms: CONFIG RESETSTAT, and when latency-tracking is turned off. */
  clear(): void {
    this.histograms.length = 0
  }
}
