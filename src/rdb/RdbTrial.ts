/**
 * As RdbCheck, and builds each value as a server does, one at a time, and keeps the keys: so that a file is refused for what
 * a server finds only then, members, groups or keys that come twice.
 */
import { Arena } from "../memory/Arena.js"
import { valueTypes } from "../store/types/index.js"
import { RdbCheck } from "./RdbCheck.js"
import { corrupt } from "./format/RdbErrors.js"
import type { PackingLimits } from "../store/types/PackingLimits.js"
import { RdbLoaderValues } from "./load/RdbLoaderValues.js"
import type { RdbMeta, RdbSlice, RdbStreamConsumer, RdbStreamGroup, RdbStreamInfo } from "./format/RdbSink.js"
import type { CheckedKey } from "./RdbCheck.js"

/** A set takes 16 million strings at most; a file may have more keys. */
const SHARDS = 1024

export class RdbTrial extends RdbCheck {
  private readonly arena = new Arena()
  private readonly values: RdbLoaderValues
  private readonly shards = Array.from({ length: SHARDS }, () => new Set<string>())
  private database = 0

  constructor(now: number, limits: PackingLimits, onKey?: (key: CheckedKey) => void) {
    super(now, onKey)
    this.values = new RdbLoaderValues(this.arena, limits, false)
  }

  private newKey(key: RdbSlice): void {
    const name = `${this.database}:${key.latin1()}`
    let hash = name.length
    for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) | 0
    const shard = this.shards[(hash >>> 0) % SHARDS]
    if (shard.has(name)) corrupt("repeated key")
    shard.add(name)
  }

  private free(): void {
    const { type, encoding, value } = this.values
    valueTypes[type].freeStep(this.arena, encoding, value, Infinity)
  }

  override selectDb(db: number): void {
    super.selectDb(db)
    this.database = db
  }

  override string(key: RdbSlice, meta: RdbMeta, value: RdbSlice): void {
    this.newKey(key)
    super.string(key, meta, value)
  }

  override moduleValue(key: RdbSlice, meta: RdbMeta, module: string): void {
    this.newKey(key)
    super.moduleValue(key, meta, module)
  }

  override listStart(key: RdbSlice, meta: RdbMeta): void {
    this.newKey(key)
    super.listStart(key, meta)
  }

  override setStart(key: RdbSlice, meta: RdbMeta, members: number): void {
    this.newKey(key)
    super.setStart(key, meta, members)
    this.values.startSet(members)
  }

  override setIntset(intset: RdbSlice): void {
    super.setIntset(intset)
    this.values.intset(intset)
  }

  override setListpack(listpack: RdbSlice): void {
    super.setListpack(listpack)
    this.values.setListpack(listpack)
  }

  override setMember(member: RdbSlice): void {
    super.setMember(member)
    this.values.setMember(member)
  }

  override setEnd(): void {
    super.setEnd()
    this.values.endSet()
    this.free()
  }

  override hashStart(key: RdbSlice, meta: RdbMeta, fields: number): void {
    this.newKey(key)
    super.hashStart(key, meta, fields)
    this.values.startHash(fields)
  }

  override hashListpack(listpack: RdbSlice): void {
    super.hashListpack(listpack)
    this.values.hashListpack(listpack)
  }

  override hashField(field: RdbSlice, value: RdbSlice): void {
    super.hashField(field, value)
    this.values.hashField(field, value)
  }

  override hashEnd(): void {
    super.hashEnd()
    this.values.endHash()
    this.free()
  }

  override zsetStart(key: RdbSlice, meta: RdbMeta, members: number): void {
    this.newKey(key)
    super.zsetStart(key, meta, members)
    this.values.startZset()
  }

  override zsetListpack(listpack: RdbSlice): void {
    super.zsetListpack(listpack)
    this.values.zsetListpack(listpack)
  }

  override zsetMember(member: RdbSlice, score = 0): void {
    super.zsetMember(member)
    this.values.zsetMember(member, score)
  }

  override zsetEnd(): void {
    super.zsetEnd()
    this.values.endZset()
    this.free()
  }

  override streamStart(key: RdbSlice, meta: RdbMeta): void {
    this.newKey(key)
    super.streamStart(key, meta)
    this.values.startStream()
  }

  override streamNode(id: RdbSlice, listpack: RdbSlice): void {
    super.streamNode(id, listpack)
    this.values.streamNode(id, listpack)
  }

  override streamInfo(info: RdbStreamInfo): void {
    super.streamInfo(info)
    this.values.streamInfo(info)
  }

  override groupStart(name: RdbSlice, group: RdbStreamGroup): void {
    this.values.group(name, group)
  }

  override groupPending(id: RdbSlice, deliveryTimeMs: number, deliveries: number): void {
    this.values.groupPending(id, deliveryTimeMs, deliveries)
  }

  override consumerStart(name: RdbSlice, consumer: RdbStreamConsumer): void {
    this.values.consumer(name, consumer)
  }

  override consumerPending(id: RdbSlice): void {
    this.values.consumerPending(id)
  }

  override streamEnd(): void {
    super.streamEnd()
    this.values.endStream()
    this.free()
  }
}
