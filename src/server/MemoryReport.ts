/**
 * How much memory the server uses, in Redis's terms.
 *
 * used = live bytes of the arena + JavaScript heap in use + buffers outside both. What the arena holds is the data set;
 * everything else, and the keyspace's own tables, is overhead. The operating system's view is the resident set.
 */
import type { Keyspace } from "../store/Keyspace.js"
import type { Engine } from "../engine/Engine.js"
import type { ProcessFacts } from "./ProcessInfo.js"

export interface MemoryFigures {
  readonly used: number
  readonly peak: number
  readonly startup: number
  /** Everything but the data set. */
  readonly overhead: number
  readonly dataset: number
  readonly rss: number
  /** Bytes the arena and the heap hold from the system, in use or not. */
  readonly reserved: number
  readonly clientsNormal: number
  readonly clientsReplicas: number
  readonly keys: number
  readonly databases: ReadonlyArray<{ readonly id: number; readonly main: number; readonly expires: number }>
}

/** Bytes of a session, its parser and socket; see CLIENT LIST's tot-mem. */
const CONNECTION_BYTES = 8192

export class MemoryReport {
  readonly startup: number
  private peak = 0
  /** Bytes in use besides the arena, as last measured. */
  private besides = 0

  constructor(
    private readonly engine: Engine,
    private readonly facts: ProcessFacts,
  ) {
    this.startup = this.used()
  }

  /** Bytes in use now. */
  used(): number {
    const { heapUsed, external } = this.facts.memory()
    this.besides = heapUsed + external
    const used = this.engine.keyspace.arena.usedBytes + this.besides
    if (used > this.peak) this.peak = used
    return used
  }

  /** Bytes in use, with what is not data as it was when last measured: cheap enough to ask before every write. */
  usedRoughly(): number {
    return this.engine.keyspace.arena.usedBytes + this.besides
  }

  figures(): MemoryFigures {
    const { keyspace } = this.engine
    const used = this.used()
    const { rss, heapTotal, external } = this.facts.memory()
    const databases = keyspace.databases
      .filter((db) => db.size > 0)
      .map((db) => ({ id: db.id, main: db.table.ownBytes(), expires: 0 }))
    const tables = databases.reduce((sum, db) => sum + db.main, 0)
    const { usedBytes } = keyspace.arena
    return {
      used,
      peak: this.peak,
      startup: this.startup,
      overhead: used - usedBytes + tables,
      dataset: usedBytes - tables,
      rss,
      reserved: reservedBytes(keyspace) + heapTotal + external,
      clientsNormal: this.clients("normal"),
      clientsReplicas: this.clients("replica"),
      keys: keyspace.databases.reduce((sum, db) => sum + db.size, 0),
      databases,
    }
  }

  private clients(kind: "normal" | "replica"): number {
    let bytes = 0
    for (const session of this.engine.sessions.values()) {
      if ((session.kind === "replica") !== (kind === "replica")) continue
      bytes += CONNECTION_BYTES + session.control.queryBytes(false) + session.control.pendingBytes()
    }
    return bytes
  }
}

/** Bytes of the arena's chunks. */
export const reservedBytes = (keyspace: Keyspace): number =>
  keyspace.arena.u8.reduce((sum, chunk) => sum + chunk.length, 0)

/** "1.50M" as INFO prints sizes for people. */
export const humanSize = (bytes: number): string => {
  if (bytes < 1024) return `${bytes}B`
  const units = ["K", "M", "G", "T", "P"]
  let size = bytes / 1024
  let unit = 0
  for (; size >= 1024 && unit < units.length - 1; unit++) size /= 1024
  return `${size.toFixed(2)}${units[unit] ?? ""}`
}
