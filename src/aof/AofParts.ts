/** What the append-only file of a server is made of, and the settings it reads, by shape the configuration's. */
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
