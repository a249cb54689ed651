/**
 * The output side of RESP: a growable buffer into which commands write their replies.
 *
 * One writer serves all connections of a server in turn: commands append to it, and whoever runs the batches notes which
 * part belongs to whom (engine/clients/Replies.ts). The same calls serve RESP2 and RESP3 (`resp`): a null, map, set, double
 * and so on becomes what the protocol in force has for it.
 *
 * Strings given to `simple`, `error` and `rawText` are latin1: one character is one byte, so client bytes echoed in an error
 * text survive. `bulkText` and `verbatim` encode UTF-8.
 *
 * Replies are bounded: by `bound` whoever owns the writer says how much may be written from here on. A command that would
 * write more is stopped by a throw if it may be (`stops`); what others write beyond is dropped, and their owner is to close
 * the connection. This is looked at only when the buffer must grow, so it costs nothing.
 *
 * Invariants: `buf[0 .. pos]` is written and complete up to open aggregates (until `overflowed`); `pos` never exceeds
 * `buf.length`.
 *
 * Example (RESP2): `array(2); bulkText("a"); int(7)` leaves "*2\r\n$1\r\na\r\n:7\r\n".
 */
import { formatDouble17 } from "../bytes/FloatText.js"
import { maxIntBytes, writeInt } from "../bytes/NumberFormat.js"

/** The aggregate kinds whose header `deferredEnd` can insert. */
export type AggregateKind = "array" | "map" | "set" | "push"

const CR = 13
const LF = 10
/** Up to this many bytes a loop beats `TypedArray.set`, which needs a view object. */
const loopCopyMax = 40
/** Sizes of a fresh buffer. */
const minBuffer = 1024
const maxFreshBuffer = 131072
/** Replies up to this size are copied out by `take`, so that the writer keeps its buffer. */
const copyOutMax = 2048
/** Most bytes of a header: type byte, sign, digits, CRLF. */
const headerBytes = maxIntBytes + 3

/** No element of an aggregate takes less: `$0` and two line ends; integers, which may, are not counted in advance. */
const itemBytesMin = 6
/** No reply is larger: more than a buffer of some runtimes can hold. */
export const replyBytesMax = 0xfff00000

/** A reply is larger than what may be sent: thrown out of the command that writes it. */
export class ReplyOverflow extends Error {
  readonly _tag = "ReplyOverflow"
}

/** Whoever has commands write their replies here. */
export interface ReplyOwner {
  /** An error reply is written. */
  failed(text: string): void
  /** Whether the command in progress may be stopped in the middle of its reply: it changes nothing. */
  stops(): boolean
}

/** A writer by itself: nobody counts errors, and what is too large is stopped. */
const nobody: ReplyOwner = { failed: () => {}, stops: () => true }

const empty = Buffer.alloc(0)

/** A buffer that replies are written to, in RESP2 or RESP3. */
export class ReplyWriter {
  /** What was written, up to `pos`; another buffer after it has grown. */
  buf: Buffer = empty
  /** Where the next byte goes. */
  pos = 0
  /** Protocol version in force, as HELLO set it. */
  resp: 2 | 3 = 2
  /** Error replies written since construction: a change across a command tells that it failed. */
  errorCount = 0
  /** Text of the latest error reply. */
  lastError = ""
  /** More was written than may be sent: the connection it is for must end, and nothing written since `bound` be sent. */
  overflowed = false
  private fresh = minBuffer
  /** What is written may lie from `start` to `end`. */
  private start = 0
  private end = Infinity
  private fatal = false
  private unsent = false

  /** A writer by itself, or one whose owner hears of errors and says what may be stopped. */
  constructor(private readonly owner: ReplyOwner = nobody) {}

  /** At most `room` bytes may be written from here on. Beyond, if it is `fatal`, the connection is to end. */
  bound(room: number, fatal: boolean): void {
    this.start = this.pos
    this.end = this.pos + room
    this.fatal = fatal
    this.overflowed = false
  }

  /** Lifts the bound for what `body` writes, which is for somebody else. */
  unbounded(body: () => void): void {
    const { end } = this
    this.end = Infinity
    try {
      body()
    } finally {
      this.end = end
    }
  }

