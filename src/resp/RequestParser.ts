/**
 * The input side of RESP: network chunks in, commands out as offsets into the bytes received.
 *
 * A command is an array of bulk strings, `*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n`, or an inline command, a line of text as a person
 * types it. The parser neither copies nor allocates for a command that lies whole in one chunk: `buf` is then the chunk.
 * A command cut by a chunk's end is gathered in an accumulation buffer; from the next chunk only as many bytes are copied
 * there as the command lacks (or a few more), then parsing goes on in the chunk itself.
 *
 * What redis-server 7.0.15 does, and so does this: the byte after a length's CR is skipped unseen, as are the two bytes after
 * an argument; arrays of length zero or less and empty lines are no commands; a NUL hides the rest of a line, which
 * then never ends; lengths are decimal without leading zeros or "+".
 *
 * Limits: a line of a length or an inline command may have 64 KiB before its end is seen; an argument `maxBulkLength` bytes; a
 * command 2^31-1 bytes in all (its offsets are 32-bit); before authentication, 10 arguments of 16 KiB.
 *
 * Memory: an announced argument of up to 1 MiB gets its room at once; for a larger one the buffer grows fourfold as bytes
 * really arrive, up to the announced size. After the command the next parser may have it (SpareBuffers.ts).
 *
 * Invariants: `start <= pos <= end <= cur.length`; bytes before `start` are consumed; `[start, pos)` is the part of the current
 * command already understood (`count` arguments, `remaining` to come). `tail` is only set while `cur` is `acc`, and the
 * unconsumed bytes of `acc` beyond the command in progress are copies of the bytes of `tail` before `tailPos`.
 *
 * Example: feed "*1\r\n$4\r\nPI", next() is NeedMore; feed "NG\r\n", next() is Command with argc 1, argLen[0] 4.
 */
import { decodeInline } from "./InlineCommand.js"
import { INLINE_IN_STREAM } from "./ProtocolErrors.js"
import { lineBad, type LineReader, ParseStatus, printable, strictInteger } from "./RequestLines.js"
import { giveBytes, giveTables, growTables, takeBytes } from "./SpareBuffers.js"

export { ParseStatus }

/** Limits of a connection's requests. Read at each use, so the object may be shared and changed at any time. */
export interface RequestLimits {
  /** `proto-max-bulk-len`: largest argument in bytes. */
  readonly maxBulkLength: number
  /** False until the client may run commands: then at most 10 arguments of at most 16384 bytes are accepted. */
  readonly authenticated: boolean
  /** Lines of text are no commands here, but for empty ones: a master never sends any. */
  readonly respOnly?: boolean
  /** Where commands come between lines of another kind: gets what is no RESP. A command has a word at least there. */
  readonly lines?: LineReader
}

const maxLine = 65536
/** Of a length in a file. */
const maxFileLine = 127
const maxArguments = 0x7fffffff
const maxCommandBytes = 0x7fffffff
const unauthenticatedArguments = 10
const unauthenticatedBulk = 16384
/** Room given at once to an announced argument. */
const trustedAnnouncement = 1 << 20
/** An accumulation buffer up to this size is kept for the next cut command. */
const keptBuffer = 4096
/** Argument tables of up to this many entries are kept. */
const keptArguments = 4096
/** Copied at least from the next chunk to complete a cut command. */
const minPull = 256

/** Result of `lengthLine` for a line that is not whole, beside `lineBad`. */
const lineCut = NaN

const empty = new Uint8Array(0)

/** What a parsed command looks like to those who run it. */
export interface RequestView {
  /** Holds the command, among others. */
  readonly buf: Uint8Array
  /** Arguments, its name included. */
  readonly argc: number
  /** Argument `i` begins at `buf[argOff[i]]`. */
  readonly argOff: Int32Array
  /** And has `argLen[i]` bytes. */
  readonly argLen: Int32Array
  /** The command as RESP begins here in `buf`. */
  readonly rawStart: number
  /** And ends before this byte. */
  readonly rawEnd: number
}

