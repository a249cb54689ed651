/** What INFO tells of the append-only file, and what decides when it is rewritten. Plain data. */
import type { InfoField } from "../engine/InfoRegistry.js"

/** Rewrites that may fail in a row before they are put off, and for how many minutes at most. */
const FAILURES_MAX = 3
const DELAY_MINUTES_MAX = 60

/** Off; on, but nothing counts before the first base is there; on; on, but the file is distrusted and a new base must come. */
export type AofPhase = "off" | "waiting" | "on" | "mending"

export class AofStatus {
  phase: AofPhase = "off"
  /** Unix milliseconds since when a rewrite is under way. */
  rewriteSinceMs: number | undefined = undefined
  /** A rewrite waits for its turn. */
  scheduled = false
  /** Seconds the last rewrite took, -1 before the first. */
  lastRewriteSeconds = -1
  lastRewrite: "ok" | "err" = "ok"
  rewrites = 0
  failures = 0
  /** Bytes of the files that are not written any more. */
  closedBytes = 0
  /** Bytes of all files after the last rewrite; of the base alone, where that was in another process. */
  baseBytes = 0
  /** Automatic rewrites are put off until then, in Unix milliseconds. */
  private putOffUntilMs = 0
  private delayMinutes = 0
  private number = 0

  /** A rewrite begins; answers its number. */
  begin(nowMs: number): number {
    this.scheduled = false
    this.rewrites++
    this.rewriteSinceMs = nowMs
    return ++this.number
  }

  /** A rewrite has ended; another may have begun since, where it was called off. */
  ended(number: number, nowMs: number): void {
    if (number !== this.number || this.rewriteSinceMs === undefined) return
    this.lastRewriteSeconds = Math.round((nowMs - this.rewriteSinceMs) / 1000)
    this.rewriteSinceMs = undefined
  }

  succeeded(): void {
    this.lastRewrite = "ok"
    this.failures = 0
    this.putOffUntilMs = this.delayMinutes = 0
  }

  failed(): void {
    this.lastRewrite = "err"
    this.failures++
  }

  /** Whether a rewrite that nobody asked for had better wait; `say` hears of a delay that begins. */
  putOff(nowMs: number, say: (text: string) => void): boolean {
    if (this.failures < FAILURES_MAX) return false
    if (this.putOffUntilMs === 0) {
      this.delayMinutes = Math.min(DELAY_MINUTES_MAX, Math.max(1, this.delayMinutes * 2))
      this.putOffUntilMs = nowMs + this.delayMinutes * 60_000
      say(
        `Background AOF rewrite has repeatedly failed and triggered the limit, will retry in ${this.delayMinutes} minutes`,
      )
      return true
    }
    if (nowMs < this.putOffUntilMs) return true
    this.putOffUntilMs = 0
    this.failures = FAILURES_MAX - 1
    return false
  }
}

/** By how many hundredths the files have grown since the last rewrite. */
const growthOf = ({ baseBytes }: AofStatus, bytes: number): number =>
  Math.floor((bytes * 100) / Math.max(1, baseBytes)) - 100

interface GrowthLimits {
  readonly autoAofRewritePercentage: number
  readonly autoAofRewriteMinSize: number
}

/** The same where it is time for a rewrite, else undefined. */
export const growthOver = (limits: GrowthLimits, status: AofStatus, bytes: number): number | undefined => {
  const { autoAofRewritePercentage, autoAofRewriteMinSize } = limits
  if (autoAofRewritePercentage === 0 || bytes <= autoAofRewriteMinSize) return undefined
  const growth = growthOf(status, bytes)
  return growth < autoAofRewritePercentage ? undefined : growth
}

/** What the writer has to say. */
interface WriterFacts {
  readonly failed: boolean
  readonly fileBytes: number
  readonly bufferBytes: number
  readonly syncUnderWay: boolean
  readonly delayedSyncs: number
}

/** Fields of INFO's section on persistence. */
export const statusFields = (
  status: AofStatus,
  writer: WriterFacts,
  cowBytes: number,
  nowMs: number,
): ReadonlyArray<InfoField> => {
  const since = status.rewriteSinceMs
  const baseless = status.phase === "waiting" || status.phase === "mending"
  const scheduled = status.scheduled || (baseless && since === undefined) ? 1 : 0
  const fields: Array<InfoField> = [
    ["aof_enabled", status.phase === "off" ? 0 : 1],
    ["aof_rewrite_in_progress", since === undefined ? 0 : 1],
    ["aof_rewrite_scheduled", scheduled],
    ["aof_last_rewrite_time_sec", status.lastRewriteSeconds],
    ["aof_current_rewrite_time_sec", since === undefined ? -1 : Math.floor((nowMs - since) / 1000)],
    ["aof_last_bgrewrite_status", status.lastRewrite],
    ["aof_rewrites", status.rewrites],
    ["aof_rewrites_consecutive_failures", status.failures],
    ["aof_last_write_status", writer.failed ? "err" : "ok"],
    ["aof_last_cow_size", cowBytes],
    ["module_fork_in_progress", 0],
    ["module_fork_last_cow_size", 0],
  ]
  if (status.phase === "off") return fields
  return [
    ...fields,
    ["aof_current_size", status.closedBytes + writer.fileBytes],
    ["aof_base_size", status.baseBytes],
    ["aof_pending_rewrite", scheduled],
    ["aof_buffer_length", writer.bufferBytes],
    ["aof_pending_bio_fsync", writer.syncUnderWay ? 1 : 0],
    ["aof_delayed_fsync", writer.delayedSyncs],
  ]
}
