/**
 * Builds one value at a time from the parts an RDB file has of it, in the encoding redis-server 7.0 would give it when it
 * loads the same bytes. After `endXxx`, `type`, `encoding` and `value` are what the key's entry must say.
 */
import type { Arena, Ref } from "../../memory/Arena.js"
import * as Listpack from "../../bytes/packed/Listpack.js"
import { lpv } from "../../bytes/packed/Listpack.js"
import * as Quicklist from "../../memory/list/Quicklist.js"
import {
  HASH_HASHTABLE,
  HASH_LISTPACK,
  LIST_QUICKLIST,
  SET_HASHTABLE,
  STREAM_RADIX,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_STREAM,
  TYPE_ZSET,
} from "../../store/Entry.js"
import { HashValue } from "../../store/types/HashValue.js"
import { SetValue } from "../../store/types/SetValue.js"
import type { PackingLimits } from "../../store/types/PackingLimits.js"
import { SortedSet } from "../../store/types/SortedSetValue.js"
import { StreamLoader } from "../../store/types/StreamLoader.js"
import { corrupt } from "../format/RdbErrors.js"
import type { RdbSlice, RdbStreamConsumer, RdbStreamGroup, RdbStreamInfo } from "../format/RdbSink.js"

export class RdbLoaderValues {
  type = 0
  encoding = 0
  value: Ref = 0
  private readonly set: SetValue
  private readonly hash: HashValue
  private readonly zset: SortedSet
  private readonly stream: StreamLoader
  private readonly listLimits = new Quicklist.ListLimits()
  /** Elements the file says there are. */
  private count = 0
  /** The value has blocks: it is made when its first part has come. */
  private begun = false
  private building: "nothing" | "list" | "set" | "hash" | "zset" | "stream" = "nothing"

  constructor(
    private readonly arena: Arena,
    private readonly limits: PackingLimits,
    /** A repeated field ends the load even where redis-server keeps both (`sanitize-dump-payload`). */
    private readonly sanitize: boolean,
  ) {
    this.set = new SetValue(arena)
    this.hash = new HashValue(arena)
    this.zset = new SortedSet(arena)
    this.stream = new StreamLoader(arena)
  }

  private finish(type: number, encoding: number, value: Ref): void {
    this.building = "nothing"
    this.type = type
    this.encoding = encoding
    this.value = value
  }

  /** Frees what was begun and not ended. */
  abandon(): void {
    const { building } = this
    this.building = "nothing"
    if (building === "list")
      while (this.value !== 0) this.value = Quicklist.free(this.arena, this.value, Infinity)
    else if (building === "stream") this.stream.abandon()
    else if (!this.begun) return
    else if (building === "set") this.set.free()
    else if (building === "hash") this.hash.free()
    else if (building === "zset") this.zset.free()
  }

  // ---- lists

  startList(): void {
    this.value = Quicklist.create(this.arena)
    this.building = "list"
    this.listLimits.setFill(this.limits.listMaxListpackSize)
  }

  listNode(lp: RdbSlice): void {
    Quicklist.appendPackedNode(this.arena, this.value, lp.bytes, lp.offset, lp.length)
  }

  listPlain(s: RdbSlice): void {
    Quicklist.appendPlainNode(this.arena, this.value, s.bytes, s.offset, s.length)
  }

  listElement(s: RdbSlice): void {
    Quicklist.push(this.arena, this.value, false, s.bytes, s.offset, s.length, this.listLimits)
  }

  endList(): void {
    this.finish(TYPE_LIST, LIST_QUICKLIST, this.value)
  }

  // ---- sets

  startSet(members: number): void {
    this.building = "set"
    this.begun = members > this.limits.setMaxIntsetEntries
    if (this.begun) this.set.create(SET_HASHTABLE)
  }

  intset(s: RdbSlice): void {
    // The set that was begun for more members than an intset may have is empty: the table comes of the conversion.
    if (this.begun) this.set.free()
    this.set.createFromIntset(s.bytes, s.offset, this.limits.setMaxIntsetEntries)
    this.begun = true
  }

