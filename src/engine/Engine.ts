/**
 * The engine: one keyspace, one command table, and the clients that use them, behind whatever transport.
 *
 * Connections (TCP, unix socket, TLS) attach a session and run batches; everything between `beginBatch` and `endBatch` is
 * synchronous, so batches never interleave. The engine also owns the clock-driven work: expiry, lazy freeing.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { protocolErrorLine } from "../resp/ProtocolErrors.js"
import type { Run } from "./Background.js"
import { AclGuard } from "./acl/AclGuard.js"
import { AclLog } from "./acl/AclLog.js"
import { Users } from "./acl/Users.js"
import { Blocking } from "./Blocking.js"
import { CommandBit } from "./Command.js"
import { CommandContext } from "./CommandContext.js"
import { CommandLog } from "./CommandLog.js"
import { CommandTable } from "./CommandTable.js"
import { eventFlags, KeyEvents } from "./KeyEvents.js"
import { detached, isWaiting, Session } from "./clients/Session.js"
import type { Settings } from "./Settings.js"
import { replyBytesMax } from "../resp/ReplyWriter.js"
import type { RespCodec } from "../resp/RespCodec.js"
import type { Keyspace } from "../store/Keyspace.js"
import { WorkSlices } from "../store/WorkSlices.js"
import { MemoryLimit } from "../store/eviction/MemoryLimit.js"
import { ClientEviction } from "./clients/ClientEviction.js"
import { ClientMemory } from "./clients/ClientMemory.js"
import { describeClient } from "./clients/clientDescribe.js"
import { ClientPause } from "./clients/ClientPause.js"
import { CommandTimer } from "./measures/CommandTimer.js"
import { Dispatcher } from "./Dispatcher.js"
import type { EngineNeeds } from "./world/EngineNeeds.js"
import { Gates } from "./Gates.js"
import { EngineParts } from "./EnginePart.js"
import { InfoRegistry } from "./InfoRegistry.js"
import { HttpClients } from "./clients/HttpClients.js"
import { KeyspaceNews } from "./KeyspaceNews.js"
import { Lifecycle } from "./Lifecycle.js"
import type { Lookahead } from "./Lookahead.js"
import { Measures } from "./measures/Measures.js"
import { Traffic } from "./measures/Traffic.js"
import { Monitors } from "./clients/Monitors.js"
import { OwnPushes } from "./clients/OwnPushes.js"
import { PubSub } from "./PubSub.js"
import { hardLimit, OutputWatch } from "./clients/OutputLimits.js"
import type { Peer } from "./clients/Peer.js"
import type { Log } from "./world/Log.js"
import { Tracking } from "./tracking/Tracking.js"
import { Replies } from "./clients/Replies.js"
import { ReplyHold } from "./clients/ReplyHold.js"
import { ScriptRuns } from "./scripts/ScriptRuns.js"
import type { Turns } from "./world/Turn.js"
import { TURN_MS, WorkAlarm } from "./world/WorkAlarm.js"

/** What was received of a client and is not run yet. */
type Input = Pick<Lookahead, "pending" | "presentBytes" | "argumentBytes" | "limitsChanged">

type CutLevel = "notice" | "warning"

