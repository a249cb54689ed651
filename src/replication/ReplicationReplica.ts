/**
 * ReplicationReplica: follows a master. One fiber runs the link (ReplicaState.ts draws its phases): dial, handshake,
 * snapshot if the history is not shared, then the command stream, for ever; after a failure it dials again, at once the
 * first time and then with growing pauses.
 *
 * The stream is applied through `ReplicaHost`, which the server implements. Bytes of the stream go on to this server's own
 * log unchanged, after the commands in them were applied, so that the offset says what is applied, and sub-replicas see
 * the same stream. A transaction counts when its EXEC was applied; cut in the middle it is asked for again.
 */
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as FileSystem from "effect/FileSystem"
import type { Writer } from "effect/socket/Socket"
import { readerBytes } from "effect/socket/Socket"
import type { LoadResult } from "../rdb/RdbPersistence.js"
import { ParseStatus, RequestParser } from "../resp/RequestParser.js"
import { MasterLinkError, MasterStream } from "./MasterStream.js"
import { mayFollow, type ReplicaPhase } from "./ReplicaState.js"
import { encodeCommand, type ReplicationLog } from "./ReplicationLog.js"
import { receiveSnapshot } from "./SnapshotTransfer.js"

/** Settings the replica side reads, as in the configuration. */
export interface ReplicaSettings {
  readonly port: number
  readonly tlsPort: number
  readonly tlsReplication: boolean
  readonly masteruser: string
  readonly masterauth: string
  readonly replTimeout: number
  readonly replBacklogSize: number
  readonly replicaAnnounceIp: string
  readonly replicaAnnouncePort: number
  readonly dir: string
}

/** What the server does for its replica side. */
export interface ReplicaHost {
  /** Applies the command the parser stands at. Answers a text when the command cannot be applied and the link must end. */
  readonly apply: (parser: RequestParser) => string | undefined
  /** Whether the master's transaction is open. */
  readonly inTransaction: () => boolean
  /** Forgets a transaction that was cut. */
  readonly resetLink: () => void
  /** Replaces the data set by the file's. */
  readonly load: (path: string) => Effect.Effect<LoadResult, { readonly message: string }>
  /** The link came up, went down, or its phase changed otherwise: gates and log follow. */
  readonly phaseChanged: (phase: ReplicaPhase) => void
  /** The history changed: attached sub-replicas must ask anew. */
  readonly dropSubReplicas: () => void
  /** Options of the TLS connection to the master. */
  readonly tlsOptions: () => Effect.Effect<object, { readonly message: string }>
  readonly background: (
    effect: Effect.Effect<unknown, never, FileSystem.FileSystem>,
  ) => Fiber.Fiber<unknown, unknown>
  readonly now: () => number
}

export interface MasterAddress {
  readonly host: string
  readonly port: number
}

const RETRY_MS_MIN = 100
const RETRY_MS_MAX = 1000
const HEARTBEAT_MS = 1000
const NEWLINE = Buffer.from("\n", "latin1")

export class Replica {
  master: MasterAddress | undefined = undefined
  phase: ReplicaPhase = "none"
  /** Unix milliseconds since when the link is down; 0 while it is up or there is no master. */
  downSinceMs = 0
  /** Unix milliseconds of the last byte from the master. */
  get heardAtMs(): number {
    return this.stream?.heardAtMs ?? 0
  }
  /** Bytes of the snapshot in transfer: announced (-1 = up to a mark) and read. */
  transfer = { total: 0, read: 0, lastMs: 0 }
  /** The next handshake asks the master to step down (FAILOVER's target does). */
  askFailover = false
  private fiber: Fiber.Fiber<unknown, unknown> | undefined = undefined
  private stream: MasterStream | undefined = undefined
  private writer: Writer | undefined = undefined
  private held: Array<Buffer> = []

  constructor(
    readonly log: ReplicationLog,
    readonly settings: ReplicaSettings,
    private readonly host: ReplicaHost,
  ) {}

  /** Starts to follow a master, in place of any present one. The data set stays until a snapshot replaces it. */
  follow(master: MasterAddress): void {
    this.endLink()
    this.master = master
    this.log.following = true
    this.downSinceMs = this.host.now()
    this.enter("connect")
    this.fiber = this.host.background(this.run(master))
  }

  /** REPLICAOF NO ONE: this server's history goes on from here under a new name. */
  stopFollowing(): void {
    if (this.master === undefined) return
    this.endLink()
    this.master = undefined
    this.downSinceMs = 0
    this.log.following = false
    this.log.shiftId()
    this.enter("none")
  }

