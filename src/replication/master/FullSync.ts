/**
 * Full synchronization: snapshots for the replicas that wait for one, one snapshot at a time, each for all that wait.
 *
 *   diskless  ($EOF form)     snapshot -> every replica's socket at once, in step with the slowest
 *   by file   ($length form)  snapshot -> temporary file -> each replica at its own pace
 *
 * In either form the stream is held for a replica from the instant of the cut (its reader stands there). A replica that
 * comes while the file is being written joins: it gets the same offset, and the file when it is whole. A diskless
 * transfer cannot be joined. Replicas that cannot read up to a mark get the file form whatever is set.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { randomHex } from "../../engine/world/SecureRandom.js"
import { within } from "../../engine/world/Turn.js"
import { brokenOff, RdbIoError } from "../../rdb/format/RdbErrors.js"
import { ioError } from "../../rdb/RdbFile.js"
import type { SnapshotPart } from "../../rdb/snapshot/SnapshotJob.js"
import type { SnapshotSink, SnapshotTargets } from "../../rdb/RdbPersistence.js"
import type { BacklogReader } from "../Backlog.js"
import type { ReplicaLink } from "./ReplicaLink.js"
import type { ReplicationLog } from "../ReplicationLog.js"
import type { ReplicationServices } from "../ReplicationServices.js"

export interface FullSyncSettings {
  readonly dir: string
  readonly replBacklogSize: number
  readonly replDisklessSync: boolean
  readonly replDisklessSyncDelay: number
  readonly replDisklessSyncMaxReplicas: number
  readonly replTimeout: number
}

/** The master whose replicas these are. */
interface SyncingMaster {
  readonly log: ReplicationLog
  readonly settings: FullSyncSettings
  /** By the session's id. */
  readonly links: ReadonlyMap<number, ReplicaLink>
  readonly stats: { outputBytes: number }
  drop(link: ReplicaLink): void
  goOnline(link: ReplicaLink): void
}

/** Bytes of the file read and given to a socket at a time. */
const FILE_CHUNK_BYTES = 256 * 1024
const GATHER_STEP_MS = 50
/** Characters of the mark that ends a snapshot of unknown length; no peer can guess them. */
const MARK_CHARS = 40

/** A link that gets nothing but what the loop gives it. */
const unserved = ({ state }: ReplicaLink): boolean => state === "waiting" || state === "transfer"

/** A file being written, which others may join. */
interface FileJob {
  readonly part: SnapshotPart
  readonly id: string
  readonly offset: number
  /** Holds the stream from the cut on for those who join. */
  readonly reader: BacklogReader
  readonly links: Array<ReplicaLink>
}

export class FullSync {
  private running = false
  private file: FileJob | undefined = undefined
  /** Those whom the snapshot in the making is for. */
  private targets: Array<ReplicaLink> = []

  constructor(
    private readonly master: SyncingMaster,
    private readonly services: ReplicationServices,
  ) {}

  private isAttached(link: ReplicaLink): boolean {
    return this.master.links.has(link.session.id)
  }

  private now(): number {
    return this.services.engine.clock.currentTimeMillisUnsafe()
  }

  /** A replica waits: joins the file in the making, or sees that a snapshot will be made. */
  request(link: ReplicaLink): void {
    const { file } = this
    link.state = "waiting"
    if (file !== undefined && this.mayJoin(file, link)) {
      this.join(file, link)
      this.note("Waiting for end of BGSAVE for SYNC")
    } else if (this.running) {
      this.note(
        file === undefined
          ? "Current BGSAVE has socket target. Waiting for next BGSAVE for SYNC"
          : "Can't attach the replica to the current BGSAVE. Waiting for next BGSAVE for SYNC",
      )
    } else if (this.wantsMark(link) && this.master.settings.replDisklessSyncDelay > 0) {
      this.note("Delay next BGSAVE for diskless SYNC")
    }
    if (this.running) return
    this.running = true
    this.services.background(this.loop, () => {
      this.running = false
      this.drop([...this.master.links.values()].filter(unserved))
    })
  }

  /** A replica is gone. A snapshot that nobody waits for any more ends. */
  left(link: ReplicaLink): void {
    const { targets } = this
    if (!targets.includes(link) || targets.some((other) => this.isAttached(other))) return
    this.closeFile()
    this.services.persistence.stopStream("the last replica that waited for it is gone")
  }

  /** The file being written is of the present history, the link wants the same of it, and can read it. */
  private mayJoin(file: FileJob, link: ReplicaLink): boolean {
    const { log } = this.master
    const held = file.id === log.id && log.backlog?.holds(file.offset + 1) === true
    return held && file.part === link.snapshotPart && !this.wantsMark(link)
  }

  private note(text: string): void {
    this.services.engine.logger.notice(text)
  }

