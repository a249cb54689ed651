/**
 * Writes the command log to files. One fiber writes, another syncs once a second; the threads that wait for the disk are
 * those of the FileSystem, so no command waits. What gathers while a write (with `always`: a sync) is under way is the next
 * group, and may wait for more (Gathering.ts).
 *
 * Where nothing else is asked of the disk a group is written without a thread, in its own turn, before replies leave that
 * need only the kernel to have it (`writeNow`): the kernel copies it to its cache in some microseconds, while a thread has to
 * be woken, and the replies to be held and let go. With `everysec` SET at pipeline 16 took 1.71 us of CPU a request by the
 * thread, so 1.40. The kernel may hold writers back where the disk is behind, so no such write begins while a sync or a
 * snapshot is under way, nor after one that was slow, for so many times as long as it took. With `always` the sync of such a
 * group is a plain call (`fly`), and the next group follows where it ends: by the fiber a group took 50 us more of CPU.
 * Whatever is not plain (files that change, failures, lines between groups, fibers that wait) is the fibers'.
 *
 *     log.buffer --seal--> queue of groups and files --write--> written --sync--> synced
 *
 * Positions are the log's (AofLog.ts). With `always` what is synced is safe, else what is written, and never more than
 * `ceiling`: while no base of what the files hold is in place they are worth nothing.
 *
 * A write that failed is taken back (truncate) and tried again. A file whose sync has failed, or whose failed write cannot be
 * taken back, is distrusted: the kernel may have dropped what it said it had. Nothing more is written then until the queue
 * begins anew with another file (`startOver`).
 */
import * as Effect from "effect/Effect"
import type { ReplyHold } from "../engine/clients/ReplyHold.js"
import type { RealTimer, Turns } from "../engine/world/Turn.js"
import type { AofIoError } from "./AofErrors.js"
import { checkedGroup } from "./AofFormat.js"
import type { AofLog } from "./AofLog.js"
import type { WriterOwner, WriterSettings } from "./AofParts.js"
import { Gathering } from "./Gathering.js"
import { News } from "./News.js"
import type { OpenIncrement } from "./OpenIncrement.js"

const RETRY_MS = 1000
const SYNC_MS = 1000
const LOOK_MS = 1000
/** A sync that takes longer holds writes up: counted, and said in the log. */
const SLOW_SYNC_MS = 2000
/** A larger group is not written in its own turn. */
const NOW_BYTES_MAX = 256 * 1024
/** After a write that took longer groups are not written in their own turn, for so many times as long. */
const SLOW_WRITE_MS = 5
const REST_FACTOR = 20

interface Group {
  readonly bytes: Uint8Array
  /** Position behind it. */
  readonly end: number
  /** Lines that stand between groups. */
  readonly comment: boolean
}

interface NextFile {
  readonly file: OpenIncrement
}

export class AofWriter {
  file: OpenIncrement | undefined = undefined
  /** Positions up to which everything is in a file, and on the disk. */
  written = 0
  synced = 0
  /** Nothing behind this position counts as safe, or as on the disk. */
  ceiling = Infinity
  private syncedCeiling = Infinity
  /** What is wrong, undefined while all is well. */
  failure: AofIoError | undefined = undefined
  distrusted = false
  /** Slow syncs so far. */
  delayedSyncs = 0
  /** DEBUG AOF-FLUSH-SLEEP: slept before each write. */
  sleepMs = 0
  private queue: Array<Group | NextFile> = []
  private queuedBytes = 0
  private readonly news = new News()
  /** Since when a sync is under way, in real time. */
  private syncSince: number | undefined = undefined
  private slowNoted = false
  /** The sync under way is `fly`'s. */
  private flying = false
  private readonly gathering = new Gathering()
  private timer: RealTimer | undefined = undefined
  /** Commands that were in groups when the last one was taken out of the buffer. */
  private grouped = 0
  private scheduled = false
  private lookAtMs = 0
  /** Until when groups are not written in their own turn, in real time. */
  private restUntil = 0
  private readonly atEnd = (): void => {
    this.scheduled = false
    if (!this.writeNow()) this.wake()
  }
  private readonly atTime = (): void => {
    this.gathering.timeIsOver()
    if (this.log.buffer.length > 0 && !this.writeNow()) this.wake()
  }

  constructor(
    private readonly log: AofLog,
    private readonly settings: WriterSettings,
    private readonly hold: ReplyHold,
    private readonly turns: Turns,
    private readonly owner: WriterOwner,
  ) {}