/** Takes commands out of a stream of bytes, however it is cut; their words are read in place. */
export class RequestParser {
  /** Holds the current command. Re-read after every `next`. */
  buf: Uint8Array = empty
  /** Arguments of the current command, its name included. */
  argc = 0
  /** Argument `i` is `buf[argOff[i] .. argOff[i] + argLen[i]]`. Re-read after every `next`: the arrays grow. */
  argOff = new Int32Array(16)
  /** Lengths of the arguments in bytes. Re-read after every `next`: the arrays grow. */
  argLen = new Int32Array(16)
  /** The command as RESP bytes in `buf` (an inline command is re-encoded, so these bytes can always be replicated). */
  rawStart = 0
  /** Where these bytes end. */
  rawEnd = 0
  /** The client sent a line of text, not RESP. */
  inline = false
  /** After `ProtocolError`: the reply, without "-" and CRLF. */
  error = ""

  private cur: Uint8Array = empty
  private acc: Uint8Array = empty
  private tail: Uint8Array | null = null
  private tailPos = 0
  private tailEnd = 0
  private start = 0
  private pos = 0
  private end = 0
  private count = 0
  private remaining = 0
  /** Announced length of the argument at `pos`, or -1 while its length line is unread. */
  private bulkLen = -1
  /** Bytes after `pos` in which the end of the current line was already sought in vain. */
  private scanned = 0
  /** The end of the line found by `lengthLine`. */
  private lineNext = 0
  /** `acc` holds one incomplete command and nothing else. */
  private starved = false
  private failed = false
  private fed = 0

  constructor(
    /** Read at each use, so that they may change. */
    readonly limits: RequestLimits,
  ) {}

  /** Hands over a network chunk, the first `length` bytes. Views of the current command are invalid afterwards. */
  feed(chunk: Uint8Array, length = chunk.length): void {
    if (this.failed || length === 0) return
    this.fed += length
    if (this.tail === null) {
      if (this.start === this.end) return this.enter(chunk, 0, length)
      if (this.starved) {
        this.tail = chunk
        this.tailPos = 0
        this.tailEnd = length
        return
      }
    }
    this.gather(chunk, length)
  }

  /** The bytes of a chunk handed over now lie in `copy`, at the same places; also those of the current command. */
  move(chunk: Uint8Array, copy: Uint8Array): void {
    if (this.cur === chunk) this.cur = copy
    if (this.tail === chunk) this.tail = copy
    if (this.buf === chunk) this.buf = copy
  }

  /**
   * Parses anew from a place between two commands of the chunk handed over last, which must be all that is unconsumed:
   * the limits have changed that the commands after it were judged by.
   */
  rewind(chunk: Uint8Array, pos: number, length: number): void {
    this.failed = false
    this.enter(chunk, pos, length)
  }

  /** Finds the next command. Its views are valid until the next `feed` or `next`. */
  next(): ParseStatus {
    if (this.failed) return ParseStatus.ProtocolError
    if (this.tail !== null && !this.starved) this.leaveAccumulator(this.tail)
    for (;;) {
      const status = this.parse()
      if (status !== ParseStatus.NeedMore) return status
      if (!this.pull()) {
        this.buf = empty
        this.argc = 0
        if (this.argOff.length > keptArguments && this.count === 0) {
          giveTables({ offsets: this.argOff, lengths: this.argLen })
          this.argOff = new Int32Array(16)
          this.argLen = new Int32Array(16)
        }
        return status
      }
    }
  }

  /** Bytes handed over and not yet consumed. */
  get pending(): number {
    return this.end - this.start + (this.tail === null ? 0 : this.tailEnd - this.tailPos)
  }

  /** Bytes of `pending` beyond the whole arguments of the command in progress. */
  get unread(): number {
    return this.end - this.pos + (this.tail === null ? 0 : this.tail.length - this.tailPos)
  }

  /** Bytes of the stream consumed since construction: up to the end of the last command returned (a replica's offset). */
  get consumed(): number {
    return this.fed - this.pending
  }

