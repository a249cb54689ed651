/**
 * Scans a file of commands strictly, as redis-check-aof does and in its words: every length and line end, MULTI and EXEC,
 * lines of the time, and the sums of groups (AofFormat.ts), which that tool does not know. Pure: bytes come from a source.
 */
import { latin1Text } from "../bytes/Latin1.js"
import { isGroupOf, opensGroup, readGroupLine, readTimestampLine } from "./AofFormat.js"

/** A file that can be read anywhere. */
export interface ByteSource {
  readonly size: number
  /** Bytes from `at` on, fewer than wanted only at the end. */
  read(at: number, bytes: number): Uint8Array
}

export interface ScanResult {
  /** What is wrong, in lines; none when all is well. */
  readonly errors: ReadonlyArray<string>
  /** All before this is whole. */
  readonly okUpTo: number
  /** Commands up to there. */
  readonly commands: number
  /** Lines of all files so far. */
  readonly line: number
  /** Where the first line of a time after `until` begins. */
  readonly laterAt: number | undefined
}

/** As long as redis-check-aof reads a line. */
const LINE_BYTES_MAX = 127
const PIECE_BYTES = 256 * 1024
const LF = 10
const HASH = 35
const ASTERISK = 42

/** Ends the scan, with what is wrong if redis-check-aof would say it. */
class ScanEnd {
  constructor(readonly reason: string | undefined) {}
}

export class AofScan {
  private at: number
  /** Where what was read last began. */
  private lastAt = 0
  private line: number
  private commands = 0
  private okUpTo: number
  private inMulti = false
  private piece: Uint8Array = new Uint8Array(0)
  private pieceAt = 0

  /** @param path of the file, and `name` in it, for what is said of it */
  constructor(
    private readonly source: ByteSource,
    private readonly path: string,
    private readonly name: string,
    from: number,
    line: number,
  ) {
    this.at = this.okUpTo = from
    this.line = line
  }

  /** @param until Unix seconds after which nothing is wanted */
  run(until: number | undefined): ScanResult {
    const errors: Array<string> = []
    let laterAt: number | undefined
    try {
      while (this.at < this.source.size) {
        const start = this.at
        const seconds = this.step()
        if (seconds !== undefined && until !== undefined && seconds > until) {
          laterAt = start
          break
        }
        if (!this.inMulti) this.okUpTo = this.at
      }
      if (laterAt === undefined) this.end(undefined)
    } catch (thrown) {
      if (!(thrown instanceof ScanEnd)) throw thrown
      const open = this.inMulti ? `${this.place()}Reached EOF before reading EXEC for MULTI` : undefined
      const reason = thrown.reason ?? open
      if (reason !== undefined) errors.push(reason)
    }
    const { okUpTo, commands, line } = this
    return { errors, okUpTo, commands, line, laterAt }
  }

  private place(): string {
    return `0x${this.lastAt.toString(16).padStart(16)}: `
  }

  private end(reason: string | undefined): never {
    throw new ScanEnd(reason)
  }

  private bytes(at: number, count: number): Uint8Array {
    const from = at - this.pieceAt
    if (from >= 0 && from + count <= this.piece.length) return this.piece.subarray(from, from + count)
    this.piece = this.source.read(at, Math.max(count, PIECE_BYTES))
    this.pieceAt = at
    return this.piece.subarray(0, count)
  }

  /** A line of text, its end included, cut where redis-check-aof cuts it. */
  private textLine(): Uint8Array {
    this.lastAt = this.at
    const bytes = this.bytes(this.at, LINE_BYTES_MAX)
    const lf = bytes.indexOf(LF)
    const text = lf < 0 ? bytes : bytes.subarray(0, lf + 1)
    this.at += text.length
    return text
  }

  /** A comment or a command; answers the seconds of a line of the time. */
  private step(): number | undefined {
    const [first] = this.bytes(this.at, 1)
    if (first === ASTERISK) {
      this.command()
      return undefined
    }
    if (first !== HASH) return this.end(`AOF ${this.name} format error`)
    const start = this.at
    const text = this.textLine()
    if (opensGroup(text, 0, text.length)) this.group(start, text)
    return readTimestampLine(text, 0, text.length)
  }

  /** Checks a group's sum; its commands are scanned next. */
  private group(start: number, text: Uint8Array): void {
    const head = readGroupLine(text, 0, text.length)
    if (head === undefined) return this.end(`${this.place()}The line that opens a group is garbled`)
    const body = this.at + head.length <= this.source.size ? this.bytes(this.at, head.length) : undefined
    if (body !== undefined && isGroupOf(head, body, 0)) return
    this.lastAt = start
    const what = body === undefined ? "is cut short" : "is not what was written"
    this.end(`${this.place()}A group of ${head.length} bytes ${what}`)
  }

  private command(): void {
    const count = this.integer("*")
    let only = ""
    for (let i = 0; i < count; i++) {
      const word = this.string()
      if (count === 1) only = latin1Text(word, 0, Math.min(word.length, 8)).toLowerCase()
    }
    this.commands++
    if (only === "multi") {
      if (this.inMulti) this.end(`${this.place()}Unexpected MULTI in AOF ${this.path}`)
      this.inMulti = true
    } else if (only === "exec") {
      if (!this.inMulti) this.end(`${this.place()}Unexpected EXEC in AOF ${this.path}`)
      this.inMulti = false
    }
  }

  private integer(prefix: string): number {
    const text = this.textLine()
    if (text.length === 0) return this.end(undefined)
    const [, type = "", digits = "", rest = ""] =
      /^([^]?)([ \t]*[+-]?\d*)([^]*)$/.exec(latin1Text(text, 0, text.length)) ?? []
    if (type !== prefix) return this.end(`${this.place()}Expected prefix '${prefix}', got: '${type}'`)
    this.newline(rest.charCodeAt(0), rest.charCodeAt(1))
    return Number(digits)
  }

  private newline(first: number, second: number): void {
    if (first === 13 && second === LF) {
      this.line++
      return
    }
    // What ends a text in memory is a zero.
    const hex = (byte: number): string => (Number.isNaN(byte) ? 0 : byte).toString(16).padStart(2, "0")
    this.end(`${this.place()}Expected \\r\\n, got: ${hex(first)}${hex(second)}`)
  }

  private string(): Uint8Array {
    const length = this.integer("$")
    if (length < 0)
      this.end(
        `${this.place()}Expected to read string of ${length} bytes, which is not in the suitable range`,
      )
    this.lastAt = this.at
    const wanted = length + 2
    const there = this.source.size - this.at
    if (there < wanted) this.end(`${this.place()}Expected to read ${wanted} bytes, got ${there} bytes`)
    const bytes = this.bytes(this.at, wanted)
    this.newline(bytes[length], bytes[length + 1])
    this.at += wanted
    return bytes.subarray(0, length)
  }
}
