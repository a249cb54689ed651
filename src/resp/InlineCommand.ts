/**
 * Inline commands: a line of text split into arguments the way redis-cli reads its own prompt.
 *
 * Arguments are separated by white space. One that begins with a quote ends at the matching quote, which must be followed by
 * white space or the line's end. Inside "…" the escapes are \n \r \t \b \a \xHH, and a backslash makes any other character
 * itself; inside '…' only \' is one. A quote in the middle of a bare word opens a quoted part, too, and the word ends with it.
 *
 * The result is the command re-encoded as RESP, so that whatever reads a command reads one format.
 *
 * Example: `SET k "a\x41 b"` gives "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\naA b\r\n".
 */
import { digitCount, writeInt } from "../bytes/NumberFormat.js"

interface InlineCommand {
  /** The command as a RESP array of bulk strings; empty without arguments. */
  readonly bytes: Uint8Array
  /** Where each argument lies in `bytes`. */
  readonly offsets: ReadonlyArray<number>
  readonly lengths: ReadonlyArray<number>
}

const quote = 34
const apostrophe = 39
const backslash = 92

const isSpace = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13)
/** What ends a bare word: vertical tab and form feed do not. */
const endsWord = (byte: number): boolean => byte === 32 || byte === 9 || byte === 13 || byte === 10

const hexDigit = (byte: number): number => {
  if (byte >= 48 && byte <= 57) return byte - 48
  const lower = byte | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

/** The byte that `\c` stands for in double quotes. */
const escaped = (byte: number): number => {
  switch (byte) {
    case 110:
      return 10
    case 114:
      return 13
    case 116:
      return 9
    case 98:
      return 8
    case 97:
      return 7
    default:
      return byte
  }
}

/** Decodes words one after another into `out`; `pos` and `size` move along. */
class Words {
  readonly out: Uint8Array
  readonly lengths: Array<number> = []
  size = 0
  constructor(
    readonly src: Uint8Array,
    public pos: number,
    readonly end: number,
  ) {
    this.out = new Uint8Array(end - pos)
  }

  /** False for unbalanced quotes. */
  readAll(): boolean {
    for (;;) {
      while (this.pos < this.end && isSpace(this.src[this.pos])) this.pos++
      if (this.pos >= this.end) return true
      const from = this.size
      if (!this.word()) return false
      this.lengths.push(this.size - from)
    }
  }

  private word(): boolean {
    while (this.pos < this.end) {
      const byte = this.src[this.pos]
      if (endsWord(byte)) return true
      this.pos++
      if (byte === quote || byte === apostrophe) {
        const closed = byte === quote ? this.doubleQuoted() : this.singleQuoted()
        return closed && (this.pos >= this.end || isSpace(this.src[this.pos]))
      }
      this.out[this.size++] = byte
    }
    return true
  }

  private doubleQuoted(): boolean {
    const { src, end, out } = this
    while (this.pos < end) {
      const byte = src[this.pos++]
      if (byte === quote) return true
      if (byte !== backslash || this.pos >= end) {
        out[this.size++] = byte
        continue
      }
      const next = src[this.pos++]
      if (next === 120 && this.pos + 1 < end) {
        const high = hexDigit(src[this.pos])
        const low = hexDigit(src[this.pos + 1])
        if (high >= 0 && low >= 0) {
          out[this.size++] = high * 16 + low
          this.pos += 2
          continue
        }
      }
      out[this.size++] = escaped(next)
    }
    return false
  }

  private singleQuoted(): boolean {
    const { src, end, out } = this
    while (this.pos < end) {
      const byte = src[this.pos++]
      if (byte === apostrophe) return true
      if (byte === backslash && this.pos < end && src[this.pos] === apostrophe) {
        this.pos++
        out[this.size++] = apostrophe
      } else {
        out[this.size++] = byte
      }
    }
    return false
  }
}

/** Reads the line `src[from .. to]`, without its LF (a CR before it counts as white space). `null`: unbalanced quotes. */
export const decodeInline = (src: Uint8Array, from: number, to: number): InlineCommand | null => {
  const words = new Words(src, from, to)
  if (!words.readAll()) return null
  const argc = words.lengths.length
  if (argc === 0) return { bytes: words.out, offsets: [], lengths: [] }
  let total = 3 + digitCount(argc)
  for (const len of words.lengths) total += 5 + digitCount(len) + len
  const bytes = Buffer.allocUnsafeSlow(total)
  const offsets: Array<number> = []
  let pos = lengthLine(bytes, 0, 42, argc)
  let at = 0
  for (const len of words.lengths) {
    pos = lengthLine(bytes, pos, 36, len)
    offsets.push(pos)
    bytes.set(words.out.subarray(at, at + len), pos)
    at += len
    pos += len
    bytes[pos++] = 13
    bytes[pos++] = 10
  }
  return { bytes, offsets, lengths: words.lengths }
}

const lengthLine = (bytes: Uint8Array, pos: number, type: number, n: number): number => {
  bytes[pos++] = type
  pos = writeInt(bytes, pos, n)
  bytes[pos++] = 13
  bytes[pos++] = 10
  return pos
}