  /** Lifts the bound, for what is not sent; answers it for `setBound`. */
  liftBound(): number {
    const { end } = this
    this.end = Infinity
    return end
  }

  /** Puts a bound for what is read here and not sent: what goes beyond ends no connection. Answers the one before. */
  boundUnsent(room: number): number {
    const { end } = this
    this.end = this.pos + room
    this.unsent = true
    return end
  }

  /** Puts back the bound that there was before. */
  setBound(end: number): void {
    this.end = end
    this.unsent = false
  }

  /** Announces so many strings: stops at once what could not be sent. */
  expect(items: number): void {
    if (this.pos + items * itemBytesMin > this.end) this.overflow()
  }

  private overflow(): void {
    const stops = this.owner.stops()
    if ((this.fatal && !this.unsent) || !stops) this.overflowed = true
    if (stops) throw new ReplyOverflow("the reply is too large")
    this.pos = this.start
  }

  /** Makes room for `n` more bytes. */
  reserve(n: number): void {
    if (this.pos + n > this.buf.length) this.grow(n)
  }

  private grow(n: number): void {
    if (this.pos + n > this.end) {
      this.overflow()
      if (this.pos + n <= this.buf.length) return
    }
    const need = this.pos + n
    let size = Math.max(this.fresh, this.buf.length * 2)
    if (size < need) size = need < 1 << 20 ? 1 << (32 - Math.clz32(need - 1)) : Math.floor(need * 1.25)
    // Not beyond the bound, where the next look is due.
    if (size > this.end) size = Math.max(need, this.end)
    const bigger = Buffer.allocUnsafeSlow(size)
    if (this.pos > 0) bigger.set(this.buf.subarray(0, this.pos), 0)
    this.buf = bigger
  }

  /** The state `+OK`. */
  ok(): void {
    this.reserve(5)
    const buf = this.buf
    const pos = this.pos
    buf[pos] = 43
    buf[pos + 1] = 79
    buf[pos + 2] = 75
    buf[pos + 3] = CR
    buf[pos + 4] = LF
    this.pos = pos + 5
  }

  /** The state `+QUEUED`. */
  queued(): void {
    this.rawText("+QUEUED\r\n")
  }

  /** Null in place of a string: `$-1`, in RESP3 `_`. */
  nil(): void {
    this.reserve(5)
    const buf = this.buf
    let pos = this.pos
    if (this.resp === 2) {
      buf[pos++] = 36
      buf[pos++] = 45
      buf[pos++] = 49
    } else {
      buf[pos++] = 95
    }
    buf[pos] = CR
    buf[pos + 1] = LF
    this.pos = pos + 2
  }

  /** Null in place of an array: `*-1`, in RESP3 `_`. */
  nilArray(): void {
    this.rawText(this.resp === 2 ? "*-1\r\n" : "_\r\n")
  }

  /** An array without elements: `*0`. */
  emptyArray(): void {
    this.header(42, 0)
  }

  /** `:n` for a safe integer. */
  int(n: number): void {
    this.header(58, n)
  }

  /** `:n` for a 64-bit integer. */
  bigint(n: bigint): void {
    this.rawText(":" + n.toString() + "\r\n")
  }

  /** The integer 0: `:0`. */
  zero(): void {
    this.header(58, 0)
  }

  /** The integer 1: `:1`. */
  one(): void {
    this.header(58, 1)
  }

  /** `:1` or `:0`, in RESP3 `#t` or `#f`. */
  bool(b: boolean): void {
    if (this.resp === 2) this.header(58, b ? 1 : 0)
    else this.rawText(b ? "#t\r\n" : "#f\r\n")
  }

  /** A type byte, an integer and CRLF. */
  private header(type: number, n: number): void {
    this.reserve(headerBytes)
    const buf = this.buf
    let pos = this.pos
    buf[pos++] = type
    if (n >= 0 && n < 10) buf[pos++] = 48 + n
    else pos = writeInt(buf, pos, n)
    buf[pos] = CR
    buf[pos + 1] = LF
    this.pos = pos + 2
  }

