/**
 * The command log's reader for the append-only file: encodes what it is handed into a buffer, which AofWriter.ts takes and
 * writes, and says of each session what its replies stand for (ReplyHold.ts).
 *
 * A position counts the bytes ever logged, over all files. A reply stands for the position behind the last write that its
 * command made or saw:
 *
 *   a write            everything logged so far
 *   a read of keys     what its keys were last written at, where it is not safe yet (`always` only)
 *   a read of others   (KEYS, DBSIZE, SCAN) everything logged so far (`always` only)
 *   anything else      nothing
 *
 * Which position a key was last written at stands in a table by the key's hash: two keys of one place in it may wait for
 * each other, never the other way round. The commands of a transaction or a script are logged when it ends, so their
 * places wait in `open` until then.
 */
import { CommandBit } from "../engine/Command.js"
import type { CommandContext } from "../engine/CommandContext.js"
import { type LogReader, TO_FILE } from "../engine/CommandLog.js"
import type { ReplyHold } from "../engine/clients/ReplyHold.js"
import type { Session } from "../engine/clients/Session.js"
import { Keys } from "../engine/declare/KeyExtraction.js"
import { encodeCommand } from "../resp/CommandEncoder.js"
import { timestampLine } from "./AofFormat.js"
import { LogBuffer } from "./LogBuffer.js"

/** Encoded once: SELECT of the databases Redis's default has. */
const SELECTS: ReadonlyArray<Uint8Array> = Array.from({ length: 16 }, (_, db) =>
  encodeCommand(["SELECT", String(db)]),
)
const PLACES = 65_536
const NO_PLACES = new Float64Array(0)
/** A group gets no longer than this, but for one command or transaction that is. */
const GROUP_BYTES_MAX = 1024 * 1024
const MULTI = encodeCommand(["MULTI"])
const EXEC = encodeCommand(["EXEC"])
/** Where these two differ from each other and from most. */
const NAME_AT = 8

interface LogOwner {
  /** Bytes wait to be written. */
  logged(): void
  /** What was logged so far is to be a group of its own. */
  seal(): void
  /** A line between groups. */
  comment(line: Uint8Array): void
  /** What is in the data set now, the log does not tell. */
  brokenOff(what: string): void
  /** Another data set has taken the place of the one that was logged. */
  replaced(): void
}

export class AofLog implements LogReader {
  readonly kind = TO_FILE
  reading = false
  /** Position behind what was logged last. */
  position = 0
  /** Commands logged so far. */
  count = 0
  readonly buffer = new LogBuffer()
  /** A line with the time goes before the first command of each second. */
  timestamps = false
  private selected = -1
  private stampedSeconds = 0
  /** A transaction is being logged. */
  private inUnit = false
  private readonly keys = new Keys()
  /** Reads of what is not safe wait, too. */
  private readsWait = false
  /** There when reads wait. */
  private places = NO_PLACES
  /** Places of keys that were written by commands which are not logged yet. */
  private open: Array<number> = []
  /** Position of the last write whose keys nobody knows. */
  private anywhere = 0

  constructor(
    private readonly context: CommandContext,
    private readonly hold: ReplyHold,
    private readonly owner: LogOwner,
  ) {}

  /** Has reads of what is not safe wait, or no longer. */
  holdReads(on: boolean): void {
    this.readsWait = on
    if (on && this.places === NO_PLACES) this.places = new Float64Array(PLACES)
  }

  take(database: number, bytes: Uint8Array, off: number, len: number): void {
    if (this.timestamps && !this.inUnit) this.stamp()
    if (this.buffer.length > GROUP_BYTES_MAX && !this.inUnit) this.owner.seal()
    if (len === MULTI.length && bytes[off + NAME_AT] === MULTI[NAME_AT]) this.inUnit = true
    else if (len === EXEC.length && bytes[off + NAME_AT] === EXEC[NAME_AT]) this.inUnit = false
    const before = this.buffer.length
    if (database >= 0 && database !== this.selected) this.select(database)
    this.buffer.append(bytes, off, len)
    this.count++
    this.position += this.buffer.length - before
    this.hold.logged = this.position
    if (before === 0) this.owner.logged()
  }

  private select(database: number): void {
    const bytes = SELECTS[database] ?? encodeCommand(["SELECT", database])
    this.selected = database
    this.buffer.append(bytes, 0, bytes.length)
  }

  private stamp(): void {
    const seconds = Math.floor(this.context.keyspace.now / 1000)
    if (seconds <= this.stampedSeconds) return
    this.stampedSeconds = seconds
    const line = timestampLine(seconds)
    this.position += line.length
    this.owner.comment(line)
  }

  /** A new file begins: its first command names its database. */
  begin(): void {
    this.selected = -1
    this.stampedSeconds = 0
    this.inUnit = false
  }

  ran(session: Session, changed: boolean): void {
    const c = this.context
    const bits = c.command?.bits ?? 0
    if (changed || (bits & CommandBit.write) !== 0) {
      session.heldUntil = this.position
      if (this.readsWait) this.note(c, changed)
    } else if (this.readsWait && (bits & CommandBit.readonly) !== 0 && this.position > this.hold.safe) {
      session.heldUntil = Math.max(session.heldUntil, this.seenBy(c))
    }
  }

  /** Notes which keys the command in progress has written. */
  private note(c: CommandContext, changed: boolean): void {
    const { open, places, position } = this
    const nested = c.propagation.nested
    const settles = !nested && open.length > 0
    if (settles) {
      for (const place of open) {
        if (place < 0) this.anywhere = position
        else places[place] = position
      }
      this.open = []
    }
    if (!changed || c.command === undefined) return
    const count = this.keys.find(c.command.spec, c)
    for (let i = 0; i < count; i++) {
      const place = this.placeOf(c, this.keys.index[i])
      if (nested) this.open.push(place)
      else places[place] = position
    }
    // What EXEC or a script has changed was noted by the commands inside.
    if (count > 0 || settles) return
    if (nested) this.open.push(-1)
    else this.anywhere = position
  }

  /** The position that a read stands for. */
  private seenBy(c: CommandContext): number {
    if (c.command === undefined) return this.position
    const count = this.keys.find(c.command.spec, c)
    if (count === 0) return this.position
    let seen = this.anywhere
    for (let i = 0; i < count; i++) seen = Math.max(seen, this.places[this.placeOf(c, this.keys.index[i])])
    return seen
  }

  /** A key's place: FNV-1a of its database and its bytes. */
  private placeOf({ buf, argOff, argLen, db }: CommandContext, word: number): number {
    let hash = 0x811c9dc5 ^ db.id
    const end = argOff[word] + argLen[word]
    for (let i = argOff[word]; i < end; i++) hash = Math.imul(hash ^ buf[i], 0x01000193)
    return (hash ^ (hash >>> 15)) & (PLACES - 1)
  }

  brokenOff(what: string): void {
    if (this.reading) this.owner.brokenOff(what)
  }

  replaced(): void {
    this.owner.replaced()
  }
}
