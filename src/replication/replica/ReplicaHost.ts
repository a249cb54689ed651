/** What a replica's link asks of the server it belongs to: the server implements it, the link calls it. */
import type * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Scope from "effect/Scope"
import type { Run } from "../../engine/Background.js"
import type { LoadResult } from "../../rdb/RdbPersistence.js"
import type { RequestView } from "../../resp/RequestParser.js"
import type { ReplicaPhase } from "../ReplicaState.js"
import type { MasterConnection } from "./MasterStream.js"
import type { IncomingSnapshot } from "./SnapshotTransfer.js"

/** Why a link cannot go on. */
export interface StreamTrouble {
  readonly reason: string
  /** The stream cannot be followed past this place: what comes after it needs a snapshot. */
  readonly lost: boolean
}

/** A command is not to run yet (CLIENT PAUSE): it comes again when the wait is over. */
export interface StreamHold {
  readonly wait: Effect.Effect<unknown>
}

/** Takes the master's stream apart and runs its commands. */
export interface StreamCommands {
  /**
   * Hands over the stream's next bytes, which are lent until `next` finds no further command or `run` holds one back;
   * none, to go on after that.
   */
  readonly feed: (chunk: Uint8Array) => void
  /** The next whole command, undefined when there is none. */
  readonly next: () => RequestView | undefined
  /** After `next` found none: what is wrong with the stream, if anything is. */
  readonly broken: string | undefined
  /** Tells the log of what is wrong with the stream. */
  readonly tellBroken: (reason: string) => void
  /** Runs the command that `next` gave. Answers what is wrong when it cannot be applied and the link must end. */
  readonly run: () => StreamTrouble | StreamHold | undefined
  /** Bytes taken apart so far, empty lines included. */
  readonly consumed: number
  /** Bytes handed over that are not yet a whole command. */
  readonly pending: number
}

/** What the server does for its replica side. */
export interface ReplicaHost {
  /** Port this server's clients use. */
  readonly port: () => number
  /** For the stream of a new link. */
  readonly commands: () => StreamCommands
  /** Whether the master's transaction is open. */
  readonly inTransaction: () => boolean
  /** The link is up over this connection; `end` ends it. */
  readonly linked: (connection: MasterConnection, end: () => void) => void
  /** The connection is gone: forgets it, and a transaction that was cut. */
  readonly unlinked: () => void
  /** Replaces the data set by the file's; the history of the old data set ends in the turn in which it goes. */
  readonly load: (path: string) => Effect.Effect<LoadResult, { readonly message: string }>
  /**
   * As `load`, from the connection itself; undefined where the settings ask for a file (repl-diskless-load).
   * @param sameHistory the snapshot belongs to the history of the present data set, which may be served meanwhile
   */
  readonly loadStream: (
    snapshot: IncomingSnapshot,
    sameHistory: boolean,
  ) => Effect.Effect<LoadResult, { readonly message: string }> | undefined
  /** The link came up, went down, or its phase changed otherwise: gates and log follow. */
  readonly phaseChanged: (phase: ReplicaPhase) => void
  /** The history changed: attached sub-replicas must ask anew. */
  readonly dropSubReplicas: () => void
  /** The master refused a snapshot by its words and FAILOVER was asked of it. */
  readonly failoverRefused: (reason: string) => void
  /** Opens a connection to the master; it ends with the scope. */
  readonly dial: (
    master: MasterAddress,
  ) => Effect.Effect<MasterConnection, { readonly message: string }, Scope.Scope>
  readonly background: Run<FileSystem.FileSystem>
  readonly now: () => number
}

export interface MasterAddress {
  readonly host: string
  readonly port: number
}
