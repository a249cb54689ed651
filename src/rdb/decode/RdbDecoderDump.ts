/**
 * The payload of DUMP and RESTORE: one value without key or expiry.
 *
 *     value type | value, as in an RDB file | version u16 | CRC-64 of all before it
 *
 * both numbers little endian. Redis 7.0 takes versions up to its own, 10; here those of 7.2 and 7.4 (11, 12) are read too.
 * As in Redis, a checksum of zeros has no special meaning here, bytes between the value's end and the version are passed
 * over, and a value that says it is longer takes its end from the version and the checksum.
 *
 * Example: 00 05 68 65 6c 6c 6f | 0a 00 | 63 72 df 76 65 34 20 0a is the string "hello".
 */
import { Crc64 } from "../../bytes/Crc64.js"
import { damageOf } from "../RdbDamage.js"
import { NEED_MORE, RdbDecoderInput } from "./RdbDecoderInput.js"
import { RdbDecoderValues } from "./RdbDecoderValues.js"
import { CorruptValue, corrupt } from "../format/RdbErrors.js"
import type { RdbSink } from "../format/RdbSink.js"
import { RDB_VERSION_MAX, isRdbValueType, rdbTypeName } from "../format/RdbTypes.js"

/** Bytes of version and checksum. */
export const DUMP_FOOTER_BYTES = 10

/**
 * `footer`: too short, too new a version or a wrong checksum ("DUMP payload version or checksum are wrong"); `format`:
 * the value itself is invalid, empty or cannot be represented ("Bad data format"), and `reason` says why,
 * `damage` in redis-server's words, where it has some.
 */
type DumpOutcome =
  | { readonly kind: "ok" }
  | { readonly kind: "footer" }
  | { readonly kind: "format"; readonly reason: string; readonly damage?: string | undefined }

const ok: DumpOutcome = { kind: "ok" }
const footer: DumpOutcome = { kind: "footer" }

/** Whether the last ten bytes of a payload are good: a known version and the right checksum. */
export const dumpFooterIsValid = (payload: Uint8Array, checksum = true): boolean => {
  const at = payload.length - DUMP_FOOTER_BYTES
  if (at < 0 || (payload[at] | (payload[at + 1] << 8)) > RDB_VERSION_MAX) return false
  if (!checksum) return true
  const crc = new Crc64()
  crc.update(payload, 0, at + 2)
  return crc.equals(payload, at + 2)
}

/**
 * Decodes a payload into a sink, which gets the calls of one value under `key`. Where the outcome is `format`, the sink
 * may have been told a part of the value: collection element by element is decoded as it is read.
 */
export const decodeDumpPayload = (
  payload: Uint8Array,
  key: Uint8Array,
  sink: RdbSink,
  options: { readonly sanitize: boolean; /** Default true. */ readonly checksum?: boolean },
): DumpOutcome => {
  if (!dumpFooterIsValid(payload, options.checksum)) return footer
  const input = new RdbDecoderInput(payload.length, false)
  const values = new RdbDecoderValues(input, sink, options.sanitize, false)
  input.attach(payload)
  try {
    const type = input.byte()
    if (!isRdbValueType(type)) corrupt(rdbTypeName(type))
    values.beginWithKey(type, key)
    if (values.active) values.resume()
  } catch (thrown) {
    if (thrown instanceof CorruptValue)
      return { kind: "format", reason: thrown.reason, damage: damageOf(values.typeRead, thrown) }
    if (thrown === NEED_MORE) return { kind: "format", reason: "value is cut short" }
    throw thrown
  }
  return values.wasEmpty ? { kind: "format", reason: "value has no elements" } : ok
}
