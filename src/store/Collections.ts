/**
 * The handles and cursors that commands on sets and hashes share, so that no command makes its own. Whoever takes one
 * has it until it returns; nothing may be left attached across a yield.
 */
import type { Arena } from "../memory/Arena.js"
import { HashCursor, HashValue } from "./types/HashValue.js"
import { SetCursor, SetValue } from "./types/SetValue.js"

export class Collections {
  readonly set: SetValue
  /** A second set: the destination of SMOVE, the result of SINTERSTORE. */
  readonly otherSet: SetValue
  readonly setCursor: SetCursor
  readonly hash: HashValue
  readonly hashCursor: HashCursor

  constructor(arena: Arena) {
    this.set = new SetValue(arena)
    this.otherSet = new SetValue(arena)
    this.setCursor = new SetCursor(arena)
    this.hash = new HashValue(arena)
    this.hashCursor = new HashCursor(arena)
  }
}
