/**
 * Fills a keyspace from an RDB file: the sink of a decoder.
 *
 *     const loader = new RdbLoader(keyspace, options)
 *     const decoder = new RdbDecoder(loader, { path })
 *     decoder.feed(chunk) ...; decoder.finish()
 *
 * Everything is synchronous; between two `feed` calls other work may go on, as long as nothing writes to the keyspace.
 */
import type { Keyspace } from "../store/Keyspace.js"
import type { ReplicationPosition } from "./SnapshotJob.js"

/** Sizes at which values change their encoding; the server's settings satisfy it. */
export interface LoadLimits {
  readonly hashMaxListpackEntries: number
  readonly hashMaxListpackValue: number
  readonly setMaxIntsetEntries: number
  readonly zsetMaxListpackEntries: number
  readonly zsetMaxListpackValue: number
  readonly listMaxListpackSize: number
}

export interface RdbLoaderOptions {
  readonly limits: LoadLimits
  /** Drop keys whose time has passed: a master does, a replica waits for its master's DEL. */
  readonly dropExpired: boolean
  /** A key that is there already: refuse the file, or let the file's value win. */
  readonly duplicates: "refuse" | "replace"
  /** Gets the source of each function library; the reason it cannot be used ends the load. */
  readonly library?: ((code: Uint8Array) => string | undefined) | undefined
}

export class RdbLoader {
  keys = 0
  expired = 0
  replication: ReplicationPosition | undefined = undefined
  constructor(
    readonly keyspace: Keyspace,
    readonly options: RdbLoaderOptions,
  ) {}
}
