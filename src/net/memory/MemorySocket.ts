/**
 * A connection without a socket: the client's end is a stream that client libraries take for one of Node's sockets, the
 * server's end is served as one (Connection.ts).
 *
 *   client                        Wire.ts                    server
 *   write(request)   ->  parts, in order of writing   ->   "data"  ->  batch
 *   "data"           <-  pieces, at most FULL_BYTES   <-   _write(reply), `done` when there is room
 *
 * A client that does not read has at most FULL_BYTES and one piece waiting; what comes then stays with the server, where
 * client-output-buffer-limit counts it. A client that writes more than the server reads is held back likewise.
 */
import { EventEmitter } from "node:events"
import { Duplex } from "node:stream"
import type { RealTimer, Turns } from "../../engine/world/Turn.js"
import type { Transport } from "../Transport.js"
import { type Inbound, type Outbound, Wire } from "./Wire.js"

/** Output that a client may leave unread before the server is told to wait, as the buffer of a socket. */
const FULL_BYTES = 64 * 1024

/** Stands for a host. */
const HOST = "memory"

type Done = (error?: Error | null) => void

/** The end that the server reads and writes. */
class ServerEnd extends EventEmitter implements Transport, Inbound {
  destroyed = false
  closed = false
  readableEnded = false
  readonly writableLength = 0
  readonly writableNeedDrain = false
  private ending = false
  private paused = false
  /** What arrived while nothing was to be read. */
  private held: Array<Uint8Array> = []
  private endHeld = false
  private release: (() => void) | undefined = undefined

  constructor(
    private readonly turns: Turns,
    private readonly client: MemorySocket,
    readonly answer: () => void,
  ) {
    super()
  }

  get writable(): boolean {
    return !this.destroyed && !this.ending
  }

  /** The server reads nothing for now. */
  get full(): boolean {
    return this.held.length > 0
  }

  arrive(bytes: Uint8Array): void {
    if (this.destroyed) return
    if (this.paused || this.held.length > 0) this.held.push(Uint8Array.prototype.slice.call(bytes))
    else this.emit("data", bytes)
  }

  arriveEnd(): void {
    if (this.destroyed || this.readableEnded) return
    if (this.held.length > 0) {
      this.endHeld = true
      return
    }
    this.readableEnded = true
    this.emit("end")
  }

  arriveClose(): void {
    this.destroy()
  }

  /** Calls `run` when all that was held back has been read. */
  whenRead(run: () => void): void {
    this.release = run
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    if (this.held.length > 0) Wire.of(this.turns).announce({ takeOutput: () => this.readHeld() })
  }

  private readHeld(): void {
    while (!this.paused && !this.destroyed) {
      const bytes = this.held.shift()
      if (bytes === undefined) break
      this.emit("data", bytes)
    }
    if (this.held.length > 0) return
    this.answer()
    const { release } = this
    this.release = undefined
    release?.()
    if (this.endHeld) this.arriveEnd()
  }

  cork(): void {}

  uncork(): void {}

  write(bytes: Uint8Array): boolean {
    this._write(bytes, "buffer", () => {})
    return true
  }

  /** As a socket's: the bytes may be used again once this returns. */
  _write(bytes: Uint8Array, _: "buffer", done: Done): void {
    if (this.writable) this.client.give(Buffer.from(bytes), done)
    else done()
  }

  end(): void {
    if (this.ending || this.destroyed) return
    this.ending = true
    this.client.giveEnd()
  }

  destroySoon(): void {
    this.destroy()
  }

  /** What was given to the client stays its own to read. */
  destroy(): void {
    if (this.destroyed) return
    this.end()
    this.destroyed = true
    this.held = []
    this.release?.()
    this.turns.afterThis(() => {
      this.closed = true
      this.emit("close")
    })
  }
}

/** The end that a client reads and writes. */
export class MemorySocket extends Duplex implements Outbound {
  connecting = true
  readonly localAddress = HOST
  readonly remoteAddress = HOST
  readonly remotePort = 0
  readonly server: ServerEnd
  private readonly wire: Wire
  private pieces: Array<Uint8Array> = []
  private bytes = 0
  private ended = false
  /** The client's buffer is full: it has to read first. */
  private full = false
  private waiting: Array<Done> = []
  private announced = false
  private idle: RealTimer | undefined = undefined

  /**
   * @param answer sends the server's replies to what has arrived
   * @param localPort tells the connection from others of its server
   */
  constructor(
    private readonly turns: Turns,
    answer: () => void,
    readonly localPort: number,
  ) {
    super({ allowHalfOpen: false, decodeStrings: false, readableHighWaterMark: FULL_BYTES })
    this.wire = Wire.of(turns)
    this.server = new ServerEnd(turns, this, answer)
    // Not before who has asked for the connection can listen.
    turns.atEnd(() => this.connected())
  }

  /** A connection that nobody accepts: it fails with `error` instead of being there. */
  static refused(turns: Turns, error: Error): MemorySocket {
    const socket = new MemorySocket(turns, () => {}, 0)
    turns.atEnd(() => void socket.destroy(error))
    socket.refusal = error
    return socket
  }

  private refusal: Error | undefined = undefined

  private connected(): void {
    if (this.destroyed || this.refusal !== undefined) return
    this.connecting = false
    this.emit("connect")
    this.emit("ready")
  }

  /** Output for the client; `done` is called when there is room for more. */
  give(bytes: Uint8Array, done: Done): void {
    this.pieces.push(bytes)
    this.bytes += bytes.length
    if (!this.full && this.bytes + this.readableLength < FULL_BYTES) done()
    else this.waiting.push(done)
    this.announce()
  }

  giveEnd(): void {
    this.ended = true
    this.announce()
  }

  takeOutput(): void {
    this.announced = false
    try {
      while (!this.full && !this.destroyed) {
        const piece = this.pieces.shift()
        if (piece === undefined) break
        this.bytes -= piece.length
        this.idle?.refresh()
        this.full = !this.push(piece)
      }
      if (this.ended && this.pieces.length === 0 && !this.readableEnded) this.push(null)
    } finally {
      if (!this.full && this.pieces.length > 0) this.announce()
    }
    if (this.full) return
    for (const done of this.waiting.splice(0)) done()
  }

  private announce(): void {
    if (this.announced) return
    this.announced = true
    this.wire.announce(this)
  }

  override _read(): void {
    if (!this.full) return
    this.full = false
    this.announce()
  }

  override _write(chunk: string | Uint8Array, encoding: BufferEncoding, done: Done): void {
    this.idle?.refresh()
    if (!this.server.full) return this.wire.send(this.server, chunk, encoding, done)
    this.wire.send(this.server, typeof chunk === "string" ? chunk : Buffer.from(chunk), encoding, () => {})
    this.server.whenRead(done)
  }

  override _final(done: Done): void {
    this.wire.sendEnd(this.server)
    done()
  }

  override _destroy(error: Error | null, done: Done): void {
    this.idle?.clear()
    this.pieces = []
    this.waiting = []
    this.wire.sendClose(this.server)
    done(error)
  }

  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once("finish", () => this.destroy())
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  /** As a socket's: "timeout" is heard when nothing was read or written for so long, 0 = never. */
  setTimeout(ms: number, heard?: () => void): this {
    this.idle?.clear()
    this.idle = undefined
    if (heard !== undefined) {
      if (ms === 0) this.off("timeout", heard)
      else this.once("timeout", heard)
    }
    if (ms > 0) this.idle = this.turns.timer(ms, true, () => void this.emit("timeout"))
    return this
  }
}
