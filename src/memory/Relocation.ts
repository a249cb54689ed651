/**
 * Moving live blocks out of chunks that are being emptied (ArenaPages.ts), a step at a time.
 *
 * No block knows who holds it. So whoever walks a structure asks here about each ref it finds, and puts the answer in its
 * place: the ref itself mostly, else that of a block of the same size elsewhere with the same contents. Every structure has
 * its walk (TableRelocation.ts, ListRelocation.ts, ...), which moves its blocks in steps of `budget` and goes on from `at`.
 *
 *     owner's word = relocation.move(owner's word)
 *
 * A walk may miss blocks where its structure changes between two steps: they stay where they are, and their chunk with them.
 *
 * Invariants: no snapshot is open, so blocks are written without arena.willWrite; each block is moved by its one owner, and
 * where a second ref leads to it that is changed in the same step; nobody holds a ref across a step.
 */
import { StreamId } from "../bytes/StreamId.js"
import type { Arena, Ref } from "./Arena.js"
import { chunkOf } from "./Ref.js"

/** How far the walk over one value has come. */
export class Progress {
  /** Nothing of the value was looked at. */
  fresh = true
  /** Parts of the value that are done; each type counts its own. */
  part = 0
  /** Where in the present part: a cursor, a rank, an index. */
  cursor = 0
  readonly id: StreamId = new StreamId()
  /** All of the value was looked at. */
  done = false

  restart(): void {
    this.fresh = true
    this.done = false
    this.nextPart(0)
  }

  nextPart(part: number): void {
    this.part = part
    this.cursor = 0
    this.id.setZero()
  }
}

export class Relocation {
  /** Blocks that this step may still look at. */
  budget = 0
  /** Blocks looked at, and those of them that were moved, in all. */
  looked = 0
  moved = 0
  /** Where the walk over the value at hand goes on. */
  at: Progress = new Progress()

  constructor(readonly arena: Arena) {}

  get spent(): boolean {
    return this.budget <= 0
  }

  /** Whether the block is to move. */
  leaves(ref: Ref): boolean {
    this.budget--
    this.looked++
    return this.arena.leaving[chunkOf(ref)] !== 0
  }

  /** Where the block lies from now on; the caller writes it where it found `ref`. */
  move(ref: Ref): Ref {
    if (!this.leaves(ref)) return ref
    const twin = this.twin(ref)
    this.arena.free(ref)
    return twin
  }

  /** For a block that leaves and is known in more than one place: its twin, as long as both are there. */
  twin(ref: Ref): Ref {
    const twin = this.arena.twin(ref)
    this.moved++
    return twin
  }
}
