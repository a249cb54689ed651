/** Methods of the group connection. Generated from the declarations: REDIX_UPDATE_CLIENT=1 npx vitest run test/client/methods */
import type { Gives, Integer, Kind, Many, OneOf } from "../Kind.js"
import type { Value, Word } from "../Values.js"

export interface ConnectionMethods<T, K extends Kind> {
  /** Tells the name this connection was given. */
  readonly clientGetname: () => Gives<K, T | null>

  /** Tells which client receives this connection's invalidations. */
  readonly clientGetredir: () => Gives<K, number>

  /** Lists the CLIENT subcommands with a line about each. */
  readonly clientHelp: () => Gives<K, Value<T>>

  /** Tells this connection's number. */
  readonly clientId: () => Gives<K, number>

  /** Describes this connection in one line. */
  readonly clientInfo: () => Gives<K, T>

  /** Closes connections by address, or by a filter. */
  readonly clientKill: (
    filter:
      | Word
      | Many<
          | { readonly ID: Integer }
          | { readonly TYPE: "NORMAL" | "MASTER" | "SLAVE" | "REPLICA" | "PUBSUB" }
          | { readonly USER: Word }
          | { readonly ADDR: Word }
          | { readonly LADDR: Word }
          | { readonly SKIPME: Word }
        >,
  ) => Gives<K, Value<T>>

  /** Describes the open connections, a line each. */
  readonly clientList: (options?: {
    readonly TYPE?: "NORMAL" | "MASTER" | "REPLICA" | "PUBSUB" | undefined
    readonly ID?: Many<Integer> | undefined
  }) => Gives<K, T>

  /** Holds clients' commands back for some milliseconds. */
  readonly clientPause: (
    timeout: Integer,
    options?: OneOf<{ readonly WRITE: true; readonly ALL: true }>,
  ) => Gives<K, "OK">

  /** Shows how tracking is set up on this connection. */
  readonly clientTrackinginfo: () => Gives<K, Value<T>>

  /** Wakes a client that waits in a blocking command. */
  readonly clientUnblock: (
    clientId: Integer,
    options?: OneOf<{ readonly TIMEOUT: true; readonly ERROR: true }>,
  ) => Gives<K, 0 | 1>

  /** Lets paused clients go on. */
  readonly clientUnpause: () => Gives<K, "OK">

  /** Answers with the bytes it was given. */
  readonly echo: (message: Word) => Gives<K, T>

  /** Answers PONG, or with the bytes it was given. */
  readonly ping: (message?: Word) => Gives<K, T | string>
}
