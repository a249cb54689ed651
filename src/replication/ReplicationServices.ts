/** What both sides of replication stand on: the engine, and the services by which they reach the world. */
import type * as FileSystem from "effect/FileSystem"
import type { Run } from "../engine/Background.js"
import type { Engine } from "../engine/Engine.js"
import type { ProcessFacts } from "../engine/world/ProcessInfo.js"
import type { SecureBytes } from "../engine/world/SecureRandom.js"
import type { RdbFiles } from "../rdb/RdbPersistence.js"

export interface ReplicationServices {
  readonly engine: Engine
  readonly persistence: RdbFiles
  /** Runs an Effect that ends with replication. */
  readonly background: Run
  readonly files: FileSystem.FileSystem
  readonly random: SecureBytes
  readonly facts: ProcessFacts
}