export class Engine {
  readonly keyspace: Keyspace
  readonly settings: Settings
  readonly codec: RespCodec["Service"]
  readonly clock: Clock.Clock
  /** Turns of the event loop, and real time. */
  readonly turns: Turns
  /** Runs an Effect that no client waits for; it ends with the engine's layer. */
  readonly background: Run
  readonly logger: Log
  readonly gates: Gates
  readonly memoryLimit: MemoryLimit
  readonly events: KeyEvents
  readonly lifecycle = new Lifecycle()
  readonly info = new InfoRegistry()
  readonly measures: Measures
  readonly timer: CommandTimer
  readonly aclLog = new AclLog()
  readonly users: Users
  /** What commands change, for whoever reads it. */
  readonly log = new CommandLog()
  /** Replies that wait for the disk. */
  readonly hold = new ReplyHold()
  readonly blocking: CommandContext["blocking"]
  readonly context: CommandContext
  readonly dispatcher: Dispatcher
  readonly replies: Replies
  readonly pause: ClientPause
  readonly monitors: Monitors
  readonly scripts: ScriptRuns
  /** TCP port at which clients reach it, told by the transport; 0 = none. */
  listeningPort = 0
  /** What the server is in replication, as HELLO says it. */
  role: "master" | "replica" = "master"
  /** Errors that commands got which a master had sent or a file held: INFO's unexpected_error_replies. */
  unexpectedErrors = 0
  /** Connected clients by id, in the order they came. */
  readonly sessions = new Map<number, Session>()
  readonly clientMemory = new ClientMemory(
    this.sessions,
    () => this.tracking.bytes,
    () => {
      if (this.clientEviction.active) this.stir()
    },
  )
  /** Clients that keep copies of keys. */
  readonly tracking: Tracking
  /** Cuts off clients that hold too much together. */
  readonly clientEviction: ClientEviction
  readonly startedMs: number
  /** The log tells of each client that comes and goes (loglevel verbose or debug). */
  verbose = false
  readonly traffic = new Traffic()
  private sessionLast = 0
  /** The client whose batch is running. */
  private running: Session | undefined = undefined
  /** The clock-driven work has its turn. */
  private turning = false
  /** It was a replica already when its batch began: what it gets now would stand in the replication stream. */
  private silent = false
  private readonly outputs: OutputWatch
  readonly parts = new EngineParts()
  /** Deletes expired keys, and frees in slices. */
  readonly slices: WorkSlices
  /** When the clock-driven work is due. */
  readonly alarm: WorkAlarm
  /** DEBUG PAUSE-CRON: the clock-driven work stands still. */
  cronPaused = false

  constructor(needs: EngineNeeds) {
    const { keyspace, settings, codec, clock, turns, logger, declared = [] } = needs
    this.keyspace = keyspace
    this.settings = settings
    this.codec = codec
    this.clock = clock
    this.turns = turns
    this.background = needs.background
    this.logger = logger
    this.clientEviction = new ClientEviction(this.sessions, this.clientMemory, settings, (session) =>
      this.cutOff(session, (client) => `Evicting client: ${client}`, "notice"),
    )
    this.memoryLimit = new MemoryLimit(keyspace, this.clientMemory, settings, {
      now: turns.now,
      evicted: (ms) => this.measures.worked("eviction-cycle", ms),
    })
    this.slices = new WorkSlices(keyspace, turns.now, needs.workedMs)
    const table = new CommandTable(needs.commands, needs.names)
    this.users = new Users({ table, declared, settings, logger, sessions: this.sessions })
    const acl = new AclGuard(this.users, this.aclLog)
    this.gates = new Gates(this.memoryLimit, settings, acl)
    this.startedMs = clock.currentTimeMillisUnsafe()
    this.alarm = new WorkAlarm(clock, turns)
    this.outputs = new OutputWatch(settings, () => this.alarm.stir(this.keyspace.now))
    this.measures = new Measures(settings, clock, this.sessions, {
      commands: () => this.dispatcher.commandsProcessed,
      inputBytes: () => this.traffic.inputBytes,
      outputBytes: () => this.traffic.outputBytes,
    })
    this.timer = new CommandTimer(turns.now, this.measures)
    const pubsub = new PubSub()
    this.events = new KeyEvents(pubsub, eventFlags(settings.notifyKeyspaceEvents))
    this.blocking = new Blocking<CommandContext>(turns, (waiting, database, body) =>
      this.dispatcher.runFor(waiting, database, body),
    )
    const out = codec.makeWriter({
      failed: (text) => this.measures.errors.count(text),
      stops: () => ((this.context.command?.bits ?? 0) & CommandBit.readonly) !== 0,
    })
    this.context = new CommandContext(
      keyspace,
      this.log,
      settings,
      this.events,
      pubsub,
      this.blocking,
      out,
      new Session(0),
    )
    const pushes = new OwnPushes(out)
    this.tracking = new Tracking({
      context: this.context,
      sessions: this.sessions,
      pushes,
      gates: this.gates,
      running: () => this.running,
      caller: () => this.scripts.caller,
      atTurnsEnd: () => this.replies.schedule(),
      stir: () => this.stir(),
    })
    this.parts.add(this.tracking)
    this.replies = new Replies(out, turns, this.tracking.endTurn)
    keyspace.listeners.push(new KeyspaceNews(this.context))
    this.pause = new ClientPause(this.gates, keyspace, turns, () => this.stir())
    this.monitors = new Monitors(pushes, clock)
    this.dispatcher = new Dispatcher({
      context: this.context,
      table,
      gates: this.gates,
      acl,
      pause: this.pause,
      timer: this.timer,
      errors: this.measures.errors,
      monitors: this.monitors,
      pushes,
      http: new HttpClients(needs.logger),
      tracking: this.tracking,
    })
    this.scripts = new ScriptRuns(this.dispatcher, clock, turns, needs, () => this.stir())
  }

