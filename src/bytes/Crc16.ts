/**
 * CRC-16/XMODEM (polynomial 1021, initial value 0, bits from the high end) and the cluster hash slot made from it.
 *
 * A key's slot is the CRC of the key modulo 16384. If the key holds "{...}" with at least one byte between its first
 * "{" and the next "}", only those bytes count, so that a client can place keys together.
 *
 * Worked example: "123456789" has the CRC 31c3; "{user1000}.following" and "user1000" share slot 3443.
 */

const table = new Uint16Array(256)
for (let byte = 0; byte < 256; byte++) {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) !== 0 ? (crc << 1) ^ 0x1021 : crc << 1
  table[byte] = crc
}

/** Slots of a cluster. */
export const SLOTS = 16384

const OPEN = 0x7b
const CLOSE = 0x7d

/** The CRC of `buf[off, off + len)`. */
export const crc16 = (buf: Uint8Array, off: number, len: number): number => {
  let crc = 0
  for (let i = off; i < off + len; i++) crc = ((crc << 8) & 0xffff) ^ table[(crc >> 8) ^ buf[i]]
  return crc
}

/** The hash slot, 0 to 16383, of the key `buf[off, off + len)` (Redis: CLUSTER KEYSLOT). */
export const keySlot = (buf: Uint8Array, off: number, len: number): number => {
  const end = off + len
  let open = off
  while (open < end && buf[open] !== OPEN) open++
  let close = open + 1
  while (close < end && buf[close] !== CLOSE) close++
  if (close < end && close > open + 1) return crc16(buf, open + 1, close - open - 1) & (SLOTS - 1)
  return crc16(buf, off, len) & (SLOTS - 1)
}
