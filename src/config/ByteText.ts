/**
 * Settings are bytes: a password may be any, and redis.conf says nothing of an encoding. Inside this folder, and in what
 * CONFIG GET and SET take and give, a text is a *byte text*: a string whose characters, U+0000 to U+00FF, are bytes. What
 * people and the operating system name in text (paths, hosts) is decoded where a kind makes the typed value.
 *
 * Worked example: the line `requirepass "\xff\xc3\xa9"` is the byte text "\xff\xc3\xa9"; `dir /caf\xc3\xa9` is shown as
 * these bytes, and its value is the path "/café".
 */
import { isUtf8 } from "node:buffer"
import { latin1Text } from "../bytes/Latin1.js"

const NOT_ASCII = /[^\0-\x7f]/

/** Text, as UTF-8, or bytes themselves. */
export const toByteText = (given: string | Uint8Array): string => {
  // Letters of ASCII are their own bytes.
  if (typeof given === "string")
    return NOT_ASCII.test(given) ? Buffer.from(given, "utf8").toString("latin1") : given
  return latin1Text(given, 0, given.length)
}

export const fromByteText = (bytes: string): string => Buffer.from(bytes, "latin1").toString("utf8")

/** As part of a URL: percent-encoded, byte by byte. */
export const urlPart = (bytes: string): string =>
  bytes.replace(/[^\w.~-]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`)

/** Whether the bytes are UTF-8, so that decoding loses nothing. */
export const isByteTextUtf8 = (bytes: string): boolean => isUtf8(Buffer.from(bytes, "latin1"))

/** Without the blanks around a line of a file: Redis's, not Unicode's, whose no-break space is a byte of many letters. */
export const trimLine = (line: string): string => line.replace(/^[ \t\r\n]+/, "").replace(/[ \t\r\n]+$/, "")

/** In lower case as Redis sees it: letters of ASCII only. */
export const lowerAscii = (text: string): string =>
  text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
