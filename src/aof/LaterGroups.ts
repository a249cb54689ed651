/**
 * Looks through what follows a bad place of an append-only file for a whole group by which the bad bytes had been on the
 * disk (AofFormat.ts): then the place is damage, and no tail that a power cut has torn.
 *
 * Bytes come in chunks of any size; what is kept of them is less than a line. A group's bytes are only summed, so a large
 * one needs no memory.
 */
import { Crc64 } from "../bytes/Crc64.js"
import { type GroupHead, readGroupLine } from "./AofFormat.js"

const MARK = Buffer.from("#CRC:", "latin1")
const LINE_BYTES_MAX = 128
const LF = 10

export class LaterGroups {
  /** What is not looked at yet, and where in the file it begins. */
  private kept: Buffer = Buffer.alloc(0)
  private at: number
  /** The group whose bytes go by, and how many are still to come. */
  private head: GroupHead | undefined = undefined
  private left = 0
  private readonly crc = new Crc64()

  /** @param bad offset of the first bad byte, which is the first that is fed */
  constructor(private readonly bad: number) {
    this.at = bad
  }

  /** Answers whether the bad bytes had been on the disk. */
  feed(bytes: Uint8Array): boolean {
    this.kept = Buffer.concat([this.kept, bytes])
    for (;;) {
      const head = (this.head ??= this.seek())
      if (head === undefined) return false
      const n = Math.min(this.left, this.kept.length)
      this.crc.update(this.kept, 0, n)
      this.drop(n)
      this.left -= n
      if (this.left > 0) return false
      this.head = undefined
      const syncedTo = this.at - head.length - head.unsynced - head.lineLength
      if (syncedTo > this.bad && this.crc.toHex() === head.crc) return true
    }
  }

  private drop(n: number): void {
    this.kept = this.kept.subarray(n)
    this.at += n
  }

  /** Finds the next line of a group, and drops all before its body. */
  private seek(): GroupHead | undefined {
    for (;;) {
      const mark = this.kept.indexOf(MARK)
      this.drop(mark < 0 ? Math.max(0, this.kept.length - MARK.length + 1) : mark)
      if (mark < 0) return undefined
      const lf = this.kept.subarray(0, LINE_BYTES_MAX).indexOf(LF)
      if (lf < 0 && this.kept.length < LINE_BYTES_MAX) return undefined
      const head = readGroupLine(this.kept, 0, lf + 1)
      this.drop(head === undefined ? MARK.length : lf + 1)
      if (head === undefined) continue
      this.left = head.length
      this.crc.reset()
      return head
    }
  }
}
