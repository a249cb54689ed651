/**
 * Fills a keyspace from an RDB file: the sink of a decoder.
 *
 *     const loader = new RdbLoader(keyspace, options)
 *     const decoder = new RdbDecoder(loader, { path })
 *     decoder.feed(chunk) ...; decoder.finish()
 *
 * The last few keys are in no table until `settle` is called, as the decoder does at the end of a file and of a database.
 *
 * Everything is synchronous; between two `feed` calls other work may go on, as long as nothing writes to the keyspace.
 * When a feed throws, `abandon` frees the value that was being built; keys already loaded stay.
 *
 * Packed bytes are copied into the keyspace as they are where the settings allow that size, as redis-server 7.0 does.
 */
import { copyBytes, type Ref } from "../../memory/Arena.js"
import { Arrivals } from "../../store/Arrivals.js"
import type { Database } from "../../store/Database.js"
import type { Databases } from "../../store/Databases.js"
import { setEntryClock, STRING_INT } from "../../store/Entry.js"
import { clockOfIdle, countClock } from "../../store/eviction/AccessClock.js"
import type { Keyspace } from "../../store/Keyspace.js"
import type { PackingLimits } from "../../store/types/PackingLimits.js"
import { stringEncoding } from "../../store/types/StringValue.js"
import { corrupt } from "../format/RdbErrors.js"
import { RdbLoaderValues } from "./RdbLoaderValues.js"
import type {
  RdbMeta,
  RdbSink,
  RdbSlice,
  RdbStreamConsumer,
  RdbStreamGroup,
  RdbStreamInfo,
} from "../format/RdbSink.js"
import type { ReplicationPosition } from "../snapshot/SnapshotJob.js"

interface RdbLoaderOptions {
  readonly limits: PackingLimits
  /** The decoder's option of this name. */
  readonly sanitize?: boolean | undefined
  /** Drop keys whose time has passed: a master does, a replica waits for its master's DEL. */
  readonly dropExpired: boolean
  /** Hears of each key dropped so; the bytes are lent. */
  readonly onExpired?: ((database: number, key: Uint8Array) => void) | undefined
  /** A key that is there already: refuse the file, or let the file's value win. */
  readonly duplicates: "refuse" | "replace"
  /** Size of the file, where known: what it says of its number of keys is believed as far as they fit into it. */
  readonly fileBytes?: number | undefined
  /** Where the keys go, by number; default: the keyspace's databases. */
  readonly databases?: Databases | undefined
  /** Gets the source of each function library; a reason it cannot be used ends the load. */
  readonly library?: ((code: Uint8Array) => string | undefined) | undefined
}

/** A key and its value take at least this many bytes of a file: type, lengths and one byte of key. */
const ENTRY_BYTES_MIN = 4

export class RdbLoader implements RdbSink {
  /** Keys put into the keyspace. */
  keys = 0
  /** Keys left out because their time had passed. */
  expired = 0
  /** Keys left out because they were empty collections. */
  empty = 0
  /** Modules whose data, belonging to no key, was left out. */
  readonly modules = new Set<string>()
  /** The AUX fields by name. */
  readonly fields = new Map<string, string>()
  private readonly values: RdbLoaderValues
  private readonly arrivals: Arrivals
  private readonly databases: Databases
  private db: Database
  private skipping = false
  private key: Uint8Array = new Uint8Array(64)
  private keyLength = 0
  private hasExpiry = false
  private expireLo = 0
  private expireHi = 0
  private clock = -1

  constructor(
    readonly keyspace: Keyspace,
    private readonly options: RdbLoaderOptions,
    database = 0,
  ) {
    this.databases = options.databases ?? keyspace.present
    this.db = this.databases.at(database)
    this.values = new RdbLoaderValues(keyspace.arena, options.limits, options.sanitize ?? false)
    this.arrivals = new Arrivals(keyspace, options.duplicates)
  }

