/**
 * What INFO, SLOWLOG, LATENCY and MEMORY report: what the engine counts and watches (engine/measures), and memory. One
 * object a server.
 */
import type { ConfigState } from "../config/ConfigState.js"
import type { Engine } from "../engine/Engine.js"
import type { Measures } from "../engine/measures/Measures.js"
import type { ProcessFacts } from "../engine/world/ProcessInfo.js"
import { MemoryReport } from "./MemoryReport.js"

/** How often memory is measured for its peak. */
const MEMORY_EVERY_MS = 100

export class Statistics {
  readonly memory: MemoryReport
  readonly measures: Measures
  /** 40 hex digits drawn at start. */
  readonly runId: string
  private memoryAt = 0

  constructor(
    readonly engine: Engine,
    readonly config: ConfigState,
    readonly facts: ProcessFacts,
  ) {
    this.measures = engine.measures
    this.memory = new MemoryReport(engine, facts)
    this.runId = Array.from({ length: 40 }, () => engine.keyspace.random(16).toString(16)).join("")
    engine.onCron.push((now) => {
      this.sample(now)
      return Infinity
    })
  }

  /** Measures what changes with what clients do; between two times in which they do something nothing does. */
  private sample(now: number): void {
    if (now - this.memoryAt < MEMORY_EVERY_MS && now >= this.memoryAt) return
    this.memoryAt = now
    this.memory.used()
  }
}
