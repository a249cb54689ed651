/**
 * The values of Lua as the compiled code sees them.
 *
 *     nil       undefined                      function    LuaFunction
 *     boolean   true, false                    table       LuaTable
 *     number    a double                       userdata    Userdata
 *     string    a JavaScript string of which every unit is one byte (0 to 255)
 *     thread    Coroutine
 *
 * Results of a call: one value is itself; none or several are a JavaScript array, which is never a Lua value.
 *
 * A function has two forms. `p` is called and returns. `g` makes a generator that may hand back control in the middle
 * (see Signal.ts) and is there only for functions that run long or call Lua; where it is there, callers that can be
 * suspended must take it. `g` is always called as a method of its LuaFunction, from which it reads its upvalues.
 */
import { arraySize, binOf, type Identity, type Key, type Layout, nodeCount, replay } from "./Layout.js"
import { orderedKeys } from "./Shapes.js"

/** What the compiler may rely on when it meets a function of the library by its name. */
export interface BuiltinInfo {
  readonly name: string
  /**
   * When it may call Lua, so that its generator form must be taken: "always", or "metatables" only in programs that can
   * make metatables.
   */
  readonly calls?: "always" | "metatables"
  /** Positions of the arguments (from 0) through which alone it may call Lua: by a function, or by a metatable. */
  readonly through?: ReadonlyArray<number>
  /** It calls Lua once, so that its plain form will do where what it calls has only that. */
  readonly once?: boolean
  /** It is coroutine.yield, for which compiled code yields itself. */
  readonly yields?: boolean
  /** What it returns if it returns: exactly one value of this kind. Unset: anything. */
  readonly returns?: "number" | "string" | "boolean" | "value"
  /** About how many simple operations one call costs. */
  readonly cost: number
}

export type LuaValue = undefined | boolean | number | string | LuaTable | LuaFunction | Userdata | Coroutine

/** What may be a key. */
export type TableKey = Exclude<LuaValue, undefined>

export type Results = LuaValue | LuaValue[]

/** What a generator hands out: a request to its driver, or undefined where it only lets others have their turn. */
type Signal = undefined | object

export type Steps = Generator<Signal, Results, Results>

export type PlainForm = (...args: LuaValue[]) => Results

export type GeneratorForm = (this: LuaFunction, ...args: LuaValue[]) => Steps

let identities = 0

/** What is made most, functions and tables, does without: V8 calls a base class's constructor by itself. */
abstract class Identified implements Identity {
  private known = 0

  /** Stands for the address of the object. */
  get id(): number {
    return this.known === 0 ? (this.known = ++identities) : this.known
  }
}

export class LuaFunction implements Identity {
  private known = 0

  constructor(
    readonly p: PlainForm,
    readonly g: GeneratorForm | undefined = undefined,
    /** Upvalues, for the generator form of compiled functions. */
    readonly u: unknown = undefined,
    readonly info: BuiltinInfo | undefined = undefined,
  ) {}

  get id(): number {
    return this.known === 0 ? (this.known = ++identities) : this.known
  }
}

/** A light userdata: of its pointer only whether it is NULL matters. */
export class Userdata extends Identified {
  constructor(readonly isNull = true) {
    super()
  }
}

type CoroutineStatus = "suspended" | "running" | "normal" | "dead"

export class Coroutine extends Identified {
  status: CoroutineStatus = "suspended"
  /** Generators that wait for each other, the innermost last; made at the first resume. */
  readonly stack: Steps[] = []
  started = false
  /** Its own count of nested calls, while it does not run. */
  depth = 0
  /** The nested library calls at its last resume: above them it cannot yield. */
  floor = 0

  constructor(readonly body: LuaFunction) {
    super()
  }
}

/** Keys and values together of a list that is searched; longer ones are made maps at once, while their memory is counted. */
const SCANNED_MAX = 32

const NO_VALUES: ReadonlyArray<LuaValue> = []
/** How many integer keys a table that is rebuilt has of each size: made once, since the runtime makes such arrays slowly. */
const BINS = new Int32Array(27)
const NO_KEYS: ReadonlyArray<TableKey | undefined> = []

/**
 * A table. Integer keys up to `capacity` live in `array` (whose own length may be less: what is beyond is nil), others
 * in `hash`. Capacity and the number of nodes are those Lua's own tables would have at each moment, since `#` and the
 * order of `pairs` depend on them.
 *
 * The nodes themselves are not kept. As long as no key is removed, `hash` lists its keys in the order of insertion into
 * a table of `base` nodes that doubled when full, and the layout can be replayed from that whenever it is asked for
 * (`ordered`, see Shapes.ts). A removed key stays in `hash` with the value undefined, as Lua keeps its node. The first
 * insertion after a removal makes the layout real; the next rebuilding drops it.
 *
 * Invariants: `array.length <= capacity`; without `sparse` no element of `array` is undefined; `hash.size <= nodes`;
 * a layout, if there, holds exactly the keys of `hash`.
 */
