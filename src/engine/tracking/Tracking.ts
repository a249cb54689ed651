/**
 * CLIENT TRACKING: tells clients that keep copies of keys when these are no longer right.
 *
 * In the default mode the keys of every command that reads (by its key specs; of a script's such commands the keys of the
 * script) are remembered for the client, and it is told once, when one of them changes, expires or is flushed. With BCAST
 * nothing is remembered, and the client hears of every change under its prefixes, at the end of the turn.
 *
 *     read -> TrackingTable          modified, expired -> taken from it -> told
 *                                                      -> Broadcasts, at the turn's end -> told
 *     told = a push of RESP3, or a message to the client in RESP2 that hears in another's place
 *
 * What a client changes itself it is told behind the reply of its own command, EXEC as a whole; all others at once, which
 * is behind what they were answered before.
 *
 * A server in which nobody tracks pays for it with a test of a field for each command and change: `session.tracking`, and
 * that nobody is in `KeyEvents.caches`.
 */
import { latin1Text } from "../../bytes/Latin1.js"
import { ArenaFullError } from "../../memory/Arena.js"
import type { CommandContext } from "../CommandContext.js"
import { Keys } from "../declare/KeyExtraction.js"
import type { EnginePart } from "../EnginePart.js"
import type { Gates } from "../Gates.js"
import type { OwnPushes } from "../clients/OwnPushes.js"
import type { Session } from "../clients/Session.js"
import { Broadcasts } from "./Broadcasts.js"
import type { Call } from "./Call.js"
import { ClientTracking, TrackingMode } from "./ClientTracking.js"
import { Invalidation, redirectionBroken } from "./Invalidation.js"
import { TrackingTable } from "./TrackingTable.js"

interface TrackingParts {
  readonly context: CommandContext
  /** All clients by id. */
  readonly sessions: ReadonlyMap<number, Session>
  readonly pushes: OwnPushes
  readonly gates: Gates
  /** The client whose batch is running. */
  readonly running: () => Session | undefined
  /** The command that runs the script in progress. */
  readonly caller: () => Call
  /** Something is to be told at the end of this turn. */
  readonly atTurnsEnd: () => void
  /** The clock-driven work has something to do soon. */
  readonly stir: () => void
}

/** Keys that are forgotten before a command while there are too many: so many the first time, twice the second, ... */
const TRIMMED_KEYS = 100

/** A copy, which a Buffer's own `slice` is not. */
const nameOf = (buf: Uint8Array, off: number, len: number): Uint8Array =>
  Uint8Array.prototype.slice.call(buf, off, off + len)

const bytesOf = (keys: ReadonlyArray<string>): ReadonlyArray<Uint8Array> =>
  keys.map((key) => Buffer.from(key, "latin1"))

/** Whether its own command is under way, and its reply to come. */
const isAnswering = ({ held }: Session): boolean => held !== undefined && !held.blocks

export class Tracking implements EnginePart {
  /** Clients that track. */
  clients = 0
  private readonly table = new TrackingTable()
  private readonly broadcasts = new Broadcasts()
  private readonly keys = new Keys()
  /** Times in a row that keys were forgotten and there were still too many. */
  private trims = 0

  constructor(private readonly parts: TrackingParts) {}

  /** Keys that are remembered, and clients of each together; prefixes that somebody wants. */
  get counts(): { readonly keys: number; readonly items: number; readonly prefixes: number } {
    return { keys: this.table.keys, items: this.table.items, prefixes: this.broadcasts.count }
  }

  /** Bytes of memory that the keys take. */
  get bytes(): number {
    return this.table.bytes
  }

  /** Begins tracking, or goes on in another way. Prefixes add up; none given stands for all keys. */
  start(session: Session, modes: number, redirect: number, prefixes: ReadonlyArray<string>): void {
    const tracking = (session.tracking ??= new ClientTracking())
    if (tracking.modes === 0) this.clients++
    tracking.modes = modes | TrackingMode.on
    tracking.redirect = redirect
    tracking.broken = false
    if ((modes & TrackingMode.broadcast) !== 0)
      for (const name of prefixes.length === 0 ? [""] : prefixes)
        this.broadcasts.join(session, tracking, name)
    this.listen()
  }

