/**
 * The databases of a keyspace by number: the usual sixteen are there from the start, the others when they are first asked
 * for, so that a server told to have a hundred thousand takes no more memory than one that has sixteen.
 */
import { Database, type DatabaseOwner } from "./Database.js"

/** So many are made at once: a lookup of one of them is that of an array. */
const READY = 16

export class Databases implements Iterable<Database> {
  /** Those that exist, by number; the others are empty. */
  readonly made: Array<Database> = []
  private readonly ready: ReadonlyArray<Database>
  private readonly further = new Map<number, Database>()

  /** @param count how many there are by number */
  constructor(
    private readonly keyspace: DatabaseOwner,
    readonly count: number,
  ) {
    this.ready = Array.from({ length: Math.min(count, READY) }, (_, i) => new Database(keyspace, i))
    this.made.push(...this.ready)
  }

  /** The database of a number, which must be below `count`. */
  at(index: number): Database {
    return this.ready[index] ?? this.further.get(index) ?? this.make(index)
  }

  [Symbol.iterator](): Iterator<Database> {
    return this.made[Symbol.iterator]()
  }

  private make(index: number): Database {
    if (index < 0 || index >= this.count) throw new Error(`no database ${index}`)
    const db = new Database(this.keyspace, index)
    this.further.set(index, db)
    let low = 0
    for (let high = this.made.length; low < high;) {
      const middle = (low + high) >>> 1
      if (this.made[middle].id < index) low = middle + 1
      else high = middle
    }
    this.made.splice(low, 0, db)
    return db
  }
}
