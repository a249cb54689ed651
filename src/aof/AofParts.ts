/** What the append-only file of a server and its writer are made of, and the settings they read, by shape the configuration's. */
import type * as FileSystem from "effect/FileSystem"
import type { Run } from "../engine/Background.js"
import type { Engine } from "../engine/Engine.js"
import type { RdbFiles } from "../rdb/RdbPersistence.js"
import type { DirectorySettings } from "./AofDirectory.js"
import type { RewriteSettings } from "./AofRewrite.js"

interface AofSettings extends DirectorySettings, RewriteSettings {
  readonly appendonly: boolean
  readonly appendfsync: string
  readonly noAppendfsyncOnRewrite: boolean
  readonly autoAofRewritePercentage: number
  readonly autoAofRewriteMinSize: number
  readonly aofLoadTruncated: boolean
  readonly aofTimestampEnabled: boolean
  readonly aofChecksum: boolean
}

export interface AofParts {
  readonly engine: Engine
  readonly rdb: RdbFiles
  readonly settings: AofSettings
  readonly fs: FileSystem.FileSystem
  readonly fork: Run
  /** Of the replication stream, as far as it has changed the data set. */
  readonly offset: () => number
  /** For lines that name the process which rewrites. */
  readonly pid: number
}

export interface WriterSettings {
  readonly appendfsync: string
  readonly aofChecksum: boolean
}

/** What the writer tells its owner. */
export interface WriterOwner {
  /** Syncs are left out for now (`no-appendfsync-on-rewrite`). */
  readonly syncsPaused: () => boolean
  /** Nothing but this writer and what it writes keeps the disk busy. */
  readonly diskIdle: () => boolean
  /** A write or a sync has failed, or writes are well again: see `failure`. */
  readonly statusChanged: () => void
  /** Nothing more goes to the present file. */
  readonly distrusted: () => void
  /** Less waits to be written than did. */
  readonly lessPending: () => void
  /** All that is logged so far is about to become a group, between two batches. */
  readonly sealing: () => void
  /** More is on the disk, or less than was thought. */
  readonly synced: () => void
  readonly slowSync: () => void
}
