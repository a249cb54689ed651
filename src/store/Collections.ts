/**
 * The handles and cursors that commands on sets and hashes share, so that no command makes its own. Whoever takes one
 * has it until it returns; nothing may be left attached across a yield.
 */
import type { Arena } from "../memory/Arena.js"
import { HashCursor, HashValue } from "./types/HashValue.js"
import { SetCursor, SetValue } from "./types/SetValue.js"
import { SortedSet } from "./types/SortedSetValue.js"

export class Collections {
  readonly set: SetValue
  /** A second set: the result of SINTERSTORE. */
  readonly otherSet: SetValue
  readonly setCursor: SetCursor
  /** Sets of a command with many keys; `operand` makes as many as are asked for. */
  readonly operands: Array<SetValue> = []
  readonly hash: HashValue
  readonly hashCursor: HashCursor

  readonly sortedSet: SortedSet
  /** A second sorted set: the result of ZUNIONSTORE. */
  readonly otherSortedSet: SortedSet
  private readonly sortedOperands: Array<SortedSet> = []

  constructor(private readonly arena: Arena) {
    this.sortedSet = new SortedSet(arena)
    this.otherSortedSet = new SortedSet(arena)
    this.set = new SetValue(arena)
    this.otherSet = new SetValue(arena)
    this.setCursor = new SetCursor(arena)
    this.hash = new HashValue(arena)
    this.hashCursor = new HashCursor(arena)
  }

  /** The i-th of the operands, counted from 0. */
  operand(i: number): SetValue {
    while (this.operands.length <= i) this.operands.push(new SetValue(this.arena))
    return this.operands[i]
  }

  /** The i-th of the sorted sets of a command with many keys, counted from 0. */
  sortedOperand(i: number): SortedSet {
    while (this.sortedOperands.length <= i) this.sortedOperands.push(new SortedSet(this.arena))
    return this.sortedOperands[i]
  }
}
