/**
 * Clients that wait for a key (BLPOP and kin, BZPOPMIN, XREAD BLOCK), and how they are served.
 *
 * A blocking handler that finds nothing calls `wait` and returns its Effect. Waiters stand in line per key, first come
 * first served. What puts a list, sorted set or stream under a key, adds to a stream or takes one away calls `signal`;
 * after each command (after EXEC as a whole) dispatch calls `serve`, which goes through the signalled keys in the order of
 * their signals and runs each line's attempts in the order the clients came. As in Redis a signal counts only while some
 * client, of whatever key, waits for a value of that type; otherwise a key could come before one that was ready earlier.
 * The attempt writes the client's reply and propagates what it did, as the plain pop it is; it may signal further keys
 * (BLMOVE), which are served after those signalled before.
 *
 * Invariants: a waiter stands under every one of its keys from the call of `wait` on, or under none; it is answered
 * exactly once, by service, timeout, CLIENT UNBLOCK or the end of its connection, and what it was served is what it gets,
 * even if its time ends in the same instant; `signalled` holds each ready key once, in order.
 *
 * Example: A waits for k, then B does; RPUSH k x y z serves A with x and B with y, and z stays.
 */
import { latin1Text } from "../bytes/Latin1.js"
import * as Effect from "effect/Effect"
import { unblocked } from "../resp/Errors.js"
import type { Database } from "../store/Database.js"
import { entryType, TYPE_NAMES } from "../store/Entry.js"
import type { Session } from "./clients/Session.js"
import type { Turns } from "./world/Turn.js"

/** A context that commands are run in, as far as waiting goes. */
interface WaitingContext {
  readonly db: Database
}

/** What a waiting client wants. */
export interface Waiter<C> {
  readonly session: Session
  readonly database: number
  /** Keys, as latin1 text. */
  readonly keys: ReadonlyArray<string>
  /**
   * Type number (Entry.ts) that is waited for: list, sorted set or stream.
   */
  readonly type: number
  /** Every signal of one of the keys leads to an attempt, also when the key is gone or of another type. */
  readonly hearsLoss?: boolean
  /**
   * Tries to serve the client from the key, in a context that stands for it. Writes the reply to `c.out` and answers
   * true, or writes nothing and answers false. An error reply ends the wait, too.
   */
  readonly attempt: (c: C, key: string) => boolean
  /** Reply when the time is over, written for the client's protocol. */
  readonly onTimeout: (c: C) => void
  /** Milliseconds to wait, 0 = for ever. */
  readonly timeoutMs: number
}

/** A waiter in line. */
class Waiting<C> {
  /** The answer, once there is one. */
  reply: Uint8Array | undefined = undefined
  /** Wakes the client's fiber, once it sleeps. */
  wake: ((reply: Uint8Array) => void) | undefined = undefined

  constructor(
    readonly waiter: Waiter<C>,
    readonly names: ReadonlySet<string>,
  ) {}

  answer(reply: Uint8Array): void {
    this.reply = reply
    this.wake?.(reply)
  }
}

/** Those who wait for one key. */
class Line<C> {
  readonly waiting = new Set<Waiting<C>>()
  /** How many of them are tried whatever the key's type. */
  hearLoss = 0
}

/**
 * Runs `body` with the context pointed at another session, and gives what it wrote. Where `body`
 * answers true it has served the command that the session waits in, which is counted with what it took.
 */
type RunFor<C> = (session: Session, database: number, body: (c: C) => boolean) => Uint8Array

/** No key, and not looked up yet, beside the type numbers. */
const NO_TYPE = -1
const UNKNOWN = -2

/** Type of what is under a key now. */
const typeUnder = ({ db }: WaitingContext, key: Uint8Array): number => {
  const ref = db.lookup(key, 0, key.length)
  return ref === 0 ? NO_TYPE : entryType(db.keyspace.arena, ref)
}

export class Blocking<C extends WaitingContext> {
  private readonly lines = new Map<string, Line<C>>()
  private readonly signalled: Array<string> = []
  private readonly signalledSet = new Set<string>()
  private readonly waiting = new Set<Waiting<C>>()
  /** How many clients wait for a value of each type. */
  private readonly waitingForType = new Int32Array(TYPE_NAMES.length)

