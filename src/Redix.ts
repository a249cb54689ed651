/**
 * Redix as layers: everything composed, ready to be provided to an app or run by main.ts.
 *
 *   Redix.layerWith({ ... })         the engine: commands on a keyspace, no port
 *   Redix.layerServerWith({ ... })   the engine and the TCP server in front of it
 *   Redix.layerListen({ ... })       a TCP server in front of an engine that is there
 *
 * Every call makes a server of its own: Effect builds one layer object once for a whole app, so none that holds state may
 * be a constant.
 *
 * `layerConfig` and `layerServerConfig` read the overrides from an app's Config; `layer` and `layerServer` take a RedixConfig
 * and a FileSystem instead.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { renamed } from "./engine/CommandTable.js"
import { CommandSpec } from "./engine/declare/CommandSpec.js"
import { dataCommands } from "./commands/index.js"
import * as specs from "./commands/spec/index.js"
import {
  checkDirectory,
  fromByteText,
  InvalidConfigError,
  type Overrides,
  RedixConfig,
  warningText,
} from "./config/index.js"
import { ReplicationHistory } from "./replication/ReplicationLog.js"
import type { ReplicationMaster } from "./replication/master/ReplicationMaster.js"
import type { ReplicationReplica } from "./replication/replica/ReplicationReplica.js"
import type { StartError } from "./server/Persistence.js"
import { RdbPersistence } from "./rdb/RdbPersistence.js"
import { onRealTurns } from "./engine/world/Turn.js"
import { RespCodec } from "./resp/RespCodec.js"
import { families, scripts } from "./Families.js"
import { Background } from "./engine/Background.js"
import type { Command } from "./engine/Command.js"
import * as Commands from "./engine/Commands.js"
import { StatisticsService } from "./server/StatisticsService.js"
import { EngineService, theEngine } from "./engine/EngineService.js"
import { AppendOnlyFile, theAppendOnlyFile } from "./server/AppendOnlyService.js"
import { newFileMark } from "./server/FileMark.js"
import { filesLayer } from "./server/Files.js"
import { layerMetrics } from "./server/metrics/Metrics.js"
import { PersistenceService, thePersistence } from "./server/PersistenceService.js"
import type { ListenError } from "./net/ListenError.js"
import { connector } from "./net/memory/IoredisConnector.js"
import { connect } from "./net/memory/MemoryListener.js"
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
export interface RedixOptions {
  /** Module of the thread that writes snapshots, or "inline"; default: the one beside rdb/RdbPersistence. */
  readonly snapshotWorker?: URL | "inline" | undefined
  /**
   * Load the file of the configuration (`dir`, `dbfilename`) at the start; default: where there are save points, because
   * the file is then written at the end. With "later" clients are told that the server loads until the caller has run
   * `loadAtStart` of PersistenceService.
   */
  readonly load?: boolean | "later" | undefined
}

const rdb = (options: RedixOptions) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { values } = yield* RedixConfig
      const id = newFileMark(yield* ProcessInfo)
      return RdbPersistence.layerOf({ settings: values, worker: options.snapshotWorker, id })
    }),
  )

/** What rename-command says. All commands of Redis may be named, also those that are not here, and the app's own. */
const commandNames = (
  config: RedixConfig["Service"],
  own: ReadonlyArray<Command>,
): Effect.Effect<ReadonlyMap<string, string | null>, InvalidConfigError> => {
  const declared = Object.values(specs).filter(
    (one) => one instanceof CommandSpec && one.container === undefined,
  )
  const names = renamed(
    [...declared, ...dataCommands, ...own].map(({ name }) => name),
    config.values.renameCommand,
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
      const config = yield* RedixConfig
      yield* checkDirectory(config)
      return EngineService.layerOf(config.values, yield* commandNames(config, yield* Commands.added))
    }),
  )

const replication = (options: RedixOptions) =>
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
  options: RedixOptions,
): Layer.Layer<Parts, InvalidConfigError, RedixConfig | FileSystem.FileSystem> =>
  families().pipe(
    Layer.provide(StatisticsService.layer()),
    Layer.provideMerge(replication(options).pipe(Layer.provide(Background.layer()))),
    Layer.provideMerge(PersistenceService.layer().pipe(Layer.provide(Background.layer()))),
    Layer.provide(ReplicationHistory.layer()),
    Layer.provideMerge(AppendOnlyFile.layer().pipe(Layer.provide(Background.layer()))),
    Layer.provideMerge(rdb(options)),
    Layer.provide(scripts()),
    Layer.provideMerge(engine().pipe(Layer.provide(Background.layer()))),
    Layer.provideMerge(store()),
    Layer.provide(RespCodec.layer),
  )

const loads = (options: RedixOptions, config: RedixConfig["Service"]): boolean | "later" =>
  options.load ?? (config.values.save.length > 0 || config.values.appendonly)

/** Before the port is open: no client may see the data set that is not there yet. Without a file there is none to come. */
const expecting = (
  options: RedixOptions,
): Layer.Layer<never, never, PersistenceService | RedixConfig | FileSystem.FileSystem> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const persistence = yield* thePersistence
      const config = yield* RedixConfig
      if (loads(options, config) === false) return
      const fs = yield* FileSystem.FileSystem
      // What is written before the append-only file is open would be in no file.
      const there =
        config.values.appendonly ||
        (yield* fs.exists(persistence.path).pipe(Effect.orElseSucceed(() => true)))
      persistence.expectLoad(there)
    }),
  )

/**
 * The last of the layers: says what the configuration asks for and does not get, and loads the file; clients that come
 * meanwhile are told so. The layers above get the loaded data set.
 */
