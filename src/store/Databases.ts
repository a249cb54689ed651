/**
 * The databases of a keyspace by number: each is there from when it is first asked for, so that a server told to have a
 * hundred thousand takes no more memory than one that has one, and begins as fast.
 */
import { Database, type DatabaseOwner } from "./Database.js"

/** A lookup of one of the first so many is that of an array. */
const USUAL = 16

export class Databases implements Iterable<Database> {
  /** Those that exist, by number; the others are empty. */
  readonly made: Array<Database> = []
  private readonly usual = Array.from<Database | undefined>({ length: USUAL })
  private readonly further = new Map<number, Database>()

  /** @param count how many there are by number */
  constructor(
    private readonly keyspace: DatabaseOwner,
    readonly count: number,
  ) {
    this.make(0)
  }

  /** The database of a number, which must be below `count`. */
  at(index: number): Database {
    return this.usual[index] ?? this.further.get(index) ?? this.make(index)
  }

  [Symbol.iterator](): Iterator<Database> {
    return this.made[Symbol.iterator]()
  }

  private make(index: number): Database {
    if (index < 0 || index >= this.count) throw new Error(`no database ${index}`)
    const db = new Database(this.keyspace, index)
    if (index < USUAL) this.usual[index] = db
    else this.further.set(index, db)
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