  /** Ends the fiber of the link without changing the role. */
  endLink(): void {
    const fiber = this.fiber
    this.fiber = undefined
    if (fiber !== undefined) fiber.interruptUnsafe()
    this.host.resetLink()
    this.held = []
    this.writer = undefined
  }

  /** Tells the master how far this replica is, now. */
  sendAck(): void {
    this.send(encodeCommand(["REPLCONF", "ACK", this.log.offset]))
  }

  /** Once a second while connected. */
  cron(): void {
    if (this.phase === "connected") this.sendAck()
  }

  private send(bytes: Uint8Array): void {
    const writer = this.writer
    if (writer !== undefined) this.host.background(Effect.ignore(writer.write(bytes)))
  }

  private enter(phase: ReplicaPhase): void {
    if (phase !== this.phase && !mayFollow(this.phase, phase) && phase !== "connect") {
      throw new Error(`replica link: ${phase} cannot follow ${this.phase}`)
    }
    this.phase = phase
    this.host.phaseChanged(phase)
  }

  private run(master: MasterAddress): Effect.Effect<never, never, FileSystem.FileSystem> {
    return Effect.gen({ self: this }, function* () {
      let pause = 0
      for (;;) {
        if (pause > 0) yield* Effect.sleep(pause)
        const result = yield* Effect.result(Effect.scoped(this.session(master)))
        const wasUp = this.phase === "connected"
        if (result._tag === "Failure")
          yield* Effect.logWarning(`MASTER <-> REPLICA: ${result.failure.message}`)
        if (this.downSinceMs === 0) this.downSinceMs = this.host.now()
        this.writer = undefined
        this.held = []
        this.host.resetLink()
        this.enter("connect")
        pause = wasUp ? 0 : Math.min(RETRY_MS_MAX, Math.max(RETRY_MS_MIN, pause * 2))
        if (wasUp) yield* Effect.yieldNow
      }
    })
  }

  /** One connection's life. */
  private session(master: MasterAddress) {
    return Effect.gen({ self: this }, function* () {
      this.enter("connecting")
      yield* Effect.logInfo(`Connecting to MASTER ${master.host}:${master.port}`)
      const socket = yield* this.dial(master)
      const pull = yield* readerBytes(socket).pipe(
        Effect.mapError((error) => new MasterLinkError({ step: "Connecting", reason: error.message })),
      )
      const writer = yield* socket.writer
      const stream = new MasterStream(pull, () => this.settings.replTimeout, this.host.now)
      this.stream = stream
      this.enter("handshake")
      yield* this.handshake(stream, writer)
      yield* this.synchronize(stream, writer)
      this.writer = writer
      this.downSinceMs = 0
      this.enter("connected")
      this.sendAck()
      return yield* this.applyStream(stream)
    })
  }

  private dial(master: MasterAddress) {
    const at = { host: master.host, port: master.port, openTimeout: this.settings.replTimeout * 1000 }
    if (!this.settings.tlsReplication) return NodeSocket.makeNet(at)
    return Effect.flatMap(this.host.tlsOptions(), (tls) => NodeSocket.makeTls({ ...tls, ...at }))
  }

  private handshake(stream: MasterStream, writer: Writer) {
    const { settings } = this
    const say = (...args: ReadonlyArray<string>): Effect.Effect<void, MasterLinkError> =>
      writer
        .write(encodeCommand(args))
        .pipe(
          Effect.mapError((error) => new MasterLinkError({ step: args.join(" "), reason: error.message })),
        )
    return Effect.gen(function* () {
      yield* say("PING")
      const pong = yield* stream.line("PING")
      const fine = ["+PONG", "-NOAUTH", "-NOPERM", "-ERR operation not permitted"].some((w) =>
        pong.startsWith(w),
      )
      if (!fine) return yield* new MasterLinkError({ step: "PING", reason: pong })
      const replies: Array<readonly [string, boolean]> = []
      const ask = (
        critical: boolean,
        ...args: ReadonlyArray<string>
      ): Effect.Effect<void, MasterLinkError> => {
        replies.push([args[0] === "AUTH" ? "AUTH" : args.join(" "), critical])
        return say(...args)
      }
      if (settings.masterauth !== "") {
        const user = settings.masteruser === "" ? [] : [settings.masteruser]
        yield* ask(true, "AUTH", ...user, settings.masterauth)
      }
      const own = settings.tlsReplication ? settings.tlsPort : settings.port
      const port = settings.replicaAnnouncePort === 0 ? own : settings.replicaAnnouncePort
      yield* ask(false, "REPLCONF", "listening-port", String(port))
      if (settings.replicaAnnounceIp !== "")
        yield* ask(false, "REPLCONF", "ip-address", settings.replicaAnnounceIp)
      yield* ask(false, "REPLCONF", "capa", "eof", "capa", "psync2")
      for (const [step, critical] of replies) {
        const reply = yield* stream.line(step)
        if (!reply.startsWith("-")) continue
        if (critical) return yield* new MasterLinkError({ step, reason: reply })
        yield* Effect.logInfo(`(Non critical) Master does not understand ${step}: ${reply}`)
      }
    })
  }

