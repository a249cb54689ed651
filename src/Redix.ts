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
import { dataCommands } from "./commands/index.js"
import { type InvalidConfigError, type Overrides, RedixConfig } from "./config/index.js"
import { RespCodec } from "./resp/RespCodec.js"
import { clientCommands } from "./server/admin/client.js"
import { commandCommands } from "./server/admin/command.js"
import { configCommands } from "./server/admin/config.js"
import { connectionCommands } from "./server/admin/connection.js"
import { monitorCommands } from "./server/admin/monitor.js"
import { debugCommands } from "./server/admin/debug.js"
import { shutdownCommands } from "./server/admin/shutdown.js"
import { timeCommands } from "./server/admin/time.js"
import { EngineService } from "./server/Engine.js"
import type { ListenError } from "./server/ListenError.js"
import { type ListenOptions, TcpServer } from "./server/TcpServer.js"
import { Store } from "./store/Store.js"

const store = Layer.unwrap(
  Effect.map(RedixConfig, (config) => Store.layerOf({ databases: config.values.databases })),
)

/** The engine with every command; the families that need services get them here. */
const engine = Layer.unwrap(
  Effect.gen(function* () {
    const config = yield* RedixConfig
    const files = yield* Effect.context<FileSystem.FileSystem>()
    const withFiles = <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem>): Effect.Effect<A, E> =>
      Effect.provideContext(effect, files)
    return EngineService.layerOf(config.values, (engine) => [
      ...dataCommands,
      ...connectionCommands(engine),
      ...clientCommands(engine),
      ...monitorCommands(engine),
      ...commandCommands(engine),
      ...configCommands(engine, config, withFiles),
      ...debugCommands(engine),
      ...shutdownCommands(engine),
      ...timeCommands(engine),
    ])
  }),
)

/** The engine on a store of its own. */
const layer: Layer.Layer<EngineService | Store, never, RedixConfig | FileSystem.FileSystem> = engine.pipe(
  Layer.provideMerge(store),
  Layer.provide(RespCodec.layer),
)

const listening = (options: ListenOptions) =>
  Layer.unwrap(Effect.map(RedixConfig, (config) => TcpServer.layerOf(config.values, options)))

/** The engine and its listeners. */
const layerServer = (
  options: ListenOptions = { portZero: "free" },
): Layer.Layer<EngineService | Store | TcpServer, ListenError, RedixConfig | FileSystem.FileSystem> =>
  listening(options).pipe(Layer.provideMerge(layer))

const noFiles: Overrides = { save: "" }

export const Redix = {
  layer,
  layerServer,
  /** The engine without port or files; `overrides` are directives by name. */
  layerWith: (overrides: Overrides = {}): Layer.Layer<EngineService | Store, InvalidConfigError> =>
    layer.pipe(
      Layer.provide(RedixConfig.layerOf({ ...noFiles, ...overrides })),
      Layer.provide(NodeFileSystem.layer),
    ),
  /** The server on a free loopback port (or `port`), without save points unless `save` is given. */
  layerServerWith: (
    overrides: Overrides = {},
  ): Layer.Layer<EngineService | Store | TcpServer, ListenError | InvalidConfigError> =>
    layerServer().pipe(
      Layer.provide(RedixConfig.layerOf({ ...noFiles, port: 0, ...overrides })),
      Layer.provide(NodeFileSystem.layer),
    ),
}
