/**
 * Where a replica stands with its master.
 *
 *   none --REPLICAOF--> connect --> connecting --> handshake --+--FULLRESYNC--> transfer --loaded--> connected
 *                          ^                                   `--CONTINUE---------------------------^
 *                          `---------- any failure ------------------------------------------------'
 *   REPLICAOF NO ONE leads back to none from everywhere.
 */

export type ReplicaPhase = "none" | "connect" | "connecting" | "handshake" | "transfer" | "connected"

/** Words of ROLE for the phases. */
export const PHASE_NAMES: Readonly<Record<ReplicaPhase, string>> = {
  none: "none",
  connect: "connect",
  connecting: "connecting",
  handshake: "handshake",
  transfer: "sync",
  connected: "connected",
}

const NEXT: Readonly<Record<ReplicaPhase, ReadonlyArray<ReplicaPhase>>> = {
  none: ["connect"],
  connect: ["connecting", "connect", "none"],
  connecting: ["handshake", "connect", "none"],
  handshake: ["transfer", "connected", "connect", "none"],
  transfer: ["connected", "connect", "none"],
  connected: ["connect", "none"],
}

/** Whether the drawing above has an arrow between two phases. */
export const mayFollow = (from: ReplicaPhase, to: ReplicaPhase): boolean => NEXT[from].includes(to)
