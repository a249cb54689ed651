/**
 * Replication in a server: the log as the engine's command log, the master side, the replica side, and what each means
 * for the engine's gates and its expiry.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as FileSystem from "effect/FileSystem"
import { Session } from "../commands/Session.js"
import type { ConfigState } from "../config/index.js"
import type { LoadResult, RdbPersistenceShape } from "../rdb/RdbPersistence.js"
import type { RequestParser } from "../resp/RequestParser.js"
import { Master } from "../replication/ReplicationMaster.js"
import { Replica, type ReplicaHost } from "../replication/ReplicationReplica.js"
import { ReplicationLog } from "../replication/ReplicationLog.js"
import type { ReplicaPhase } from "../replication/ReplicaState.js"
import type { Engine } from "./Engine.js"
import { readClientTlsOptions } from "./TlsOptions.js"

export interface ReplicationServices {
  readonly config: ConfigState
  readonly persistence: Pick<RdbPersistenceShape, "streamSnapshot" | "loadFile">
  /** n random hex digits nobody can guess. */
  readonly randomHex: (digits: number) => string
  /** Starts a fiber that ends with the server. */
  readonly fork: (
    effect: Effect.Effect<unknown, never, FileSystem.FileSystem>,
  ) => Fiber.Fiber<unknown, unknown>
  readonly withFiles: <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem>) => Effect.Effect<A, E>
}

export class Replication {
  readonly log: ReplicationLog
  readonly master: Master
  readonly replica: Replica
  /** Runs the master's commands; its database outlives a link that is continued. */
  readonly masterSession = new Session(0)

  constructor(
    private readonly engine: Engine,
    private readonly services: ReplicationServices,
  ) {
    const { config, persistence, randomHex } = services
    const now = (): number => engine.clock.currentTimeMillisUnsafe()
    this.log = new ReplicationLog(() => randomHex(40))
    engine.context.propagation.log = this.log
    this.master = new Master(this.log, config.values, persistence, now, () => randomHex(40))
    this.master.background = (effect) => engine.background(effect)
    this.master.onGoodReplicas = (tooFew) => {
      if (engine.gates.tooFewReplicas === tooFew) return
      engine.gates.tooFewReplicas = tooFew
      engine.gates.update()
    }
    this.master.outputLimit = () => {
      const { hardBytes, softBytes, softSeconds } = config.values.clientOutputBufferLimit.replica
      return [hardBytes, softBytes, softSeconds]
    }
    this.replica = new Replica(this.log, config.values, this.host(now))
    this.masterSession.kind = "master"
    this.masterSession.limits.maxBulkLength = Infinity
    engine.onDetach.push((session) => this.master.detach(session))
  }

  /** Once a second. */
  cron(): void {
    this.master.cron(this.replica.master === undefined)
    this.replica.cron()
  }

  /** Follows a master from now on. */
  follow(host: string, port: number): void {
    this.master.waiters.releaseAll()
    this.masterSession.database = 0
    this.replica.follow({ host, port })
    this.services.config.assignText("replicaof", `${host} ${port}`)
  }

  /** Becomes a master with the data set as it is. */
  promote(): void {
    this.replica.stopFollowing()
    this.master.dropReplicas()
    this.services.config.assignText("replicaof", "")
  }

  private host(now: () => number): ReplicaHost {
    const { engine, services } = this
    return {
      now,
      apply: (parser) => this.apply(parser),
      inTransaction: () => this.masterSession.queue !== undefined,
      resetLink: () => {
        this.masterSession.queue = undefined
        this.masterSession.queueAborted = false
      },
      load: (path) => this.load(path),
      phaseChanged: (phase) => this.phaseChanged(phase),
      dropSubReplicas: () => this.master.dropReplicas(),
      tlsOptions: () => services.withFiles(readClientTlsOptions(services.config.values)),
      background: (effect) => services.fork(effect),
    }
  }

  private phaseChanged(phase: ReplicaPhase): void {
    const { gates, keyspace } = this.engine
    const { values } = this.services.config
    gates.readOnlyReplica = phase !== "none" && values.replicaReadOnly
    gates.masterDown = phase !== "none" && phase !== "connected" && !values.replicaServeStaleData
    gates.update()
    keyspace.expiryMode = phase === "none" ? "delete" : "hide"
  }

  /** Runs one command of the master's stream; nothing of its reply leaves. */
  private apply(parser: RequestParser): string | undefined {
    const { engine, masterSession } = this
    const { context, keyspace, dispatcher } = engine
    const { out } = context
    const mark = out.pos
    const errors = out.errorCount
    keyspace.now = engine.clock.currentTimeMillisUnsafe()
    keyspace.expiryMode = "ignore"
    const known = dispatcher.table.find(parser.buf, parser.argOff[0], parser.argLen[0]) !== undefined
    try {
      dispatcher.run(parser, masterSession)
    } finally {
      keyspace.expiryMode = "hide"
      out.truncate(mark)
    }
    if (engine.blocking.pending) engine.blocking.serve()
    if (!known) return `unknown command in the stream: ${context.text(0)}`
    if (out.errorCount !== errors) {
      engine.background(Effect.logWarning(`A command of the master's stream was refused: ${out.lastError}`))
    }
    return undefined
  }

  private load(path: string): Effect.Effect<LoadResult, { readonly message: string }> {
    const { engine, services } = this
    const { gates, keyspace } = engine
    return Effect.suspend(() => {
      keyspace.flushAll()
      keyspace.expiryMode = "ignore"
      gates.loading = true
      gates.update()
      return services.persistence.loadFile(path)
    }).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          gates.loading = false
          gates.update()
          keyspace.expiryMode = "hide"
          for (const db of keyspace.databases) engine.events.modifiedMany(db.id, () => true)
        }),
      ),
    )
  }
}
