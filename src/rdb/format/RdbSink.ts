/**
 * What the decoder tells its reader. Calls come in file order; a value is either one call (`string`) or
 * `xxxStart`, its parts, `xxxEnd`.
 *
 * Slices and the meta record are the decoder's own, reused for the next item: valid until the call returns, to be copied
 * from and never kept. Counts are the file's claim, good as a hint of size; where the total size of the file is known,
 * they never exceed its bytes. Packed bytes handed over (listpack, intset) have been walked from end to end and are safe
 * to read without further checks.
 */
import { latin1Text } from "../../bytes/Latin1.js"

/** Bytes `bytes[offset]` to `bytes[offset + length - 1]`. */
export class RdbSlice {
  bytes: Uint8Array = new Uint8Array(0)
  offset = 0
  length = 0
  /** The file held the string as a 32-bit integer; `integer` is its value and the bytes are its decimal form. */
  isInteger = false
  integer = 0

  /** A copy, for readers that must keep the bytes. */
  copy(): Uint8Array {
    return this.bytes.slice(this.offset, this.offset + this.length)
  }

  latin1(): string {
    return latin1Text(this.bytes, this.offset, this.offset + this.length)
  }
}

/** What is said of a key besides its value. */
export class RdbMeta {
  hasExpiry = false
  /** Absolute time in milliseconds since 1970, exact up to 2^53; `expireHi`, `expireLo` have all 64 bits. */
  expireAtMs = 0
  expireHi = 0
  expireLo = 0
  /** Seconds since last access, or -1. */
  idleSeconds = -1
  /** Access frequency counter 0 to 255, or -1. */
  freq = -1

  clear(): void {
    this.hasExpiry = false
    this.expireAtMs = 0
    this.expireHi = 0
    this.expireLo = 0
    this.idleSeconds = -1
    this.freq = -1
  }
}

/** An ID of a stream's entry. */
export interface RdbStreamId {
  readonly ms: bigint
  readonly seq: bigint
}

/** The numbers of a stream. Forms before Redis 7.0 (type 15) lack three of them: those are undefined. */
export interface RdbStreamInfo {
  readonly length: bigint
  readonly lastId: RdbStreamId
  readonly firstId: RdbStreamId | undefined
  readonly maxDeletedId: RdbStreamId | undefined
  readonly entriesAdded: bigint | undefined
}

/** A consumer group; `entriesRead` is -1 when Redis does not know it, undefined in the form before 7.0. */
export interface RdbStreamGroup {
  readonly lastId: RdbStreamId
  readonly entriesRead: bigint | undefined
  readonly pendingCount: number
}

/** A consumer of a group. */
export interface RdbStreamConsumer {
  readonly seenTimeMs: number
  /** Undefined before Redis 7.2 (type 21); -1 when the consumer never read anything. */
  readonly activeTimeMs: number | undefined
  readonly pendingCount: number
}

/** Is told what a file holds, in its order; each slice is valid until the call returns. */
export interface RdbSink {
  /** Header read: the format version. */
  version(version: number): void
  aux(key: RdbSlice, value: RdbSlice): void
  selectDb(db: number): void
  resizeDb(keys: number, expires: number): void
  /** Source code of one function library (Redis 7.0). */
  functionLibrary(code: RdbSlice): void
  /** Data of a module outside the keyspace; it is skipped. `module` is its nine-letter type name. */
  moduleAux(module: string): void
  slotInfo(slot: number, keys: number, expires: number): void
  /** A collection with no element: Redis drops such keys when it loads a file. */
  emptyKey(key: RdbSlice, type: number): void

  string(key: RdbSlice, meta: RdbMeta, value: RdbSlice): void

  /** A module value, passed over: only called when the decoder was told to skip such values. */
  moduleValue(key: RdbSlice, meta: RdbMeta, module: string): void

  /** `parts` is the number of nodes of a quicklist, of elements otherwise. */
  listStart(key: RdbSlice, meta: RdbMeta, parts: number): void
  /** A quicklist node as a listpack, not empty. */
  listNodeListpack(listpack: RdbSlice): void
  /** A quicklist node that is one large element. */
  listNodePlain(element: RdbSlice): void
  /** An element of an older encoding. */
  listElement(element: RdbSlice): void
  listEnd(): void

  setStart(key: RdbSlice, meta: RdbMeta, members: number): void
  setIntset(intset: RdbSlice): void
  setListpack(listpack: RdbSlice): void
  setMember(member: RdbSlice): void
  setEnd(): void

  hashStart(key: RdbSlice, meta: RdbMeta, fields: number): void
  hashListpack(listpack: RdbSlice): void
  hashField(field: RdbSlice, value: RdbSlice): void
  hashEnd(): void

  zsetStart(key: RdbSlice, meta: RdbMeta, members: number): void
  zsetListpack(listpack: RdbSlice): void
  zsetMember(member: RdbSlice, score: number): void
  zsetEnd(): void

  streamStart(key: RdbSlice, meta: RdbMeta, type: number, nodes: number): void
  /** `id` is 16 bytes: milliseconds and sequence of the node's first ID, each 64 bits big endian; ascending. */
  streamNode(id: RdbSlice, listpack: RdbSlice): void
  streamInfo(info: RdbStreamInfo): void
  groupStart(name: RdbSlice, group: RdbStreamGroup): void
  /** An entry of the group's pending list; `id` is 16 bytes as above. */
  groupPending(id: RdbSlice, deliveryTimeMs: number, deliveries: number): void
  consumerStart(name: RdbSlice, consumer: RdbStreamConsumer): void
  /** One ID of the group's pending list that belongs to this consumer. */
  consumerPending(id: RdbSlice): void
  consumerEnd(): void
  groupEnd(): void
  streamEnd(): void

  /** End of file, checksum good. */
  end(): void
}
