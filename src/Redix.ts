/**
 * Redix as layers: everything composed, ready to be provided to an app or run by main.ts.
 *
 *   Redix.layer         the engine: commands on a keyspace, no port
 *   Redix.layerServer   the engine and the TCP server in front of it
 *
 * Both read their settings from RedixConfig; `layerWith` and `layerServerWith` take overrides instead.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { renamed } from "./engine/CommandTable.js"
import { dataCommands } from "./commands/index.js"
import { CommandSpec } from "./engine/declare/CommandSpec.js"
import * as specs from "./commands/spec/index.js"
import { InvalidConfigError, type Overrides, RedixConfig } from "./config/index.js"
import type { ReplicationMaster } from "./replication/master/ReplicationMaster.js"
import type { ReplicationReplica } from "./replication/replica/ReplicationReplica.js"
import type { RdbError } from "./rdb/format/RdbErrors.js"
import { RdbPersistence } from "./rdb/RdbPersistence.js"
import { RespCodec } from "./resp/RespCodec.js"
import { clientCommands } from "./commands/client/client.js"
import { commandCommands } from "./commands/info/command.js"
import { configCommands } from "./commands/config/config.js"
import { connectionCommands } from "./commands/client/connection.js"
import { monitorCommands } from "./commands/client/monitor.js"
import { adminCommands } from "./commands/admin.js"
import { dumpCommands } from "./commands/persistence/dump.js"
import { debugChecksums, debugReload, persistenceCommands } from "./commands/persistence/persistence.js"
import { replicationCommands } from "./commands/replication/replication.js"
import { shutdownCommands } from "./commands/persistence/shutdown.js"
import { timeCommands } from "./commands/info/time.js"
import { EngineService } from "./engine/Engine.js"
import { newFileMark } from "./server/FileMark.js"
import { internalError } from "./server/FileReport.js"
import { PersistenceService, type ServerPersistence } from "./server/Persistence.js"
import type { ListenError } from "./net/ListenError.js"
import { ProcessInfo } from "./server/ProcessInfo.js"
import { logVerbose } from "./server/RedisLogger.js"
import { type Replication, ReplicationService } from "./server/replication/Replication.js"
import { type ListenOptions, TcpServer } from "./net/TcpServer.js"
import { Store } from "./store/Store.js"

const store = Layer.unwrap(
  Effect.map(RedixConfig, (config) => Store.layerOf({ databases: config.values.databases })),
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
    Effect.map(RedixConfig, (config) =>
      RdbPersistence.layerOf({ settings: config.values, worker: options.snapshotWorker, id: newFileMark() }),
    ),
  )

/** A service that exists only after the commands that use it were made. */
const later = <A>(): { readonly set: (value: A) => void; readonly get: () => A } => {
  let built: A | undefined
  return {
    set: (value) => void (built = value),
    get: () => {
      if (built === undefined) throw new Error("a command ran before the server was built")
      return built
    },
  }
}

/** What rename-command says. All commands of Redis may be named, also those that are not here. */
const commandNames = (
  config: RedixConfig["Service"],
): Effect.Effect<ReadonlyMap<string, string | null>, InvalidConfigError> => {
  const declared = Object.values(specs).filter(
    (one) => one instanceof CommandSpec && one.container === undefined,
  )
  const names = renamed(
    declared.map(({ name }) => name),
    config.values.renameCommand,
  )
  if (!("reason" in names)) return Effect.succeed(names)
  const { rename, reason } = names
  const value = `${rename.from} ${rename.to}`
  return Effect.fail(
    new InvalidConfigError({ source: "the configuration", key: "rename-command", value, reason }),
  )
}

