/**
 * Replication in a server: the log as the engine's command log, the master side, the replica side, and what each means
 * for the engine's gates and its expiry.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { Background, type Run } from "../../engine/Background.js"
import { detached } from "../../engine/clients/Session.js"
import { randomHex, SecureRandom } from "../../engine/world/SecureRandom.js"
import { realSleep } from "../../engine/Turn.js"
import { type ConfigState, RedixConfig, toByteText } from "../../config/index.js"
import { type LoadResult, RdbPersistence, type RdbPersistenceShape } from "../../rdb/RdbPersistence.js"
import { Master, ReplicationMaster } from "../../replication/master/ReplicationMaster.js"
import type { ReplicaHost } from "../../replication/replica/ReplicaHost.js"
import { Replica, ReplicationReplica } from "../../replication/replica/ReplicationReplica.js"
import type { MasterConnection } from "../../replication/replica/MasterStream.js"
import { ReplicationHistory, type ReplicationLog } from "../../replication/ReplicationLog.js"
import type { ReplicaPhase } from "../../replication/ReplicaState.js"
import * as Errors from "../../resp/Errors.js"
import { describeClient } from "../../engine/clients/clientDescribe.js"
import { MasterCommands } from "./MasterCommands.js"
import type { Engine } from "../../engine/Engine.js"
import { type EngineService, theEngine } from "../../engine/EngineService.js"
import { Failover } from "./Failover.js"
import { Dial } from "./MasterDial.js"
import { PersistenceService } from "../Persistence.js"
import { type ProcessFacts, ProcessInfo } from "../../engine/world/ProcessInfo.js"
import { ReceivedSnapshot } from "./ReceivedSnapshot.js"
import { waitForReplicas } from "./ReplicaWait.js"
import { replicationInfo, syncInfo } from "./ReplicationInfo.js"
import { StreamRefusals } from "./StreamRefusals.js"
import { readClientTlsOptions } from "../../net/TlsOptions.js"

const CRON_MS = 1000

interface ReplicationServices {
  readonly config: ConfigState
  readonly persistence: RdbPersistenceShape
  readonly crash: ProcessFacts["crash"]
  readonly pid: number
  /** 40 characters that no peer can guess. */
  readonly newMark: () => string
  readonly dial: (typeof Dial)["Service"]
  /** Starts a fiber that ends with the server. */
  readonly fork: Run<FileSystem.FileSystem>
  readonly withFiles: <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem>) => Effect.Effect<A, E>
}

export class Replication {
  readonly master: Master
  readonly replica: Replica
  readonly failover: Failover
  readonly refusals: StreamRefusals
  private readonly received: ReceivedSnapshot
  private beating = false
  /** Port the server listens on, where that is another than the configuration's (port 0). */
  listeningPort = 0

  constructor(
    readonly engine: Engine,
    readonly log: ReplicationLog,
    private readonly services: ReplicationServices,
  ) {
    const { config, persistence, fork } = services
    const now = (): number => engine.clock.currentTimeMillisUnsafe()
    this.master = new Master(this.log, config.values, {
      persistence,
      newMark: services.newMark,
      background: fork,
      describe: (session) => describeClient(engine.context, session),
      pid: services.pid,
      tooFewReplicas: (tooFew) => {
        if (engine.gates.tooFewReplicas === tooFew) return
        engine.gates.tooFewReplicas = tooFew
        engine.gates.update()
      },
      outputLimit: () => {
        const { hardBytes, softBytes, softSeconds } = config.values.clientOutputBufferLimit.replica
        return [hardBytes, softBytes, softSeconds]
      },
      attached: () => this.beat(),
      acknowledged: () => this.failover.check(),
      later: (ms, run) => void fork(Effect.andThen(Effect.sleep(ms), Effect.sync(run))),
      ending: () => engine.pause.pausedFor("save"),
      fed: () => engine.replies.flush(),
      command: (name) => engine.dispatcher.table.declarations.get(name),
      now,
    })
    const loaded = (result: LoadResult): void => {
      this.log.masterSession.database = Math.max(0, result.replication?.streamDb ?? 0)
    }
    const drop = (): void => this.master.dropReplicas()
    this.received = new ReceivedSnapshot(engine, this.log, persistence, drop, loaded)
    this.refusals = new StreamRefusals(
      config.values,
      services.crash,
      (effect) => void fork(effect),
      now,
      () => this.log.backlog,
    )
    this.replica = new Replica(this.log, config.values, this.host(now))
    engine.onResetStats.push(() => {
      this.refusals.count = 0
      this.replica.inputBytes = 0
      Object.assign(this.master.stats, { full: 0, partialOk: 0, partialErr: 0, outputBytes: 0 })
    })
    this.failover = new Failover(this, fork, now)
    engine.onDetach.push((session) => this.master.detach(session))
    engine.info.section("replication", () => replicationInfo(this, config.values))
    engine.checks.push(() => this.log.checkInvariants())
    engine.uncounted.push(() => this.log.backlog?.memoryBytes ?? 0)
    for (const [name, value] of syncInfo(this)) engine.info.field(name, value)
    engine.lifecycle.addFirstStep((options) =>
      waitForReplicas(this, options.now ? 0 : config.values.shutdownTimeout, now),
    )
    engine.onCron.push((time) => {
      this.beat()
      return this.master.expireBacklog(time)
    })
    log.onBroken.push((what) => {
      if (!log.following) return
      fork(Effect.logWarning(`${what}. The master is asked for a snapshot.`))
      log.continues = false
      this.replica.reconnect()
    })
    this.watchConfig(config)
    // Before the file is loaded: a replica keeps the expired keys in it for its master to delete.
    if (config.values.replicaof !== undefined) this.phaseChanged("connect")
  }

