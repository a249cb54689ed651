/**
 * Whole replies as JavaScript values (Values.ts), straight out of the writer's buffer.
 *
 * Only for what this server has written itself: nothing is checked. Bytes are copied, since the buffer is used again.
 *
 * Example: ":7\r\n" at `pos` is 7, and `pos` is then 4 further.
 */
import { replyFailure } from "./Failures.js"
import type { Value } from "./Values.js"

const CR = 13
const PUSH = 62

/** Integers of up to so many digits are safe. */
const SAFE_DIGITS = 15

const special: Readonly<Record<string, number>> = { inf: Infinity, "-inf": -Infinity, nan: NaN, "-nan": NaN }

export abstract class ReplyDecoder<T> {
  pos = 0
  /** Whose reply it is, for its error. */
  command = ""

  /** The string between `start` and `end`. */
  protected abstract string(buf: Buffer, start: number, end: number): T

  /** Whether what begins at `pos` is no reply but a message. */
  isPush(buf: Buffer): boolean {
    return buf[this.pos] === PUSH
  }

  /** The value that these bytes are. */
  whole(bytes: Uint8Array): Value<T> {
    this.pos = 0
    return this.value(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
  }

  /** The value at `pos`. */
  value(buf: Buffer): Value<T> {
    switch (buf[this.pos++]) {
      case 36: // $
        return this.bulk(buf)
      case 43: // +
        return this.status(buf)
      case 58: // :
        return this.integer(buf)
      case 45: // -
        return replyFailure(this.command, this.line(buf))
      case 42: // *
      case 126: // ~
      case 62: // >
        return this.array(buf)
      case 37: // %
        return this.map(buf)
      case 95: // _
        this.pos += 2
        return null
      case 44: // ,
        return this.double(buf)
      case 35: // #
        this.pos += 3
        return buf[this.pos - 3] === 116
      case 61: // =
        return this.verbatim(buf)
      case 40: // (
        return BigInt(this.line(buf))
      case 124: // |
        this.map(buf)
        return this.value(buf)
      default:
        throw new Error(`no reply begins with byte ${buf[this.pos - 1]}`)
    }
  }

  private line(buf: Buffer): string {
    const start = this.pos
    let end = start
    while (buf[end] !== CR) end++
    this.pos = end + 2
    return buf.toString("latin1", start, end)
  }

  private status(buf: Buffer): string {
    const { pos } = this
    if (buf[pos] === 79 && buf[pos + 1] === 75 && buf[pos + 2] === CR) {
      this.pos = pos + 4
      return "OK"
    }
    return this.line(buf)
  }

  /** A length or a small integer: -1 is null's. */
  private length(buf: Buffer): number {
    let { pos } = this
    if (buf[pos] === 45) {
      this.pos = pos + 4
      return -1
    }
    let n = 0
    for (let b = buf[pos]; b !== CR; b = buf[++pos]) n = n * 10 + (b - 48)
    this.pos = pos + 2
    return n
  }

  private integer(buf: Buffer): number | bigint {
    let { pos } = this
    const negative = buf[pos] === 45
    if (negative) pos++
    const start = pos
    let n = 0
    for (let b = buf[pos]; b !== CR; b = buf[++pos]) n = n * 10 + (b - 48)
    if (pos - start > SAFE_DIGITS) return this.long(buf)
    this.pos = pos + 2
    return negative && n !== 0 ? -n : n
  }

  private long(buf: Buffer): number | bigint {
    const text = this.line(buf)
    const n = Number(text)
    return Number.isSafeInteger(n) ? n : BigInt(text)
  }

  private double(buf: Buffer): number {
    const text = this.line(buf)
    return special[text] ?? Number(text)
  }

  private bulk(buf: Buffer): T | null {
    const length = this.length(buf)
    if (length < 0) return null
    const start = this.pos
    this.pos = start + length + 2
    return this.string(buf, start, start + length)
  }

  /** The text without its format. */
  private verbatim(buf: Buffer): T {
    const length = this.length(buf)
    const start = this.pos + 4
    const end = this.pos + length
    this.pos = end + 2
    return this.string(buf, start, end)
  }

  private array(buf: Buffer): ReadonlyArray<Value<T>> | null {
    const length = this.length(buf)
    if (length < 0) return null
    const items: Array<Value<T>> = []
    for (let i = 0; i < length; i++) items.push(this.value(buf))
    return items
  }

  private map(buf: Buffer): ReadonlyMap<Value<T>, Value<T>> {
    const length = this.length(buf)
    const entries = new Map<Value<T>, Value<T>>()
    for (let i = 0; i < length; i++) {
      const key = this.value(buf)
      entries.set(key, this.value(buf))
    }
    return entries
  }
}

class TextDecoder extends ReplyDecoder<string> {
  protected string(buf: Buffer, start: number, end: number): string {
    return buf.toString("utf8", start, end)
  }
}

class BytesDecoder extends ReplyDecoder<Uint8Array> {
  protected string(buf: Buffer, start: number, end: number): Uint8Array {
    // The copy is no Buffer, whatever the view is.
    return new Uint8Array(buf.subarray(start, end))
  }
}

/** Gives strings as text, which is UTF-8. Between two replies a decoder remembers nothing, so one is enough for all. */
export const asText: ReplyDecoder<string> = new TextDecoder()

/** Gives strings as bytes. */
export const asBytes: ReplyDecoder<Uint8Array> = new BytesDecoder()
