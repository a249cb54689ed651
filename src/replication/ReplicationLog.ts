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
import { Session } from "../engine/clients/Session.js"
import { type CommandLog, type LogReader, TO_REPLICAS } from "../engine/CommandLog.js"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { type EngineService, engineIn } from "../engine/EngineService.js"
import { randomHex, type SecureBytes, SecureRandom } from "../engine/world/SecureRandom.js"
import type { ReplicationPosition } from "../rdb/snapshot/SnapshotJob.js"
import { type CommandArgument, encodeCommand } from "../resp/CommandEncoder.js"
import { Backlog } from "./Backlog.js"
import { Turn, type Turns } from "../engine/world/Turn.js"

const ID_DIGITS = 40

/** An identity nobody has. */
const NO_REPLICATION_ID = "0".repeat(ID_DIGITS)

/** Encoded once: SELECT of the databases Redis's default has. */
const SELECTS: ReadonlyArray<Buffer> = Array.from({ length: 16 }, (_, db) =>
  Buffer.from(`*2\r\n$6\r\nSELECT\r\n$${String(db).length}\r\n${db}\r\n`, "latin1"),
)

/** Who reads the stream beside replicas; asked once a second. */
export interface StreamReader {
  /** Lets go of the backlog if it is too far behind. */
  readonly checkLag: () => void
}

/** Who follows a master. */
interface Follower {
  /** Something was broken off half way: the data set is no longer what the master's history says. */
  broken(what: string): void
}

/** Who must hear of the stream at once. */
export interface StreamListener {
  /** Bytes were appended. */
  appended(): void
  /** A client has written that waited for replicas after its last write. */
  writeAwaited(): void
  /** Something was broken off half way: the data set is no longer what this server's history says. */
  broken(what: string): void
}

export class ReplicationLog implements LogReader {
  readonly kind = TO_REPLICAS
  private knownId: string | undefined
  secondId = NO_REPLICATION_ID
  /** First offset that `secondId` does not cover; -1 without a second id. */
  secondOffset = -1
  /** master_repl_offset. */
  offset = 0
  private held: Backlog | undefined = undefined
  private follower: Follower | undefined = undefined
  /** Runs the master's commands; its database outlives a link that is continued. */
  masterSession = new Session(0)
  /** Replicas were asked (REPLCONF GETACK) behind this offset of the history how far they are. */
  askedOffset = -1
  readonly listeners: Array<StreamListener> = []
  /** Readers of the stream beside replicas: the backlog is kept for them, too. */
  readonly readers = new Set<StreamReader>()
  private readonly waiting = new Set<() => void>()
  private selected = -1

  /** Whether the data set is at `offset` of history `id`, so that a master may know how to continue it. */
  continues = true

  /**
   * @param commands what this server's own commands change
   * @param random of which identities are made
   */
  constructor(
    private readonly commands: CommandLog,
    private readonly random: SecureBytes,
    private readonly turns: Turns,
  ) {
    this.masterSession.kind = "master"
    commands.add(this)
  }

  /** The history's identity; a new one is made when somebody asks. */
  get id(): string {
    return (this.knownId ??= this.newId())
  }

  set id(id: string) {
    this.knownId = id
  }

  /** A fresh identity. */
  private newId(): string {
    return randomHex(this.random, ID_DIGITS)
  }

  /** The latest bytes of the stream. */
  get backlog(): Backlog | undefined {
    return this.held
  }

  /** This server is a replica: its stream is its master's, what it runs itself is not logged. */
  get following(): boolean {
    return this.follower !== undefined
  }

  /** Says who follows a master from now on; undefined = this server leads. */
  follow(follower: Follower | undefined): void {
    this.follower = follower
    this.commands.update()
  }

  /** Commands go into the stream only when somebody may read them, and when it is this server's own. */
  get reading(): boolean {
    return this.held !== undefined && this.follower === undefined
  }

  ran(session: Session, changed: boolean): void {
    session.lastWriteOffset = this.offset
    if (!changed || !session.awaitsWrites) return
    session.awaitsWrites = false
    for (const listener of this.listeners) listener.writeAwaited()
  }

