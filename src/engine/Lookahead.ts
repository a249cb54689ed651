/**
 * Looks ahead in a pipelined chunk: parses up to LOOKAHEAD_MAX commands, finds what they are, and has the memory their
 * keys will need brought near before the first of them runs.
 *
 * A lookup in a large keyspace is mostly waiting for memory. Commands run one after the other, so their waits add up;
 * touching the buckets, then the entries, of sixteen commands in two tight loops lets the processor wait for all at
 * once. For a set, hash or sorted set in table form the member's place in that table is touched as well.
 *
 * Only whole commands lying in the network chunk itself are taken ahead: their bytes stay as they are until the chunk is
 * used up. A command cut by the chunk's end, and everything of a client that has not authenticated, goes one by one.
 */
import type { TableCommand } from "./Command.js"
import type { CommandTable } from "./CommandTable.js"
import { foreseen, foreseenMember, forgetForeseen, LOOKAHEAD_MAX } from "../memory/table/Foresight.js"
import { HashTable } from "../memory/table/HashTable.js"
import { hashBytes } from "../bytes/SipHash.js"
import { ParseStatus, type RequestParser, type RequestView } from "../resp/RequestParser.js"
import type { Database } from "../store/Database.js"
import {
  entryEncoding,
  entryType,
  entryValue,
  HASH_HASHTABLE,
  SET_HASHTABLE,
  TYPE_HASH,
  TYPE_SET,
  TYPE_ZSET,
  ZSET_SKIPLIST,
} from "../store/Entry.js"

/** For whoever puts other words into the same memory. */
export { forgetForeseen }

/** Below this many commands the waits are too few to be worth the loops. */
const WORTHWHILE = 4
const NO_BYTES = new Uint8Array(0)

/** One parsed command, kept while later ones are parsed. */
export class Request implements RequestView {
  buf: Uint8Array = NO_BYTES
  argc = 0
  argOff = new Int32Array(16)
  argLen = new Int32Array(16)
  rawStart = 0
  rawEnd = 0
  /** The command its first word names; undefined for none. */
  command: TableCommand | undefined = undefined
  /** The argument that is its first key, 0 for none. */
  key = 0
}

/** Whether two requests are about the same key. Different keys mostly differ at their ends, so that is looked at first. */
const sameKey = (a: Request, b: Request): boolean => {
  const length = a.argLen[a.key]
  if (length !== b.argLen[b.key]) return false
  const x = a.buf
  const y = b.buf
  const xo = a.argOff[a.key]
  const yo = b.argOff[b.key]
  for (let i = length - 1; i >= 0; i--) if (x[xo + i] !== y[yo + i]) return false
  return true
}

/** Hashes of the keys and members taken ahead, and whose they are: another connection may come while a command waits. */
const hashes = new Int32Array(LOOKAHEAD_MAX)
const members = new Int32Array(LOOKAHEAD_MAX)
let owner = 0
let lastId = 0

export class Lookahead {
  private readonly requests: Array<Request> = [new Request()]
  /** Requests parsed, and the one to hand out next. */
  private count = 0
  private at = 0
  /** What the parser said after the last request taken ahead; Command = it was not asked. */
  private after: ParseStatus = ParseStatus.Command
  private chunk: Uint8Array = NO_BYTES
  private chunkLength = 0
  private hashed = false
  private readonly id = ++lastId
  private membersHashed = false
  /** Index of the request whose command is incomplete. */
  private cut = 0
  private inner: HashTable | undefined = undefined
  /** After `next` gave nothing: NeedMore or ProtocolError. */
  status: ParseStatus = ParseStatus.NeedMore

  constructor(
    readonly parser: RequestParser,
    private readonly commands: CommandTable,
  ) {}

  /** Takes the first `length` bytes of `chunk`. */
  feed(chunk: Uint8Array, length = chunk.length): void {
    this.chunk = chunk
    this.chunkLength = length
    this.parser.feed(chunk, length)
  }

  /** Moves what is not run yet to memory of its own: the chunk's is about to be used again. */
  keep(): void {
    const { chunk } = this
    const copy = Uint8Array.prototype.slice.call(chunk, 0, this.chunkLength)
    for (const request of this.requests) if (request.buf === chunk) request.buf = copy
    this.parser.move(chunk, copy)
    this.chunk = copy
    forgetForeseen()
  }

  /**
   * The command that runs has changed the limits of requests: what was taken ahead of it is parsed again. A command that
   * does not lie in the chunk itself ended the look ahead.
   */
  limitsChanged(): void {
    const last = this.requests[this.at - 1]
    if (last === undefined || last.buf !== this.chunk) return
    this.parser.rewind(this.chunk, last.rawEnd, this.chunkLength)
    this.count = this.at
    this.cut = 0
    this.after = ParseStatus.Command
    forgetForeseen()
  }

  /** Bytes handed over and not yet run. */
  get pending(): number {
    const next = this.at < this.count ? this.requests[this.at] : undefined
    const last = this.requests[this.count - 1]
    return this.parser.pending + (next === undefined || last === undefined ? 0 : last.rawEnd - next.rawStart)
  }

