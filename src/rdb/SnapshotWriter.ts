/**
 * Carries out a snapshot job: writes the whole file, a number of keys at a time, on whatever thread.
 *
 *     const writer = new SnapshotWriter(job, buffer, flush)
 *     while (writer.step(1000)) ...
 */
import { FrozenTableWalk } from "../memory/FrozenTable.js"
import { FrozenReader } from "../memory/Snapshot.js"
import { type Flush, RdbOutput } from "./RdbOutput.js"
import { RdbWriter } from "./RdbWriter.js"
import type { SnapshotJob } from "./SnapshotJob.js"

export class SnapshotWriter {
  /** Keys written so far. */
  keys = 0
  private readonly reader: FrozenReader
  private readonly out: RdbOutput
  private readonly writer: RdbWriter
  private readonly walk = new FrozenTableWalk()
  private database = -1
  private done = false

  constructor(
    private readonly job: SnapshotJob,
    buffer: Uint8Array,
    flush: Flush,
  ) {
    this.reader = new FrozenReader(job.handle)
    this.out = new RdbOutput(buffer, flush, job.compression, job.checksum)
    this.writer = new RdbWriter(this.out, this.reader, job.access, job.now)
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.out.written
  }

  /** Writes on, `keys` keys or as many bytes; false once the file is complete and flushed. */
  step(keys: number, bytes = Infinity): boolean {
    if (this.done) return false
    if (this.database < 0) {
      this.writer.header(this.job.aux, this.job.libraries)
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
    while (this.database < this.job.databases.length) {
      const entry = this.walk.next()
      if (entry !== 0) return entry
      this.openDatabase(this.database + 1)
    }
    return 0
  }

  private openDatabase(index: number): void {
    this.database = index
    const db = this.job.databases[index]
    if (db === undefined) return
    this.writer.database(db)
    this.walk.open(this.reader, db.table)
  }
}
