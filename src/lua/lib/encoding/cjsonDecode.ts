/**
 * `cjson.decode`: JSON text to Lua values, as lenient as lua-cjson: numbers are what strtod takes, strings hold any
 * bytes, and a NUL byte outside of a string is the end.
 *
 * The text is parsed in place; tokens as such exist only in errors, which name the one that was found:
 *
 *     Expected comma or array end but found T_NUMBER at character 4
 *
 * Positions count from 1 and are those of the token, of the escape that is wrong, or of the end.
 */
import { nodeCount } from "../../run/Layout.js"
import { rootShape, type Shape } from "../../run/Shapes.js"
import type { LuaState } from "../../run/State.js"
import { LuaTable, type LuaValue, type TableKey, type Userdata } from "../../run/Value.js"
import { type CjsonSettings, NESTING_MAX } from "./cjsonSettings.js"
import { strtod, strtodValue } from "../numberParse.js"

const QUOTE = 34
const PLUS = 43
const COMMA = 44
const MINUS = 45
const DOT = 46
const ZERO = 48
const NINE = 57
const COLON = 58
const ARRAY_BEGIN = 91
const BACKSLASH = 92
const ARRAY_END = 93
const OBJECT_BEGIN = 123
const OBJECT_END = 125

const isSpace = (c: number): boolean => c === 32 || c === 10 || c === 13 || c === 9
const isDigit = (c: number): boolean => c >= ZERO && c <= NINE

const tokenNames: Readonly<Record<number, string>> = {
  [OBJECT_BEGIN]: "T_OBJ_BEGIN",
  [OBJECT_END]: "T_OBJ_END",
  [ARRAY_BEGIN]: "T_ARR_BEGIN",
  [ARRAY_END]: "T_ARR_END",
  [COLON]: "T_COLON",
  [COMMA]: "T_COMMA",
}

const escapedCharacters: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  t: "\t",
  n: "\n",
  f: "\f",
  r: "\r",
}

const powersOfTen: ReadonlyArray<number> = Array.from({ length: 16 }, (_, i) => Number(`1e${i}`))

/** About what a table takes in memory, its map, and a value in it. */
const TABLE_BYTES = 200
const MAP_BYTES = 300
const MEMBER_BYTES = 64

const HEX4 = /^[0-9a-fA-F]{4}$/

const utf8 = (code: number): string => {
  if (code < 0x80) return String.fromCharCode(code)
  if (code < 0x800) return String.fromCharCode(0xc0 | (code >> 6), 0x80 | (code & 63))
  if (code < 0x10000) {
    return String.fromCharCode(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63))
  }
  return String.fromCharCode(
    0xf0 | (code >> 18),
    0x80 | ((code >> 12) & 63),
    0x80 | ((code >> 6) & 63),
    0x80 | (code & 63),
  )
}

/** A token that cannot be read: what is wrong with it and where. */
class BadToken {
  constructor(
    readonly what: string,
    readonly at: number,
  ) {}
}

export class CjsonDecoder {
  private text = ""
  private at = 0
  private depth = 0
  /** The first backslash at or behind `at`, found when a string asked for it; the length when there is none. */
  private backslash = -1

  constructor(
    private readonly state: LuaState,
    private readonly settings: CjsonSettings,
    private readonly nothing: Userdata,
  ) {}

  decode(text: string): LuaValue {
    if (text.length >= 2 && (text.charCodeAt(0) === 0 || text.charCodeAt(1) === 0)) {
      throw this.state.raise("JSON parser does not support UTF-16 or UTF-32")
    }
    const nul = text.indexOf("\0")
    this.text = nul < 0 ? text : text.slice(0, nul)
    this.at = 0
    this.depth = 0
    this.backslash = -1
    this.state.charge(text.length >> 3)
    try {
      const value = this.value()
      if (this.space() < this.text.length) throw this.unexpected("the end")
      return value
    } catch (error) {
      if (error instanceof BadToken) throw this.refusal("value", error.what, error.at)
      throw error
    } finally {
      this.text = ""
    }
  }

  private refusal(expected: string, found: string, at: number) {
    return this.state.raise(`Expected ${expected} but found ${found} at character ${at + 1}`)
  }

