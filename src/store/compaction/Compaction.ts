/**
 * Empties chunks of the arena: walks over all keys of all databases, step by step between commands, and moves the blocks
 * that lie in chunks which are to go (memory/Relocation.ts). A block does not know who holds it, so every key is visited,
 * as SCAN visits them: what is there from beginning to end is met, whatever is added, deleted or evicted meanwhile.
 *
 * A value of many blocks waits for its bucket's other keys, and is then moved in steps of its own; it is found again by its
 * key each time.
 *
 * Nothing is moved while a snapshot is open: the round ends, and what is left stays. So it does after a flush, and where
 * memory gives out. A round that ends before its time has done no harm: its chunks are used again.
 */
import { ArenaFullError, type Arena, type Ref } from "../../memory/Arena.js"
import { chunkOf, wordOf } from "../../memory/Ref.js"
import { Progress, Relocation } from "../../memory/Relocation.js"
import { relocateBucket, relocateHead } from "../../memory/table/TableRelocation.js"
import type { Database } from "../Database.js"
import {
  encodingOf,
  entryExpiry,
  entryKeyLength,
  entryKeyOffset,
  NO_EXPIRY,
  STRING_EXTERNAL,
  TYPE_STRING,
  typeOf,
  VALUE_WORD,
} from "../Entry.js"
import { valueTypes } from "../types/index.js"

/** Values of more elements than this are moved in steps of their own. */
const WHOLE_EFFORT_MAX = 256

interface Keys {
  readonly arena: Arena
  readonly databases: ReadonlyArray<Database>
}

/** A value of many blocks, to be moved in steps. */
interface Later {
  readonly db: Database
  readonly key: Uint8Array
  value: Ref
  readonly progress: Progress
}

export class Compaction {
  /** A round is under way. */
  running = false
  /** Keys visited of which something was moved, and of which nothing was. */
  keysMoved = 0
  keysKept = 0
  readonly relocation: Relocation
  private readonly whole = new Progress()
  private readonly later: Array<Later> = []
  /** Where the walk is: a database by its place in the list, whether it has begun there, and the cursor. */
  private index = 0
  private begun = false
  private cursor = 0
  private db: Database | undefined = undefined

  constructor(private readonly keys: Keys) {
    this.relocation = new Relocation(keys.arena)
  }

  /** Begins a round that is to empty these chunks. */
  begin(chunks: ReadonlyArray<number>): void {
    this.end()
    for (const chunk of chunks) this.keys.arena.leave(chunk)
    this.running = true
  }

  /** Ends the round, wherever it is. */
  end(): void {
    this.keys.arena.stayAll()
    this.running = false
    this.later.length = 0
    this.index = 0
    this.begun = false
    this.cursor = 0
    this.db = undefined
  }

  /** Looks at about `budget` blocks; the round may end with it. */
  step(budget: number): void {
    const r = this.relocation
    r.budget = budget
    try {
      while (this.running && !r.spent) this.goOn()
    } catch (cause) {
      // No memory for a block's twin: the block is where it was.
      if (!(cause instanceof ArenaFullError)) throw cause
      this.end()
    }
  }

  private goOn(): void {
    const { arena } = this.keys
    const [later] = this.later
    if (arena.snapshot !== undefined || arena.leavingCount === 0) this.end()
    else if (later !== undefined) this.moveLater(later)
    else this.moveBucket()
  }

  private moveBucket(): void {
    const r = this.relocation
    const db = this.keys.databases[this.index]
    if (db === undefined) return this.end()
    const { table } = db
    if (!this.begun) table.attach(relocateHead(r, table.ref))
    this.begun = true
    this.db = db
    this.cursor = relocateBucket(r, table.ref, this.cursor, this.entryAt)
    if (this.cursor !== 0) return
    this.begun = false
    this.index++
  }

  private readonly entryAt = (entry: Ref): Ref => {
    const r = this.relocation
    const { arena } = r
    const before = r.moved
    const to = r.move(entry)
    if (to !== entry && entryExpiry(arena, to) !== NO_EXPIRY) this.db?.wheel.moved(entry, to)
    const meta = arena.i32[chunkOf(to)][wordOf(to)]
    if (typeOf(meta) !== TYPE_STRING || encodingOf(meta) === STRING_EXTERNAL) this.moveValue(to, meta)
    if (r.moved === before) this.keysKept++
    else this.keysMoved++
    return to
  }

  private moveValue(entry: Ref, meta: number): void {
    const r = this.relocation
    const { arena } = r
    const words = arena.i32[chunkOf(entry)]
    const w = wordOf(entry) + VALUE_WORD
    const type = valueTypes[typeOf(meta)]
    if (type.freeEffort(arena, encodingOf(meta), words[w]) > WHOLE_EFFORT_MAX) return this.putOff(entry)
    const { budget, looked } = r
    r.budget = Infinity
    r.at = this.whole
    r.at.restart()
    words[w] = type.relocate(r, encodingOf(meta), words[w])
    r.budget = budget - (r.looked - looked)
  }

  private putOff(entry: Ref): void {
    const { arena } = this.keys
    const off = entryKeyOffset(arena, entry)
    const key = arena.u8[chunkOf(entry)].slice(off, off + entryKeyLength(arena, entry))
    if (this.db !== undefined) this.later.push({ db: this.db, key, value: 0, progress: new Progress() })
  }

  /** Goes on with the first of the values put off, which may be gone, or another, by now. */
  private moveLater(later: Later): void {
    const r = this.relocation
    const { arena } = r
    const { db, key, progress } = later
    const entry = db.table.find(key, 0, key.length)
    if (entry === 0) return void this.later.shift()
    const words = arena.i32[chunkOf(entry)]
    const w = wordOf(entry)
    const meta = words[w]
    const value = words[w + VALUE_WORD]
    const inline = typeOf(meta) === TYPE_STRING && encodingOf(meta) !== STRING_EXTERNAL
    // A value that took its place since has no block that needs moving.
    if (inline || (!progress.fresh && value !== later.value)) return void this.later.shift()
    r.at = progress
    later.value = words[w + VALUE_WORD] = valueTypes[typeOf(meta)].relocate(r, encodingOf(meta), value)
    if (progress.done) this.later.shift()
  }
}
