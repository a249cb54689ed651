/**
 * How much memory the server uses, in Redis's terms.
 *
 * used = live bytes of the arena + what clients hold + replication buffers: exact figures, which stand still while nothing
 * happens. What the arena holds is the data set; everything else, and the keyspace's own tables, is overhead. The runtime's
 * heap is a figure apart, for garbage is in it; the operating system's view is the resident set.
 */
import { CONNECTION_BYTES, heldBytes } from "../engine/clients/ClientMemory.js"
import type { Keyspace } from "../store/Keyspace.js"
import type { Engine } from "../engine/Engine.js"
import type { ProcessFacts } from "../engine/world/ProcessInfo.js"

export interface MemoryFigures {
  readonly used: number
  readonly peak: number
  readonly startup: number
  /** Everything but the data set. */
  readonly overhead: number
  readonly dataset: number
  readonly rss: number
  /** Bytes of the runtime's own: its heap, and buffers outside. */
  readonly heap: number
  readonly external: number
  /** Bytes of the replication backlog up to its size; what replicas pin beyond it is theirs. */
  readonly backlog: number
  /** Bytes that wait for the append-only file. */
  readonly log: number
  /** All that does not count against maxmemory. */
  readonly uncounted: number
  /** Bytes the arena and the heap hold from the system, in use or not. */
  readonly reserved: number
  readonly clientsNormal: number
  readonly clientsReplicas: number
  readonly keys: number
  readonly databases: ReadonlyArray<{ readonly id: number; readonly main: number; readonly expires: number }>
}

export class MemoryReport {
  readonly startup: number
  private peak = 0

  constructor(
    private readonly engine: Engine,
    private readonly facts: ProcessFacts,
    private readonly settings: { readonly replBacklogSize: number },
  ) {
    this.startup = this.used()
  }

  /** Bytes in use now. */
  used(): number {
    const used = this.engine.memoryLimit.used + this.uncounted()
    if (used > this.peak) this.peak = used
    return used
  }

  /** Bytes of the replication buffers (the backlog, and what waits for replicas), and what waits for the disk. */
  private uncounted(): number {
    const { parts, clientMemory } = this.engine
    return parts.uncountedBytes() + parts.logBytes() + clientMemory.replicaBytes
  }

  figures(): MemoryFigures {
    const { keyspace } = this.engine
    this.engine.clientMemory.changed()
    const used = this.used()
    const { rss, heapTotal, external } = this.facts.memory()
    const databases = keyspace.databases
      .filter((db) => db.size > 0)
      .map((db) => ({ id: db.id, main: db.table.ownBytes(), expires: 0 }))
    const tables = databases.reduce((sum, db) => sum + db.main, 0)
    const { usedBytes } = keyspace.arena
    const streamBytes = this.engine.parts.uncountedBytes()
    const backlog = Math.min(streamBytes, this.settings.replBacklogSize)
    return {
      used,
      peak: this.peak,
      startup: this.startup,
      overhead: used - usedBytes + tables,
      dataset: usedBytes - tables,
      rss,
      heap: heapTotal,
      external,
      backlog,
      log: this.engine.parts.logBytes(),
      uncounted: this.uncounted(),
      reserved: reservedBytes(keyspace) + heapTotal + external,
      clientsNormal: this.clients("normal"),
      clientsReplicas: this.clients("replica") + streamBytes - backlog,
      keys: keyspace.databases.reduce((sum, db) => sum + db.size, 0),
      databases,
    }
  }

  private clients(kind: "normal" | "replica"): number {
    let bytes = 0
    for (const session of this.engine.sessions.values()) {
      if ((session.kind === "replica") !== (kind === "replica")) continue
      bytes += CONNECTION_BYTES + heldBytes(session)
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
