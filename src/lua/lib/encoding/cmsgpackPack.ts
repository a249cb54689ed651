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

const char = String.fromCharCode

/** All strings of one byte. */
const bytes: ReadonlyArray<string> = Array.from({ length: 256 }, (_, code) => char(code))

const two = (n: number): string => char((n >>> 8) & 0xff, n & 0xff)
const four = (n: number): string => char((n >>> 24) & 0xff, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff)
const eight = (n: number): string => four(Math.floor(n / TWO_32) | 0) + four((n % TWO_32) | 0)

const view = new DataView(new ArrayBuffer(8))

const floatingText = (x: number): string => {
  // The NaN that arithmetic makes on x86 is negative.
  if (x !== x) return "\xcb\xff\xf8\0\0\0\0\0\0"
  if (Math.fround(x) === x) {
    view.setFloat32(0, x)
    return "\xca" + four(view.getInt32(0))
  }
  view.setFloat64(0, x)
  return "\xcb" + four(view.getInt32(0)) + four(view.getInt32(4))
}

const positiveText = (n: number): string => {
  if (n < 128) return bytes[n]
  if (n < 256) return "\xcc" + bytes[n]
  if (n < 65536) return "\xcd" + two(n)
  return n < TWO_32 ? "\xce" + four(n | 0) : "\xcf" + eight(n)
}

const negativeText = (n: number): string => {
  if (n >= -32) return bytes[n & 0xff]
  if (n >= -128) return "\xd0" + bytes[n & 0xff]
  if (n >= -32768) return "\xd1" + two(n)
  return n >= -2147483648 ? "\xd2" + four(n) : "\xd3" + eight(n)
}

const numberText = (x: number): string => {
  if (Math.trunc(x) !== x || x >= TWO_63 || x < -TWO_63) return floatingText(x)
  return x >= 0 ? positiveText(x + 0) : negativeText(x)
}

const textHeader = (length: number): string => {
  if (length < 32) return bytes[0xa0 | length]
  if (length < 256) return "\xd9" + bytes[length]
  return length < 65536 ? "\xda" + two(length) : "\xdb" + four(length)
}

const arrayHeader = (length: number): string => {
  if (length < 16) return bytes[0x90 | length]
  return length < 65536 ? "\xdc" + two(length) : "\xdd" + four(length)
}

const mapHeader = (length: number): string => {
  if (length < 16) return bytes[0x80 | length]
  return length < 65536 ? "\xde" + two(length) : "\xdf" + four(length)
}

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
  private out = ""

  constructor(private readonly state: LuaState) {}

  pack(values: ReadonlyArray<LuaValue>): string {
    try {
      for (let i = 0; i < values.length; i++) this.value(values[i], 0)
      this.state.charge(this.out.length >> 3)
      this.state.take(this.out.length * 2)
      return this.out
    } finally {
      this.out = ""
    }
  }

  private value(value: LuaValue, level: number): void {
    if (typeof value === "string") this.text(value)
    else if (typeof value === "number") this.out += numberText(value)
    else if (typeof value === "boolean") this.out += value ? "\xc3" : "\xc2"
    else if (value instanceof LuaTable && level < NESTING_MAX) this.table(value, level)
    else this.out += "\xc0"
  }

  private text(text: string): void {
    if (this.out.length + text.length > TEXT_LENGTH_MAX - HEADER_LENGTH_MAX) {
      throw this.state.bare("not enough memory")
    }
    this.out += textHeader(text.length) + text
  }

  private table(table: LuaTable, level: number): void {
    if (this.out.length > TEXT_LENGTH_MAX / 2) throw this.state.bare("not enough memory")
    const count = countKeys(table)
    if (count >= 0) {
      this.out += arrayHeader(count)
      for (let i = 1; i <= count; i++) this.value(table.getNumber(i), level + 1)
      return
    }
    this.out += mapHeader(-count - 1)
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
