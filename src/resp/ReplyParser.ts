/**
 * The client side of RESP: bytes of replies in, plain values (see Reply.ts) out, RESP2 and RESP3 alike.
 *
 * Incremental: `feed` takes chunks cut anywhere, `next` returns one whole reply or `undefined` when more bytes are needed. What
 * was understood of an incomplete reply is kept, so no byte of an aggregate is read twice. It is for apps (`redix/resp`),
 * for the servers of suites and for tests: it favours clear values over speed.
 *
 * Between replies, `line` and `takeBytes` read what is not RESP: a master's `$EOF:…` line, newlines sent as heartbeats, the
 * bytes of an RDB file.
 *
 * Limits: a line of 1 MiB; a bulk string of 2^32-1 bytes. Bulk strings are copied, so they outlive the chunk.
 *
 * Example: feed "*2\r\n:1\r\n$1\r\na\r\n", next() is [1, <Buffer 61>].
 */
import {
  type Reply,
  RespError,
  RespAttributed,
  RespBigNumber,
  RespDouble,
  RespMap,
  RespPush,
  RespSet,
  RespVerbatim,
} from "./Reply.js"

export * from "./Reply.js"

/** The peer sent bytes that are no RESP reply. The parser that threw it is dead. */
export class ReplyProtocolError extends Error {
  override readonly name = "ReplyProtocolError"
}

/** An aggregate whose elements are still arriving. `type` is its first byte. */
interface Open {
  readonly type: number
  readonly items: Array<Reply>
  remaining: number
}

const maxLine = 1 << 20
const maxBulk = 0xffffffff
const LF = 10
const CR = 13

/** Takes replies out of a stream of bytes, however it is cut. */
export class ReplyParser {
  private buf: Buffer = Buffer.alloc(0)
  private pos = 0
  private end = 0
  /** `buf` was allocated here, so bytes may be added behind `end`. */
  private own = false
  private readonly stack: Array<Open> = []
  /** Type byte and length of a bulk whose bytes are still arriving. */
  private bulkType = 0
  private bulkLen = -1
  private scanned = 0
  private failed: ReplyProtocolError | undefined

  /** Hands over a chunk. The parser may keep it until its bytes are consumed. */
  feed(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    if (this.pos === this.end) {
      this.buf = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
      this.own = false
      this.pos = 0
      this.end = chunk.length
      return
    }
    const have = this.end - this.pos
    if (!this.own || this.end + chunk.length > this.buf.length) {
      // Never in place: `takeBytes` has handed out views of the old buffer.
      const bigger = Buffer.allocUnsafeSlow((have + chunk.length) * 2)
      bigger.set(this.buf.subarray(this.pos, this.end), 0)
      this.buf = bigger
      this.own = true
      this.pos = 0
      this.end = have
    }
    this.buf.set(chunk, this.end)
    this.end += chunk.length
  }

  /** The next whole reply, or `undefined` when more bytes are needed. Throws `ReplyProtocolError`. */
  next(): Reply | undefined {
    if (this.failed !== undefined) throw this.failed
    for (;;) {
      const value = this.element()
      if (value === undefined) return undefined
      if (value === opened) continue
      const whole = this.attach(value)
      if (whole !== undefined) return whole
    }
  }

  /**
   * The next line without its end (`\n` or `\r\n`), as latin1. Only between replies; a heartbeat is an empty line.
   * `undefined` when more bytes are needed.
   */
  line(): string | undefined {
    if (this.failed !== undefined) throw this.failed
    const from = this.pos
    const at = this.buf.indexOf(LF, from + this.scanned)
    if (at < 0 || at >= this.end) {
      this.scanned = this.end - from
      if (this.scanned > maxLine) this.fail("line too long")
      return undefined
    }
    this.scanned = 0
    this.pos = at + 1
    return this.buf.toString("latin1", from, at > from && this.buf[at - 1] === CR ? at - 1 : at)
  }

  /** What is buffered, at most `max` bytes, as a view: for payloads that stream elsewhere. Only between replies. */
  takeBytes(max = Infinity): Buffer {
    const end = Math.min(this.end, this.pos + max)
    const out = this.buf.subarray(this.pos, end)
    this.pos = end
    this.scanned = 0
    return out
  }

  /** The first byte not yet consumed, or -1: tells a heartbeat's newline from a reply. */
  peek(): number {
    return this.pos < this.end ? this.buf[this.pos] : -1
  }

  /** Bytes handed over and not yet consumed. */
  get pending(): number {
    return this.end - this.pos
  }

  private fail(reason: string): never {
    this.failed = new ReplyProtocolError(reason)
    throw this.failed
  }

