/** Output that waits until the command log is safe (ReplyHold.ts), in order. The bytes are copies. */

interface HeldPiece {
  readonly until: number
  readonly bytes: Uint8Array
}

export class HeldOutput {
  bytes = 0
  private pieces: Array<HeldPiece> = []

  get count(): number {
    return this.pieces.length
  }

  add(until: number, bytes: Uint8Array): void {
    this.pieces.push({ until, bytes: Uint8Array.from(bytes) })
    this.bytes += bytes.length
  }

  /** Takes out what may go, in order: nothing passes what was added before it. */
  take(safe: number): ReadonlyArray<Uint8Array> {
    const { pieces } = this
    let n = 0
    while (n < pieces.length && pieces[n].until <= safe) this.bytes -= pieces[n++].bytes.length
    return pieces.splice(0, n).map(({ bytes }) => bytes)
  }

  clear(): void {
    this.pieces = []
    this.bytes = 0
  }
}
