/**
 * The other end of a session that is in this process: messages wait here until the app takes them.
 *
 * Messages arise while commands run, and whoever reads them may run commands, which must not be in the middle of others.
 * So a reader is told when the present code has returned to the event loop.
 *
 * What waits counts as the session's output, and client-output-buffer-limit ends a session whose messages nobody takes.
 */
import * as Effect from "effect/Effect"
import type { Peer } from "../engine/clients/Peer.js"
import type { Turns } from "../engine/world/Turn.js"
import { asText } from "./ReplyDecoder.js"
import type { Value } from "./Values.js"

/** The reader has fallen behind with this many bytes not taken. */
const BYTES_FULL = 64 * 1024

const NOTHING: ReadonlyArray<never> = []

export class Mailbox implements Peer {
  noted = false
  /** Messages wait for nothing; replies do not come this way. */
  until = 0
  readonly queued = 0
  readonly descriptor = -1
  pendingBytes = 0
  closed = false
  private box: Array<Uint8Array> = []
  private told = false
  private reader: (() => void) | undefined = undefined

  /** @param ended the session is over */
  constructor(
    private readonly turns: Turns,
    private readonly ended: () => void,
  ) {}

  get pendingCount(): number {
    return this.box.length
  }

  get pendingWithQueue(): number {
    return this.pendingBytes
  }

  get congested(): boolean {
    return this.pendingBytes >= BYTES_FULL
  }

  /** Nobody waits for an app to take what it is given. */
  readonly drained = Effect.void

  write(bytes: Uint8Array): boolean {
    this.enqueue(Uint8Array.from(bytes))
    return true
  }

  enqueue(bytes: Uint8Array): void {
    // What nobody reads is not kept.
    if (this.closed || this.reader === undefined) return
    this.box.push(bytes)
    this.pendingBytes += bytes.length
    this.tell()
  }

  private tell(): void {
    if (this.told) return
    this.told = true
    this.turns.afterThis(() => {
      this.told = false
      this.reader?.()
    })
  }

  /** Who is told that there is something to take, or that there will be nothing more; one at a time. */
  listen(reader: (() => void) | undefined): void {
    this.reader = reader
    if (reader === undefined) this.forget()
    else if (this.closed) this.tell()
  }

  /** All messages that wait. */
  take(): ReadonlyArray<Value> {
    const { box } = this
    if (box.length === 0) return NOTHING
    this.forget()
    const decoder = asText
    const values: Array<Value> = []
    for (const piece of box) {
      const buf = Buffer.from(piece.buffer, piece.byteOffset, piece.length)
      for (decoder.pos = 0; decoder.pos < buf.length;) values.push(decoder.value(buf))
    }
    return values
  }

  private forget(): void {
    this.box = []
    this.pendingBytes = 0
  }

  writeQueue(): void {
    this.noted = false
  }

  end(): void {
    if (this.closed) return
    this.closed = true
    this.ended()
    if (this.reader !== undefined) this.tell()
  }

  destroy(): void {
    this.forget()
    this.end()
  }
}