  /** Goes on from `this.pos` in `this.cur`, leaving the state such that it can be called again once there are more bytes. */
  private parse(): ParseStatus {
    while (this.remaining === 0) {
      if (this.pos >= this.end) return ParseStatus.NeedMore
      if (this.cur[this.pos] !== 42) {
        const { lines } = this.limits
        const before = this.pos
        const status = lines === undefined ? this.parseInline() : this.foreignLine(lines)
        if (status !== ParseStatus.NeedMore || this.pos === before) return status
        continue
      }
      if (!this.openCommand()) return this.failed ? ParseStatus.ProtocolError : ParseStatus.NeedMore
    }
    return this.parseArguments()
  }

  /** Reads `*n`. False when that is not possible (yet). */
  private openCommand(): boolean {
    const buf = this.cur
    const pos = this.pos
    // One digit, not zero, and its CR and LF: nearly every command.
    if (pos + 4 <= this.end && buf[pos + 2] === 13) {
      const digit = buf[pos + 1] - 48
      if (digit > 0 && digit < 10) {
        this.remaining = digit
        this.scanned = 0
        this.pos = pos + 4
        return true
      }
    }
    const n = this.lengthLine("too big mbulk count string")
    if (n !== n) return false
    if (n > maxArguments) return this.fail("invalid multibulk length")
    if (n > unauthenticatedArguments && !this.limits.authenticated) {
      return this.fail("unauthenticated multibulk length")
    }
    this.pos = this.lineNext
    if (n <= 0 && this.limits.lines !== undefined) return this.fail("invalid multibulk length")
    if (n <= 0) this.skip()
    else this.remaining = n
    return true
  }

  private parseArguments(): ParseStatus {
    const buf = this.cur
    const end = this.end
    let argOff = this.argOff
    let argLen = this.argLen
    let pos = this.pos
    let count = this.count
    let remaining = this.remaining
    let len = this.bulkLen
    for (;;) {
      if (len < 0) {
        let ready = false
        if (pos + 5 <= end && buf[pos] === 36) {
          const first = buf[pos + 1] - 48
          const second = buf[pos + 2] - 48
          if (second === -35) {
            if (first >= 0 && first < 10) {
              len = first
              pos += 4
              ready = true
            }
          } else if (first > 0 && first < 10 && second >= 0 && second < 10) {
            const third = buf[pos + 3] - 48
            if (third === -35) {
              len = first * 10 + second
              pos += 5
              ready = true
            } else if (third >= 0 && third < 10 && pos + 6 <= end && buf[pos + 4] === 13) {
              len = first * 100 + second * 10 + third
              pos += 6
              ready = true
            }
          }
        }
        if (!ready) {
          if (pos !== this.pos) this.scanned = 0
          this.pos = pos
          len = this.bulkLength()
          if (len < 0) {
            this.count = count
            this.remaining = remaining
            this.bulkLen = -1
            return this.failed ? ParseStatus.ProtocolError : ParseStatus.NeedMore
          }
          pos = this.lineNext
        }
      }
      if (pos + len + 2 > end) {
        this.pos = pos
        this.count = count
        this.remaining = remaining
        this.bulkLen = len
        this.scanned = 0
        return this.await(pos - this.start + len + 2, pos + len + 2 - end)
      }
      if (count === argOff.length) {
        this.growArguments()
        argOff = this.argOff
        argLen = this.argLen
      }
      argOff[count] = pos
      argLen[count] = len
      count++
      pos += len + 2
      len = -1
      if (--remaining === 0) break
    }
    this.buf = buf
    this.argc = count
    this.rawStart = this.start
    this.rawEnd = pos
    this.inline = false
    this.pos = pos
    this.skip()
    return ParseStatus.Command
  }

  /** A command of at least so many bytes is not all there: its argument lacks so many. */
  private await(bytes: number, lacking: number): ParseStatus {
    if (bytes <= maxCommandBytes) return ParseStatus.NeedMore
    this.fail("too big request")
    // Of what was there nothing is left.
    this.bulkLen = lacking - 2
    return ParseStatus.ProtocolError
  }

