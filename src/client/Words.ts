/**
 * A command's words as a request: each straight to bytes, with nothing of the protocol around them. One request is used
 * again and again; its words hold until the next.
 */
import { forgetForeseen } from "../engine/Lookahead.js"
import { writeInt } from "../bytes/NumberFormat.js"
import { digitsOf } from "../resp/CommandEncoder.js"
import type { RequestView } from "../resp/RequestParser.js"
import type { Word } from "./Values.js"

/** Strings up to this long are written by a loop, which is quicker than a call out of JavaScript. */
const LOOP_MAX = 48
/** Room made at first, and kept. */
const BYTES_KEPT = 16 * 1024
/** A number takes no more. */
const NUMBER_BYTES = 32
const WORDS_KEPT = 256

export class Words implements RequestView {
  buf = Buffer.allocUnsafeSlow(BYTES_KEPT)
  argc = 0
  argOff = new Int32Array(WORDS_KEPT)
  argLen = new Int32Array(WORDS_KEPT)
  /** There is no text of the command as a connection would have sent it. */
  readonly rawStart = 0
  readonly rawEnd = 0
  private pos = 0

  /** Begins a request, by the command's name. */
  begin(name: Uint8Array, words: number): void {
    forgetForeseen()
    if (this.buf.length > BYTES_KEPT) this.buf = Buffer.allocUnsafeSlow(BYTES_KEPT)
    if (words >= WORDS_KEPT || this.argOff.length > WORDS_KEPT) {
      const room = Math.max(WORDS_KEPT, words + 1)
      this.argOff = new Int32Array(room)
      this.argLen = new Int32Array(room)
    }
    const { buf } = this
    const { length } = name
    for (let i = 0; i < length; i++) buf[i] = name[i]
    this.argOff[0] = 0
    this.argLen[0] = length
    this.argc = 1
    this.pos = length
  }

  add(word: Word): void {
    if (typeof word === "string") this.text(word)
    else if (typeof word === "number" && Number.isSafeInteger(word)) this.integer(word)
    else if (typeof word === "object" && word !== null) this.bytes(word)
    else this.text(digitsOf(word))
  }

  /** The bytes of the words, all together. */
  get argumentBytes(): number {
    return this.pos
  }

  private room(bytes: number): void {
    const need = this.pos + bytes
    if (need <= this.buf.length) return
    const bigger = Buffer.allocUnsafeSlow(Math.max(need, this.buf.length * 2))
    bigger.set(this.buf.subarray(0, this.pos))
    this.buf = bigger
  }

  private done(end: number): void {
    const i = this.argc++
    this.argOff[i] = this.pos
    this.argLen[i] = end - this.pos
    this.pos = end
  }

  private text(word: string): void {
    const { length } = word
    this.room(length * 3)
    const { buf, pos } = this
    if (length <= LOOP_MAX) {
      let i = 0
      for (; i < length; i++) {
        const code = word.charCodeAt(i)
        if (code > 127) break
        buf[pos + i] = code
      }
      if (i === length) return this.done(pos + length)
    }
    this.done(pos + buf.write(word, pos))
  }

  private integer(word: number): void {
    this.room(NUMBER_BYTES)
    this.done(writeInt(this.buf, this.pos, word))
  }

  private bytes(word: Uint8Array): void {
    this.room(word.length)
    this.buf.set(word, this.pos)
    this.done(this.pos + word.length)
  }
}
