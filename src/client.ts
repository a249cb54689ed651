/**
 * `redix/client`: a typed client of an engine in this process, without a socket.
 *
 *     const program = Effect.gen(function* () {
 *       const redis = yield* RedixClient
 *       yield* redis.set("greeting", "hello", { EX: 60 })
 *       return yield* redis.get("greeting")
 *     })
 *     program.pipe(Effect.provide(RedixClient.layer()), Effect.provide(Redix.layerWith()))
 *
 * Commands are methods by their names; options go by Redis's own words. Strings come as text, or by `bytes` as bytes;
 * `sync` answers at once. Failures are in the types: `WrongTypeError`, `ReplyError`, `ClosedError`.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import type { Client, ClientOptions } from "./client/Client.js"
import { makeClient } from "./client/makeClient.js"
import { type EngineService, theEngine } from "./engine/EngineService.js"
import type { Change, ChangePosition, ChangesLostError } from "./replication/master/ChangeStream.js"
import { ReplicationMaster } from "./replication/master/ReplicationMaster.js"

export type { Calls, Client, ClientOptions, ClientSession, Message, Replies } from "./client/Client.js"
export {
  ClosedError,
  type Failure,
  RefusedError,
  ReplyError,
  type ReplyFailure,
  ValueError,
  WrongTypeError,
} from "./client/Failures.js"
export type {
  AtOnce,
  Double,
  Gives,
  InEffect,
  Integer,
  Kind,
  Many,
  OneOf,
  Pairs,
  Queued,
  QueuedCommand,
} from "./client/Kind.js"
export type { KeyEvent } from "./client/Messages.js"
export type { Methods, SessionMethods } from "./client/methods/index.js"
export type { Value, Word } from "./client/Values.js"
export { keys, type Keys, type KeysOptions } from "./client/Keys.js"

/** A client of the engine in this process: every command as a method. */
export class RedixClient extends Context.Service<
  RedixClient,
  Client & {
    /**
     * What is written, by whomever, as commands that replicas get: from now on, or from a position that was kept. On a
     * replica these are its master's.
     */
    readonly changes: (from?: ChangePosition) => Stream.Stream<Change, ChangesLostError>
  }
>()("redix/client/RedixClient") {
  /** A client of the engine that is provided; each call makes one of its own. */
  static readonly layer = (
    options?: ClientOptions,
  ): Layer.Layer<RedixClient, never, EngineService | ReplicationMaster> =>
    Layer.effect(
      RedixClient,
      Effect.gen(function* () {
        const client = yield* makeClient(yield* theEngine, options)
        const master = yield* ReplicationMaster
        return Object.assign(client, { changes: (from?: ChangePosition) => master.changes(from) })
      }),
    )
}
