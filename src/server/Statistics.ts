/**
 * What INFO, SLOWLOG, LATENCY and MEMORY report: what the engine counts and watches (engine/measures), and memory. One
 * object a server.
 */
import type { ConfigState } from "../config/ConfigState.js"
import type { Engine } from "../engine/Engine.js"
import type { EnginePart } from "../engine/EnginePart.js"
import type { Measures } from "../engine/measures/Measures.js"
import type { ProcessFacts } from "../engine/world/ProcessInfo.js"
import { returnMemory } from "./MemoryReturn.js"
import { MemoryReport } from "./MemoryReport.js"

/** How often memory is measured for its peak. */
const MEMORY_EVERY_MS = 100

export class Statistics implements EnginePart {
  readonly memory: MemoryReport
  readonly measures: Measures
  /** 40 hex digits drawn at start. */
  readonly runId: string
  /** MEMORY PURGE: gives back to the machine what was let go. */
  readonly purge: () => void
  private memoryAt = 0

  constructor(
    readonly engine: Engine,
    readonly config: ConfigState,
    readonly facts: ProcessFacts,
  ) {
    this.measures = engine.measures
    this.memory = new MemoryReport(engine, facts, config.values)
    this.purge = returnMemory(engine, facts)
    const digits = (): string => engine.keyspace.random(0x10000).toString(16).padStart(4, "0")
    this.runId = Array.from({ length: 10 }, digits).join("")
    engine.parts.add(this)
  }

  /** Measures what changes with what clients do; between two times in which they do something nothing does. */
  cron(now: number): number {
    if (now - this.memoryAt < MEMORY_EVERY_MS && now >= this.memoryAt) return Infinity
    this.memoryAt = now
    this.memory.used()
    return Infinity
  }
}
