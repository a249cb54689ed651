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
export const overLimit = (
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

const LOOK_EVERY_MS = 1000

/** When clients are looked at that may stay beyond their soft limit. */
export class SoftLimitWatch {
  /** Some client may be beyond it. */
  wanted = false
  private lookedMs = 0

  /** Whether they are to be looked at now; whoever does so sets `wanted` for those that are still beyond it. */
  isDue(now: number): boolean {
    if (now - this.lookedMs < LOOK_EVERY_MS && now >= this.lookedMs) return false
    this.lookedMs = now
    this.wanted = false
    return true
  }

  get dueMs(): number {
    return this.wanted ? this.lookedMs + LOOK_EVERY_MS : Infinity
  }
}