/** The engine with every command; the families that need services get them here. */
const engineOf = (options: RedixOptions) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const config = yield* RedixConfig
      const facts = yield* ProcessInfo
      const files = yield* Effect.context<FileSystem.FileSystem>()
      const withFiles = <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem>): Effect.Effect<A, E> =>
        Effect.provideContext(effect, files)
      const names = yield* commandNames(config)
      const { set: setPersistence, get: persistence } = later<ServerPersistence>()
      const { set: setReplication, get: replication } = later<Replication>()
      return ReplicationService.layerOf({
        ready: setReplication,
        afterLoad: loads(options, config) !== false,
      }).pipe(
        Layer.provideMerge(PersistenceService.layerOf(setPersistence)),
        Layer.provideMerge(
          EngineService.layerOf(
            config.values,
            (engine) => [
              ...dataCommands,
              ...connectionCommands(engine),
              ...clientCommands(engine),
              ...monitorCommands(engine),
              ...commandCommands(engine),
              ...configCommands(engine, config, withFiles),
              ...adminCommands(engine, config, facts, [
                debugReload(persistence),
                debugChecksums(persistence),
              ]),
              ...shutdownCommands(engine),
              ...timeCommands(engine),
              ...persistenceCommands(persistence),
              ...replicationCommands(engine, replication),
              ...dumpCommands(
                config.values,
                () => persistence().state.skipChecksum,
                (reason) => engine.background(logVerbose(internalError(0, reason))),
              ),
            ],
            names,
          ),
        ),
      )
    }),
  )

type Parts =
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
  engineOf(options).pipe(
    Layer.provideMerge(rdb(options)),
    Layer.provideMerge(store),
    Layer.provide(RespCodec.layer),
  )

const loads = (options: RedixOptions, config: RedixConfig["Service"]): boolean | "later" =>
  options.load ?? config.values.save.length > 0

/** Before the port is open: no client may see the data set that is not there yet. */
const expecting = (options: RedixOptions): Layer.Layer<never, never, PersistenceService | RedixConfig> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const persistence = yield* PersistenceService
      if (loads(options, yield* RedixConfig) !== false) persistence.expectLoad()
    }),
  )

/** Loads the file; clients that come meanwhile are told so. The layers above get the loaded data set. */
const loading = (options: RedixOptions): Layer.Layer<never, RdbError, PersistenceService | RedixConfig> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const persistence = yield* PersistenceService
      if (loads(options, yield* RedixConfig) === true) yield* persistence.loadAtStart
    }),
  )

const layer: Layer.Layer<Parts, InvalidConfigError | RdbError, RedixConfig | FileSystem.FileSystem> = loading(
  {},
).pipe(Layer.provideMerge(layerOf({})))

const listening = (options: ListenOptions) =>
  Layer.unwrap(Effect.map(RedixConfig, (config) => TcpServer.layerOf(config.values, options)))

/** Masters are told the port this server really listens on. */
const announcing: Layer.Layer<never, never, TcpServer | ReplicationService> = Layer.effectDiscard(
  Effect.gen(function* () {
    const replication = yield* ReplicationService
    replication.listeningPort = (yield* TcpServer).ports[0] ?? 0
  }),
)

/** The engine and its listeners; the port is open while the file is loaded. */
const layerServer = (
  options: ListenOptions & RedixOptions = { portZero: "free" },
): Layer.Layer<
  Parts | TcpServer,
  InvalidConfigError | ListenError | RdbError,
  RedixConfig | FileSystem.FileSystem
> =>
  loading(options).pipe(
    Layer.provideMerge(announcing),
    Layer.provideMerge(listening(options)),
    Layer.provideMerge(expecting(options)),
    Layer.provideMerge(layerOf(options)),
  )

const noFiles: Overrides = { save: "" }

/** Files are read only where a directory, a file or a save point is named. */
const loadOf = (overrides: Overrides): { readonly load?: true } =>
  overrides.dir !== undefined || overrides.dbfilename !== undefined || overrides.filename !== undefined
    ? { load: true }
    : {}

export const Redix = {
  layer,
  layerServer,
  /**
   * The engine without port; `overrides` are directives by name. Without `dir`, `dbfilename` or `save` among them no
   * file is read, without `save` none is written unless a command says so.
   */
  layerWith: (overrides: Overrides = {}): Layer.Layer<Parts, InvalidConfigError | RdbError> =>
    loading(loadOf(overrides)).pipe(
      Layer.provideMerge(layerOf(loadOf(overrides))),
      Layer.provide(RedixConfig.layerOf({ ...noFiles, ...overrides })),
      Layer.provide(NodeFileSystem.layer),
    ),
  /** The server on a free loopback port (or `port`); files as in `layerWith`. */
  layerServerWith: (
    overrides: Overrides = {},
  ): Layer.Layer<Parts | TcpServer, ListenError | InvalidConfigError | RdbError> =>
    layerServer({ portZero: "free", ...loadOf(overrides) }).pipe(
      Layer.provide(RedixConfig.layerOf({ ...noFiles, port: 0, ...overrides })),
      Layer.provide(NodeFileSystem.layer),
    ),
}