export class LuaTable implements Identity {
  private known = 0

  array: LuaValue[]
  private map: Map<TableKey, LuaValue> | undefined = undefined
  /** Texts that are keys and their values, in turn, of which the map is not made before it is needed. */
  private members: LuaValue[] | undefined = undefined
  /** No metatable and not readonly: assignments need no look at either. */
  plain = true
  private meta: LuaTable | undefined = undefined
  private locked = false
  /** What `__index` is, as long as `indexKnown`. */
  private index: LuaValue = undefined
  private indexKnown = false
  private sparse = false
  private removed = false
  private nodes: number
  private base: number
  private layout: Layout<TableKey> | undefined = undefined
  /** The order of the keys, for as long as no key comes and there is no layout. */
  private ordered: ReadonlyArray<TableKey | undefined> | undefined = undefined
  private visited = 0

  constructor(
    private capacity = 0,
    hashCount = 0,
    array: LuaValue[] = [],
  ) {
    this.array = array
    this.nodes = this.base = nodeCount(hashCount)
  }

  get id(): number {
    return this.known === 0 ? (this.known = ++identities) : this.known
  }

  /** The table of a constructor's list, which may hold nil. */
  static of(values: LuaValue[], capacity: number = values.length, hashCount = 0): LuaTable {
    const { length } = values
    const table = new LuaTable(capacity > length ? capacity : length, hashCount, values)
    for (let i = 0; i < length; i++) if (values[i] === undefined) table.sparse = true
    return table
  }

  /** A table that was empty and got these texts as keys, each followed by its value or nil; it keeps a short list. */
  static ofMembers(members: LuaValue[]): LuaTable {
    const table = new LuaTable()
    table.members = members
    table.nodes = nodeCount(members.length / 2)
    if (members.length > SCANNED_MAX) table.entered(members)
    return table
  }

  /** As `ofMembers`, of a map; it keeps the map. */
  static ofTexts(hash: Map<TableKey, LuaValue>): LuaTable {
    const table = new LuaTable()
    table.map = hash
    table.nodes = nodeCount(hash.size)
    return table
  }

  /** Assigns these values to 1, 2, .. one after another. */
  assign(values: ReadonlyArray<LuaValue>): this {
    for (let i = 0; i < values.length; i++) this.setNumber(i + 1, values[i])
    return this
  }

  /** A table that is arranged as this one, with the value of each integer key at its place in the list. */
  withValues(values: ReadonlyArray<LuaValue>): LuaTable {
    const { map, layout } = this
    const table = new LuaTable(this.capacity, 0, values.slice(0, this.array.length))
    table.nodes = this.nodes
    table.base = this.base
    table.sparse = this.sparse
    table.removed = this.removed
    table.layout = layout?.copy()
    if (map === undefined) return table
    table.map = new Map()
    for (const key of map.keys()) if (typeof key === "number") table.map.set(key, values[key - 1])
    return table
  }

  /** Whether there may be other keys than those of the array part. */
  get hashed(): boolean {
    return this.map !== undefined || this.members !== undefined
  }

  /** The map of what is not in the array part. */
  get hash(): Map<TableKey, LuaValue> | undefined {
    const { members } = this
    return members === undefined ? this.map : this.entered(members)
  }

  private entered(members: LuaValue[]): Map<TableKey, LuaValue> {
    if (members.includes(undefined)) return this.enteredInTurn(members)
    const map = new Map<TableKey, LuaValue>()
    for (let i = 0; i < members.length; i += 2) {
      const key = members[i]
      if (key !== undefined) map.set(key, members[i + 1])
    }
    this.members = undefined
    this.nodes = nodeCount(map.size)
    return (this.map = map)
  }

  /** A key that comes after a nil may take its node. */
  private enteredInTurn(members: LuaValue[]): Map<TableKey, LuaValue> {
    this.members = undefined
    this.nodes = 0
    for (let i = 0; i < members.length; i += 2) {
      const key = members[i]
      if (key !== undefined) this.setHash(key, members[i + 1])
    }
    return (this.map ??= new Map())
  }

  /** The value behind the last of equal keys. */
  private member(members: LuaValue[], key: string): LuaValue {
    for (let i = members.length - 2; i >= 0; i -= 2) if (members[i] === key) return members[i + 1]
    return undefined
  }

  get metatable(): LuaTable | undefined {
    return this.meta
  }

