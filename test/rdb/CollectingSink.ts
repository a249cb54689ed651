/**
 * A sink that keeps everything as plain data, in the shape of the golden files' descriptions: latin1 strings, scores as
 * numbers, IDs as "ms-seq". It also records which packed forms it was handed.
 */
import * as Intset from "../../src/bytes/packed/Intset.js"
import { LISTPACK_END, LISTPACK_HEADER, entrySize, get, lpv } from "../../src/bytes/packed/Listpack.js"
import { corrupt } from "../../src/rdb/format/RdbErrors.js"
import type {
  RdbMeta,
  RdbSink,
  RdbSlice,
  RdbStreamConsumer,
  RdbStreamGroup,
  RdbStreamId,
  RdbStreamInfo,
} from "../../src/rdb/format/RdbSink.js"

export interface CollectedGroup {
  name: string
  lastId: string
  entriesRead: bigint | undefined
  pending: Array<[id: string, time: number, deliveries: number]>
  consumers: Array<{ name: string; seenTime: number; activeTime: number | undefined; pending: string[] }>
}

export interface CollectedStream {
  entries: Array<[id: string, fields: string[]]>
  info: RdbStreamInfo | undefined
  groups: CollectedGroup[]
}

export interface Collected {
  type: string
  /** What the parts came as: "string", "listpack", "intset", "element", "plain". */
  forms: Set<string>
  count: number
  expireAt: number | undefined
  idle: number
  freq: number
  value: string | string[] | Array<[string, string]> | Array<[string, number]> | CollectedStream
}

export const latin1 = (slice: RdbSlice): string =>
  Buffer.from(slice.bytes.buffer, slice.bytes.byteOffset + slice.offset, slice.length).toString("latin1")

/** The elements of a listpack as text. */
export const listpackTexts = (slice: RdbSlice): string[] => {
  const out: string[] = []
  const b = slice.bytes
  for (let p = slice.offset + LISTPACK_HEADER; b[p] !== LISTPACK_END; p += entrySize(b, p)) {
    get(b, p)
    out.push(Buffer.from(lpv.src.slice(lpv.off, lpv.off + lpv.len)).toString("latin1"))
  }
  return out
}

const idText = (id: RdbStreamId): string => `${id.ms}-${id.seq}`

const rawId = (slice: RdbSlice): RdbStreamId => {
  const view = new DataView(slice.bytes.buffer, slice.bytes.byteOffset + slice.offset, 16)
  return { ms: view.getBigUint64(0), seq: view.getBigUint64(8) }
}

export class CollectingSink implements RdbSink {
  rdbVersion = 0
  readonly auxFields = new Map<string, string>()
  readonly libraries: string[] = []
  readonly modules: string[] = []
  readonly databases = new Map<number, Map<string, Collected>>()
  readonly sizes = new Map<number, [keys: number, expires: number]>()
  readonly slots: Array<[number, number, number]> = []
  readonly emptied: string[] = []
  ended = false
  private db = 0
  private current: Collected | undefined

  version(version: number): void {
    this.rdbVersion = version
  }
  aux(key: RdbSlice, value: RdbSlice): void {
    this.auxFields.set(latin1(key), latin1(value))
  }
  selectDb(db: number): void {
    this.db = db
  }
  resizeDb(keys: number, expires: number): void {
    this.sizes.set(this.db, [keys, expires])
  }
  functionLibrary(code: RdbSlice): void {
    this.libraries.push(latin1(code))
  }
  moduleAux(module: string): void {
    this.modules.push(module)
  }
  slotInfo(slot: number, keys: number, expires: number): void {
    this.slots.push([slot, keys, expires])
  }
  emptyKey(key: RdbSlice): void {
    this.emptied.push(latin1(key))
  }
  moduleValue(_key: RdbSlice, _meta: RdbMeta, module: string): void {
    this.modules.push(module)
  }

  private add(
    key: RdbSlice,
    meta: RdbMeta,
    type: string,
    value: Collected["value"],
    count: number,
  ): Collected {
    const keys = this.databases.get(this.db) ?? new Map<string, Collected>()
    this.databases.set(this.db, keys)
    const name = latin1(key)
    if (keys.has(name)) corrupt("repeated key")
    const collected: Collected = {
      type,
      forms: new Set(),
      count,
      expireAt: meta.hasExpiry ? meta.expireAtMs : undefined,
      idle: meta.idleSeconds,
      freq: meta.freq,
      value,
    }
    if (meta.hasExpiry && meta.expireHi * 0x100000000 + meta.expireLo !== meta.expireAtMs) {
      throw new Error("expiry halves disagree")
    }
    keys.set(name, collected)
    this.current = collected
    return collected
  }

  private push(form: string, ...items: unknown[]): void {
    if (this.current === undefined) throw new Error("an element outside of a value")
    this.current.forms.add(form)
    const list = this.current.value
    if (!Array.isArray(list)) throw new Error("an element of no collection")
    Array.prototype.push.apply(list, items)
  }

  private get stream(): CollectedStream {
    const value = this.current?.value
    if (value === undefined || typeof value === "string" || Array.isArray(value)) throw new Error("no stream")
    return value
  }

  private get group(): CollectedGroup {
    const group = this.stream.groups.at(-1)
    if (group === undefined) throw new Error("no group")
    return group
  }

