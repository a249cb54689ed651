/** What a replica's log says of its link to the master, in redis-server's words: scripts and tests look for them. */
import type { MasterLinkError } from "./replica/MasterStream.js"
import type { ReplicaPhase } from "./ReplicaState.js"
import type { TransferProgress } from "./replica/SnapshotTransfer.js"

export const timeoutText = (phase: ReplicaPhase): string => {
  if (phase === "connected") return "MASTER timeout: no data nor PING received..."
  if (phase !== "transfer") return "Timeout connecting to the MASTER..."
  return "Timeout receiving bulk data from MASTER... If the problem persists try to set the 'repl-timeout' parameter in redis.conf to a larger value."
}

/** Lines on a connection that ended by itself. */
const closedLines = (
  reason: string,
  phase: ReplicaPhase,
  transfer: TransferProgress,
): ReadonlyArray<string> => {
  if (phase === "connected") return []
  if (phase === "transfer") {
    const doing = transfer.total === -2 ? "reading bulk count from" : "trying to sync with"
    return [`I/O error ${doing} MASTER: ${reason}`]
  }
  return [
    `Failed to read response from the server: ${reason}`,
    "Master did not respond to command during SYNC handshake",
  ]
}

/** Warnings on a link that failed in a phase. */
export const lossLines = (
  error: MasterLinkError,
  phase: ReplicaPhase,
  transfer: TransferProgress,
): ReadonlyArray<string> => {
  if (error.closed === true) return closedLines(error.reason, phase, transfer)
  return [error.logged ?? `MASTER <-> REPLICA: ${error.message}`]
}

/** How the next attempt begins, after a link that ended in a phase. */
export const attemptText = (address: string, before: ReplicaPhase | undefined, timedOut: boolean): string => {
  if (before === "connected") return `Reconnecting to MASTER ${address}`
  if (before === "transfer" || timedOut) return `Reconnecting to MASTER ${address} after failure`
  return `Connecting to MASTER ${address}`
}

/** A snapshot begins to come. */
export const receivingText = (totalBytes: number, target: "disk" | "parser"): string => {
  const what = totalBytes < 0 ? "streamed RDB from master with EOF" : `${totalBytes} bytes from master`
  return `MASTER <-> REPLICA sync: receiving ${what} to ${target}`
}
