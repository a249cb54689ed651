/** The errors of `redix/testing`. */

/** An error reply. */
export class ReplyError extends Error {
  override readonly name = "RedixReplyError"
  /** The first word of the reply: "ERR", "WRONGTYPE". */
  readonly code: string

  constructor(
    message: string,
    /** The command that was answered so, in lower case. */
    readonly command: string,
  ) {
    super(message)
    this.code = message.split(" ", 1)[0] ?? ""
  }
}

/** The server did not start: of its configuration, of an address that is taken, of a file that cannot be read. */
export class StartError extends Error {
  override readonly name = "RedixStartError"

  constructor(
    readonly reason: "config" | "listen" | "data",
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause })
  }
}

/** The connection, or the server, has ended before there was a reply. */
export class ClosedError extends Error {
  override readonly name = "RedixClosedError"
}

/** What was waited for has not come in time. */
export class NotReachedError extends Error {
  override readonly name = "RedixNotReachedError"
}
