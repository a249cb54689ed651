/** Writes commands as clients and masters send them: a RESP array of bulk strings. */

/** One argument; numbers and text are written as their decimal digits and UTF-8 bytes. */
export type CommandArgument = Uint8Array | string | number | bigint

const CRLF = Buffer.from("\r\n", "latin1")

/** A number as a word of a command. What the types rule out is a mistake of the caller's, and no word. */
export const digitsOf = (word: number | bigint): string => {
  if (typeof word !== "number" && typeof word !== "bigint")
    throw new TypeError(`${String(word)} is no word of a command: words are text, numbers and bytes`)
  return word === Infinity ? "inf" : word === -Infinity ? "-inf" : String(word)
}

/** Bytes of another realm, as a runner of tests has one for its browser, are no instances of this one's. */
const isBytes = (arg: unknown): arg is Uint8Array => arg instanceof Uint8Array || ArrayBuffer.isView(arg)

const encodeArgument = (arg: CommandArgument): Uint8Array => {
  if (typeof arg === "string") return Buffer.from(arg, "utf8")
  return isBytes(arg) ? arg : Buffer.from(digitsOf(arg), "latin1")
}

/** A command as a RESP array of bulk strings. */
export const encodeCommand = (args: ReadonlyArray<CommandArgument>): Buffer => {
  const parts: Array<Uint8Array> = [Buffer.from(`*${args.length}\r\n`, "latin1")]
  for (const arg of args) {
    const bytes = encodeArgument(arg)
    parts.push(Buffer.from(`$${bytes.length}\r\n`, "latin1"), bytes, CRLF)
  }
  return Buffer.concat(parts)
}
