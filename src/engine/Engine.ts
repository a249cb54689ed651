/**
 * The engine: one keyspace, one command table, and the clients that use them, behind whatever transport.
 *
 * Connections (TCP, unix socket, TLS) attach a session and run batches; everything between `beginBatch` and `endBatch` is
 * synchronous, so batches never interleave. The engine also owns the clock-driven work: expiry, lazy freeing.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import { Blocking } from "./Blocking.js"
import type { Command } from "./Command.js"
import { CommandContext } from "./CommandContext.js"
import { CommandTable } from "./CommandTable.js"
import { eventFlags, KeyEvents } from "./KeyEvents.js"
import { detached, Session } from "./clients/Session.js"
import type { Settings } from "./Settings.js"
import { RespCodec } from "../resp/RespCodec.js"
import type { Keyspace } from "../store/Keyspace.js"
import { Store } from "../store/Store.js"
import { AclLog } from "./clients/AclLog.js"
import { describeClient } from "./clients/clientDescribe.js"
import { ClientPause } from "./clients/ClientPause.js"
import { CommandTimer } from "./CommandTimer.js"
import { Dispatcher } from "./Dispatcher.js"
import { Gates } from "./Gates.js"
import { InfoRegistry } from "./InfoRegistry.js"
import { Lifecycle } from "./Lifecycle.js"
import type { Lookahead } from "./Lookahead.js"
import { Monitors } from "./clients/Monitors.js"
import { LowestLimit, overLimit } from "./clients/OutputLimits.js"
import type { Outlet } from "../net/Outlet.js"
import { logVerbose } from "../server/RedisLogger.js"
import { Replies } from "./clients/Replies.js"

/** Expired keys deleted, and elements freed, in one slice of the cron before it looks at the clock again. */
const SLICE = 256
/** Longest time the cron works in one turn, in milliseconds. */
const CRON_BUDGET_MS = 2
/** How often the log tells of clients that speak HTTP at most. */
const HTTP_LOG_EVERY_MS = 60_000
/** How often clients beyond their soft output limit are looked at. */
const LIMITS_EVERY_MS = 1000

export class Engine {
  readonly gates = new Gates()
  readonly events = new KeyEvents()
  readonly blocking = new Blocking()
  readonly lifecycle = new Lifecycle()
  readonly info = new InfoRegistry()
  readonly timer = new CommandTimer()
  readonly aclLog = new AclLog()
  readonly context: CommandContext
  readonly dispatcher: Dispatcher
  readonly replies: Replies
  readonly pause: ClientPause
  readonly monitors: Monitors
  /** What the server is in replication, as HELLO says it. */
  role: "master" | "replica" = "master"
  /** Connected clients by id, in the order they came. */
  readonly sessions = new Map<number, Session>()
  readonly startedMs: number
  /** The log tells of each client that comes and goes (loglevel verbose or debug). */
  verbose = false
  netInputBytes = 0
  netOutputBytes = 0
  connectionsReceived = 0
  rejectedConnections = 0
  /** Batches run, and parts of output given to connections: INFO's reads and writes. */
  batches = 0
  writes = 0
  private sessionLast = 0
  /** The client whose batch is running. */
  private running: Session | undefined = undefined
  /** It was a replica already when its batch began: what it gets now would stand in the replication stream. */
  private silent = false
  private limitsCheckedMs = 0
  private httpLoggedMs = -HTTP_LOG_EVERY_MS
  private readonly limits = new LowestLimit()
  /** Runs an Effect that no client waits for; it ends with the engine's layer. The layer provides it. */
  background: (effect: Effect.Effect<unknown>) => void = () => {
    throw new Error("Engine.background is not set")
  }
  /** Called when a client has gone. */
  readonly onDetach: Array<(session: Session) => void> = []
  /** Further counters that CONFIG RESETSTAT clears. */
  readonly onResetStats: Array<() => void> = []
  /** Told how long a kind of work of the server's own took, in milliseconds. */
  onWork: (event: string, ms: number) => void = () => {}
  /** Milliseconds spent on deleting expired keys and freeing in slices. */
  workMs = 0
  /** Called at each turn of the clock-driven work, with the time in milliseconds. Must be quick. */
  readonly onCron: Array<(now: number) => void> = []
  /** DEBUG CHANGE-REPL-ID: starts a new history of replication; set by replication. */
  changeReplicationId: () => void = () => {}
  /** DEBUG PAUSE-CRON: the clock-driven work stands still. */
  cronPaused = false

