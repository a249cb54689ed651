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
  /** What holds the string, among other bytes. */
  bytes: Uint8Array = new Uint8Array(0)
  /** Where it begins in `bytes`. */
  offset = 0
  /** How many bytes it has. */
  length = 0
  /** The file held the string as a 32-bit integer; `integer` is its value and the bytes are its decimal form. */
  isInteger = false
  /** Its value where `isInteger` says so. */
  integer = 0

  /** A copy, for readers that must keep the bytes. */
  copy(): Uint8Array {
    return this.bytes.slice(this.offset, this.offset + this.length)
  }

  /** The string as text, a character a byte. */
  latin1(): string {
    return latin1Text(this.bytes, this.offset, this.offset + this.length)
  }
}

/** What is said of a key besides its value. */
export class RdbMeta {
  /** Whether the key has a time to live. */
  hasExpiry = false
  /** Absolute time in milliseconds since 1970, exact up to 2^53; `expireHi`, `expireLo` have all 64 bits. */
  expireAtMs = 0
  /** Its upper 32 bits. */
  expireHi = 0
  /** Its lower 32 bits. */
  expireLo = 0
  /** Seconds since last access, or -1. */
  idleSeconds = -1
  /** Access frequency counter 0 to 255, or -1. */
  freq = -1

  /** Back to a key of which nothing is said. */
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
  /** Unix milliseconds, by convention. */
  readonly ms: bigint
  /** Which of those within the millisecond. */
  readonly seq: bigint
}

/** The numbers of a stream. Forms before Redis 7.0 (type 15) lack three of them: those are undefined. */
export interface RdbStreamInfo {
  /** Entries that are there. */
  readonly length: bigint
  /** The greatest ID it ever had. */
  readonly lastId: RdbStreamId
  /** The least ID that is there. */
  readonly firstId: RdbStreamId | undefined
  /** The greatest ID of an entry that was deleted. */
  readonly maxDeletedId: RdbStreamId | undefined
  /** Entries that were ever added. */
  readonly entriesAdded: bigint | undefined
}

/** A consumer group; `entriesRead` is -1 when Redis does not know it, undefined in the form before 7.0. */
export interface RdbStreamGroup {
  /** The last ID that was delivered. */
  readonly lastId: RdbStreamId
  /** Entries that the group has read. */
  readonly entriesRead: bigint | undefined
  /** Entries delivered and not acknowledged. */
  readonly pendingCount: number
}

/** A consumer of a group. */
export interface RdbStreamConsumer {
  /** Unix milliseconds when it last asked for anything. */
  readonly seenTimeMs: number
  /** Undefined before Redis 7.2 (type 21); -1 when the consumer never read anything. */
  readonly activeTimeMs: number | undefined
  /** Entries delivered to it and not acknowledged. */
  readonly pendingCount: number
}

/** Is told what a file holds, in its order; each slice is valid until the call returns. */
export interface RdbSink {
  /** Header read: the format version. */
  version(version: number): void
  /** A field about the file: "redis-ver", "ctime", "used-mem", ... */
  aux(key: RdbSlice, value: RdbSlice): void
  /** The keys that follow are in this database. */
  selectDb(db: number): void
  /** How many keys the database has, and how many of them have a time to live. */
  resizeDb(keys: number, expires: number): void
  /** Source code of one function library (Redis 7.0). */
  functionLibrary(code: RdbSlice): void
  /** Data of a module outside the keyspace; it is skipped. `module` is its nine-letter type name. */
  moduleAux(module: string): void
  /** How many keys a slot of a cluster has, and how many of them have a time to live. */
  slotInfo(slot: number, keys: number, expires: number): void
  /** A collection with no element: Redis drops such keys when it loads a file. */
  emptyKey(key: RdbSlice, type: number): void

  /** A string, whole. */
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
  /** All nodes or elements were told. */
  listEnd(): void

  /** A set begins: one packed form, or so many members. */
  setStart(key: RdbSlice, meta: RdbMeta, members: number): void
  /** All members of a set of integers, as an intset. */
  setIntset(intset: RdbSlice): void
  /** All members of a small set, as a listpack. */
  setListpack(listpack: RdbSlice): void
  /** A member of a set, not told before. */
  setMember(member: RdbSlice): void
  /** All members were told. */
  setEnd(): void

  /** A hash begins: one packed form, or so many fields. */
  hashStart(key: RdbSlice, meta: RdbMeta, fields: number): void
  /** All fields of a small hash, each with its value behind it, as a listpack. */
  hashListpack(listpack: RdbSlice): void
  /** A field of a hash, not told before. */
  hashField(field: RdbSlice, value: RdbSlice): void
  /** All fields were told. */
  hashEnd(): void

  /** A sorted set begins: one packed form, or so many members. */
  zsetStart(key: RdbSlice, meta: RdbMeta, members: number): void
  /** All members of a small sorted set, each with its score behind it, by score, as a listpack. */
  zsetListpack(listpack: RdbSlice): void
  /** A member of a sorted set, in the file's order. */
  zsetMember(member: RdbSlice, score: number): void
  /** All members were told. */
  zsetEnd(): void

  /** A stream begins: its nodes, its numbers, its groups. `type` is the form, by RDB's number. */
  streamStart(key: RdbSlice, meta: RdbMeta, type: number, nodes: number): void
  /** `id` is 16 bytes: milliseconds and sequence of the node's first ID, each 64 bits big endian; ascending. */
  streamNode(id: RdbSlice, listpack: RdbSlice): void
  /** The stream's numbers, after its nodes. */
  streamInfo(info: RdbStreamInfo): void
  /** A consumer group begins: its pending entries, then its consumers. */
  groupStart(name: RdbSlice, group: RdbStreamGroup): void
  /** An entry of the group's pending list; `id` is 16 bytes as above. */
  groupPending(id: RdbSlice, deliveryTimeMs: number, deliveries: number): void
  /** A consumer of the group begins: its pending entries. */
  consumerStart(name: RdbSlice, consumer: RdbStreamConsumer): void
  /** One ID of the group's pending list that belongs to this consumer. */
  consumerPending(id: RdbSlice): void
  /** The consumer's pending entries were told. */
  consumerEnd(): void
  /** The group's consumers were told. */
  groupEnd(): void
  /** All groups were told. */
  streamEnd(): void

  /** End of file, checksum good. */
  end(): void
}
