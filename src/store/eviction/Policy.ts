/** maxmemory-policy: which keys may go when memory is short, and in which order. */
import type { CompactionSettings } from "../compaction/CompactionPace.js"

/** What makes a key the next to go: long unused, seldom used, soon to expire, or chance. */
type Order = "lru" | "lfu" | "ttl" | "random"

type PolicyName =
  | "volatile-lru"
  | "volatile-lfu"
  | "volatile-random"
  | "volatile-ttl"
  | "allkeys-lru"
  | "allkeys-lfu"
  | "allkeys-random"
  | "noeviction"

export interface Policy {
  /** Only keys with a time to live may go. */
  readonly volatile: boolean
  readonly order: Order
}

/** Undefined = no key goes. */
export const policies: Readonly<Record<PolicyName, Policy | undefined>> = {
  "volatile-lru": { volatile: true, order: "lru" },
  "volatile-lfu": { volatile: true, order: "lfu" },
  "volatile-random": { volatile: true, order: "random" },
  "volatile-ttl": { volatile: true, order: "ttl" },
  "allkeys-lru": { volatile: false, order: "lru" },
  "allkeys-lfu": { volatile: false, order: "lfu" },
  "allkeys-random": { volatile: false, order: "random" },
  noeviction: undefined,
}

/** Read at each use; the server's settings have this shape. */
export interface EvictionSettings extends CompactionSettings {
  readonly maxmemoryPolicy: PolicyName
  /** Keys looked at, at least, for each that goes. */
  readonly maxmemorySamples: number
  /** 0 to 100: how long a command may be held up by the keys that go before it. */
  readonly maxmemoryEvictionTenacity: number
  readonly lfuLogFactor: number
  /** Minutes after which an unused key counts as used once less; 0 = never. */
  readonly lfuDecayTime: number
  readonly lazyfreeLazyEviction: boolean
}

/** Up to here the time grows by so much a step; from here on by a part of itself. */
const LINEAR_TENACITY = 10
const STEP_MS = 0.05
const GROWTH = 1.15

/** Milliseconds that one look may evict for. */
export const timeAllowed = (tenacity: number): number => {
  if (tenacity >= 100) return Infinity
  if (tenacity <= LINEAR_TENACITY) return STEP_MS * tenacity
  return STEP_MS * LINEAR_TENACITY * GROWTH ** (tenacity - LINEAR_TENACITY)
}
