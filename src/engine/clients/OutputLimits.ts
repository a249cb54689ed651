/** client-output-buffer-limit: when a client that does not read is cut off. */
import type { Session } from "./Session.js"
import type { OutputLimit, Settings } from "../Settings.js"

const limitOf = (session: Session, limits: Settings["clientOutputBufferLimit"]): OutputLimit | undefined => {
  // The replication links have their own rules (ReplicationMaster).
  if (session.kind !== "normal") return undefined
  return session.subscribed ? limits.pubsub : limits.normal
}

/**
 * Whether a client with `pending` bytes of output must be cut off: at the hard limit, or beyond the soft limit for
 * longer than it may be. Keeps in the session since when it has been beyond the soft limit.
 */
export const overLimit = (
  session: Session,
  pending: number,
  limits: Settings["clientOutputBufferLimit"],
  now: number,
): boolean => {
  const limit = limitOf(session, limits)
  if (limit === undefined) return false
  if (limit.hardBytes > 0 && pending >= limit.hardBytes) return true
  if (limit.softBytes === 0 || pending < limit.softBytes) {
    session.overSoftLimitMs = 0
    return false
  }
  if (session.overSoftLimitMs === 0) {
    session.overSoftLimitMs = now
    return false
  }
  return now - session.overSoftLimitMs > limit.softSeconds * 1000
}

/** The lowest of all limits, below which nobody needs a closer look. */
export class LowestLimit {
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