  brokenOff(what: string): void {
    const text = `${what} was broken off half way`
    if (this.follower !== undefined) this.follower.broken(text)
    else for (const listener of this.listeners) listener.broken(text)
  }

  /** Where the stream stands, as a snapshot says it. */
  get position(): ReplicationPosition {
    const streamDb = this.follower !== undefined ? this.masterSession.database : this.streamDb
    return { id: this.id, offset: this.offset, streamDb }
  }

  /** As `position`, undefined where a data set loaded from the snapshot could continue nothing. */
  get savedPosition(): ReplicationPosition | undefined {
    return this.held !== undefined && this.continues ? this.position : undefined
  }

  /** Appends a command that only replicas are to see, or one for them alone to catch up with. */
  append(database: number, args: ReadonlyArray<CommandArgument>): void {
    const bytes = encodeCommand(args)
    this.take(database, bytes, 0, bytes.length)
  }

  take(database: number, bytes: Uint8Array, off: number, len: number): void {
    if (database >= 0 && database !== this.selected) this.select(database)
    this.feed(bytes, off, len)
  }

  /** Appends bytes of the stream as they are. */
  feed(bytes: Uint8Array, off: number, len: number): void {
    this.offset += len
    this.held?.append(bytes, off, len)
    for (const listener of this.listeners) listener.appended()
    if (this.waiting.size > 0) this.wakeReaders()
  }

  /** Waits until the byte at `offset` of this backlog is there, or the backlog has gone. */
  untilAppended(backlog: Backlog, offset: number): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (backlog !== this.held || backlog.next > offset) return resume(Effect.void)
      // Not at once: resuming would run the reader inside of the command that was logged.
      const wake = (): void => this.turns.afterThis(() => resume(Effect.void))
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
    this.held ??= new Backlog(size, this.offset)
    this.commands.update()
    return this.held
  }

  private dropBacklog(): void {
    this.held = undefined
    this.commands.update()
    this.wakeReaders()
  }

  /** Drops the backlog. A master's writes no longer move the offset, so the history ends: a new identity follows. */
  closeBacklog(): void {
    this.dropBacklog()
    if (this.following) return
    this.knownId = undefined
    this.forgetSecond()
  }

  /** Starts a history that continues the present one up to this offset (promotion, DEBUG CHANGE-REPL-ID aside). */
  shiftId(): void {
    this.secondId = this.id
    this.secondOffset = this.offset + 1
    this.knownId = undefined
    this.reselect()
  }

  /** Starts a history that continues nothing. */
  changeId(): void {
    this.knownId = undefined
    this.forgetSecond()
  }

  forgetSecond(): void {
    this.secondId = NO_REPLICATION_ID
    this.secondOffset = -1
  }

  /** Takes over a master's identity and offset after a full resync, or a new identity: what was known before is void. */
  adopt(id: string | undefined, offset: number): void {
    this.knownId = id
    this.offset = offset
    this.askedOffset = -1
    this.forgetSecond()
    this.dropBacklog()
    this.continues = true
  }

  /** The data set has no history any more: it is about to be replaced, or its master names none. */
  forget(): void {
    this.adopt(undefined, 0)
    this.continues = false
  }

  /** Database the stream has selected as far as the next reader must know. */
  get streamDb(): number {
    return Math.max(0, this.selected)
  }

  /** Database selected at the end of the stream, for those who read from there on. */
  endDatabase(): number {
    // The next write names its database, so that it does not matter which one was selected.
    if (!this.following) this.reselect()
    return this.position.streamDb
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
    return shared && this.held !== undefined && this.held.holds(offset)
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

/** The ReplicationLog as a service, a reader of the engine's command log. */
export class ReplicationHistory extends Context.Service<ReplicationHistory, ReplicationLog>()(
  "redix/replication/ReplicationLog",
) {
  static readonly make: Effect.Effect<ReplicationLog, never, EngineService> = Effect.map(
    Effect.context<EngineService>(),
    (services) =>
      new ReplicationLog(
        engineIn(services).log,
        Context.get(services, SecureRandom),
        Context.get(services, Turn),
      ),
  )
}
