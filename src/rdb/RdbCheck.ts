/**
 * Looks through an RDB file without loading it: what it holds, by type, and each key for who wants to see them. The sink
 * of a decoder, which finds whatever is wrong with the file.
 */
import * as Listpack from "../bytes/packed/Listpack.js"
import type {
  RdbMeta,
  RdbSink,
  RdbSlice,
  RdbStreamConsumer,
  RdbStreamGroup,
  RdbStreamInfo,
} from "./format/RdbSink.js"

/** What is said of one key. */
export interface CheckedKey {
  /** The number of its database. */
  readonly db: number
  /** The key's own bytes: a copy. */
  readonly key: Uint8Array
  /** "string", "list", "set", "hash", "zset", "stream", or "module" with a space and the module's name. */
  readonly type: string
  /** The form the file holds it in: "intset", "listpack", "elements", ... */
  readonly form: string
  /** Elements, members, fields or entries; 1 for a string. */
  readonly elements: number
  /** Bytes of keys, elements and packed forms, after decompression. */
  readonly bytes: number
  /** Unix milliseconds, or undefined. */
  readonly expireAt: number | undefined
  /** Seconds since its last use, where the file says so. */
  readonly idleSeconds: number | undefined
  /** Count of uses, 0 to 255, where the file says so. */
  readonly frequency: number | undefined
}

interface TypeSummary {
  keys: number
  elements: number
  bytes: number
  expires: number
  /** Elements of the largest value. */
  largest: number
}

interface Current {
  readonly key: Uint8Array
  readonly type: string
  readonly meta: { expireAt: number | undefined; idle: number | undefined; freq: number | undefined }
  form: string
  elements: number
  bytes: number
}

/** A sink that counts what a file holds, by type and database, and keeps nothing of it. */
export class RdbCheck implements RdbSink {
  /** The format version of the header; 0 until it is read. */
  rdbVersion = 0
  /** The AUX fields by name. */
  readonly fields = new Map<string, string>()
  /** Keys, elements and bytes by type. */
  readonly types = new Map<string, TypeSummary>()
  /** Numbers of the databases that have keys. */
  readonly databases = new Set<number>()
  /** Keys with a value. */
  keys = 0
  /** Keys with a time to live. */
  expires = 0
  /** Keys whose time had passed at `now`. */
  expired = 0
  /** Function libraries. */
  libraries = 0
  /** Keys of collections without elements, which a server drops. */
  emptyKeys = 0
  /** Names of the modules that have data outside the keyspace. */
  readonly modules: Array<string> = []
  private db = 0
  private current: Current | undefined = undefined

  /** `now` are Unix milliseconds, to tell which keys have expired; `onKey` hears of each key when its value was read. */
  constructor(
    private readonly now: number,
    private readonly onKey: (key: CheckedKey) => void = () => {},
  ) {}

  version(version: number): void {
    this.rdbVersion = version
  }

  aux(key: RdbSlice, value: RdbSlice): void {
    this.fields.set(key.latin1(), value.latin1())
  }

  selectDb(db: number): void {
    this.db = db
    this.databases.add(db)
  }

  resizeDb(): void {}

  slotInfo(): void {}

  functionLibrary(): void {
    this.libraries++
  }

  moduleAux(module: string): void {
    this.modules.push(module)
  }

  emptyKey(): void {
    this.emptyKeys++
  }

  private begin(key: RdbSlice, meta: RdbMeta, type: string, form: string, elements: number): void {
    this.current = {
      key: key.copy(),
      type,
      form,
      elements,
      bytes: key.length,
      meta: {
        expireAt: meta.hasExpiry ? meta.expireAtMs : undefined,
        idle: meta.idleSeconds < 0 ? undefined : meta.idleSeconds,
        freq: meta.freq < 0 ? undefined : meta.freq,
      },
    }
  }

  private part(slice: RdbSlice): void {
    if (this.current !== undefined) this.current.bytes += slice.length
  }

  private packed(slice: RdbSlice, form: string): void {
    this.part(slice)
    if (this.current !== undefined) this.current.form = form
  }

  private done(): void {
    const { current } = this
    if (current === undefined) return
    this.current = undefined
    const { type, elements, bytes, meta } = current
    let sums = this.types.get(type)
    if (sums === undefined) {
      sums = { keys: 0, elements: 0, bytes: 0, expires: 0, largest: 0 }
      this.types.set(type, sums)
    }
    this.databases.add(this.db)
    this.keys++
    sums.keys++
    sums.elements += elements
    sums.bytes += bytes
    sums.largest = Math.max(sums.largest, elements)
    if (meta.expireAt !== undefined) {
      sums.expires++
      this.expires++
      if (meta.expireAt < this.now) this.expired++
    }
    this.onKey({
      db: this.db,
      key: current.key,
      type,
      form: current.form,
      elements,
      bytes,
      expireAt: meta.expireAt,
      idleSeconds: meta.idle,
      frequency: meta.freq,
    })
  }

  string(key: RdbSlice, meta: RdbMeta, value: RdbSlice): void {
    this.begin(key, meta, "string", value.isInteger ? "integer" : "string", 1)
    this.part(value)
    this.done()
  }