  /** Where the replication stream stood when the file was made, if the file says so. */
  get replication(): ReplicationPosition | undefined {
    const id = this.fields.get("repl-id")
    const offset = this.fields.get("repl-offset")
    if (id === undefined || offset === undefined) return undefined
    return { id, offset: Number(offset), streamDb: Number(this.fields.get("repl-stream-db") ?? "-1") }
  }

  /** Frees the value being built, after a failed load. */
  abandon(): void {
    this.values.abandon()
    this.keys -= this.arrivals.settle(this.db)
  }

  version(): void {}

  aux(key: RdbSlice, value: RdbSlice): void {
    this.fields.set(key.latin1(), value.latin1())
  }

  selectDb(db: number): void {
    const { databases } = this
    if (db >= databases.count) corrupt(`database ${db}, and this server has ${databases.count}`)
    this.settle()
    this.db = databases.at(db)
  }

  resizeDb(keys: number): void {
    const most = (this.options.fileBytes ?? 0) / ENTRY_BYTES_MIN
    this.db.table.reserve(Math.min(keys, most))
  }

  functionLibrary(code: RdbSlice): void {
    const reason = this.options.library?.(code.copy())
    if (reason !== undefined) corrupt(`function library: ${reason}`)
  }

  moduleAux(module: string): void {
    this.modules.add(module)
  }

  slotInfo(): void {}

  moduleValue(): void {}

  emptyKey(): void {
    this.empty++
  }

  // ---- keys

  private isDropped(key: RdbSlice, meta: RdbMeta): boolean {
    if (!meta.hasExpiry || !this.options.dropExpired || meta.expireAtMs >= this.keyspace.now) return false
    this.expired++
    this.options.onExpired?.(this.db.id, key.bytes.subarray(key.offset, key.offset + key.length))
    return true
  }

  /** The access clock that the file's idle time or frequency stands for, or -1. */
  private clockOf(meta: RdbMeta): number {
    const { now, frequencies } = this.keyspace
    if (frequencies) return meta.freq < 0 ? -1 : countClock(meta.freq, now)
    return meta.idleSeconds < 0 ? -1 : clockOfIdle(meta.idleSeconds, now)
  }

  /** Puts all entries read so far where they can be found. */
  settle(): void {
    this.refuse(this.arrivals.settle(this.db))
  }

  private refuse(repeated: number): void {
    if (repeated === 0) return
    this.keys -= repeated
    corrupt("repeated key, this one or one just before")
  }

  private arrive(ref: Ref, hasExpiry: boolean, low: number, high: number, clock: number): void {
    if (hasExpiry) this.arrivals.expireAt(ref, low, high)
    if (clock >= 0) setEntryClock(this.keyspace.arena, ref, clock)
    this.keys++
    this.refuse(this.arrivals.add(this.db, ref))
  }

  string(key: RdbSlice, meta: RdbMeta, value: RdbSlice): void {
    if (meta.hasExpiry && this.isDropped(key, meta)) return
    const { bytes, offset, length } = value
    const ref = this.arrivals.string(
      key.bytes,
      key.offset,
      key.length,
      bytes,
      offset,
      length,
      value.isInteger ? STRING_INT : stringEncoding(bytes, offset, length),
      meta.hasExpiry,
    )
    const clock = meta.freq >= 0 || meta.idleSeconds >= 0 ? this.clockOf(meta) : -1
    this.arrive(ref, meta.hasExpiry, meta.expireLo, meta.expireHi, clock)
  }

  /** Keeps what is said of a key until its value is complete; false when the key is left out. */
  private begin(key: RdbSlice, meta: RdbMeta): boolean {
    this.skipping = this.isDropped(key, meta)
    if (this.skipping) return false
    if (this.key.length < key.length) this.key = new Uint8Array(key.length * 2)
    copyBytes(key.bytes, key.offset, this.key, 0, key.length)
    this.keyLength = key.length
    this.hasExpiry = meta.hasExpiry
    this.expireLo = meta.expireLo
    this.expireHi = meta.expireHi
    this.clock = this.clockOf(meta)
    return true
  }

