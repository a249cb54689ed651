/**
 * The best of the keys looked at so far, to be evicted one after another: what a look found and did not need is there for
 * the next.
 *
 * An entry is remembered by its ref and the bucket it was seen in. It may have moved, been freed or used since; so before it
 * is handed out its bucket is searched for it, which costs no hash, and its score is taken again.
 *
 * Invariants: `order` holds each place of the other arrays once; of its first `count`, scores ascend, so the best is the
 * last. An entry may stand in it twice: when it has gone its bucket does not have it any more.
 */
import type { Ref } from "../../memory/Arena.js"
import { hashOfEntry } from "../../memory/table/TableEntry.js"
import type { Database } from "../Database.js"

const ROOM = 32

export class Candidates {
  private count = 0
  private readonly order = Uint8Array.from({ length: ROOM }, (_, place) => place)
  private readonly databases: Array<Database | undefined> = Array.from({ length: ROOM })
  private readonly refs = new Int32Array(ROOM)
  private readonly buckets = new Int32Array(ROOM)
  private readonly scores = new Float64Array(ROOM)
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
    const { order, scores } = this
    let at = this.count
    let place = order[at]
    if (at === ROOM) {
      place = order[0]
      if (score <= scores[place]) return
      for (at = 0; at + 1 < ROOM && scores[order[at + 1]] < score; at++) order[at] = order[at + 1]
    } else {
      this.count++
      for (; at > 0 && scores[order[at - 1]] > score; at--) order[at] = order[at - 1]
    }
    order[at] = place
    this.databases[place] = db
    this.refs[place] = ref
    this.buckets[place] = bucket < 0 ? db.table.bucketOf(hashOfEntry(db.keyspace.arena, ref)) : bucket
    scores[place] = score
  }

  /** Takes the best that is still what it was; 0 when there is none. `from` is its database. */
  take(): Ref {
    while (this.count > 0) {
      const i = this.order[--this.count]
      const db = this.databases[i]
      this.databases[i] = undefined
      if (db === undefined || !stands(db, this.refs[i], this.buckets[i])) continue
      if (this.scoreOf(db, this.refs[i]) < Math.floor(this.scores[i])) continue
      this.from = db
      return this.refs[i]
    }
    return 0
  }
}

const stands = ({ table }: Database, ref: Ref, bucket: number): boolean =>
  bucket < table.bucketCount && table.findIn(bucket, ref)