  /** The last look and the end of the loop are one turn: who asks after it starts another. */
  private readonly loop: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    yield* Effect.yieldNow
    while ((this.running = this.waiting().length > 0)) {
      const mayStream = (): boolean => this.waiting().some((link) => this.wantsMark(link))
      // A file can be joined later, nobody needs to be waited for.
      if (mayStream()) yield* this.gather
      yield* mayStream() ? this.streamToSockets : Effect.scoped(this.streamThroughFile)
    }
  })

  /** Those whose turn it is: replicas that wait for the same as the first that does. */
  private waiting(): Array<ReplicaLink> {
    const all = [...this.master.links.values()].filter((link) => link.state === "waiting")
    return all.filter((link) => link.snapshotPart === all[0]?.snapshotPart)
  }

  private wantsMark(link: ReplicaLink): boolean {
    return this.master.settings.replDisklessSync && link.acceptsMark && !link.plainSync
  }

  /** repl-diskless-sync-delay: lets further replicas arrive, unless there are enough. */
  private readonly gather: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    const { replDisklessSyncDelay, replDisklessSyncMaxReplicas } = this.master.settings
    for (let waited = 0; waited < replDisklessSyncDelay * 1000; waited += GATHER_STEP_MS) {
      const n = this.waiting().length
      if (n === 0 || (replDisklessSyncMaxReplicas > 0 && n >= replDisklessSyncMaxReplicas)) return
      yield* this.services.engine.turns.sleep(GATHER_STEP_MS)
    }
  })

  /** The instant of the cut for one replica: its status line, and its place in the stream. */
  private begin(link: ReplicaLink, id: string, offset: number): void {
    const backlog = this.master.log.openBacklog(this.master.settings.replBacklogSize)
    if (!link.plainSync) link.push(`+FULLRESYNC ${id} ${offset}\r\n`)
    link.reader = backlog.attach(offset + 1)
    link.state = "transfer"
    link.saving = !this.wantsMark(link)
  }

  // ---- diskless

  private readonly streamToSockets: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    const { log } = this.master
    const { persistence } = this.services
    const mark = randomHex(this.services.random, MARK_CHARS)
    yield* Effect.logInfo("Starting BGSAVE for SYNC with target: replicas sockets")
    yield* Effect.logInfo(`Background RDB transfer started by pid ${this.services.facts.pid}`)
    let targets: Array<ReplicaLink> = []
    const atCut = (): SnapshotTargets => {
      this.targets = targets = this.waiting().filter((link) => this.wantsMark(link))
      for (const link of targets) {
        this.begin(link, log.id, log.offset)
        this.say(link, `$EOF:${mark}\r\n`)
      }
      log.reselect()
      const part = targets[0]?.snapshotPart
      return { sinks: targets.map((link) => this.sinkOf(link)), part, replication: log.position }
    }
    const exit = yield* Effect.exit(persistence.streamSnapshot(atCut))
    this.targets = []
    if (Exit.isFailure(exit)) {
      yield* Effect.logWarning("Background transfer error")
      return yield* this.failed(exit.cause, targets)
    }
    const up = targets.filter((link) => this.isAttached(link)).length
    yield* Effect.logWarning(`Diskless rdb transfer, done reading from pipe, ${up} replicas still up.`)
    yield* Effect.logInfo("Background RDB transfer terminated with success")
    for (const link of targets) {
      if (!this.isAttached(link)) continue
      this.say(link, mark)
      link.awaitingAck = true
      link.heard(this.now())
      if (link.snapshotOnly) link.session.control.close()
      else
        yield* Effect.logInfo(
          `Streamed RDB transfer with replica ${link.name} succeeded (socket). Waiting for REPLCONF ACK from slave to enable streaming`,
        )
    }
  })

  private sinkOf(link: ReplicaLink): SnapshotSink {
    return {
      write: (bytes) =>
        Effect.suspend(() => {
          if (!this.isAttached(link)) return Effect.fail(brokenOff("the replica is gone"))
          // A copy: the bytes are only lent, the socket may keep them longer.
          return this.give(link, Buffer.from(bytes))
        }),
    }
  }

  /** What stands before a snapshot and behind it counts as the snapshot does. */
  private say(link: ReplicaLink, words: string): void {
    link.push(words)
    this.master.stats.outputBytes += words.length
  }

  /** Pushes bytes and waits until the replica's socket takes more; a replica that does not read is dropped. */
  private give(link: ReplicaLink, bytes: Uint8Array): Effect.Effect<void> {
    const { push, congested, drained } = link.session.control
    push(bytes)
    this.master.stats.outputBytes += bytes.length
    if (drained === undefined || !congested()) return Effect.void
    return within(this.services.engine.turns, drained, this.master.settings.replTimeout * 1000, () =>
      Effect.andThen(
        Effect.logWarning(`Disconnecting timedout replica (full sync): ${link.name}`),
        Effect.sync(() => this.master.drop(link)),
      ),
    )
  }

  // ---- through a file

  private join(file: FileJob, link: ReplicaLink): void {
    // First: what `begin` leaves half done is dropped with the others of the file.
    file.links.push(link)
    this.begin(link, file.id, file.offset)
  }

  private readonly streamThroughFile: Effect.Effect<void, never, Scope.Scope> = Effect.gen(
    { self: this },
    function* () {
      const fs = this.services.files
      const { settings } = this.master
      const joined: Array<ReplicaLink> = []
      yield* Effect.logInfo("Starting BGSAVE for SYNC with target: disk")
      yield* Effect.logInfo(`Background saving started by pid ${this.services.facts.pid}`)
      const writing = Effect.gen({ self: this }, function* () {
        if (settings.dir === "") return yield* brokenOff("a file needs a directory ('dir')")
        const path = yield* fs
          .makeTempFileScoped({ directory: settings.dir, prefix: "temp-sync-", suffix: ".rdb" })
          .pipe(Effect.mapError(ioError(settings.dir, "open")))
        const output = yield* fs.open(path, { flag: "w" }).pipe(Effect.mapError(ioError(path, "open")))
        const write = (chunk: Uint8Array) =>
          output.writeAll(chunk).pipe(Effect.mapError(ioError(path, "write")))
        const bytes = yield* this.writeFile({ write }, joined)
        return { path, bytes }
      })
      const exit = yield* Effect.exit(writing)
      if (Exit.isFailure(exit)) {
        yield* Effect.logWarning("Background saving error")
        return yield* this.failed(exit.cause, joined)
      }
      yield* Effect.logInfo("DB saved on disk")
      yield* Effect.logInfo("Background saving terminated with success")
      const { path, bytes } = exit.value
      const send = (link: ReplicaLink): Effect.Effect<void> =>
        this.sendFile(fs, path, bytes, link).pipe(Effect.catchCause((cause) => this.failed(cause, [link])))
      yield* Effect.forEach(joined, send, { discard: true, concurrency: "unbounded" })
    },
  )

  /** Writes the snapshot; answers its length. `joined` gets the replicas it is for, also those that come meanwhile. */
  private writeFile(sink: SnapshotSink, joined: Array<ReplicaLink>) {
    const { log } = this.master
    const { persistence } = this.services
    const atCut = (): SnapshotTargets => {
      const backlog = log.openBacklog(this.master.settings.replBacklogSize)
      const waiting = this.waiting()
      const part = waiting[0]?.snapshotPart ?? "all"
      const reader = backlog.attach(backlog.next)
      const file = { part, id: log.id, offset: log.offset, reader, links: joined }
      this.file = file
      this.targets = joined
      for (const link of waiting) if (!this.wantsMark(link)) this.join(file, link)
      log.reselect()
      return { sinks: [sink], part, replication: log.position }
    }
    return persistence.streamSnapshot(atCut).pipe(
      Effect.flatMap((result) => {
        const [failure] = result.failed
        return failure === undefined ? Effect.succeed(result.bytes) : Effect.fail(failure.error)
      }),
      Effect.ensuring(Effect.sync(() => this.closeFile())),
    )
  }

  /** Nobody can join the file in the making any more. */
  private closeFile(): void {
    if (this.file !== undefined) this.master.log.backlog?.detach(this.file.reader)
    this.file = undefined
    this.targets = []
  }

  private sendFile(fs: FileSystem.FileSystem, path: string, bytes: number, link: ReplicaLink) {
    return Effect.scoped(
      Effect.gen({ self: this }, function* () {
        const input = yield* fs.open(path, { flag: "r" }).pipe(Effect.mapError(ioError(path, "open")))
        if (!this.isAttached(link)) return
        link.saving = false
        link.sendingFile = true
        this.say(link, `$${bytes}\r\n`)
        for (let left = bytes; left > 0 && this.isAttached(link);) {
          const buffer = Buffer.allocUnsafeSlow(Math.min(left, FILE_CHUNK_BYTES))
          const at = bytes - left
          const n = Number(yield* input.read(buffer).pipe(Effect.mapError(ioError(path, "read", at))))
          if (n === 0)
            return yield* new RdbIoError({
              path,
              offset: at,
              operation: "read",
              reason: "the file is too short",
            })
          left -= n
          yield* this.give(link, buffer.subarray(0, n))
        }
        if (!this.isAttached(link)) return
        link.heard(this.now())
        if (link.snapshotOnly) link.session.control.close()
        else this.master.goOnline(link)
        yield* Effect.logInfo(`Synchronization with replica ${link.name} succeeded`)
      }),
    )
  }

  /** Drops the replicas a snapshot was for, or, where it failed before the cut, those it would have been for. */
  private failed(cause: Cause.Cause<RdbIoError>, links: ReadonlyArray<ReplicaLink>): Effect.Effect<void> {
    this.drop(links.length > 0 ? links : this.waiting())
    if (Cause.hasDies(cause))
      return Effect.logError("Snapshot for replicas failed of an internal error", cause)
    const reason = Option.match(Cause.findErrorOption(cause), {
      onNone: () => "interrupted",
      onSome: ({ message }) => message,
    })
    return Effect.logWarning(`SYNC failed. BGSAVE child returned an error: ${reason}`)
  }

  private drop(links: ReadonlyArray<ReplicaLink>): void {
    for (const link of links) if (this.isAttached(link)) this.master.drop(link)
  }
}
