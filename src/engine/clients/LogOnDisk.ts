/**
 * How much of what was logged is on the disk, for those who wait for that: WAITAOF, and a replica's word to its master. The
 * append-only file keeps it.
 *
 * Its positions are those of the file's log (ReplyHold.ts). What they are as offsets of the replication stream is known
 * where both were noted in one turn, between two batches.
 */
interface Mark {
  readonly position: number
  readonly offset: number
}

interface DiskListener {
  /** More is on the disk, or a file is kept no longer. */
  synced(): void
}

/** Groups whose offsets are told apart, while they are not synced. */
const MARKS_MAX = 1024

export class LogOnDisk {
  /** A file is kept, of whatever worth. */
  kept = false
  /** Everything before this position is on the disk; -1 = nothing is known to be. */
  position = -1
  /** The same as an offset of the replication stream. */
  private offset = -1
  readonly listeners: Array<DiskListener> = []
  private marks: Array<Mark> = []

  /** Notes that what is logged so far is what the stream had changed at this offset. */
  mark(position: number, offset: number): void {
    const last = this.marks.at(-1)
    if (last?.position === position || this.marks.length === MARKS_MAX) this.marks.pop()
    this.marks.push({ position, offset })
  }

  /** The offset up to which all is on the disk, where the stream is at `offset` now and the log at `logged`. */
  reachedOf(offset: number, logged: number): number {
    return this.position >= logged ? offset : this.offset
  }

  /** Another data set is there: nothing of it is on the disk. */
  begin(): void {
    this.marks = []
    this.position = this.offset = -1
  }

  reached(position: number): void {
    if (position <= this.position && this.marks.length === 0) return
    this.position = Math.max(this.position, position)
    let passed = 0
    for (const mark of this.marks) {
      if (mark.position > position) break
      this.offset = mark.offset
      passed++
    }
    if (passed > 0) this.marks.splice(0, passed)
    this.tell()
  }

  keep(kept: boolean): void {
    if (kept === this.kept) return
    this.kept = kept
    this.tell()
  }

  private tell(): void {
    for (const listener of this.listeners) listener.synced()
  }
}
