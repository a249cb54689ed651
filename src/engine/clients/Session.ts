/**
 * What the server remembers of one client. Plain data; the connection fiber owns it and ends with it.
 */
import type * as Effect from "effect/Effect"
import type { ClientTracking } from "../tracking/ClientTracking.js"
import type { Rights } from "../acl/Rights.js"
import { superuser, type User } from "../acl/User.js"
import type { RequestLimits, RequestView } from "../../resp/RequestParser.js"

/** A command held back by MULTI: its arguments, copied out of the input into one buffer. */
export interface QueuedCommand {
  /** Its id in the command table. */
  readonly id: number
  readonly buf: Uint8Array
  readonly argOff: Int32Array
  readonly argLen: Int32Array
}

/** A command that has run and waits for its reply. */
export interface HeldCommand {
  readonly queued: QueuedCommand
  /** When it began, on the fine clock, and how long it ran before it waited. */
  readonly startMs: number
  readonly ranMs: number
  /** It waits for other clients: the wait is none of its own time. */
  readonly blocks: boolean
}

/** What CLIENT REPLY has said: nothing is answered, or this reply is dropped, or the next one. */
export const ReplyBit = { off: 1, skip: 2, skipNext: 4 } as const

/** A key under WATCH, as it was when watched. */
export interface WatchedKey {
  readonly database: number
  /** Key bytes as latin1 text, the form in which the watch index knows it. */
  readonly key: string
  /** Its time had passed already, though it was not deleted yet: its deletion is then no change. */
  expired: boolean
}

/** What a link is for. Whether a normal one counts as a Pub/Sub client follows from its subscriptions. */
type SessionKind = "normal" | "replica" | "master"

/** How the session's owner is reached from outside its own fiber. */
interface SessionControl {
  /** Sends bytes that answer no request (pushes, messages), in order with everything else. */
  readonly push: (bytes: Uint8Array) => void
  /** Ends the connection after what is already written has gone out. */
  readonly close: () => void
  /** Ends the connection now and forgets the session; what is still to be sent is lost. */
  readonly kill: () => void
  /** Bytes written and not yet taken by the peer. */
  readonly pendingBytes: () => number
  /** Anything is still to be taken by the peer, with what this turn and the batch in progress have answered. */
  readonly hasUnsent: () => boolean
  /** Replies and messages that wait to be handed to the transport. */
  readonly pendingCount: () => number
  /** Bytes received and not yet run; `running` counts the command in progress, too. */
  readonly queryBytes: (running: boolean) => number
  /** Bytes of the command that runs or waits, 0 without one. */
  readonly presentBytes: () => number
  /** `limits` have changed, which may be in the middle of a batch. */
  readonly limitsChanged: () => void
  /** Bytes of the arguments of the command in progress, 0 without one. */
  readonly argumentBytes: () => number
  /** Waits until the peer has taken what was written, or is gone; undefined where nobody takes anything. */
  readonly drained: Effect.Effect<void> | undefined
  /** Whether the peer has fallen behind and writing should pause. */
  readonly congested: () => boolean
}

/** The control of a session that no connection serves. */
export const detached: SessionControl = {
  push: () => {},
  close: () => {},
  kill: () => {},
  pendingBytes: () => 0,
  hasUnsent: () => false,
  pendingCount: () => 0,
  queryBytes: () => 0,
  presentBytes: () => 0,
  limitsChanged: () => {},
  argumentBytes: () => 0,
  drained: undefined,
  congested: () => false,
}

/** What a name in one of the session's sets takes besides its characters, and a queued command besides its arguments. */
const PLACE_BYTES = 100
const QUEUED_BYTES = 200

/** Bytes that a subscription to a name, or a watch on it, takes. */
export const nameCost = (name: string): number => PLACE_BYTES + name.length

/** Bytes that a queued command takes. */
export const queuedCost = ({ buf, argOff }: QueuedCommand): number =>
  QUEUED_BYTES + buf.length + argOff.length * 8

/** The session's command has begun, or is held back, and its reply is to come. */
export const isWaiting = (session: Session): boolean => session.blocked !== undefined || session.postponed

/** The command with this id, of which the arguments are lent. */
export const queuedCopy = (
  id: number,
  { argc, argOff, argLen, buf }: Pick<RequestView, "argc" | "argOff" | "argLen" | "buf">,
): QueuedCommand => {
  let bytes = 0
  for (let i = 0; i < argc; i++) bytes += argLen[i]
  const copy = {
    id,
    buf: new Uint8Array(bytes),
    argOff: new Int32Array(argc),
    argLen: Int32Array.from(argLen.subarray(0, argc)),
  }
  for (let i = 0, at = 0; i < argc; at += argLen[i++]) {
    copy.argOff[i] = at
    copy.buf.set(buf.subarray(argOff[i], argOff[i] + argLen[i]), at)
  }
  return copy
}

