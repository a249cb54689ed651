/** The errors of `redix/testing`. Those of the same name from `redix/client`, tagged there, are instances of them, too. */
import { declareKind, ErrorKind, isOfKind } from "../resp/ErrorKind.js"

/** An error reply; those of `redix/client` (`ReplyError`, `WrongTypeError`) are instances, too. */
export class ReplyError extends Error {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isOfKind(ErrorKind.reply, value)
  }

  override readonly name: string = "RedixReplyError"
  /** The first word of the reply: "ERR", "WRONGTYPE". */
  readonly code: string

  /** An error reply as a server would have sent it, without "-". */
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

  /** Why a server did not start. */
  constructor(
    /** What it is about: a directive, the address, or the data to begin with. */
    readonly reason: "config" | "listen" | "data",
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause })
  }
}

/** Bytes that are no RDB file this server reads: damaged, or of a version that is too new. Nothing was changed. */
export class DataError extends Error {
  override readonly name = "RedixDataError"

  /** What is wrong with the bytes, and where. */
  constructor(
    message: string,
    /** Where it was found out, in bytes from the beginning. */
    readonly offset: number,
    cause?: unknown,
  ) {
    super(message, { cause })
  }
}

/** The connection, or the server, has ended before there was a reply; `redix/client`'s is an instance, too. */
export class ClosedError extends Error {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isOfKind(ErrorKind.closed, value)
  }

  override readonly name: string = "RedixClosedError"
}

/** What was waited for has not come in time. */
export class NotReachedError extends Error {
  override readonly name = "RedixNotReachedError"
}

declareKind(ErrorKind.reply, ReplyError)
declareKind(ErrorKind.closed, ClosedError)