  /** The error for the token that stands here, where `expected` should. */
  private unexpected(expected: string) {
    const at = this.space()
    try {
      return this.refusal(expected, this.tokenName(), at)
    } catch (error) {
      if (error instanceof BadToken) return this.refusal(expected, error.what, error.at)
      throw error
    }
  }

  private tokenName(): string {
    const { text, at } = this
    if (at >= text.length) return "T_END"
    const c = text.charCodeAt(at)
    const mark = tokenNames[c]
    if (mark !== undefined) return mark
    if (c === QUOTE) {
      this.string()
      return "T_STRING"
    }
    if (c === MINUS || isDigit(c)) {
      this.number()
      return "T_NUMBER"
    }
    if (text.startsWith("true", at) || text.startsWith("false", at)) return "T_BOOLEAN"
    if (text.startsWith("null", at)) return "T_NULL"
    if (this.settings.decodeInvalid && this.isInvalidNumber(at)) {
      this.number()
      return "T_NUMBER"
    }
    return "invalid token"
  }

  /** Skips white space; the position behind it. */
  private space(): number {
    const { text } = this
    let at = this.at
    while (isSpace(text.charCodeAt(at))) at++
    this.at = at
    return at
  }

  private value(): LuaValue {
    const { text } = this
    const at = this.space()
    const c = text.charCodeAt(at)
    if (c === QUOTE) return this.string()
    if (isDigit(c) || c === MINUS) return this.number()
    if (c === OBJECT_BEGIN) return this.object()
    if (c === ARRAY_BEGIN) return this.array()
    if (text.startsWith("true", at)) {
      this.at = at + 4
      return true
    }
    if (text.startsWith("false", at)) {
      this.at = at + 5
      return false
    }
    if (text.startsWith("null", at)) {
      this.at = at + 4
      return this.nothing
    }
    if (this.settings.decodeInvalid && this.isInvalidNumber(at)) return this.number()
    throw this.unexpected("value")
  }

  private descend(): void {
    this.at++
    if (++this.depth > this.settings.decodeMaxDepth || this.depth > NESTING_MAX) {
      throw this.state.raise(`Found too many nested data structures (${this.depth}) at character ${this.at}`)
    }
  }

  private array(): LuaTable {
    this.descend()
    const values: LuaValue[] = []
    this.state.take(TABLE_BYTES)
    if (this.text.charCodeAt(this.space()) === ARRAY_END) {
      this.at++
      this.depth--
      return new LuaTable()
    }
    for (;;) {
      values.push(this.value())
      if ((values.length & 63) === 0) this.state.take(64 * MEMBER_BYTES)
      const c = this.text.charCodeAt(this.space())
      if (c === COMMA) this.at++
      else if (c === ARRAY_END) break
      else throw this.unexpected("comma or array end")
    }
    this.at++
    this.depth--
    return new LuaTable(nodeCount(values.length), 0, values)
  }

  private object(): LuaTable {
    this.descend()
    const { text } = this
    if (text.charCodeAt(this.space()) === OBJECT_END) {
      this.at++
      this.depth--
      return new LuaTable()
    }
    const members = new Map<TableKey, LuaValue>()
    this.state.take(TABLE_BYTES + MAP_BYTES)
    let shape = rootShape(0)
    for (;;) {
      if (text.charCodeAt(this.space()) !== QUOTE) throw this.unexpected("object key string")
      shape = this.key(shape)
      if (text.charCodeAt(this.space()) !== COLON) throw this.unexpected("colon")
      this.at++
      members.set(shape.key, this.value())
      if ((members.size & 63) === 0) this.state.take(64 * MEMBER_BYTES)
      const c = text.charCodeAt(this.space())
      if (c === COMMA) this.at++
      else if (c === OBJECT_END) break
      else throw this.unexpected("comma or object end")
    }
    this.at++
    this.depth--
    return LuaTable.ofTexts(members)
  }

