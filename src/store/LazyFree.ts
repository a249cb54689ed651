/**
 * Values that nobody sees any more, and their way back into the arena: at once where they are small, else in slices.
 *
 * What is cut off last is freed first: of a whole keyspace's table only one bucket's large values ever wait beside it.
 */
import type { Arena, Ref } from "../memory/Arena.js"
import { HashTable } from "../memory/table/HashTable.js"
import { BUCKET_ENTRIES } from "../memory/table/TableLayout.js"
import { entryEncoding, entryType, entryValue, STRING_EXTERNAL, TYPE_STRING } from "./Entry.js"
import { KEYSPACE_TABLE, valueTypes } from "./types/index.js"

/** Elements of a collection above which UNLINK and the like free it in slices. */
const LAZY_EFFORT_MIN = 64
/**
 * Elements above which a value is freed in slices whatever the policy says: some tenths of a millisecond, longer than any
 * one command should hold the others up. Nobody can tell, but for memory that comes back a moment later.
 */
const SYNC_EFFORT_MAX = 2000

interface Job {
  readonly type: number
  readonly encoding: number
  value: Ref
  /** What it counts for among those freed in slices. */
  readonly objects: number
}

export class LazyFree {
  private readonly jobs: Array<Job> = []
  private readonly entries = new Int32Array(BUCKET_ENTRIES)
  /** Elements the present slice may still free. */
  private left = 0

  /** @param stats counts the objects freed in slices because somebody asked for it */
  constructor(
    private readonly arena: Arena,
    private readonly stats: { lazyFreedObjects: number },
  ) {}

  /** Values waiting. */
  get pending(): number {
    return this.jobs.length
  }

  /** Frees a value's blocks now. */
  now(type: number, encoding: number, value: Ref): void {
    if (type === TYPE_STRING) {
      if (encoding === STRING_EXTERNAL) this.arena.free(value)
      return
    }
    valueTypes[type].freeStep(this.arena, encoding, value, Infinity)
  }

  /** Frees a value's blocks, in slices when there are many: sooner so if the policy is `lazy`. */
  release(type: number, encoding: number, value: Ref, lazy: boolean): void {
    const most = lazy ? LAZY_EFFORT_MIN : SYNC_EFFORT_MAX
    if (type === TYPE_STRING || valueTypes[type].freeEffort(this.arena, encoding, value) <= most)
      this.now(type, encoding, value)
    else this.jobs.push({ type, encoding, value, objects: lazy ? 1 : 0 })
  }

  /** Frees a table of the keyspace's and its entries in slices, the first of which is now unless it is `lazy`. */
  releaseTable(table: Ref, keys: number, lazy: boolean): void {
    this.jobs.push({ type: KEYSPACE_TABLE, encoding: 0, value: table, objects: lazy ? keys : 0 })
    if (!lazy) this.slice(SYNC_EFFORT_MAX)
  }

  /** Frees about `budget` elements of what waits; answers whether any is left. */
  slice(budget: number): boolean {
    this.left = budget
    const { jobs } = this
    while (jobs.length > 0 && this.left > 0) {
      const at = jobs.length - 1
      const job = jobs[at]
      job.value = job.type === KEYSPACE_TABLE ? this.drainBucket(job.value) : this.step(job)
      if (job.value !== 0) continue
      jobs.splice(jobs.indexOf(job), 1)
      this.stats.lazyFreedObjects += job.objects
    }
    return jobs.length > 0
  }

  private step(job: Job): Ref {
    const budget = this.left
    this.left = 0
    return valueTypes[job.type].freeStep(this.arena, job.encoding, job.value, budget)
  }

  private drainBucket(value: Ref): Ref {
    const left = new HashTable(this.arena).attach(value).drain(1, this.entries, this.freeEntries)
    return left ? value : 0
  }

  private readonly freeEntries = (_arena: Arena, entries: Int32Array, count: number): void => {
    for (let i = 0; i < count; i++) this.freeEntry(entries[i])
  }

  private freeEntry(entry: Ref): void {
    const { arena } = this
    const type = entryType(arena, entry)
    const encoding = entryEncoding(arena, entry)
    this.left--
    if (type !== TYPE_STRING) this.freeMember(type, encoding, entryValue(arena, entry))
    else if (encoding === STRING_EXTERNAL) arena.free(entryValue(arena, entry))
    arena.free(entry)
  }

  private freeMember(type: number, encoding: number, value: Ref): void {
    const effort = valueTypes[type].freeEffort(this.arena, encoding, value)
    if (effort > LAZY_EFFORT_MIN) {
      this.jobs.push({ type, encoding, value, objects: 0 })
      return
    }
    this.left -= effort
    this.now(type, encoding, value)
  }

  /** Frees all that waits; answers whether anything did. */
  all(): boolean {
    if (this.jobs.length === 0) return false
    while (this.slice(Infinity));
    return true
  }

  /** Forgets what waits, the arena's blocks having gone as a whole. */
  clear(): void {
    for (const job of this.jobs) this.stats.lazyFreedObjects += job.objects
    this.jobs.length = 0
  }

  /** Calls `visit` once with each block that is still to be freed. */
  visitBlocks(visit: (ref: Ref) => void): void {
    for (const { type, encoding, value } of this.jobs)
      valueTypes[type].visitBlocks(this.arena, encoding, value, visit)
  }
}
