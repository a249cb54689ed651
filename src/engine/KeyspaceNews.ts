/** What the keyspace does by itself, as replicas, watching transactions, subscribers and waiting clients must hear it. */
import type { Database, KeyspaceListener } from "../store/Database.js"
import { TYPE_STREAM } from "../store/Entry.js"
import type { CommandContext } from "./CommandContext.js"
import { Event } from "./KeyEvents.js"

export class KeyspaceNews implements KeyspaceListener {
  constructor(private readonly context: CommandContext) {}

  expired(db: Database, buf: Uint8Array, off: number, len: number): void {
    const { propagation, settings, events } = this.context
    if (propagation.active)
      propagation.first(db.id, settings.lazyfreeLazyExpire ? "UNLINK" : "DEL", buf.subarray(off, off + len))
    events.expired(db, buf, off, len)
    events.notify(Event.expired, "expired", db.id, buf, off, len)
  }

  evicted(db: Database, buf: Uint8Array, off: number, len: number): void {
    const { propagation, settings, events } = this.context
    // Before the command that needs the room: each a unit of its own.
    if (propagation.active)
      propagation.log.append(db.id, [
        settings.lazyfreeLazyEviction ? "UNLINK" : "DEL",
        buf.subarray(off, off + len),
      ])
    events.evicted(db, buf, off, len)
    events.notify(Event.evicted, "evicted", db.id, buf, off, len)
  }

  streamGone(db: Database, buf: Uint8Array, off: number, len: number): void {
    this.context.blocking.signal(db.id, TYPE_STREAM, buf, off, len)
  }

  missed(db: Database, buf: Uint8Array, off: number, len: number): void {
    this.context.events.notify(Event.keymiss, "keymiss", db.id, buf, off, len)
  }
}
