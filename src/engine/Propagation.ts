/**
 * What a command leaves in the command log, which feeds replicas and change streams.
 *
 * A write goes in as it came. A handler may say otherwise before it returns: nothing, other commands instead, or further
 * commands after it. What one command (or one transaction) leaves is one unit: more than one command is wrapped in
 * MULTI / EXEC. With no consumer the log is inactive and nothing here is built; handlers test `active` first.
 */
import type { CommandArgument } from "../resp/CommandEncoder.js"
import { type CommandLog, TO_ALL } from "./CommandLog.js"

interface Entry {
  readonly database: number
  readonly args: ReadonlyArray<CommandArgument>
  /** Kinds of readers that hear of it. */
  readonly kinds: number
}

const MULTI: ReadonlyArray<CommandArgument> = ["MULTI"]
const EXEC: ReadonlyArray<CommandArgument> = ["EXEC"]

export class Propagation {
  /** "as is" until the handler says otherwise. */
  private mode: "verbatim" | "instead" | "nothing" | "uncounted" = "verbatim"
  private readonly before: Array<Entry> = []
  private readonly entries: Array<Entry> = []
  /** Inside EXEC or a script, units are held back and leave together. */
  private readonly held: Array<Entry> = []
  private depth = 0
  private single = false
  /** Calls of `uncounted` since the start. */
  uncountedChanges = 0
  /** Kinds of readers that hear of what commands do, as a script has said; what they found expired is told to all. */
  kinds = TO_ALL

  constructor(readonly log: CommandLog) {}

  get active(): boolean {
    return this.log.active
  }

  /** The command in progress leaves nothing. */
  nothing(): void {
    this.mode = "nothing"
  }

  /** The command in progress leaves itself even if it counts no change, as where redis-server does not count one. */
  uncounted(): void {
    this.uncountedChanges++
    if (this.active) this.mode = "uncounted"
  }

  /** The command in progress leaves this instead of itself; further calls add commands. */
  instead(database: number, ...args: ReadonlyArray<CommandArgument>): void {
    this.mode = "instead"
    this.entries.push({ database, args: args.map(keep), kinds: this.kinds })
  }

  /** The command in progress leaves this after itself (or after what stands in its place). */
  also(database: number, ...args: ReadonlyArray<CommandArgument>): void {
    this.entries.push({ database, args: args.map(keep), kinds: this.kinds })
  }

  /** As `also`, for these kinds of readers only. */
  alsoTo(kinds: number, database: number, ...args: ReadonlyArray<CommandArgument>): void {
    const wanted = kinds & this.kinds
    if ((wanted & this.log.kinds) !== 0) this.entries.push({ database, args: args.map(keep), kinds: wanted })
  }

  /** A consequence that comes before the command in progress: the DEL of a key found expired. */
  first(database: number, ...args: ReadonlyArray<CommandArgument>): void {
    this.before.push({ database, args: args.map(keep), kinds: TO_ALL })
  }

  /** What the command in progress leaves goes out as single commands, not as one unit: keys that SCAN found expired. */
  separately(): void {
    this.single = true
  }

  /** Whether anything waits to be flushed without a command of its own (expiry, eviction). */
  get waiting(): boolean {
    return this.before.length > 0 || this.entries.length > 0
  }

  /** What the command in progress leaves goes out later, with what is around it. */
  get nested(): boolean {
    return this.depth > 0
  }

  /** Everything until the matching `endUnit` leaves as one unit (EXEC, scripts). */
  beginUnit(): void {
    this.depth++
  }

  endUnit(): void {
    if (--this.depth > 0 || this.held.length === 0) return
    const unit = this.held.splice(0)
    this.emit(unit)
  }

  /**
   * Ends a command: writes what it leaves to the log. `changed` says whether it changed anything by itself; `args`
   * yields its own arguments, called only when they are needed.
   */
  finish(database: number, changed: boolean, args: () => ReadonlyArray<CommandArgument>): void {
    const unit = this.before.splice(0)
    const { kinds } = this
    if ((kinds & this.log.kinds) === 0) {
      this.mode = "nothing"
      this.entries.length = 0
    }
    if (this.mode === "uncounted" || (this.mode === "verbatim" && changed))
      unit.push({ database, args: args(), kinds })
    unit.push(...this.entries.splice(0))
    this.mode = "verbatim"
    if (this.depth > 0) this.held.push(...unit)
    else if (this.single) for (const e of unit) this.log.append(e.database, e.args, e.kinds)
    else this.emit(unit)
    this.single = false
  }

  /** Whether finishing the command in progress is just its own bytes: the fast path of plain writes. */
  get plain(): boolean {
    return (
      this.mode === "verbatim" && this.depth === 0 && this.before.length === 0 && this.entries.length === 0
    )
  }

  /** Forgets what the command in progress said; for commands that were refused. Keys that it found expired are gone. */
  reset(): void {
    this.mode = "verbatim"
    this.single = false
    this.entries.length = 0
  }

  /** Forgets everything that waits: the history it belongs to has ended. */
  forget(): void {
    this.reset()
    this.before.length = 0
    this.held.length = 0
  }

  private emit(unit: ReadonlyArray<Entry>): void {
    if (unit.length === 0) return
    const isBlock = unit.length > 1
    if (isBlock) this.log.append(unit[0]?.database ?? -1, MULTI)
    for (const e of unit) this.log.append(e.database, e.args, e.kinds)
    if (isBlock) this.log.append(-1, EXEC)
  }
}

/** Arguments may be views of the input or the arena, which change before the log is written. */
const keep = (arg: CommandArgument): CommandArgument =>
  arg instanceof Uint8Array ? Uint8Array.from(arg) : arg
