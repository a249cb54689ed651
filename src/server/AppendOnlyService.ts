/** The append-only file as a service, which follows the configuration. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { AppendOnly } from "../aof/AppendOnlyFile.js"
import type { AofPhase } from "../aof/AofStatus.js"
import { type DirectiveName, type RedixConfig, configIn } from "../config/index.js"
import { Background } from "../engine/Background.js"
import { type EngineService, engineIn } from "../engine/EngineService.js"
import { ProcessInfo } from "../engine/world/ProcessInfo.js"
import { type RdbPersistence, rdbFilesIn } from "../rdb/RdbPersistence.js"
import { ReplicationHistory } from "../replication/ReplicationLog.js"

/** What an app sees of the append-only file. */
export interface AppendOnlyShape {
  /** How it stands, as it is now: `phase` says whether it is written. */
  readonly status: { readonly phase: AofPhase }
  /** Waits until everything that was logged so far is on the disk; false when that will not be. */
  readonly flush: Effect.Effect<boolean>
}

type AppendOnlyNeeds =
  | EngineService
  | RedixConfig
  | RdbPersistence
  | FileSystem.FileSystem
  | Background
  | ReplicationHistory

/** The append-only file of an engine. */
export class AppendOnlyFile extends Context.Service<AppendOnlyFile, AppendOnlyShape>()(
  "redix/server/AppendOnlyFile",
) {
  /** Writes the file, and begins and ends as `appendonly` says. */
  static readonly layer = () => Layer.effect(AppendOnlyFile, this.make)

  /** As `layer`, for the present scope. */
  static readonly make: Effect.Effect<AppendOnlyShape, never, AppendOnlyNeeds | Scope.Scope> = Effect.gen(
    function* () {
      const services = yield* Effect.context<AppendOnlyNeeds>()
      const config = configIn(services)
      const history = Context.get(services, ReplicationHistory)
      const aof = new AppendOnly({
        engine: engineIn(services),
        rdb: rdbFilesIn(services),
        settings: config.values,
        fs: Context.get(services, FileSystem.FileSystem),
        fork: Context.get(services, Background).run,
        pid: Context.get(services, ProcessInfo).pid,
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
    },
  )
}

/** The whole of it, for the server's own parts. */
export const appendOnlyFileIn = (services: Context.Context<AppendOnlyFile>): AppendOnly => {
  const aof = Context.get(services, AppendOnlyFile)
  if (!(aof instanceof AppendOnly))
    throw new Error("the append-only file is not one of this package's layers")
  return aof
}

/** As `appendOnlyFileIn`, where that is all a fiber asks for. */
export const theAppendOnlyFile: Effect.Effect<AppendOnly, never, AppendOnlyFile> = Effect.map(
  Effect.context<AppendOnlyFile>(),
  appendOnlyFileIn,
)
