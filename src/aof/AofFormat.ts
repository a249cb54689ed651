/**
 * Lines that begin with "#" between the commands of an append-only file; redis-server passes over them.
 *
 *     #TS:1700000000\r\n                                  what follows was written at this time, in Unix seconds
 *     #CRC:e9c6d914c4b8d9ca:9:0:bd1d\r\n123456789         opens a group
 *
 * A group is whole commands and whole transactions. Its line says their CRC-64, their length in bytes, how many bytes of
 * the file right before the line were not known to be on the disk when it was written, and the CRC-16 of the line up to
 * there. The line stands in front, so that a group is known to be whole before its first command is run. The third number
 * tells a tail torn by a power cut from damage in the middle: bytes that go bad before they were synced were promised to
 * nobody, however many whole groups follow them; a later group by which they had been synced says that something else
 * happened to them.
 *
 * A line has at most 127 bytes: redis-server reads no further.
 */
import { Crc64 } from "../bytes/Crc64.js"
import { crc16 } from "../bytes/Crc16.js"
import { latin1Text } from "../bytes/Latin1.js"

export interface GroupHead {
  /** 16 hexadecimal digits. */
  readonly crc: string
  readonly length: number
  readonly unsynced: number
  /** Bytes of the line itself. */
  readonly lineLength: number
}

const ascii = (text: string): Uint8Array => Buffer.from(text, "latin1")

const lineSum = (text: string): string => crc16(ascii(text), 0, text.length).toString(16).padStart(4, "0")

export const timestampLine = (seconds: number): Uint8Array => ascii(`#TS:${seconds}\r\n`)

/** The line before a group of `length` bytes with this checksum. */
const groupLine = (crc: Crc64, length: number, unsynced: number): Uint8Array => {
  const text = `#CRC:${crc.toHex()}:${length}:${unsynced}:`
  return ascii(`${text}${lineSum(text)}\r\n`)
}

/** A group with the line before it; so many bytes before that one are not known to be on the disk. */
export const checkedGroup = (bytes: Uint8Array, unsynced: number): Uint8Array => {
  const crc = new Crc64()
  crc.update(bytes, 0, bytes.length)
  return Buffer.concat([groupLine(crc, bytes.length, unsynced), bytes])
}

/** Begins a file of groups: a first one that is garbled is known to have been one. */
export const EMPTY_GROUP: Uint8Array = groupLine(new Crc64(), 0, 0)

const GROUP = /^(#CRC:([0-9a-f]{16}):(\d{1,15}):(\d{1,15}):)([0-9a-f]{4})\r\n$/
const TIMESTAMP = /^#TS:(\d{1,15})/

/** What a line of `bytes[from, to)`, its end included, says of a group; undefined when it is no such line, or a garbled one. */
export const readGroupLine = (bytes: Uint8Array, from: number, to: number): GroupHead | undefined => {
  const [, text = "", crc = "", length = "", unsynced = "", sum] =
    GROUP.exec(latin1Text(bytes, from, to)) ?? []
  return sum === undefined || lineSum(text) !== sum
    ? undefined
    : { crc, length: Number(length), unsynced: Number(unsynced), lineLength: to - from }
}

/** Whether a line means to open a group. */
export const opensGroup = (bytes: Uint8Array, from: number, to: number): boolean =>
  to - from >= 5 && latin1Text(bytes, from, from + 5) === "#CRC:"

/** The seconds of a line of the time, undefined for another line. */
export const readTimestampLine = (bytes: Uint8Array, from: number, to: number): number | undefined => {
  const seconds = TIMESTAMP.exec(latin1Text(bytes, from, Math.min(to, from + 32)))?.[1]
  return seconds === undefined ? undefined : Number(seconds)
}

/** Whether these bytes are those of the group. */
export const isGroupOf = (head: GroupHead, bytes: Uint8Array, off: number): boolean => {
  const crc = new Crc64()
  crc.update(bytes, off, head.length)
  return crc.toHex() === head.crc
}
