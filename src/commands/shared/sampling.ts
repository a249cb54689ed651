/**
 * Drawing distinct elements of a collection for SPOP, SRANDMEMBER and HRANDFIELD: which of n, when they are walked in
 * order, and distinct blocks of a hash table, when few of many are wanted.
 */
import type { Ref } from "../../memory/Arena.js"

/** Selection sampling: of `left` elements that are still to come, `need` are wanted, every subset equally likely. */
export class Sampler {
  private left = 0
  private need = 0

  start(elements: number, wanted: number): void {
    this.left = elements
    this.need = wanted
  }

  /** Whether the next element is drawn. */
  take(random: (n: number) => number): boolean {
    const drawn = random(this.left--) < this.need
    if (drawn) this.need--
    return drawn
  }

  get done(): boolean {
    return this.need === 0
  }
}

/** Where a walk over all elements gets cheaper than drawing one by one and rejecting repeats. */
export const WALK_FRACTION = 3

/** `wanted` distinct blocks of those that `draw` yields; far fewer than there are, or it would not end soon. */
export const drawDistinct = (wanted: number, draw: () => Ref): Set<Ref> => {
  const drawn = new Set<Ref>()
  while (drawn.size < wanted) drawn.add(draw())
  return drawn
}
