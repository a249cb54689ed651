/**
 * Redix as layers: everything composed, ready to be provided to an app.
 *
 *   Redix.layerWith({ ... })         the engine: commands on a keyspace, no port
 *   Redix.layerServerWith({ ... })   the engine and the TCP server in front of it
 *   Redix.layerListen({ ... })       a TCP server in front of an engine that is there
 *
 * `layerConfig` and `layerServerConfig` read the overrides from an app's Config; `layer` and `layerServer` take a RedixConfig
 * instead.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { type InvalidConfigError, type Overrides, RedixConfig, theConfig } from "./config/index.js"
import { type EngineService, theEngine } from "./engine/EngineService.js"
import { ProcessInfo } from "./engine/world/ProcessInfo.js"
import { onRealTurns } from "./engine/world/Turn.js"
import { engineLayer, type Parts, serverLayer, type StartOptions } from "./Layers.js"
import type { ListenError } from "./net/ListenError.js"
import { connector } from "./net/memory/IoredisConnector.js"
import { connect } from "./net/memory/MemoryListener.js"
import { type ListenOptions, TcpServer } from "./net/TcpServer.js"
import type { StartError } from "./server/Persistence.js"
import { filesLayer } from "./server/Files.js"
import { limitClients } from "./server/OpenFiles.js"
import { layerMetrics } from "./server/metrics/Metrics.js"

export type { Parts } from "./Layers.js"

/** What an app decides, beyond the configuration. */
export interface RedixOptions extends StartOptions {
  /** What reads and writes files; default: the platform's own operations. */
  readonly files?: Layer.Layer<FileSystem.FileSystem> | undefined
}

const files = (options: RedixOptions): Layer.Layer<FileSystem.FileSystem> => options.files ?? filesLayer()

const layer = (
  options: RedixOptions = {},
): Layer.Layer<Parts, InvalidConfigError | StartError, RedixConfig> =>
  onRealTurns(engineLayer(options)).pipe(Layer.provide(files(options)))

const layerServer = (
  options: ListenOptions & RedixOptions = { portZero: "free" },
): Layer.Layer<Parts | TcpServer, InvalidConfigError | ListenError | StartError, RedixConfig> =>
  serverLayer(options).pipe(Layer.provide(files(options)))

/** An app's directory is its own: files are read and written only in one that is named. */
const noFiles: Overrides = { save: "", dir: "" }

const loadOf = (overrides: Overrides): { readonly load?: true } =>
  overrides.dir !== undefined && overrides.dir !== "" ? { load: true } : {}

const layerWith = (
  overrides: Overrides = {},
  options: RedixOptions = {},
): Layer.Layer<Parts | RedixConfig, InvalidConfigError | StartError> =>
  layer({ ...loadOf(overrides), ...options }).pipe(
    Layer.provideMerge(RedixConfig.layerOf({ ...noFiles, ...overrides })),
  )

const layerServerWith = (
  overrides: Overrides = {},
  options: RedixOptions = {},
): Layer.Layer<Parts | RedixConfig | TcpServer, ListenError | InvalidConfigError | StartError> =>
  layerServer({ portZero: "free", ...loadOf(overrides), ...options }).pipe(
    Layer.provideMerge(RedixConfig.layerOf({ ...noFiles, port: 0, ...overrides })),
  )

/** The directives that say where a listener listens. */
export type ListenOverrides = Pick<
  Overrides,
  "bind" | "port" | "tls-port" | "unixsocket" | "unixsocketperm" | "tcp-backlog"
>

const placeDirectives = [
  "bind",
  "port",
  "tls-port",
  "unixsocket",
  "unixsocketperm",
  "tcp-backlog",
] as const satisfies ReadonlyArray<keyof ListenOverrides>

const layerListen = (
  overrides: ListenOverrides = {},
): Layer.Layer<TcpServer, ListenError | InvalidConfigError, EngineService | RedixConfig> => {
  const open = Effect.gen(function* () {
    const config = yield* theConfig
    yield* limitClients(config, yield* ProcessInfo)
    const asked = { port: 0, ...overrides }
    const own = yield* Effect.provide(RedixConfig, RedixConfig.layerOf(asked))
    if (yield* config.placing) {
      // CONFIG GET shows where it listens, and CONFIG SET has it listen elsewhere.
      for (const name of placeDirectives) config.assignText(name, own.text(name))
      return TcpServer.layerOf(config.values, { portZero: "free", config })
    }
    const { values } = own
    const { bind, port, tlsPort, unixsocket, unixsocketperm, tcpBacklog } = values
    const places = { bind, port, tlsPort, unixsocket, unixsocketperm, tcpBacklog }
    // What else it goes by is the engine's, also where that changes while it runs.
    const settings: typeof values = Object.assign(Object.create(config.values), places)
    return TcpServer.layerOf(settings, { portZero: "free" })
  })
  return onRealTurns(Layer.unwrap(open)).pipe(Layer.provide(filesLayer()))
}

/** The composed layers of a server, and what stands on one that is there. */
export const Redix = {
  /** The engine, without port. Its settings are those of the RedixConfig that is provided; `layerWith` wants none. */
  layer,
  /** The engine and its listeners, with settings as `layer` has them. */
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