  end(): void {
    this.settle()
  }

  /** Puts the finished value under its key. */
  private store(): void {
    const { values, key, keyLength } = this
    const { type, encoding, value } = values
    const ref = this.arrivals.value(key, 0, keyLength, type, encoding, value, this.hasExpiry)
    this.arrive(ref, this.hasExpiry, this.expireLo, this.expireHi, this.clock)
  }

  listStart(key: RdbSlice, meta: RdbMeta): void {
    if (this.begin(key, meta)) this.values.startList()
  }

  listNodeListpack(listpack: RdbSlice): void {
    if (!this.skipping) this.values.listNode(listpack)
  }

  listNodePlain(element: RdbSlice): void {
    if (!this.skipping) this.values.listPlain(element)
  }

  listElement(element: RdbSlice): void {
    if (!this.skipping) this.values.listElement(element)
  }

  listEnd(): void {
    if (this.skipping) return
    this.values.endList()
    this.store()
  }

  setStart(key: RdbSlice, meta: RdbMeta, members: number): void {
    if (this.begin(key, meta)) this.values.startSet(members)
  }

  setIntset(intset: RdbSlice): void {
    if (!this.skipping) this.values.intset(intset)
  }

  setListpack(listpack: RdbSlice): void {
    if (!this.skipping) this.values.setListpack(listpack)
  }

  setMember(member: RdbSlice): void {
    if (!this.skipping) this.values.setMember(member)
  }

  setEnd(): void {
    if (this.skipping) return
    this.values.endSet()
    this.store()
  }

  hashStart(key: RdbSlice, meta: RdbMeta, fields: number): void {
    if (this.begin(key, meta)) this.values.startHash(fields)
  }

  hashListpack(listpack: RdbSlice): void {
    if (!this.skipping) this.values.hashListpack(listpack)
  }

  hashField(field: RdbSlice, value: RdbSlice): void {
    if (!this.skipping) this.values.hashField(field, value)
  }

  hashEnd(): void {
    if (this.skipping) return
    this.values.endHash()
    this.store()
  }

  zsetStart(key: RdbSlice, meta: RdbMeta): void {
    if (this.begin(key, meta)) this.values.startZset()
  }

  zsetListpack(listpack: RdbSlice): void {
    if (!this.skipping) this.values.zsetListpack(listpack)
  }

  zsetMember(member: RdbSlice, score: number): void {
    if (!this.skipping) this.values.zsetMember(member, score)
  }

  zsetEnd(): void {
    if (this.skipping) return
    this.values.endZset()
    this.store()
  }

  streamStart(key: RdbSlice, meta: RdbMeta): void {
    if (this.begin(key, meta)) this.values.startStream()
  }

  streamNode(id: RdbSlice, listpack: RdbSlice): void {
    if (!this.skipping) this.values.streamNode(id, listpack)
  }

  streamInfo(info: RdbStreamInfo): void {
    if (!this.skipping) this.values.streamInfo(info)
  }

  groupStart(name: RdbSlice, group: RdbStreamGroup): void {
    if (!this.skipping) this.values.group(name, group)
  }

  groupPending(id: RdbSlice, deliveryTimeMs: number, deliveries: number): void {
    if (!this.skipping) this.values.groupPending(id, deliveryTimeMs, deliveries)
  }

  consumerStart(name: RdbSlice, consumer: RdbStreamConsumer): void {
    if (!this.skipping) this.values.consumer(name, consumer)
  }

  consumerPending(id: RdbSlice): void {
    if (!this.skipping) this.values.consumerPending(id)
  }

  consumerEnd(): void {}

  groupEnd(): void {}

  streamEnd(): void {
    if (this.skipping) return
    this.values.endStream()
    this.store()
  }
}