  /** One scalar, or `opened` after the header of an aggregate, or `undefined` for too few bytes. */
  private element(): Reply | undefined | typeof opened {
    if (this.bulkLen >= 0) return this.bulk()
    const text = this.line()
    if (text === undefined) return undefined
    const type = text.charCodeAt(0)
    switch (type) {
      case 43: // +
        return text.slice(1)
      case 45: // -
        return new RespError(text.slice(1))
      case 58: // :
        return this.integer(text)
      case 95: // _
        return null
      case 35: // #
        if (text !== "#t" && text !== "#f") this.fail(`bad boolean: ${text}`)
        return text === "#t"
      case 44: // ,
        return this.double(text.slice(1))
      case 40: // (
        if (!/^\([-+]?\d+$/.test(text)) this.fail(`bad big number: ${text}`)
        return new RespBigNumber(BigInt(text.slice(1)))
      case 36: // $
      case 33: // !
      case 61: // =
        return this.openBulk(type, this.length(text, maxBulk))
      case 42: // *
      case 37: // %
      case 126: // ~
      case 62: // >
      case 124: // |
        return this.openAggregate(type, this.length(text, maxBulk))
      default:
        return this.fail(`unexpected byte ${Number.isNaN(type) ? "(empty line)" : JSON.stringify(text[0])}`)
    }
  }

  private integer(text: string): number | bigint {
    if (!/^:[-+]?\d+$/.test(text)) this.fail(`bad integer: ${text}`)
    const n = Number(text.slice(1))
    return Number.isSafeInteger(n) ? n : BigInt(text.slice(1))
  }

  private double(text: string): RespDouble {
    const value =
      text === "inf"
        ? Infinity
        : text === "-inf"
          ? -Infinity
          : text === "nan"
            ? NaN
            : text === ""
              ? NaN
              : Number(text)
    if (Number.isNaN(value) && text !== "nan") this.fail(`bad double: ${text}`)
    return new RespDouble(value, text)
  }

  /** The length in a header line; -1 is RESP2's null. */
  private length(text: string, max: number): number {
    const n = /^.(-1|\d{1,10})$/.test(text) ? Number(text.slice(1)) : NaN
    if (!(n <= max)) this.fail(`bad length: ${text}`)
    return n
  }

  private openBulk(type: number, len: number): Reply | undefined {
    if (len < 0) return null
    this.bulkType = type
    this.bulkLen = len
    return this.bulk()
  }

  private bulk(): Reply | undefined {
    const len = this.bulkLen
    const from = this.pos
    if (this.end - from < len + 2) return undefined
    if (this.buf[from + len] !== CR || this.buf[from + len + 1] !== LF) this.fail("bulk string without CRLF")
    this.pos = from + len + 2
    this.bulkLen = -1
    const data = Buffer.from(this.buf.subarray(from, from + len))
    if (this.bulkType === 33) return new RespError(data.toString("latin1"))
    if (this.bulkType === 36) return data
    if (len < 4 || data[3] !== 58) this.fail("bad verbatim string")
    return new RespVerbatim(data.toString("latin1", 0, 3), data.subarray(4))
  }

  private openAggregate(type: number, n: number): Reply | typeof opened {
    if (n < 0) {
      if (type !== 42) this.fail("negative length")
      return null
    }
    const remaining = type === 37 || type === 124 ? n * 2 : n
    if (remaining === 0 && type !== 124) return aggregate(type, [])
    // An attribute is followed by the reply it is about.
    this.stack.push({ type, items: [], remaining: type === 124 ? remaining + 1 : remaining })
    return opened
  }

  /** Puts a value into the aggregates it completes; the outermost completed value, if that is a whole reply. */
  private attach(value: Reply): Reply | undefined {
    for (;;) {
      const open = this.stack[this.stack.length - 1]
      if (open === undefined) return value
      open.items.push(value)
      if (--open.remaining > 0) return undefined
      this.stack.pop()
      value = aggregate(open.type, open.items)
    }
  }
}

const opened = Symbol("opened")

const pairs = (items: ReadonlyArray<Reply>, end: number): RespMap => {
  const entries: Array<readonly [Reply, Reply]> = []
  for (let i = 0; i + 1 < end; i += 2) entries.push([items[i], items[i + 1]])
  return new RespMap(entries)
}

const aggregate = (type: number, items: ReadonlyArray<Reply>): Reply => {
  switch (type) {
    case 37:
      return pairs(items, items.length)
    case 126:
      return new RespSet(items)
    case 62:
      return new RespPush(items)
    case 124:
      return new RespAttributed(pairs(items, items.length - 1), items[items.length - 1])
    default:
      return items
  }
}
