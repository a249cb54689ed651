/**
 * The account of an arena's live blocks: whoever owns blocks ticks each of them off, and in the end none may be left.
 *
 *     const account = new BlockAccount(arena)
 *     valueType.visitBlocks(arena, encoding, value, account.tick)
 *     account.close()
 *
 * What it finds: a block that nobody can reach any more (leaked), one that two owners hold, and a ref to what was freed.
 */
import type { Arena, Ref } from "./Arena.js"
import { RefSet } from "./RefSet.js"

export class BlockAccount {
  private readonly left = new RefSet()

  /** Checks the arena itself, too. */
  constructor(private readonly arena: Arena) {
    arena.checkInvariants((ref) => void this.left.add(ref))
  }

  /** An owner holds this block. */
  readonly tick = (ref: Ref): void => {
    if (!this.left.delete(ref)) throw new Error(`block ${ref} is held by two, or was freed`)
  }

  /** Every owner has been asked. */
  close(): void {
    const { first: ref, size } = this.left
    if (ref === undefined) return
    throw new Error(
      `${size} blocks are live and nobody holds them, ${ref} of ${this.arena.blockSize(ref)} bytes`,
    )
  }
}
