/**
 * One replica as its master sees it.
 *
 *   handshake --PSYNC--> continue ----------------------------------> online
 *       `------PSYNC--> waiting --snapshot cut--> transfer --+--ACK--> online      ($EOF form: the replica must answer first)
 *                                                            `-------> online      ($length form)
 *
 * From the cut (or the continue) on, `reader` pins in the backlog what the replica has yet to get.
 */
import type { Session } from "../../engine/clients/Session.js"
import type { SnapshotPart } from "../../rdb/snapshot/SnapshotJob.js"
import type { BacklogReader } from "../Backlog.js"

type ReplicaState = "handshake" | "waiting" | "transfer" | "online"

export class ReplicaLink {
  state: ReplicaState = "handshake"
  listeningPort = 0
  announcedIp = ""
  /** The replica can read a snapshot of unknown length, up to a mark. */
  acceptsMark = false
  /** The replica takes `+CONTINUE <new id>`. */
  psync2 = false
  /** REPLCONF rdb-only: it wants the snapshot and nothing after. */
  snapshotOnly = false
  /** REPLCONF rdb-filter-only: what it wants of the data set. */
  snapshotPart: SnapshotPart = "all"
  /** Plain SYNC: no status line, no acknowledgements. */
  plainSync = false
  /** Offset the replica says it has applied. */
  ackOffset = 0
  /** Offset the replica says it has on its disk; -1 = it keeps no file. */
  diskOffset = -1
  private ackAtMs = 0
  reader: BacklogReader | undefined = undefined
  /** The snapshot is still being written to a file; the replica gets signs of life meanwhile. */
  saving = false
  /** The snapshot's file is whole and being sent. */
  sendingFile = false
  /** The snapshot is out, the replica's first ACK is awaited before the stream starts. */
  awaitingAck = false
  /** A fiber waits for the peer to read on. */
  draining = false
  /** Bytes received when it was last looked at, and how many seconds have really passed since more came. */
  private seenBytes = 0
  private silentSeconds = 0
  /** Since when, in real time, the unsent part has been above the soft limit; 0 = it is not. */
  aboveSoftSinceMs = 0

  constructor(readonly session: Session) {}

  /** Bytes of the status lines around a transfer; latin1 text. */
  push(text: string): void {
    this.session.control.push(Buffer.from(text, "latin1"))
  }

  /** Unix milliseconds of the replica's last word; a bare newline is one, too. */
  get heardAtMs(): number {
    return Math.max(this.ackAtMs, this.session.lastActiveMs)
  }

  /** The replica is heard of, or has no cause to speak before now. */
  heard(nowMs: number): void {
    this.ackAtMs = nowMs
    this.silentSeconds = 0
  }

  /** Once a second of real time: answers for how many seconds nothing has come. */
  listen(): number {
    const { inputBytes } = this.session
    this.silentSeconds = inputBytes === this.seenBytes ? this.silentSeconds + 1 : 0
    this.seenBytes = inputBytes
    return this.silentSeconds
  }

  /** Seconds of the clock since the replica's last word; not more than really passed, where the clock has been moved. */
  lagSeconds(nowMs: number): number {
    const byClock = Math.max(0, Math.floor(nowMs / 1000) - Math.floor(this.heardAtMs / 1000))
    return Math.min(byClock, this.silentSeconds + 2)
  }

  /**
   * INFO's word for the state. To redis-server a replica that is sent a snapshot as it is made waits for its end, and is
   * online with it, though it gets nothing more before it has answered.
   */
  get stateName(): string {
    if (this.state === "handshake") return "connect"
    if (this.state === "online" || this.awaitingAck) return "online"
    return this.sendingFile ? "send_bulk" : "wait_bgsave"
  }

  /** Address and port for the log. */
  get name(): string {
    return `${this.ip}:${this.listeningPort === 0 ? "<unknown-replica-port>" : this.listeningPort}`
  }

  /** Address as INFO shows it: the announced one, else that of the connection. */
  get ip(): string {
    if (this.announcedIp !== "") return this.announcedIp
    const address = this.session.address
    return address.slice(0, address.lastIndexOf(":")).replace(/^\[|\]$/g, "")
  }
}
