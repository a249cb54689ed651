/** What CLIENT TRACKING has set up for one client. A client that has never asked for it has none. */
import type { Invalidation } from "./Invalidation.js"

/** The modes of tracking, as bits. */
export const TrackingMode = { on: 1, broadcast: 2, optIn: 4, optOut: 8, noLoop: 16 } as const

/** Modes in which no key that the client reads is remembered by itself. */
const CHOOSY = TrackingMode.broadcast | TrackingMode.optIn | TrackingMode.optOut

export class ClientTracking {
  /** Bits of TrackingMode; 0 = off. */
  modes = 0
  /** The client that is told in its place; 0 = itself. */
  redirect = 0
  /** The client to be told had gone when there was something to tell. */
  broken = false
  /** CLIENT CACHING was said of the next command: yes with OPTIN, no with OPTOUT. */
  caching = false
  /** What it is told of with BCAST, as latin1 text. */
  readonly prefixes = new Set<string>()
  /** What is to be told once its own command has been answered. */
  pending: Array<Invalidation> = []

  has(mode: number): boolean {
    return (this.modes & mode) !== 0
  }

  /** Whether the keys of a command that reads are remembered. */
  get remembers(): boolean {
    const { modes } = this
    if ((modes & CHOOSY) === 0) return modes !== 0
    if ((modes & TrackingMode.broadcast) !== 0) return false
    return ((modes & TrackingMode.optIn) !== 0) === this.caching
  }
}