  moduleValue(key: RdbSlice, meta: RdbMeta, module: string): void {
    this.begin(key, meta, `module ${module}`, "module", 1)
    this.done()
  }

  listStart(key: RdbSlice, meta: RdbMeta): void {
    this.begin(key, meta, "list", "elements", 0)
  }

  listNodeListpack(listpack: RdbSlice): void {
    this.packed(listpack, "quicklist")
    if (this.current !== undefined) this.current.elements += Listpack.count(listpack.bytes, listpack.offset)
  }

  listNodePlain(element: RdbSlice): void {
    this.packed(element, "quicklist")
    if (this.current !== undefined) this.current.elements++
  }

  listElement(element: RdbSlice): void {
    this.part(element)
    if (this.current !== undefined) this.current.elements++
  }

  listEnd(): void {
    this.done()
  }

  setStart(key: RdbSlice, meta: RdbMeta, members: number): void {
    this.begin(key, meta, "set", "elements", members)
  }

  setIntset(intset: RdbSlice): void {
    this.packed(intset, "intset")
  }

  setListpack(listpack: RdbSlice): void {
    this.packed(listpack, "listpack")
  }

  setMember(member: RdbSlice): void {
    this.part(member)
  }

  setEnd(): void {
    this.done()
  }

  hashStart(key: RdbSlice, meta: RdbMeta, fields: number): void {
    this.begin(key, meta, "hash", "elements", fields)
  }

  hashListpack(listpack: RdbSlice): void {
    this.packed(listpack, "listpack")
  }

  hashField(field: RdbSlice, value: RdbSlice): void {
    this.part(field)
    this.part(value)
  }

  hashEnd(): void {
    this.done()
  }

  zsetStart(key: RdbSlice, meta: RdbMeta, members: number): void {
    this.begin(key, meta, "zset", "elements", members)
  }

  zsetListpack(listpack: RdbSlice): void {
    this.packed(listpack, "listpack")
  }

  zsetMember(member: RdbSlice, _score?: number): void {
    this.part(member)
  }

  zsetEnd(): void {
    this.done()
  }

  streamStart(key: RdbSlice, meta: RdbMeta): void {
    this.begin(key, meta, "stream", "listpacks", 0)
  }

  streamNode(_id: RdbSlice, listpack: RdbSlice): void {
    this.part(listpack)
  }

  streamInfo(info: RdbStreamInfo): void {
    if (this.current !== undefined) this.current.elements = Number(info.length)
  }

  groupStart(_name: RdbSlice, _group: RdbStreamGroup): void {}

  groupPending(_id: RdbSlice, _deliveryTimeMs: number, _deliveries: number): void {}

  consumerStart(_name: RdbSlice, _consumer: RdbStreamConsumer): void {}

  consumerPending(_id: RdbSlice): void {}

  consumerEnd(): void {}

  groupEnd(): void {}

  streamEnd(): void {
    this.done()
  }

  end(): void {}
}

const text = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** One key as a line of JSON. A key that is no UTF-8 is given in base 64, under another name. */
export const keyAsJson = (key: CheckedKey): string => {
  const name = text(key.key)
  return JSON.stringify({
    db: key.db,
    ...(name === undefined ? { keyBase64: Buffer.from(key.key).toString("base64") } : { key: name }),
    type: key.type,
    form: key.form,
    elements: key.elements,
    bytes: key.bytes,
    expireAt: key.expireAt,
    idleSeconds: key.idleSeconds,
    frequency: key.frequency,
  })
}

/** The summary as lines of text: what redis-check-rdb counts, in its words, and what it does not, by type. */
export const summaryLines = (check: RdbCheck): ReadonlyArray<string> => {
  const lines = [`[info] RDB version ${check.rdbVersion}`]
  for (const [name, value] of check.fields) lines.push(`[info] AUX FIELD ${name} = '${value}'`)
  lines.push(`[info] ${check.keys} keys read`)
  lines.push(`[info] ${check.expires} expires`)
  lines.push(`[info] ${check.expired} already expired`)
  if (check.emptyKeys > 0) lines.push(`[info] ${check.emptyKeys} empty keys, which a server leaves out`)
  lines.push(`[info] ${check.databases.size} databases`)
  if (check.libraries > 0) lines.push(`[info] ${check.libraries} function libraries`)
  if (check.modules.length > 0) lines.push(`[info] module data: ${check.modules.join(", ")}`)
  return [...lines, ...typeLines(check)]
}

const typeLines = (check: RdbCheck): ReadonlyArray<string> => {
  if (check.types.size === 0) return []
  const row = (type: string, ...cells: ReadonlyArray<number | string>): string =>
    type.padEnd(10) + cells.map((cell, i) => String(cell).padStart(COLUMNS[i] ?? 12)).join("")
  const rows = [...check.types].sort(([a], [b]) => (a < b ? -1 : 1))
  return [
    row("type", "keys", "elements", "bytes", "expiring", "largest"),
    ...rows.map(([type, s]) => row(type, s.keys, s.elements, s.bytes, s.expires, s.largest)),
  ]
}

/** Widths of the columns of figures. */
const COLUMNS = [12, 14, 16, 12, 12]
