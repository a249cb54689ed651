/** HINCRBY and HINCRBYFLOAT. */
import { incrementByFloat, isInfiniteText, parseLongDouble } from "../../bytes/LongDouble.js"
import {
  fitsInt64,
  formatBigInt,
  formatInt,
  parseInt64,
  parseSafeInteger,
  writeAscii,
} from "../../bytes/Numbers.js"
import * as Errors from "../../resp/Errors.js"
import { entryType, TYPE_HASH } from "../../store/Entry.js"
import { command } from "../../engine/Command.js"
import type { Command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { keepHash, openHash } from "./hashSupport.js"
import { Event } from "../../engine/KeyEvents.js"
import * as spec from "../spec/hashes.js"

/** Text of the new value. The longest long double without an exponent has 4933 digits, sign, point and 17 decimals. */
const text = new Uint8Array(5120)
const ZERO_TEXT: Uint8Array = Uint8Array.of(0x30)

/** Sets the field in argument 2 to `text[0, len)`; `entry` is what the lookup of argument 1 answered. */
const setToText = (c: CommandContext, entry: number, len: number, event: string): void => {
  const hash = openHash(c, entry)
  const { hashMaxListpackEntries, hashMaxListpackValue } = c.settings
  hash.set(c.buf, c.argOff[2], c.argLen[2], text, 0, len, hashMaxListpackEntries, hashMaxListpackValue)
  keepHash(c, entry, hash)
  c.changed(1, Event.hash, event)
}

/** Reads the field in argument 2 of the entry's hash into the shared handle; false when it is not there. */
const findField = (c: CommandContext, entry: number): boolean =>
  entry !== 0 && c.keyspace.collections.hash.attachEntry(entry).find(c.buf, c.argOff[2], c.argLen[2])

const hincrby = (c: CommandContext): void => {
  const by = parseSafeInteger(c.buf, c.argOff[3], c.argLen[3])
  if (by !== by && c.int64(3) === undefined) return c.fail(Errors.notInteger)
  const entry = c.write(1)
  if (c.wrongType(entry, TYPE_HASH)) return
  const { hash } = c.keyspace.collections
  const exists = findField(c, entry)
  const old = exists ? parseSafeInteger(hash.src, hash.off, hash.len) : 0
  const sum = old + by
  if (Number.isSafeInteger(sum)) {
    setToText(c, entry, formatInt(text, 0, sum), "hincrby")
    return c.out.int(sum)
  }
  hincrbyLarge(c, entry, exists)
}

/** As hincrby, for numbers beyond 2^53. */
const hincrbyLarge = (c: CommandContext, entry: number, exists: boolean): void => {
  const { hash } = c.keyspace.collections
  const old = exists ? parseInt64(hash.src, hash.off, hash.len) : 0n
  if (old === undefined) return c.fail(Errors.hashNotInteger)
  const sum = old + (c.int64(3) ?? 0n)
  if (!fitsInt64(sum)) return c.fail(Errors.overflow)
  setToText(c, entry, formatBigInt(text, 0, sum), "hincrby")
  c.out.bigint(sum)
}

const refusals = {
  increment: Errors.notFloat,
  value: Errors.hashNotFloat,
  overflow: Errors.nanOrInfinityIncrement,
} as const

const hincrbyfloat = (c: CommandContext): void => {
  const { buf, argOff, argLen } = c
  if (isInfiniteText(buf, argOff[3], argLen[3])) return c.fail(Errors.nanOrInfinity)
  const entry = c.write(1)
  if (entry !== 0 && entryType(c.keyspace.arena, entry) !== TYPE_HASH) {
    const valid = parseLongDouble(buf, argOff[3], argLen[3]) !== undefined
    return c.fail(valid ? Errors.wrongType : Errors.notFloat)
  }
  const { hash } = c.keyspace.collections
  const result = findField(c, entry)
    ? incrementByFloat(hash.src, hash.off, hash.len, buf, argOff[3], argLen[3])
    : incrementByFloat(ZERO_TEXT, 0, 1, buf, argOff[3], argLen[3])
  if (!result.ok) return c.fail(refusals[result.reason])
  const len = writeAscii(text, 0, result.text)
  setToText(c, entry, len, "hincrbyfloat")
  if (c.replicating) c.propagation.instead(c.db.id, "HSET", c.bytes(1), c.bytes(2), text.subarray(0, len))
  c.out.bulk(text, 0, len)
}

export const hashNumberCommands: ReadonlyArray<Command> = [
  command(spec.HINCRBY, hincrby),
  command(spec.HINCRBYFLOAT, hincrbyfloat),
]
