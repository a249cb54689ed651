/**
 * Replication in a server: the log as the engine's command log, the master side, the replica side, and what each means
 * for the engine's gates and its expiry.
 */
import type { Session } from "../../engine/clients/Session.js"
import type { EnginePart } from "../../engine/EnginePart.js"
import { type ConfigState, toByteText } from "../../config/index.js"
import type { LoadResult } from "../../rdb/RdbPersistence.js"
import { Master } from "../../replication/master/ReplicationMaster.js"
import { Heartbeat } from "../../replication/Heartbeat.js"
import { Replica } from "../../replication/replica/ReplicationReplica.js"
import type { DialMaster } from "../../replication/replica/MasterStream.js"
import type { ReplicationLog } from "../../replication/ReplicationLog.js"
import type { ReplicationServices } from "../../replication/ReplicationServices.js"
import * as Errors from "../../resp/Errors.js"
import type { Engine } from "../../engine/Engine.js"
import { Failover } from "./Failover.js"
import { SHUTDOWN_PAUSE, waitForReplicas } from "./ReplicaWait.js"
import { tellInfo } from "./ReplicationInfo.js"
import type { ReplicationParts } from "./ReplicationParts.js"

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
    engine.lifecycle.addFirstStep(
      (options) => waitForReplicas(this, options.now ? 0 : values.shutdownTimeout),
      () => engine.pause.unpause(SHUTDOWN_PAUSE),
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
    this.master.diskWaiters.releaseAll()
    this.engine.blocking.releaseAll(Errors.unblockedByDemotion)
  }
}
