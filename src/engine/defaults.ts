/** Redis's default for every setting that handlers read; an embedding without configuration runs on these. */
import type { Settings } from "./Settings.js"

export const defaultSettings: Settings = {
  databases: 16,
  protoMaxBulkLen: 512 * 1024 * 1024,
  lazyfreeLazyUserDel: false,
  lazyfreeLazyUserFlush: false,
  lazyfreeLazyExpire: false,
  lazyfreeLazyServerDel: false,
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
  requirepass: "",
  notifyKeyspaceEvents: new Set(),
  clientOutputBufferLimit: {
    normal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
    replica: { hardBytes: 256 * 1024 * 1024, softBytes: 64 * 1024 * 1024, softSeconds: 60 },
    pubsub: { hardBytes: 32 * 1024 * 1024, softBytes: 8 * 1024 * 1024, softSeconds: 60 },
  },
  clientQueryBufferLimit: 1024 * 1024 * 1024,
  enableDebugCommand: "no",
  enableModuleCommand: "no",
  slowlogLogSlowerThan: 10_000,
  slowlogMaxLen: 128,
  latencyMonitorThreshold: 0,
}
