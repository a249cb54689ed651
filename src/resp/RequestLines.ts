/** What is found in requests; their lines: those that announce a length, and others that may stand between commands. */

/** What `RequestParser.next` found. */
export const ParseStatus = {
  /** The bytes so far hold no further command. */
  NeedMore: 0,
  /** A command was found. */
  Command: 1,
  /** The client broke the protocol. */
  ProtocolError: 2,
  /** A `LineReader` wanted it to stop. */
  Stopped: 3,
} as const
export type ParseStatus = (typeof ParseStatus)[keyof typeof ParseStatus]

/** Reads lines that stand between commands. */
export interface LineReader {
  /** What to do with `buf[from, to)`, the LF included: whether to go on after it, or to stop there. */
  line(buf: Uint8Array, from: number, to: number): boolean
  /** Whether a line may begin with this byte. */
  begins(byte: number): boolean
}

/** What `strictInteger` answers for anything else. */
export const lineBad = Infinity

/** A decimal 64-bit integer as Redis reads lengths: no leading zeros, no "+", no "-0". Infinity for anything else. */
export const strictInteger = (buf: Uint8Array, from: number, to: number): number => {
  const negative = from < to && buf[from] === 45
  const first = negative ? from + 1 : from
  const digits = to - first
  if (digits < 1 || digits > 19) return lineBad
  if (buf[first] === 48) return digits === 1 && !negative ? 0 : lineBad
  let n = 0
  for (let i = first; i < to; i++) {
    const digit = buf[i] - 48
    if (digit < 0 || digit > 9) return lineBad
    n = n * 10 + digit
  }
  // Positive values this large are refused by every limit; negative ones are only "less than zero" up to -2^63.
  if (
    digits === 19 &&
    negative &&
    BigInt(Buffer.from(buf.subarray(first, to)).toString("latin1")) > 1n << 63n
  )
    return lineBad
  return negative ? -n : n
}

/** A byte in an error text: line ends become spaces there. */
export const printable = (byte: number): string =>
  byte === 13 || byte === 10 ? " " : String.fromCharCode(byte)