  set metatable(meta: LuaTable | undefined) {
    this.meta = meta
    this.plain = meta === undefined && !this.locked
  }

  get readonly(): boolean {
    return this.locked
  }

  set readonly(locked: boolean) {
    this.locked = locked
    this.plain = this.meta === undefined && !locked
  }

  // Reading, always raw ------------------------------------------------------------------------------------------------

  get(key: LuaValue): LuaValue {
    if (typeof key === "number") return this.getNumber(key)
    return key === undefined ? undefined : this.hash?.get(key)
  }

  getText(key: string): LuaValue {
    const { members } = this
    return members === undefined ? this.map?.get(key) : this.member(members, key)
  }

  getNumber(key: number): LuaValue {
    const i = (key | 0) - 1
    const array = this.array
    if (i + 1 === key && i >>> 0 < array.length) return array[i]
    return this.hash?.get(key)
  }

  /** The field `__index`, which metatables are asked for all the time. */
  get inheritance(): LuaValue {
    if (this.indexKnown) return this.index
    this.indexKnown = true
    return (this.index = this.getText("__index"))
  }

  /** Whether an assignment to this key finds a value to replace, so that no metatable is asked. */
  replaces(key: string): boolean {
    return !this.locked && this.hash?.get(key) !== undefined
  }