  private close(type: string): void {
    if (this.current?.type !== type) throw new Error(`end of a ${type} that was not begun`)
    if (Array.isArray(this.current.value) && this.current.value.length === 0) throw new Error(`empty ${type}`)
    this.current = undefined
  }

  string(key: RdbSlice, meta: RdbMeta, value: RdbSlice): void {
    if (value.isInteger && String(value.integer) !== latin1(value))
      throw new Error("integer and digits disagree")
    this.add(key, meta, "string", latin1(value), 1).forms.add("string")
    this.current = undefined
  }

  listStart(key: RdbSlice, meta: RdbMeta, elements: number): void {
    this.add(key, meta, "list", [], elements)
  }
  listNodeListpack(listpack: RdbSlice): void {
    this.push("listpack", ...listpackTexts(listpack))
  }
  listNodePlain(element: RdbSlice): void {
    this.push("plain", latin1(element))
  }
  listElement(element: RdbSlice): void {
    this.push("element", latin1(element))
  }
  listEnd(): void {
    this.close("list")
  }

  setStart(key: RdbSlice, meta: RdbMeta, members: number): void {
    this.add(key, meta, "set", [], members)
  }
  setIntset(intset: RdbSlice): void {
    for (let i = 0; i < Intset.count(intset.bytes, intset.offset); i++) {
      Intset.get(intset.bytes, intset.offset, i)
      const { src, off, len } = Intset.isv
      this.push("intset", Buffer.from(src.slice(off, off + len)).toString("latin1"))
    }
  }
  setListpack(listpack: RdbSlice): void {
    this.push("listpack", ...listpackTexts(listpack))
  }
  setMember(member: RdbSlice): void {
    this.push("element", latin1(member))
  }
  setEnd(): void {
    this.close("set")
  }

  hashStart(key: RdbSlice, meta: RdbMeta, fields: number): void {
    this.add(key, meta, "hash", [], fields)
  }
  hashListpack(listpack: RdbSlice): void {
    const texts = listpackTexts(listpack)
    for (let i = 0; i < texts.length; i += 2) this.push("listpack", [texts[i], texts[i + 1]])
  }
  hashField(field: RdbSlice, value: RdbSlice): void {
    this.push("element", [latin1(field), latin1(value)])
  }
  hashEnd(): void {
    this.close("hash")
  }

  zsetStart(key: RdbSlice, meta: RdbMeta, members: number): void {
    this.add(key, meta, "zset", [], members)
  }
  zsetListpack(listpack: RdbSlice): void {
    const texts = listpackTexts(listpack)
    for (let i = 0; i < texts.length; i += 2) this.push("listpack", [texts[i], scoreOf(texts[i + 1])])
  }
  zsetMember(member: RdbSlice, score: number): void {
    this.push("element", [latin1(member), score])
  }
  zsetEnd(): void {
    this.close("zset")
  }

  streamStart(key: RdbSlice, meta: RdbMeta, _type: number, nodes: number): void {
    this.add(key, meta, "stream", { entries: [], info: undefined, groups: [] }, nodes)
  }
  streamNode(id: RdbSlice, listpack: RdbSlice): void {
    const first = rawId(id)
    const items = listpackTexts(listpack)
    let at = 2
    const shared = items.slice(at + 1, at + 1 + Number(items[at]))
    at += 1 + shared.length + 1
    while (at < items.length) {
      const flags = Number(items[at])
      const ms = BigInt.asUintN(64, first.ms + BigInt(items[at + 1]))
      const seq = BigInt.asUintN(64, first.seq + BigInt(items[at + 2]))
      at += 3
      const fields: string[] = []
      if ((flags & 2) !== 0) for (const name of shared) fields.push(name, items[at++])
      else {
        const own = Number(items[at++])
        for (let i = 0; i < 2 * own; i++) fields.push(items[at++])
      }
      at++
      if ((flags & 1) === 0) this.stream.entries.push([idText({ ms, seq }), fields])
    }
  }
  streamInfo(info: RdbStreamInfo): void {
    this.stream.info = info
  }
  groupStart(name: RdbSlice, group: RdbStreamGroup): void {
    this.stream.groups.push({
      name: latin1(name),
      lastId: idText(group.lastId),
      entriesRead: group.entriesRead,
      pending: [],
      consumers: [],
    })
  }
  groupPending(id: RdbSlice, deliveryTimeMs: number, deliveries: number): void {
    this.group.pending.push([idText(rawId(id)), deliveryTimeMs, deliveries])
  }
  consumerStart(name: RdbSlice, consumer: RdbStreamConsumer): void {
    const { seenTimeMs: seenTime, activeTimeMs: activeTime } = consumer
    this.group.consumers.push({ name: latin1(name), seenTime, activeTime, pending: [] })
  }
  consumerPending(id: RdbSlice): void {
    this.group.consumers.at(-1)?.pending.push(idText(rawId(id)))
  }
  consumerEnd(): void {
    if (this.group.consumers.length === 0) throw new Error("end of no consumer")
  }
  groupEnd(): void {
    if (this.stream.groups.length === 0) throw new Error("end of no group")
  }
  streamEnd(): void {
    this.close("stream")
  }

  end(): void {
    this.ended = true
  }
}

/** A score as Redis prints it. */
export const scoreOf = (text: string): number => {
  if (text === "inf") return Infinity
  return text === "-inf" ? -Infinity : Number(text)
}
