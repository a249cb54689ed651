/**
 * The order of keys of small tables, remembered. Tables of one kind get the same keys in the same sequence, as records
 * that a loop makes or a JSON text holds; where Lua would keep these keys depends on nothing else, so the layout is
 * replayed for the first such table only.
 *
 * A shape is a sequence of keys, a node in a tree of which each edge is one more key. What is remembered is bounded: the
 * number of keys of a table, the length of a key, and the number of shapes, with which all begin anew.
 */
import { type Key, replay } from "./Layout.js"

const KEYS_MAX = 24
const KEY_LENGTH_MAX = 64
const SHAPES_MAX = 4096
const NOT_QUOTABLE = /["\\]/

export class Shape {
  /** The shape with one more key that was asked for last. */
  last: Shape | undefined = undefined
  private others: Map<string | number, Shape> | undefined = undefined
  order: ReadonlyArray<string | number | undefined> | undefined = undefined
  /** Whether the key stands for itself between quotes. */
  readonly quotable: boolean

  constructor(
    /** The last key of the sequence. */
    readonly key: string | number,
    /** How many keys it has. */
    readonly size: number,
  ) {
    this.quotable = typeof key === "string" && !NOT_QUOTABLE.test(key)
  }

  /** The shape with one more key; one of which nothing is kept when there are too many keys, or too long ones. */
  with(key: string | number): Shape {
    const { last } = this
    if (last !== undefined && last.key === key) return last
    if (this.size >= KEYS_MAX || (typeof key === "string" && key.length > KEY_LENGTH_MAX)) {
      return new Shape(key, KEYS_MAX)
    }
    if (last !== undefined) (this.others ??= new Map()).set(last.key, last)
    const next = this.others?.get(key) ?? made(key, this.size + 1)
    this.last = next
    return next
  }
}

let count = 0
let roots = new Map<number, Shape>()

const made = (key: string | number, size: number): Shape => {
  if (++count > SHAPES_MAX) {
    count = 0
    roots = new Map()
  }
  return new Shape(typeof key === "string" && key.length > SLICE_MIN ? copied(key) : key, size)
}

/** Longer parts of a string are kept by V8 as views, with all of the text they were cut from. */
const SLICE_MIN = 12

const copied = (text: string): string => {
  const codes: number[] = []
  for (let i = 0; i < text.length; i++) codes.push(text.charCodeAt(i))
  return String.fromCharCode(...codes)
}

/** The shape without keys of tables that were made for `base` nodes. */
export const rootShape = (base: number): Shape => {
  let root = roots.get(base)
  if (root === undefined) roots.set(base, (root = new Shape("", 0)))
  return root
}

const namesOf = (keys: Iterable<Key>): Array<string | number> => {
  const names: Array<string | number> = []
  for (const key of keys) if (typeof key === "string" || typeof key === "number") names.push(key)
  return names
}

/** The keys of `hash` in the order of the nodes, as `replay(hash.keys(), base)` places them. */
export const orderedKeys = <K extends Key>(
  hash: ReadonlyMap<K, unknown>,
  base: number,
): ReadonlyArray<K | string | number | undefined> => {
  if (hash.size > KEYS_MAX) return replay(hash.keys(), base).keys
  let shape = rootShape(base)
  for (const key of hash.keys()) {
    if (typeof key !== "string" && typeof key !== "number") return replay(hash.keys(), base).keys
    shape = shape.with(key)
  }
  return (shape.order ??= replay(namesOf(hash.keys()), base).keys)
}