  /** `#` as Lua computes it: a border, found by binary search where there are several. */
  length(): number {
    const capacity = this.capacity
    const used = this.array.length
    if (capacity > 0 && (used < capacity || this.array[used - 1] === undefined)) {
      return this.sparse ? this.border(0, capacity, this.array) : used
    }
    if (this.nodes === 0) return capacity
    let low = capacity
    let high = capacity + 1
    while (this.getNumber(high) !== undefined) {
      low = high
      high *= 2
    }
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (this.getNumber(middle) === undefined) high = middle
      else low = middle
    }
    return low
  }

  private border(from: number, to: number, array: LuaValue[]): number {
    let low = from
    let high = to
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (middle > array.length || array[middle - 1] === undefined) high = middle
      else low = middle
    }
    return low
  }

  // Writing, always raw; keys must not be nil or NaN -------------------------------------------------------------------

  set(key: TableKey, value: LuaValue): void {
    if (typeof key === "number") this.setNumber(key, value)
    else this.setHash(key, value)
  }

  /** Makes room for a key that is not there. */
  reserve(key: TableKey): void {
    if (typeof key !== "string" || this.hash?.has(key) !== true) this.set(key, undefined)
  }

  setText(key: string, value: LuaValue): void {
    this.setHash(key, value)
  }

  setNumber(key: number, value: LuaValue): void {
    const i = (key | 0) - 1
    if (i + 1 === key && i >= 0) {
      const array = this.array
      if (i < array.length) {
        if (value !== undefined) array[i] = value
        else this.clear(i)
        return
      }
      if (i < this.capacity) {
        this.extend(i, value)
        return
      }
      if (i === array.length && this.nodes === 0 && !this.sparse && value !== undefined) {
        this.capacity = nodeCount(i + 1)
        array.push(value)
        return
      }
    }
    this.setHash(key, value)
  }

  /** Stores the list of a constructor that has keys too. Where the array part must grow, Lua places the keys anew. */
  fill(values: ReadonlyArray<LuaValue>): void {
    if (values.length > this.capacity) {
      this.move(this.hash ?? new Map(), values.length, this.nodes)
    }
    for (let i = 0; i < values.length; i++) this.setNumber(i + 1, values[i])
  }

  private clear(i: number): void {
    if (!this.sparse && i === this.array.length - 1) {
      this.array.pop()
      return
    }
    this.array[i] = undefined
    this.sparse = true
  }

  private extend(i: number, value: LuaValue): void {
    if (value === undefined) return
    const array = this.array
    if (i > array.length) {
      this.sparse = true
      while (array.length < i) array.push(undefined)
    }
    array.push(value)
  }

  private setHash(key: TableKey, value: LuaValue): void {
    if (this.indexKnown && key === "__index") this.indexKnown = false
    const hash = this.hash
    if (hash !== undefined && (hash.get(key) !== undefined || hash.has(key))) {
      hash.set(key, value)
      if (value === undefined) this.removed = true
      return
    }
    this.insert(key, value)
  }

  /** A key that is not there takes a node even if its value is nil. */
  private insert(key: TableKey, value: LuaValue): void {
    const hash = this.hash ?? (this.map = new Map())
    this.ordered = undefined
    if (this.removed && this.layout === undefined) this.layout = replay(hash.keys(), this.base)
    if (this.layout === undefined) {
      if (hash.size === this.nodes) {
        this.rebuild(key)
        this.set(key, value)
        return
      }
    } else if (!this.layout.insert(key, (other) => hash.get(other) !== undefined)) {
      this.rebuild(key)
      this.set(key, value)
      return
    } else if (this.layout.taken !== undefined) hash.delete(this.layout.taken)
    hash.set(key, value)
    if (value === undefined) this.removed = true
  }

  /** Gives both parts the sizes that Lua would choose now that `key` is to come. */
  private rebuild(key: Key): void {
    const bins = BINS
    for (let i = 0; i < bins.length; i++) bins[i] = 0
    let total = 1
    let integers = count(bins, key)
    for (let i = 0; i < this.array.length; i++) {
      if (this.array[i] === undefined) continue
      bins[binOf(i + 1)]++
      integers++
      total++
    }
    const hash = this.hash ?? new Map<TableKey, LuaValue>()
    for (const [other, value] of hash) {
      if (value === undefined) continue
      integers += count(bins, other)
      total++
    }
    const capacity = arraySize(bins, integers)
    for (let i = 0, power = 1; power <= capacity; i++, power *= 2) total -= bins[i]
    const nodes = nodeCount(total)
    if (capacity !== this.capacity || this.removed || this.layout !== undefined)
      this.move(hash, capacity, nodes)
    else this.nodes = nodes
  }

  private move(old: Map<TableKey, LuaValue>, capacity: number, nodes: number): void {
    // One key needs no order.
    const keys = this.layout?.keys ?? (old.size < 2 ? [...old.keys()] : replay(old.keys(), this.base).keys)
    this.map = nodes === 0 ? undefined : new Map()
    this.nodes = this.base = nodes
    this.layout = undefined
    this.removed = false
    this.capacity = capacity
    const beyond = this.array.length > capacity ? this.array.splice(capacity) : NO_VALUES
    for (let i = 0; i < beyond.length; i++) {
      if (beyond[i] !== undefined) this.setNumber(capacity + i + 1, beyond[i])
    }
    for (let i = keys.length - 1; i >= 0; i--) {
      const key = keys[i]
      const value = key === undefined ? undefined : old.get(key)
      if (key !== undefined && value !== undefined) this.set(key, value)
    }
    this.sparse = this.array.includes(undefined)
  }

  // Traversal ----------------------------------------------------------------------------------------------------------

  /**
   * The position after `position` that holds a value, or -1. Positions are those of the array part and then of the
   * nodes; a traversal starts from -1.
   */
  advance(position: number): number {
    const { array, capacity } = this
    let i = position + 1
    for (; i < array.length; i++) if (array[i] !== undefined) return i
    const hash = this.hash
    if (hash === undefined) return -1
    const keys = this.order(hash)
    for (i = Math.max(i - capacity, 0); i < keys.length; i++) {
      const key = keys[i]
      if (key !== undefined && hash.get(key) !== undefined) return i + capacity
    }
    return -1
  }

  /**
   * The position after `position`, at which `key` was met. If the table has been rebuilt since, the key is looked for
   * first; -2 when it is gone.
   */
  follow(position: number, key: LuaValue): number {
    if (position < 0 || this.keyAt(position) === key) return this.advance(position)
    const found = this.positionOf(key)
    return found < 0 ? -2 : this.advance(found)
  }

  keyAt(position: number): LuaValue {
    if (position < this.capacity) return position + 1
    return this.hash === undefined ? undefined : this.order(this.hash)[position - this.capacity]
  }

  valueAt(position: number): LuaValue {
    return position < this.capacity ? this.array[position] : this.get(this.keyAt(position))
  }

  /** Where `key` is, removed or not; -2 when it is nowhere. */
  positionOf(key: LuaValue): number {
    if (typeof key === "number" && key >= 1 && key <= this.capacity && Number.isInteger(key)) return key - 1
    const hash = this.hash
    if (hash === undefined || key === undefined || !hash.has(key)) return -2
    const keys = this.order(hash)
    let i = this.visited < keys.length ? this.visited : 0
    while (keys[i] !== key) i = i + 1 < keys.length ? i + 1 : 0
    this.visited = i
    return i + this.capacity
  }

  /** The keys of the hash part in the order of traversal, with those that were removed and with gaps. */
  keysInOrder(): ReadonlyArray<TableKey | undefined> {
    return this.hash === undefined ? NO_KEYS : this.order(this.hash)
  }

  private order(hash: Map<TableKey, LuaValue>): ReadonlyArray<TableKey | undefined> {
    return this.layout?.keys ?? (this.ordered ??= orderedKeys(hash, this.base))
  }
}

const count = (bins: Int32Array, key: Key): number => {
  const bin = typeof key === "number" ? binOf(key) : -1
  if (bin < 0) return 0
  bins[bin]++
  return 1
}
