/** Replication as a service: how its parts are joined, and what an app sees of it. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Background } from "../../engine/Background.js"
import { SecureRandom } from "../../engine/world/SecureRandom.js"
import { type RedixConfig, configIn } from "../../config/index.js"
import { type RdbPersistence, rdbFilesIn } from "../../rdb/RdbPersistence.js"
import { ReplicationMaster } from "../../replication/master/ReplicationMaster.js"
import { unlinkMaster } from "../../replication/replica/MasterClient.js"
import { ReplicationReplica } from "../../replication/replica/ReplicationReplica.js"
import { ReplicationHistory } from "../../replication/ReplicationLog.js"
import { type EngineService, engineIn } from "../../engine/EngineService.js"
import { Dial } from "./MasterDial.js"
import { type PersistenceService, persistenceIn } from "../PersistenceService.js"
import { ProcessInfo } from "../../engine/world/ProcessInfo.js"
import { Replication } from "./Replication.js"
import type { ConfigState } from "../../config/index.js"
import { type DialMaster, MasterLinkError } from "../../replication/replica/MasterStream.js"
import { readClientTlsOptions } from "../../net/TlsOptions.js"

/** Dials as the configuration says. */
const configuredDial =
  ({ values }: ConfigState, files: FileSystem.FileSystem, dial: (typeof Dial)["Service"]): DialMaster =>
  (master) =>
    Effect.gen(function* () {
      const secure = values.tlsReplication
        ? yield* readClientTlsOptions(values).pipe(
            Effect.provideService(FileSystem.FileSystem, files),
            Effect.mapError(({ address, reason }) => new MasterLinkError({ step: address, reason })),
          )
        : undefined
      return yield* dial(master, secure, values.replTimeout * 1000, values.bindSourceAddr)
    })

/** What an app may have of replication; its two sides are services of their own. */
export interface ReplicationShape {
  /** Follows a master from now on. */
  readonly follow: (host: string, port: number) => void
  /** Becomes a master with the data set as it is. */
  readonly promote: () => void
}

type ReplicationNeeds =
  | EngineService
  | RedixConfig
  | RdbPersistence
  | PersistenceService
  | ReplicationHistory
  | Background
  | FileSystem.FileSystem

/** Replication as a service, with its clock-driven work; and its two sides, for those who need only one. */
export class ReplicationService extends Context.Service<ReplicationService, ReplicationShape>()(
  "redix/server/Replication",
) {
  /**
   * With `afterLoad` it starts when the file of the configuration has been loaded, else at once.
   */
  static readonly layerOf = (options: { readonly afterLoad: boolean }) =>
    Layer.effectContext(this.make(options))

  /** As `layerOf`, for the present scope. */
  static readonly make = (options: {
    readonly afterLoad: boolean
  }): Effect.Effect<
    Context.Context<ReplicationService | ReplicationMaster | ReplicationReplica>,
    never,
    ReplicationNeeds | Scope.Scope
  > =>
    Effect.gen(function* () {
      const services = yield* Effect.context<ReplicationNeeds>()
      const engine = engineIn(services)
      const server = persistenceIn(services)
      const config = configIn(services)
      const history = Context.get(services, ReplicationHistory)
      const files = Context.get(services, FileSystem.FileSystem)
      const given = {
        engine,
        persistence: rdbFilesIn(services),
        background: Context.get(services, Background).run,
        files,
        random: Context.get(services, SecureRandom),
        facts: Context.get(services, ProcessInfo),
      }
      const dial = configuredDial(config, files, Context.get(services, Dial))
      const replication = new Replication(history, config, given, dial)
      yield* Effect.addFinalizer(() => Effect.sync(() => unlinkMaster(engine, history)))
      if (options.afterLoad) server.afterLoad.push(replication)
      else replication.start(undefined)
      return Context.make(ReplicationService, replication).pipe(
        Context.add(ReplicationMaster, replication.master),
        Context.add(ReplicationReplica, replication.replica),
      )
    })
}

/**
 * Replication whole, for the server's own parts.
 *
 * @internal
 */
export const replicationIn = (services: Context.Context<ReplicationService>): Replication => {
  const replication = Context.get(services, ReplicationService)
  if (!(replication instanceof Replication))
    throw new Error("the replication is not one of this package's layers")
  return replication
}

/** As `replicationIn`, where that is all a fiber asks for. */
export const theReplication: Effect.Effect<Replication, never, ReplicationService> = Effect.map(
  Effect.context<ReplicationService>(),
  replicationIn,
)