  setListpack(s: RdbSlice): void {
    const { bytes, offset } = s
    for (let p = Listpack.first(bytes, offset); p >= 0; p = Listpack.next(bytes, p)) {
      Listpack.get(bytes, p)
      this.addMember(lpv.src, lpv.off, lpv.len)
    }
  }

  setMember(s: RdbSlice): void {
    this.addMember(s.bytes, s.offset, s.length)
  }

  private addMember(bytes: Uint8Array, off: number, len: number): void {
    if (!this.begun) this.set.createFor(bytes, off, len)
    this.begun = true
    if (!this.set.add(bytes, off, len, this.limits.setMaxIntsetEntries))
      corrupt("set: repeated member", "member of a set")
  }

  endSet(): void {
    this.finish(TYPE_SET, this.set.encoding, this.set.value)
  }

  // ---- hashes

  startHash(fields: number): void {
    this.building = "hash"
    this.begun = false
    this.count = fields
  }

  hashListpack(s: RdbSlice): void {
    this.begun = true
    this.hash.createFromListpack(s.bytes, s.offset, this.limits.hashMaxListpackEntries)
  }

  hashField(field: RdbSlice, value: RdbSlice): void {
    const { limits, hash } = this
    if (!this.begun) {
      hash.create(this.count > limits.hashMaxListpackEntries ? HASH_HASHTABLE : HASH_LISTPACK)
      this.begun = true
    }
    const { bytes, offset, length } = field
    if (!this.sanitize && hash.encoding === HASH_LISTPACK && hash.has(bytes, offset, length)) return
    const isNew = hash.set(
      bytes,
      offset,
      length,
      value.bytes,
      value.offset,
      value.length,
      limits.hashMaxListpackEntries,
      limits.hashMaxListpackValue,
    )
    if (!isNew) corrupt("hash: repeated field", "field of a hash")
  }

  endHash(): void {
    this.finish(TYPE_HASH, this.hash.encoding, this.hash.value)
  }

  // ---- sorted sets

  startZset(): void {
    this.building = "zset"
    this.begun = false
  }

  zsetListpack(s: RdbSlice): void {
    this.begun = true
    this.zset.createFromListpack(s.bytes, s.offset, s.length)
    if (this.zset.size > this.limits.zsetMaxListpackEntries) this.zset.unpack()
  }

  zsetMember(s: RdbSlice, score: number): void {
    const { zset } = this
    if (!this.begun) zset.create(false)
    this.begun = true
    if (!Number.isNaN(zset.find(s.bytes, s.offset, s.length)))
      corrupt("zset: repeated member", "member of a sorted set")
    zset.insert(score, s.bytes, s.offset, s.length, this.limits)
  }

  endZset(): void {
    this.zset.pack(this.limits)
    this.finish(TYPE_ZSET, this.zset.encoding, this.zset.value)
  }

  // ---- streams

  startStream(): void {
    this.stream.start()
    this.building = "stream"
  }

  streamNode(id: RdbSlice, lp: RdbSlice): void {
    if (!this.stream.node(id.bytes, id.offset, lp.bytes, lp.offset, lp.length))
      corrupt("stream: repeated node")
  }

  streamInfo(info: RdbStreamInfo): void {
    this.stream.info(info)
  }

  group(name: RdbSlice, group: RdbStreamGroup): void {
    if (!this.stream.openGroup(name.bytes, name.offset, name.length, group.lastId, group.entriesRead)) {
      corrupt("stream: repeated group, or too many out of order")
    }
  }

  groupPending(id: RdbSlice, deliveryTimeMs: number, deliveries: number): void {
    if (!this.stream.pending(id.bytes, id.offset, deliveryTimeMs, deliveries)) {
      corrupt("stream: repeated pending entry")
    }
  }

  consumer(name: RdbSlice, consumer: RdbStreamConsumer): void {
    if (!this.stream.openConsumer(name.bytes, name.offset, name.length, consumer.seenTimeMs)) {
      corrupt("stream: repeated consumer, or too many out of order")
    }
  }

  consumerPending(id: RdbSlice): void {
    if (!this.stream.owned(id.bytes, id.offset))
      corrupt("stream: a consumer's entry is not pending in its group")
  }

  endStream(): void {
    this.finish(TYPE_STREAM, STREAM_RADIX, this.stream.end())
  }
}
