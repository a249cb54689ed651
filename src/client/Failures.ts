/** What can go wrong with a command of a client in this process. Each is an Error, and a tagged one. */
import * as Data from "effect/Data"
import { declareKind, ErrorKind } from "../resp/ErrorKind.js"

/** The key holds another type of value. */
export class WrongTypeError extends Data.TaggedError("WrongTypeError")<{
  /** The command, in lower case. */
  readonly command: string
  /** What the server answered. */
  readonly message: string
}> {
  /** First word of what the server answered. */
  readonly code = "WRONGTYPE"
}

/** The command answered an error. */
export class ReplyError extends Data.TaggedError("ReplyError")<{
  /** The command, in lower case. */
  readonly command: string
  /** First word of what the server answered: "ERR", "NOSCRIPT", "OOM", ... */
  readonly code: string
  /** What the server answered. */
  readonly message: string
}> {}

/** A value is not what its schema says. */
export class ValueError extends Data.TaggedError("ValueError")<{
  /** The key whose value it is. */
  readonly key: string
  /** A SchemaError. */
  readonly cause: unknown
}> {
  override get message(): string {
    return `the value of ${this.key} is not what its schema says: ${String(this.cause)}`
  }
}

/** The session has ended: its scope is closed, somebody has killed it, or the server has been shut down. */
export class ClosedError extends Data.TaggedError("ClosedError")<{
  /** The command, in lower case; empty where a stream has ended. */
  readonly command: string
}> {
  override get message(): string {
    return `${this.command === "" ? "messages" : this.command}: the session is closed`
  }
}

declareKind(ErrorKind.reply, WrongTypeError)
declareKind(ErrorKind.reply, ReplyError)
declareKind(ErrorKind.closed, ClosedError)

const REASONS = {
  reentrant: "a command is running: call it when that has returned, or use the Effect",
  waits: "it has to wait: use the Effect",
  session: "it changes its session, which all share here: open one with `session`",
  link: "it turns a connection into a link of replication: use a connection",
} as const

/** The client does not run the command this way. */
export class RefusedError extends Data.TaggedError("RefusedError")<{
  /** The command, in lower case. */
  readonly command: string
  /** Why: the message says it in words. */
  readonly reason: keyof typeof REASONS
}> {
  override get message(): string {
    return `${this.command}: ${REASONS[this.reason]}`
  }
}

/** An error reply. */
export type ReplyFailure = ReplyError | WrongTypeError

/** How a command fails. */
export type Failure = ReplyFailure | ClosedError

/** The failure that an error reply is, given without "-". */
export const replyFailure = (command: string, message: string): ReplyFailure => {
  const space = message.indexOf(" ")
  const code = space < 0 ? message : message.slice(0, space)
  return code === "WRONGTYPE"
    ? new WrongTypeError({ command, message })
    : new ReplyError({ command, code, message })
}

export const isReplyFailure = (value: unknown): value is ReplyFailure =>
  value instanceof ReplyError || value instanceof WrongTypeError
