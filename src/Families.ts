/** Redix's families of commands as layers, each of which asks for the services it needs. */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { aclCommands } from "./commands/acl/acl.js"
import { clientCommands } from "./commands/client/client.js"
import { connectionCommands } from "./commands/client/connection.js"
import { configCommands, debugRewriteAll } from "./commands/config/config.js"
import { debugCommands } from "./commands/debug/debug.js"
import { dataCommands } from "./commands/index.js"
import { commandCommands } from "./commands/info/command.js"
import { infoCommands } from "./commands/info/info.js"
import { latencyCommands } from "./commands/info/latency.js"
import { lolwutCommands } from "./commands/info/lolwut.js"
import { memoryCommands } from "./commands/info/memory.js"
import { slowlogCommands } from "./commands/info/slowlog.js"
import { flushCommands } from "./commands/keys/databases.js"
import { dumpCommands } from "./commands/persistence/dump.js"
import { debugChecksums, debugReload, persistenceCommands } from "./commands/persistence/persistence.js"
import { scripting } from "./commands/scripting/index.js"
import { shutdownCommands } from "./commands/persistence/shutdown.js"
import { debugChangeId, replicationCommands } from "./commands/replication/replication.js"
import { transactionCommands } from "./commands/transactions/transactions.js"
import { RedixConfig } from "./config/index.js"
import { AppCommands, family } from "./engine/Commands.js"
import { EngineService } from "./engine/Engine.js"
import { ProcessInfo } from "./engine/world/ProcessInfo.js"
import { SecureRandom } from "./engine/world/SecureRandom.js"
import { logVerbose } from "./engine/world/VerboseLog.js"
import { RdbPersistence } from "./rdb/RdbPersistence.js"
import { REDIS_VERSION } from "./server/version.js"
import { internalError } from "./server/FileReport.js"
import { PersistenceService } from "./server/Persistence.js"
import { ReplicationService } from "./server/replication/Replication.js"
import { StatisticsService } from "./server/StatisticsService.js"

/** Runs what needs files with those of the layer. */
const withFiles = Effect.map(
  Effect.context<FileSystem.FileSystem>(),
  (files) =>
    <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem>): Effect.Effect<A, E> =>
      Effect.provideContext(effect, files),
)

/** Those that need the engine and what it is made of. */
const ofEngine = () =>
  Layer.mergeAll(
    family(Effect.succeed([...dataCommands, ...lolwutCommands])),
    family(AppCommands),
    family(
      Effect.gen(function* () {
        return aclCommands(yield* EngineService, yield* SecureRandom)
      }),
    ),
    ...[
      transactionCommands,
      connectionCommands,
      clientCommands,
      commandCommands,
      shutdownCommands,
      infoCommands,
    ].map((commands) => family(Effect.map(EngineService, commands))),
  )

const ofConfig = () =>
  family(
    Effect.gen(function* () {
      return configCommands(yield* EngineService, yield* RedixConfig, yield* withFiles)
    }),
  )

const ofStatistics = () =>
  family(
    Effect.map(StatisticsService, (statistics) => [
      ...latencyCommands(statistics),
      ...memoryCommands(statistics),
      ...slowlogCommands(statistics),
    ]),
  )

const ofPersistence = () =>
  family(
    Effect.gen(function* () {
      const { background } = yield* EngineService
      const { values } = yield* RedixConfig
      const persistence = yield* PersistenceService
      const dumps = dumpCommands(
        values,
        () => persistence.state.skipChecksum,
        (reason) => void background(logVerbose(internalError(0, reason))),
      )
      return [...persistenceCommands(persistence), ...flushCommands(persistence), ...dumps]
    }),
  )

const ofReplication = () =>
  family(
    Effect.gen(function* () {
      return replicationCommands(yield* EngineService, yield* ReplicationService)
    }),
  )

/** Scripts and functions; the libraries of functions go into RDB files. */
const ofScripting = () =>
  family(
    Effect.gen(function* () {
      const { values } = yield* RedixConfig
      const { heap, collectGarbage } = yield* ProcessInfo
      const snapshots = yield* RdbPersistence
      const { commands, libraries } = scripting(yield* EngineService, {
        thresholdMs: () => values.busyReplyThreshold,
        heap,
        collectGarbage,
        compression: () => values.rdbcompression,
        version: REDIS_VERSION,
      })
      snapshots.libraries = libraries
      return commands
    }),
  )

/** DEBUG looks into every part. */
const ofDebug = () =>
  family(
    Effect.gen(function* () {
      const engine = yield* EngineService
      const config = yield* RedixConfig
      const persistence = yield* PersistenceService
      return debugCommands(engine, config.values, yield* ProcessInfo, [
        debugReload(persistence),
        debugChecksums(persistence),
        debugRewriteAll(engine, config, yield* withFiles),
        debugChangeId(yield* ReplicationService),
      ])
    }),
  )

export const families = () =>
  Layer.mergeAll(
    ofEngine(),
    ofConfig(),
    ofStatistics(),
    ofPersistence(),
    ofReplication(),
    ofScripting(),
    ofDebug(),
  )
