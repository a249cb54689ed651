/**
 * The reply of a command as the script sees it: reads one reply from the writer's bytes into a Lua value.
 *
 *     $3 abc     "abc"                  *2 ..    {.., ..}, nil elements false      %1 ..   {map={k=v}}
 *     :7         7, a double            $-1 *-1  false                             ~1 ..   {set={m=true}}
 *     +OK        {ok="OK"}              _        nil                               ,1.5    {double=1.5}
 *     -ERR x     {err="ERR x", ..}      #t       true                              (123    {big_number="123"}
 *     =15 txt:.. {verbatim_string={format="txt", string=".."}}
 *
 * The bytes are the server's own, so they are taken to be well formed.
 */
import { latin1Text } from "../../bytes/Latin1.js"
import { LuaTable, type LuaValue, type TableKey } from "../../lua/run/Value.js"

const CR = 13

/** An error as Redis hands it to scripts: it has been counted already. */
export const errorTable = (text: string): LuaTable => {
  const table = new LuaTable(0, 2)
  table.setText("err", text)
  table.setText("ignore_error_stats_update", true)
  return table
}

const tagged = (tag: string, value: LuaValue): LuaTable => LuaTable.ofMembers([tag, value])

export class ReplyReader {
  private buf: Buffer = Buffer.alloc(0)
  private pos = 0

  /** The reply that begins at `from`. */
  read(buf: Buffer, from: number): LuaValue {
    this.buf = buf
    this.pos = from
    return this.value()
  }

  private value(): LuaValue {
    const type = this.buf[this.pos++]
    switch (type) {
      case 36:
        return this.bulk()
      case 58:
        return this.number()
      case 43:
        return this.status()
      case 42:
        return this.list()
      case 45:
        return errorTable(this.line())
      default:
        return this.newer(type)
    }
  }

  /** What only RESP3 has. */
  private newer(type: number): LuaValue {
    switch (type) {
      case 95:
        this.line()
        return undefined
      case 35:
        return this.line() === "t"
      case 44:
        return tagged("double", this.double(this.line()))
      case 40:
        return tagged("big_number", this.line())
      case 37:
        return tagged("map", this.pairs())
      case 126:
        return tagged("set", this.members())
      case 61:
        return this.verbatim()
      default:
        throw new Error(`a command answered with a reply of type ${type}`)
    }
  }

  private integer(): number {
    const { buf } = this
    let at = this.pos
    const negative = buf[at] === 45
    if (negative) at++
    let n = 0
    for (let b = buf[at]; b !== CR; b = buf[++at]) n = n * 10 + b - 48
    this.pos = at + 2
    return negative ? -n : n
  }

  /** Digits beyond a double's are rounded once, as C does it. */
  private number(): number {
    const from = this.pos
    const n = this.integer()
    return Number.isSafeInteger(n) ? n : Number(this.buf.toString("latin1", from, this.pos - 2))
  }

  private double(text: string): number {
    if (text === "inf") return Infinity
    return text === "-inf" ? -Infinity : Number(text)
  }

  private line(): string {
    const { buf, pos } = this
    let end = pos
    while (buf[end] !== CR) end++
    return this.text(end - pos)
  }

  /** Most commands that answer a status answer this one. */
  private status(): LuaTable {
    const { buf, pos } = this
    if (buf[pos] !== 79 || buf[pos + 1] !== 75 || buf[pos + 2] !== CR) return tagged("ok", this.line())
    this.pos = pos + 4
    return tagged("ok", "OK")
  }

  /** So many bytes, and the line end behind them. */
  private text(length: number): string {
    const { buf, pos } = this
    this.pos = pos + length + 2
    return latin1Text(buf, pos, pos + length)
  }

  private bulk(): LuaValue {
    const length = this.integer()
    return length < 0 ? false : this.text(length)
  }

  private list(): LuaValue {
    const count = this.integer()
    if (count < 0) return false
    const values: LuaValue[] = []
    for (let i = 0; i < count; i++) values.push(this.value())
    return LuaTable.of(values)
  }

  private pairs(): LuaTable {
    const count = this.integer()
    const table = new LuaTable(0, count)
    for (let i = 0; i < count; i++) {
      const key = this.value()
      const value = this.value()
      if (isKey(key)) table.set(key, value)
    }
    return table
  }

  private members(): LuaTable {
    const count = this.integer()
    const table = new LuaTable(0, count)
    for (let i = 0; i < count; i++) {
      const member = this.value()
      if (isKey(member)) table.set(member, true)
    }
    return table
  }

  private verbatim(): LuaTable {
    const text = this.text(this.integer())
    const inner = new LuaTable(0, 2)
    inner.setText("format", text.slice(0, 3))
    inner.setText("string", text.slice(4))
    return tagged("verbatim_string", inner)
  }
}

const isKey = (value: LuaValue): value is TableKey => value !== undefined && value === value
