/** Output that waits until the command log is safe (ReplyHold.ts), in order. The bytes are copies. */
export class HeldOutput {
  bytes = 0
  private pieces: Array<Uint8Array> = []
  private readonly untils: Array<number> = []

  get count(): number {
    return this.pieces.length
  }

  add(until: number, bytes: Uint8Array): void {
    // A small copy lies in Node's pool.
    this.pieces.push(Buffer.from(bytes))
    this.untils.push(until)
    this.bytes += bytes.length
  }

  /** Takes out the next piece if it may go: nothing passes what was added before it. */
  next(safe: number): Uint8Array | undefined {
    if (this.pieces.length === 0 || this.untils[0] > safe) return undefined
    this.untils.shift()
    const piece = this.pieces.shift()
    if (piece !== undefined) this.bytes -= piece.length
    return piece
  }

  clear(): void {
    this.pieces = []
    this.untils.length = 0
    this.bytes = 0
  }
}