  /** Whether a request has been handed out and is still here. */
  private get hasPresent(): boolean {
    return this.at > 0
  }

  /** Bytes of the request in progress, 0 without one. */
  get presentBytes(): number {
    return this.hasPresent ? this.present.rawEnd - this.present.rawStart : 0
  }

  /** Bytes of its arguments, 0 without one. */
  get argumentBytes(): number {
    if (!this.hasPresent) return 0
    const { argc, argLen } = this.present
    let bytes = 0
    for (let i = 0; i < argc; i++) bytes += argLen[i]
    return bytes
  }

  /** The request handed out last: a postponed one is run again. */
  get present(): Request {
    const request = this.requests[this.at - 1]
    if (request === undefined) throw new Error("no request was handed out")
    return request
  }

  /** The next request, undefined when there is none: `status` tells why. */
  next(db: Database): Request | undefined {
    if (this.at === this.count) {
      if (this.after !== ParseStatus.Command) return this.pause()
      this.fill(db)
      if (this.count === 0) return this.pause()
    }
    const request = this.requests[this.at]
    if (this.hashed && owner === this.id && request.key > 0) {
      foreseen.buf = request.buf
      foreseen.off = request.argOff[request.key]
      foreseen.len = request.argLen[request.key]
      foreseen.hash = hashes[this.at]
      if (this.membersHashed && request.command !== undefined) {
        const member = request.command.memberArgument
        foreseenMember.buf = request.buf
        foreseenMember.off = request.argOff[member]
        foreseenMember.len = request.argLen[member]
        foreseenMember.hash = members[this.at]
      }
    }
    this.at++
    return request
  }

  private pause(): undefined {
    this.status = this.after
    this.after = ParseStatus.Command
    // The chunk's memory is not held on to.
    forgetForeseen()
    return undefined
  }

  private fill(db: Database): void {
    const { parser } = this
    let n = 0
    this.at = 0
    this.hashed = false
    if (this.cut > 0) this.bringForward(this.cut)
    for (;;) {
      const request = (this.requests[n] ??= new Request())
      parser.argOff = request.argOff
      parser.argLen = request.argLen
      const status = parser.next()
      request.argOff = parser.argOff
      request.argLen = parser.argLen
      if (status !== ParseStatus.Command) {
        this.cut = n
        this.after = status
        break
      }
      request.buf = parser.buf
      request.argc = parser.argc
      request.rawStart = parser.rawStart
      request.rawEnd = parser.rawEnd
      const command = this.commands.find(parser.buf, parser.argOff[0], parser.argLen[0])
      request.command = command
      request.key = command !== undefined && command.keyArgument < parser.argc ? command.keyArgument : 0
      n++
      if (n === LOOKAHEAD_MAX || parser.buf !== this.chunk || !parser.limits.authenticated) break
    }
    this.count = n
    if (n >= WORTHWHILE) this.touch(db, n)
  }

  /** The arguments of a command cut by the chunk's end stay in the arrays they were parsed into, which go first now. */
  private bringForward(n: number): void {
    const request = this.requests[n]
    this.requests[n] = this.requests[0]
    this.requests[0] = request
    this.cut = 0
  }

  private touch(db: Database, n: number): void {
    let several = false
    for (let i = 0; i < n; i++) {
      const request = this.requests[i]
      const { key } = request
      const before = i === 0 ? undefined : this.requests[i - 1]
      // Without a key nothing is looked up, wherever the hash of the one before leads.
      if (before !== undefined && (key === 0 || (before.key > 0 && sameKey(request, before))))
        hashes[i] = hashes[i - 1]
      else {
        hashes[i] = key > 0 ? hashBytes(request.buf, request.argOff[key], request.argLen[key]) : 0
        if (i > 0) several = true
      }
    }
    this.hashed = true
    owner = this.id
    this.membersHashed = false
    if (several) db.table.touch(hashes, n)
    this.touchMembers(db, n)
  }

  /** A run of commands on the members of one collection, the usual case of a busy large one. */
  private touchMembers(db: Database, n: number): void {
    const first = this.requests[0]
    if (first.command === undefined || first.command.memberArgument === 0) return
    if (first.key === 0 || hashes[0] !== hashes[n - 1]) return
    const entry = db.table.find(first.buf, first.argOff[first.key], first.argLen[first.key])
    if (entry === 0) return
    const arena = db.keyspace.arena
    const type = entryType(arena, entry)
    const encoding = entryEncoding(arena, entry)
    const tabled =
      (type === TYPE_HASH && encoding === HASH_HASHTABLE) ||
      (type === TYPE_SET && encoding === SET_HASHTABLE) ||
      (type === TYPE_ZSET && encoding === ZSET_SKIPLIST)
    if (!tabled) return
    for (let i = 0; i < n; i++) {
      const { buf, argc, argOff, argLen, command } = this.requests[i]
      const member = command === undefined ? 0 : command.memberArgument
      if (member === 0 || member >= argc) return
      members[i] = hashBytes(buf, argOff[member], argLen[member])
    }
    this.inner ??= new HashTable(arena)
    this.inner.attach(entryValue(arena, entry)).touch(members, n)
    this.membersHashed = true
  }
}
