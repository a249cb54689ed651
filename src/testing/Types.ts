/** What `redix/testing` shows: plain values and Promises, nothing of what the server is built on. */
import type { Duplex } from "node:stream"
import type { Overrides } from "../config/index.js"

/** A word of a command. */
export type Word = string | number | bigint | Uint8Array

/** A reply in JavaScript's own values. Error replies inside others (of EXEC) are `ReplyError`s. */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | null
  | Error
  | ReadonlyArray<Value>
  | ReadonlyMap<Value, Value>

// The build writes each of them out, with its comment and in types of JavaScript alone.
/** Directives of redis.conf by name: `{ maxmemory: "10mb", save: "" }`. Lists are the words of a line. */
export type Directives = Overrides

/** A line of a server's log. */
export interface LogLine {
  /** As redis.conf names levels. */
  readonly level: "debug" | "verbose" | "notice" | "warning"
  /** What it says, without process, role and time. */
  readonly text: string
  /** Unix milliseconds of the server's time. */
  readonly at: number
}

/** How a server is started. */
export interface Options {
  /** Directives of redis.conf. Without `dir` no file is read or written. */
  readonly config?: Directives
  /** Default "memory": no port at all. `true` is a free port of the loopback interface, a number that port, a path a unix socket. */
  readonly listen?: "memory" | boolean | number | { readonly path: string }
  /** "real" (default): the system's time, plus what it was advanced by. "manual": stands still until it is advanced. */
  readonly clock?: "real" | "manual"
  /** The server's time at the start; default: the system's. */
  readonly now?: number | Date
  /** Same seed, same RANDOMKEY, SPOP, run id. */
  readonly seed?: string | number
  /** An RDB file, or its bytes, to begin with. */
  readonly data?: string | URL | Uint8Array
  /** Gets each line of the log. Default: silent, but for directives that have no effect (`console.warn`). */
  readonly log?: false | ((line: LogLine) => void)
  /** Whether an idle server keeps the process alive; default false. */
  readonly ref?: boolean
}

/** Which commands are meant; all conditions that are given must hold. */
export interface Match {
  /**
   * Names of commands, in any case: "get", or "config set" for one of a container's. One that Redis does not have is refused;
   * a pattern also means what the server does not know.
   */
  readonly command?: string | ReadonlyArray<string> | RegExp
  /** One of the command's keys. */
  readonly key?: string | RegExp
  /** CLIENT SETNAME of the connection. */
  readonly client?: string
  /** Lets so many pass first; default 0. */
  readonly after?: number
  /** Then does it so often; default: always. */
  readonly times?: number
  /** How likely it is, drawn from the server's own randomness; default 1. */
  readonly probability?: number
}

/** A command as a client sent it. */
export interface Call {
  /** In lower case, "config set" for one of a container's. */
  readonly command: string
  /** The words behind the command, as text. */
  readonly args: ReadonlyArray<string>
  /** The number of the database it ran in. */
  readonly database: number
  /** CLIENT ID of the connection. */
  readonly client: number
  /** CLIENT SETNAME of the connection; "" without one. */
  readonly name: string
  /** Unix milliseconds of the server's time. */
  readonly at: number
  /** The error that was answered. */
  readonly error: string | undefined
}

/** A rule that is in force until it is removed, or disposed. */
export interface Fault extends Disposable {
  /** Commands it met. */
  readonly hits: number
  /** The nth command it met, 1 = the first; waits for it. */
  readonly met: (n?: number) => Promise<Call>
  /** Ends the rule; what hangs for it goes on hanging. */
  readonly remove: () => void
}

/** What may be made to go wrong, with the commands that match. */
export interface Faults {
  /** An error in the command's place: "READONLY You can't write against a read only replica." */
  readonly error: (match: Match, reply: string) => Fault
  /** The command runs so much later, by the system's time or the server's (`advance`). */
  readonly delay: (match: Match, ms: number, on?: "system" | "server") => Fault
  /** Never answers; the connection stays open. */
  readonly hang: (match: Match) => Fault
  /** The connection is lost: before the command ran, after it ran but before its reply, or so many bytes into its reply. */
  readonly drop: (match: Match, when: "before" | "after" | { readonly bytes: number }) => Fault
  /** A reply in the command's place. Not for commands that a transaction queues. */
  readonly reply: (match: Match, value: Value | ((call: Call) => Value)) => Fault
  /** The reply trickles. */
  readonly slow: (match: Match, bytesPerSecond: number) => Fault
  /** Removes all rules. */
  readonly clear: () => void
}