  constructor(
    private readonly turns: Turns,
    private readonly runFor: RunFor<C>,
  ) {}

  /** Clients now waiting for a key. */
  get count(): number {
    return this.waiting.size
  }

  /**
   * Puts the client in line, at once, and answers an Effect that waits until it is served, its time is over, or it is
   * unblocked, and yields the reply's bytes. Interrupting the Effect ends the wait, and leaves what it would have yielded
   * already in `session.untaken`; if it may never run, end the wait through `session.blocked`.
   */
  wait(waiter: Waiter<C>): Effect.Effect<Uint8Array> {
    const names = new Set(waiter.keys.map((key) => `${waiter.database}:${key}`))
    const waiting = new Waiting(waiter, names)
    this.enter(waiting)
    waiter.session.blocked = {
      timed: waiter.timeoutMs > 0,
      unblock: (how) =>
        this.release(waiting, how === "error" ? Buffer.from(`-${unblocked}\r\n`, "latin1") : undefined),
    }
    const answered = Effect.callback<Uint8Array>((resume) => {
      if (waiting.reply !== undefined) {
        resume(Effect.succeed(waiting.reply))
        return
      }
      // Not at once: waking runs the client's fiber inside the caller's stack, in the middle of another's batch.
      waiting.wake = (reply) => this.turns.afterThis(() => resume(Effect.succeed(reply)))
      return Effect.sync(() => {
        if (!this.leave(waiting)) waiter.session.untaken = waiting.reply
      })
    })
    if (waiter.timeoutMs <= 0) return answered
    return Effect.timeoutOrElse(answered, {
      duration: waiter.timeoutMs,
      orElse: () =>
        Effect.sync(() => {
          // Served in this very instant: the element is taken, so it must arrive.
          waiter.session.untaken = undefined
          if (waiting.reply !== undefined) return waiting.reply
          this.leave(waiting)
          return this.timeoutReply(waiter)
        }),
    })
  }

  /** Ends every wait with an error reply, given without "-" and line end (the server has become a replica). */
  releaseAll(error: string): void {
    const reply = Buffer.from(`-${error}\r\n`, "latin1")
    for (const waiting of this.waiting) this.release(waiting, reply)
  }

  /** A value of this type under the key is new, has something new, or (a stream) is gone. */
  signal(database: number, type: number, buf: Uint8Array, off: number, len: number): void {
    if (this.waitingForType[type] === 0) return
    this.signalName(`${database}:${latin1Text(buf, off, off + len)}`)
  }

  /**
   * As `signal`, for every key of a database that somebody waits for: it holds something else than before (SWAPDB,
   * FLUSHDB, a new data set). Redis takes the keys in the order of a hash table whose seed is random; here, whoever has
   * waited longest comes first.
   */
  signalDatabase(db: Database): void {
    const prefix = `${db.id}:`
    for (const [name, line] of this.lines) {
      if (!name.startsWith(prefix)) continue
      const key = Buffer.from(name.slice(prefix.length), "latin1")
      const ref = db.table.find(key, 0, key.length)
      if (line.hearLoss > 0 || (ref !== 0 && this.waitingForType[entryType(db.keyspace.arena, ref)] > 0))
        this.signalName(name)
    }
  }

  private signalName(name: string): void {
    if (!this.lines.has(name) || this.signalledSet.has(name)) return
    this.signalledSet.add(name)
    this.signalled.push(name)
  }

  get pending(): boolean {
    return this.signalled.length > 0
  }

  /**
   * Serves the waiters of signalled keys; service may signal further keys (BLMOVE), which are served too. A service that
   * throws ends its client, and its key stays signalled: what is there is for those who stand behind.
   */
  serve(): void {
    for (let name = this.signalled.shift(); name !== undefined; name = this.signalled.shift()) {
      this.signalledSet.delete(name)
      const line = this.lines.get(name)
      if (line === undefined) continue
      try {
        this.serveLine(line, name)
      } catch (defect) {
        this.signalAgain(name)
        throw defect
      }
    }
  }