  /** Commands are being run further down the stack: no other may be run in between. */
  get occupied(): boolean {
    return this.running !== undefined || this.turning || this.scripts.slicing
  }

  /** Something has happened that no batch did: the clock-driven work looks around soon. */
  stir(): void {
    this.alarm.stir(this.clock.currentTimeMillisUnsafe())
  }

  /** A new client; the transport fills in addresses and attaches it once it can be written to. */
  openSession(): Session {
    const session = new Session(++this.sessionLast)
    session.createdMs = session.lastActiveMs = this.clock.currentTimeMillisUnsafe()
    session.limits.maxBulkLength = this.settings.protoMaxBulkLen
    session.actAs(this.users.default)
    session.authenticated = session.limits.authenticated = !this.users.loginRequired
    return session
  }

  /** @param source what was received and not yet handed over */
  attach(session: Session, peer: Peer, input: Input, source: { readonly pending: number }): void {
    this.traffic.connections++
    if (this.verbose) this.logger.verbose(`Accepted ${session.address}`, { client: session.id })
    this.sessions.set(session.id, session)
    session.fileDescriptor = peer.descriptor
    session.control = {
      push: (bytes) => this.push(session, peer, bytes),
      close: () => {
        session.closing = true
        this.replies.flushFor(peer)
        peer.end()
      },
      kill: () => {
        session.closing = true
        this.detach(session)
        peer.destroy()
      },
      pendingBytes: () => peer.pendingBytes,
      hasUnsent: () =>
        peer.pendingBytes > 0 ||
        this.replies.holds(peer) ||
        (session === this.running && this.context.out.pos > this.replies.mark),
      pendingCount: () => peer.pendingCount,
      queryBytes: (running) => input.pending + source.pending + (running ? input.presentBytes : 0),
      presentBytes: () => (session === this.running || isWaiting(session) ? input.presentBytes : 0),
      limitsChanged: () => {
        // Of the others nothing is looked ahead at between two batches.
        if (session === this.running) input.limitsChanged()
      },
      argumentBytes: () => input.argumentBytes,
      drained: Effect.suspend(() => {
        // Waiting writes what is queued; replies noted before go first.
        this.replies.flushFor(peer)
        return peer.drained
      }),
      congested: () => peer.congested,
    }
  }

  /** Forgets a client: nothing keeps a trace of it. Does nothing the second time. */
  detach(session: Session): void {
    if (!this.sessions.delete(session.id)) return
    if (this.verbose)
      this.logger.verbose(`Client closed connection ${describeClient(this.context, session)}`, {
        client: session.id,
      })
    session.blocked?.unblock("timeout")
    this.events.unwatchAll(session)
    this.context.pubsub.leave(session)
    this.monitors.leave(session)
    session.dropQueue()
    this.parts.detached(session)
    session.control = detached
  }

