/**
 * What clients hold: a fixed amount each, and what was received and is not done with, written and not taken, queued by
 * MULTI, or named by subscriptions, watches and tracked prefixes; and what is remembered of the keys they keep copies of.
 *
 * Nearly all clients hold nothing most of the time. Those that may are noted where it begins (`note`), and forgotten here
 * when a look finds that it has ended, so that a server of ten thousand idle clients looks at none of them.
 */
import { isWaiting, type Session } from "./Session.js"

/** What a connection takes besides its buffers, in bytes: session, parser, socket and fiber, as measured. */
export const CONNECTION_BYTES = 8192

/** So many bytes of a command that runs or waits are part of that. */
export const COMMAND_BYTES = 1024

const commandBytes = (session: Session): number => {
  const bytes = session.control.presentBytes()
  return bytes > COMMAND_BYTES ? bytes : 0
}

/** What a session holds beyond the fixed amount. */
export const heldBytes = (session: Session): number =>
  session.control.queryBytes(false) +
  commandBytes(session) +
  session.control.pendingBytes() +
  session.queuedBytes +
  session.nameBytes

export class ClientMemory {
  private readonly holders = new Set<Session>()
  private measured = false
  private normal = 0
  private replica = 0

  /**
   * @param sessions all clients
   * @param trackedBytes what is remembered of keys that they keep copies of
   * @param noted called for each that may hold something from now on
   */
  constructor(
    private readonly sessions: ReadonlyMap<number, Session>,
    private readonly trackedBytes: () => number,
    private readonly noted: () => void,
  ) {}

  /** The session may hold something from now on. */
  note(session: Session): void {
    this.holders.add(session)
    this.measured = false
    this.noted()
  }

  /** The session's command waits, or may. */
  waits(session: Session): void {
    if (isWaiting(session) && commandBytes(session) > 0) this.note(session)
  }

  /** What was measured holds no longer. */
  changed(): void {
    this.measured = false
  }

  /** What counts against maxmemory: not the output that waits for replicas. */
  get countedBytes(): number {
    this.measure()
    return this.sessions.size * CONNECTION_BYTES + this.normal + this.trackedBytes()
  }

  /** What replicas hold and does not count. */
  get replicaBytes(): number {
    this.measure()
    return this.replica
  }

  private measure(): void {
    if (this.measured) return
    this.measured = true
    this.normal = this.replica = 0
    for (const session of this.holders) {
      const held = heldBytes(session)
      if (held === 0 || !this.sessions.has(session.id)) this.holders.delete(session)
      else if (session.kind === "replica") this.replica += held
      else this.normal += held
    }
  }
}