  /** A bulk string copied from `src[off .. off + len]`. */
  bulk(src: Uint8Array, off: number, len: number): void {
    this.reserve(len + headerBytes + 2)
    const buf = this.buf
    let pos = this.pos
    buf[pos++] = 36
    if (len < 10) {
      buf[pos++] = 48 + len
    } else if (len < 100) {
      const tens = (len / 10) | 0
      buf[pos] = 48 + tens
      buf[pos + 1] = 48 + len - tens * 10
      pos += 2
    } else {
      pos = writeInt(buf, pos, len)
    }
    buf[pos] = CR
    buf[pos + 1] = LF
    pos += 2
    if (len <= loopCopyMax) {
      for (let i = 0; i < len; i++) buf[pos + i] = src[off + i]
    } else {
      buf.set(off === 0 && len === src.length ? src : src.subarray(off, off + len), pos)
    }
    pos += len
    buf[pos] = CR
    buf[pos + 1] = LF
    this.pos = pos + 2
  }

  /** A bulk string of UTF-8 text. */
  bulkText(s: string): void {
    const len = Buffer.byteLength(s)
    this.reserve(len + headerBytes + 2)
    this.header(36, len)
    this.utf8(s, len)
    this.crlf()
  }

  /** A bulk string of characters as they are, one byte each (latin1). */
  bulkLatin1(s: string): void {
    const { length } = s
    this.reserve(length + headerBytes + 2)
    this.header(36, length)
    this.rawText(s)
    this.crlf()
  }

  private utf8(s: string, len: number): void {
    if (len === s.length && len <= loopCopyMax) {
      const buf = this.buf
      const pos = this.pos
      for (let i = 0; i < len; i++) buf[pos + i] = s.charCodeAt(i)
    } else {
      this.buf.write(s, this.pos, len)
    }
    this.pos += len
  }

  private crlf(): void {
    this.reserve(2)
    this.buf[this.pos] = CR
    this.buf[this.pos + 1] = LF
    this.pos += 2
  }

  /** A safe integer as a bulk string. */
  bulkInt(n: number): void {
    this.reserve(headerBytes * 2)
    const buf = this.buf
    // The length takes one digit or two: write the digits behind a one-digit header, move them in the rare other case.
    const start = this.pos + 4
    let end = writeInt(buf, start, n)
    const len = end - start
    let pos = this.pos
    buf[pos++] = 36
    if (len >= 10) {
      buf.copyWithin(start + 1, start, end)
      end++
      buf[pos++] = 49
    }
    buf[pos] = 48 + (len % 10)
    buf[pos + 1] = CR
    buf[pos + 2] = LF
    buf[end] = CR
    buf[end + 1] = LF
    this.pos = end + 2
  }

  /** `+s`; latin1. */
  simple(s: string): void {
    this.rawText("+" + s + "\r\n")
  }

  /** `-s`; the whole text with its code, latin1. CR and LF inside become spaces. */
  error(s: string): void {
    const text = this.countedError(s)
    this.owner.failed(text)
  }

  /** As `error`, for one whose owner was told when it arose; answers its text. */
  countedError(s: string): string {
    const text = lineBreak.test(s) ? s.replace(lineBreaks, " ") : s
    this.errorCount++
    this.lastError = text
    this.rawText("-" + text + "\r\n")
    return text
  }

  /** An array of so many replies, which follow. */
  array(n: number): void {
    this.header(42, n)
  }

  /** A map of `n` pairs: `%n`, in RESP2 an array of 2n. */
  map(n: number): void {
    if (this.resp === 2) this.header(42, n * 2)
    else this.header(37, n)
  }

  /** `~n`, in RESP2 an array. */
  set(n: number): void {
    this.header(this.resp === 2 ? 42 : 126, n)
  }

  /** `>n`, in RESP2 an array. */
  push(n: number): void {
    this.header(this.resp === 2 ? 42 : 62, n)
  }

  /** `|n`: `n` pairs about the reply that follows. Only RESP3 has attributes: do not call it in RESP2. */
  attribute(n: number): void {
    if (this.resp === 2) throw new Error("attributes do not exist in RESP2")
    this.header(124, n)
  }

  /** `,x`, in RESP2 a bulk string; digits as C's `%.17g`. */
  double(x: number): void {
    if (this.resp === 3) {
      this.rawText("," + formatDouble17(x) + "\r\n")
    } else if ((x | 0) === x && (x !== 0 || 1 / x > 0)) {
      this.bulkInt(x)
    } else {
      const text = formatDouble17(x)
      this.rawText("$" + text.length + "\r\n" + text + "\r\n")
    }
  }

