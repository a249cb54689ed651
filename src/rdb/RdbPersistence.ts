/**
 * Persistence as a service: the keyspace to and from RDB files, and to anything else that takes bytes. It needs no TCP
 * server; the server's part (commands, save points, shutdown) is in server/.
 *
 * A snapshot stands for the instant at which it was opened, in one turn of the event loop: `atCut` is called in that
 * turn. There is one at a time, with any number of sinks; who comes meanwhile waits.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { RdbError, RdbIoError } from "./RdbErrors.js"
import type { ReplicationPosition } from "./SnapshotJob.js"

/** Takes the bytes of a snapshot in order. They are lent until the effect ends; the stream waits for the slowest sink. */
export interface SnapshotSink {
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, unknown>
}

/** What the caller knows at the instant of the cut. */
export interface SnapshotTargets {
  readonly sinks: ReadonlyArray<SnapshotSink>
  readonly replication?: ReplicationPosition | undefined
}

export interface SnapshotResult {
  readonly bytes: number
  readonly keys: number
  /** Sinks whose write failed; the snapshot went on without them. */
  readonly failed: ReadonlyArray<{ readonly sink: SnapshotSink; readonly error: unknown }>
}

export interface LoadResult {
  readonly keys: number
  readonly expired: number
  readonly replication: ReplicationPosition | undefined
}

export interface RdbPersistenceShape {
  /** Writes a snapshot to sinks. `atCut` runs in the very turn the snapshot opens; it must not throw. */
  readonly streamSnapshot: (atCut: () => SnapshotTargets) => Effect.Effect<SnapshotResult, RdbIoError>
  /** Saves to a file: temporary file in the same directory, fsync, rename, fsync of the directory. */
  readonly saveFile: (
    path: string,
    atCut?: () => ReplicationPosition | undefined,
  ) => Effect.Effect<SnapshotResult, RdbIoError>
  /** Adds the keys of a file to the keyspace, in slices. */
  readonly loadFile: (path: string) => Effect.Effect<LoadResult, RdbError>
}

export class RdbPersistence extends Context.Service<RdbPersistence, RdbPersistenceShape>()(
  "redix/rdb/RdbPersistence",
) {}