  /** Begins a batch of a session's commands; a session without a connection has no peer. */
  beginBatch(session: Session, peer?: Peer): void {
    this.traffic.batches++
    this.clientMemory.changed()
    if (this.memoryLimit.threshold !== Infinity) {
      this.memoryLimit.measure()
      // With what the batch was fed, which counts only until it has run: a command that waits for room looks again.
      this.clientMemory.changed()
    }
    this.timer.batch()
    const now = this.clock.currentTimeMillisUnsafe()
    this.alarm.stir(now)
    if (this.keyspace.arena.strained !== this.gates.strained) this.gates.update()
    if (peer !== undefined && peer.queued > 0) this.replies.flushFor(peer)
    this.running = session
    this.silent = session.kind === "replica"
    this.keyspace.now = now
    session.lastActiveMs = now
    const { out } = this.context
    out.resp = session.resp
    const limit = hardLimit(session, this.settings.clientOutputBufferLimit)
    if (limit === Infinity || peer === undefined || session.muted) out.bound(replyBytesMax, false)
    else out.bound(Math.max(0, limit - peer.pendingBytes), true)
  }

  /** Notes the replies of the batch for sending at the end of the event-loop turn. */
  endBatch(session: Session, peer: Peer): void {
    this.running = undefined
    const { out } = this.context
    const bytes = out.pos - this.replies.mark
    if (session.queuedBytes + session.nameBytes > 0) this.clientMemory.note(session)
    if (out.overflowed) return this.cutForOutput(session)
    if (bytes === 0) return
    if (this.silent) return this.cutReplica(session)
    session.outputBytes += bytes
    this.traffic.sent(bytes)
    if (this.hold.active) peer.until = session.heldUntil
    const { normal } = this.settings.clientOutputBufferLimit
    const limited = normal.hardBytes > 0 || normal.softBytes > 0 || session.nameBytes > 0
    if (limited && this.outputs.over(session, bytes, this.keyspace.now)) this.cutForOutput(session)
    else this.replies.add(peer)
  }

  /** A client broke the protocol: the log tells of it where it tells of clients at all. */
  protocolBroken(session: Session, error: string): void {
    if (!this.verbose) return
    this.logger.verbose(protocolErrorLine(error, describeClient(this.context, session)), {
      client: session.id,
    })
  }

  /** A replica has asked for a reply, which must not come between the bytes of the stream. */
  private cutReplica(session: Session): void {
    this.context.out.truncate(this.replies.mark)
    const said = `Replica generated a reply to command '${session.lastCommand}', disconnecting it`
    this.cutOff(session, (client) => `${said}: ${client}`)
  }

  /** Sends the reply of a command that had to wait. */
  reply(session: Session, peer: Peer, bytes: Uint8Array): void {
    if (this.replied(session, bytes)) this.push(session, peer, bytes)
    if (session.tracking !== undefined) this.tracking.ended(session, session.tracking)
  }

  /** Counts a command that had to wait, now that its reply is there; answers whether its client is to get it. */
  replied(session: Session, bytes: Uint8Array): boolean {
    this.stir()
    this.dispatcher.held.finished(session, bytes)
    // It stands for what others have written meanwhile.
    if (this.hold.active) session.heldUntil = this.hold.logged
    const wanted = !session.muted
    if (session.replies !== 0) session.endReply()
    return wanted
  }

  /**
   * Sends bytes that are not part of the running batch's replies: to a client outside its batch they are queued, to the
   * one whose batch runs they go between two replies. The bytes must not change afterwards.
   */
  private push(session: Session, peer: Peer, bytes: Uint8Array): void {
    if (session === this.running) {
      this.dispatcher.pushes.add(bytes)
      return
    }
    session.outputBytes += bytes.length
    this.traffic.sent(bytes.length)
    if (this.hold.active) peer.until = session.heldUntil
    this.replies.queue(peer, bytes)
    const { outputs } = this
    if (outputs.near(session, peer.pendingWithQueue) && outputs.over(session, 0, this.keyspace.now))
      this.cutForOutput(session)
  }