  /** Reads a key: most often the one that came behind these the last time, which is then not made anew. */
  private key(before: Shape): Shape {
    const { text } = this
    const { last } = before
    if (last !== undefined && typeof last.key === "string") {
      const end = this.at + 1 + last.key.length
      if (text.charCodeAt(end) === QUOTE && text.startsWith(last.key, this.at + 1) && last.quotable) {
        this.at = end + 1
        return last
      }
    }
    return before.with(this.newKey())
  }

  private newKey(): string {
    try {
      return this.string()
    } catch (error) {
      if (error instanceof BadToken) throw this.refusal("object key string", error.what, error.at)
      throw error
    }
  }

  private string(): string {
    const { text } = this
    const start = this.at + 1
    const end = text.indexOf('"', start)
    if (this.backslash < start) {
      const found = text.indexOf("\\", start)
      this.backslash = found < 0 ? text.length : found
    }
    if (end >= 0 && end < this.backslash) {
      this.at = end + 1
      return text.substring(start, end)
    }
    return this.escapedString(start)
  }

  private escapedString(start: number): string {
    const { text } = this
    let out = ""
    let from = start
    for (let at = start; at < text.length; at++) {
      const c = text.charCodeAt(at)
      if (c === QUOTE) {
        this.at = at + 1
        return out + text.substring(from, at)
      }
      if (c !== BACKSLASH) continue
      out += text.substring(from, at)
      const letter = text[at + 1] ?? ""
      const plain = escapedCharacters[letter]
      if (plain !== undefined) {
        out += plain
        at++
      } else if (letter === "u") {
        const code = this.unicodeEscape(at)
        out += utf8(code)
        at += code > 0xffff ? 11 : 5
      } else throw new BadToken("invalid escape code", at)
      from = at + 1
    }
    throw new BadToken("unexpected end of string", text.length)
  }

  private hex4(at: number): number {
    const digits = this.text.substr(at, 4)
    return HEX4.test(digits) ? parseInt(digits, 16) : -1
  }

  /** The code point of the escape, or pair of escapes, at `at`. */
  private unicodeEscape(at: number): number {
    const code = this.hex4(at + 2)
    if (code >= 0 && (code & 0xf800) !== 0xd800) return code
    const low = code >= 0 && code < 0xdc00 && this.text.startsWith("\\u", at + 6) ? this.hex4(at + 8) : -1
    if (low < 0 || (low & 0xfc00) !== 0xdc00) throw new BadToken("invalid unicode escape code", at)
    return 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff)
  }

  private number(): number {
    const { text, at: start } = this
    let at = start
    const negative = text.charCodeAt(at) === MINUS
    if (negative) at++
    const first = at
    let value = 0
    let c = text.charCodeAt(at)
    while (isDigit(c)) {
      value = value * 10 + (c - ZERO)
      c = text.charCodeAt(++at)
    }
    let digits = at - first
    if (digits === 0 || (digits > 1 && text.charCodeAt(first) === ZERO)) return this.oddNumber(start)
    if (c === DOT) {
      const point = at
      c = text.charCodeAt(++at)
      while (isDigit(c)) {
        value = value * 10 + (c - ZERO)
        c = text.charCodeAt(++at)
      }
      digits += at - point - 1
      if (digits <= 15) value /= powersOfTen[at - point - 1]
    }
    const letter = c | 32
    if (digits > 15 || letter === 101 || letter === 120) return this.oddNumber(start)
    this.at = at
    return negative ? -value : value
  }

  /** Whatever strtod takes, so far as the settings allow it. */
  private oddNumber(start: number): number {
    if (!this.settings.decodeInvalid && this.isInvalidNumber(start))
      throw new BadToken("invalid number", start)
    const end = strtod(this.text, start)
    if (end < 0) throw new BadToken("invalid number", start)
    this.at = end
    return strtodValue
  }

  /** Whether a number at `at` would be one that JSON does not know. */
  private isInvalidNumber(at: number): boolean {
    const { text } = this
    if (text.charCodeAt(at) === PLUS) return true
    const from = text.charCodeAt(at) === MINUS ? at + 1 : at
    if (text.charCodeAt(from) === ZERO) {
      const next = text.charCodeAt(from + 1)
      return (next | 32) === 120 || isDigit(next)
    }
    const word = text.substr(from, 3).toLowerCase()
    return word === "inf" || word === "nan"
  }
}
