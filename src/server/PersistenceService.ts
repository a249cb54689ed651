/** Persistence as a service. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Background } from "../engine/Background.js"
import { type RedixConfig, configIn } from "../config/index.js"
import type { RdbIoError } from "../rdb/format/RdbErrors.js"
import { type RdbPersistence, type RdbPersistenceShape, rdbFilesIn } from "../rdb/RdbPersistence.js"
import { type EngineService, engineIn } from "../engine/EngineService.js"
import { ReplicationHistory } from "../replication/ReplicationLog.js"
import { ProcessInfo } from "../engine/world/ProcessInfo.js"
import { type AppendOnlyFile, appendOnlyFileIn } from "./AppendOnlyService.js"
import { ServerPersistence, type StartError } from "./Persistence.js"

/** What an app sees of the server's persistence. */
export interface PersistenceShape {
  /** The file of the configuration. */
  readonly path: string
  /** Whether the file is being loaded now. */
  readonly loading: boolean
  /** How the saves went, as INFO has it. */
  readonly state: Readonly<
    Pick<
      RdbPersistenceShape["state"],
      "begun" | "saves" | "lastStatus" | "lastError" | "lastSaveSeconds" | "lastDurationSeconds"
    >
  >
  /** Loads the file, for whoever has asked to do so "later". */
  readonly loadAtStart: Effect.Effect<void, StartError>
  /** Saves to the file; done when it is there, whole. */
  readonly saveNow: () => Effect.Effect<void, RdbIoError>
  /** As `saveNow`, done when the save has begun. */
  readonly startBackground: () => Effect.Effect<void, RdbIoError>
}

type PersistenceNeeds =
  | EngineService
  | RedixConfig
  | RdbPersistence
  | AppendOnlyFile
  | ReplicationHistory
  | Background

/** How a server keeps its data: saves at save points, on commands and before its end. */
export class PersistenceService extends Context.Service<PersistenceService, PersistenceShape>()(
  "redix/server/Persistence",
) {
  /** Saves and loads as the configuration says. */
  static readonly layer = () => Layer.effect(PersistenceService, this.make)

  /** As `layer`, for the present scope. */
  static readonly make: Effect.Effect<PersistenceShape, never, PersistenceNeeds | Scope.Scope> = Effect.gen(
    function* () {
      const services = yield* Effect.context<PersistenceNeeds>()
      const persistence = new ServerPersistence(
        engineIn(services),
        configIn(services),
        rdbFilesIn(services),
        appendOnlyFileIn(services),
        Context.get(services, ReplicationHistory),
        Context.get(services, Background).run,
        Context.get(services, ProcessInfo).pid,
      )
      yield* Effect.addFinalizer(() => persistence.atScopeEnd)
      return persistence
    },
  )
}

/**
 * Persistence whole, for the server's own parts.
 *
 * @internal
 */
export const persistenceIn = (services: Context.Context<PersistenceService>): ServerPersistence => {
  const persistence = Context.get(services, PersistenceService)
  if (!(persistence instanceof ServerPersistence))
    throw new Error("the persistence is not one of this package's layers")
  return persistence
}

/** As `persistenceIn`, where that is all a fiber asks for. */
export const thePersistence: Effect.Effect<ServerPersistence, never, PersistenceService> = Effect.map(
  Effect.context<PersistenceService>(),
  persistenceIn,
)