  /** Bytes that the argument at hand lacks at least, 0 where that is not known. */
  get lacking(): number {
    return this.bulkLen < 0 ? 0 : this.pos + this.bulkLen + 2 - this.end
  }

  /** Reads `$n` at `this.pos` the thorough way. -1 when that is not possible (yet). */
  private bulkLength(): number {
    const n = this.lengthLine("too big bulk count string", 36)
    if (n !== n) return -1
    const bad =
      n < 0 || n === lineBad || n > this.limits.maxBulkLength
        ? "invalid bulk length"
        : n > unauthenticatedBulk && !this.limits.authenticated
          ? "unauthenticated bulk length"
          : ""
    return bad === "" || this.fail(bad) ? n : -1
  }

  /**
   * The integer after the type byte at `this.pos`; sets `lineNext`. NaN while the line is incomplete or after failing,
   * Infinity for what is no 64-bit integer. A type byte to be expected is checked once the line is complete.
   */
  private lengthLine(tooLong: string, type = 0): number {
    const buf = this.cur
    const end = this.end
    const line = this.pos
    let at = line + this.scanned
    while (at < end && buf[at] !== 13 && buf[at] !== 0) at++
    this.scanned = at - line
    if (at >= end || buf[at] === 0) {
      // Of a file nothing more may come: what can be no length is not the beginning of one.
      const isFile = this.limits.lines !== undefined
      if (end - line > (isFile ? maxFileLine : maxLine) || (isFile && at < end)) this.fail(tooLong)
      return lineCut
    }
    if (at + 2 > end) return lineCut
    this.scanned = 0
    if (type !== 0 && buf[line] !== type) {
      this.fail(`expected '$', got '${printable(buf[line])}'`)
      return lineCut
    }
    this.lineNext = at + 2
    return strictInteger(buf, line + 1, at)
  }

  /** An inline command at `this.pos`. NeedMore for an incomplete line, and for an empty one, which is consumed. */
  private parseInline(): ParseStatus {
    const buf = this.cur
    const end = this.end
    const line = this.pos
    let at = line + this.scanned
    while (at < end && buf[at] !== 10 && buf[at] !== 0) at++
    this.scanned = at - line
    if (at >= end || buf[at] === 0) {
      if (end - line <= maxLine) return ParseStatus.NeedMore
      this.fail("too big inline request")
      return ParseStatus.ProtocolError
    }
    this.scanned = 0
    const command = decodeInline(buf, line, at)
    if (command === null || (this.limits.respOnly === true && command.lengths.length > 0)) {
      this.fail(command === null ? "unbalanced quotes in request" : INLINE_IN_STREAM)
      return ParseStatus.ProtocolError
    }
    this.pos = at + 1
    this.skip()
    const argc = command.lengths.length
    if (argc === 0) return ParseStatus.NeedMore
    while (this.argOff.length < argc) this.growArguments()
    this.argOff.set(command.offsets)
    this.argLen.set(command.lengths)
    this.buf = command.bytes
    this.argc = argc
    this.rawStart = 0
    this.rawEnd = command.bytes.length
    this.inline = true
    return ParseStatus.Command
  }

  /** Hands the line at `this.pos` to whoever reads lines. NeedMore for an incomplete one, and for one to go on after. */
  private foreignLine(lines: LineReader): ParseStatus {
    const buf = this.cur
    const line = this.pos
    const at = lines.begins(buf[line]) ? buf.subarray(0, this.end).indexOf(10, line + this.scanned) : line
    if (at === line || (at < 0 && this.end - line > maxLine)) {
      this.fail(at < 0 ? "too long line" : `expected '*', got '${printable(buf[line])}'`)
      return ParseStatus.ProtocolError
    }
    this.scanned = this.end - line
    if (at < 0) return ParseStatus.NeedMore
    this.pos = at + 1
    this.skip()
    return lines.line(buf, line, at + 1) ? ParseStatus.NeedMore : ParseStatus.Stopped
  }