  constructor(
    readonly keyspace: Keyspace,
    readonly settings: Settings,
    readonly codec: RespCodec["Service"],
    readonly clock: Clock.Clock,
    families: (engine: Engine) => ReadonlyArray<Command>,
    names?: ReadonlyMap<string, string | null>,
  ) {
    this.startedMs = clock.currentTimeMillisUnsafe()
    const internal = new Session(0)
    this.context = new CommandContext(
      keyspace,
      settings,
      this.events,
      this.blocking,
      codec.makeWriter(),
      internal,
    )
    this.replies = new Replies(this.context.out)
    keyspace.hooks = {
      expired: (db, buf, off, len) => {
        const c = this.context
        if (c.replicating)
          c.propagation.first(
            db.id,
            settings.lazyfreeLazyExpire ? "UNLINK" : "DEL",
            buf.subarray(off, off + len),
          )
        this.events.expired(db, buf, off, len)
        this.events.notify(256, "expired", db.id, buf, off, len)
        // Readers of a stream's group are told that it is gone.
        this.blocking.signalGone(db.id, buf, off, len)
      },
      missed: (db, buf, off, len) => this.events.notify(2048, "keymiss", db.id, buf, off, len),
    }
    keyspace.freeing = settings
    this.events.publish = (channel, message) => void this.context.pubsub.publish(channel, message)
    this.events.flags = eventFlags(settings.notifyKeyspaceEvents)
    this.gates.passwordRequired = () => settings.requirepass !== ""
    this.pause = new ClientPause(this.gates, keyspace)
    this.dispatcher = new Dispatcher(
      this.context,
      new CommandTable(families(this), names),
      this.gates,
      this.pause,
      this.timer,
    )
    this.dispatcher.onHttp = (session) => this.cutHttp(session)
    this.monitors = new Monitors(this.dispatcher, clock)
  }

  /** A new client; the transport fills in addresses and attaches it once it can be written to. */
  openSession(): Session {
    const session = new Session(++this.sessionLast)
    session.createdMs = session.lastActiveMs = this.clock.currentTimeMillisUnsafe()
    session.limits.maxBulkLength = this.settings.protoMaxBulkLen
    session.authenticated = session.limits.authenticated = this.settings.requirepass === ""
    return session
  }

  attach(session: Session, outlet: Outlet, input: Lookahead): void {
    this.connectionsReceived++
    if (this.verbose) this.background(logVerbose(`Accepted ${session.address}`))
    this.sessions.set(session.id, session)
    session.fileDescriptor = outlet.descriptor
    session.control = {
      push: (bytes) => this.push(session, outlet, bytes),
      close: () => {
        session.closing = true
        this.replies.flushFor(outlet)
        outlet.end()
      },
      kill: () => {
        session.closing = true
        this.detach(session)
        outlet.destroy()
      },
      pendingBytes: () => outlet.pendingBytes,
      pendingCount: () => outlet.queued,
      queryBytes: (running) =>
        input.pending + (running && input.hasPresent ? input.present.rawEnd - input.present.rawStart : 0),
      limitsChanged: () => {
        // Of the others nothing is looked ahead at between two batches.
        if (session === this.running) input.limitsChanged()
      },
      argumentBytes: () => {
        if (!input.hasPresent) return 0
        const { argc, argLen } = input.present
        let bytes = 0
        for (let i = 0; i < argc; i++) bytes += argLen[i]
        return bytes
      },
      drained: Effect.suspend(() => {
        // Waiting writes what is queued; replies noted before go first.
        this.replies.flushFor(outlet)
        return outlet.drained
      }),
      congested: () => outlet.congested,
    }
  }

