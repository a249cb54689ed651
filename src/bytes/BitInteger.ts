/**
 * Integers of 1 to 64 bits at any bit of a byte string, as BITFIELD reads and writes them: highest bit first, two's
 * complement when signed. Bit 0 is the highest bit of byte 0.
 *
 * A field is moved as two halves: `low` its last 32 bits, `high` those before, both unsigned. Fields of up to 32 bits,
 * and increments that are safe integers, are reckoned in numbers; anything else in BigInt, which is exact.
 *
 * Limits: unsigned fields have at most 63 bits, so that every value is a signed 64-bit integer.
 *
 * Worked example: u5 at bit 6 of the bytes 03 c0 (00000011 11000000) is 11110b = 30; i5 there is -2.
 */

export interface FieldType {
  readonly signed: boolean
  readonly bits: number
}

export const OVERFLOW_WRAP = 0
export const OVERFLOW_SAT = 1
export const OVERFLOW_FAIL = 2

/** The field read last, as two unsigned halves. */
export const field = { high: 0, low: 0 }

/** `count` bits (at most 32) from bit `at` of the string at byte `off` of `len` bytes; beyond its end there are zeros. */
const readBits = (bytes: Uint8Array, off: number, len: number, at: number, count: number): number => {
  let value = 0
  let bit = at
  let left = count
  while (left > 0) {
    const byte = Math.floor(bit / 8)
    const skip = bit & 7
    const take = Math.min(8 - skip, left)
    const octet = byte < len ? bytes[off + byte] : 0
    value = value * (1 << take) + ((octet >> (8 - skip - take)) & ((1 << take) - 1))
    bit += take
    left -= take
  }
  return value
}

const writeBits = (bytes: Uint8Array, off: number, at: number, count: number, value: number): void => {
  let bit = at
  let left = count
  while (left > 0) {
    const byte = off + Math.floor(bit / 8)
    const skip = bit & 7
    const take = Math.min(8 - skip, left)
    const shift = 8 - skip - take
    const mask = (1 << take) - 1
    left -= take
    const part = Math.floor(value / 2 ** left) & mask
    bytes[byte] = (bytes[byte] & ~(mask << shift)) | (part << shift)
    bit += take
  }
}

/** Reads the field of `bits` bits at bit `at` into `field`. */
export const readField = (bytes: Uint8Array, off: number, len: number, at: number, bits: number): void => {
  const highBits = Math.max(0, bits - 32)
  field.high = readBits(bytes, off, len, at, highBits)
  field.low = readBits(bytes, off, len, at + highBits, bits - highBits)
}

/** Writes halves as a field; its bytes must be there. */
export const writeField = (
  bytes: Uint8Array,
  off: number,
  at: number,
  bits: number,
  high: number,
  low: number,
): void => {
  const highBits = Math.max(0, bits - 32)
  writeBits(bytes, off, at, highBits, high)
  writeBits(bytes, off, at + highBits, bits - highBits, low)
}

/** `field` as a value of the type: a number up to 53 bits, else a BigInt. */
export const fieldValue = (type: FieldType): number | bigint => {
  const { bits, signed } = type
  if (bits <= 53) {
    const value = field.high * 4294967296 + field.low
    return signed && value >= 2 ** (bits - 1) ? value - 2 ** bits : value
  }
  const value = (BigInt(field.high) << 32n) | BigInt(field.low)
  return signed ? BigInt.asIntN(bits, value) : value
}

/** Splits a value, in range of its type, into `field`. */
export const splitValue = (value: number | bigint): void => {
  if (typeof value === "number") {
    field.high = Math.floor(value / 4294967296) >>> 0
    field.low = value >>> 0
    return
  }
  field.high = Number(BigInt.asUintN(32, value >> 32n))
  field.low = Number(BigInt.asUintN(32, value))
}

/** A value brought into the type's range as the overflow rule says; undefined when the rule is to fail. */
export const intoRange = (
  type: FieldType,
  value: number | bigint,
  overflow: number,
): number | bigint | undefined => {
  if (typeof value === "number" && type.bits <= 32) return numberIntoRange(type, value, overflow)
  const exact = BigInt(value)
  const { bits, signed } = type
  const max = (1n << BigInt(signed ? bits - 1 : bits)) - 1n
  const min = signed ? -max - 1n : 0n
  if (exact >= min && exact <= max) return exact
  if (overflow === OVERFLOW_FAIL) return undefined
  if (overflow === OVERFLOW_SAT) return exact > max ? max : min
  return signed ? BigInt.asIntN(bits, exact) : BigInt.asUintN(bits, exact)
}

const numberIntoRange = (type: FieldType, value: number, overflow: number): number | undefined => {
  const { bits, signed } = type
  const size = 2 ** bits
  const max = signed ? size / 2 - 1 : size - 1
  const min = signed ? -size / 2 : 0
  if (value >= min && value <= max) return value
  if (overflow === OVERFLOW_FAIL) return undefined
  if (overflow === OVERFLOW_SAT) return value > max ? max : min
  const rest = value % size
  const unsigned = rest < 0 ? rest + size : rest
  return unsigned > max ? unsigned - size : unsigned
}

/** a + b, exact: in numbers while the sum is safe. */
export const addExact = (a: number | bigint, b: number | bigint): number | bigint => {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b
    if (Number.isSafeInteger(sum)) return sum
  }
  return BigInt(a) + BigInt(b)
}
