/**
 * What a handler sees: the arguments of one command, the keyspace, the session, and the reply it writes.
 *
 * One context serves a server; dispatch points it at each command in turn. Everything in it is valid only until the
 * handler returns. Argument i is the bytes buf[argOff[i] .. argOff[i] + argLen[i]); argument 0 is the command's name.
 */
import type { Ref } from "../memory/Arena.js"
import { latin1Text } from "../bytes/Latin1.js"
import { parseInt64, parseSafeInteger } from "../bytes/Numbers.js"
import { parseDouble } from "../bytes/FloatText.js"
import type { ReplyWriter } from "../resp/ReplyWriter.js"
import type { Database } from "../store/Database.js"
import { entryType, stringChunk, stringLength, stringOffset } from "../store/Entry.js"
import type { Keyspace } from "../store/Keyspace.js"
import * as Errors from "../resp/Errors.js"
import type { Blocking } from "./Blocking.js"
import type { CommandLog } from "./CommandLog.js"
import type { NumberedCommand } from "./CommandInfo.js"
import { Event, type KeyEvents } from "./KeyEvents.js"
import { Propagation } from "./Propagation.js"
import type { PubSub } from "./PubSub.js"
import type { Call } from "./tracking/Call.js"
import type { Session } from "./clients/Session.js"
import type { Settings } from "./Settings.js"

const NO_BYTES = new Uint8Array(0)
const NO_PLACES = new Int32Array(0)

/** Where a context points. */
class Aim {
  buf: Uint8Array = NO_BYTES
  argc = 0
  argOff: Int32Array = NO_PLACES
  argLen: Int32Array = NO_PLACES
  command: NumberedCommand | undefined = undefined
  denyBlocking = false

  constructor(
    public db: Database,
    public session: Session,
  ) {}
}

/** What a handler works with: the command's words, its keys, the reply, and what to tell of changes. */
export class CommandContext {
  /** Holds the words of the command, among other bytes. */
  buf: Uint8Array = NO_BYTES
  /** Words of the command, its name (and a subcommand's) included. */
  argc = 0
  /** Where each word begins in `buf`. */
  argOff: Int32Array = NO_PLACES
  /** Bytes of each word. */
  argLen: Int32Array = NO_PLACES
  /** Command being run (the subcommand's, for containers). */
  command: NumberedCommand | undefined = undefined
  /** The database that the client has selected. */
  db: Database
  /** What the command in progress leaves in the command log. */
  readonly propagation: Propagation
  /** The client is inside EXEC, a script, or a replication stream: blocking commands must not wait. */
  denyBlocking = false
  /** The command is one that a script calls. */
  scripted = false
  /** What the command wrote goes out even if replies are off (CLIENT REPLY): the answers of SUBSCRIBE and its kin. */
  keepReply = false
  /** The command comes from this server's master. */
  fromMaster = false
  /** Where it pointed before the commands that run inside others, the innermost last; used again and again. */
  private readonly saved: Array<Aim> = []
  private depth = 0

  /** A server has one, which it hands to each handler. */
  constructor(
    /** All databases, and the arena that they lie in. */
    readonly keyspace: Keyspace,
    log: CommandLog,
    /** The configuration, as it is now. */
    readonly settings: Settings,
    /** Who is told that a key has changed; handlers call `changed`, `stored` and `notify`. */
    readonly events: KeyEvents,
    /** Channels and their subscribers. */
    readonly pubsub: PubSub,
    /** Clients that wait for keys. */
    readonly blocking: Blocking<CommandContext>,
    /** Where the reply goes. */
    public out: ReplyWriter,
    /** The client's session. */
    public session: Session,
  ) {
    this.db = keyspace.database(0)
    this.propagation = new Propagation(log)
  }

  // ---- commands inside commands

  /** Notes where it points, before a command runs inside the one in progress; `restore` follows in a `finally`. */
  save(): void {
    const { saved, db, session } = this
    if (saved.length === this.depth) saved.push(new Aim(db, session))
    const aim = saved[this.depth++]
    aim.buf = this.buf
    aim.argc = this.argc
    aim.argOff = this.argOff
    aim.argLen = this.argLen
    aim.command = this.command
    aim.denyBlocking = this.denyBlocking
    aim.db = db
    aim.session = session
  }

  /** Points where it pointed at the last `save`. */
  restore(): void {
    const aim = this.saved[--this.depth]
    this.buf = aim.buf
    this.argc = aim.argc
    this.argOff = aim.argOff
    this.argLen = aim.argLen
    this.command = aim.command
    this.denyBlocking = aim.denyBlocking
    this.db = aim.db
    this.session = aim.session
    // A large request is not kept alive by it.
    aim.buf = NO_BYTES
  }

  /** The command inside which the one in progress runs. */
  get around(): Call {
    return this.saved[this.depth - 1]
  }

  // ---- arguments

