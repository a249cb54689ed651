/** Redix's families of commands, each of which asks for the services it needs. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
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
import { configIn, type RedixConfig } from "./config/index.js"
import type { Command } from "./engine/Command.js"
import * as Commands from "./engine/Commands.js"
import type { Engine } from "./engine/Engine.js"
import { engineIn, type EngineService } from "./engine/EngineService.js"
import { ProcessInfo } from "./engine/world/ProcessInfo.js"
import { SecureRandom } from "./engine/world/SecureRandom.js"
import { FunctionLibraries } from "./rdb/RdbPersistence.js"
import { REDIS_VERSION } from "./server/version.js"
import { internalError } from "./rdb/FileReport.js"
import { type AppendOnlyFile, appendOnlyFileIn } from "./server/AppendOnlyService.js"
import { persistenceIn, type PersistenceService } from "./server/PersistenceService.js"
import { replicationIn, type ReplicationService } from "./server/replication/ReplicationService.js"
import { userFile } from "./server/UserFile.js"
import type { Statistics } from "./server/Statistics.js"
import { StatisticsService } from "./server/StatisticsService.js"

/** What the families ask for, beside what every fiber has. */
type Needs =
  | AppendOnlyFile
  | EngineService
  | FileSystem.FileSystem
  | PersistenceService
  | RedixConfig
  | ReplicationService
  | ScriptingService
  | StatisticsService

/** Runs what needs files with those of the layer. */
const withFiles =
  (services: Context.Context<FileSystem.FileSystem>) =>
  <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem>): Effect.Effect<A, E> =>
    Effect.provideContext(effect, services)

const ofEngine = (engine: Engine): ReadonlyArray<Command> => [
  ...transactionCommands(engine),
  ...connectionCommands(engine),
  ...clientCommands(engine),
  ...commandCommands(engine),
  ...shutdownCommands(engine),
  ...infoCommands(engine),
]

const ofUsers = (
  services: Context.Context<EngineService | FileSystem.FileSystem | RedixConfig>,
): ReadonlyArray<Command> => {
  const engine = engineIn(services)
  const file = userFile(engine.users, configIn(services).values, withFiles(services))
  return aclCommands(engine, Context.get(services, SecureRandom), file)
}

const ofStatistics = (statistics: Statistics): ReadonlyArray<Command> => [
  ...latencyCommands(statistics),
  ...memoryCommands(statistics),
  ...slowlogCommands(statistics),
]

const ofPersistence = (
  services: Context.Context<AppendOnlyFile | EngineService | PersistenceService | RedixConfig>,
): ReadonlyArray<Command> => {
  const { logger } = engineIn(services)
  const persistence = persistenceIn(services)
  const dumps = dumpCommands(
    configIn(services).values,
    () => persistence.state.skipChecksum,
    (reason) => logger.verbose(internalError(0, reason)),
  )
  const saves = persistenceCommands(persistence, appendOnlyFileIn(services))
  return [...saves, ...flushCommands(persistence), ...dumps]
}

/** DEBUG looks into every part. */
const ofDebug = (
  services: Context.Context<Exclude<Needs, ScriptingService | StatisticsService>>,
): ReadonlyArray<Command> => {
  const engine = engineIn(services)
  const config = configIn(services)
  const persistence = persistenceIn(services)
  const replication = replicationIn(services)
  return debugCommands(engine, config.values, Context.get(services, ProcessInfo), () => [
    debugReload(persistence),
    debugChecksums(persistence),
    ...debugLog(persistence, appendOnlyFileIn(services)),
    debugRewriteAll(engine, config, withFiles(services)),
    debugChangeId(replication),
  ])
}

/** What needs nothing but its context: every engine's table begins with it. */
export const independent: ReadonlyArray<Command> = [...dataCommands, ...lolwutCommands]

/** Puts the families into the engine's table, in whatever order. */
export const addFamilies: Effect.Effect<void, never, Needs> = Effect.gen(function* () {
  const services = yield* Effect.context<Needs>()
  const engine = engineIn(services)
  for (const commands of [
    yield* Commands.added,
    ofEngine(engine),
    ofUsers(services),
    configCommands(engine, configIn(services), withFiles(services)),
    ofStatistics(Context.get(services, StatisticsService)),
    ofPersistence(services),
    replicationCommands(engine, replicationIn(services)),
    Context.get(services, ScriptingService).commands,
    ofDebug(services),
  ])
    engine.dispatcher.table.add(commands)
})

/** Scripts and functions. The libraries of functions are where RDB files take them from. */
export const makeScripting: Effect.Effect<
  Context.Context<ScriptingService | FunctionLibraries>,
  never,
  EngineService | RedixConfig
> = Effect.map(Effect.context<EngineService | RedixConfig>(), (services) => {
  const made = scripting(engineIn(services), {
    settings: configIn(services).values,
    facts: Context.get(services, ProcessInfo),
    version: REDIS_VERSION,
  })
  return Context.make(ScriptingService, made).pipe(Context.add(FunctionLibraries, made.libraries))
})