  stop(session: Session): void {
    const { tracking } = session
    if (tracking === undefined || tracking.modes === 0) return
    this.clients--
    this.broadcasts.leave(session, tracking)
    tracking.modes = tracking.redirect = 0
    tracking.broken = tracking.caching = false
    this.listen()
  }

  detached(session: Session): void {
    this.stop(session)
    session.tracking = undefined
  }

  /** Hears of changes exactly while there is somebody to tell, or something to forget. */
  private listen(): void {
    this.parts.context.events.caches = this.clients > 0 || this.table.keys > 0 ? this : undefined
  }

  /** A command that reads has run for a client that tracks. */
  read(c: CommandContext, tracking: ClientTracking): void {
    if (!tracking.remembers) return
    const call = c.scripted ? this.parts.caller() : c
    const { command, buf, argOff, argLen } = call
    if (command === undefined) return
    const { keys } = this
    for (let i = 0, n = keys.find(command.spec, call); i < n; i++) {
      const word = keys.index[i]
      this.remember(c.session, tracking, buf, argOff[word], argLen[word])
    }
    const max = c.settings.trackingTableMaxKeys
    if (max > 0 && this.table.keys > max) this.crowd()
  }

  private remember(
    session: Session,
    tracking: ClientTracking,
    buf: Uint8Array,
    off: number,
    len: number,
  ): void {
    try {
      this.table.remember(buf, off, len, session.id)
    } catch (cause) {
      if (!(cause instanceof ArenaFullError)) throw cause
      // What cannot be remembered must not be kept.
      this.tell(session, tracking, new Invalidation([nameOf(buf, off, len)]))
    }
  }

  // ---- changes

  /** A key has changed, by the command in progress. */
  modified(buf: Uint8Array, off: number, len: number): void {
    const { context } = this.parts
    // As in Redis, what a script does is nobody's own.
    this.changed(buf, off, len, context.scripted ? undefined : context.session)
  }

  /** A key has expired. */
  expired(buf: Uint8Array, off: number, len: number): void {
    this.changed(buf, off, len, undefined)
  }

  /** A key makes room for a command that is to come: whoever runs that is told before its reply. */
  evicted(buf: Uint8Array, off: number, len: number): void {
    this.broadcast(buf, off, len, undefined)
    const n = this.table.take(buf, off, len)
    if (n > 0) this.betweenCommands(() => this.invalidate(new Invalidation([nameOf(buf, off, len)]), n, true))
  }

  private changed(buf: Uint8Array, off: number, len: number, by: Session | undefined): void {
    this.broadcast(buf, off, len, by)
    const n = this.table.take(buf, off, len)
    if (n > 0) this.invalidate(new Invalidation([nameOf(buf, off, len)]), n, false)
  }

  private broadcast(buf: Uint8Array, off: number, len: number, by: Session | undefined): void {
    const { broadcasts } = this
    if (broadcasts.count > 0 && broadcasts.changed(latin1Text(buf, off, off + len), by))
      this.parts.atTurnsEnd()
  }

  /** Every key may have changed. */
  flushed(): void {
    this.table.clear()
    const all = Invalidation.ofAll()
    for (const session of this.parts.sessions.values()) {
      const { tracking } = session
      if (tracking === undefined || tracking.modes === 0) continue
      if (this.isActing(session)) tracking.pending.push(all)
      else this.tell(session, tracking, all)
    }
    this.listen()
  }

  /** Tells the first `n` of those that the table has just given. */
  private invalidate(invalidation: Invalidation, n: number, atOnce: boolean): void {
    for (let i = 0; i < n; i++) {
      const session = this.parts.sessions.get(this.table.taken[i])
      const tracking = session?.tracking
      if (session === undefined || tracking === undefined || tracking.modes === 0) continue
      if (tracking.has(TrackingMode.broadcast)) continue
      if (!this.isActing(session)) this.tell(session, tracking, invalidation)
      // What it has not done itself: with NOLOOP it would keep a stale copy for good, for the table forgets the key.
      else if (atOnce) this.tell(session, tracking, invalidation)
      else if (tracking.has(TrackingMode.noLoop)) continue
      else tracking.pending.push(invalidation)
    }
  }

  /** Whether it is this client's own command that is in progress. */
  private isActing(session: Session): boolean {
    const { running, context } = this.parts
    return session === running() || (session === context.session && isAnswering(session))
  }

