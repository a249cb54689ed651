/** Redix's families of commands as layers, each of which asks for the services it needs. */
import * as Context from "effect/Context"
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
import {
  debugChecksums,
  debugLog,
  debugReload,
  persistenceCommands,
} from "./commands/persistence/persistence.js"
import { scripting, ScriptingService } from "./commands/scripting/index.js"
import { shutdownCommands } from "./commands/persistence/shutdown.js"
import { debugChangeId, replicationCommands } from "./commands/replication/replication.js"
import { transactionCommands } from "./commands/transactions/transactions.js"
import { RedixConfig, theConfig } from "./config/index.js"
import type { Command } from "./engine/Command.js"
import * as Commands from "./engine/Commands.js"
import { type EngineService, theEngine } from "./engine/EngineService.js"
import { ProcessInfo } from "./engine/world/ProcessInfo.js"
import { SecureRandom } from "./engine/world/SecureRandom.js"
import { FunctionLibraries } from "./rdb/RdbPersistence.js"
import { REDIS_VERSION } from "./server/version.js"
import { internalError } from "./rdb/FileReport.js"
import { theAppendOnlyFile } from "./server/AppendOnlyService.js"
import { thePersistence } from "./server/PersistenceService.js"
import { theReplication } from "./server/replication/ReplicationService.js"
import { userFile } from "./server/UserFile.js"
import { StatisticsService } from "./server/StatisticsService.js"

/** Runs what needs files with those of the layer. */
const withFiles = Effect.map(
  Effect.context<FileSystem.FileSystem>(),
  (files) =>
    <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem>): Effect.Effect<A, E> =>
      Effect.provideContext(effect, files),
)

const ofEngine = Effect.map(theEngine, (engine) => [
  ...transactionCommands(engine),
  ...connectionCommands(engine),
  ...clientCommands(engine),
  ...commandCommands(engine),
  ...shutdownCommands(engine),
  ...infoCommands(engine),
])

const ofUsers = Effect.gen(function* () {
  const engine = yield* theEngine
  const { values } = yield* RedixConfig
  return aclCommands(engine, yield* SecureRandom, userFile(engine.users, values, yield* withFiles))
})

const ofConfig = Effect.gen(function* () {
  return configCommands(yield* theEngine, yield* theConfig, yield* withFiles)
})

const ofStatistics = Effect.map(StatisticsService, (statistics) => [
  ...latencyCommands(statistics),
  ...memoryCommands(statistics),
  ...slowlogCommands(statistics),
])

const ofPersistence = Effect.gen(function* () {
  const { logger } = yield* theEngine
  const { values } = yield* RedixConfig
  const persistence = yield* thePersistence
  const dumps = dumpCommands(
    values,
    () => persistence.state.skipChecksum,
    (reason) => logger.verbose(internalError(0, reason)),
  )
  const saves = persistenceCommands(persistence, yield* theAppendOnlyFile)
  return [...saves, ...flushCommands(persistence), ...dumps]
})

const ofReplication = Effect.gen(function* () {
  return replicationCommands(yield* theEngine, yield* theReplication)
})

const ofScripting = Effect.map(ScriptingService, ({ commands }) => commands)

/** DEBUG looks into every part. */
const ofDebug = Effect.gen(function* () {
  const engine = yield* theEngine
  const config = yield* theConfig
  const persistence = yield* thePersistence
  const appendOnly = yield* theAppendOnlyFile
  const files = yield* withFiles
  const replication = yield* theReplication
  return debugCommands(engine, config.values, yield* ProcessInfo, () => [
    debugReload(persistence),
    debugChecksums(persistence),
    ...debugLog(persistence, appendOnly),
    debugRewriteAll(engine, config, files),
    debugChangeId(replication),
  ])
})

/** What needs nothing but its context: every engine's table begins with it. */
export const independent: ReadonlyArray<Command> = [...dataCommands, ...lolwutCommands]

/** What asks for services by type. */
const dependent = Effect.all([
  Commands.added,
  ofEngine,
  ofUsers,
  ofConfig,
  ofStatistics,
  ofPersistence,
  ofReplication,
  ofScripting,
  ofDebug,
])

/** Puts the families into the engine's table, in whatever order: one layer for all, since each takes time to build. */
export const families = () =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { table } = (yield* theEngine).dispatcher
      for (const commands of yield* dependent) table.add(commands)
    }),
  )

/** Scripts and functions. The libraries of functions are where RDB files take them from. */
export const scripts = (): Layer.Layer<
  ScriptingService | FunctionLibraries,
  never,
  EngineService | RedixConfig
> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const { values } = yield* RedixConfig
      const made = scripting(yield* theEngine, {
        settings: values,
        facts: yield* ProcessInfo,
        version: REDIS_VERSION,
      })
      return Context.make(ScriptingService, made).pipe(Context.add(FunctionLibraries, made.libraries))
    }),
  )
