/**
 * The replication stream of this server: its identity, its offset, and the bytes.
 *
 * As a master the server appends the commands it ran, encoded as RESP arrays, with a SELECT wherever the database changes;
 * as a replica it appends its master's bytes as they came (`feed`), so that sub-replicas see the same stream at the same
 * offsets. Identity follows PSYNC2: `id` names the history, `secondId` the history it continues up to `secondOffset`.
 *
 * Invariants: offset = number of bytes ever appended, whether or not a backlog exists; the backlog, when there is one,
 * ends at the offset; `selected` is the database the last SELECT in the stream named, -1 = the next write must select.
 */
import type { CommandLog, LogArgument } from "../engine/Propagation.js"
import * as Effect from "effect/Effect"
import { Backlog } from "./Backlog.js"
import { afterThis } from "../engine/Turn.js"

/** An identity nobody has. */
const NO_REPLICATION_ID = "0".repeat(40)

/** Encoded once: SELECT of the databases Redis's default has. */
const SELECTS: ReadonlyArray<Buffer> = Array.from({ length: 16 }, (_, db) =>
  Buffer.from(`*2\r\n$6\r\nSELECT\r\n$${String(db).length}\r\n${db}\r\n`, "latin1"),
)

const encodeArgument = (arg: LogArgument): Uint8Array =>
  arg instanceof Uint8Array ? arg : Buffer.from(typeof arg === "string" ? arg : String(arg), "utf8")

/** A command as a RESP array of bulk strings. */
export const encodeCommand = (args: ReadonlyArray<LogArgument>): Buffer => {
  const parts: Array<Uint8Array> = [Buffer.from(`*${args.length}\r\n`, "latin1")]
  for (const arg of args) {
    const bytes = encodeArgument(arg)
    parts.push(Buffer.from(`$${bytes.length}\r\n`, "latin1"), bytes, CRLF)
  }
  return Buffer.concat(parts)
}

const CRLF = Buffer.from("\r\n", "latin1")

/** Who reads the log; asked once a second. */
export interface LogReader {
  /** Lets go of the backlog if it is too far behind. */
  readonly checkLag: () => void
}

export class ReplicationLog implements CommandLog {
  id: string
  secondId = NO_REPLICATION_ID
  /** First offset that `secondId` does not cover; -1 without a second id. */
  secondOffset = -1
  /** master_repl_offset. */
  offset = 0
  backlog: Backlog | undefined = undefined
  /** This server is a replica: its stream is its master's, what it runs itself is not logged. */
  following = false
  /** Replicas were asked (REPLCONF GETACK) behind this offset of the history how far they are. */
  askedOffset = -1
  /** Called after bytes were appended; the senders of attached replicas wake. */
  appended: () => void = () => {}
  /** Readers of the log beside replicas: the backlog is kept for them, too. */
  readonly readers = new Set<LogReader>()
  private readonly waiting = new Set<() => void>()
  private selected = -1

  /** Whether the data set is at `offset` of history `id`, so that a master may know how to continue it. */
  continues = true

  /** @param newId answers a fresh identity of 40 hex digits */
  constructor(private readonly newId: () => string) {
    this.id = newId()
  }

  /** Commands are logged only when somebody may read them: a backlog exists, and the stream is this server's own. */
  get active(): boolean {
    return this.backlog !== undefined && !this.following
  }

  append(database: number, args: ReadonlyArray<LogArgument>): void {
    const bytes = encodeCommand(args)
    this.appendRaw(database, bytes, 0, bytes.length)
  }

  appendRaw(database: number, bytes: Uint8Array, off: number, len: number): void {
    if (database >= 0 && database !== this.selected) this.select(database)
    this.feed(bytes, off, len)
  }

  /** Appends bytes of the stream as they are. */
  feed(bytes: Uint8Array, off: number, len: number): void {
    this.offset += len
    this.backlog?.append(bytes, off, len)
    this.appended()
    if (this.waiting.size > 0) this.wakeReaders()
  }

  /** Waits until the byte at `offset` of this backlog is there, or the backlog has gone. */
  untilAppended(backlog: Backlog, offset: number): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (backlog !== this.backlog || backlog.next > offset) return resume(Effect.void)
      // Not at once: resuming would run the reader inside of the command that was logged.
      const wake = (): void => afterThis(() => resume(Effect.void))
      this.waiting.add(wake)
      return Effect.sync(() => void this.waiting.delete(wake))
    })
  }

  private wakeReaders(): void {
    const woken = [...this.waiting]
    this.waiting.clear()
    for (const wake of woken) wake()
  }

  /** The next write names its database again: after a full resync was cut, and after a promotion. */
  reselect(): void {
    this.selected = -1
  }

  /** Makes the backlog, unless there is one. */
  openBacklog(size: number): Backlog {
    this.backlog ??= new Backlog(size, this.offset)
    return this.backlog
  }

  /** Drops the backlog. A master's writes no longer move the offset, so the history ends: a new identity follows. */
  closeBacklog(): void {
    this.backlog = undefined
    this.wakeReaders()
    if (this.following) return
    this.id = this.newId()
    this.forgetSecond()
  }

  /** Starts a history that continues the present one up to this offset (promotion, DEBUG CHANGE-REPL-ID aside). */
  shiftId(): void {
    this.secondId = this.id
    this.secondOffset = this.offset + 1
    this.id = this.newId()
    this.reselect()
  }

  /** Starts a history that continues nothing. */
  changeId(): void {
    this.id = this.newId()
    this.forgetSecond()
  }

  forgetSecond(): void {
    this.secondId = NO_REPLICATION_ID
    this.secondOffset = -1
  }

  /** Takes over a master's identity and offset after a full resync: what was known before is void. */
  adopt(id: string, offset: number): void {
    this.id = id
    this.offset = offset
    this.askedOffset = -1
    this.forgetSecond()
    this.backlog = undefined
    this.wakeReaders()
    this.continues = true
  }

  /** The data set has no history any more: it is about to be replaced, or its master names none. */
  forget(): void {
    this.adopt(this.newId(), 0)
    this.continues = false
  }

  /** Database the stream has selected as far as the next reader must know. */
  get streamDb(): number {
    return Math.max(0, this.selected)
  }

  /**
   * Whether a replica that has everything before `offset` of history `id` can continue from there: the history must be
   * shared up to it, and the bytes since must be held.
   */
  canContinue(id: string, offset: number): boolean {
    const known = id.toLowerCase()
    const shared =
      known === this.id.toLowerCase() ||
      (known === this.secondId.toLowerCase() && offset <= this.secondOffset)
    return shared && this.backlog !== undefined && this.backlog.holds(offset)
  }

  /** Asserts the invariants of the file header. */
  checkInvariants(): void {
    const { backlog } = this
    if (backlog === undefined) return
    backlog.checkInvariants()
    if (backlog.next !== this.offset + 1)
      throw new Error(
        `replication log: the backlog ends at ${backlog.next - 1}, the stream at ${this.offset}`,
      )
  }

  private select(database: number): void {
    const bytes = SELECTS[database] ?? encodeCommand(["SELECT", database])
    this.selected = database
    this.feed(bytes, 0, bytes.length)
  }
}