  /** PSYNC, and the snapshot where the history is not shared. */
  private synchronize(stream: MasterStream, writer: Writer) {
    return Effect.gen({ self: this }, function* () {
      const known = this.log.backlog !== undefined || this.log.offset > 0
      const ask = known ? ["PSYNC", this.log.id, String(this.log.offset + 1)] : ["PSYNC", "?", "-1"]
      if (this.askFailover) ask.push("FAILOVER")
      yield* writer
        .write(encodeCommand(ask))
        .pipe(Effect.mapError((error) => new MasterLinkError({ step: "PSYNC", reason: error.message })))
      const reply = yield* stream.line("PSYNC")
      const [word, id, offset] = reply.split(" ")
      if (word === "+CONTINUE") {
        this.askFailover = false
        if (id !== undefined && id !== this.log.id) this.continueAs(id)
        this.log.openBacklog(this.settings.replBacklogSize)
        yield* Effect.logInfo("Successful partial resynchronization with master.")
        return
      }
      if (word !== "+FULLRESYNC" || id === undefined || !/^\d+$/.test(offset ?? "")) {
        return yield* new MasterLinkError({ step: "PSYNC", reason: reply })
      }
      this.askFailover = false
      yield* Effect.logInfo(`Full resync from master: ${id}:${offset}`)
      this.enter("transfer")
      // Sub-replicas follow a history that ends here.
      this.host.dropSubReplicas()
      const heartbeat = Effect.forever(Effect.andThen(Effect.sleep(HEARTBEAT_MS), writer.write(NEWLINE)))
      const loading = receiveSnapshot(stream, this.settings.dir, this.transfer, this.host.now).pipe(
        Effect.flatMap((path) => this.host.load(path)),
        Effect.mapError((error) => new MasterLinkError({ step: "Snapshot", reason: error.message })),
        Effect.scoped,
      )
      yield* Effect.raceFirst(loading, Effect.andThen(Effect.ignore(heartbeat), Effect.never))
      this.log.adopt(id, Number(offset))
      this.log.openBacklog(this.settings.replBacklogSize)
    })
  }

  /** The master continues our history under another name. */
  private continueAs(id: string): void {
    this.log.secondId = this.log.id
    this.log.secondOffset = this.log.offset + 1
    this.log.id = id
    this.host.dropSubReplicas()
  }

  private applyStream(stream: MasterStream): Effect.Effect<never, MasterLinkError> {
    const parser = new RequestParser({ maxBulkLength: Infinity, authenticated: true })
    return Effect.gen({ self: this }, function* () {
      for (;;) {
        parser.feed(yield* stream.chunk("Stream"))
        for (let status = parser.next(); status !== ParseStatus.NeedMore; status = parser.next()) {
          if (status === ParseStatus.ProtocolError) {
            return yield* new MasterLinkError({ step: "Stream", reason: parser.error })
          }
          const trouble = this.applyOne(parser)
          if (trouble !== undefined) return yield* new MasterLinkError({ step: "Stream", reason: trouble })
        }
      }
    })
  }

  private applyOne(parser: RequestParser): string | undefined {
    const { buf, rawStart, rawEnd } = parser
    const raw = Buffer.from(buf.subarray(rawStart, rawEnd))
    const trouble = this.host.apply(parser)
    if (trouble !== undefined) return trouble
    if (this.host.inTransaction()) {
      this.held.push(raw)
      return undefined
    }
    for (const bytes of this.held) this.log.feed(bytes, 0, bytes.length)
    if (this.held.length > 0) this.held = []
    this.log.feed(raw, 0, raw.length)
    return undefined
  }
}

/** The Replica as a service. */
export class ReplicationReplica extends Context.Service<ReplicationReplica, Replica>()(
  "redix/replication/Replica",
) {}
