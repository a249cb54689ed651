/** DUMP payloads made by tests. */
import { Crc64 } from "../../src/bytes/Crc64.js"

/** A payload with the footer of version 10 that its bytes deserve. */
export const sealed = (value: Uint8Array): Buffer => {
  const payload = Buffer.concat([value, Buffer.from([10, 0]), Buffer.alloc(8)])
  const crc = new Crc64()
  crc.update(payload, 0, value.length + 2)
  crc.write(payload, value.length + 2)
  return payload
}
