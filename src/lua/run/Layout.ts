/**
 * Where Lua 5.1 would keep each key of a table's hash part. Only this decides the order in which `pairs` and cjson see
 * the keys and, once keys have been removed, when the table grows.
 *
 * A layout has 2^k nodes. A key's main position is its hash modulo the size. A new key whose main position is taken
 * needs a free node, looked for from the top downwards by a pointer that never returns. If the node in its way is itself
 * out of its main position, that node moves to the free one; otherwise the new key goes there. Keys of one main position
 * are chained by `next`. A node whose value was removed keeps its key and its place until another key has its main
 * position there. Without a free node the table is rebuilt.
 *
 * Worked example: four nodes, keys of hashes 1, 1, 3. The first goes to node 1. The second collides and takes node 3,
 * the highest free one. The third finds node 3 held by a key of main position 1, which moves to node 2. Order: first,
 * second, third (nodes 1, 2, 3).
 */

/** A key that is compared by identity; `id` stands for its address. */
export interface Identity {
  readonly id: number
}

export type Key = string | number | boolean | Identity

const halves = new Uint32Array(2)
const double = new Float64Array(halves.buffer)

/** Lua's hash of a string, over all of its bytes. */
const hashText = (text: string): number => {
  let h = text.length | 0
  for (let i = text.length - 1; i >= 0; i--) h ^= (h << 5) + (h >>> 2) + text.charCodeAt(i)
  return h >>> 0
}

const mainPosition = (key: Key, size: number): number => {
  if (typeof key === "string") return hashText(key) & (size - 1)
  if (typeof key === "number") {
    if (key === 0) return 0
    double[0] = key
    return ((halves[0] + halves[1]) >>> 0) % ((size - 1) | 1)
  }
  if (typeof key === "boolean") return (key ? 1 : 0) & (size - 1)
  return ((key.id * 40) >>> 0) % ((size - 1) | 1)
}

export class Layout<K extends Key> {
  readonly keys: (K | undefined)[] = []
  /** Mostly of few nodes, and then a list is made much faster than an Int32Array. */
  private readonly next: number[] = []
  private free: number
  taken: K | undefined = undefined

  constructor(
    readonly size: number,
    like?: Layout<K>,
  ) {
    for (let i = 0; i < size; i++) {
      this.keys.push(like?.keys[i])
      this.next.push(like === undefined ? -1 : like.next[i])
    }
    this.free = like === undefined ? size : like.free
  }

  copy(): Layout<K> {
    return new Layout<K>(this.size, this)
  }

  /**
   * Places a new key; `alive` tells whether a key still has a value. Answers false when there is no room. When the key
   * took over the node of a removed one, that one is in `taken`: nothing is left of it.
   */
  insert(key: K, alive: (key: K) => boolean): boolean {
    this.taken = undefined
    if (this.size === 0) return false
    const main = mainPosition(key, this.size)
    const there = this.keys[main]
    if (there === undefined || !alive(there)) {
      this.keys[main] = key
      this.taken = there
      return true
    }
    const free = this.freeNode()
    if (free < 0) return false
    let other = mainPosition(there, this.size)
    if (other === main) {
      this.keys[free] = key
      this.next[free] = this.next[main]
      this.next[main] = free
      return true
    }
    while (this.next[other] !== main) other = this.next[other]
    this.next[other] = free
    this.keys[free] = there
    this.next[free] = this.next[main]
    this.keys[main] = key
    this.next[main] = -1
    return true
  }

  private freeNode(): number {
    while (this.free > 0) {
      this.free--
      if (this.keys[this.free] === undefined) return this.free
    }
    this.free = -1
    return -1
  }
}

const always = (): boolean => true

/**
 * The layout of a table that started with `size` nodes and was given `keys` in this order, growing when full; none of
 * them may have been removed before the last was inserted.
 */
export const replay = <K extends Key>(keys: Iterable<K>, size: number): Layout<K> => {
  let layout = new Layout<K>(size)
  let count = 0
  for (const key of keys) {
    if (count === layout.size) layout = regrown(layout, layout.size === 0 ? 1 : layout.size * 2)
    layout.insert(key, always)
    count++
  }
  return layout
}

const regrown = <K extends Key>(old: Layout<K>, size: number): Layout<K> => {
  const layout = new Layout<K>(size)
  for (let i = old.size - 1; i >= 0; i--) {
    const key = old.keys[i]
    if (key !== undefined) layout.insert(key, always)
  }
  return layout
}

/**
 * The size of the array part that Lua chooses: the greatest power of two of which more than half is in use. `bins[i]`
 * counts the integer keys in (2^(i-1), 2^i]; `total` is their sum.
 */
export const arraySize = (bins: Int32Array, total: number): number => {
  let seen = 0
  let size = 0
  for (let i = 0, power = 1; power / 2 < total && i < bins.length; i++, power *= 2) {
    seen += bins[i]
    if (bins[i] > 0 && seen > power / 2) size = power
    if (seen === total) break
  }
  return size
}

/** The bin of an integer key, -1 for what can never be in an array part. */
export const binOf = (key: number): number =>
  key >= 1 && key <= 0x4000000 && Number.isInteger(key) ? 32 - Math.clz32(key - 1) : -1

/** The number of nodes for `count` keys. */
export const nodeCount = (count: number): number => {
  if (count <= 1) return count
  const power = 32 - Math.clz32(count - 1)
  return power < 31 ? 1 << power : 2 ** power
}
