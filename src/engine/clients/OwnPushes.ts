/**
 * Messages for the very connection whose batch is running, put between its replies.
 *
 * A client in RESP3 may publish to its own channel, or change a key whose events it listens to. The message then arises
 * in the middle of a command. It goes before the command's reply when nothing of the reply was written yet, else after
 * it; it never splits a reply, as redis-server lets events of ZPOPMIN and others do. (Inside EXEC the replies are the
 * queued commands' own, so messages stand between the array's elements, as redis-server sends them.)
 *
 * Invariants: `floor <= start <= out.pos` while a command runs; nothing waits between commands.
 */
import type { ReplyWriter } from "../../resp/ReplyWriter.js"

const total = (parts: ReadonlyArray<Uint8Array>): number => parts.reduce((sum, part) => sum + part.length, 0)

export class OwnPushes {
  /** Where the reply of the command in progress starts; for a queued command, its element of EXEC's array. */
  start = 0
  /** Where the reply of the client's own command starts: CLIENT REPLY OFF drops what lies beyond. */
  floor = 0
  private readonly before: Array<Uint8Array> = []
  private readonly after: Array<Uint8Array> = []
  private readonly last: Array<Uint8Array> = []

  constructor(private readonly out: ReplyWriter) {}

  add(bytes: Uint8Array): void {
    if (this.out.pos === this.start) this.before.push(bytes)
    else this.after.push(bytes)
  }

  /** Adds what goes behind the reply of the client's own command, EXEC as a whole: a line of MONITOR. */
  addLast(bytes: Uint8Array): void {
    this.last.push(bytes)
  }

  get waiting(): boolean {
    return this.before.length > 0 || this.after.length > 0
  }

  /** Puts the messages in their places. With replies switched off they all go before what will be dropped. */
  place(repliesOff: boolean): void {
    if (this.out.overflowed) return this.reset()
    if (repliesOff) {
      this.floor += this.insert(this.before, this.floor)
      this.floor += this.insert(this.after, this.floor)
      return
    }
    this.start += this.insert(this.before, this.start)
    for (const bytes of this.after) this.out.raw(bytes, 0, bytes.length)
    this.after.length = 0
  }

  /** Ends the client's own command. */
  finish(): void {
    for (const bytes of this.last) this.out.raw(bytes, 0, bytes.length)
    this.last.length = 0
  }

  /** Forgets everything, after a command that failed half way. */
  reset(): void {
    this.before.length = this.after.length = this.last.length = 0
  }

  private insert(parts: Array<Uint8Array>, at: number): number {
    const { out } = this
    const bytes = total(parts)
    if (bytes === 0) return 0
    out.reserve(bytes)
    out.buf.copyWithin(at + bytes, at, out.pos)
    let to = at
    for (const part of parts) {
      out.buf.set(part, to)
      to += part.length
    }
    out.pos += bytes
    parts.length = 0
    return bytes
  }
}
