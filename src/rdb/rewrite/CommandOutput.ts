/**
 * Writes commands in RESP, one argument at a time, to where an RDB encoder writes.
 *
 * Example: begin(2, "DEL") and text("k") write *2 $3 DEL $1 k, each with its CR and LF.
 */
import { writeInt, maxIntBytes } from "../../bytes/NumberFormat.js"
import { formatId, ID_FORMAT_BYTES, type StreamId } from "../../bytes/StreamId.js"
import type { RdbOutput } from "../encode/RdbOutput.js"

const ASTERISK = 0x2a
const DOLLAR = 0x24
const CR = 13
const LF = 10
const CRLF = Uint8Array.of(CR, LF)

/** Commands' names and other words that come again and again, as arguments. */
const words = new Map<string, Uint8Array>()

const wordOf = (text: string): Uint8Array => {
  let word = words.get(text)
  if (word === undefined) words.set(text, (word = Buffer.from(`$${text.length}\r\n${text}\r\n`, "latin1")))
  return word
}

export class CommandOutput {
  private readonly line = new Uint8Array(maxIntBytes + 3)
  private readonly id = new Uint8Array(ID_FORMAT_BYTES)

  constructor(private readonly out: RdbOutput) {}

  /** Begins a command of `args` arguments, the first of which is its name. */
  begin(args: number, name: string): void {
    this.lengthLine(ASTERISK, args)
    this.word(name)
  }

  private lengthLine(type: number, n: number): void {
    const { line } = this
    line[0] = type
    const end = writeInt(line, 1, n)
    line[end] = CR
    line[end + 1] = LF
    this.out.raw(line, 0, end + 2)
  }

  bulk(src: Uint8Array, off: number, len: number): void {
    this.lengthLine(DOLLAR, len)
    this.out.raw(src, off, len)
    this.out.raw(CRLF, 0, 2)
  }

  /** A word of a command's syntax. */
  word(text: string): void {
    const bytes = wordOf(text)
    this.out.raw(bytes, 0, bytes.length)
  }

  /** Any ASCII text. */
  text(text: string): void {
    this.lengthLine(DOLLAR, text.length)
    this.out.ascii(text)
    this.out.raw(CRLF, 0, 2)
  }

  streamId(id: StreamId): void {
    this.bulk(this.id, 0, formatId(this.id, 0, id))
  }
}