  /** The turn ends: those with BCAST are told of what has changed in it. */
  readonly endTurn = (): void => {
    if (this.broadcasts.count === 0) return
    let shared: Invalidation | undefined = undefined
    let sharedKeys: ReadonlyArray<string> | undefined = undefined
    this.broadcasts.tell((session, tracking, keys, changes) => {
      if (sharedKeys !== keys) shared = undefined
      sharedKeys = keys
      const others = tracking.has(TrackingMode.noLoop)
        ? keys.filter((key) => changes.get(key) !== session)
        : keys
      if (others.length === keys.length)
        this.tell(session, tracking, (shared ??= new Invalidation(bytesOf(keys))))
      else if (others.length > 0) this.tell(session, tracking, new Invalidation(bytesOf(others)))
    })
  }

  // ---- telling

  private tell(session: Session, tracking: ClientTracking, invalidation: Invalidation): void {
    const { redirect } = tracking
    const to = redirect === 0 ? session : this.parts.sessions.get(redirect)
    if (to === undefined) {
      tracking.broken = true
      if (session.resp === 3) session.control.push(redirectionBroken(redirect))
      return
    }
    // The stream of a replica must stay what it is.
    if (to.kind === "replica") return
    if (to.resp === 3) to.control.push(invalidation.asPush)
    else if (redirect !== 0 && to.subscribed) to.control.push(invalidation.asMessage)
  }

  /** A command of a client has ended: it is told what it changed itself, unless the reply is still to come. */
  ended(session: Session, tracking: ClientTracking): void {
    const inQueue = session.queue !== undefined || session.postponed
    if (tracking.caching && !inQueue && !session.lastCommand.startsWith("client|")) tracking.caching = false
    if (tracking.pending.length === 0 || isAnswering(session)) return
    const { pending } = tracking
    tracking.pending = []
    for (const invalidation of pending) this.tell(session, tracking, invalidation)
    this.place(session)
  }

  /** Tells the running client, where it is told, before the command that is to come. */
  private betweenCommands(tell: () => void): void {
    const { context, pushes, running } = this.parts
    pushes.start = context.out.pos
    tell()
    const session = running()
    if (session !== undefined) this.place(session)
    pushes.floor = context.out.pos
  }

  /** Puts what the running client was told behind what its command has written. */
  private place(session: Session): void {
    const { pushes, context } = this.parts
    if (pushes.waiting) pushes.place(session.muted && !context.keepReply)
  }

  // ---- not too many keys

  /** tracking-table-max-keys has changed. */
  limitChanged(): void {
    const max = this.parts.context.settings.trackingTableMaxKeys
    if (max > 0 && this.table.keys > max) this.crowd()
  }

  /** There are too many keys: the next command comes by `trim`. */
  private crowd(): void {
    const { gates, stir } = this.parts
    if (gates.crowded) return
    gates.crowded = true
    gates.update()
    stir()
  }

  /** Before a command: forgets keys drawn at random, of which their clients are told, until there are not too many. */
  trim(): void {
    const { context, gates } = this.parts
    const max = context.settings.trackingTableMaxKeys
    const limit = max === 0 ? Infinity : max
    this.betweenCommands(() => {
      for (let left = TRIMMED_KEYS * ++this.trims; left > 0 && this.table.keys > limit; left--) {
        const key = this.table.someKey(context.keyspace.random)
        this.invalidate(new Invalidation([key]), this.table.take(key, 0, key.length), true)
      }
    })
    if (this.table.keys > limit) return
    this.trims = 0
    gates.crowded = false
    gates.update()
  }

  cron(now: number): number {
    if (!this.parts.gates.crowded) return Infinity
    this.trim()
    return now
  }

  checkInvariants(): void {
    const { sessions, gates, context } = this.parts
    this.table.checkInvariants()
    this.broadcasts.checkInvariants(sessions.values())
    let clients = 0
    for (const { tracking } of sessions.values())
      if (tracking !== undefined && tracking.modes !== 0) clients++
    if (clients !== this.clients) throw new Error(`tracking: ${clients} clients, counted ${this.clients}`)
    const max = context.settings.trackingTableMaxKeys
    if (max > 0 && this.table.keys > max && !gates.crowded)
      throw new Error("tracking: too many keys, and nobody sees to it")
  }
}
