/**
 * The settings that handlers read at run time. The server's configuration object satisfies this by shape, so commands
 * know nothing of where a value came from; CONFIG SET changes them in place.
 */
import * as Redacted from "effect/Redacted"
import type { EvictionSettings } from "../store/eviction/Policy.js"
import type { FreeingPolicy } from "../store/Keyspace.js"
import type { PackingLimits } from "../store/types/PackingLimits.js"

export interface Settings extends FreeingPolicy, EvictionSettings, PackingLimits {
  readonly databases: number
  /** Clients at most. */
  readonly maxclients: number
  readonly protoMaxBulkLen: number
  /** A replica leaves eviction to its master, and may use what it needs. */
  readonly replicaIgnoreMaxmemory: boolean
  /** What clients may hold together before some are cut off; in parts of a hundred of maxmemory, or bytes; 0 = no limit. */
  readonly maxmemoryClients: { readonly bytes: number } | { readonly percent: number }
  readonly lazyfreeLazyUserDel: boolean
  readonly lazyfreeLazyUserFlush: boolean
  readonly listCompressDepth: number
  readonly streamNodeMaxBytes: number
  readonly streamNodeMaxEntries: number
  readonly hllSparseMaxBytes: number
  /** Password of the default user, a character a byte; "" = none. */
  readonly requirepass: Redacted.Redacted
  /** Whether users that are made may use all channels or none. */
  readonly aclPubsubDefault: "allchannels" | "resetchannels"
  /** Letters of the published classes of keyspace events. */
  readonly notifyKeyspaceEvents: ReadonlySet<string>
  readonly clientOutputBufferLimit: {
    readonly normal: OutputLimit
    readonly replica: OutputLimit
    readonly pubsub: OutputLimit
  }
  /** Bytes of input a client may have waiting. */
  readonly clientQueryBufferLimit: number
  /** Keys remembered at most for clients that track, 0 = no limit. */
  readonly trackingTableMaxKeys: number
  /** Microseconds, negative = off. */
  readonly slowlogLogSlowerThan: number
  readonly slowlogMaxLen: number
  /** Milliseconds, 0 = off. */
  readonly latencyMonitorThreshold: number
  /** Who may run DEBUG and MODULE LOAD. */
  readonly enableDebugCommand: "no" | "yes" | "local"
  readonly enableModuleCommand: "no" | "yes" | "local"
}

/** Output a client may have waiting: it is cut off at the hard limit, or beyond the soft one for so long. 0 = no limit. */
export interface OutputLimit {
  readonly hardBytes: number
  readonly softBytes: number
  readonly softSeconds: number
}

/** Whether a secret is set: an empty one is none. */
export const secretIsSet = (secret: Redacted.Redacted): boolean => Redacted.value(secret) !== ""

/** Redis's default for every one of them; an embedding without configuration runs on these. */
export const defaultSettings: Settings = {
  databases: 16,
  protoMaxBulkLen: 512 * 1024 * 1024,
  lazyfreeLazyUserDel: false,
  lazyfreeLazyUserFlush: false,
  lazyfreeLazyExpire: false,
  lazyfreeLazyServerDel: false,
  lazyfreeLazyEviction: false,
  maxmemory: 0,
  maxmemoryClients: { bytes: 0 },
  maxmemoryPolicy: "noeviction",
  maxmemorySamples: 5,
  maxmemoryEvictionTenacity: 10,
  lfuLogFactor: 10,
  activedefrag: false,
  activeDefragIgnoreBytes: 100 * 1024 * 1024,
  activeDefragThresholdLower: 10,
  activeDefragThresholdUpper: 100,
  activeDefragCycleMin: 1,
  activeDefragCycleMax: 25,
  lfuDecayTime: 1,
  replicaIgnoreMaxmemory: true,
  hashMaxListpackEntries: 512,
  hashMaxListpackValue: 64,
  setMaxIntsetEntries: 512,
  zsetMaxListpackEntries: 128,
  zsetMaxListpackValue: 64,
  listMaxListpackSize: -2,
  listCompressDepth: 0,
  streamNodeMaxBytes: 4096,
  streamNodeMaxEntries: 100,
  hllSparseMaxBytes: 3000,
  requirepass: Redacted.make(""),
  aclPubsubDefault: "resetchannels",
  maxclients: 10_000,
  notifyKeyspaceEvents: new Set(),
  clientOutputBufferLimit: {
    normal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
    replica: { hardBytes: 256 * 1024 * 1024, softBytes: 64 * 1024 * 1024, softSeconds: 60 },
    pubsub: { hardBytes: 32 * 1024 * 1024, softBytes: 8 * 1024 * 1024, softSeconds: 60 },
  },
  clientQueryBufferLimit: 1024 * 1024 * 1024,
  trackingTableMaxKeys: 1_000_000,
  enableDebugCommand: "no",
  enableModuleCommand: "no",
  slowlogLogSlowerThan: 10_000,
  slowlogMaxLen: 128,
  latencyMonitorThreshold: 0,
}
