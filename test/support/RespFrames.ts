/**
 * Finds where a RESP2 or RESP3 reply ends, reads it into a tree, and prints it for people. Written for tests only and
 * on its own, so that a fault in src/resp/ cannot hide itself.
 *
 * A reply is one frame: `+OK\r\n`, `$3\r\nabc\r\n`, `*2\r\n...`. An aggregate of n is followed by n more frames (2n for
 * a map `%`); an attribute `|n` by 2n frames and then by the reply it decorates. So the end of a reply is found by
 * counting frames still owed, without a stack: `*2 +a *1 +b` owes 1, 2, 1, 1, 0. Streamed RESP3 aggregates (`*?`) are
 * refused, for Redis sends none.
 */

const CR = 13
const LF = 10

const enum Kind {
  line,
  bulk,
  aggregate,
  pairs,
  attribute,
}

const kindOf = (type: number): Kind | undefined => {
  switch (String.fromCharCode(type)) {
    case "+":
    case "-":
    case ":":
    case "_":
    case ",":
    case "#":
    case "(":
      return Kind.line
    case "$":
    case "!":
    case "=":
      return Kind.bulk
    case "*":
    case "~":
    case ">":
      return Kind.aggregate
    case "%":
      return Kind.pairs
    case "|":
      return Kind.attribute
    default:
      return undefined
  }
}

export class RespFormatError extends Error {
  constructor(reason: string, bytes: Buffer) {
    super(`${reason} at ${escapeBytes(bytes, 80)}`)
  }
}

/** Index of the CR of the first CRLF at or after `from`; -1 when it has not arrived. */
const lineEnd = (bytes: Buffer, from: number, end: number): number => {
  for (let at = bytes.indexOf(CR, from); at !== -1 && at + 1 < end; at = bytes.indexOf(CR, at + 1)) {
    if (bytes[at + 1] === LF) return at
  }
  return -1
}

const lengthIn = (bytes: Buffer, from: number, to: number): number => {
  const text = bytes.toString("latin1", from, to)
  if (!/^(-1|\d{1,15})$/.test(text)) throw new RespFormatError("bad length", bytes.subarray(from - 1, to + 2))
  return Number(text)
}

/**
 * Finds the end of one reply in a buffer that grows. `scan` goes on where the last call stopped, so a large reply that
 * arrives in many pieces is read once.
 */
export class ReplyScanner {
  private at = 0
  private owed = 1

  /** Bytes of the reply that starts at 0, or -1 while `bytes` (of which `end` are valid) holds only part of it. */
  scan(bytes: Buffer, end: number): number {
    while (this.owed > 0) {
      if (this.at >= end) return -1
      const kind = kindOf(bytes[this.at] ?? 0)
      if (kind === undefined) throw new RespFormatError("no RESP type", bytes.subarray(this.at, end))
      const cr = lineEnd(bytes, this.at + 1, end)
      if (cr === -1) return -1
      let next = cr + 2
      let children = 0
      if (kind !== Kind.line) {
        const length = lengthIn(bytes, this.at + 1, cr)
        if (kind === Kind.bulk) {
          if (length >= 0) next += length + 2
          if (next > end) return -1
        } else if (length > 0) {
          children = kind === Kind.aggregate ? length : 2 * length
        }
      }
      this.at = next
      this.owed += children - (kind === Kind.attribute ? 0 : 1)
    }
    return this.at
  }

  reset(): void {
    this.at = 0
    this.owed = 1
  }
}

/** Splits a buffer that holds whole replies. */
export const splitReplies = (bytes: Buffer): Buffer[] => {
  const replies: Buffer[] = []
  let rest = bytes
  while (rest.length > 0) {
    const length = new ReplyScanner().scan(rest, rest.length)
    if (length === -1) throw new RespFormatError("cut off", rest)
    replies.push(rest.subarray(0, length))
    rest = rest.subarray(length)
  }
  return replies
}

/** A reply as a tree. Pairs of a map are two items after each other; `items` is undefined for scalars and nulls. */
export interface ReplyNode {
  /** The type byte: `+ - : $ * _ , # ( ! = ~ > %`. */
  readonly type: string
  /** The payload of a scalar; empty for aggregates. */
  readonly payload: Buffer
  /** True for `$-1`, `*-1` and `_`. */
  readonly isNull: boolean
  readonly items: ReadonlyArray<ReplyNode> | undefined
  /** The exact bytes of this node. */
  readonly raw: Buffer
}

export const parseReply = (raw: Buffer): ReplyNode => {
  let at = 0
  const read = (): ReplyNode => {
    const start = at
    const type = String.fromCharCode(raw[at] ?? 0)
    const kind = kindOf(raw[at] ?? 0)
    const cr = lineEnd(raw, at + 1, raw.length)
    if (kind === undefined || cr === -1) throw new RespFormatError("no reply", raw.subarray(at))
    const head = raw.subarray(at + 1, cr)
    at = cr + 2
    if (kind === Kind.line) {
      return { type, payload: head, isNull: type === "_", items: undefined, raw: raw.subarray(start, at) }
    }
    const length = lengthIn(raw, start + 1, cr)
    if (length < 0) {
      return { type, payload: Buffer.alloc(0), isNull: true, items: undefined, raw: raw.subarray(start, at) }
    }
    if (kind === Kind.bulk) {
      const payload = raw.subarray(at, at + length)
      at += length + 2
      return { type, payload, isNull: false, items: undefined, raw: raw.subarray(start, at) }
    }
    const items: ReplyNode[] = []
    const count = kind === Kind.aggregate ? length : 2 * length
    for (let i = 0; i < count; i++) items.push(read())
    if (kind === Kind.attribute) items.push(read())
    return { type, payload: Buffer.alloc(0), isNull: false, items, raw: raw.subarray(start, at) }
  }
  return read()
}

/** Bytes as a quoted string: printable ASCII as it is, the rest as \r, \n, \xNN. */
export const escapeBytes = (bytes: Uint8Array, bytesMax = 200): string => {
  let out = '"'
  const end = Math.min(bytes.length, bytesMax)
  for (let i = 0; i < end; i++) {
    const byte = bytes[i] ?? 0
    if (byte === CR) out += "\\r"
    else if (byte === LF) out += "\\n"
    else if (byte === 34 || byte === 92) out += `\\${String.fromCharCode(byte)}`
    else if (byte >= 32 && byte < 127) out += String.fromCharCode(byte)
    else out += `\\x${byte.toString(16).padStart(2, "0")}`
  }
  return bytes.length > end ? `${out}"... (${bytes.length} bytes)` : `${out}"`
}

const ITEMS_SHOWN_MAX = 50

/** A reply on one or more lines, with types shown: `*2`, then its items indented, `$"abc"`, `:1`, `-"ERR ..."`. */
export const formatReply = (raw: Buffer): string => {
  const print = (node: ReplyNode, indent: string): string => {
    if (node.isNull) return `${indent}${node.type} (null)`
    if (node.items === undefined) return `${indent}${node.type}${escapeBytes(node.payload)}`
    const lines = node.items.slice(0, ITEMS_SHOWN_MAX).map((item) => print(item, `${indent}  `))
    if (node.items.length > ITEMS_SHOWN_MAX)
      lines.push(`${indent}  ... ${node.items.length - ITEMS_SHOWN_MAX} more`)
    return [`${indent}${node.type}${node.items.length}`, ...lines].join("\n")
  }
  try {
    return print(parseReply(raw), "")
  } catch {
    return `not RESP: ${escapeBytes(raw)}`
  }
}
