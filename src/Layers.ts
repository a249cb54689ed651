/**
 * The engine and the server, composed of their parts: what the programs run, and what `Redix` and `redix/testing` are made of.
 *
 * Every call makes a server of its own: Effect builds one layer object once for a whole app, so none that holds state may
 * be a constant.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { renamed } from "./engine/CommandTable.js"
import { CommandSpec } from "./engine/declare/CommandSpec.js"
import * as specs from "./commands/spec/index.js"
import {
  checkDirectory,
  fromByteText,
  InvalidConfigError,
  RedixConfig,
  theConfig,
  warningText,
} from "./config/index.js"
import { ReplicationHistory } from "./replication/ReplicationLog.js"
import type { ReplicationMaster } from "./replication/master/ReplicationMaster.js"
import type { ReplicationReplica } from "./replication/replica/ReplicationReplica.js"
import type { StartError } from "./server/Persistence.js"
import { RdbPersistence } from "./rdb/RdbPersistence.js"
import { onRealTurns } from "./engine/world/Turn.js"
import { RespCodec } from "./resp/RespCodec.js"
import { families, independent, scripts } from "./Families.js"
import { Background } from "./engine/Background.js"
import type { Command } from "./engine/Command.js"
import * as Commands from "./engine/Commands.js"
import { usersAtStart } from "./server/UserFile.js"
import { StatisticsService } from "./server/StatisticsService.js"
import { EngineService, theEngine } from "./engine/EngineService.js"
import { AppendOnlyFile, theAppendOnlyFile } from "./server/AppendOnlyService.js"
import { newFileMark } from "./server/FileMark.js"
import { PersistenceService, thePersistence } from "./server/PersistenceService.js"
import type { ListenError } from "./net/ListenError.js"
import { limitClients } from "./server/OpenFiles.js"
import { ProcessInfo } from "./engine/world/ProcessInfo.js"
import { ReplicationService } from "./server/replication/ReplicationService.js"
import { type ListenOptions, TcpServer } from "./net/TcpServer.js"
import { Store } from "./store/Store.js"

/** Made anew for each server: a layer that is one constant is built once, and two servers of an app would share it. */
const store = () =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { values } = yield* RedixConfig
      const { collectGarbage } = yield* ProcessInfo
      return Store.layerOf({ databases: values.databases, freeing: values, collectGarbage })
    }),
  )

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

const rdb = (options: StartOptions) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { values } = yield* RedixConfig
      const id = newFileMark(yield* ProcessInfo)
      const longChange = (yield* theEngine).scripts
      return RdbPersistence.layerOf({ settings: values, longChange, worker: options.snapshotWorker, id })
    }),
  )

/** All commands that Redis declares, subcommands with them. */
const declared = Object.values(specs).filter((one) => one instanceof CommandSpec)

const AS_DECLARED: ReadonlyMap<string, string | null> = new Map()

/** What rename-command says. All commands of Redis may be named, also those that are not here, and the app's own. */
const commandNames = (
  { values: { renameCommand } }: RedixConfig["Service"],
  own: ReadonlyArray<Command>,
): Effect.Effect<ReadonlyMap<string, string | null>, InvalidConfigError> => {
  if (renameCommand.length === 0) return Effect.succeed(AS_DECLARED)
  const named = declared.filter(({ container }) => container === undefined)
  const names = renamed(
    [...named, ...independent, ...own].map(({ name }) => name),
    renameCommand,
  )
  if (!("reason" in names)) return Effect.succeed(names)
  const { rename, reason } = names
  const value = fromByteText(`${rename.from} ${rename.to}`)
  return Effect.fail(
    new InvalidConfigError({ source: "the configuration", key: "rename-command", value, reason }),
  )
}

const engine = () =>
  Layer.unwrap(
    Effect.gen(function* () {
      const config = yield* theConfig
      yield* checkDirectory(config)
      return EngineService.layerOf(
        config.values,
        yield* commandNames(config, yield* Commands.added),
        declared,
        independent,
      )
    }),
  )

/** Behind all families of commands: rules of users name them. */
const users = () =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      yield* usersAtStart((yield* theEngine).users, yield* RedixConfig)
    }),
  )

const replication = (options: StartOptions) =>
  Layer.unwrap(
    Effect.map(RedixConfig, (config) =>
      ReplicationService.layerOf({ afterLoad: loads(options, config) !== false }),
    ),
  )

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

/** The engine on a store of its own. */
const layerOf = (
  options: StartOptions,
): Layer.Layer<Parts, InvalidConfigError, RedixConfig | FileSystem.FileSystem> =>
  users().pipe(
    Layer.provide(families()),
    Layer.provide(StatisticsService.layer()),
    Layer.provideMerge(replication(options).pipe(Layer.provide(Background.layer()))),
    Layer.provideMerge(PersistenceService.layer().pipe(Layer.provide(Background.layer()))),
    Layer.provideMerge(AppendOnlyFile.layer().pipe(Layer.provide(Background.layer()))),
    Layer.provide(ReplicationHistory.layer()),
    Layer.provideMerge(rdb(options)),
    Layer.provide(scripts()),
    Layer.provideMerge(engine().pipe(Layer.provide(Background.layer()))),
    Layer.provideMerge(store()),
    Layer.provide(RespCodec.layer),
  )

const loads = (options: StartOptions, config: RedixConfig["Service"]): boolean | "later" =>
  options.load ?? (config.values.save.length > 0 || config.values.appendonly)

/** Before the port is open: no client may see the data set that is not there yet. Without a file there is none to come. */
const expecting = (
  options: StartOptions,
): Layer.Layer<never, never, PersistenceService | RedixConfig | FileSystem.FileSystem> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const persistence = yield* thePersistence
      const config = yield* theConfig
      if (loads(options, config) === false) return
      const fs = yield* FileSystem.FileSystem
      const there = config.values.appendonly
        ? !(yield* persistence.openLogFirst)
        : yield* fs.exists(persistence.path).pipe(Effect.orElseSucceed(() => true))
      persistence.expectLoad(there)
    }),
  )

/**
 * The last of the layers: says what the configuration asks for and does not get, and loads the file; clients that come
 * meanwhile are told so. The layers above get the loaded data set.
 */
const loading = (
  options: StartOptions,
): Layer.Layer<never, StartError, AppendOnlyFile | PersistenceService | RedixConfig> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const persistence = yield* thePersistence
      const config = yield* theConfig
      for (const warning of config.warnings) yield* Effect.logWarning(warningText(warning))
      const load = loads(options, config)
      if (load === true) yield* persistence.loadAtStart
      // What is in memory is all there is to begin with.
      if (load === false && config.values.appendonly) (yield* theAppendOnlyFile).start()
    }),
  )

/** The engine; what its directives and files are is left to its surroundings. */
export const engineLayer = (
  options: StartOptions = {},
): Layer.Layer<Parts, InvalidConfigError | StartError, RedixConfig | FileSystem.FileSystem> =>
  loading(options).pipe(Layer.provideMerge(layerOf(options)))

const listening = (options: ListenOptions) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const config = yield* theConfig
      yield* limitClients(config, yield* ProcessInfo)
      yield* config.placing
      return TcpServer.layerOf(config.values, { config, ...options })
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
    loading(options).pipe(
      Layer.provideMerge(listening(options)),
      Layer.provideMerge(expecting(options)),
      Layer.provideMerge(layerOf(options)),
    ),
  )