  /** Bytes that are not written yet. */
  get pendingBytes(): number {
    return this.log.buffer.length + this.queuedBytes
  }

  /** Position up to which everything is on the disk, for good. */
  get onDisk(): number {
    return Math.min(this.synced, this.syncedCeiling)
  }

  /** What is safe and on the disk now is all that counts, until a base is in place. */
  limit(): void {
    this.ceiling = Math.min(this.ceiling, this.hold.safe)
    this.syncedCeiling = this.onDisk
  }

  get syncUnderWay(): boolean {
    return this.syncSince !== undefined
  }

  /** Something was logged: it is written when the turn has read all there is to read. */
  logged(): void {
    if (this.scheduled) return
    this.scheduled = true
    this.turns.atEnd(this.atEnd)
  }

  /** Writes what was logged so far without a fiber; answers whether it did, or will. */
  private writeNow(): boolean {
    const { file, log } = this
    if (file === undefined || log.buffer.length === 0 || this.queue.length > 0 || this.distrusted)
      return false
    if (this.flying) return true
    const syncs = this.syncsEach
    if (syncs && (this.news.asking > 0 || !file.isDirect)) return false
    const now = this.turns.now()
    if (now >= this.lookAtMs || !this.quick(log.buffer.length)) return false
    if (syncs && this.gathering.waits(log.count - this.grouped, now)) return true
    if (syncs) this.owner.sealing()
    const taken = log.buffer.take()
    if (
      !this.appendNow(file, this.settings.aofChecksum ? checkedGroup(taken, file.size - file.synced) : taken)
    ) {
      this.enqueue(taken)
      return false
    }
    log.buffer.reuse(taken)
    // The fiber that syncs waits for something to sync.
    const awaited = this.news.asking > 0 || this.synced >= this.written
    this.written = log.position
    if (syncs) {
      this.fly(file, log.count - this.grouped)
      this.grouped = log.count
    } else this.advance()
    this.owner.lessPending()
    if (awaited && !syncs) this.wake()
    return true
  }

  /** Each group is synced before its replies leave. */
  private get syncsEach(): boolean {
    return this.settings.appendfsync === "always" && !this.owner.syncsPaused()
  }

  /** Syncs a group that was just written, without a fiber. */
  private fly(file: OpenIncrement, commands: number): void {
    const position = this.written
    this.flying = true
    const start = this.beginSync()
    file.syncThen((error) => this.landed(file, commands, position, start, error))
  }

  private landed(
    file: OpenIncrement,
    commands: number,
    position: number,
    start: number,
    error: AofIoError | undefined,
  ): void {
    this.flying = false
    this.syncSince = undefined
    const well = error === undefined && !file.superseded
    if (!well || this.news.asking > 0) {
      this.endSync(file, position, error)
      return this.wake()
    }
    const now = this.turns.now()
    if (this.gathering.synced(commands, now - start, this.log.count - this.grouped, now)) this.lookAgain()
    // The disk is busy again while the replies leave.
    const goesOn = this.log.buffer.length === 0 || this.writeNow()
    this.endSync(file, position, error)
    if (!goesOn) this.wake()
  }

  /** Has a group that waits for more looked at again when it has waited. */
  private lookAgain(): void {
    this.timer?.clear()
    this.timer = this.turns.timer(Math.ceil(this.gathering.patienceMs), false, this.atTime)
  }

  /** Whether the kernel will take so many bytes at once, as far as anybody can tell. */
  private quick(length: number): boolean {
    if (length > NOW_BYTES_MAX || this.failure !== undefined || this.syncSince !== undefined) return false
    return this.sleepMs === 0 && this.owner.diskIdle() && this.turns.now() >= this.restUntil
  }

  private appendNow(file: OpenIncrement, bytes: Uint8Array): boolean {
    const start = this.turns.now()
    const whole = file.appendNow(bytes)
    const end = this.turns.now()
    // What is wrong a thread will meet as well, and tell.
    if (!whole) this.restUntil = end + RETRY_MS
    else if (end - start > SLOW_WRITE_MS) this.restUntil = end + (end - start) * REST_FACTOR
    return whole
  }

  /** What was logged so far is a group of its own. */
  seal(): void {
    const { buffer } = this.log
    if (buffer.length > 0) this.enqueue(buffer.take())
  }

  /** Puts all that was logged so far and is in no group yet at the end of the queue. */
  private enqueue(bytes: Uint8Array): void {
    this.queue.push({ bytes, end: this.log.position, comment: false })
    this.queuedBytes += bytes.length
    this.grouped = this.log.count
  }

