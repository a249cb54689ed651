/**
 * What a replica tells its master of itself: how far it is, and with an append-only file how much of that is on its disk
 * (Redis 7.2's FACK; an older master passes over it). Asked for it, it says it at once and again when that much is synced.
 */
import type { ReplyHold } from "../../engine/clients/ReplyHold.js"
import { encodeCommand } from "../../resp/CommandEncoder.js"

interface AppliedStream {
  readonly offset: number
}

export class Acknowledgements {
  /** The master waits for this offset to be on the disk. */
  private asked = Infinity

  constructor(
    private readonly hold: ReplyHold,
    private readonly stream: AppliedStream,
    /** Where there is a link, and it takes acknowledgements. */
    private readonly sendToMaster: (bytes: Uint8Array) => void,
  ) {
    hold.onDisk.listeners.push(this)
  }

  /** Offset up to which all is on the disk; -1 = there is no file. */
  private get onDisk(): number {
    const { onDisk, logged } = this.hold
    return onDisk.kept ? onDisk.reachedOf(this.stream.offset, logged) : -1
  }

  send(): void {
    const { onDisk } = this
    const words = ["REPLCONF", "ACK", this.stream.offset]
    if (onDisk >= 0) words.push("FACK", onDisk)
    this.sendToMaster(encodeCommand(words))
  }

  /** The master has asked. */
  answer(): void {
    const { offset } = this.stream
    if (this.onDisk < offset) this.asked = offset
    this.send()
  }

  synced(): void {
    if (this.onDisk < this.asked) return
    this.asked = Infinity
    this.send()
  }
}
