/** FUNCTION DUMP's payload: per library 0xf5 and its source as an RDB string, then version and CRC-64 as in DUMP. */
import { Crc64 } from "../../bytes/Crc64.js"
import { DUMP_FOOTER_BYTES, dumpFooterIsValid } from "../../rdb/decode/RdbDecoderDump.js"
import { NEED_MORE, RdbDecoderInput, Scratch } from "../../rdb/decode/RdbDecoderInput.js"
import { RdbOutput } from "../../rdb/encode/RdbOutput.js"
import { RDB_VERSION_WRITTEN } from "../../rdb/encode/RdbWriter.js"
import { CorruptValue } from "../../rdb/format/RdbErrors.js"
import { RdbSlice } from "../../rdb/format/RdbSink.js"
import { RdbOpcode } from "../../rdb/format/RdbTypes.js"
import * as Errors from "../../resp/Errors.js"

const CHUNK_BYTES = 64 * 1024

export const functionPayload = (codes: ReadonlyArray<Uint8Array>, compression: boolean): Uint8Array => {
  const parts: Array<Uint8Array> = []
  const keep = (full: Uint8Array, length: number): Uint8Array => {
    parts.push(full.slice(0, length))
    return full
  }
  const out = new RdbOutput(new Uint8Array(CHUNK_BYTES), keep, compression, false)
  for (const code of codes) {
    out.byte(RdbOpcode.Function)
    out.string(code, 0, code.length)
  }
  out.flushNow()
  const body = Buffer.concat(parts)
  const payload = new Uint8Array(body.length + DUMP_FOOTER_BYTES)
  payload.set(body, 0)
  payload[body.length] = RDB_VERSION_WRITTEN
  const crc = new Crc64()
  crc.update(payload, 0, body.length + 2)
  crc.write(payload, body.length + 2)
  return payload
}

/** The sources in a payload, or why it cannot be read. */
export const sourcesIn = (payload: Uint8Array): ReadonlyArray<string> | string => {
  if (!dumpFooterIsValid(payload)) return Errors.badDumpPayload
  const input = new RdbDecoderInput(payload.length, false)
  input.attach(payload)
  const codes: string[] = []
  const code = new RdbSlice()
  const scratch = new Scratch()
  let opcode = 0
  try {
    while (input.pos < payload.length - DUMP_FOOTER_BYTES) {
      opcode = input.byte()
      if (opcode === RdbOpcode.FunctionPreGa) return Errors.functionEngineUnread
      if (opcode !== RdbOpcode.Function) return Errors.functionNoFunction
      input.string(code, scratch)
      codes.push(Buffer.from(code.copy()).toString("latin1"))
    }
  } catch (thrown) {
    if (thrown === NEED_MORE || thrown instanceof CorruptValue) return Errors.functionUnread
    throw thrown
  }
  return codes
}
