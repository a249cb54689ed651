/**
 * The engine and the server, composed of their parts: what the programs run, and what `Redix` and `redix/testing` are made of.
 *
 * Every call makes a server of its own: Effect builds one layer object once for a whole app, so none that holds state may
 * be a constant.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { renamed } from "./engine/CommandTable.js"
import { CommandSpec } from "./engine/declare/CommandSpec.js"
import * as specs from "./commands/spec/index.js"
import {
  checkDirectory,
  type ConfigState,
  configIn,
  fromByteText,
  InvalidConfigError,
  type RedixConfig,
  theConfig,
  warningText,
} from "./config/index.js"
import { ReplicationHistory } from "./replication/ReplicationLog.js"
import type { ReplicationMaster } from "./replication/master/ReplicationMaster.js"
import type { ReplicationReplica } from "./replication/replica/ReplicationReplica.js"
import type { StartError } from "./server/Persistence.js"
import { rdbFilesIn, RdbPersistence } from "./rdb/RdbPersistence.js"
import { onRealTurns } from "./engine/world/Turn.js"
import { RespCodec } from "./resp/RespCodec.js"
import { addFamilies, independent, makeScripting } from "./Families.js"
import { Background } from "./engine/Background.js"
import type { Command } from "./engine/Command.js"
import * as Commands from "./engine/Commands.js"
import { usersAtStart } from "./server/UserFile.js"
import { StatisticsService } from "./server/StatisticsService.js"
import { engineIn, EngineService } from "./engine/EngineService.js"
import { AppendOnlyFile, appendOnlyFileIn } from "./server/AppendOnlyService.js"
import { newFileMark } from "./server/FileMark.js"
import { persistenceIn, PersistenceService } from "./server/PersistenceService.js"
import type { ListenError } from "./net/ListenError.js"
import { limitClients } from "./server/OpenFiles.js"
import { ProcessInfo } from "./engine/world/ProcessInfo.js"
import { ReplicationService } from "./server/replication/ReplicationService.js"
import { type ListenOptions, TcpServer } from "./net/TcpServer.js"
import { Store } from "./store/Store.js"

/** What a program or an app decides, beyond the configuration. */
export interface StartOptions {
  /** Module of the thread that writes snapshots, or "inline"; default: the one beside rdb/RdbPersistence. */
  readonly snapshotWorker?: URL | "inline" | undefined
  /**
   * Load the file of the configuration (`dir`, `dbfilename`) at the start; default: where there are save points, because
   * the file is then written at the end. With "later" clients are told that the server loads until the caller has run
   * `loadAtStart` of PersistenceService.
   */
  readonly load?: boolean | "later" | undefined
}

/** All commands that Redis declares, subcommands with them. */
const declared = Object.values(specs).filter((one) => one instanceof CommandSpec)

const AS_DECLARED: ReadonlyMap<string, string | null> = new Map()

/** What rename-command says. All commands of Redis may be named, also those that are not here, and the app's own. */
const commandNames = (
  config: ConfigState,
  own: ReadonlyArray<Command>,
): Effect.Effect<ReadonlyMap<string, string | null>, InvalidConfigError> => {
  const { renameCommand } = config.values
  if (renameCommand.length === 0) return Effect.succeed(AS_DECLARED)
  const named = declared.filter(({ container }) => container === undefined)
  const names = renamed(
    [...named, ...independent, ...own].map(({ name }) => name),
    renameCommand,
  )
  if (!("reason" in names)) return Effect.succeed(names)
  const { rename, reason } = names
  const value = fromByteText(`${rename.from} ${rename.to}`)
  const source = config.sourceOf("rename-command", renameCommand.indexOf(rename))
  return Effect.fail(new InvalidConfigError({ source, key: "rename-command", value, reason }))
}

/** The services of an engine. */
export type Parts =
  | AppendOnlyFile
  | EngineService
  | PersistenceService
  | RdbPersistence
  | ReplicationService
  | ReplicationMaster
  | ReplicationReplica
  | Store

/** Runs with a background of its own, which ends with the scope: after what was made with it, before what that stands on. */
const inBackground = <A, E, R>(make: Effect.Effect<A, E, R>) =>
  Effect.provideServiceEffect(make, Background, Background.make)

/** The engine on a store of its own, with nothing but the commands that need no service. */
const makeEngine = Effect.gen(function* () {
  const services = yield* Effect.context<RedixConfig>()
  const config = configIn(services)
  yield* checkDirectory(config)
  const { values } = config
  const { collectGarbage } = Context.get(services, ProcessInfo)
  const store = yield* Store.make({ databases: values.databases, freeing: values, collectGarbage })
  const names = yield* commandNames(config, yield* Commands.added)
  const engine = yield* EngineService.make(values, names, declared, independent).pipe(
    inBackground,
    Effect.provideService(Store, store),
    Effect.provideService(RespCodec, RespCodec.standard),
  )
  return Context.make(Store, store).pipe(Context.add(EngineService, engine))
})

/** Files, functions and the log, for an engine that is there. */
const makeFiles = (options: StartOptions) =>
  Effect.gen(function* () {
    const services = yield* Effect.context<EngineService | RedixConfig>()
    const scripts = yield* makeScripting
    const rdb = yield* RdbPersistence.make({
      settings: configIn(services).values,
      longChange: engineIn(services).scripts,
      worker: options.snapshotWorker,
      id: newFileMark(Context.get(services, ProcessInfo)),
    }).pipe(Effect.provideContext(scripts))
    return Context.merge(scripts, Context.make(RdbPersistence, rdb)).pipe(
      Context.add(ReplicationHistory, yield* ReplicationHistory.make),
    )
  })

