/** Methods that change their session. Generated from the declarations: REDIX_UPDATE_CLIENT=1 npx vitest run test/client/methods */
import type { Gives, Integer, Kind, Many } from "../Kind.js"
import type { Value, Word } from "../Values.js"

/** Methods that a session of one's own has besides, for they change it. */
export interface SessionMethods<T, K extends Kind> {
  /** Logs the connection in with a password, or as a user. */
  readonly auth: (password: Word, options?: { readonly username?: Word | undefined }) => Gives<K, "OK">

  /** Says whether the next command's keys are to be tracked. */
  readonly clientCaching: (mode: "YES" | "NO") => Gives<K, "OK">

  /** Protects this connection from client eviction, or no longer does. */
  readonly clientNoEvict: (enabled: "ON" | "OFF") => Gives<K, "OK">

  /** Switches replies to this connection on or off. */
  readonly clientReply: (onOffSkip: "ON" | "OFF" | "SKIP") => Gives<K, Value<T>>

  /** Names this connection. */
  readonly clientSetname: (connectionName: Word) => Gives<K, "OK">

  /** Switches tracking of read keys, for client-side caches, on or off. */
  readonly clientTracking: (
    status: "ON" | "OFF",
    options?: {
      readonly REDIRECT?: Integer | undefined
      readonly PREFIX?: Many<Word> | undefined
      readonly BCAST?: true | undefined
      readonly OPTIN?: true | undefined
      readonly OPTOUT?: true | undefined
      readonly NOLOOP?: true | undefined
    },
  ) => Gives<K, "OK">

  /** Drops the transaction being queued. */
  readonly discard: () => Gives<K, "OK">

  /** Runs the queued commands as one transaction. */
  readonly exec: () => Gives<K, Value<T>>

  /** Chooses the protocol version, and can log in and name the connection. */
  readonly hello: (arguments_?: {
    readonly protover: Integer
    readonly AUTH?: readonly [username: Word, password: Word] | undefined
    readonly SETNAME?: Word | undefined
  }) => Gives<K, Value<T>>

  /** Streams every command the server runs to this connection. */
  readonly monitor: () => Gives<K, Value<T>>

  /** Begins a transaction: the commands that follow are queued. */
  readonly multi: () => Gives<K, "OK">

  /** Subscribes to the channels that match patterns. */
  readonly psubscribe: (pattern: Many<Word>) => Gives<K, Value<T>>

  /** Ends subscriptions to patterns. */
  readonly punsubscribe: (pattern?: Many<Word>) => Gives<K, Value<T>>

  /** Closes this connection after the reply. */
  readonly quit: () => Gives<K, Value<T>>

  /** Puts the connection back into the state of a new one. */
  readonly reset: () => Gives<K, Value<T>>

  /** Changes the database this connection works on. */
  readonly select: (index: Integer) => Gives<K, "OK">

  /** Subscribes to shard channels. */
  readonly ssubscribe: (shardchannel: Many<Word>) => Gives<K, Value<T>>

  /** Subscribes to channels. */
  readonly subscribe: (channel: Many<Word>) => Gives<K, Value<T>>

  /** Ends subscriptions to shard channels. */
  readonly sunsubscribe: (shardchannel?: Many<Word>) => Gives<K, Value<T>>

  /** Ends subscriptions to channels. */
  readonly unsubscribe: (channel?: Many<Word>) => Gives<K, Value<T>>

  /** Stops watching every key. */
  readonly unwatch: () => Gives<K, "OK">

  /** Watches keys, so that EXEC gives up if one of them changes first. */
  readonly watch: (key: Many<Word>) => Gives<K, "OK">
}
