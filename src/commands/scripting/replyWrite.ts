/**
 * What a script returns, as a reply. Tables are read raw, and in this order: `err`, `ok`, `double`, `map`, `set`,
 * `big_number`, `verbatim_string`, else an array up to the first nil.
 *
 * Tables may be nested deeper than JavaScript's stack, so those that are open stand in a list.
 */
import type { CommandContext } from "../../engine/CommandContext.js"
import * as Errors from "../../resp/Errors.js"
import type { ReplyWriter } from "../../resp/ReplyWriter.js"
import { LuaTable, type LuaValue } from "../../lua/run/Value.js"

/** At this depth Redis's own stack of Lua values ends. */
const DEPTH_MAX = 7995
/** Tables that hold one table several times have more elements than memory has room for tables: 60 of two each, 2^60. */
const ELEMENTS_MAX = 2 ** 23
const LEAST_INTEGER = ":-9223372036854775808\r\n"

/** A table whose elements are being written. */
interface Open {
  readonly table: LuaTable
  readonly kind: "array" | "map" | "set"
  readonly count: number
  /** Of an array the last index, of others the last position. */
  at: number
  /** A map's key was written, its value is next. */
  half: boolean
}

const flat = (s: string): string => s.replace(/[\r\n]/g, " ")

/** C's conversion to a 64-bit integer. */
const integer = (out: ReplyWriter, n: number): void => {
  if (!(n >= -9223372036854775808 && n < 9223372036854775808)) out.rawText(LEAST_INTEGER)
  else if (Number.isSafeInteger(n)) out.int(n)
  else {
    const whole = Math.trunc(n)
    if (Number.isSafeInteger(whole)) out.int(whole + 0)
    else out.bigint(BigInt(whole))
  }
}

/** An error reply; one that was counted when it arose is not counted again. */
export const writeError = (out: ReplyWriter, message: string, counted: boolean): void => {
  if (counted) out.countedError(message)
  else out.error(message)
}

const sizeOf = (table: LuaTable): number => {
  let n = 0
  for (let p = table.advance(-1); p >= 0; p = table.advance(p)) n++
  return n
}

class ReplyValue {
  private readonly open: Open[] = []
  private elements = 0

  constructor(
    private readonly out: ReplyWriter,
    private readonly typed: boolean,
  ) {}

  write(value: LuaValue): void {
    const { open, out } = this
    const mark = out.pos
    this.one(value)
    // Tables that hold others more than once can be of any size: nobody waits for what is not sent.
    while (open.length > 0 && !out.overflowed) {
      const top = open[open.length - 1]
      if (!this.element(top)) open.pop()
      if (this.elements <= ELEMENTS_MAX) continue
      out.truncate(mark)
      return out.error(Errors.scriptReplyTooLong)
    }
  }

  /** Writes the next element of an open table, of an array all up to the next table; answers whether there was one. */
  private element(top: Open): boolean {
    const { table } = top
    if (top.kind === "array") {
      if (top.at >= top.count) return false
      let value: LuaValue
      do this.one((value = table.getNumber(++top.at)))
      while (top.at < top.count && !(value instanceof LuaTable))
      return true
    }
    if (top.half) {
      top.half = false
      this.one(table.valueAt(top.at))
      return true
    }
    top.at = table.advance(top.at)
    if (top.at < 0) return false
    top.half = top.kind === "map"
    this.one(table.keyAt(top.at))
    return true
  }

  private one(value: LuaValue): void {
    const { out } = this
    this.elements++
    if (this.open.length >= DEPTH_MAX) return out.error(Errors.luaStackLimit)
    if (value instanceof LuaTable) this.table(value)
    else writeScalar(out, value, this.typed)
  }

  private table(table: LuaTable): void {
    if (!table.hashed) return this.array(table)
    const { out } = this
    const err = table.getText("err")
    if (typeof err === "string")
      return writeError(out, err, table.getText("ignore_error_stats_update") !== undefined)
    const ok = table.getText("ok")
    if (typeof ok === "string") return out.simple(flat(ok))
    const double = table.getText("double")
    if (typeof double === "number") return out.double(double)
    const map = table.getText("map")
    if (map instanceof LuaTable) return this.pairs(map)
    const set = table.getText("set")
    if (set instanceof LuaTable) return this.members(set)
    const big = table.getText("big_number")
    if (typeof big === "string") {
      if (out.resp === 2) return out.bulkLatin1(flat(big))
      return out.rawText(`(${flat(big)}\r\n`)
    }
    const verbatim = table.getText("verbatim_string")
    if (verbatim instanceof LuaTable && this.verbatim(verbatim)) return
    this.array(table)
  }

  private array(table: LuaTable): void {
    let count = 0
    while (table.getNumber(count + 1) !== undefined) count++
    this.out.array(count)
    this.open.push({ table, kind: "array", count, at: 0, half: false })
  }

  private pairs(table: LuaTable): void {
    const count = sizeOf(table)
    this.out.map(count)
    this.open.push({ table, kind: "map", count, at: -1, half: false })
  }

  private members(table: LuaTable): void {
    const count = sizeOf(table)
    this.out.set(count)
    this.open.push({ table, kind: "set", count, at: -1, half: false })
  }

  private verbatim(table: LuaTable): boolean {
    const { out } = this
    const s = table.getText("string")
    const format = table.getText("format")
    if (typeof s !== "string" || typeof format !== "string") return false
    if (out.resp === 2) out.bulkLatin1(s)
    else {
      out.rawText(`=${s.length + 4}\r\n${format.slice(0, 3).padEnd(3, "\0")}:`)
      out.rawText(s)
      out.rawText("\r\n")
    }
    return true
  }
}

/** What is no table. */
const writeScalar = (out: ReplyWriter, value: LuaValue, typed: boolean): void => {
  if (typeof value === "string") out.bulkLatin1(value)
  else if (typeof value === "number") integer(out, value)
  else if (typeof value !== "boolean") out.nil()
  else if (typed) out.bool(value)
  else if (value) out.one()
  else out.nil()
}

/** The number of values in a list that holds no table; -1 for another table. */
const flatCount = (table: LuaTable): number => {
  if (table.hashed) return -1
  const { array } = table
  let count = 0
  for (; count < array.length; count++) {
    const value = array[count]
    if (value instanceof LuaTable) return -1
    if (value === undefined) return count
  }
  return count
}

/** Writes what a script returned; `typed`: the script has asked for RESP3, so booleans stay booleans. */
export const writeReply = ({ out }: CommandContext, value: LuaValue, typed: boolean): void => {
  if (!(value instanceof LuaTable)) return writeScalar(out, value, typed)
  const count = flatCount(value)
  if (count < 0) return new ReplyValue(out, typed).write(value)
  out.array(count)
  for (let i = 0; i < count; i++) writeScalar(out, value.array[i], typed)
}
