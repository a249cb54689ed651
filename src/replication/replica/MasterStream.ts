/**
 * Reads a master's connection: lines of the handshake, the snapshot, then the command stream, from one byte sequence cut
 * anywhere. In the handshake and the snapshot its fiber asks for chunks, and the connection rests while many are held; the
 * stream's chunks are handled inside the event that brings them, without a fiber's turn each.
 *
 * Waits have no end of their own: whoever owns the link sees that nothing more is received, and ends it.
 */
import type * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** The link to the master failed, or the master said what it must not. */
export class MasterLinkError extends Data.TaggedError("MasterLinkError")<{
  /** What was being done ("Connecting", "PING", "PSYNC", "Snapshot", "Stream", ...), or the master's address. */
  readonly step: string
  /** The system's word on it, or the master's reply. */
  readonly reason: string
  /** What redis-server's log says of it; where nothing is given the step and the reason. */
  readonly logged?: string
  /** The master is there and will serve this replica later: no warning. */
  readonly passing?: boolean
  /** The connection ended by itself. */
  readonly closed?: boolean
  /** Nothing came for repl-timeout. */
  readonly timedOut?: boolean
}> {
  override get message(): string {
    return `${this.step}: ${this.reason}`
  }
}

/** A connection to a master, whatever carries it. */
export interface MasterConnection {
  /**
   * Calls `data` with each chunk as it comes, whose bytes are its own only until it returns, and `closed` once, at the
   * end. To be called once.
   */
  readonly listen: (data: (chunk: Uint8Array) => void, closed: (reason: string) => void) => void
  readonly write: (bytes: Uint8Array) => void
  /** Chunks stop coming, and come again. */
  readonly pause: () => void
  readonly resume: () => void
  /** Both ends as CLIENT LIST shows them, and the number of the socket's file. */
  readonly address: string
  readonly localAddress: string
  readonly descriptor: number
}

export interface MasterAddress {
  readonly host: string
  readonly port: number
}

/** Opens a connection to a master; it ends with the scope. */
export type DialMaster = (
  master: MasterAddress,
) => Effect.Effect<MasterConnection, MasterLinkError, Scope.Scope>

/** What `run`'s reader says of a chunk: nothing, what is wrong with it, or what to wait for. */
export type Verdict = string | Effect.Effect<unknown> | undefined

const NO_BYTES = new Uint8Array(0)
const LF = 10
const LINE_BYTES_MAX = 64 * 1024
/** With this many bytes held nothing more is read. */
const HELD_BYTES_MAX = 1024 * 1024

export class MasterStream {
  private readonly held: Array<Uint8Array> = []
  private heldBytes = 0
  /** Enough is held: nothing more is read from the connection. */
  resting = false
  private over: string | undefined = undefined
  private wake: (() => void) | undefined = undefined
  private take: ((chunk: Uint8Array) => void) | undefined = undefined
  /** Unix milliseconds of the last byte that came. */
  heardAtMs: number
  /** Bytes that came. */
  received = 0

  constructor(
    private readonly connection: MasterConnection,
    private readonly clock: Clock.Clock,
  ) {
    this.heardAtMs = clock.currentTimeMillisUnsafe()
    connection.listen(
      (chunk) => this.receive(chunk),
      (reason) => {
        this.over = reason
        this.wake?.()
      },
    )
  }

  /** Bytes that came and were not asked for yet. */
  get unreadBytes(): number {
    return this.heldBytes
  }

  write(bytes: Uint8Array): void {
    this.connection.write(bytes)
  }

  private receive(chunk: Uint8Array): void {
    this.heardAtMs = this.clock.currentTimeMillisUnsafe()
    this.received += chunk.length
    if (this.take !== undefined) {
      this.take(chunk)
      return
    }
    this.held.push(Uint8Array.from(chunk))
    this.heldBytes += chunk.length
    if (this.heldBytes > HELD_BYTES_MAX && !this.resting) {
      this.resting = true
      this.connection.pause()
    }
    this.wake?.()
  }

  private shift(): Uint8Array | undefined {
    const chunk = this.held.shift()
    if (chunk === undefined) return undefined
    this.heldBytes -= chunk.length
    if (this.resting && this.heldBytes < HELD_BYTES_MAX / 2) {
      this.resting = false
      this.connection.resume()
    }
    return chunk
  }