/** Commands that were noted, until it is disposed. */
export interface Recording extends Disposable {
  /** What has been noted so far, in the order of the calls. */
  readonly calls: ReadonlyArray<Call>
  /** Those of one command, named as `Match` does. */
  readonly of: (command: string) => ReadonlyArray<Call>
  /** Forgets what has been noted, and goes on noting. */
  readonly clear: () => void
}

/** What can be waited for; all that is given must be so. */
export interface Awaited {
  /** Clients connected, at least. */
  readonly clients?: number
  /** Clients that wait in a blocking command, at least; 0 = nobody. */
  readonly blocked?: number
  /** A channel that somebody has subscribed to. */
  readonly subscribed?: string
}

/** A server in the process of the tests. */
export interface Server extends AsyncDisposable {
  /**
   * `redis://127.0.0.1:port`, or `unix://path`; with `requirepass` the password is in it, and in the options for clients.
   * Throws where there is only memory; so do host and port.
   */
  readonly url: string
  /** The address it listens on. */
  readonly host: string
  /** The port it listens on. */
  readonly port: number
  /** Path of the unix socket; throws without one. */
  readonly path: string
  /** For ioredis and BullMQ: `new Redis(server.ioredis)`, `new Queue("q", { connection: server.ioredis })`. */
  readonly ioredis: { readonly Connector: new (options: unknown) => never; readonly password?: string }
  /** For node-redis: `createClient(server.nodeRedis)`. */
  readonly nodeRedis: {
    readonly socket:
      | { readonly host: string; readonly port: number }
      | { readonly path: string; readonly tls: false }
    readonly password?: string
  }
  /** The client's end of a new connection. */
  readonly connect: () => Duplex
  /**
   * Connections that this process makes to `host:port` come here instead, until disposed: those by net.connect,
   * net.createConnection and tls.connect, with which client libraries make theirs. The names of this machine are one.
   */
  readonly intercept: (address: string) => Disposable
  /** Runs one command. Rejects with a ReplyError. */
  readonly call: (command: string, ...words: ReadonlyArray<Word>) => Promise<Value>
  /** The server's time in Unix milliseconds. */
  readonly now: () => number
  /** Moves the server's time on: keys expire and waits end in the order of their times; then all replies are out. */
  readonly advance: (ms: number) => Promise<void>
  /** Moves the server's time to a moment, also back. */
  readonly setTime: (at: number | Date) => Promise<void>
  /** As new: data, functions, scripts, configuration, statistics, faults, recordings. Clients stay unless they are to be dropped. */
  readonly reset: (options?: { readonly clients?: "keep" | "drop" }) => Promise<void>
  /** The data as an RDB file. */
  readonly snapshot: () => Promise<Uint8Array>
  /** Replaces the data by an RDB file's; one that is damaged changes nothing, and is a DataError. */
  readonly restore: (rdb: Uint8Array) => Promise<void>
  /** A second server with the same data, time and options. */
  readonly clone: (options?: Options) => Promise<Server>
  /** What may be made to go wrong. */
  readonly faults: Faults
  /** Notes commands from now on. */
  readonly record: (match?: Match) => Recording
  /** Waits until it is so, for `ms` of the system's time at most (default 5000). */
  readonly until: (what: Awaited, ms?: number) => Promise<void>
  /** As if the machine were gone: connections are cut, new ones refused. */
  readonly suspend: () => Promise<void>
  /** Rejects with a StartError where its address has been taken meanwhile; so does `restart`. */
  readonly resume: () => Promise<void>
  /** Cuts connections; answers how many. */
  readonly dropClients: (match?: { readonly client?: string }) => number
  /** As SHUTDOWN and a new start on the same address. The data is lost unless it is to be kept. */
  readonly restart: (options?: { readonly keep?: boolean }) => Promise<void>
  /** Resolves when the server has ended, by `close` or by a client's SHUTDOWN. */
  readonly closed: Promise<void>
  /** Ends it: connections close, nothing listens. Resolves when that is done; calling it twice is no error. */
  readonly close: () => Promise<void>
}
