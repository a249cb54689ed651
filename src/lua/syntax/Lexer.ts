/**
 * Lua 5.1 source to tokens. The source is a string of bytes.
 *
 * A token's `type` is its own text (keywords, operators), or `<name>`, `<string>`, `<number>`, `<eof>`. `text` is what an
 * error prints as being near: for names, numbers and strings the characters read so far, a string's with its opening
 * quote and its escapes already converted.
 *
 * Errors have the texts, and the line, of Lua's own lexer. `lastLine` is the line of the last token consumed, from which
 * the parser takes the lines of most instructions.
 */
import { parseNumber } from "../lib/numberParse.js"

export class SyntaxFault {
  constructor(readonly text: string) {}
}

const KEYWORDS: ReadonlySet<string> = new Set(
  "and break do else elseif end false for function if in local nil not or repeat return then true until while".split(
    " ",
  ),
)

const NEWLINE = 0x0a
const RETURN = 0x0d
const BACKSLASH = 0x5c
const OPEN = 0x5b
const CLOSE = 0x5d
const EQUALS = 0x3d
const MINUS = 0x2d
const DOT = 0x2e
const UNDERSCORE = 0x5f

const isDigit = (c: number): boolean => c >= 0x30 && c <= 0x39
const isLetter = (c: number): boolean =>
  (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a) || c === UNDERSCORE
const isWord = (c: number): boolean => isLetter(c) || isDigit(c)
const isSpace = (c: number): boolean => c === 0x20 || (c >= 0x09 && c <= 0x0d)
const isNewline = (c: number): boolean => c === NEWLINE || c === RETURN
const isControl = (c: number): boolean => c < 0x20 || c === 0x7f

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
}

/** C's printf ends a text at its first NUL. */
const upToNul = (text: string): string => {
  const end = text.indexOf("\0")
  return end < 0 ? text : text.slice(0, end)
}

export class Lexer {
  type = "<eof>"
  text = ""
  /** The value of a number token. */
  number = 0
  /** The bytes of a string token. */
  string = ""
  line = 1
  lastLine = 1
  private at = 0
  private ahead: { type: string; text: string; number: number; string: string } | undefined

  constructor(
    private readonly source: string,
    private readonly chunk: string,
  ) {}

  next(): void {
    this.lastLine = this.line
    const ahead = this.ahead
    if (ahead === undefined) {
      this.read()
      return
    }
    this.type = ahead.type
    this.number = ahead.number
    this.string = ahead.string
    this.text = ahead.text
    this.ahead = undefined
  }

  /** The type of the token after this one. */
  peek(): string {
    const { type, text, number, string } = this
    this.read()
    const ahead = { type: this.type, text: this.text, number: this.number, string: this.string }
    this.ahead = ahead
    this.type = type
    this.text = text
    this.number = number
    this.string = string
    return ahead.type
  }

  /** An error with what stands near it: the token given, or the present one; none where `near` is null. */
  fault(message: string, near: string | null = this.near()): SyntaxFault {
    return new SyntaxFault(
      `${this.chunk}:${this.line}: ${message}${near === null ? "" : ` near '${upToNul(near)}'`}`,
    )
  }

  private near(): string {
    return this.type === "<name>" || this.type === "<string>" || this.type === "<number>"
      ? this.text
      : this.type
  }

  private code(offset = 0): number {
    const i = this.at + offset
    return i < this.source.length ? this.source.charCodeAt(i) : -1
  }

  /** "\r\n" and "\n\r" are one line end. */
  private newline(): void {
    const c = this.code()
    this.at++
    if (isNewline(this.code()) && this.code() !== c) this.at++
    this.line++
  }

  private read(): void {
    for (;;) {
      const c = this.code()
      if (c < 0) {
        this.type = "<eof>"
        return
      }
      if (isNewline(c)) this.newline()
      else if (isSpace(c)) this.at++
      else if (c === MINUS && this.code(1) === MINUS) this.comment()
      else {
        this.token(c)
        return
      }
    }
  }

  private comment(): void {
    this.at += 2
    if (this.code() === OPEN) {
      const level = this.longLevel(OPEN)
      if (level >= 0) {
        this.longText(level, "comment")
        return
      }
    }
    while (this.code() >= 0 && !isNewline(this.code())) this.at++
  }