  /** A line that belongs to no group, behind all that was logged; the position counts it already. */
  comment(line: Uint8Array): void {
    this.seal()
    this.queue.push({ bytes: line, end: this.log.position, comment: true })
    this.queuedBytes += line.length
    this.logged()
  }

  /** What was logged so far goes to the present file, what follows to another. */
  switchTo(file: OpenIncrement): void {
    this.seal()
    this.queue.push({ file })
    this.log.begin()
    this.wake()
  }

  /** What was logged so far goes to no file, for a base will have it; what follows goes to this one. */
  startOver(file: OpenIncrement): void {
    const files = this.queue.filter((item) => "file" in item)
    for (const old of files) old.file.superseded = true
    if (this.file !== undefined) this.file.superseded = true
    this.forget()
    this.log.begin()
    this.queue = [...files, { file }]
    this.distrusted = false
    this.wake()
  }

  /** What was logged so far, and is in no file, goes to none. */
  forget(): void {
    this.log.buffer.clear()
    this.queue = []
    this.queuedBytes = 0
    this.written = this.synced = this.log.position
    this.grouped = this.log.count
    this.owner.lessPending()
  }

  /** Says what is safe. */
  advance(): void {
    this.hold.advance(Math.min(this.ceiling, this.syncsEach ? this.synced : this.written))
  }

  wake(): void {
    this.news.tell()
  }

  /** Writes, for ever. */
  readonly writing: Effect.Effect<never> = Effect.gen({ self: this }, function* () {
    for (;;) {
      const { events } = this.news
      if (this.queue.length === 0 && this.file !== undefined && !this.writeNow()) {
        this.owner.sealing()
        this.seal()
      }
      const item = this.distrusted ? undefined : this.queue[0]
      if (item === undefined) yield* this.news.since(events)
      else if ("file" in item) yield* this.takeFile(item)
      else yield* this.writeGroup(item)
    }
  })

  /** Takes the item off the queue, unless the queue has begun anew meanwhile. */
  private done(item: Group | NextFile): boolean {
    if (this.queue[0] !== item) return false
    this.queue.shift()
    if (!("file" in item)) this.queuedBytes -= item.bytes.length
    return true
  }

