/**
 * What is on its way between the two ends of connections in memory, in the order in which it was given.
 *
 * Nothing is handed over at once. A write may come from anywhere, from inside a batch of the very engine that is to read
 * it, and what an end hears may write again; so all that was given meanwhile is handed over together, soon after, when
 * neither is on the stack. Input of all connections keeps its order, which makes what an engine does repeatable.
 *
 * Small writes are copied one behind the other, so that a hundred commands written one by one arrive as one chunk:
 *
 *   buffer  | SET a 1 | GET a | GET b |      |     while this one is read the other is filled
 *   parts     \__ to client 1 __/  \_ 2 _/
 *
 * Invariant: an end has everything in the order in which it was given.
 */
import { thrownLater, type Turns } from "../../engine/world/Turn.js"

/** A server's end, as input reaches it. The bytes are its own only until it returns. */
export interface Inbound {
  arrive(bytes: Uint8Array): void
  /** The other end has sent everything. */
  arriveEnd(): void
  /** The other end is gone. */
  arriveClose(): void
  /** Sends the replies to what has arrived. */
  answer(): void
}

/** A client's end, as output reaches it. */
export interface Outbound {
  takeOutput(): void
}

type Arrival = "bytes" | "end" | "close"

interface Part {
  readonly to: Inbound
  readonly what: Arrival
  /** A chunk of its own; otherwise the part lies in the buffer. */
  readonly chunk: Uint8Array | undefined
  readonly from: number
  until: number
  /** Called when the chunk has arrived. */
  readonly done: (() => void) | undefined
}

const BUFFER_BYTES = 64 * 1024
/** UTF-8 bytes of one UTF-16 unit at most. */
const UNIT_BYTES_MAX = 3

const nothing = Buffer.alloc(0)

export class Wire {
  private buffer = nothing
  private spare = nothing
  private used = 0
  private parts: Array<Part> = []
  private outputs: Array<Outbound> = []
  private scheduled = false

  private constructor(private readonly turns: Turns) {}

  private static readonly all = new WeakMap<Turns, Wire>()

  /** The one of an event loop, whose order is its own. */
  static of(turns: Turns): Wire {
    let wire = Wire.all.get(turns)
    if (wire === undefined) Wire.all.set(turns, (wire = new Wire(turns)))
    return wire
  }

  /** Sends a chunk; `done` is called at once or when it has arrived, and until then it must not change. */
  send(to: Inbound, chunk: string | Uint8Array, encoding: BufferEncoding, done: () => void): void {
    if (this.buffer.length === 0) this.buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
    const room = BUFFER_BYTES - this.used
    if (typeof chunk === "string") {
      if (chunk.length * UNIT_BYTES_MAX > room)
        return this.send(to, Buffer.from(chunk, encoding), encoding, done)
      this.copied(to, this.buffer.write(chunk, this.used, encoding))
    } else {
      if (chunk.length > room) return this.note(to, "bytes", chunk, done)
      this.buffer.set(chunk, this.used)
      this.copied(to, chunk.length)
    }
    done()
  }

  sendEnd(to: Inbound): void {
    this.note(to, "end")
  }

  sendClose(to: Inbound): void {
    this.note(to, "close")
  }

  /** Something is on its way. */
  get busy(): boolean {
    return this.scheduled
  }

  /** Has `takeOutput` called. */
  announce(to: Outbound): void {
    this.outputs.push(to)
    this.schedule()
  }

  private copied(to: Inbound, bytes: number): void {
    const last = this.parts[this.parts.length - 1]
    const from = this.used
    this.used += bytes
    if (last !== undefined && last.to === to && last.what === "bytes" && last.chunk === undefined)
      last.until = this.used
    else this.note(to, "bytes", undefined, undefined, from)
  }

  private note(to: Inbound, what: Arrival, chunk?: Uint8Array, done?: () => void, from = 0): void {
    this.parts.push({ to, what, chunk, done, from, until: this.used })
    this.schedule()
  }

  private schedule(): void {
    if (this.scheduled) return
    this.scheduled = true
    this.turns.soon(this.handOver)
  }

  private readonly handOver = (): void => {
    this.scheduled = false
    const { parts, buffer, turns } = this
    if (parts.length > 0) {
      this.parts = []
      this.buffer = this.spare
      this.spare = buffer
      this.used = 0
      for (const part of parts) thrownLater(turns, () => arrive(part, buffer))
      answerAll(turns, parts)
    }
    const { outputs } = this
    if (outputs.length === 0) return
    this.outputs = []
    // What a listener of the client's throws is the program's to hear of, and no concern of the next client.
    for (const output of outputs) thrownLater(turns, () => output.takeOutput())
  }
}

const arrive = ({ to, what, chunk, from, until, done }: Part, buffer: Buffer): void => {
  if (what === "end") return to.arriveEnd()
  if (what === "close") return to.arriveClose()
  to.arrive(chunk ?? buffer.subarray(from, until))
  done?.()
}

/** Has the replies sent, of each server once for parts that follow each other. */
const answerAll = (turns: Turns, parts: ReadonlyArray<Part>): void => {
  let last: Inbound | undefined
  for (const { to } of parts) {
    if (to === last) continue
    last = to
    thrownLater(turns, () => to.answer())
  }
}
