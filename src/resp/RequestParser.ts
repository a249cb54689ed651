/** What `RequestParser.next` found. */
export const ParseStatus = { NeedMore: 0, Command: 1, ProtocolError: 2 } as const
export type ParseStatus = (typeof ParseStatus)[keyof typeof ParseStatus]

/** Limits of a connection's requests. Read at each use, so the object may be shared and changed at any time. */
export interface RequestLimits {
  /** `proto-max-bulk-len`: largest argument in bytes. */
  readonly maxBulkLength: number
  /** False until the client may run commands: then at most 10 arguments of at most 16384 bytes are accepted. */
  readonly authenticated: boolean
}

const empty = new Uint8Array(0)

export class RequestParser {
  /** Holds the current command. Re-read after every `next`. */
  buf: Uint8Array = empty
  argc = 0
  /** Argument `i` is `buf[argOff[i] .. argOff[i] + argLen[i]]`. Re-read after every `next`: the arrays grow. */
  argOff = new Int32Array(16)
  argLen = new Int32Array(16)
  /** The command as RESP bytes in `buf` (an inline command is re-encoded, so these bytes can always be replicated). */
  rawStart = 0
  rawEnd = 0
  /** The client sent a line of text, not RESP. */
  inline = false
  /** After `ProtocolError`: the reply, without "-" and CRLF. */
  error = ""

  constructor(readonly limits: RequestLimits) {}

  /** Hands over a network chunk. Views of the current command are invalid afterwards. */
  feed(chunk: Uint8Array): void {
    this.buf = chunk
  }

  /** Finds the next command. Its views are valid until the next `feed` or `next`. */
  next(): ParseStatus {
    return ParseStatus.NeedMore
  }

  /** Bytes handed over and not yet consumed. */
  get pending(): number {
    return this.buf.length
  }

  /** Bytes of the stream consumed since construction: up to the end of the last command returned (a replica's offset). */
  get consumed(): number {
    return 0
  }
}
