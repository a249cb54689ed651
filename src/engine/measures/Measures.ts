/**
 * What the server counts and watches while it runs: slow commands, delays, error replies by code, rates, the buffers of
 * clients. Commands feed it, SLOWLOG, LATENCY and INFO read it. One object a server, made by the engine.
 */
import type * as Clock from "effect/Clock"
import type { Session } from "../clients/Session.js"
import type { TableCommand } from "../Command.js"
import type { CommandContext } from "../CommandContext.js"
import type { Settings } from "../Settings.js"
import { ErrorCounts } from "./ErrorCounts.js"
import { LatencyMonitor } from "./LatencyMonitor.js"
import { Rate } from "./Rates.js"
import { SlowLog } from "./SlowLog.js"

type MeasureSettings = Pick<Settings, "slowlogLogSlowerThan" | "slowlogMaxLen" | "latencyMonitorThreshold">

/** Counters of which the rate is wanted. */
interface Traffic {
  readonly commands: () => number
  readonly inputBytes: () => number
  readonly outputBytes: () => number
}

/** How often rates and buffers are sampled. */
const EVERY_MS = 100
/** Buffers of clients are reported as the largest of this many seconds. */
const BUFFER_SECONDS = 7

export class Measures {
  readonly slowLog = new SlowLog()
  readonly latency = new LatencyMonitor()
  readonly errors = new ErrorCounts()
  private readonly rates: Array<Rate> = []
  readonly operations: Rate
  readonly input: Rate
  readonly output: Rate
  private readonly largestInput: Array<number> = [0]
  private readonly largestOutput: Array<number> = [0]
  private sampledMs = 0
  private second = 0
  /** Bytes of the largest request since buffers were looked at: the samples see none that ran in between. */
  private largestRequest = 0

  constructor(
    private readonly settings: MeasureSettings,
    private readonly clock: Clock.Clock,
    private readonly sessions: ReadonlyMap<number, Session>,
    traffic: Traffic,
  ) {
    this.operations = this.rateOf(traffic.commands)
    this.input = this.rateOf(traffic.inputBytes)
    this.output = this.rateOf(traffic.outputBytes)
  }

  /** The rate of a counter, sampled from now on. */
  rateOf(counter: () => number): Rate {
    const rate = new Rate(counter)
    this.rates.push(rate)
    return rate
  }

  /** Microseconds from which on a command is to be shown to `commandEnded`; negative = none. */
  get watchedFrom(): number {
    const { slowlogLogSlowerThan, latencyMonitorThreshold } = this.settings
    const slow = slowlogLogSlowerThan < 0 ? Infinity : slowlogLogSlowerThan
    const latency = latencyMonitorThreshold === 0 ? Infinity : latencyMonitorThreshold * 1000
    const least = Math.min(slow, latency)
    return least === Infinity ? -1 : least
  }

  /** A timed command took this long; `servedMs` is what serving it took, of one that waited. */
  commandEnded(cmd: TableCommand, c: CommandContext, ms: number, servedMs?: number): void {
    const { slowlogLogSlowerThan, slowlogMaxLen } = this.settings
    const micros = ms * 1000
    // EXEC is as slow as what it runs, which is told by itself.
    if (!cmd.spec.skipSlowlog && slowlogLogSlowerThan >= 0 && micros >= slowlogLogSlowerThan)
      this.slowLog.add(c, micros, slowlogMaxLen)
    if (servedMs !== undefined) this.worked("command-unblocking", servedMs)
    else this.worked(cmd.spec.flags.includes("fast") ? "fast-command" : "command", ms)
  }

  /** A kind of work took this long, in milliseconds. */
  worked(event: string, ms: number): void {
    const threshold = this.settings.latencyMonitorThreshold
    const whole = Math.floor(ms)
    if (threshold > 0 && whole >= threshold)
      this.latency.add(event, Math.floor(this.clock.currentTimeMillisUnsafe() / 1000), whole)
  }

  /** Samples what changes with what clients do. Before `rousedMs` nothing has happened since the last time. */
  sample(now: number, rousedMs: number): void {
    if (now - this.sampledMs < EVERY_MS && now >= this.sampledMs) return
    this.sampledMs = now
    for (const rate of this.rates) rate.sample(now, rousedMs)
    this.sampleBuffers(Math.floor(now / 1000))
  }

  /** A request that was not small was run; all of it had been in memory. */
  ranRequest(bytes: number): void {
    if (bytes > this.largestRequest) this.largestRequest = bytes
  }

  private sampleBuffers(second: number): void {
    const fresh = second < this.second ? 1 : Math.min(second - this.second, BUFFER_SECONDS)
    this.second = second
    for (const slots of [this.largestInput, this.largestOutput]) {
      for (let i = 0; i < fresh; i++) slots.push(0)
      while (slots.length > BUFFER_SECONDS) slots.shift()
    }
    const last = this.largestInput.length - 1
    this.largestInput[last] = Math.max(this.largestInput[last], this.largestRequest)
    this.largestRequest = 0
    for (const { control } of this.sessions.values()) {
      this.largestInput[last] = Math.max(this.largestInput[last], control.queryBytes(false))
      this.largestOutput[last] = Math.max(this.largestOutput[last], control.pendingBytes())
    }
  }

  /** The largest buffers of the last seconds; looked at now, too, because nothing samples while nothing happens. */
  get recentBuffers(): { readonly input: number; readonly output: number } {
    this.sampleBuffers(Math.floor(this.clock.currentTimeMillisUnsafe() / 1000))
    return { input: Math.max(...this.largestInput), output: Math.max(...this.largestOutput) }
  }
}