/** A client that waits. */
interface BlockedState {
  readonly unblock: (how: "timeout" | "error") => boolean
  /** The wait ends by itself. */
  readonly timed: boolean
}

export class Session {
  name = ""
  /** Whose commands it runs. */
  user: User = superuser
  libName = ""
  libVersion = ""
  /** Selected database. */
  database = 0
  /** RESP version spoken: 2 until HELLO says otherwise. */
  resp: 2 | 3 = 2
  kind: SessionKind = "normal"
  authenticated = true
  /** The commands it may run whatever their arguments are: the user's. */
  rights: Rights = superuser.rights
  /** MULTI: the queue, or undefined outside a transaction. */
  queue: Array<QueuedCommand> | undefined = undefined
  /** A queued command was refused: EXEC answers EXECABORT. */
  queueAborted = false
  /** Bits of all queued commands together, and those that every one of them has. */
  queueBits = 0
  queueShared = -1
  /** Bytes that the queued commands take. */
  queuedBytes = 0
  /** Bytes that the names of subscriptions, watched keys and tracked prefixes take. */
  nameBytes = 0
  watched: Array<WatchedKey> = []
  /** A watched key has changed: EXEC answers nil. */
  watchBroken = false
  /** Subscriptions, as latin1 text, in the order they were made. */
  readonly channels = new Set<string>()
  readonly patterns = new Set<string>()
  readonly shardChannels = new Set<string>()
  /** Once it has asked for CLIENT TRACKING. */
  tracking: ClientTracking | undefined = undefined
  /** CLIENT REPLY: the bits of ReplyBit. */
  replies = 0
  noEvict = false
  noTouch = false
  monitor = false
  readOnly = false
  /** The command whose reply is to come, and what is known of it, until it is counted. */
  held: HeldCommand | undefined = undefined
  /** Set while a blocking command waits. */
  blocked: BlockedState | undefined = undefined
  /** What a command would have answered whose wait was interrupted when it had been served: nobody has had it. */
  untaken: Uint8Array | undefined = undefined
  /** The command just parsed waits for the end of CLIENT PAUSE. */
  postponed = false
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
  /** Its replies stand for what was logged before this position, which must be safe before they leave. */
  heldUntil = 0
  /** The client waited (WAIT) for its last write, so it may well wait for the next. */
  awaitsWrites = false
  /** Since when the output has been beyond its soft limit, in Unix milliseconds; 0 = it is not. */
  overSoftLimitMs = 0
  /** Peer as Redis prints it: 127.0.0.1:50123, or /path:0 for a unix socket. */
  address = ""
  localAddress = ""
  /** It is the app's own, in this process: trusted, and never cut off for being idle. */
  inProcess = false
  fileDescriptor = -1
  control: SessionControl = detached
  readonly limits: RequestLimits & { maxBulkLength: number; authenticated: boolean } = {
    maxBulkLength: 512 * 1024 * 1024,
    authenticated: true,
  }

  constructor(readonly id: number) {}

  /** From now on its commands are the user's. */
  actAs(user: User): void {
    this.user = user
    this.rights = user.rights
  }

  /** Replies are dropped. */
  get muted(): boolean {
    return (this.replies & (ReplyBit.off | ReplyBit.skip)) !== 0
  }

  /** A command of the client has ended: CLIENT REPLY SKIP reaches no further than the next. */
  endReply(): void {
    const next = (this.replies & ReplyBit.skipNext) === 0 ? 0 : ReplyBit.skip
    this.replies = (this.replies & ReplyBit.off) | next
  }

  /** Whether dispatch must look closer at this session's commands. */
  get special(): boolean {
    return (
      !this.authenticated ||
      this.queue !== undefined ||
      this.kind !== "normal" ||
      this.monitor ||
      this.channels.size + this.patterns.size + this.shardChannels.size > 0
    )
  }

  /** Channels and patterns, as (P)SUBSCRIBE counts them. */
  get subscriptions(): number {
    return this.channels.size + this.patterns.size
  }

  /** Whether the client is one of Pub/Sub. */
  get subscribed(): boolean {
    return this.subscriptions + this.shardChannels.size > 0
  }

  /** Ends a transaction without running it. The watches are the caller's to take off. */
  dropQueue(): void {
    this.queue = undefined
    this.queueAborted = false
    this.queueBits = 0
    this.queueShared = -1
    this.queuedBytes = 0
  }
}
