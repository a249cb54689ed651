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
import { Blocking } from "../commands/Blocking.js"
import type { Command } from "../commands/Command.js"
import { CommandContext } from "../commands/CommandContext.js"
import { CommandTable } from "../commands/CommandTable.js"
import { KeyEvents } from "../commands/KeyEvents.js"
import { Session } from "../commands/Session.js"
import type { Settings } from "../commands/Settings.js"
import { RespCodec } from "../resp/RespCodec.js"
import type { Keyspace } from "../store/Keyspace.js"
import { Store } from "../store/Store.js"
import type { Outlet } from "./Connection.js"
import { Dispatcher } from "./Dispatcher.js"
import { Gates } from "./Gates.js"
import { Lifecycle } from "./Lifecycle.js"
import { Replies } from "./Replies.js"

/** Expired keys deleted, and elements freed, in one slice of the cron before it looks at the clock again. */
const SLICE = 256
/** Longest time the cron works in one turn, in milliseconds. */
const CRON_BUDGET_MS = 2

export class Engine {
  readonly gates = new Gates()
  readonly events = new KeyEvents()
  readonly blocking = new Blocking()
  readonly lifecycle = new Lifecycle()
  readonly context: CommandContext
  readonly dispatcher: Dispatcher
  readonly replies: Replies
  /** Connected clients by id, in the order they came. */
  readonly sessions = new Map<number, Session>()
  readonly startedMs: number
  netInputBytes = 0
  netOutputBytes = 0
  connectionsReceived = 0
  rejectedConnections = 0
  private sessionLast = 0
  /** Runs an Effect that no client waits for; it ends with the engine's layer. The layer provides it. */
  background: (effect: Effect.Effect<unknown>) => void = () => {
    throw new Error("Engine.background is not set")
  }
  /** Further counters that CONFIG RESETSTAT clears. */
  readonly onResetStats: Array<() => void> = []

  constructor(
    readonly keyspace: Keyspace,
    readonly settings: Settings,
    readonly codec: RespCodec["Service"],
    readonly clock: Clock.Clock,
    families: (engine: Engine) => ReadonlyArray<Command>,
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
        this.events.modified(db, buf, off, len)
        this.events.notify(256, "expired", db.id, buf, off, len)
        // Readers of a stream's group are told that it is gone.
        this.blocking.signal(db.id, buf, off, len)
      },
      missed: (db, buf, off, len) => this.events.notify(2048, "keymiss", db.id, buf, off, len),
    }
    keyspace.freeing = settings
    this.dispatcher = new Dispatcher(this.context, new CommandTable(families(this)), this.gates)
  }

  /** A new client; the transport fills in addresses and attaches it once it can be written to. */
  openSession(): Session {
    const session = new Session(++this.sessionLast)
    session.createdMs = session.lastActiveMs = this.clock.currentTimeMillisUnsafe()
    session.limits.maxBulkLength = this.settings.protoMaxBulkLen
    return session
  }

  attach(session: Session, outlet: Outlet): void {
    this.connectionsReceived++
    this.sessions.set(session.id, session)
    session.control = {
      push: (bytes) => this.write(session, outlet, bytes),
      close: () => {
        session.closing = true
        outlet.end()
      },
      pendingBytes: () => outlet.pendingBytes,
      drained: outlet.drained,
      congested: () => outlet.congested,
    }
  }

  detach(session: Session): void {
    this.sessions.delete(session.id)
    session.blocked?.unblock("timeout")
    this.events.unwatchAll(session)
  }

  beginBatch(session: Session): void {
    const now = this.clock.currentTimeMillisUnsafe()
    this.keyspace.now = now
    session.lastActiveMs = now
    this.context.out.resp = session.resp
  }

  /** Notes the replies of the batch for sending at the end of the event-loop turn. */
  endBatch(session: Session, outlet: Outlet): void {
    const bytes = this.context.out.pos - this.replies.mark
    if (bytes === 0) return
    session.outputBytes += bytes
    this.netOutputBytes += bytes
    this.replies.add(outlet)
  }

  /** Sends the reply of a command that had to wait. */
  reply(session: Session, outlet: Outlet, bytes: Uint8Array): void {
    if (session.replyMode === "on") this.write(session, outlet, bytes)
  }

  /** Sends bytes outside a batch, or in the middle of another connection's. */
  private write(session: Session, outlet: Outlet, bytes: Uint8Array): void {
    session.outputBytes += bytes.length
    this.netOutputBytes += bytes.length
    this.replies.flushFor(outlet)
    outlet.write(bytes)
  }

  /** CLIENT REPLY OFF and SKIP: drops the reply written since `mark`. */
  applyReplyMode(session: Session, mark: number): void {
    if (session.replyMode === "skip") {
      // CLIENT REPLY SKIP itself answers nothing; the next command's reply is the one to skip.
      session.replyMode = "skipping"
      this.context.out.truncate(mark)
      return
    }
    this.context.out.truncate(mark)
    if (session.replyMode === "skipping") session.replyMode = "on"
  }

  /** CONFIG RESETSTAT: the counters of INFO's stats start anew. */
  resetStats(): void {
    this.netInputBytes = this.netOutputBytes = 0
    this.connectionsReceived = this.rejectedConnections = 0
    this.dispatcher.commandsProcessed = 0
    const stats = this.keyspace.stats
    stats.keyspaceHits = stats.keyspaceMisses = stats.expiredKeys = stats.lazyFreedObjects = 0
    for (const cmd of this.dispatcher.table.commands) {
      for (const { stats: counters } of [cmd, ...(cmd.subcommands?.values() ?? [])]) {
        counters.calls = counters.microseconds = counters.rejected = counters.failed = 0
      }
    }
    for (const reset of this.onResetStats) reset()
  }

  /** One turn of the clock-driven work; answers whether more is waiting. */
  cron(): boolean {
    const keyspace = this.keyspace
    const start = this.clock.currentTimeMillisUnsafe()
    keyspace.now = start
    let more = true
    while (more) {
      const expiring = keyspace.expireDue(SLICE)
      const freeing = keyspace.freeSlice(SLICE)
      more = expiring || freeing
      if (this.clock.currentTimeMillisUnsafe() - start >= CRON_BUDGET_MS) break
    }
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
  static readonly layerOf = (
    settings: Settings,
    families: (engine: Engine) => ReadonlyArray<Command>,
  ): Layer.Layer<EngineService, never, Store | RespCodec> =>
    Layer.effect(
      EngineService,
      Effect.gen(function* () {
        const clock = yield* Clock.Clock
        const engine = new Engine(yield* Store, settings, yield* RespCodec, clock, families)
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
