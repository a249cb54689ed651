/**
 * maxmemory-clients: when all clients together hold too much, those that hold most are cut off until the others hold less.
 *
 * What they hold is what counts against maxmemory (ClientMemory.ts). Replicas and masters have limits of their own; a
 * client that has said CLIENT NO-EVICT stays, and the app's own do, though what they hold counts.
 */
import type { Settings } from "../Settings.js"
import { type ClientMemory, heldBytes } from "./ClientMemory.js"
import type { Session } from "./Session.js"

type EvictionSettings = Pick<Settings, "maxmemory" | "maxmemoryClients">

const mayGo = (session: Session): boolean =>
  session.kind === "normal" && !session.noEvict && !session.inProcess && !session.closing

export class ClientEviction {
  /** Clients cut off since the start, as INFO's evicted_clients. */
  evicted = 0

  constructor(
    private readonly sessions: ReadonlyMap<number, Session>,
    private readonly memory: ClientMemory,
    private readonly settings: EvictionSettings,
    /** Cuts a client off. */
    private readonly cut: (session: Session) => void,
  ) {}

  /** Bytes at which clients begin to go; 0 = none do. */
  private get limit(): number {
    const limit = this.settings.maxmemoryClients
    return "bytes" in limit ? limit.bytes : Math.floor((this.settings.maxmemory * limit.percent) / 100)
  }

  get active(): boolean {
    return this.limit > 0
  }

  /** Cuts clients off if there is need. */
  look(): void {
    const { limit, memory } = this
    if (limit === 0) return
    memory.changed()
    if (memory.countedBytes < limit) return
    const largest = [...this.sessions.values()].filter(mayGo).sort((a, b) => heldBytes(b) - heldBytes(a))
    for (const session of largest) {
      if (memory.countedBytes < limit) return
      this.evicted++
      this.cut(session)
      memory.changed()
    }
  }
}
