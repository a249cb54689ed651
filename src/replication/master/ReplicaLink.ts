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

export type ReplicaState = "handshake" | "waiting" | "transfer" | "online"

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
  ackAtMs = 0
  reader: BacklogReader | undefined = undefined
  /** The snapshot is still being written to a file; the replica gets signs of life meanwhile. */
  saving = false
  /** The snapshot's file is whole and being sent. */
  sendingFile = false
  /** The snapshot is out, the replica's first ACK is awaited before the stream starts. */
  awaitingAck = false
  /** A fiber waits for the peer to read on. */
  draining = false
  /** Since when the unsent part has been above the soft limit; 0 = it is not. */
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

  /** Seconds of the clock since the replica's last word. */
  lagSeconds(nowMs: number): number {
    return Math.max(0, Math.floor(nowMs / 1000) - Math.floor(this.heardAtMs / 1000))
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
