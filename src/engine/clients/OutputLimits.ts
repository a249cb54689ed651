/** client-output-buffer-limit: when a client that does not read is cut off. */
import type { Session } from "./Session.js"
import type { OutputLimit, Settings } from "../Settings.js"

/**
 * How redis-server counts what waits for a client: the first bytes lie in a buffer that every client has and count as
 * nothing, the others by the blocks that hold them.
 */
const FREE_BYTES = 16 * 1024
const BLOCK_ROOM = 20_456
const BLOCK_BYTES = 20_504

const counted = (pending: number): number =>
  pending <= FREE_BYTES ? 0 : Math.ceil((pending - FREE_BYTES) / BLOCK_ROOM) * BLOCK_BYTES

const limitOf = (session: Session, limits: Settings["clientOutputBufferLimit"]): OutputLimit | undefined => {
  // The replication links have their own rules (ReplicationMaster).
  if (session.kind !== "normal") return undefined
  return session.nameBytes > 0 && session.subscribed ? limits.pubsub : limits.normal
}

/**
 * Whether a client with `pending` bytes of output must be cut off: at the hard limit, or beyond the soft limit for
 * longer than it may be. Keeps in the session since when it has been beyond the soft limit.
 */
const overLimit = (
  session: Session,
  pending: number,
  limits: Settings["clientOutputBufferLimit"],
  now: number,
): boolean => {
  const limit = limitOf(session, limits)
  if (limit === undefined) return false
  const bytes = counted(pending)
  if (limit.hardBytes > 0 && bytes >= limit.hardBytes) return true
  if (limit.softBytes === 0 || bytes < limit.softBytes) {
    session.overSoftLimitMs = 0
    return false
  }
  if (session.overSoftLimitMs === 0) {
    session.overSoftLimitMs = now
    return false
  }
  return now - session.overSoftLimitMs > limit.softSeconds * 1000
}

/** How many bytes may wait for a client without its hard limit being reached; Infinity without one. */
export const hardLimit = (session: Session, limits: Settings["clientOutputBufferLimit"]): number => {
  const limit = limitOf(session, limits)
  if (limit === undefined || limit.hardBytes === 0) return Infinity
  return FREE_BYTES + (Math.ceil(limit.hardBytes / BLOCK_BYTES) - 1) * BLOCK_ROOM
}

/** The lowest of all limits, below which nobody needs a closer look. */
class LowestLimit {
  private seen: Settings["clientOutputBufferLimit"] | undefined = undefined
  private bytes = Infinity

  lowest(limits: Settings["clientOutputBufferLimit"]): number {
    if (limits === this.seen) return this.bytes
    this.seen = limits
    this.bytes = Infinity
    for (const { hardBytes, softBytes } of [limits.normal, limits.pubsub])
      for (const bytes of [hardBytes, softBytes]) if (bytes > 0) this.bytes = Math.min(this.bytes, bytes)
    return this.bytes
  }
}

/** How often clients beyond their soft limit are looked at. */
const LOOK_EVERY_MS = 1000

/** Finds the clients that have more output waiting than client-output-buffer-limit allows. */
export class OutputWatch {
  private lookedMs = 0
  /** Some client may be beyond its soft limit. */
  private soft = false
  private readonly limits = new LowestLimit()

  constructor(
    private readonly settings: Pick<Settings, "clientOutputBufferLimit">,
    /** A look is due soon. */
    private readonly stir: () => void,
  ) {}

  /** Whether a client with `pending` bytes needs a closer look. */
  near(session: Session, pending: number): boolean {
    return session.overSoftLimitMs > 0 || pending >= this.limits.lowest(this.settings.clientOutputBufferLimit)
  }

  /** Whether a client is to be cut off, with `more` bytes to come. */
  over(session: Session, more: number, now: number): boolean {
    const pending = session.control.pendingBytes() + more
    const over = overLimit(session, pending, this.settings.clientOutputBufferLimit, now)
    if (session.overSoftLimitMs > 0) {
      this.soft = true
      this.stir()
    }
    return over
  }

  /** Cuts off clients that stay beyond their soft limit; answers when to look again. */
  look(sessions: Iterable<Session>, now: number, cut: (session: Session) => void): number {
    if (now - this.lookedMs >= LOOK_EVERY_MS || now < this.lookedMs) {
      this.lookedMs = now
      this.soft = false
      for (const session of sessions)
        if (session.overSoftLimitMs > 0 && this.over(session, 0, now)) cut(session)
    }
    return this.soft ? this.lookedMs + LOOK_EVERY_MS : Infinity
  }
}
