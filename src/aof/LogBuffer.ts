/** Bytes on their way to the append-only file: appended on one side, taken away whole on the other. */
import { WordCopy } from "../bytes/WordCopy.js"

const FIRST_BYTES = 64 * 1024
/** Most servers log nothing. */
const NOTHING = Buffer.allocUnsafeSlow(0)
/** A buffer grown beyond this is not used again. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024

export class LogBuffer {
  length = 0
  private bytes: Buffer = NOTHING
  /** One that was written, to be filled again. */
  private spare: Buffer | undefined = undefined
  private readonly words = new WordCopy()

  append(bytes: Uint8Array, off: number, len: number): void {
    const end = this.length + len
    if (end > this.bytes.length) this.grow(end)
    this.words.copy(bytes, off, len, this.bytes, this.length)
    this.length = end
  }

  private grow(least: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, least, this.bytes.length * 2))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }

  /** Takes everything; the caller gives the memory back with `reuse` when it is done with it. */
  take(): Uint8Array {
    const taken = this.bytes.subarray(0, this.length)
    if (this.bytes.length > KEPT_BYTES_MAX) this.words.forget()
    this.bytes = this.spare ?? Buffer.allocUnsafeSlow(FIRST_BYTES)
    this.spare = undefined
    this.length = 0
    return taken
  }

  reuse(taken: Uint8Array): void {
    if (taken.length > 0 && taken.buffer.byteLength <= KEPT_BYTES_MAX)
      this.spare = Buffer.from(taken.buffer, 0, taken.buffer.byteLength)
  }

  clear(): void {
    this.length = 0
  }
}
