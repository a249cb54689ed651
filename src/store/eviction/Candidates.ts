/**
 * The best of the keys looked at so far, to be evicted one after another: what a look found and did not need is there for
 * the next.
 *
 * An entry is remembered by its ref and the bucket it was seen in. It may have moved, been freed or used since; so before it
 * is handed out its bucket is searched for it, which costs no hash, and its score is taken again.
 *
 * Invariant: scores ascend, so the best is the last.
 */
import type { Ref } from "../../memory/Arena.js"
import { hashOfEntry } from "../../memory/table/TableEntry.js"
import { bucketOfHash } from "../../memory/table/TableLayout.js"
import type { Database } from "../Database.js"

const ROOM = 32

export class Candidates {
  private count = 0
  private readonly databases: Array<Database | undefined> = Array.from({ length: ROOM })
  private readonly refs = new Int32Array(ROOM)
  private readonly buckets = new Int32Array(ROOM)
  private readonly scores = new Float64Array(ROOM)
  private sought: Ref = 0
  private found = false
  private readonly look = (ref: Ref): void => {
    if (ref === this.sought) this.found = true
  }
  /** The database of what was taken last. */
  from: Database | undefined = undefined

  /** @param scoreOf what an entry scores now */
  constructor(private readonly scoreOf: (db: Database, ref: Ref) => number) {}

  clear(): void {
    this.databases.fill(undefined)
    this.count = 0
    this.from = undefined
  }

  /**
   * @param bucket where the entry stands in the table, -1 where the caller does not know
   * @param score the higher, the sooner the entry is to go; the fraction is for those alike and is not looked at again
   */
  offer(db: Database, ref: Ref, bucket: number, score: number): void {
    const { scores } = this
    if (this.count === ROOM && score <= scores[0]) return
    for (let i = 0; i < this.count; i++) if (this.refs[i] === ref) return
    let at = this.count
    if (this.count < ROOM) {
      this.count++
      while (at > 0 && scores[at - 1] > score) this.move(at - 1, at--)
    } else {
      at = 0
      while (at + 1 < ROOM && scores[at + 1] < score) this.move(at + 1, at++)
    }
    this.databases[at] = db
    this.refs[at] = ref
    this.buckets[at] = bucket < 0 ? bucketOf(db, ref) : bucket
    scores[at] = score
  }

  private move(from: number, to: number): void {
    this.databases[to] = this.databases[from]
    this.refs[to] = this.refs[from]
    this.buckets[to] = this.buckets[from]
    this.scores[to] = this.scores[from]
  }

  /** Takes the best that is still what it was; 0 when there is none. `from` is its database. */
  take(): Ref {
    while (this.count > 0) {
      const i = --this.count
      const db = this.databases[i]
      this.databases[i] = undefined
      if (db === undefined || !this.stands(db, this.refs[i], this.buckets[i])) continue
      if (this.scoreOf(db, this.refs[i]) < Math.floor(this.scores[i])) continue
      this.from = db
      return this.refs[i]
    }
    return 0
  }

  private stands(db: Database, ref: Ref, bucket: number): boolean {
    if (bucket >= db.table.bucketCount) return false
    this.sought = ref
    this.found = false
    db.table.forEachInBucket(bucket, this.look)
    return this.found
  }
}

/** A table has between 2^k and 2^(k+1) buckets, and those beyond 2^k are split off the first. */
const bucketOf = (db: Database, ref: Ref): number => {
  const { bucketCount } = db.table
  const whole = 1 << (31 - Math.clz32(bucketCount))
  return bucketOfHash(hashOfEntry(db.keyspace.arena, ref), whole - 1, bucketCount - whole)
}