/** Whatever knows the commands by name comes behind all families: rules of users do. */
const makeCommands = Effect.gen(function* () {
  const statistics = yield* StatisticsService.make
  yield* Effect.provideService(addFamilies, StatisticsService, statistics)
  const services = yield* Effect.context<EngineService | RedixConfig>()
  yield* usersAtStart(engineIn(services).users, configIn(services))
})

/**
 * The engine on a store of its own, and its parts in the order in which one stands on the other. They are one layer: to
 * build one takes as long as to make what is in it, and a server is to start in two milliseconds.
 */
const makeParts = (
  options: StartOptions,
): Effect.Effect<
  Context.Context<Parts>,
  InvalidConfigError,
  RedixConfig | FileSystem.FileSystem | Scope.Scope
> =>
  Effect.gen(function* () {
    const afterLoad = loads(options, yield* theConfig) !== false
    const engine = yield* makeEngine
    const files = Context.merge(engine, yield* Effect.provideContext(makeFiles(options), engine))
    const aof = yield* AppendOnlyFile.make.pipe(inBackground, Effect.provideContext(files))
    const logged = Context.add(files, AppendOnlyFile, aof)
    const persistence = yield* PersistenceService.make.pipe(inBackground, Effect.provideContext(logged))
    const kept = Context.add(logged, PersistenceService, persistence)
    const replication = yield* ReplicationService.make({ afterLoad }).pipe(
      inBackground,
      Effect.provideContext(kept),
    )
    const all = Context.merge(kept, replication)
    // A start that ends here has loaded nothing: the save at its end would put an empty file in place of the data.
    const nothingLoaded = Effect.sync(() => void (rdbFilesIn(files).state.loadFailed = true))
    yield* Effect.onError(Effect.provideContext(makeCommands, all), () => nothingLoaded)
    return all
  })

const loads = (options: StartOptions, config: RedixConfig["Service"]): boolean | "later" =>
  options.load ?? (config.values.save.length > 0 || config.values.appendonly)

/** Before the port is open: no client may see the data set that is not there yet. Without a file there is none to come. */
const expectLoad = (
  options: StartOptions,
): Effect.Effect<void, never, PersistenceService | RedixConfig | FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const services = yield* Effect.context<PersistenceService | RedixConfig>()
    const persistence = persistenceIn(services)
    const config = configIn(services)
    if (loads(options, config) === false) return
    const fs = yield* FileSystem.FileSystem
    const { appendonly } = config.values
    persistence.expectLoad(
      appendonly || (yield* fs.exists(persistence.path).pipe(Effect.orElseSucceed(() => true))),
    )
  })

/**
 * Where there is no append-only file yet it is made before a client can write; but not before the port is open: a server whose
 * port is another's must leave no files in a directory that may be the other's, too.
 */
const openLogFirst = (options: StartOptions): Effect.Effect<void, never, PersistenceService | RedixConfig> =>
  Effect.gen(function* () {
    const services = yield* Effect.context<PersistenceService | RedixConfig>()
    const persistence = persistenceIn(services)
    const config = configIn(services)
    if (loads(options, config) === false || !config.values.appendonly) return
    if (yield* persistence.openLogFirst) persistence.expectLoad(false)
  })

/**
 * The last step: says what the configuration asks for and does not get, and loads the file; clients that come meanwhile are
 * told so. The layers above get the loaded data set.
 */
const loadFirst = (
  options: StartOptions,
): Effect.Effect<void, StartError, AppendOnlyFile | PersistenceService | RedixConfig> =>
  Effect.gen(function* () {
    const services = yield* Effect.context<AppendOnlyFile | PersistenceService | RedixConfig>()
    const config = configIn(services)
    for (const warning of config.warnings) yield* Effect.logWarning(warningText(warning))
    const load = loads(options, config)
    if (load === true) yield* persistenceIn(services).loadAtStart
    // What is in memory is all there is to begin with.
    if (load === false && config.values.appendonly) appendOnlyFileIn(services).start()
  })

/** The engine; what its directives and files are is left to its surroundings. */
export const engineLayer = (
  options: StartOptions = {},
): Layer.Layer<Parts, InvalidConfigError | StartError, RedixConfig | FileSystem.FileSystem> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const parts = yield* makeParts(options)
      yield* Effect.provideContext(loadFirst(options), parts)
      return parts
    }),
  )

const listening = (options: ListenOptions & StartOptions) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const services = yield* Effect.context<RedixConfig>()
      const config = configIn(services)
      yield* limitClients(config, Context.get(services, ProcessInfo))
      yield* config.placing
      const parts = yield* Effect.context<PersistenceService | RedixConfig>()
      const beforeClients = Effect.provideContext(openLogFirst(options), parts)
      return TcpServer.layerOf(config.values, { config, ...options, beforeClients })
    }),
  )

/** The engine and its listeners; the port is open while the file is loaded. */
export const serverLayer = (
  options: ListenOptions & StartOptions = { portZero: "free" },
): Layer.Layer<
  Parts | TcpServer,
  InvalidConfigError | ListenError | StartError,
  RedixConfig | FileSystem.FileSystem
> =>
  onRealTurns(
    Layer.effectDiscard(loadFirst(options)).pipe(
      Layer.provideMerge(listening(options)),
      Layer.provideMerge(Layer.effectDiscard(expectLoad(options))),
      Layer.provideMerge(Layer.effectContext(makeParts(options))),
    ),
  )
