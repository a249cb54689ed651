/**
 * What the keyspace must be able to do with a value without knowing its type. One object a type, in store/types/.
 */
import type { Arena, Ref } from "../memory/Arena.js"
import type { Relocation } from "../memory/Relocation.js"

export interface ValueType {
  /**
   * Frees blocks of a value that is out of the keyspace, about `budget` elements at most, and answers the ref of what is
   * left, 0 when nothing is. Infinity frees all at once.
   */
  readonly freeStep: (arena: Arena, encoding: number, value: Ref, budget: number) => Ref
  /** Elements to free, roughly: above a limit the keyspace frees in slices. */
  readonly freeEffort: (arena: Arena, encoding: number, value: Ref) => number
  /** A deep copy of the value (COPY); answers the new value's ref, of the same encoding. */
  readonly copy: (arena: Arena, encoding: number, value: Ref) => Ref
  /** Bytes of arena the value takes, for MEMORY USAGE; at most `samples` elements are looked at (0 = all). */
  readonly bytes: (arena: Arena, encoding: number, value: Ref, samples: number) => number
  /**
   * Goes on moving the value's blocks out of chunks that are being emptied, from `r.at` on and as far as the step goes;
   * answers the value's ref, and says in `r.at` whether all is done.
   */
  readonly relocate: (r: Relocation, encoding: number, value: Ref) => Ref
  /** Calls `visit` once with each of the value's blocks, also when part of it was freed already. */
  readonly visitBlocks: (arena: Arena, encoding: number, value: Ref, visit: (ref: Ref) => void) => void
  /** Asserts the invariants of a stored value; throws on the first that does not hold. */
  readonly check: (arena: Arena, encoding: number, value: Ref) => void
}
