/**
 * The arguments of the command that a script calls: one buffer and two lists of places, used for every call of a server.
 *
 *     args.reset(3)
 *     args.add("SET"); args.add("key"); args.add("value")
 *
 * Text is latin1, a byte a character. What a handler keeps of its arguments it copies, as of a client's.
 */
import { formatDouble17 } from "../../bytes/FloatText.js"
import { forgetForeseen } from "../../memory/table/Foresight.js"
import { maxIntBytes, writeInt } from "../../bytes/NumberFormat.js"

const BYTES = 1024
const WORDS = 32
/** A larger buffer is not kept for the next call. */
const KEPT_BYTES_MAX = 1 << 20
/** Up to this many characters a loop is quicker than a call into the runtime. */
const LOOP_MAX = 24

/** As `write(text, from, length, "latin1")` without its look at the encoding's name, which is a fifth of it. */
interface Writer {
  readonly latin1Write: (this: Uint8Array, text: string, from: number, length: number) => number
}

const writes = (prototype: object): prototype is Writer => "latin1Write" in prototype

const write: Writer["latin1Write"] = writes(Buffer.prototype)
  ? Buffer.prototype.latin1Write
  : function (text, from, length) {
      return Buffer.from(this.buffer, this.byteOffset, this.byteLength).write(text, from, length, "latin1")
    }

export class ScriptArguments {
  buf: Buffer = Buffer.alloc(BYTES)
  argc = 0
  argOff = new Int32Array(WORDS)
  argLen = new Int32Array(WORDS)
  private end = 0

  /** Begins a call of `count` arguments. */
  reset(count: number): void {
    forgetForeseen()
    this.argc = 0
    this.end = 0
    if (this.buf.length > KEPT_BYTES_MAX) this.buf = Buffer.alloc(BYTES)
    if (count <= this.argOff.length) return
    this.argOff = new Int32Array(count * 2)
    this.argLen = new Int32Array(count * 2)
  }

  add(text: string): void {
    const { length } = text
    const from = this.end
    if (from + length > this.buf.length) this.grow(from + length)
    const { buf } = this
    if (length <= LOOP_MAX) for (let i = 0; i < length; i++) buf[from + i] = text.charCodeAt(i)
    else write.call(buf, text, from, length)
    this.argOff[this.argc] = from
    this.argLen[this.argc++] = length
    this.end = from + length
  }

  /** A number as C prints it with `%.17g`. */
  addNumber(n: number): void {
    if (!Number.isSafeInteger(n) || (n === 0 && 1 / n < 0))
      return this.add(n === n ? formatDouble17(n) : "-nan")
    const from = this.end
    if (from + maxIntBytes > this.buf.length) this.grow(from + maxIntBytes)
    this.end = writeInt(this.buf, from, n)
    this.argOff[this.argc] = from
    this.argLen[this.argc++] = this.end - from
  }

  private grow(bytes: number): void {
    const bigger = Buffer.alloc(Math.max(bytes, this.buf.length * 2))
    bigger.set(this.buf.subarray(0, this.end), 0)
    this.buf = bigger
  }
}
