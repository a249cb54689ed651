/**
 * maxmemory: what counts against it, and whether it is passed.
 *
 * What counts is exact: the arena's live blocks, to the byte, and what clients hold. The runtime's heap is not among it,
 * for nobody can say how much of that is garbage; nor are the replication buffers, which grow when little can be done.
 *
 * Memory is also short where the arena gets no more of it. Then commands are refused while its reserve lasts, before
 * they begin: one that ran out half way would leave half a change.
 */
import type { Keyspace } from "./Keyspace.js"

/** How often a strained arena asks the machine for memory again. */
const ASK_AGAIN_MS = 1000

export class MemoryLimit {
  /** Bytes that may be used; 0 = no limit. */
  max = 0
  private askedMs = 0

  /** @param clients knows what clients hold */
  constructor(
    private readonly keyspace: Keyspace,
    private readonly clients: { readonly countedBytes: number },
  ) {}

  /** Bytes that count. */
  get used(): number {
    return this.keyspace.arena.usedBytes + this.clients.countedBytes
  }

  /** Whether the machine or the addresses are used up. */
  get strained(): boolean {
    return this.keyspace.arena.strained
  }

  /** Whether what needs memory must be refused. What waits to be freed is freed first. */
  passed(): boolean {
    if (this.strained && this.short()) return true
    if (this.max === 0 || this.used <= this.max) return false
    return !(this.keyspace.freeWaiting() && this.used <= this.max)
  }

  private short(): boolean {
    const { arena, now } = this.keyspace
    this.keyspace.freeWaiting()
    if (arena.strained && Math.abs(now - this.askedMs) >= ASK_AGAIN_MS) {
      this.askedMs = now
      arena.fillReserve()
    }
    return arena.strained
  }
}
