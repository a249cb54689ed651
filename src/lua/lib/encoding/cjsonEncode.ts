/**
 * `cjson.encode`: a Lua value as JSON text.
 *
 * A table is an array when all its keys are whole numbers from 1 on (holes become null), else an object, its keys in the
 * order of `pairs`; the empty table is an object. The greatest index is kept in a C int, as there: an index beyond 2^31
 * makes the table an object.
 */
import { type LuaState, typeName } from "../../run/State.js"
import { LuaTable, type LuaValue, type TableKey, Userdata } from "../../run/Value.js"
import { type CjsonSettings, INVALID_REFUSED, INVALID_WRITTEN, NESTING_MAX } from "./cjsonSettings.js"
import { generalText, numberText } from "../numberText.js"
import { flat, PIECE_LENGTH, TEXT_LENGTH_MAX } from "../strings/stringBasics.js"

const INT_MIN = -2147483648
const INT_MAX = 2147483647

/** What each byte becomes inside a string, "" where it stands for itself. */
const escapes: ReadonlyArray<string> = Array.from({ length: 256 }, (_, code) => {
  const short: Readonly<Record<number, string>> = {
    8: "\\b",
    9: "\\t",
    10: "\\n",
    12: "\\f",
    13: "\\r",
    34: '\\"',
    47: "\\/",
    92: "\\\\",
  }
  if (short[code] !== undefined) return short[code]
  return code < 32 || code === 127 ? "\\u00" + code.toString(16).padStart(2, "0") : ""
})

const needsEscape = Uint8Array.from(escapes, (text) => (text === "" ? 0 : 1))

const NEEDS_ESCAPE = /["\\/\0-\x1f\x7f]/
const NEEDS_ESCAPE_ALL = /["\\/\0-\x1f\x7f]/g

/** Up to this length a loop beats the regular expression. */
const SHORT = 24

const isPlain = (text: string): boolean => {
  const length = text.length
  if (length > SHORT) return !NEEDS_ESCAPE.test(text)
  for (let i = 0; i < length; i++) if (needsEscape[text.charCodeAt(i)] === 1) return false
  return true
}

const quotedText = (text: string): string =>
  isPlain(text)
    ? '"' + text + '"'
    : '"' + text.replace(NEEDS_ESCAPE_ALL, (character) => escapes[character.charCodeAt(0)]) + '"'

/** The shortest element that a hole adds: `null,`. */
const HOLE_LENGTH = 5

export class CjsonEncoder {
  /** What was written: made flat, and since then. */
  private done = ""
  private out = ""

  constructor(
    private readonly state: LuaState,
    private readonly settings: CjsonSettings,
  ) {}

  encode(value: LuaValue): string {
    try {
      this.value(value, 0)
      this.flush()
      this.state.charge(this.done.length >> 3)
      return this.done
    } finally {
      this.done = ""
      this.out = ""
    }
  }

  private flush(): void {
    if (this.done.length + this.out.length > TEXT_LENGTH_MAX) throw this.state.bare("not enough memory")
    this.state.take(this.out.length * 2)
    this.done = this.done === "" ? this.out : this.done + flat(this.out)
    this.out = ""
  }

  private value(value: LuaValue, depth: number): void {
    if (this.out.length > PIECE_LENGTH) this.flush()
    if (typeof value === "string") this.out += quotedText(value)
    else if (typeof value === "number") this.out += this.number(value)
    else if (value instanceof LuaTable) this.table(value, depth + 1)
    else if (typeof value === "boolean") this.out += value ? "true" : "false"
    else if (value === undefined || value instanceof Userdata) this.out += "null"
    else throw this.refusal(value, "type not supported")
  }

  private refusal(value: LuaValue, reason: string) {
    return this.state.raise(`Cannot serialise ${typeName(value)}: ${reason}`)
  }

  private number(x: number): string {
    if (x - x !== 0) {
      const { encodeInvalid } = this.settings
      if (encodeInvalid === INVALID_REFUSED) throw this.refusal(x, "must not be NaN or Inf")
      if (encodeInvalid !== INVALID_WRITTEN) return "null"
      return x !== x ? "nan" : x > 0 ? "inf" : "-inf"
    }
    return this.settings.precision === 14 ? numberText(x) : generalText(x, this.settings.precision)
  }

  private table(table: LuaTable, depth: number): void {
    const { settings } = this
    if (depth > settings.encodeMaxDepth || depth > NESTING_MAX) {
      throw this.state.raise(`Cannot serialise, excessive nesting (${depth})`)
    }
    const length = this.arrayLength(table)
    if (length > 0) this.array(table, length, depth)
    else this.object(table, depth)
  }

  /** The length of the array that the table is; at most 0 when it is an object. */
  private arrayLength(table: LuaTable): number {
    const { array, hash } = table
    let greatest = 0
    let count = 0
    for (let i = 0; i < array.length; i++) {
      if (array[i] === undefined) continue
      greatest = i + 1
      count++
    }
    if (hash !== undefined && hash.size > 0) {
      const keys = table.keysInOrder()
      for (let i = 0; i < keys.length; i++) {
        const key = keys[i]
        if (key === undefined || hash.get(key) === undefined) continue
        if (typeof key !== "number" || key < 1 || Math.floor(key) !== key) return -1
        if (key > greatest) greatest = key <= INT_MAX ? key : INT_MIN
        count++
      }
    }
    const { sparseRatio, sparseSafe, sparseConvert } = this.settings
    if (sparseRatio > 0 && greatest > count * sparseRatio && greatest > sparseSafe) {
      if (!sparseConvert) throw this.refusal(table, "excessively sparse array")
      return -1
    }
    return greatest
  }

  private array(table: LuaTable, length: number, depth: number): void {
    if (length * HOLE_LENGTH > TEXT_LENGTH_MAX && length > table.array.length) {
      throw this.state.bare("not enough memory")
    }
    this.out += "["
    for (let i = 1; i <= length; i++) {
      if (i > 1) this.out += ","
      this.value(table.getNumber(i), depth)
    }
    this.out += "]"
  }

  private object(table: LuaTable, depth: number): void {
    const { array, hash } = table
    let before = "{"
    for (let i = 0; i < array.length; i++) {
      if (array[i] === undefined) continue
      this.member(before, i + 1, array[i], depth)
      before = ","
    }
    if (hash !== undefined && hash.size > 0) {
      const keys = table.keysInOrder()
      for (let i = 0; i < keys.length; i++) {
        const key = keys[i]
        const value = key === undefined ? undefined : hash.get(key)
        if (key === undefined || value === undefined) continue
        this.member(before, key, value, depth)
        before = ","
      }
    }
    this.out += before === "{" ? "{}" : "}"
  }

  private member(before: string, key: TableKey, value: LuaValue, depth: number): void {
    if (typeof key === "string") this.out += before + quotedText(key) + ":"
    else if (typeof key === "number") this.out += before + '"' + this.number(key) + '":'
    else throw this.refusal(key, "table key must be a number or string")
    this.value(value, depth)
  }
}