  /** Everything before `pos` is consumed; a new command begins. */
  private skip(): void {
    this.start = this.pos
    this.count = this.remaining = this.scanned = 0
    this.bulkLen = -1
    this.starved = false
  }

  private fail(reason: string): false {
    this.failed = true
    this.error = "ERR Protocol error: " + reason
    this.cur = this.acc = this.buf = empty
    this.tail = null
    this.start = this.pos = this.end = this.argc = 0
    return false
  }

  private growArguments(): void {
    const { offsets, lengths } = growTables({ offsets: this.argOff, lengths: this.argLen })
    this.argOff = offsets
    this.argLen = lengths
  }

  /** Parses on in `chunk`, from `pos` to `end`; there is no command in progress. */
  private enter(chunk: Uint8Array, pos: number, end: number): void {
    if (this.acc.length > keptBuffer) this.acc = giveBytes(this.acc)
    this.cur = chunk
    this.tail = null
    this.pos = pos
    this.end = end
    this.skip()
  }

  /** The cut command is done: what else was copied is parsed where it came from. */
  private leaveAccumulator(tail: Uint8Array): void {
    this.enter(tail, this.tailPos - (this.end - this.start), this.tailEnd)
  }

  /**
   * `parse` ran out of bytes. Moves the incomplete command to the accumulation buffer, or adds bytes of the next chunk to
   * it. True when parsing can go on.
   */
  private pull(): boolean {
    const tail = this.tail
    if (this.start === this.end) {
      if (tail !== null) {
        this.leaveAccumulator(tail)
        return true
      }
      this.enter(empty, 0, 0)
      return false
    }
    if (this.cur !== this.acc) this.makeRoom(0)
    this.starved = true
    if (tail === null) return false
    const n = Math.min(this.tailEnd - this.tailPos, Math.max(minPull, this.lacking || this.end - this.start))
    this.append(tail, this.tailPos, n)
    this.tailPos += n
    if (this.tailPos === this.tailEnd) {
      this.tail = null
      // Beyond the cut command there may now be others.
      this.starved = false
    }
    return true
  }

  /** Chunks came faster than commands were asked for (a blocked client): gathers all that is unconsumed. */
  private gather(chunk: Uint8Array, length: number): void {
    const tail = this.tail
    if (tail !== null) {
      if (this.starved) this.append(tail, this.tailPos, this.tailEnd - this.tailPos)
      else this.leaveAccumulator(tail)
      this.tail = null
    }
    this.append(chunk, 0, length)
    this.starved = false
  }

  private append(src: Uint8Array, from: number, n: number): void {
    this.makeRoom(n)
    this.acc.set(src.subarray(from, from + n), this.end)
    this.end += n
  }

  /** Makes `acc` the current buffer with room for `n` bytes, and for more where an announced argument justifies it. */
  private makeRoom(n: number): void {
    const inAcc = this.cur === this.acc
    if (inAcc && this.end + n <= this.acc.length) return
    const have = this.end - this.start
    let acc = this.acc
    if (have + n > acc.length || (inAcc && this.start < have)) {
      const announced = this.bulkLen < 0 ? 0 : this.pos - this.start + this.bulkLen + 2
      const justified = Math.min(announced, Math.max(trustedAnnouncement, acc.length * 4))
      const doubled = announced > have + n ? 0 : Math.min((have + n) * 2, maxCommandBytes)
      acc = takeBytes(Math.max(have + n, justified, doubled, 1024))
    }
    if (acc === this.cur) acc.copyWithin(0, this.start, this.end)
    else acc.set(this.cur.subarray(this.start, this.end), 0)
    if (acc !== this.acc) giveBytes(this.acc)
    const shift = this.start
    if (shift > 0) for (let i = 0; i < this.count; i++) this.argOff[i] -= shift
    this.cur = this.acc = acc
    this.pos -= shift
    this.start = 0
    this.end = have
  }
}