  /** Forgets a client: nothing keeps a trace of it. Does nothing the second time. */
  detach(session: Session): void {
    if (!this.sessions.delete(session.id)) return
    if (this.verbose) this.background(logVerbose(`Client closed connection ${this.describe(session)}`))
    session.blocked?.unblock("timeout")
    this.events.unwatchAll(session)
    this.context.pubsub.leave(session)
    this.monitors.leave(session)
    session.dropQueue()
    for (const gone of this.onDetach) gone(session)
    session.control = detached
  }

  /** Begins a batch of a session's commands; a session without a connection has no outlet. */
  beginBatch(session: Session, outlet?: Outlet): void {
    this.batches++
    this.timer.batch()
    const now = this.clock.currentTimeMillisUnsafe()
    if (outlet !== undefined && outlet.queued > 0) this.replies.flushFor(outlet)
    this.running = session
    this.silent = session.kind === "replica"
    this.keyspace.now = now
    session.lastActiveMs = now
    this.context.out.resp = session.resp
  }

  /** Notes the replies of the batch for sending at the end of the event-loop turn. */
  endBatch(session: Session, outlet: Outlet): void {
    this.running = undefined
    const bytes = this.context.out.pos - this.replies.mark
    if (bytes === 0) return
    if (this.silent) return this.cutReplica(session)
    session.outputBytes += bytes
    this.netOutputBytes += bytes
    this.writes++
    this.replies.add(outlet)
    const limit = this.settings.clientOutputBufferLimit.normal
    if (limit.hardBytes > 0 || limit.softBytes > 0) this.limitOutput(session, bytes)
  }

  /** A client as CLIENT LIST shows it, for the log. */
  private describe(session: Session): string {
    return describeClient(this.context, session)
  }

  /** A client broke the protocol: the log tells of it where it tells of clients at all. */
  protocolBroken(session: Session, error: string): void {
    if (!this.verbose) return
    const stated = error.slice(error.indexOf(": ") + 2)
    const reason = stated.startsWith("expected '$'") ? "expected $ but got something else" : stated
    this.background(logVerbose(`Protocol error (${reason}) from client: ${this.describe(session)}.`))
  }

  /** A replica has asked for a reply, which must not come between the bytes of the stream. */
  private cutReplica(session: Session): void {
    this.context.out.truncate(this.replies.mark)
    const text = `Replica generated a reply to command '${session.lastCommand}', disconnecting it: ${this.describe(session)}`
    this.background(Effect.logWarning(text))
    session.control.kill()
  }

  /** Sends the reply of a command that had to wait. */
  reply(session: Session, outlet: Outlet, bytes: Uint8Array): void {
    this.dispatcher.finished(session, bytes)
    if (!session.muted) this.push(session, outlet, bytes)
    if (session.replies !== 0) session.endReply()
  }

  /**
   * Sends bytes that are not part of the running batch's replies: to a client outside its batch they are queued, to the
   * one whose batch runs they go between two replies. The bytes must not change afterwards.
   */
  private push(session: Session, outlet: Outlet, bytes: Uint8Array): void {
    if (session === this.running) {
      this.dispatcher.pushes.add(bytes)
      return
    }
    session.outputBytes += bytes.length
    this.netOutputBytes += bytes.length
    this.writes++
    this.replies.queue(outlet, bytes)
    const pending = outlet.pendingWithQueue
    if (session.overSoftLimitMs > 0 || pending >= this.limits.lowest(this.settings.clientOutputBufferLimit))
      this.limitOutput(session, 0)
  }

  /** Cuts a client off that has more output waiting than client-output-buffer-limit allows. */
  private limitOutput(session: Session, more: number): void {
    const pending = session.control.pendingBytes() + more
    if (!overLimit(session, pending, this.settings.clientOutputBufferLimit, this.keyspace.now)) return
    this.background(
      Effect.logWarning(
        `Client ${this.describe(session)} scheduled to be closed ASAP for overcoming of output buffer limits.`,
      ),
    )
    session.control.kill()
  }

  /** Cuts a client off whose unfinished command is beyond client-query-buffer-limit. */
  limitInput(session: Session): void {
    this.background(
      Effect.logWarning(`Closing client that reached max query buffer length: ${this.describe(session)}`),
    )
    session.control.kill()
  }

