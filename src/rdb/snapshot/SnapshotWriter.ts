/**
 * Carries out a snapshot job: writes the whole file, a number of keys at a time, on whatever thread.
 *
 *     const writer = new SnapshotWriter(job, buffer, flush)
 *     while (writer.step(1000)) ...
 */
import { FrozenTableWalk } from "../../memory/table/FrozenTable.js"
import type { Ref } from "../../memory/Arena.js"
import { FrozenReader } from "../../memory/Snapshot.js"
import { type Flush, RdbOutput } from "../encode/RdbOutput.js"
import { RdbWriter } from "../encode/RdbWriter.js"
import { CommandWriter } from "../rewrite/CommandWriter.js"
import { TYPE_STRING } from "../../store/Entry.js"
import type { SnapshotDatabase, SnapshotJob } from "./SnapshotJob.js"

/** Word of an entry that holds its value's ref. */
const VALUE_WORD = 2
/** Entries looked up together: their memory is waited for once, not one after another. */
const AHEAD = 32

/** Writes the parts of a file, in order. */
interface RecordWriter {
  header(aux: ReadonlyArray<readonly [string, string]>, libraries: ReadonlyArray<Uint8Array>): void
  database(db: SnapshotDatabase): void
  /** An entry of the database. */
  record(entry: Ref): void
  end(): void
}

export class SnapshotWriter {
  /** Keys written so far. */
  keys = 0
  private readonly reader: FrozenReader
  private readonly out: RdbOutput
  private readonly writer: RecordWriter
  private readonly walk = new FrozenTableWalk()
  /** Entries that come next, and room for what they say of their values. */
  private readonly ahead = new Int32Array(AHEAD)
  private readonly metas = new Int32Array(AHEAD)
  private readonly values = new Int32Array(AHEAD)
  private aheadCount = 0
  private aheadAt = 0
  private database = -1
  private done = false

  private readonly databases: SnapshotJob["databases"]
  private readonly aux: SnapshotJob["aux"]
  private libraries: SnapshotJob["libraries"]

  constructor(job: SnapshotJob, buffer: Uint8Array, flush: Flush) {
    this.databases = job.databases
    this.aux = job.aux
    this.libraries = job.libraries
    this.reader = new FrozenReader(job.handle)
    const isRdb = job.form === "rdb"
    this.out = new RdbOutput(buffer, flush, job.compression, isRdb && job.checksum)
    this.writer = isRdb
      ? new RdbWriter(this.out, this.reader, job.access, job.now, job.countDecay)
      : new CommandWriter(this.out, this.reader, job.timestamp ? Math.floor(job.now / 1000) : undefined)
  }

  /** Holds nothing of the arena any more, and writes nothing. */
  letGo(): void {
    this.done = true
    this.libraries = []
    this.reader.letGo()
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.out.written
  }

  /** Writes on, `keys` keys or as many bytes; false once the file is complete and flushed. */
  step(keys: number, bytes = Infinity): boolean {
    if (this.done) return false
    if (this.database < 0) {
      this.writer.header(this.aux, this.libraries)
      this.openDatabase(0)
    }
    const stop = this.out.written + bytes
    for (let left = keys; left > 0 && this.out.written < stop; left--) {
      const entry = this.nextEntry()
      if (entry === 0) {
        this.writer.end()
        this.out.flushNow()
        this.done = true
        return false
      }
      this.writer.record(entry)
      this.keys++
    }
    return true
  }

  private nextEntry(): number {
    while (this.aheadAt === this.aheadCount) {
      if (this.database >= this.databases.length) return 0
      this.lookAhead()
      if (this.aheadCount === 0) this.openDatabase(this.database + 1)
    }
    return this.ahead[this.aheadAt++]
  }

  /** Fetches the next entries of the database at hand, none when it has no more. */
  private lookAhead(): void {
    const { ahead, metas, values, walk, reader } = this
    let n = 0
    while (n < AHEAD) {
      const entry = walk.next()
      if (entry === 0) break
      ahead[n++] = entry
    }
    this.aheadAt = 0
    this.aheadCount = n
    reader.foresee(ahead, n, 0, metas)
    reader.foresee(ahead, n, VALUE_WORD, values)
    let m = 0
    for (let k = 0; k < n; k++) {
      // Strings lie in the entry itself, but for long ones; the others have a block of their own.
      if (((metas[k] >>> 3) & 7) !== TYPE_STRING) values[m++] = values[k]
    }
    if (m > 0) reader.foresee(values, m, 0, metas)
  }

  private openDatabase(index: number): void {
    this.database = index
    const db = this.databases[index]
    if (db === undefined) return
    this.writer.database(db)
    this.walk.open(this.reader, db.table)
  }
}
