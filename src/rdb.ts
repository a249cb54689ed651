/**
 * `redix/rdb`: RDB files without a server.
 *
 *   layerWith        `RdbPersistence` on a `Store` of its own: load a file, look at the keys, save them to another
 *   RdbDecoder       the bytes of a file, in any cut, as calls of an `RdbSink`; nothing is loaded
 *   RdbCheck         a sink that says what a file holds, by type and by key
 *
 * What is wrong with a file is a `RdbCorruptError` or `RdbVersionError`: returned by the layer, thrown by the decoder.
 */
import * as Layer from "effect/Layer"
import { defaultSettings } from "./engine/Settings.js"
import * as Effect from "effect/Effect"
import { ProcessInfo } from "./engine/world/ProcessInfo.js"
import { FunctionLibraries, RdbPersistence, type PersistenceSettings } from "./rdb/RdbPersistence.js"
import { newFileMark } from "./server/FileMark.js"
import { filesLayer } from "./server/Files.js"
import { Store } from "./store/Store.js"

export { RdbDecoder, type RdbDecoderOptions } from "./rdb/decode/RdbDecoder.js"
export { RdbCorruptError, type RdbError, RdbIoError, RdbVersionError } from "./rdb/format/RdbErrors.js"
export {
  RdbMeta,
  type RdbSink,
  RdbSlice,
  type RdbStreamConsumer,
  type RdbStreamGroup,
  type RdbStreamId,
  type RdbStreamInfo,
} from "./rdb/format/RdbSink.js"
export { type CheckedKey, keyAsJson, RdbCheck, summaryLines } from "./rdb/RdbCheck.js"
export {
  type LoadOptions,
  type LoadResult,
  type PersistenceOptions,
  type PersistenceSettings,
  RdbPersistence,
  type RdbPersistenceShape,
  type SaveOptions,
  type SnapshotSink,
} from "./rdb/RdbPersistence.js"
export { Store, type StoreOptions, type StoreShape } from "./store/Store.js"

/** What redis-server has without a configuration. */
const defaults: PersistenceSettings = {
  ...defaultSettings,
  rdbcompression: true,
  rdbchecksum: true,
  rdbSaveIncrementalFsync: true,
  rdbKeySaveDelay: 0,
  keyLoadDelay: 0,
  maxmemoryPolicy: "noeviction",
  sanitizeDumpPayload: "no",
}

/** Files of the file system, and a store of its own for each call. Settings are directives in camel case. */
export const layerWith = (settings: Partial<PersistenceSettings> = {}): Layer.Layer<RdbPersistence | Store> =>
  Layer.unwrap(
    Effect.map(ProcessInfo, (facts) =>
      RdbPersistence.layerOf({ settings: { ...defaults, ...settings }, id: newFileMark(facts) }),
    ),
  ).pipe(
    Layer.provide(FunctionLibraries.layerKept()),
    Layer.provideMerge(Store.layerOf()),
    Layer.provide(filesLayer()),
  )
