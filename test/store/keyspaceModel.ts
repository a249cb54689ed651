/** A keyspace of strings held against plain maps, for random walks over everything a database can do. */
import type { Ref } from "../../src/memory/Arena.js"
import { copyBytes } from "../../src/memory/Arena.js"
import type { Database } from "../../src/store/Database.js"
import {
  entryEncoding,
  entryExpiryBig,
  entryKeyLength,
  entryKeyOffset,
  entryValue,
  STRING_EMBSTR,
  STRING_RAW,
  stringChunk,
  stringLength,
  stringOffset,
} from "../../src/store/Entry.js"
import type { Keyspace, KeyspaceOptions } from "../../src/store/Keyspace.js"
import { moveEntry, putClone, swapDatabases } from "../../src/store/MoveEntry.js"
import { valueTypes } from "../../src/store/types/index.js"
import type { Random } from "../support/Random.js"
import { checkedKeyspace } from "../support/Memory.js"

export interface ModelValue {
  readonly bytes: Buffer
  /** Unix milliseconds, -1 = none. */
  readonly expiry: bigint
}
export type ModelDatabase = Map<string, ModelValue>

const none = -1n

/** A keyspace whose databases are all there. */
const withAll = (options: KeyspaceOptions): Keyspace => {
  const keyspace = checkedKeyspace(options)
  for (let id = 0; id < options.databases; id++) keyspace.database(id)
  return keyspace
}

export class KeyspaceModel {
  readonly keyspace: Keyspace
  readonly maps: Array<ModelDatabase>
  now = 1_000_000
  private readonly keys: ReadonlyArray<Buffer>

  constructor(
    private readonly r: Random,
    keyCount: number,
    readonly databases = 3,
  ) {
    this.keyspace = withAll({ databases, now: this.now, random: (n) => r.below(n) })
    this.maps = Array.from({ length: databases }, () => new Map<string, ModelValue>())
    this.keys = r.times(keyCount, (i) =>
      Buffer.from(`${i}${"k".repeat(r.below(5) === 0 ? r.below(400) : 0)}`),
    )
  }

  private value(): Buffer {
    const r = this.r
    const kind = r.below(100)
    return r.bytes(kind < 70 ? r.below(40) : kind < 95 ? r.below(5000) : r.below(100_000))
  }

  private expiry(): bigint {
    const r = this.r
    const kind = r.below(10)
    if (kind < 5) return BigInt(this.now + r.below(100_000))
    if (kind < 7) return BigInt(this.now - r.below(1000))
    if (kind < 9) return 2n ** 53n + BigInt(r.below(1000))
    return 2n ** 63n - 1n - BigInt(r.below(3))
  }

  private live(i: number, name: string): ModelValue | undefined {
    const value = this.maps[i]?.get(name)
    if (value === undefined || value.expiry === none || value.expiry >= BigInt(this.now)) return value
    this.maps[i]?.delete(name)
    return undefined
  }

  private look(i: number, key: Buffer): Ref {
    const ref = this.keyspace.database(i).lookupWrite(key, 0, key.length)
    const expected = this.live(i, key.toString("latin1"))
    if ((ref !== 0) !== (expected !== undefined))
      throw new Error(`key ${key.toString("latin1")}: found ${ref}`)
    return ref
  }

  /** One random change. */
  step(): void {
    const { r, keyspace } = this
    const i = r.below(this.databases)
    const db = keyspace.database(i)
    const map = this.maps[i] ?? new Map<string, ModelValue>()
    const key = r.pick(this.keys)
    const name = key.toString("latin1")
    const kind = r.below(1000)
    if (kind < 4) {
      this.sweep(kind, i)
      return
    }
    if (kind < 60) {
      this.now += r.below(2000)
      keyspace.now = this.now
      if (r.below(2) === 0) keyspace.expireDue(1 + r.below(50))
      keyspace.freeSlice(10)
      return
    }
    const ref = this.look(i, key)
    const before = map.get(name)
    if (kind < 400) {
      const bytes = this.value()
      const keep = r.below(2) === 0
      const at = r.below(4) === 0 ? this.expiry() : none
      const encoding = bytes.length <= 44 ? STRING_EMBSTR : STRING_RAW
      const put = db.putString(ref, key, 0, key.length, bytes, 0, bytes.length, encoding, keep, at !== none)
      if (at !== none) db.setExpiryWords(put, Number(BigInt.asIntN(32, at)), Number(at >> 32n))
      map.set(name, { bytes, expiry: at !== none ? at : keep ? (before?.expiry ?? none) : none })
    } else if (before === undefined) return
    else if (kind < 550) {
      db.remove(ref, r.below(2) === 0)
      map.delete(name)
    } else if (kind < 700) {
      const at = this.expiry()
      db.setExpiryWords(ref, Number(BigInt.asIntN(32, at)), Number(at >> 32n))
      map.set(name, { ...before, expiry: at })
    } else if (kind < 760) {
      if (db.persist(ref) !== (before.expiry !== none)) throw new Error("persist answers wrongly")
      map.set(name, { ...before, expiry: none })
    } else if (kind < 880) this.resize(db, map, ref, name, before)
    else this.carry(i, ref, name, before, kind < 950)
  }