const loading = (
  options: RedixOptions,
): Layer.Layer<never, StartError, AppendOnlyFile | PersistenceService | RedixConfig> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const persistence = yield* thePersistence
      const config = yield* RedixConfig
      for (const warning of config.warnings) yield* Effect.logWarning(warningText(warning))
      const load = loads(options, config)
      if (load === true) yield* persistence.loadAtStart
      // What is in memory is all there is to begin with.
      if (load === false && config.values.appendonly) (yield* theAppendOnlyFile).start()
    }),
  )

const layer = (
  options: RedixOptions = {},
): Layer.Layer<Parts, InvalidConfigError | StartError, RedixConfig | FileSystem.FileSystem> =>
  loading(options).pipe(Layer.provideMerge(layerOf(options)))

const listening = (options: ListenOptions) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const config = yield* RedixConfig
      yield* limitClients(config, yield* ProcessInfo)
      return TcpServer.layerOf(config.values, options)
    }),
  )

/** The engine and its listeners; the port is open while the file is loaded. */
const layerServer = (
  options: ListenOptions & RedixOptions = { portZero: "free" },
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

/** An app's directory is its own: files are read and written only in one that is named. */
const noFiles: Overrides = { save: "", dir: "" }

const loadOf = (overrides: Overrides): { readonly load?: true } =>
  overrides.dir !== undefined && overrides.dir !== "" ? { load: true } : {}

const layerWith = (
  overrides: Overrides = {},
  options: RedixOptions = {},
): Layer.Layer<Parts | RedixConfig, InvalidConfigError | StartError> =>
  onRealTurns(layer({ ...loadOf(overrides), ...options })).pipe(
    Layer.provideMerge(RedixConfig.layerOf({ ...noFiles, ...overrides })),
    Layer.provide(filesLayer()),
  )

const layerServerWith = (
  overrides: Overrides = {},
  options: RedixOptions = {},
): Layer.Layer<Parts | RedixConfig | TcpServer, ListenError | InvalidConfigError | StartError> =>
  layerServer({ portZero: "free", ...loadOf(overrides), ...options }).pipe(
    Layer.provideMerge(RedixConfig.layerOf({ ...noFiles, port: 0, ...overrides })),
    Layer.provide(filesLayer()),
  )

/** The directives that say where a listener listens. */
export type ListenOverrides = Pick<
  Overrides,
  "bind" | "port" | "tls-port" | "unixsocket" | "unixsocketperm" | "tcp-backlog"
>

const layerListen = (
  overrides: ListenOverrides = {},
): Layer.Layer<TcpServer, ListenError | InvalidConfigError, EngineService | RedixConfig> => {
  const open = Effect.gen(function* () {
    const config = yield* RedixConfig
    yield* limitClients(config, yield* ProcessInfo)
    const asked = { port: 0, ...overrides }
    const { values } = yield* Effect.provide(RedixConfig, RedixConfig.layerOf(asked))
    const { bind, port, tlsPort, unixsocket, unixsocketperm, tcpBacklog } = values
    const places = { bind, port, tlsPort, unixsocket, unixsocketperm, tcpBacklog }
    // What else it goes by is the engine's, also where that changes while it runs.
    const settings: typeof values = Object.assign(Object.create(config.values), places)
    return TcpServer.layerOf(settings, { portZero: "free" })
  })
  return onRealTurns(Layer.unwrap(open)).pipe(Layer.provide(filesLayer()))
}

export const Redix = {
  /**
   * The engine, without port. Its settings are those of the RedixConfig that is provided, its files those of the
   * FileSystem; `layerWith` wants neither.
   */
  layer,
  /** The engine and its listeners, with settings and files as `layer` has them. */
  layerServer,
  /**
   * The engine without port; `overrides` are directives by name. Without `dir` among them no file is read or written,
   * whatever a client asks for; without `save` none is written unless a command says so.
   */
  layerWith,
  /** The server on a free loopback port (or `port`); files as in `layerWith`. */
  layerServerWith,
  /** As `layerWith`, for overrides that an app reads from its own configuration. */
  layerConfig: (
    overrides: Config.Wrap<Overrides>,
    options: RedixOptions = {},
  ): Layer.Layer<Parts | RedixConfig, Config.ConfigError | InvalidConfigError | StartError> =>
    Layer.unwrap(Effect.map(Config.unwrap(overrides), (read) => layerWith(read, options))),
  /** As `layerServerWith`, for overrides that an app reads from its own configuration. */
  layerServerConfig: (
    overrides: Config.Wrap<Overrides>,
    options: RedixOptions = {},
  ): Layer.Layer<
    Parts | RedixConfig | TcpServer,
    Config.ConfigError | ListenError | InvalidConfigError | StartError
  > => Layer.unwrap(Effect.map(Config.unwrap(overrides), (read) => layerServerWith(read, options))),
  /**
   * What INFO shows as Effect metrics, by the names of redis_exporter: read when a snapshot of all metrics is taken, and at
   * no cost until then. Give each of several servers `labels` of its own.
   */
  layerMetrics,
  /** A listener for an engine that is there: on a free loopback port, or where the overrides say. */
  layerListen,
  /**
   * A connection to the engine without a port: the client's end of it, a stream that client libraries take for a socket. It
   * ends with the scope.
   */
  connect,
  /** For ioredis and what is built on it: `new Redis({ Connector: yield* Redix.connector })`. */
  connector,
  /**
   * Waits until a client's SHUTDOWN has ended the server: its connections close and nothing listens any more. The process
   * is the app's and goes on.
   */
  awaitShutdown: Effect.flatMap(theEngine, (engine) => engine.lifecycle.awaitEnd),
}
