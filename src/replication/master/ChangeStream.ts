/**
 * The replication stream as a Stream of commands: what this server, or its master, has changed, in order, with offsets.
 *
 *     const { changes } = yield* ReplicationMaster
 *     yield* Stream.runForEach(changes(), (change) => ...)            from now on
 *     yield* Stream.runForEach(changes(change.position), ...)         from after a change on, if the backlog still holds it
 *
 * A reader stands in the backlog as a replica does, and is sent the same: deterministic commands (SPOP as SREM, relative
 * times as absolute ones), MULTI and EXEC around what belongs together. SELECT and PING are left out, each change names its
 * database. Backpressure: the backlog is read only as far as changes are taken; a reader that falls further behind than the
 * output limit of replicas is ended, as a replica would be.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { CommandTable } from "../../engine/CommandTable.js"
import type { CommandSpec } from "../../engine/declare/CommandSpec.js"
import type { OutputLimit } from "../../engine/Settings.js"
import { ParseStatus, RequestParser } from "../../resp/RequestParser.js"
import type { Backlog, BacklogReader } from "../Backlog.js"
import type { StreamReader, ReplicationLog } from "../ReplicationLog.js"

/** A place in a history: where one reader stopped and another can go on. */
export interface ChangePosition {
  /** Replication ID of the history. */
  readonly id: string
  /** Offset of the last byte read, as master_repl_offset counts. */
  readonly offset: number
  /** Database selected there. */
  readonly database: number
}

/** A command that has changed something, as replicas get it. */
export interface Change {
  /** The number of the database it was made in. */
  readonly database: number
  /** The command and its arguments. */
  readonly arguments: ReadonlyArray<Uint8Array>
  /** The place right after this change. */
  readonly position: ChangePosition
}

/** The stream cannot go on: its history has ended here, or the backlog does not hold what comes next. */
export class ChangesLostError extends Data.TaggedError("ChangesLostError")<{
  /** The last place up to which changes have come. */
  readonly position: ChangePosition
  /** Why none comes behind it. */
  readonly reason: "history ended" | "not in the backlog" | "reader fell behind"
}> {
  override get message(): string {
    const { id, offset } = this.position
    return `changes after ${id}:${offset}: ${this.reason}`
  }
}

interface ChangeSource {
  readonly log: ReplicationLog
  /** Read at each use. */
  readonly settings: {
    readonly replBacklogSize: number
    /** A reader that is further behind than the hard limit of replicas is ended; 0 = none is. */
    readonly clientOutputBufferLimit: { readonly replica: OutputLimit }
  }
  /** Knows the declarations of commands, by their names in lower case. */
  readonly commands: Pick<CommandTable, "declaration">
}

const CHUNK_BYTES = 64 * 1024

/** Whether a command of the stream is a change, or holds changes together (MULTI, EXEC); one unknown here may be one. */
const isChange = (spec: CommandSpec | undefined): boolean =>
  spec === undefined || spec.isWrite || spec.mayReplicate || spec.group === "transactions"

class ChangeReader implements StreamReader {
  private readonly parser = new RequestParser({ maxBulkLength: Infinity, authenticated: true })
  private readonly backlog: Backlog
  private readonly reader: BacklogReader
  private position: ChangePosition
  /** Offset before the first byte parsed. */
  private readonly base: number
  private behind = false

  constructor(
    private readonly source: ChangeSource,
    from: ChangePosition | undefined,
  ) {
    const { log } = source
    this.backlog = log.openBacklog(source.settings.replBacklogSize)
    this.position = from ?? { id: log.id, offset: log.offset, database: log.endDatabase() }
    this.base = this.position.offset
    if (!log.canContinue(this.position.id, this.position.offset + 1)) throw this.lost("not in the backlog")
    this.reader = this.backlog.attach(this.position.offset + 1)
    log.readers.add(this)
  }

  close(): void {
    this.backlog.detach(this.reader)
    this.source.log.readers.delete(this)
  }

  checkLag(): void {
    const limit = this.source.settings.clientOutputBufferLimit.replica.hardBytes
    if (limit === 0 || this.backlog.lagOf(this.reader) <= Math.max(limit, this.backlog.size)) return
    this.behind = true
    this.close()
  }

  private lost(reason: ChangesLostError["reason"]): ChangesLostError {
    return new ChangesLostError({ position: this.position, reason })
  }

  /** The next changes, at least one; waits for them. */
  readonly next: Effect.Effect<ReadonlyArray<Change>, ChangesLostError> = Effect.gen(
    { self: this },
    function* () {
      for (;;) {
        const { log } = this.source
        if (this.behind) return yield* this.lost("reader fell behind")
        if (log.backlog !== this.backlog) return yield* this.lost("history ended")
        const chunk = this.backlog.read(this.reader, CHUNK_BYTES)
        if (chunk === undefined) {
          yield* log.untilAppended(this.backlog, this.reader.next)
          continue
        }
        const changes = this.parse(chunk)
        if (changes.length > 0) return changes
      }
    },
  )

  private parse(chunk: Uint8Array): Array<Change> {
    const { parser, source } = this
    const changes: Array<Change> = []
    parser.feed(chunk)
    for (let status = parser.next(); status !== ParseStatus.NeedMore; status = parser.next()) {
      if (status === ParseStatus.ProtocolError)
        throw new Error(`the backlog holds no commands: ${parser.error}`)
      const { buf, argc, argOff, argLen } = parser
      const words: Array<Uint8Array> = []
      // Copies, also of a Buffer, whose own `slice` makes none.
      for (let i = 0; i < argc; i++)
        words.push(Uint8Array.prototype.slice.call(buf, argOff[i], argOff[i] + argLen[i]))
      const name = Buffer.from(words[0] ?? new Uint8Array(0))
        .toString("latin1")
        .toLowerCase()
      const selected =
        name === "select" ? Number(Buffer.from(words[1] ?? new Uint8Array(0)).toString("latin1")) : -1
      const database = selected >= 0 ? selected : this.position.database
      // Empty lines that a master sent count, too.
      const offset = this.base + parser.consumed
      this.position = { id: source.log.id, offset, database }
      if (!isChange(source.commands.declaration(name))) continue
      changes.push({ database, arguments: words, position: this.position })
    }
    return changes
  }
}

/** Changes after `from`, or from now on. */
export const changesOf = (
  source: ChangeSource,
  from?: ChangePosition,
): Stream.Stream<Change, ChangesLostError> =>
  Stream.unwrap(
    Effect.acquireRelease(
      Effect.try({
        try: () => new ChangeReader(source, from),
        catch: (thrown) => {
          if (thrown instanceof ChangesLostError) return thrown
          throw thrown
        },
      }),
      (reader) => Effect.sync(() => reader.close()),
    ).pipe(Effect.map((reader) => Stream.fromIterableEffectRepeat(reader.next))),
  )
