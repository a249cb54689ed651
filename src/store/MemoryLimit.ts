/**
 * maxmemory: what counts against it, and whether it is passed.
 *
 * What counts is exact: the arena's live blocks, to the byte, and what clients hold. The runtime's heap is not among it,
 * for nobody can say how much of that is garbage; nor are the replication buffers, which grow when little can be done.
 */
import type { Keyspace } from "./Keyspace.js"

export class MemoryLimit {
  /** Bytes that may be used; 0 = no limit. */
  max = 0

  /** @param clients knows what clients hold */
  constructor(
    private readonly keyspace: Keyspace,
    private readonly clients: { readonly countedBytes: number },
  ) {}

  /** Bytes that count. */
  get used(): number {
    return this.keyspace.arena.usedBytes + this.clients.countedBytes
  }

  /** Whether what needs memory must be refused. What waits to be freed is freed first. */
  passed(): boolean {
    if (this.max === 0 || this.used <= this.max) return false
    return !(this.keyspace.freeWaiting() && this.used <= this.max)
  }
}
