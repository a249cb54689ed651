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
}
