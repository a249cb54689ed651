/**
 * The public API: the composed server (`Redix`), and every layer, service and error it is made of.
 *
 *   Redix                    the composed layers: layerServerWith({ port: 0 }), layerWith(), layerServer(), layer()
 *   Commands                 an app's own commands: layer([command(spec({ ... }), handler)])
 *   RedixConfig              configuration: layerOf({ ... }), layerStart (argv, environment, redis.conf), layer (ConfigProvider)
 *   RespCodec                the wire protocol: parsers and writers of requests and replies
 *   Store                    the keyspace over off-heap memory
 *   RdbPersistence           RDB files: load, save, stream a snapshot; usable without a server
 *   EngineService            commands over a store; PersistenceService and ReplicationService: the server's use of the two
 *   ReplicationMaster        the master side of replication; ReplicationReplica: the replica side
 *   TcpServer                the listeners; its `ports` say where
 *
 * The world comes in through services that have the runtime's own as default, and may be replaced: Effect's Clock, Random,
 * Logger and FileSystem, and ProcessInfo, SecureRandom, Turn (turns of the event loop, real time), Threads, Dial.
 */
export {
  type DirectiveName,
  type Overrides,
  RedixConfig,
  type RedixConfigShape,
  type RedixValues,
} from "./config/index.js"
export {
  ConfigFileError,
  ConfigRewriteError,
  type ConfigStartError,
  InvalidConfigError,
  type StartOptions,
} from "./config/index.js"
export { AofDamageError, type AofError, AofIoError, ManifestError } from "./aof/AofErrors.js"
export { ArenaFullError } from "./memory/Arena.js"
export { RdbCorruptError, type RdbError, RdbIoError, RdbVersionError } from "./rdb/format/RdbErrors.js"
export {
  FunctionLibraries,
  type LibraryStore,
  type LoadOptions,
  type LoadResult,
  type PersistenceOptions,
  RdbPersistence,
  type RdbPersistenceShape,
  type SaveOptions,
  type SnapshotSink,
} from "./rdb/RdbPersistence.js"
export { AppendOnlyFile, type AppendOnlyShape } from "./server/AppendOnlyService.js"
export { type ListenOverrides, type Parts, Redix, type RedixOptions } from "./Redix.js"
export { type Change, type ChangePosition, ChangesLostError } from "./replication/master/ChangeStream.js"
export { MasterLinkError } from "./replication/replica/MasterStream.js"
export { ReplicationMaster, type ReplicationMasterShape } from "./replication/master/ReplicationMaster.js"
export { ReplicationReplica, type ReplicationReplicaShape } from "./replication/replica/ReplicationReplica.js"
export * as Commands from "./engine/Commands.js"
export { RespError } from "./resp/Reply.js"
export { ReplyProtocolError } from "./resp/ReplyParser.js"
export { RespCodec } from "./resp/RespCodec.js"
export { EngineService, type EngineShape } from "./engine/EngineService.js"
export type { IoredisConnector } from "./net/memory/IoredisConnector.js"
export { ListenError } from "./net/ListenError.js"
export { PersistenceService, type PersistenceShape } from "./server/PersistenceService.js"
export { Background, type BackgroundShape } from "./engine/Background.js"
export { type SecureBytes, SecureRandom } from "./engine/world/SecureRandom.js"
export { Turn, type Turns } from "./engine/world/Turn.js"
export { Threads, type ThreadStarter } from "./rdb/snapshot/Threads.js"
export { Dial } from "./server/replication/MasterDial.js"
export { liveProcessInfo, type ProcessFacts, ProcessInfo } from "./engine/world/ProcessInfo.js"
export * as RedisLogger from "./server/RedisLogger.js"
export { ReplicationService, type ReplicationShape } from "./server/replication/ReplicationService.js"
export { type ListenOptions, TcpServer } from "./net/TcpServer.js"
export { REDIS_VERSION, REDIX_VERSION } from "./server/version.js"
export { Store, type StoreOptions, type StoreShape } from "./store/Store.js"