  private takeFile(next: NextFile): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const { file } = this
      // First, or a power cut could take what is older than what it leaves.
      if (file !== undefined && !file.superseded) yield* this.sync(file)
      if (this.distrusted || !this.done(next)) return
      this.file = next.file
      if (file !== undefined) yield* Effect.andThen(this.noSync, file.close)
    })
  }

  private writeGroup(group: Group): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const { file } = this
      if (file === undefined) throw new Error("the append-only file has bytes for no file")
      if (this.sleepMs > 0) yield* this.turns.sleep(this.sleepMs)
      if (this.syncSince !== undefined && this.turns.now() - this.syncSince > SLOW_SYNC_MS) this.noteSlow()
      if (!(yield* this.writeWhole(file, group)) || !this.done(group)) return
      this.written = group.end
      if (!group.comment) this.log.buffer.reuse(group.bytes)
      const last = this.queue[0] === undefined || "file" in this.queue[0]
      yield* this.look(file)
      if (this.syncsEach && last && !this.distrusted) yield* this.sync(file)
      this.advance()
      this.owner.lessPending()
      this.wake()
    })
  }

  /** Looks once a second of writing whether the file is still where a start would find it. */
  private look(file: OpenIncrement): Effect.Effect<void> {
    const now = this.turns.now()
    if (now < this.lookAtMs) return Effect.void
    this.lookAtMs = now + LOOK_MS
    return Effect.match(file.present, {
      onSuccess: () => {},
      onFailure: (error) => {
        if (!file.superseded && this.file === file) this.distrust(error)
      },
    })
  }

  /** Answers false when the group is not to be written any more. */
  private writeWhole(file: OpenIncrement, group: Group): Effect.Effect<boolean> {
    return Effect.gen({ self: this }, function* () {
      const bytes =
        this.settings.aofChecksum && !group.comment
          ? checkedGroup(group.bytes, file.size - file.synced)
          : group.bytes
      if (this.quick(bytes.length) && this.appendNow(file, bytes)) return true
      for (;;) {
        const error = yield* Effect.match(file.append(bytes), {
          onSuccess: () => undefined,
          onFailure: (failure) => failure,
        })
        if (error === undefined) {
          // What a base must mend is not well yet.
          if (this.failure !== undefined && this.ceiling === Infinity) this.fail(undefined)
          return true
        }
        this.fail(error)
        const takenBack = yield* Effect.match(file.takeBack, {
          onSuccess: () => true,
          onFailure: () => false,
        })
        if (!takenBack) this.distrust(error)
        if (this.distrusted || this.queue[0] !== group) return false
        yield* this.turns.sleep(RETRY_MS)
        if (this.distrusted || this.queue[0] !== group) return false
      }
    })
  }

  private fail(error: AofIoError | undefined): void {
    this.failure = error
    this.owner.statusChanged()
    this.wake()
  }

  /** The file, or what those of before are seen to hold, is not written behind any more. */
  distrust(error: AofIoError): void {
    if (this.distrusted) return
    this.distrusted = true
    this.limit()
    this.fail(error)
    this.owner.distrusted()
  }

  /** A new base has taken the place of what a distrusted file held, or nothing is written any more. */
  healed(): void {
    this.distrusted = false
    this.ceiling = this.syncedCeiling = Infinity
    if (this.failure !== undefined) this.fail(undefined)
    this.advance()
  }

  /** Waits until no sync is under way. */
  private readonly noSync: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    while (this.syncSince !== undefined) yield* this.news.askedSince(this.news.events)
  })

  private beginSync(): number {
    this.slowNoted = false
    return (this.syncSince = this.turns.now())
  }

  private endSync(file: OpenIncrement, position: number, error: AofIoError | undefined): void {
    if (file.superseded) return
    if (error !== undefined) return this.distrust(error)
    this.synced = Math.max(this.synced, position)
    this.advance()
    this.owner.synced()
  }

  /** Syncs a file; one at a time. */
  private sync(file: OpenIncrement): Effect.Effect<void> {
    const work = Effect.suspend(() => {
      if (file.superseded) return Effect.void
      const position = this.written
      this.beginSync()
      return Effect.match(file.sync, {
        onSuccess: () => undefined,
        onFailure: (failure) => failure,
      }).pipe(
        Effect.tap((error) => Effect.sync(() => this.endSync(file, position, error))),
        Effect.ensuring(
          Effect.sync(() => {
            this.syncSince = undefined
            this.wake()
          }),
        ),
      )
    })
    return Effect.andThen(this.noSync, work)
  }

  private noteSlow(): void {
    if (this.slowNoted) return
    this.slowNoted = true
    this.delayedSyncs++
    this.owner.slowSync()
  }

  /** Something is written that nobody else is about to sync. */
  get syncDue(): boolean {
    const { appendfsync } = this.settings
    if (appendfsync === "no" || this.synced >= this.written) return false
    // With `always` a group is synced as it is written; not so what was written while no sync was asked for.
    if (appendfsync === "always" && (this.syncUnderWay || this.pendingBytes > 0)) return false
    return !this.distrusted && !this.owner.syncsPaused()
  }

  /** Syncs once a second what was written since, for ever. */
  readonly syncingEverySecond: Effect.Effect<never> = Effect.gen({ self: this }, function* () {
    for (;;) {
      const { events } = this.news
      if (this.file === undefined || !this.syncDue) {
        yield* this.news.since(events)
        continue
      }
      yield* this.turns.sleep(SYNC_MS)
      if (this.file !== undefined && this.syncDue) yield* this.sync(this.file)
    }
  })

  /** Waits until all that was logged so far is on the disk; answers false when that will not be. */
  readonly settled: Effect.Effect<boolean> = Effect.gen({ self: this }, function* () {
    const { position } = this.log
    const known = (): boolean => this.written >= position || this.failure !== undefined || this.distrusted
    while (!known()) {
      this.wake()
      const { events } = this.news
      // What it has woken may have written, or failed, before it came back.
      if (!known()) yield* this.news.askedSince(events)
    }
    if (this.written < position) return false
    if (this.file !== undefined && this.synced < position) yield* this.sync(this.file)
    return this.onDisk >= position
  })

  /** Nothing more will be written: closes the file. */
  readonly close: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    const files = this.queue.flatMap((item) => ("file" in item ? [item.file] : []))
    this.queue = []
    this.queuedBytes = 0
    this.timer?.clear()
    if (this.file !== undefined) files.unshift(this.file)
    this.file = undefined
    for (const file of files) {
      file.superseded = true
      yield* Effect.andThen(this.noSync, file.close)
    }
  })
}
