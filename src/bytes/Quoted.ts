/** Bytes as a quoted line of text, in the way of MONITOR and redis-server's log. */
const ESCAPES: Readonly<Record<number, string>> = {
  7: "\\a",
  8: "\\b",
  9: "\\t",
  10: "\\n",
  13: "\\r",
  34: '\\"',
  92: "\\\\",
}

export const quoted = (bytes: Uint8Array): string => {
  let text = '"'
  for (const byte of bytes) {
    const escape = ESCAPES[byte]
    if (escape !== undefined) text += escape
    else if (byte >= 32 && byte < 127) text += String.fromCharCode(byte)
    else text += `\\x${byte.toString(16).padStart(2, "0")}`
  }
  return `${text}"`
}