  private cutOff(session: Session, said: (client: string) => string, level: CutLevel = "warning"): void {
    this.logger[level](said(describeClient(this.context, session)), { client: session.id })
    session.control.kill()
  }

  /** Cuts a client off, with what its batch has written. */
  private cutForOutput(session: Session): void {
    if (this.running === undefined) this.context.out.truncate(this.replies.mark)
    const said = "scheduled to be closed ASAP for overcoming of output buffer limits."
    this.cutOff(session, (client) => `Client ${client} ${said}`)
  }

  /** Cuts a client off whose unfinished command is beyond client-query-buffer-limit. */
  limitInput(session: Session): void {
    this.cutOff(session, (client) => `Closing client that reached max query buffer length: ${client}`)
  }

  /** CLIENT REPLY OFF and SKIP: drops the reply just written. */
  applyReplyMode(session: Session): void {
    const { out, keepReply } = this.context
    if (session.muted && !keepReply) {
      out.truncate(this.dispatcher.pushes.floor)
      // What is dropped counts for no limit.
      out.bound(replyBytesMax, false)
    }
    session.endReply()
  }

  /** Asserts the invariants of everything the server holds; throws on the first that does not hold. For tests and DEBUG. */
  checkInvariants(): void {
    this.keyspace.checkInvariants(this.gates.loading)
    this.blocking.checkInvariants()
    this.context.pubsub.checkInvariants(this.sessions.values())
    this.replies.checkInvariants()
    this.parts.checkInvariants()
  }

  /** CONFIG RESETSTAT: the counters of INFO's stats start anew. */
  resetStats(): void {
    this.traffic.reset()
    this.slices.spentMs = 0
    this.dispatcher.commandsProcessed = 0
    const stats = this.keyspace.stats
    stats.keyspaceHits = stats.keyspaceMisses = stats.expiredKeys = stats.lazyFreedObjects = 0
    this.timer.counters.reset()
    this.timer.clear()
    this.unexpectedErrors = 0
    this.memoryLimit.resetStats()
    this.clientEviction.evicted = 0
    this.measures.errors.reset()
    this.parts.resetStats()
  }

  /** As `cron`; what a throw leaves half done is settled as after a command's. */
  guardedCron(): boolean {
    this.turning = true
    try {
      return this.cron()
    } catch (defect) {
      this.dispatcher.reset(defect, "A turn of the cron")
      this.alarm.set(this.clock.currentTimeMillisUnsafe() + TURN_MS)
      throw defect
    } finally {
      this.turning = false
    }
  }

  /** One turn of the clock-driven work; answers whether more is waiting. */
  cron(): boolean {
    const keyspace = this.keyspace
    const start = this.clock.currentTimeMillisUnsafe()
    // While a script is suspended the data stands still.
    if (this.cronPaused || this.gates.busy !== undefined) {
      // The end of CLIENT PAUSE is no periodic work; everything else here is.
      this.alarm.set(this.pause.tick(start))
      return false
    }
    keyspace.now = start
    let due = this.pause.tick(start)
    const before = this.slices.spentMs
    let more = this.slices.work()
    this.measures.worked("expire-cycle", this.slices.spentMs - before)
    this.clientEviction.look()
    const evicting = this.memoryLimit.goOn()
    const p = this.context.propagation
    if (p.waiting) {
      p.separately()
      p.finish(0, false, () => [])
    }
    if (this.blocking.pending) this.blocking.serve()
    this.measures.sample(start, this.alarm.rousedMs)
    const looked = this.outputs.look(this.sessions.values(), start, (session) => this.cutForOutput(session))
    due = Math.min(due, this.parts.cron(start), looked, Math.max(keyspace.nextExpiry(), start + TURN_MS))
    more ||= evicting
    this.alarm.set(more ? start : Math.max(due, start + 1))
    return more
  }
}
