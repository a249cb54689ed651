/**
 * What the server remembers of one client. Plain data; the connection fiber owns it and ends with it.
 */
import * as Effect from "effect/Effect"
import type { RequestLimits } from "../resp/RequestParser.js"
import type { Command } from "./Command.js"

/** A command held back by MULTI: its arguments, copied out of the input into one buffer. */
export interface QueuedCommand {
  readonly command: Command
  readonly buf: Uint8Array
  readonly argOff: Int32Array
  readonly argLen: Int32Array
}

/** A key under WATCH, as it was when watched. */
export interface WatchedKey {
  readonly database: number
  /** Key bytes as latin1 text, the form in which the watch index knows it. */
  readonly key: string
}

export type SessionKind = "normal" | "pubsub" | "replica" | "master"

/** How the session's owner is reached from outside its own fiber. */
export interface SessionControl {
  /** Sends bytes that answer no request (pushes, messages), in order with everything else. */
  readonly push: (bytes: Uint8Array) => void
  /** Ends the connection after what is already written has gone out. */
  readonly close: () => void
  /** Bytes written and not yet taken by the peer. */
  readonly pendingBytes: () => number
  /** Waits until the peer has taken what was written, or is gone. */
  readonly drained: Effect.Effect<void>
  /** Whether the peer has fallen behind and writing should pause. */
  readonly congested: () => boolean
}

const detached: SessionControl = {
  push: () => {},
  close: () => {},
  pendingBytes: () => 0,
  drained: Effect.void,
  congested: () => false,
}

export class Session {
  name = ""
  user = "default"
  libName = ""
  libVersion = ""
  /** Selected database. */
  database = 0
  /** RESP version spoken: 2 until HELLO says otherwise. */
  resp: 2 | 3 = 2
  kind: SessionKind = "normal"
  authenticated = true
  /** MULTI: the queue, or undefined outside a transaction. */
  queue: Array<QueuedCommand> | undefined = undefined
  /** A queued command was refused: EXEC answers EXECABORT. */
  queueAborted = false
  watched: Array<WatchedKey> = []
  /** A watched key has changed: EXEC answers nil. */
  watchBroken = false
  /** Subscriptions, as latin1 text, in the order they were made. */
  readonly channels = new Set<string>()
  readonly patterns = new Set<string>()
  readonly shardChannels = new Set<string>()
  /** CLIENT REPLY: "off" answers nothing, "skip" drops the next reply. */
  replyMode: "on" | "off" | "skip" | "skipping" = "on"
  noEvict = false
  noTouch = false
  monitor = false
  readOnly = false
  /** Set while a blocking command waits. */
  blocked: { readonly unblock: (how: "timeout" | "error") => boolean } | undefined = undefined
  /** Close after the present reply. */
  closing = false
  /** Name of the last command, lower case, "|" before a subcommand. */
  lastCommand = "NULL"
  createdMs = 0
  lastActiveMs = 0
  inputBytes = 0
  outputBytes = 0
  commandsProcessed = 0
  /** Replication offset after this session's last write, for WAIT. */
  lastWriteOffset = 0
  /** Peer as Redis prints it: 127.0.0.1:50123, or /path:0 for a unix socket. */
  address = ""
  localAddress = ""
  fileDescriptor = -1
  control: SessionControl = detached
  readonly limits: RequestLimits & { maxBulkLength: number; authenticated: boolean } = {
    maxBulkLength: 512 * 1024 * 1024,
    authenticated: true,
  }

  constructor(readonly id: number) {}

  /** Whether dispatch must look closer at this session's commands. */
  get special(): boolean {
    return (
      !this.authenticated ||
      this.queue !== undefined ||
      this.kind !== "normal" ||
      this.channels.size + this.patterns.size > 0
    )
  }

  get subscriptions(): number {
    return this.channels.size + this.patterns.size
  }
}
