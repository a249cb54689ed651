/** Runs a RequestParser over chunks and copies out what it finds. */
import { ParseStatus, RequestParser, type RequestLimits } from "../../src/resp/RequestParser.js"
import type { Random } from "../support/Random.js"

export interface Parsed {
  readonly commands: Array<ReadonlyArray<string>>
  /** The RESP bytes of each command. */
  readonly raw: Array<string>
  readonly inline: Array<boolean>
  error: string
  pending: number
  consumed: number
}

export const defaultLimits: RequestLimits = { maxBulkLength: 512 * 1024 * 1024, authenticated: true }

export const latin1 = (text: string): Buffer => Buffer.from(text, "latin1")

const drain = (parser: RequestParser, into: Parsed): void => {
  for (;;) {
    const status = parser.next()
    if (status === ParseStatus.NeedMore) break
    if (status === ParseStatus.ProtocolError) {
      into.error = parser.error
      break
    }
    const args: Array<string> = []
    for (let i = 0; i < parser.argc; i++) {
      const from = parser.argOff[i]
      args.push(Buffer.from(parser.buf.subarray(from, from + parser.argLen[i])).toString("latin1"))
    }
    into.commands.push(args)
    into.raw.push(Buffer.from(parser.buf.subarray(parser.rawStart, parser.rawEnd)).toString("latin1"))
    into.inline.push(parser.inline)
  }
  into.pending = parser.pending
  into.consumed = parser.consumed
}

/** `drainAfter(i)` says whether commands are asked for after chunk `i`; they always are after the last. */
export const parseChunks = (
  chunks: ReadonlyArray<Uint8Array>,
  limits: RequestLimits = defaultLimits,
  drainAfter: (index: number) => boolean = () => true,
): Parsed => {
  const parser = new RequestParser(limits)
  const parsed: Parsed = { commands: [], raw: [], inline: [], error: "", pending: 0, consumed: 0 }
  chunks.forEach((chunk, index) => {
    // A socket may reuse its chunk once the parser has been asked for all commands: overwrite it then.
    const own = Buffer.from(chunk)
    parser.feed(own)
    if (index === chunks.length - 1 || drainAfter(index)) {
      drain(parser, parsed)
      own.fill(0x2a)
    }
  })
  return parsed
}

export const wholeChunk = (bytes: Buffer): ReadonlyArray<Buffer> => [bytes]

export const byteByByte = (bytes: Buffer): ReadonlyArray<Buffer> =>
  Array.from({ length: bytes.length }, (_, i) => bytes.subarray(i, i + 1))

export const randomSplits = (bytes: Buffer, random: Random): ReadonlyArray<Buffer> => {
  const chunks: Array<Buffer> = []
  const most = 1 + random.below(random.below(2) === 0 ? 12 : Math.max(12, bytes.length))
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + 1 + random.below(most))
    chunks.push(bytes.subarray(at, end))
    at = end
  }
  return chunks
}
