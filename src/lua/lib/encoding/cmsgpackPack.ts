/**
 * MessagePack of Lua values: the smallest form of each, as lua-cmsgpack 0.4.0 chooses it.
 *
 *     whole doubles below 2^63   fixint, uint 8 to 64 from 0 on, int 8 to 64 below
 *     other doubles              float 32 where that is exact, else float 64
 *     tables                     array where the keys are exactly 1 to n (none: the empty array), else map in the order of pairs
 *     nesting beyond 16 tables, functions, userdata, coroutines    nil
 */
import type { LuaState } from "../../run/State.js"
import { LuaTable, type LuaValue } from "../../run/Value.js"
import { TEXT_LENGTH_MAX } from "../strings/stringBasics.js"

const NESTING_MAX = 16
const HEADER_LENGTH_MAX = 5
const TWO_32 = 2 ** 32
const TWO_63 = 2 ** 63

/** The buffer that is kept between calls. */
const BUFFER_BYTES = 16_384
/** Up to this length a loop beats the copying function. */
const SHORT = 32

const view = new DataView(new ArrayBuffer(8))

/** The number of keys; negative, less one, when they are not exactly 1 to n. */
const countKeys = (table: LuaTable): number => {
  const { array, hash } = table
  let count = 0
  let greatest = 0
  let whole = true
  for (let i = 0; i < array.length; i++) {
    if (array[i] === undefined) continue
    greatest = i + 1
    count++
  }
  if (hash !== undefined) {
    for (const [key, value] of hash) {
      if (value === undefined) continue
      count++
      if (typeof key !== "number" || key < 1 || Math.floor(key) !== key) whole = false
      else if (key > greatest) greatest = key
    }
  }
  return whole && greatest === count ? count : -count - 1
}

export class Packer {
  private buffer = Buffer.allocUnsafe(BUFFER_BYTES)
  private at = 0

  constructor(private readonly state: LuaState) {}

  pack(values: ReadonlyArray<LuaValue>): string {
    this.at = 0
    try {
      for (let i = 0; i < values.length; i++) this.value(values[i], 0)
      this.state.charge(this.at >> 3)
      this.state.take(this.at)
      return this.buffer.toString("latin1", 0, this.at)
    } finally {
      if (this.buffer.length > BUFFER_BYTES) this.buffer = Buffer.allocUnsafe(BUFFER_BYTES)
    }
  }

  private value(value: LuaValue, level: number): void {
    if (typeof value === "string") this.text(value)
    else if (typeof value === "number") this.number(value)
    else if (typeof value === "boolean") this.byte(value ? 0xc3 : 0xc2)
    else if (value instanceof LuaTable && level < NESTING_MAX) this.table(value, level)
    else this.byte(0xc0)
  }

  // Bytes --------------------------------------------------------------------------------------------------------------

  /** Room for so many bytes; where they begin. */
  private room(count: number): number {
    const { at } = this
    const end = at + count
    if (end > this.buffer.length) this.grow(end)
    this.at = end
    return at
  }

  private grow(length: number): void {
    if (length > TEXT_LENGTH_MAX) throw this.state.bare("not enough memory")
    this.state.take(length)
    const larger = Buffer.allocUnsafe(Math.min(length * 2, TEXT_LENGTH_MAX))
    this.buffer.copy(larger, 0, 0, this.at)
    this.buffer = larger
  }

  private byte(byte: number): void {
    const at = this.room(1)
    this.buffer[at] = byte
  }

  private two(head: number, n: number): void {
    const at = this.room(3)
    const { buffer } = this
    buffer[at] = head
    buffer[at + 1] = n >>> 8
    buffer[at + 2] = n
  }

  private four(head: number, n: number): void {
    const at = this.room(5)
    this.buffer[at] = head
    this.word(at + 1, n)
  }

  private eight(head: number, high: number, low: number): void {
    const at = this.room(9)
    this.buffer[at] = head
    this.word(at + 1, high)
    this.word(at + 5, low)
  }

  private word(at: number, n: number): void {
    const { buffer } = this
    buffer[at] = n >>> 24
    buffer[at + 1] = n >>> 16
    buffer[at + 2] = n >>> 8
    buffer[at + 3] = n
  }

  // Numbers ------------------------------------------------------------------------------------------------------------

  private number(x: number): void {
    if (Math.trunc(x) !== x || x >= TWO_63 || x < -TWO_63) this.floating(x)
    else if (x >= 0) this.positive(x + 0)
    else this.negative(x)
  }

  private floating(x: number): void {
    // The NaN that arithmetic makes on x86 is negative.
    if (x !== x) return this.eight(0xcb, 0xfff80000, 0)
    if (Math.fround(x) === x) {
      view.setFloat32(0, x)
      return this.four(0xca, view.getInt32(0))
    }
    view.setFloat64(0, x)
    this.eight(0xcb, view.getInt32(0), view.getInt32(4))
  }

  private positive(n: number): void {
    if (n < 128) this.byte(n)
    else if (n < 256) {
      this.byte(0xcc)
      this.byte(n)
    } else if (n < 65536) this.two(0xcd, n)
    else if (n < TWO_32) this.four(0xce, n)
    else this.long(0xcf, n)
  }

  private negative(n: number): void {
    if (n >= -32) this.byte(n)
    else if (n >= -128) {
      this.byte(0xd0)
      this.byte(n)
    } else if (n >= -32768) this.two(0xd1, n)
    else if (n >= -2147483648) this.four(0xd2, n)
    else this.long(0xd3, n)
  }

  private long(head: number, n: number): void {
    this.eight(head, Math.floor(n / TWO_32) | 0, (n % TWO_32) | 0)
  }

  // Texts and tables ---------------------------------------------------------------------------------------------------

  private text(text: string): void {
    const { length } = text
    if (this.at + length > TEXT_LENGTH_MAX - HEADER_LENGTH_MAX) throw this.state.bare("not enough memory")
    if (length < 32) this.byte(0xa0 | length)
    else if (length < 256) {
      this.byte(0xd9)
      this.byte(length)
    } else if (length < 65536) this.two(0xda, length)
    else this.four(0xdb, length)
    const at = this.room(length)
    const { buffer } = this
    if (length > SHORT) buffer.write(text, at, "latin1")
    else for (let i = 0; i < length; i++) buffer[at + i] = text.charCodeAt(i)
  }

  /** The head of an array or a map: a short one of its own byte. */
  private head(short: number, long: number, length: number): void {
    if (length < 16) this.byte(short | length)
    else if (length < 65536) this.two(long, length)
    else this.four(long + 1, length)
  }

  private table(table: LuaTable, level: number): void {
    if (this.at > TEXT_LENGTH_MAX / 2) throw this.state.bare("not enough memory")
    const count = countKeys(table)
    if (count >= 0) {
      this.head(0x90, 0xdc, count)
      for (let i = 1; i <= count; i++) this.value(table.getNumber(i), level + 1)
      return
    }
    this.head(0x80, 0xde, -count - 1)
    const { array, hash } = table
    for (let i = 0; i < array.length; i++) {
      if (array[i] === undefined) continue
      this.value(i + 1, level + 1)
      this.value(array[i], level + 1)
    }
    if (hash === undefined || hash.size === 0) return
    const keys = table.keysInOrder()
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]
      const value = key === undefined ? undefined : hash.get(key)
      if (value === undefined) continue
      this.value(key, level + 1)
      this.value(value, level + 1)
    }
  }
}