  /** `(digits`, in RESP2 a bulk string. */
  bigNumber(digits: string): void {
    if (this.resp === 2) this.bulkText(digits)
    else this.rawText("(" + digits + "\r\n")
  }

  /** `=len`, a three-letter format, ":" and UTF-8 text; in RESP2 a bulk string of the text. */
  verbatim(format: string, text: string): void {
    if (this.resp === 2) {
      this.bulkText(text)
      return
    }
    const len = Buffer.byteLength(text)
    this.reserve(len + headerBytes + 6)
    this.header(61, len + 4)
    this.rawText(format)
    this.rawText(":")
    this.reserve(len)
    this.utf8(text, len)
    this.crlf()
  }

  /** Bytes as they are. */
  raw(src: Uint8Array, off: number, len: number): void {
    this.reserve(len)
    const buf = this.buf
    const pos = this.pos
    if (len <= loopCopyMax) {
      for (let i = 0; i < len; i++) buf[pos + i] = src[off + i]
    } else {
      buf.set(off === 0 && len === src.length ? src : src.subarray(off, off + len), pos)
    }
    this.pos = pos + len
  }

  /** Characters as they are, one byte each (latin1). */
  rawText(s: string): void {
    const len = s.length
    this.reserve(len)
    const pos = this.pos
    if (len <= loopCopyMax) {
      const buf = this.buf
      for (let i = 0; i < len; i++) buf[pos + i] = s.charCodeAt(i)
    } else {
      this.buf.write(s, pos, len, "latin1")
    }
    this.pos = pos + len
  }

  /** Opens an aggregate whose length is not known yet; `deferredEnd` with the returned mark closes it. They nest. */
  deferredStart(): number {
    const mark = this.pos
    this.emptyArray()
    return mark
  }

  /** Closes the aggregate opened at `mark`: `n` elements were written (pairs for a map). */
  deferredEnd(mark: number, kind: AggregateKind, n: number): void {
    const resp2 = this.resp === 2
    const type = resp2 ? 42 : kind === "array" ? 42 : kind === "map" ? 37 : kind === "set" ? 126 : 62
    const count = resp2 && kind === "map" ? n * 2 : n
    if (count >= 10) {
      // The room kept is that of a one-digit header: shift what was written by the digits missing.
      this.reserve(headerBytes)
      const extra = writeInt(this.buf, this.pos, count) - this.pos - 1
      this.buf.copyWithin(mark + 4 + extra, mark + 4, this.pos)
      this.pos += extra
    }
    const buf = this.buf
    buf[mark] = type
    const end = writeInt(buf, mark + 1, count)
    buf[end] = CR
    buf[end + 1] = LF
  }

  /** Forgets everything written from `pos` on. */
  truncate(pos: number): void {
    this.pos = pos
  }

  /** Forgets everything written; keeps the buffer. */
  reset(): void {
    this.pos = 0
  }

  /** Leaves the buffer to whoever still reads it and starts a new one at the next write. */
  abandon(): void {
    this.fresh = Math.min(maxFreshBuffer, Math.max(this.fresh, this.buf.length))
    this.pos = 0
    this.buf = empty
  }

  /** Hands over the bytes written since the last call and starts anew. The bytes are the caller's for good. */
  take(): Buffer {
    const len = this.pos
    this.pos = 0
    if (len === 0) return empty
    if (len <= copyOutMax && this.buf.length <= copyOutMax * 2) {
      const out = Buffer.allocUnsafe(len)
      out.set(len === this.buf.length ? this.buf : this.buf.subarray(0, len), 0)
      return out
    }
    const out = this.buf.subarray(0, len)
    // The next buffer is as large as this chunk of replies needed, within bounds: a huge reply is not paid for again.
    this.fresh = Math.min(
      maxFreshBuffer,
      Math.max(minBuffer, 1 << (32 - Math.clz32(Math.min(len, maxFreshBuffer) - 1))),
    )
    this.buf = empty
    return out
  }
}

const lineBreak = /[\r\n]/
const lineBreaks = /[\r\n]/g