  /** The bytes that are there, or else the next that come. */
  chunk(step: string): Effect.Effect<Uint8Array, MasterLinkError> {
    return Effect.callback<Uint8Array, MasterLinkError>((resume) => {
      const look = (): boolean => {
        const chunk = this.shift()
        if (chunk === undefined && this.over === undefined) return false
        // First: the fiber goes on inside `resume` and may wait anew.
        this.wake = undefined
        if (chunk !== undefined) resume(Effect.succeed(chunk))
        else resume(Effect.fail(new MasterLinkError({ step, reason: this.over ?? "", closed: true })))
        return true
      }
      if (look()) return
      this.wake = () => void look()
      return Effect.sync(() => (this.wake = undefined))
    })
  }

  /** Puts back what a reader did not use; it comes next. */
  unread(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.held.unshift(bytes)
    this.heldBytes += bytes.length
  }

  /** The next line without its end. Empty lines are the master's sign of life and skipped. */
  line(step: string): Effect.Effect<string, MasterLinkError> {
    return Effect.gen({ self: this }, function* () {
      let text: Buffer = Buffer.alloc(0)
      for (;;) {
        const chunk = yield* this.chunk(step)
        const end = chunk.indexOf(LF)
        if (end < 0) {
          text = Buffer.concat([text, chunk])
          if (text.length > LINE_BYTES_MAX)
            return yield* new MasterLinkError({ step, reason: "line too long" })
          continue
        }
        text = Buffer.concat([text, chunk.subarray(0, end)])
        this.unread(chunk.subarray(end + 1))
        const line = text.toString("latin1").replace(/\r$/, "")
        if (line !== "") return line
        text = Buffer.alloc(0)
      }
    })
  }

  /**
   * Gives every chunk from now on to `take`, inside the event that brings it, until `take` answers what is wrong with one,
   * or the connection ends. What it keeps of a chunk it copies. Where `take` answers something to wait for, chunks are
   * held until that is over, and it is called again with no bytes, to go on where it stopped.
   */
  run(step: string, take: (chunk: Uint8Array) => Verdict): Effect.Effect<never, MasterLinkError> {
    return Effect.gen({ self: this }, function* () {
      let wait = yield* this.feed(step, take)
      for (;;) {
        yield* Effect.raceFirst(wait, this.closed(step))
        wait = yield* this.feed(step, take, NO_BYTES)
      }
    })
  }

  /** One stretch of `run`; answers what `take` asks to wait for. */
  private feed(
    step: string,
    take: (chunk: Uint8Array) => Verdict,
    first?: Uint8Array,
  ): Effect.Effect<Effect.Effect<unknown>, MasterLinkError> {
    return Effect.callback<Effect.Effect<unknown>, MasterLinkError>((resume) => {
      const end = (reason: string, closed: boolean): void => {
        this.take = this.wake = undefined
        resume(Effect.fail(new MasterLinkError({ step, reason, closed })))
      }
      const handle = (chunk: Uint8Array): boolean => {
        try {
          const verdict = take(chunk)
          if (verdict === undefined) return true
          if (typeof verdict === "string") end(verdict, false)
          else {
            this.take = this.wake = undefined
            resume(Effect.succeed(verdict))
          }
        } catch (defect) {
          this.take = this.wake = undefined
          resume(Effect.die(defect))
        }
        return false
      }
      if (first !== undefined && !handle(first)) return
      for (let chunk = this.shift(); chunk !== undefined; chunk = this.shift()) if (!handle(chunk)) return
      if (this.over !== undefined) return end(this.over, true)
      this.take = (chunk) => void handle(chunk)
      this.wake = () => {
        if (this.over !== undefined) end(this.over, true)
      }
      return Effect.sync(() => void (this.take = this.wake = undefined))
    })
  }

  /** Fails when the connection has ended, also with chunks held. */
  private closed(step: string): Effect.Effect<never, MasterLinkError> {
    return Effect.callback<never, MasterLinkError>((resume) => {
      const look = (): void => {
        if (this.over === undefined) return
        this.wake = undefined
        resume(Effect.fail(new MasterLinkError({ step, reason: this.over })))
      }
      this.wake = look
      look()
      return Effect.sync(() => void (this.wake = undefined))
    })
  }
}