  /** Cuts off a client that speaks HTTP, with its replies; the log tells of it at most once a minute. */
  private cutHttp(session: Session): undefined {
    const now = this.keyspace.now
    if (now - this.httpLoggedMs >= HTTP_LOG_EVERY_MS) {
      this.httpLoggedMs = now
      this.background(
        Effect.logWarning(
          `Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. This is likely due to an attacker attempting to use Cross Protocol Scripting to compromise your Redis instance. Connection aborted. (${session.address})`,
        ),
      )
    }
    session.control.kill()
    session.closing = true
    return undefined
  }

  /** CLIENT REPLY OFF and SKIP: drops the reply just written. */
  applyReplyMode(session: Session): void {
    const { out, keepReply } = this.context
    if (session.muted && !keepReply) out.truncate(this.dispatcher.pushes.floor)
    session.endReply()
  }

  /** CONFIG RESETSTAT: the counters of INFO's stats start anew. */
  resetStats(): void {
    this.netInputBytes = this.netOutputBytes = 0
    this.connectionsReceived = this.rejectedConnections = 0
    this.batches = this.writes = this.workMs = 0
    this.dispatcher.commandsProcessed = 0
    const stats = this.keyspace.stats
    stats.keyspaceHits = stats.keyspaceMisses = stats.expiredKeys = stats.lazyFreedObjects = 0
    for (const cmd of this.dispatcher.table.commands) {
      for (const { stats: counters } of [cmd, ...(cmd.subcommands?.values() ?? [])]) {
        counters.calls = counters.microseconds = counters.untimed = counters.rejected = counters.failed = 0
      }
    }
    for (const reset of this.onResetStats) reset()
  }

  /** One turn of the clock-driven work; answers whether more is waiting. */
  cron(): boolean {
    if (this.cronPaused) return false
    const keyspace = this.keyspace
    const start = this.clock.currentTimeMillisUnsafe()
    keyspace.now = start
    for (const work of this.onCron) work(start)
    this.pause.tick(start)
    if (start - this.limitsCheckedMs >= LIMITS_EVERY_MS) {
      this.limitsCheckedMs = start
      for (const session of this.sessions.values())
        if (session.overSoftLimitMs > 0) this.limitOutput(session, 0)
    }
    let more = true
    const working = this.timer.now()
    while (more) {
      const expiring = keyspace.expireDue(SLICE)
      const freeing = keyspace.freeSlice(SLICE)
      more = expiring || freeing
      if (this.clock.currentTimeMillisUnsafe() - start >= CRON_BUDGET_MS) break
    }
    const worked = this.timer.now() - working
    this.workMs += worked
    this.onWork("expire-cycle", worked)
    const p = this.context.propagation
    if (p.waiting) {
      p.separately()
      p.finish(0, false, () => [])
    }
    if (this.blocking.pending) this.blocking.serve()
    return more
  }
}

/** The Engine as a service; the fiber of its clock-driven work lives as long as the layer. */
export class EngineService extends Context.Service<EngineService, Engine>()("redix/server/Engine") {
  /** @param names the names of renamed commands by their own, null for those that cannot be called */
  static readonly layerOf = (
    settings: Settings,
    families: (engine: Engine) => ReadonlyArray<Command>,
    names?: ReadonlyMap<string, string | null>,
  ): Layer.Layer<EngineService, never, Store | RespCodec> =>
    Layer.effect(
      EngineService,
      Effect.gen(function* () {
        const clock = yield* Clock.Clock
        const engine = new Engine(yield* Store, settings, yield* RespCodec, clock, families, names)
        const fork = yield* FiberSet.makeRuntime<never>()
        engine.background = (effect) => void fork(Effect.tapCause(effect, Effect.logError))
        const turn = Effect.sync(() => engine.cron())
        const loop = Effect.gen(function* () {
          for (;;) {
            const more = yield* turn
            yield* more ? Effect.yieldNow : Effect.sleep(100)
          }
        })
        yield* Effect.forkScoped(loop)
        return engine
      }),
    )
}