  private signalAgain(name: string): void {
    if (!this.lines.has(name) || this.signalledSet.has(name)) return
    this.signalledSet.add(name)
    this.signalled.unshift(name)
  }

  private serveLine(line: Line<C>, name: string): void {
    const colon = name.indexOf(":")
    const database = Number(name.slice(0, colon))
    const key = name.slice(colon + 1)
    const bytes = Buffer.from(key, "latin1")
    let type = UNKNOWN
    for (const waiting of line.waiting) {
      if (type === NO_TYPE && line.hearLoss === 0) return
      const { waiter } = waiting
      const any = waiter.hearsLoss === true
      if (type !== UNKNOWN && !any && waiter.type !== type) continue
      let served = false
      const reply = this.runFor(waiter.session, database, (c) => {
        if (type === UNKNOWN) type = typeUnder(c, bytes)
        if (any || waiter.type === type) served = waiter.attempt(c, key)
        return served
      })
      if (!served) continue
      this.leave(waiting)
      waiting.answer(reply)
      type = UNKNOWN
    }
  }

  /** Asserts the invariants of the file header. */
  checkInvariants(): void {
    const byType = new Int32Array(TYPE_NAMES.length)
    for (const waiting of this.waiting) {
      byType[waiting.waiter.type]++
      if (waiting.waiter.session.blocked === undefined)
        throw new Error("blocking: a waiter cannot be unblocked")
      for (const name of waiting.names)
        if (this.lines.get(name)?.waiting.has(waiting) !== true)
          throw new Error(`blocking: a waiter does not stand in line for ${name}`)
    }
    if (byType.some((n, type) => n !== this.waitingForType[type]))
      throw new Error("blocking: waiters of a type are miscounted")
    for (const [name, line] of this.lines) this.checkLine(name, line)
    if (
      this.signalled.length !== this.signalledSet.size ||
      !this.signalled.every((n) => this.signalledSet.has(n))
    )
      throw new Error("blocking: a key is signalled twice, or not at all")
  }

  private checkLine(name: string, line: Line<C>): void {
    let hearLoss = 0
    for (const waiting of line.waiting) {
      if (!this.waiting.has(waiting) || !waiting.names.has(name))
        throw new Error(`blocking: somebody stands in line for ${name} who does not wait for it`)
      if (waiting.waiter.hearsLoss === true) hearLoss++
    }
    if (line.waiting.size === 0 || hearLoss !== line.hearLoss)
      throw new Error(`blocking: the line for ${name} is empty or miscounted`)
  }

  private timeoutReply(waiter: Waiter<C>): Uint8Array {
    return this.runFor(waiter.session, waiter.database, (c) => {
      waiter.onTimeout(c)
      return false
    })
  }

  /** Ends a wait with a reply, that of the timeout if none is given; answers false when it was over already. */
  private release(waiting: Waiting<C>, reply: Uint8Array | undefined): boolean {
    if (!this.leave(waiting)) return false
    waiting.answer(reply ?? this.timeoutReply(waiting.waiter))
    return true
  }

  private enter(waiting: Waiting<C>): void {
    this.waiting.add(waiting)
    this.waitingForType[waiting.waiter.type]++
    for (const name of waiting.names) {
      let line = this.lines.get(name)
      if (line === undefined) this.lines.set(name, (line = new Line()))
      line.waiting.add(waiting)
      if (waiting.waiter.hearsLoss === true) line.hearLoss++
    }
  }

  /** Takes a waiter out of all lines; answers false when it was out already. */
  private leave(waiting: Waiting<C>): boolean {
    if (!this.waiting.delete(waiting)) return false
    this.waitingForType[waiting.waiter.type]--
    for (const name of waiting.names) {
      const line = this.lines.get(name)
      if (line === undefined) throw new Error(`no line for the key ${name}`)
      line.waiting.delete(waiting)
      if (waiting.waiter.hearsLoss === true) line.hearLoss--
      if (line.waiting.size === 0) this.lines.delete(name)
    }
    waiting.waiter.session.blocked = undefined
    return true
  }
}
