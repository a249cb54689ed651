/**
 * The settings that handlers read at run time. The server's configuration object satisfies this by shape, so commands
 * know nothing of where a value came from; CONFIG SET changes them in place.
 */
export interface Settings {
  readonly databases: number
  readonly protoMaxBulkLen: number
  readonly lazyfreeLazyUserDel: boolean
  readonly lazyfreeLazyUserFlush: boolean
  readonly lazyfreeLazyExpire: boolean
  readonly lazyfreeLazyServerDel: boolean
  readonly hashMaxListpackEntries: number
  readonly hashMaxListpackValue: number
  readonly setMaxIntsetEntries: number
  readonly zsetMaxListpackEntries: number
  readonly zsetMaxListpackValue: number
  readonly listMaxListpackSize: number
  readonly listCompressDepth: number
  readonly streamNodeMaxBytes: number
  readonly streamNodeMaxEntries: number
  readonly hllSparseMaxBytes: number
  /** Password of the default user; "" = none. */
  /** A character a byte; "" for none. */
  readonly requirepass: string
  /** Letters of the published classes of keyspace events. */
  readonly notifyKeyspaceEvents: ReadonlySet<string>
  readonly clientOutputBufferLimit: {
    readonly normal: OutputLimit
    readonly replica: OutputLimit
    readonly pubsub: OutputLimit
  }
  /** Bytes of input a client may have waiting. */
  readonly clientQueryBufferLimit: number
}

/** Output a client may have waiting: it is cut off at the hard limit, or beyond the soft one for so long. 0 = no limit. */
export interface OutputLimit {
  readonly hardBytes: number
  readonly softBytes: number
  readonly softSeconds: number
}
