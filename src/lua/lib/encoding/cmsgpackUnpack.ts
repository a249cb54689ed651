/**
 * Lua values from MessagePack, without recursion: containers that are not full yet stand on a stack of their own, so
 * that hostile nesting costs nothing but their number.
 *
 * As there, what is nested or returned at once is limited by the 8,000 places of Lua's stack, two for each level; 64-bit
 * integers are signed; binary and extension types are refused.
 */
import { assignedList } from "../../run/AssignedList.js"
import { nodeCount } from "../../run/Layout.js"
import type { LuaState } from "../../run/State.js"
import { LuaTable, type LuaValue } from "../../run/Value.js"

const STACK_MAX = 7_999
/** About what a table takes in memory, and a value in it. */
const TABLE_BYTES = 400
const MEMBER_BYTES = 64

const TWO_32 = 2 ** 32

const view = new DataView(new ArrayBuffer(8))

/** An array or a map that waits for more values; `left` counts keys and values. */
interface Container {
  readonly values: LuaValue[] | undefined
  /** A map's members for as long as its keys are texts, which makes the table at once. */
  members: LuaValue[] | undefined
  /** Else the table itself. */
  table: LuaTable | undefined
  left: number
  key: LuaValue
  readonly outer: Container | undefined
}

/** What `read` answers when it has begun a container rather than read a value. */
const BEGUN = Symbol("container")

export class Unpacker {
  private data = ""
  at = 0
  private open: Container | undefined = undefined
  private depth = 0

  constructor(private readonly state: LuaState) {}

  start(data: string, offset: number): void {
    this.data = data
    this.at = offset
    this.open = undefined
    this.depth = 0
  }

  get done(): boolean {
    return this.at >= this.data.length
  }

  /** The next value; `before` values have been returned already. */
  next(before: number): LuaValue {
    if (before >= STACK_MAX) {
      throw this.state.raise(
        "stack overflow (too many return values at once; use unpack_one or unpack_limit instead.)",
      )
    }
    for (;;) {
      let value: LuaValue | typeof BEGUN = this.read(before)
      while (value !== BEGUN) {
        if (this.open === undefined) return value
        value = this.put(this.open, value)
      }
    }
  }

  /** Puts a value into the innermost container; answers that one when it is full. */
  private put(open: Container, value: LuaValue): LuaValue | typeof BEGUN {
    if (open.values !== undefined) {
      open.values.push(value)
      if ((open.values.length & 63) === 0) this.state.take(64 * MEMBER_BYTES)
      open.left--
    } else if (open.left % 2 === 0) {
      open.key = value
      open.left--
      return BEGUN
    } else {
      this.enter(open, open.key, value)
      open.left--
    }
    return open.left === 0 ? this.close(open) : BEGUN
  }

  private enter(open: Container, key: LuaValue, value: LuaValue): void {
    const { members } = open
    if (members !== undefined) {
      if (typeof key === "string") {
        members.push(key, value)
        if ((members.length & 127) === 0) this.state.take(64 * MEMBER_BYTES)
        return
      }
      open.table = LuaTable.ofMembers(members)
      open.members = undefined
    }
    if (key === undefined) throw this.state.bare("table index is nil")
    if (key !== key) throw this.state.bare("table index is NaN")
    open.table?.set(key, value)
  }

  private close(open: Container): LuaTable {
    this.open = open.outer
    this.depth--
    const { values, members, table } = open
    if (members !== undefined) return LuaTable.ofMembers(members)
    if (values === undefined) return table ?? new LuaTable()
    if (values.includes(undefined)) return assignedList(values)
    return new LuaTable(nodeCount(values.length), 0, values)
  }

  private begin(length: number, isMap: boolean, before: number): LuaTable | typeof BEGUN {
    this.depth++
    this.state.take(TABLE_BYTES)
    if (before + 2 * this.depth > STACK_MAX) {
      throw this.state.raise(`stack overflow (in function mp_decode_to_lua_${isMap ? "hash" : "array"})`)
    }
    if (length === 0) {
      this.depth--
      return new LuaTable()
    }
    const values: LuaValue[] | undefined = isMap ? undefined : []
    const members: LuaValue[] | undefined = isMap ? [] : undefined
    this.open = {
      values,
      members,
      table: undefined,
      left: isMap ? length * 2 : length,
      key: undefined,
      outer: this.open,
    }
    return BEGUN
  }

  /** Takes `count` bytes; their start. */
  private take(count: number): number {
    const start = this.at
    if (start + count > this.data.length) throw this.state.raise("Missing bytes in input.")
    this.at = start + count
    return start
  }

  private unsigned(size: 1 | 2 | 4): number {
    const { data } = this
    const at = this.take(size)
    if (size === 1) return data.charCodeAt(at)
    const high = (data.charCodeAt(at) << 8) | data.charCodeAt(at + 1)
    if (size === 2) return high
    return high * 65536 + ((data.charCodeAt(at + 2) << 8) | data.charCodeAt(at + 3))
  }

  private text(length: number): string {
    const start = this.take(length)
    return this.data.substring(start, start + length)
  }

  private floating(size: 4 | 8): number {
    const start = this.take(size)
    for (let i = 0; i < size; i++) view.setUint8(i, this.data.charCodeAt(start + i))
    return size === 4 ? view.getFloat32(0) : view.getFloat64(0)
  }

  /** 64 bits, signed whatever their type says; the sum of the halves is rounded once. */
  private long(): number {
    this.take(8)
    this.at -= 8
    const high = this.unsigned(4) | 0
    return high * TWO_32 + this.unsigned(4)
  }

  private read(before: number): LuaValue | typeof BEGUN {
    const byte = this.unsigned(1)
    if (byte < 0x80) return byte
    if (byte >= 0xe0) return byte - 256
    if (byte < 0x90) return this.begin(byte & 15, true, before)
    if (byte < 0xa0) return this.begin(byte & 15, false, before)
    if (byte < 0xc0) return this.text(byte & 31)
    return this.readTyped(byte, before)
  }

  private readTyped(byte: number, before: number): LuaValue | typeof BEGUN {
    switch (byte) {
      case 0xc0:
        return undefined
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xca:
        return this.floating(4)
      case 0xcb:
        return this.floating(8)
      case 0xcc:
        return this.unsigned(1)
      case 0xcd:
        return this.unsigned(2)
      case 0xce:
        return this.unsigned(4)
      case 0xcf:
      case 0xd3:
        return this.long()
      case 0xd0:
        return (this.unsigned(1) << 24) >> 24
      case 0xd1:
        return (this.unsigned(2) << 16) >> 16
      case 0xd2:
        return this.unsigned(4) | 0
      case 0xd9:
        return this.text(this.unsigned(1))
      case 0xda:
        return this.text(this.unsigned(2))
      case 0xdb:
        return this.text(this.unsigned(4))
      case 0xdc:
        return this.begin(this.unsigned(2), false, before)
      case 0xdd:
        return this.begin(this.unsigned(4), false, before)
      case 0xde:
        return this.begin(this.unsigned(2), true, before)
      case 0xdf:
        return this.begin(this.unsigned(4), true, before)
      default:
        throw this.state.raise("Bad data format in input.")
    }
  }
}