  private token(c: number): void {
    if (isLetter(c)) {
      this.word()
      return
    }
    if (isDigit(c) || (c === DOT && isDigit(this.code(1)))) {
      this.numeral()
      return
    }
    const char = this.source[this.at]
    if (char === '"' || char === "'") this.quoted(c)
    else if (c === OPEN) this.bracket()
    else this.symbol(char, c)
  }

  private word(): void {
    const start = this.at
    while (isWord(this.code())) this.at++
    const text = this.source.slice(start, this.at)
    this.type = KEYWORDS.has(text) ? text : "<name>"
    this.text = text
  }

  private symbol(char: string, c: number): void {
    if (char === ".") {
      const length = this.code(1) !== DOT ? 1 : this.code(2) !== DOT ? 2 : 3
      this.type = "...".slice(0, length)
      this.at += length
      return
    }
    const paired = (char === "=" || char === "<" || char === ">" || char === "~") && this.code(1) === EQUALS
    this.at += paired ? 2 : 1
    this.type = paired ? `${char}=` : isControl(c) ? `char(${c})` : char
  }

  private bracket(): void {
    const level = this.longLevel(OPEN)
    if (level >= 0) {
      const start = this.at
      this.string = this.longText(level, "string")
      this.type = "<string>"
      this.text = this.source.slice(start, this.at)
    } else if (level === -1) {
      this.at++
      this.type = "["
    } else {
      throw this.fault("invalid long string delimiter", this.source.slice(this.at, this.at - level))
    }
  }

  /**
   * The level of the long bracket that starts here: the number of its equals signs. Else -1 where there are none, and -n-1
   * where n equals signs are not followed by a second bracket.
   */
  private longLevel(bracket: number): number {
    let i = 1
    while (this.code(i) === EQUALS) i++
    return this.code(i) === bracket ? i - 1 : -i
  }

  private longText(level: number, what: string): string {
    this.at += level + 2
    if (isNewline(this.code())) this.newline()
    let text = ""
    for (;;) {
      const c = this.code()
      if (c < 0) throw this.fault(`unfinished long ${what}`, "<eof>")
      if (isNewline(c)) {
        this.newline()
        text += "\n"
      } else if (c === CLOSE && this.longLevel(CLOSE) === level) {
        this.at += level + 2
        return text
      } else {
        text += this.source[this.at]
        this.at++
      }
    }
  }

  private numeral(): void {
    const start = this.at
    while (isDigit(this.code()) || this.code() === DOT) this.at++
    if ((this.code() | 0x20) === 0x65) {
      this.at++
      if (this.code() === 0x2b || this.code() === MINUS) this.at++
    }
    while (isWord(this.code())) this.at++
    const text = this.source.slice(start, this.at)
    const number = parseNumber(text)
    this.type = "<number>"
    this.text = text
    if (number === undefined) throw this.fault("malformed number", text)
    this.number = number
  }

  private quoted(quote: number): void {
    const open = this.source[this.at]
    this.at++
    let text = ""
    for (;;) {
      const c = this.code()
      if (c === quote) break
      if (c < 0) throw this.fault("unfinished string", "<eof>")
      if (isNewline(c)) throw this.fault("unfinished string", open + text)
      if (c === BACKSLASH) text += this.escape(open + text)
      else {
        text += this.source[this.at]
        this.at++
      }
    }
    this.at++
    this.type = "<string>"
    this.string = text
    this.text = open + text + open
  }

  private escape(soFar: string): string {
    this.at++
    const c = this.code()
    if (c < 0) return ""
    if (isNewline(c)) {
      this.newline()
      return "\n"
    }
    if (!isDigit(c)) {
      const char = this.source[this.at]
      this.at++
      return Object.hasOwn(ESCAPES, char) ? ESCAPES[char] : char
    }
    let value = 0
    for (let i = 0; i < 3 && isDigit(this.code()); i++) {
      value = value * 10 + this.code() - 0x30
      this.at++
    }
    if (value > 255) throw this.fault("escape sequence too large", soFar)
    return String.fromCharCode(value)
  }
}