  private resize(db: Database, map: ModelDatabase, ref: Ref, name: string, before: ModelValue): void {
    const more = this.r.below(4) === 0 ? this.r.below(9000) : this.r.below(30)
    const bytes = Buffer.concat([before.bytes, Buffer.alloc(more)])
    const grown = db.resizeString(ref, bytes.length)
    const a = this.keyspace.arena
    const tail = this.r.bytes(Math.min(more, 3))
    tail.copy(bytes, bytes.length - tail.length)
    const value = stringOffset(a, grown) + bytes.length - tail.length
    copyBytes(tail, 0, stringChunk(a, grown), value, tail.length)
    map.set(name, { bytes, expiry: before.expiry })
  }

  /** RENAME, MOVE or COPY to a random key of a random database. */
  private carry(i: number, ref: Ref, name: string, before: ModelValue, move: boolean): void {
    const { r, keyspace } = this
    const j = r.below(this.databases)
    const target = r.pick(this.keys)
    const to = target.toString("latin1")
    if (i === j && to === name) return
    const existing = this.look(j, target)
    const [from, other] = [keyspace.database(i), keyspace.database(j)]
    if (move) {
      if (existing !== 0) other.remove(existing, true)
      moveEntry(from, ref, other, target, 0, target.length)
      this.maps[i]?.delete(name)
    } else {
      const a = keyspace.arena
      const value = valueTypes[0]?.copy(a, entryEncoding(a, ref), entryValue(a, ref)) ?? 0
      if (existing !== 0) other.remove(existing, false)
      putClone(other, ref, value, target, 0, target.length)
    }
    this.maps[j]?.set(to, before)
  }

  private sweep(kind: number, i: number): void {
    const { r, keyspace } = this
    if (kind === 0) {
      keyspace.flushAll()
      for (const map of this.maps) map.clear()
    } else if (kind === 1) {
      keyspace.flush(keyspace.database(i), r.below(2) === 0)
      this.maps[i]?.clear()
    } else {
      const j = r.below(this.databases)
      const [x, y] = [this.maps[i], this.maps[j]]
      if (i === j || x === undefined || y === undefined) return
      swapDatabases(keyspace.database(i), keyspace.database(j))
      this.maps[i] = y
      this.maps[j] = x
    }
  }

  /** Everything the keyspace holds must be what the maps hold; expired keys may be in either or not. */
  check(): void {
    const a = this.keyspace.arena
    a.checkInvariants()
    for (let i = 0; i < this.databases; i++) {
      const db = this.keyspace.database(i)
      db.table.checkInvariants()
      db.wheel.checkInvariants()
      const map = new Map(this.maps[i])
      let expiring = 0
      db.table.forEach((ref) => {
        const at = entryKeyOffset(a, ref)
        const key = a.u8[ref >>> 20]?.subarray(at, at + entryKeyLength(a, ref)) ?? []
        const name = Buffer.from(key).toString("latin1")
        const value = map.get(name)
        const from = stringOffset(a, ref)
        const expiry = entryExpiryBig(a, ref)
        if (expiry !== none) expiring++
        if (value === undefined) {
          if (expiry !== none && expiry < BigInt(this.now)) return
          throw new Error(`database ${i} holds ${name}, the model does not`)
        }
        const bytes = stringChunk(a, ref).subarray(from, from + stringLength(a, ref))
        if (!value.bytes.equals(bytes)) throw new Error(`database ${i}, key ${name}: another value`)
        if (value.expiry !== expiry) throw new Error(`key ${name} expires at ${expiry}, not ${value.expiry}`)
        map.delete(name)
      })
      for (const [name, { expiry }] of map)
        if (expiry === none || expiry >= BigInt(this.now)) throw new Error(`database ${i} lacks ${name}`)
      if (db.expires !== expiring) throw new Error(`${expiring} keys with an expiry, ${db.expires} counted`)
    }
  }

  /** The entries of every database as lines, in order: what a reader of a snapshot opened now must see. */
  lines(): Array<string> {
    const out: Array<string> = []
    const a = this.keyspace.arena
    for (const db of this.keyspace.databases) {
      db.table.forEach((ref) => {
        const chunk = a.u8[ref >>> 20] ?? new Uint8Array(0)
        const at = entryKeyOffset(a, ref)
        const from = stringOffset(a, ref)
        const key = Buffer.from(chunk.subarray(at, at + entryKeyLength(a, ref)))
        const value = Buffer.from(stringChunk(a, ref).subarray(from, from + stringLength(a, ref)))
        out.push(lineOf(db.id, key, value, entryExpiryBig(a, ref)))
      })
    }
    return out.sort()
  }

  get roots(): Array<Ref> {
    return this.keyspace.databases.map((db) => db.table.ref)
  }

  /** Empties everything; answers the bytes that are still in use beyond those of an empty keyspace. */
  leaked(): number {
    const { keyspace } = this
    for (const db of keyspace.databases) {
      for (const key of this.keys) {
        const ref = db.lookup(key, 0, key.length)
        if (ref !== 0 && this.r.below(2) === 0) db.remove(ref, this.r.below(2) === 0)
      }
      keyspace.lazyFree.releaseTable(db.table.ref, 0, this.r.below(2) === 0)
      db.table.create()
      db.wheel.clear()
    }
    while (keyspace.freeSlice(1000)) continue
    keyspace.arena.checkInvariants()
    const empty = withAll({ databases: this.databases, now: 0, random: () => 0 })
    return keyspace.arena.usedBytes - empty.arena.usedBytes
  }
}

export const lineOf = (db: number, key: Uint8Array, value: Uint8Array, expiry: bigint): string =>
  `${db} ${Buffer.from(key).toString("latin1")} ${expiry} ${Buffer.from(value).toString("base64")}`
