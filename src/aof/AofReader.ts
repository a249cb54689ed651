/**
 * Reads the commands of an append-only file from chunks of any size. Pure and synchronous: no file, no clock.
 *
 *     feed, then next until it gives nothing; at the file's end, finish
 *
 *                     "#CRC" line                  all bytes there and their checksum right
 *     commands ------------------------> gathering ------------------------------------> group
 *        ^ |                                 | no                                          |
 *        | | no command, after a group       v                                             | its end
 *        | +------------------------------> torn                                           |
 *        +---------------------------------------------------------------------------------+
 *
 * A group's commands come only once all of it is known to be right. After a group, what is neither a command nor one of
 * the lines known is a bad group. Whether a bad group is a torn tail or damage, LaterGroups.ts finds out. Commands come as
 * they are parsed, MULTI and EXEC among them: whoever runs them forgets a MULTI that is still open at the end.
 *
 * Memory: the longest command that a chunk's end cuts, and a group that does.
 *
 * Invariant: all before `validUpTo` is whole commands, transactions and groups.
 */
import { Lookahead, type Request } from "../engine/Lookahead.js"
import type { CommandTable } from "../engine/CommandTable.js"
import type { LineReader } from "../resp/RequestLines.js"
import { ParseStatus, RequestParser } from "../resp/RequestParser.js"
import type { Database } from "../store/Database.js"
import { AofDamageError } from "./AofErrors.js"
import { type GroupHead, isGroupOf, opensGroup, readGroupLine, readTimestampLine } from "./AofFormat.js"

interface AofReaderOptions {
  /** Names the file in errors. */
  readonly path: string
  /** Where the first chunk begins in the file; default 0. */
  readonly from?: number | undefined
  /** Size of the file. */
  readonly totalBytes: number
  readonly commands: CommandTable
}

/** How a file ends: whole, or torn in a command, in a transaction, or in a group. */
export type AofTail = "whole" | "short" | "multi" | "group"

type Phase = "commands" | "gathering" | "group" | "torn" | "failed"

const HASH = 35
const NOTHING = new Uint8Array(0)
const MULTI = Buffer.from("multi", "latin1")
const EXEC = Buffer.from("exec", "latin1")

/** Whether a command is this one word. */
const isWord = (request: Request, word: Uint8Array): boolean => {
  if (request.argLen[0] !== word.length) return false
  const { buf } = request
  const off = request.argOff[0]
  for (let i = 0; i < word.length; i++) if ((buf[off + i] | 32) !== word[i]) return false
  return true
}

export class AofReader implements LineReader {
  /** Offset after the last whole command outside a transaction: where a torn file is cut. */
  validUpTo: number
  /** Groups have been read. */
  grouped = false
  private readonly input: Lookahead
  private readonly parser: RequestParser
  private phase: Phase = "commands"
  private failure: AofDamageError | undefined = undefined
  /** How the file ends where it is torn. */
  private tail: AofTail = "group"
  private chunk: Uint8Array = NOTHING
  /** Offset of the chunk, and of its end. */
  private chunkAt: number
  private received: number
  /** Offset in the file of the parser's bytes less their number in its count. */
  private shift: number
  /** What the parser was given last, and its offset. */
  private given: Uint8Array = NOTHING
  private givenAt = 0
  private inMulti = false
  /** The group at hand, undefined for a garbled line; where its line and its body begin. */
  private head: GroupHead | undefined = undefined
  /** The line that the parser stopped after means to open a group. */
  private opens = false
  private lineAt = 0
  /** Where the last line ends that is passed over. */
  private lineEnd = 0
  private bodyAt = 0
  private gathered: Uint8Array = NOTHING
  /** What came last outside a transaction was a group. */
  private afterGroup = false

  constructor(private readonly options: AofReaderOptions) {
    this.validUpTo = this.chunkAt = this.received = this.shift = options.from ?? 0
    this.parser = new RequestParser({ maxBulkLength: Infinity, authenticated: true, lines: this })
    this.input = new Lookahead(this.parser, options.commands)
  }

  /** Takes the next bytes of the file, lent until `next` gives nothing. */
  feed(bytes: Uint8Array): void {
    this.chunk = bytes
    this.chunkAt = this.received
    this.received += bytes.length
    if (this.phase === "commands") this.give(bytes, this.chunkAt)
  }

  /** The next command, undefined when there is none. Throws an AofDamageError for what is no torn tail. */
  next(db: Database): Request | undefined {
    for (;;) {
      if (this.phase === "commands" || this.phase === "group") {
        const request = this.input.next(db)
        if (request !== undefined) {
          this.account(request)
          return request
        }
        if (!this.goOn()) return undefined
      } else if (!this.awaitGroup()) return undefined
    }
  }

  /** There is a bad group, or an argument longer than the file: what follows is not read. */
  get torn(): boolean {
    return this.phase === "torn"
  }

  /** To be called when the file has no more bytes, or is torn. */
  finish(): AofTail {
    if (this.failure !== undefined) throw this.failure
    if (this.phase === "torn") return this.tail
    if (this.phase === "gathering") return "group"
    if (this.parser.pending > 0) return this.cutCommand
    return this.inMulti ? "multi" : "whole"
  }

