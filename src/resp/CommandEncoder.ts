/** Writes commands as clients and masters send them: a RESP array of bulk strings. */

/** One argument; numbers and text are written as their decimal digits and UTF-8 bytes. */
export type CommandArgument = Uint8Array | string | number | bigint

const CRLF = Buffer.from("\r\n", "latin1")

const encodeArgument = (arg: CommandArgument): Uint8Array =>
  arg instanceof Uint8Array ? arg : Buffer.from(typeof arg === "string" ? arg : String(arg), "utf8")

/** A command as a RESP array of bulk strings. */
export const encodeCommand = (args: ReadonlyArray<CommandArgument>): Buffer => {
  const parts: Array<Uint8Array> = [Buffer.from(`*${args.length}\r\n`, "latin1")]
  for (const arg of args) {
    const bytes = encodeArgument(arg)
    parts.push(Buffer.from(`$${bytes.length}\r\n`, "latin1"), bytes, CRLF)
  }
  return Buffer.concat(parts)
}
