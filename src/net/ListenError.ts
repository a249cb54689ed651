import * as Data from "effect/Data"

/** An address could not be listened on: a port in use, no permission, an unreadable certificate. */
export class ListenError extends Data.TaggedError("ListenError")<{
  /** host:port, or the path of a unix socket or certificate. */
  readonly address: string
  readonly reason: string
}> {
  override get message(): string {
    return `Could not listen on ${this.address}: ${this.reason}`
  }
}