  private watchConfig(config: ConfigState): void {
    for (const name of ["replica-read-only", "replica-serve-stale-data"] as const) {
      config.onChange(name, () => {
        this.phaseChanged(this.replica.phase)
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

  /** Whether there is anything to do once a second. */
  private get busy(): boolean {
    return this.master.busy || this.replica.master !== undefined || this.failover.running
  }

  /** Starts the once-a-second work, in real time, if there is any and it is not going on. It ends by itself. */
  private beat(): void {
    if (this.beating || !this.busy) return
    this.beating = true
    this.master.rested()
    const loop = Effect.gen({ self: this }, function* () {
      while (this.busy) {
        yield* realSleep(CRON_MS)
        this.cron()
      }
    })
    const over = Effect.sync(() => {
      this.beating = false
      this.engine.stir()
    })
    this.services.fork(Effect.ensuring(loop, over))
  }

  private cron(): void {
    if (this.engine.cronPaused) return
    this.master.cron(this.replica.master === undefined && !this.failover.holdsWrites)
    this.replica.cron()
    this.failover.check()
  }

  /**
   * What the file loaded at the start said of the stream: a replica may continue it, a master starts a history that
   * continues it. Then the configured master is followed.
   */
  start(loaded: LoadResult | undefined): void {
    const { log } = this
    const { replicaof, replBacklogSize } = this.services.config.values
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
    this.services.config.assignText("replicaof", toByteText(`${host} ${port}`))
  }

  /** Becomes a master with the data set as it is. */
  promote(): void {
    this.replica.stopFollowing()
    this.log.masterSession.database = 0
    this.master.dropReplicas()
    this.services.config.assignText("replicaof", "")
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

  private host(now: () => number): ReplicaHost {
    const { engine, services } = this
    const { values } = services.config
    return {
      now,
      port: () => {
        if (values.tlsReplication) return values.tlsPort
        return values.port === 0 ? this.listeningPort : values.port
      },
      commands: () => new MasterCommands(engine, () => this.log.masterSession, this.refusals),
      inTransaction: () => this.log.masterSession.queue !== undefined,
      linked: (connection, end) => this.linked(connection, end),
      unlinked: () => this.unlinked(),
      load: (path) => this.received.load(path),
      loadStream: (snapshot, sameHistory) =>
        this.received.loadStream(
          snapshot,
          // Without a directory there is nowhere to keep a file meanwhile.
          values.dir === "" && values.replDisklessLoad === "disabled" ? "swapdb" : values.replDisklessLoad,
          sameHistory,
        ),
      phaseChanged: (phase) => this.phaseChanged(phase),
      dropSubReplicas: () => this.master.dropReplicas(),
      failoverRefused: (reason) => this.failover.refused(reason),
      dial: (master) =>
        Effect.gen(function* () {
          const secure = values.tlsReplication
            ? yield* services.withFiles(readClientTlsOptions(values))
            : undefined
          return yield* services.dial(master, secure, values.replTimeout * 1000, values.bindSourceAddr)
        }),
      background: services.fork,
    }
  }

  /** The connection to the master stands in CLIENT LIST as any other. */
  private linked(connection: MasterConnection, end: () => void): void {
    const { engine } = this
    const before = this.log.masterSession
    const session = engine.openSession()
    session.kind = "master"
    session.user = "(superuser)"
    session.authenticated = true
    session.database = before.database
    session.limits.maxBulkLength = Infinity
    session.address = connection.address
    session.localAddress = connection.localAddress
    session.fileDescriptor = connection.descriptor
    session.control = { ...detached, close: end, kill: end }
    engine.sessions.set(session.id, session)
    this.log.masterSession = session
  }

  /** The connection to the master is gone: forgets it, and a transaction that was cut. */
  unlinked(): void {
    this.engine.sessions.delete(this.log.masterSession.id)
    this.log.masterSession.dropQueue()
  }

  private phaseChanged(phase: ReplicaPhase): void {
    const { engine } = this
    const { gates, keyspace } = engine
    const { values } = this.services.config
    const following = phase !== "none"
    engine.role = following ? "replica" : "master"
    gates.readOnlyReplica = following && values.replicaReadOnly
    gates.masterDown = following && phase !== "connected" && !values.replicaServeStaleData
    gates.update()
    keyspace.expiryMode = following ? "hide" : "delete"
    engine.stir()
    this.beat()
    if (phase === "connected") this.failover.succeeded()
  }
}

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
    | FileSystem.FileSystem
  > =>
    Layer.effectContext(
      Effect.gen(function* () {
        const engine = yield* theEngine
        const server = yield* PersistenceService
        const files = yield* Effect.context<FileSystem.FileSystem>()
        const background = yield* Background.make<FileSystem.FileSystem>()
        const random = yield* SecureRandom
        const replication = new Replication(engine, yield* ReplicationHistory, {
          newMark: () => randomHex(random, 40),
          dial: yield* Dial,
          config: yield* RedixConfig,
          crash: (yield* ProcessInfo).crash,
          pid: (yield* ProcessInfo).pid,
          persistence: yield* RdbPersistence,
          fork: background.run,
          withFiles: (effect) => Effect.provideContext(effect, files),
        })
        yield* Effect.addFinalizer(() => Effect.sync(() => replication.unlinked()))
        if (options.afterLoad) server.afterLoad.push((loaded) => replication.start(loaded))
        else replication.start(undefined)
        return Context.make(ReplicationService, replication).pipe(
          Context.add(ReplicationMaster, replication.master),
          Context.add(ReplicationReplica, replication.replica),
        )
      }),
    )
}
