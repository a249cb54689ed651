/** What a client in this process can do (makeClient.ts makes one). */
import type * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { ClosedError, Failure, RefusedError } from "./Failures.js"
import type { AtOnce, InEffect, Queued, QueuedCommand } from "./Kind.js"
import type { KeyEvent } from "./Messages.js"
import type { Methods, SessionMethods } from "./methods/index.js"
import type { Value, Word } from "./Values.js"

/** A message of a channel. */
export interface Message {
  /** The channel it was published to. */
  readonly channel: string
  /** What was published. */
  readonly message: string
  /** The pattern that the channel fits, where a pattern was subscribed to. */
  readonly pattern?: string
}

/** The replies of a transaction's commands, as its body arranged them. */
export type Replies<A> = { readonly [K in keyof A]: A[K] extends QueuedCommand<infer Reply> ? Reply : never }

/** Queues a transaction's commands. */
export type Body<A> = (queue: Methods<string, Queued>) => A

/** How a body gives back what it has queued. */
export type Arrangement =
  | ReadonlyArray<QueuedCommand<unknown>>
  | Readonly<Record<string, QueuedCommand<unknown>>>

/** Commands by name, whatever they are called. */
export interface Calls {
  /** Runs a command by its name. */
  readonly call: (
    command: string,
    ...words: ReadonlyArray<Word>
  ) => Effect.Effect<Value, Failure | RefusedError>
  /** As `call`; strings come as bytes. */
  readonly callBytes: (
    command: string,
    ...words: ReadonlyArray<Word>
  ) => Effect.Effect<Value<Uint8Array>, Failure | RefusedError>
  /** Runs a command at once, without Effect. Throws its failure, and where it would have to wait. */
  readonly callSync: (command: string, ...words: ReadonlyArray<Word>) => Value
  /** As `callSync`; strings come as bytes. */
  readonly callBytesSync: (command: string, ...words: ReadonlyArray<Word>) => Value<Uint8Array>
}

/** A session of one's own; it ends with its scope. */
export interface ClientSession extends Calls, Methods<string, InEffect>, SessionMethods<string, InEffect> {
  /** The same methods; strings come as bytes. */
  readonly bytes: Methods<Uint8Array, InEffect>
  /** The same methods, which answer at once. */
  readonly sync: Methods<string, AtOnce> & SessionMethods<string, AtOnce>
  /** As the client's; undefined where a key under WATCH has changed. */
  readonly transaction: <const A extends Arrangement>(
    body: Body<A>,
  ) => Effect.Effect<Replies<A> | undefined, Failure>
  /** What comes without being asked for: messages of channels, lines of MONITOR. */
  readonly messages: Stream.Stream<Value, ClosedError>
}

/** What a client in this process can do: every command as a method, and what is made of several. */
export interface Client extends Calls, Methods<string, InEffect> {
  /** The same methods; strings come as bytes. */
  readonly bytes: Methods<Uint8Array, InEffect>
  /** The same methods, which answer at once: no Effect, no waiting. They throw what the Effects fail with. */
  readonly sync: Methods<string, AtOnce>
  /** Both. */
  readonly bytesSync: Methods<Uint8Array, AtOnce>
  /**
   * Commands that run together or not at all, with no other between: the body queues them, and what it gives back is
   * answered with a reply in each command's place. It fails with the first that failed; as in Redis the others have run.
   */
  readonly transaction: <const A extends Arrangement>(body: Body<A>) => Effect.Effect<Replies<A>, Failure>
  /** Messages of channels, from when the stream is run. */
  readonly subscribe: (...channels: ReadonlyArray<string>) => Stream.Stream<Message, ClosedError>
  /** Messages of all channels that fit a pattern. */
  readonly psubscribe: (...patterns: ReadonlyArray<string>) => Stream.Stream<Message, ClosedError>
  /** What happens to keys that fit a pattern, in any database, whatever notify-keyspace-events says. */
  readonly watch: (pattern: string) => Stream.Stream<KeyEvent, ClosedError>
  /** The keys there are, page by page as SCAN gives them: one may come twice. */
  readonly scanStream: (
    options?: Parameters<Methods<string, InEffect>["scan"]>[1],
  ) => Stream.Stream<string, Failure>
  /** Fields and values of a hash, page by page as HSCAN gives them. */
  readonly hscanStream: (
    key: Word,
    options?: Parameters<Methods<string, InEffect>["hscan"]>[2],
  ) => Stream.Stream<readonly [field: string, value: string], Failure>
  /** Members of a set, page by page as SSCAN gives them. */
  readonly sscanStream: (
    key: Word,
    options?: Parameters<Methods<string, InEffect>["sscan"]>[2],
  ) => Stream.Stream<string, Failure>
  /** Members and scores of a sorted set, page by page as ZSCAN gives them. */
  readonly zscanStream: (
    key: Word,
    options?: Parameters<Methods<string, InEffect>["zscan"]>[2],
  ) => Stream.Stream<readonly [member: string, score: number], Failure>
  /** A session of one's own, for what changes a session: SELECT, WATCH, SUBSCRIBE, MONITOR. It ends with the scope. */
  readonly session: Effect.Effect<ClientSession, never, Scope>
}

/** How a client is made. */
export interface ClientOptions {
  /** The database it works in; default 0. */
  readonly database?: number
}
