/**
 * The table `struct`: values to and from bytes by a format.
 *
 *     b B h H l L T   integers of 1, 2, 8 bytes; upper case (and T) unsigned      < >   little and big endian
 *     i[n] I[n]       integers of n bytes, 4 unless said                           ![n]  align to at most n, 8 unless said
 *     f d             float, double                                                x     a zero byte
 *     s               bytes up to a zero byte    c[n]  n bytes; c0: the whole text, or as many as the value before says
 *
 * Integers wider than 8 bytes carry 64 bits; the rest is zero when packing and is shifted out when unpacking. A NUL byte
 * ends a format.
 */
import { numberArgument, stringArgument, toInteger } from "../../run/Arguments.js"
import { builtin, library } from "../../run/Builtin.js"
import type { LuaState } from "../../run/State.js"
import type { LuaFunction, LuaTable, LuaValue, Results } from "../../run/Value.js"
import { parseNumber } from "../numberParse.js"

const INTEGER_SIZE_MAX = 32
const ALIGNMENT_DEFAULT = 8
const INT_MAX = 2147483647
/** Values that fit on Lua's stack beside what unpack itself has there. */
const RESULTS_MAX = 7_997

const sizes: Readonly<Record<string, number>> = { b: 1, B: 1, h: 2, H: 2, l: 8, L: 8, T: 8, f: 4, d: 8, x: 1 }

const isAlphanumeric = (option: string): boolean => /[0-9A-Za-z]/.test(option)

/** Walks over a format: after `next`, the option, its size and the padding before it. */
class FormatReader {
  private at = 0
  private readonly format: string
  private alignment = 1
  little = true
  option = ""
  size = 0

  constructor(
    private readonly state: LuaState,
    format: string,
  ) {
    const nul = format.indexOf("\0")
    this.format = nul < 0 ? format : format.slice(0, nul)
  }

  next(): boolean {
    if (this.at >= this.format.length) return false
    this.option = this.format[this.at++]
    this.size = this.sizeOf(this.option)
    return true
  }

  private sizeOf(option: string): number {
    if (option === "c") return this.count(1)
    if (option !== "i" && option !== "I") return sizes[option] ?? 0
    const size = this.count(4)
    if (size > INTEGER_SIZE_MAX) {
      throw this.state.raise(`integral size ${size} is larger than limit of ${INTEGER_SIZE_MAX}`)
    }
    return size
  }

  private count(otherwise: number): number {
    const start = this.at
    let n = 0
    for (;;) {
      const digit = this.format.charCodeAt(this.at) - 48
      if (!(digit >= 0 && digit <= 9)) return this.at === start ? otherwise : n
      n = n * 10 + digit
      if (n > INT_MAX) throw this.state.raise("integral size overflow")
      this.at++
    }
  }

  /** Zero bytes needed before the option at `position`. */
  padding(position: number): number {
    if (this.size === 0 || this.option === "c") return 0
    const size = Math.min(this.size, this.alignment)
    return (size - (position & (size - 1))) & (size - 1)
  }

  /** What is no value: endianness, alignment, blanks. */
  control(): void {
    switch (this.option) {
      case " ":
        return
      case "<":
        this.little = true
        return
      case ">":
        this.little = false
        return
      case "!": {
        const alignment = this.count(ALIGNMENT_DEFAULT)
        if (alignment === 0 || (alignment & (alignment - 1)) !== 0) {
          throw this.state.raise(`alignment ${alignment} is not a power of 2`)
        }
        this.alignment = alignment
        return
      }
      default:
        throw this.state.badArgument(1, `invalid format option '${this.option}'`)
    }
  }
}

const TWO_32 = 2 ** 32
const TWO_63 = 2 ** 63

/** The 64 bits that C makes of a double, low half first. */
const halvesOf = (x: number): readonly [number, number] => {
  if (x >= TWO_63) {
    const whole = x < 2 * TWO_63 ? x : 0
    return [(whole % TWO_32) | 0, Math.floor(whole / TWO_32) | 0]
  }
  const n = toInteger(x)
  return [(n % TWO_32) | 0, Math.floor(n / TWO_32) | 0]
}

const integerBytes = (x: number, size: number, little: boolean): string => {
  const [low, high] = halvesOf(x)
  let text = ""
  for (let i = 0; i < size; i++) {
    const half = i < 4 ? low : i < 8 ? high : 0
    const character = String.fromCharCode((half >>> ((i & 3) * 8)) & 0xff)
    text = little ? text + character : character + text
  }
  return text
}

const double = new DataView(new ArrayBuffer(8))

const floatBytes = (x: number, size: number, little: boolean): string => {
  if (size === 4) double.setFloat32(0, x, little)
  else double.setFloat64(0, x, little)
  // The NaN that arithmetic makes on x86 is negative.
  if (x !== x) double.setUint8(little ? size - 1 : 0, 0xff)
  let text = ""
  for (let i = 0; i < size; i++) text += String.fromCharCode(double.getUint8(i))
  return text
}

