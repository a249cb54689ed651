/**
 * Replication in a server: the log as the engine's command log, the master side, the replica side, and what each means
 * for the engine's gates and its expiry.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { Background } from "../../engine/Background.js"
import type { Session } from "../../engine/clients/Session.js"
import type { EnginePart } from "../../engine/EnginePart.js"
import { SecureRandom } from "../../engine/world/SecureRandom.js"
import { type ConfigState, RedixConfig, toByteText } from "../../config/index.js"
import { type LoadResult, RdbPersistence } from "../../rdb/RdbPersistence.js"
import { Master, ReplicationMaster } from "../../replication/master/ReplicationMaster.js"
import { Heartbeat } from "../../replication/Heartbeat.js"
import { unlinkMaster } from "../../replication/replica/MasterClient.js"
import { Replica, ReplicationReplica } from "../../replication/replica/ReplicationReplica.js"
import { type DialMaster, MasterLinkError } from "../../replication/replica/MasterStream.js"
import { ReplicationHistory, type ReplicationLog } from "../../replication/ReplicationLog.js"
import type { ReplicationServices } from "../../replication/ReplicationServices.js"
import * as Errors from "../../resp/Errors.js"
import type { Engine } from "../../engine/Engine.js"
import { type EngineService, theEngine } from "../../engine/EngineService.js"
import { Failover } from "./Failover.js"
import { Dial } from "./MasterDial.js"
import { PersistenceService } from "../Persistence.js"
import { ProcessInfo } from "../../engine/world/ProcessInfo.js"
import { waitForReplicas } from "./ReplicaWait.js"
import { tellInfo } from "./ReplicationInfo.js"
import type { ReplicationParts } from "./ReplicationParts.js"
import { readClientTlsOptions } from "../../net/TlsOptions.js"

export class Replication implements ReplicationParts, EnginePart {
  readonly engine: Engine
  readonly master: Master
  readonly replica: Replica
  readonly failover: Failover
  private readonly heartbeat: Heartbeat

  constructor(
    readonly log: ReplicationLog,
    private readonly config: ConfigState,
    services: ReplicationServices,
    dial: DialMaster,
  ) {
    const { engine, background } = services
    const { values } = config
    this.engine = engine
    const heartbeat = (this.heartbeat = new Heartbeat(engine, background))
    this.master = new Master(log, values, services, heartbeat)
    this.replica = new Replica(log, values, services, heartbeat, this.master, dial)
    this.failover = new Failover(this, background)
    heartbeat.add(this.failover)
    engine.parts.add(this)
    tellInfo(this, values)
    engine.lifecycle.addFirstStep((options) =>
      waitForReplicas(this, options.now ? 0 : values.shutdownTimeout),
    )
    this.watchConfig(config)
    // Before the file is loaded: a replica keeps the expired keys in it for its master to delete.
    if (values.replicaof !== undefined) this.replica.takeRole("connect")
  }

  detached(session: Session): void {
    this.master.detach(session)
  }

  cron(now: number): number {
    this.heartbeat.begin()
    return this.master.expireBacklog(now)
  }

  resetStats(): void {
    this.master.resetStats()
    this.replica.resetStats()
  }

  uncountedBytes(): number {
    return this.log.backlog?.memoryBytes ?? 0
  }

  checkInvariants(): void {
    this.log.checkInvariants()
  }

  private watchConfig(config: ConfigState): void {
    for (const name of ["replica-read-only", "replica-serve-stale-data"] as const) {
      config.onChange(name, () => {
        this.replica.takeRole()
        return undefined
      })
    }
    for (const name of ["min-replicas-to-write", "min-replicas-max-lag"] as const) {
      config.onChange(name, () => {
        this.master.countGood()
        return undefined
      })
    }
    config.onChange("repl-backlog-size", () => {
      this.log.backlog?.resize(config.values.replBacklogSize)
      return undefined
    })
  }

  /**
   * What the file loaded at the start said of the stream: a replica may continue it, a master starts a history that
   * continues it. Then the configured master is followed.
   */
  start(loaded: LoadResult | undefined): void {
    const { log } = this
    const { replicaof, replBacklogSize } = this.config.values
    const position = loaded?.replication
    if (position !== undefined && /^[0-9a-f]{40}$/.test(position.id) && position.offset >= 0) {
      log.adopt(position.id, position.offset)
      log.openBacklog(replBacklogSize)
      this.log.masterSession.database = Math.max(0, position.streamDb)
      if (replicaof === undefined) log.shiftId()
    } else if (replicaof !== undefined) {
      log.continues = false
    }
    if (replicaof !== undefined) this.replica.follow({ host: replicaof.host, port: replicaof.port })
  }

  /** Follows a master from now on. */
  follow(host: string, port: number): void {
    this.failover.abort("REPLICAOF")
    this.demote(host, port)
  }

  /** As `follow`, also in the course of a failover. */
  demote(host: string, port: number): void {
    this.releaseWaiting()
    // The stream to come may begin in the database that this server's own stream had selected.
    if (this.replica.master === undefined) this.log.masterSession.database = this.log.streamDb
    this.replica.follow({ host, port })
    this.config.assignText("replicaof", toByteText(`${host} ${port}`))
  }

  /** Becomes a master with the data set as it is. */
  promote(): void {
    this.replica.stopFollowing()
    this.log.masterSession.database = 0
    this.master.dropReplicas()
    this.config.assignText("replicaof", "")
  }

  /** Clients that wait here would wait for what only a master does: they are told, and cut. */
  private releaseWaiting(): void {
    for (const session of this.engine.sessions.values()) {
      if (session.blocked === undefined) continue
      session.closing = true
      this.engine.dispatcher.held.released(session, Errors.unblockedByDemotion)
    }
    this.master.waiters.releaseAll()
    this.engine.blocking.releaseAll(Errors.unblockedByDemotion)
  }
}

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

/** Replication as a service, with its clock-driven work; and its two sides, for those who need only one. */
export class ReplicationService extends Context.Service<ReplicationService, Replication>()(
  "redix/server/Replication",
) {
  /**
   * With `afterLoad` it starts when the file of the configuration has been loaded, else at once.
   */
  static readonly layerOf = (options: {
    readonly afterLoad: boolean
  }): Layer.Layer<
    ReplicationService | ReplicationMaster | ReplicationReplica,
    never,
    | EngineService
    | RedixConfig
    | RdbPersistence
    | PersistenceService
    | ReplicationHistory
    | Background
    | FileSystem.FileSystem
  > =>
    Layer.effectContext(
      Effect.gen(function* () {
        const engine = yield* theEngine
        const server = yield* PersistenceService
        const config = yield* RedixConfig
        const history = yield* ReplicationHistory
        const files = yield* FileSystem.FileSystem
        const services = {
          engine,
          persistence: yield* RdbPersistence,
          background: (yield* Background).run,
          files,
          random: yield* SecureRandom,
          facts: yield* ProcessInfo,
        }
        const replication = new Replication(
          history,
          config,
          services,
          configuredDial(config, files, yield* Dial),
        )
        yield* Effect.addFinalizer(() => Effect.sync(() => unlinkMaster(engine, history)))
        if (options.afterLoad) server.afterLoad.push(replication)
        else replication.start(undefined)
        return Context.make(ReplicationService, replication).pipe(
          Context.add(ReplicationMaster, replication.master),
          Context.add(ReplicationReplica, replication.replica),
        )
      }),
    )
}
