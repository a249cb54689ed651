/**
 * What the server counts and watches, for INFO, SLOWLOG, LATENCY and MEMORY, wired to the engine: slow commands, errors
 * by code, rates, memory. One object a server.
 */
import * as Effect from "effect/Effect"
import type { ConfigState } from "../config/ConfigState.js"
import type { Engine } from "../engine/Engine.js"
import { LatencyMonitor } from "./LatencyMonitor.js"
import { MemoryReport } from "./MemoryReport.js"
import type { ProcessFacts } from "./ProcessInfo.js"
import { Rate } from "./Rates.js"
import { SlowLog } from "./SlowLog.js"

/** How often memory is measured for its peak. */
const MEMORY_EVERY_MS = 100
/** Buffers of clients are reported as the largest of this many seconds. */
const BUFFER_SECONDS = 8

export class Statistics {
  readonly slowLog = new SlowLog()
  readonly latency = new LatencyMonitor()
  readonly memory: MemoryReport
  /** Error replies by their code: the first word, as "ERR". */
  readonly errors = new Map<string, number>()
  errorReplies = 0
  readonly operations: Rate
  readonly input: Rate
  readonly output: Rate
  /** 40 hex digits drawn at start. */
  readonly runId: string
  private readonly largestInput: Array<number> = [0]
  private readonly largestOutput: Array<number> = [0]
  private memoryAt = 0
  private second = 0

  constructor(
    readonly engine: Engine,
    readonly config: ConfigState,
    readonly facts: ProcessFacts,
  ) {
    const { timer } = engine
    this.memory = new MemoryReport(engine, facts)
    this.operations = new Rate(() => engine.dispatcher.commandsProcessed)
    this.input = new Rate(() => engine.netInputBytes)
    this.output = new Rate(() => engine.netOutputBytes)
    const newId = (): string =>
      Array.from({ length: 40 }, () => engine.keyspace.random(16).toString(16)).join("")
    this.runId = newId()
    timer.now = facts.monotonicMs
    timer.onSlow = (cmd, c, ms, servedMs) => {
      const { values } = config
      const micros = ms * 1000
      // EXEC is as slow as what it runs, which is told by itself.
      if (!cmd.spec.skipSlowlog && values.slowlogLogSlowerThan >= 0 && micros >= values.slowlogLogSlowerThan)
        this.slowLog.add(c, micros, values.slowlogMaxLen)
      if (servedMs !== undefined) this.watchLatency("command-unblocking", servedMs)
      else this.watchLatency(cmd.spec.flags.includes("fast") ? "fast-command" : "command", ms)
    }
    engine.onWork = (event, ms) => this.watchLatency(event, ms)
    engine.context.out.onError = (text) => this.countError(text)
    engine.onCron.push((now) => {
      this.sample(now)
      return Infinity
    })
    engine.onResetStats.push(() => this.reset())
    this.follow(config)
  }

  /** Takes the settings over now and at each change. */
  private follow(config: ConfigState): void {
    const { engine } = this
    const { values } = config
    const watch = (): undefined => {
      const slow = values.slowlogLogSlowerThan < 0 ? Infinity : values.slowlogLogSlowerThan
      const latency = values.latencyMonitorThreshold === 0 ? Infinity : values.latencyMonitorThreshold * 1000
      const least = Math.min(slow, latency)
      engine.timer.watch(least === Infinity ? -1 : least)
    }
    const track = (): undefined => {
      engine.timer.tracking = values.latencyTracking
      if (!values.latencyTracking) engine.timer.clear()
    }
    const limit = (): undefined => {
      engine.memoryLimit.max = values.maxmemory
      engine.gates.update()
    }
    for (const apply of [watch, track, limit]) apply()
    config.onChange("slowlog-log-slower-than", watch)
    config.onChange("latency-monitor-threshold", watch)
    config.onChange("latency-tracking", track)
    config.onChange("maxmemory", () => {
      const { used } = engine.memoryLimit
      if (values.maxmemory > 0 && values.maxmemory < used) {
        const text = `WARNING: the new maxmemory value set via CONFIG SET (${values.maxmemory}) is smaller than the current memory usage (${used}). This will result in key eviction and/or the inability to accept new write commands depending on the maxmemory-policy.`
        engine.background(Effect.logWarning(text))
      }
      return limit()
    })
  }

  private watchLatency(event: string, ms: number): void {
    const threshold = this.config.values.latencyMonitorThreshold
    const whole = Math.floor(ms)
    if (threshold > 0 && whole >= threshold)
      this.latency.add(event, Math.floor(this.engine.clock.currentTimeMillisUnsafe() / 1000), whole)
  }

  private countError(text: string): void {
    this.errorReplies++
    const space = text.indexOf(" ")
    const code = space < 0 ? text : text.slice(0, space)
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1)
  }

  /** Measures what changes with what clients do; between two times in which they do something nothing does. */
  private sample(now: number): void {
    if (now - this.memoryAt < MEMORY_EVERY_MS && now >= this.memoryAt) return
    this.memoryAt = now
    this.memory.used()
    const { rousedMs } = this.engine.alarm
    for (const rate of [this.operations, this.input, this.output]) rate.sample(now, rousedMs)
    this.sampleBuffers(Math.floor(now / 1000))
  }

  private sampleBuffers(second: number): void {
    const fresh = second < this.second ? 1 : Math.min(second - this.second, BUFFER_SECONDS)
    this.second = second
    for (const slots of [this.largestInput, this.largestOutput]) {
      for (let i = 0; i < fresh; i++) slots.push(0)
      while (slots.length > BUFFER_SECONDS) slots.shift()
    }
    const last = this.largestInput.length - 1
    for (const { control } of this.engine.sessions.values()) {
      this.largestInput[last] = Math.max(this.largestInput[last], control.queryBytes(false))
      this.largestOutput[last] = Math.max(this.largestOutput[last], control.pendingBytes())
    }
  }

  get recentInputBuffer(): number {
    return Math.max(...this.largestInput)
  }

  get recentOutputBuffer(): number {
    return Math.max(...this.largestOutput)
  }

  private reset(): void {
    this.errors.clear()
    this.errorReplies = 0
    this.engine.timer.clear()
  }
}
