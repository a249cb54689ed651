/** The append-only file as a service, which follows the configuration. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { AppendOnly } from "../aof/AppendOnlyFile.js"
import type { AofPhase } from "../aof/AofStatus.js"
import { type DirectiveName, type RedixConfig, theConfig } from "../config/index.js"
import { Background } from "../engine/Background.js"
import { type EngineService, theEngine } from "../engine/EngineService.js"
import { ProcessInfo } from "../engine/world/ProcessInfo.js"
import { type RdbPersistence, theRdbFiles } from "../rdb/RdbPersistence.js"
import { ReplicationHistory } from "../replication/ReplicationLog.js"

/** What an app sees of the append-only file. */
export interface AppendOnlyShape {
  readonly status: { readonly phase: AofPhase }
  /** Waits until everything that was logged so far is on the disk; false when that will not be. */
  readonly flush: Effect.Effect<boolean>
}

/** The append-only file of an engine. */
export class AppendOnlyFile extends Context.Service<AppendOnlyFile, AppendOnlyShape>()(
  "redix/server/AppendOnlyFile",
) {
  /** Writes the file, and begins and ends as `appendonly` says. */
  static readonly layer = () => Layer.effect(AppendOnlyFile, this.make)

  /** As `layer`, for the present scope. */
  static readonly make: Effect.Effect<
    AppendOnlyShape,
    never,
    | EngineService
    | RedixConfig
    | RdbPersistence
    | FileSystem.FileSystem
    | Background
    | ReplicationHistory
    | Scope.Scope
  > = Effect.gen(function* () {
    const config = yield* theConfig
    const history = yield* ReplicationHistory
    const aof = new AppendOnly({
      engine: yield* theEngine,
      rdb: yield* theRdbFiles,
      settings: config.values,
      fs: yield* FileSystem.FileSystem,
      fork: (yield* Background).run,
      pid: (yield* ProcessInfo).pid,
      offset: () => history.offset,
    })
    aof.begin()
    const followed: ReadonlyArray<DirectiveName> = [
      "appendfsync",
      "aof-timestamp-enabled",
      "no-appendfsync-on-rewrite",
    ]
    for (const name of followed)
      config.onChange(name, () => {
        aof.followSettings()
        return undefined
      })
    config.onChange("aof-disable-auto-gc", () => {
      aof.removeHistory()
      return undefined
    })
    config.onChange("appendonly", () => {
      if (config.values.appendonly) aof.start()
      else aof.stop()
      return undefined
    })
    yield* Effect.addFinalizer(() => aof.end)
    return aof
  })
}

/** The whole of it, for the server's own parts. */
export const theAppendOnlyFile: Effect.Effect<AppendOnly, never, AppendOnlyFile> = Effect.map(
  AppendOnlyFile,
  (aof) => {
    if (!(aof instanceof AppendOnly))
      throw new Error("the append-only file is not one of this package's layers")
    return aof
  },
)