  /** What it means that a command is not whole. */
  private get cutCommand(): AofTail {
    return this.afterGroup ? "group" : "short"
  }

  // ---- lines between commands

  begins(byte: number): boolean {
    return byte === HASH
  }

  line(buf: Uint8Array, from: number, to: number): boolean {
    const end = this.shift + this.parser.consumed
    this.opens = opensGroup(buf, from, to)
    if (!this.opens && (!this.afterGroup || readTimestampLine(buf, from, to) !== undefined)) {
      this.lineEnd = end
      return true
    }
    this.head = this.opens ? readGroupLine(buf, from, to) : undefined
    this.bodyAt = end
    this.lineAt = end - (to - from)
    return false
  }

  // ---- commands

  /** Hands bytes to the parser, which follow those that it has not used up. */
  private give(bytes: Uint8Array, at: number): void {
    this.shift = at - this.parser.consumed - this.parser.pending
    this.given = bytes
    this.givenAt = at
    this.input.feed(bytes)
  }

  /** Where a command begins that `next` gave last. */
  startOf(request: Request): number {
    return request.buf === this.given
      ? this.givenAt + request.rawStart
      : this.shift + this.parser.consumed - (request.rawEnd - request.rawStart)
  }

  private account(request: Request): void {
    const begun = this.inMulti
    if (request.argc === 1) {
      if (isWord(request, MULTI)) this.inMulti = true
      else if (isWord(request, EXEC)) this.inMulti = false
    }
    if (this.phase === "group") return
    this.afterGroup = false
    if (this.inMulti && begun) return
    // A command cut by a chunk's end is alone: nothing after it is parsed yet.
    const end = request.buf === this.given ? this.givenAt + request.rawEnd : this.shift + this.parser.consumed
    this.validUpTo = this.inMulti ? end - (request.rawEnd - request.rawStart) : end
  }

  /** The parser has no command. False when bytes must come first. */
  private goOn(): boolean {
    const { status } = this.input
    if (this.phase === "commands" && !this.inMulti) this.validUpTo = Math.max(this.validUpTo, this.lineEnd)
    const left = this.options.totalBytes - this.received
    if (this.phase === "commands" && left >= 0 && this.parser.lacking > left)
      return this.tear(this.cutCommand)
    if (status === ParseStatus.ProtocolError) return this.broken(this.parser.error)
    if (status === ParseStatus.Stopped) {
      // Commands were parsed before the line that were not known then to come after the group.
      if (!this.opens && !this.afterGroup) return true
      if (this.phase === "group") return this.broken("a line in a group that does not belong there")
      if (this.inMulti) return this.broken("a group begins in a transaction")
      return this.openGroup()
    }
    if (this.phase === "commands") return false
    if (this.parser.pending > 0 || this.inMulti)
      return this.broken("a group ends in a command or a transaction")
    const end = this.bodyAt + (this.head?.length ?? 0)
    this.validUpTo = end
    this.afterGroup = this.grouped = true
    this.phase = "commands"
    this.gathered = NOTHING
    if (end === this.received) return false
    this.give(this.chunk.subarray(end - this.chunkAt), end)
    return true
  }

  /** The next bytes are no command. */
  private broken(reason: string): false {
    if (this.afterGroup && !this.inMulti && this.phase === "commands") return this.tear()
    const { path } = this.options
    this.phase = "failed"
    this.failure = new AofDamageError({ path, offset: this.validUpTo, kind: "format", reason })
    throw this.failure
  }

  // ---- groups

  /** A line has opened a group: goes on in it if all of it is there. */
  private openGroup(): boolean {
    const { head, bodyAt } = this
    this.validUpTo = this.lineAt
    this.parser.rewind(NOTHING, 0, 0)
    if (head === undefined || head.length > this.options.totalBytes - bodyAt) return this.tear()
    const from = bodyAt - this.chunkAt
    if (bodyAt + head.length <= this.received) return this.enterGroup(head, this.chunk, from)
    this.gathered = new Uint8Array(head.length)
    this.gathered.set(this.chunk.subarray(from))
    this.phase = "gathering"
    return false
  }

  /** Goes into a group that lies at `bytes[from]`, or finds that it is a bad one. */
  private enterGroup(head: GroupHead, bytes: Uint8Array, from: number): boolean {
    if (!isGroupOf(head, bytes, from)) return this.tear()
    this.phase = "group"
    this.give(bytes.subarray(from, from + head.length), this.bodyAt)
    return true
  }

  /** Takes what a chunk has of the group that is gathered. */
  private awaitGroup(): boolean {
    if (this.failure !== undefined) throw this.failure
    const { head, gathered } = this
    const at = this.chunkAt - this.bodyAt
    if (head === undefined || this.phase === "torn" || at < 0) return false
    gathered.set(this.chunk.subarray(0, gathered.length - at), at)
    if (this.bodyAt + gathered.length > this.received) return false
    return this.enterGroup(head, gathered, 0)
  }

  private tear(tail: AofTail = "group"): false {
    this.phase = "torn"
    this.tail = tail
    this.chunk = this.gathered = NOTHING
    return false
  }
}