const integerAt = (data: string, at: number, size: number, little: boolean, signed: boolean): number => {
  if (size <= 4) {
    let bits = 0
    for (let i = 0; i < size; i++) bits = (bits << 8) | data.charCodeAt(little ? at + size - 1 - i : at + i)
    if (!signed) return bits >>> 0
    return size === 0 ? 0 : (bits << (32 - size * 8)) >> (32 - size * 8)
  }
  let bits = 0n
  for (let i = 0; i < size; i++) {
    bits = (bits << 8n) | BigInt(data.charCodeAt(little ? at + size - 1 - i : at + i))
  }
  bits = BigInt.asUintN(64, bits)
  if (!signed) return Number(bits)
  // The sign is looked for at a bit whose number the machine takes modulo 64.
  const mask = BigInt.asUintN(64, -1n << BigInt((size * 8 - 1) & 63))
  return Number(BigInt.asIntN(64, (bits & mask) === 0n ? bits : bits | mask))
}

const floatAt = (data: string, at: number, size: number, little: boolean): number => {
  for (let i = 0; i < size; i++) double.setUint8(i, data.charCodeAt(at + i))
  return size === 4 ? double.getFloat32(0, little) : double.getFloat64(0, little)
}

const pack = (state: LuaState): LuaFunction =>
  builtin(
    "pack",
    function (...args: LuaValue[]): string {
      const reader = new FormatReader(state, stringArgument(state, args[0], 1, args.length))
      let out = ""
      let position = 1
      // A missing argument is the nil that pack itself put behind the others.
      const number = (): number => numberArgument(state, args[position], ++position, position)
      while (reader.next()) {
        out += "\0".repeat(reader.padding(out.length))
        switch (reader.option) {
          case "b":
          case "B":
          case "h":
          case "H":
          case "l":
          case "L":
          case "T":
          case "i":
          case "I":
            out += integerBytes(number(), reader.size, reader.little)
            break
          case "x":
            out += "\0"
            break
          case "f":
          case "d":
            out += floatBytes(number(), reader.size, reader.little)
            break
          case "c":
          case "s": {
            const text = stringArgument(state, args[position], ++position, position)
            const size = reader.size === 0 ? text.length : reader.size
            if (text.length < size) throw state.badArgument(position + 1, "string too short")
            out += text.slice(0, size) + (reader.option === "s" ? "\0" : "")
            break
          }
          default:
            reader.control()
        }
      }
      return out
    },
    { cost: 100, returns: "string" },
  )

/** The size that a `c0` takes: the value before it, which is no result then. */
const takeSize = (state: LuaState, values: LuaValue[]): number => {
  const value = values.pop()
  const size = typeof value === "string" ? parseNumber(value) : value
  if (typeof size !== "number") throw state.raise("format 'c0' needs a previous size")
  // C's cast to an unsigned long: negative numbers are huge, and beyond 2^64 nothing is left.
  if (size >= 2 * TWO_63) return 0
  const whole = size < TWO_63 ? toInteger(size) : size
  return whole >= 0 ? whole : Infinity
}

const unpackValue = (
  state: LuaState,
  reader: FormatReader,
  data: string,
  at: number,
  values: LuaValue[],
): number => {
  const { option, size, little } = reader
  switch (option) {
    case "b":
    case "B":
    case "h":
    case "H":
    case "l":
    case "L":
    case "T":
    case "i":
    case "I":
      values.push(
        integerAt(
          data,
          at,
          size,
          little,
          option === "b" || option === "h" || option === "l" || option === "i",
        ),
      )
      return size
    case "x":
      return size
    case "f":
    case "d":
      values.push(floatAt(data, at, size, little))
      return size
    case "c": {
      const length = size === 0 ? takeSize(state, values) : size
      if (length > data.length - at) throw state.badArgument(2, "data string too short")
      values.push(data.substr(at, length))
      return length
    }
    case "s": {
      const end = data.indexOf("\0", at)
      if (end < 0) throw state.raise("unfinished string in data")
      values.push(data.substring(at, end))
      return end + 1 - at
    }
    default:
      reader.control()
      return size
  }
}

const unpack = (state: LuaState): LuaFunction =>
  builtin(
    "unpack",
    function (format: LuaValue, data: LuaValue, offset: LuaValue): Results {
      const given = arguments.length
      const reader = new FormatReader(state, stringArgument(state, format, 1, given))
      const bytes = stringArgument(state, data, 2, given)
      const start = offset === undefined ? 1 : toInteger(numberArgument(state, offset, 3, given))
      if (start === 0) throw state.badArgument(3, "offset must be 1 or greater")
      let at = start - 1
      const values: LuaValue[] = []
      while (reader.next()) {
        at += reader.padding(at)
        // A negative offset is a huge unsigned one.
        if (at < 0 || reader.size > bytes.length - at) throw state.badArgument(2, "data string too short")
        if (values.length >= RESULTS_MAX) throw state.raise("stack overflow (too many results)")
        at += unpackValue(state, reader, bytes, at, values)
      }
      values.push(at + 1)
      return values
    },
    { cost: 100 },
  )

const size = (state: LuaState): LuaFunction =>
  builtin(
    "size",
    function (format: LuaValue): number {
      const reader = new FormatReader(state, stringArgument(state, format, 1, arguments.length))
      let total = 0
      while (reader.next()) {
        const { option } = reader
        total += reader.padding(total)
        if (option === "s") throw state.badArgument(1, "option 's' has no fixed size")
        if (option === "c" && reader.size === 0) throw state.badArgument(1, "option 'c0' has no fixed size")
        if (!isAlphanumeric(option)) reader.control()
        total += reader.size
      }
      return total
    },
    { cost: 50, returns: "number" },
  )

export const structLibrary = (state: LuaState): LuaTable => library([pack(state), unpack(state), size(state)])
