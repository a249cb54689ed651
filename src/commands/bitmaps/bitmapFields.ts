/** BITFIELD and BITFIELD_RO: integers of any width inside a string. */
import {
  addExact,
  field,
  fieldValue,
  intoRange,
  OVERFLOW_FAIL,
  OVERFLOW_SAT,
  OVERFLOW_WRAP,
  readField,
  splitValue,
  writeField,
} from "../../bytes/BitInteger.js"
import type { FieldType } from "../../bytes/BitInteger.js"
import type { Ref } from "../../memory/Arena.js"
import * as Errors from "../../resp/Errors.js"
import { stringChunk, stringLength, stringOffset, TYPE_STRING } from "../../store/Entry.js"
import { readBitOffset } from "./bitmapArguments.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import * as spec from "../spec/bitmap.js"
import { Event } from "../../engine/KeyEvents.js"

const TWO_63 = 1n << 63n

interface Operation {
  readonly kind: "get" | "set" | "incrby"
  readonly type: FieldType
  readonly at: number
  readonly overflow: number
  readonly value: number | bigint
}

/** Types already met: there are 127 of them. */
const types = new Map<string, FieldType>()

/** The field type an argument names: i1 to i64, u1 to u63. */
const readType = (c: CommandContext, i: number): FieldType | undefined => {
  const text = c.argLen[i] <= 3 ? c.text(i) : ""
  const known = types.get(text)
  if (known !== undefined) return known
  const bits = /^[iu][1-9][0-9]?$/.test(text) ? Number(text.slice(1)) : 0
  const signed = text.startsWith("i")
  if (bits < 1 || bits > (signed ? 64 : 63)) {
    c.fail(Errors.bitfieldType)
    return undefined
  }
  const type = { signed, bits }
  types.set(text, type)
  return type
}

const declared = options(spec.BITFIELD)
const [GET, SET, INCRBY, OVERFLOW] = declared.bits("GET", "SET", "INCRBY", "OVERFLOW")
const overflows = declared.choice("wrap_sat_fail")
const [WRAP, SAT] = overflows.bits("WRAP", "SAT")

const readOverflow = (c: CommandContext, i: number): number => {
  const found = overflows.at(c, i)
  if (found !== 0) return found === WRAP ? OVERFLOW_WRAP : found === SAT ? OVERFLOW_SAT : OVERFLOW_FAIL
  c.fail(Errors.bitfieldOverflow)
  return -1
}

const kindOf = (option: number): Operation["kind"] | undefined => {
  if (option === GET) return "get"
  if (option === SET) return "set"
  return option === INCRBY ? "incrby" : undefined
}

/** The value of SET or INCRBY, exact. */
const readValue = (c: CommandContext, i: number): number | bigint | undefined => {
  const n = c.integer(i)
  const value = Number.isSafeInteger(n) ? n : c.int64(i)
  if (value === undefined) c.fail(Errors.notInteger)
  return value
}

/** All the operations, or undefined after an error reply: none is done unless all are well formed. */
const readOperations = (c: CommandContext): Array<Operation> | undefined => {
  const operations: Array<Operation> = []
  let overflow = OVERFLOW_WRAP
  for (let i = 2, option = 0; i < c.argc; i += declared.words(option)) {
    option = declared.at(c, i)
    if (option === OVERFLOW) {
      overflow = readOverflow(c, i + 1)
      if (overflow < 0) return undefined
      continue
    }
    const kind = kindOf(option)
    if (kind === undefined) {
      c.fail(Errors.syntax)
      return undefined
    }
    const type = readType(c, i + 1)
    if (type === undefined) return undefined
    const at = readBitOffset(c, i + 2, type.bits)
    if (at < 0) return undefined
    const value = kind === "get" ? 0 : readValue(c, i + 3)
    if (value === undefined) return undefined
    operations.push({ kind, type, at, overflow, value })
  }
  return operations
}

export const bitfield = (c: CommandContext): void => {
  const operations = readOperations(c)
  if (operations === undefined) return
  let bytes = 0
  for (const op of operations) {
    if (op.kind !== "get") bytes = Math.max(bytes, Math.floor((op.at + op.type.bits - 1) / 8) + 1)
  }
  if (bytes === 0) return readAll(c, operations)
  const existing = c.write(1)
  if (c.wrongType(existing, TYPE_STRING)) return
  const length = existing === 0 ? 0 : stringLength(c.keyspace.arena, existing)
  const ref =
    existing === 0
      ? c.db.putZeros(c.buf, c.argOff[1], c.argLen[1], bytes)
      : c.db.resizeString(existing, Math.max(bytes, length))
  if (existing === 0) c.notify(1, Event.new, "new")
  c.out.array(operations.length)
  let changes = 0
  for (const op of operations) if (perform(c, ref, op, bytes > length)) changes++
  // A string that only grew is no change to redis-server; replicas are to have it all the same.
  if (bytes > length) c.propagation.uncounted()
  if (changes === 0) return
  c.changed(1, Event.string, "setbit")
  c.keyspace.dirty += changes - 1
}

export const bitfieldRo = (c: CommandContext): void => {
  const operations = readOperations(c)
  if (operations === undefined) return
  if (operations.some((op) => op.kind !== "get")) return c.fail(Errors.bitfieldReadOnly)
  readAll(c, operations)
}

const readAll = (c: CommandContext, operations: ReadonlyArray<Operation>): void => {
  const ref = c.read(1)
  if (c.wrongType(ref, TYPE_STRING)) return
  c.out.array(operations.length)
  for (const op of operations) {
    if (ref === 0) c.out.zero()
    else reply(c, fetch(c, ref, op))
  }
}

const reply = (c: CommandContext, value: number | bigint): void => {
  if (typeof value === "number") c.out.int(value)
  else c.out.bigint(value)
}

const fetch = (c: CommandContext, ref: Ref, op: Operation): number | bigint => {
  const a = c.keyspace.arena
  readField(stringChunk(a, ref), stringOffset(a, ref), stringLength(a, ref), op.at, op.type.bits)
  return fieldValue(op.type)
}

/**
 * Does one operation on a string that is long enough for its writes, and answers it. True when it counts as a change: it
 * wrote another value, or any value into a string that `grew` for this command.
 */
const perform = (c: CommandContext, ref: Ref, op: Operation, grew: boolean): boolean => {
  const before = fetch(c, ref, op)
  if (op.kind === "get") {
    reply(c, before)
    return false
  }
  const wanted = op.kind === "set" ? wantedBySet(op) : addExact(before, op.value)
  const after = intoRange(op.type, wanted, op.overflow)
  if (after === undefined) {
    c.out.nil()
    return false
  }
  const a = c.keyspace.arena
  splitValue(after)
  writeField(stringChunk(a, ref), stringOffset(a, ref), op.at, op.type.bits, field.high, field.low)
  reply(c, op.kind === "set" ? before : after)
  return grew || BigInt(after) !== BigInt(before)
}

/**
 * The value that SET brings into its field's range. Redis reckons the distance to the range's ends in 64 bits, which shows
 * in two places: an unsigned field takes a negative value as its two's complement, thus as too great; and a signed field
 * that saturates takes one whose distance to the maximum is 2^63 or more as too great, not as too small.
 */
const wantedBySet = (op: Operation): number | bigint => {
  const { type, value } = op
  if (value >= 0) return value
  if (!type.signed) return BigInt.asUintN(64, BigInt(value))
  if (op.overflow !== OVERFLOW_SAT || type.bits === 64 || typeof value === "number") return value
  const end = 1n << BigInt(type.bits - 1)
  return end - 1n - value >= TWO_63 ? end : value
}