  /** Argument as text, one char a byte; for options and error texts. */
  text(i: number): string {
    const off = this.argOff[i]
    return latin1Text(this.buf, off, off + this.argLen[i])
  }

  /** Argument as UTF-8 text. */
  utf8(i: number): string {
    return Buffer.from(this.buf.buffer, this.buf.byteOffset + this.argOff[i], this.argLen[i]).toString("utf8")
  }

  /** Argument as bytes: a view, valid until the handler returns. */
  bytes(i: number): Uint8Array {
    return this.buf.subarray(this.argOff[i], this.argOff[i] + this.argLen[i])
  }

  /** Whether the argument equals an option name, given in upper case, in any case. */
  is(i: number, upper: string): boolean {
    const n = this.argLen[i]
    if (n !== upper.length) return false
    const off = this.argOff[i]
    for (let j = 0; j < n; j++) {
      let b = this.buf[off + j]
      if (b >= 97 && b <= 122) b -= 32
      if (b !== upper.charCodeAt(j)) return false
    }
    return true
  }

  /**
   * Argument as a 64-bit integer: NaN when it is none; beyond 2^53 the nearest double, which range checks may use and
   * arithmetic must not (`int64` is exact).
   */
  integer(i: number): number {
    const n = parseSafeInteger(this.buf, this.argOff[i], this.argLen[i])
    if (n === n) return n
    const big = parseInt64(this.buf, this.argOff[i], this.argLen[i])
    return big === undefined ? NaN : Number(big)
  }

  /** Argument as a 64-bit integer, exact; undefined when it is none. */
  int64(i: number): bigint | undefined {
    return parseInt64(this.buf, this.argOff[i], this.argLen[i])
  }

  /** Argument as a double as Redis reads it, NaN when it is none. */
  double(i: number): number {
    return parseDouble(this.buf, this.argOff[i], this.argLen[i])
  }

  // ---- keys

  /** Entry of the key in argument i, for reading; 0 = none. */
  read(i: number): Ref {
    return this.db.lookupRead(this.buf, this.argOff[i], this.argLen[i])
  }

  /** Entry of the key in argument i, for reading, its access clock left alone; 0 = none. */
  peek(i: number): Ref {
    return this.db.lookupPeek(this.buf, this.argOff[i], this.argLen[i])
  }

  /** Entry of the key in argument i, for writing; 0 = none. */
  write(i: number): Ref {
    return this.db.lookupWrite(this.buf, this.argOff[i], this.argLen[i])
  }

  /** Answers WRONGTYPE and true when there is an entry and it is of another type. */
  wrongType(ref: Ref, type: number): boolean {
    if (ref === 0 || entryType(this.keyspace.arena, ref) === type) return false
    this.out.error(Errors.wrongType)
    return true
  }

  /** Answers the string of an entry. */
  string(ref: Ref): void {
    const a = this.keyspace.arena
    this.out.bulk(stringChunk(a, ref), stringOffset(a, ref), stringLength(a, ref))
  }

  /** Deletes the entry just looked up from the present database. */
  remove(ref: Ref): void {
    this.db.remove(ref, this.settings.lazyfreeLazyUserDel)
  }

  // ---- consequences

  /**
   * The key in argument i has changed: breaks watches on it, tells subscribers of keyspace events, counts the change.
   * Every write calls it once for each key it changed, after the change.
   * @param kind class bit of notify-keyspace-events (KeyEvents.ts)
   * @param event name as subscribers see it: "set", "del", "lpush", ...
   */
  changed(i: number, kind: number, event: string): void {
    this.keyspace.dirty++
    this.events.modified(this.db, this.buf, this.argOff[i], this.argLen[i])
    this.events.notify(kind, event, this.db.id, this.buf, this.argOff[i], this.argLen[i])
  }

  /** As `changed`, for a key just stored: one under which there was no entry before is announced as new. */
  stored(i: number, existing: Ref, kind: number, event: string): void {
    if (existing === 0) this.notify(i, Event.new, "new")
    this.changed(i, kind, event)
  }

  /** A further event on the key in argument i, without another change ("del" after the last LPOP). */
  notify(i: number, kind: number, event: string): void {
    this.events.notify(kind, event, this.db.id, this.buf, this.argOff[i], this.argLen[i])
  }

  /** A value of this type under the key in argument i is new, or has something new: wakes clients that wait for it. */
  ready(i: number, type: number): void {
    this.blocking.signal(this.db.id, type, this.buf, this.argOff[i], this.argLen[i])
  }

  /** Whether anything reads the command log; handlers rewrite what they leave there only then. */
  get replicating(): boolean {
    return this.propagation.active
  }

  /** Answers an error, given without "-". */
  fail(text: string): void {
    this.out.error(text)
  }

  /** As `fail`, for those who answer whether to go on. */
  refuse(text: string): false {
    this.out.error(text)
    return false
  }
}
