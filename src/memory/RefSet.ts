/** A set of refs, a bit a place of a block: what checks of a whole arena keep of each of its blocks. */
import type { Ref } from "./Ref.js"

const PAGE_SHIFT = 13
const UNIT_MASK = 0x1fff
const WORDS_PER_PAGE = 256

export class RefSet {
  size = 0
  private readonly pages: Array<Int32Array | undefined> = []

  /** Answers false for one that is there. */
  add(ref: Ref): boolean {
    const bits = (this.pages[ref >>> PAGE_SHIFT] ??= new Int32Array(WORDS_PER_PAGE))
    const unit = ref & UNIT_MASK
    const bit = 1 << (unit & 31)
    if ((bits[unit >>> 5] & bit) !== 0) return false
    bits[unit >>> 5] |= bit
    this.size++
    return true
  }

  has(ref: Ref): boolean {
    const bits = this.pages[ref >>> PAGE_SHIFT]
    const unit = ref & UNIT_MASK
    return bits !== undefined && (bits[unit >>> 5] & (1 << (unit & 31))) !== 0
  }

  /** Answers false for one that is not there. */
  delete(ref: Ref): boolean {
    if (!this.has(ref)) return false
    const unit = ref & UNIT_MASK
    const bits = this.pages[ref >>> PAGE_SHIFT]
    if (bits !== undefined) bits[unit >>> 5] &= ~(1 << (unit & 31))
    this.size--
    return true
  }

  /** One of them; undefined when there is none. */
  get first(): Ref | undefined {
    for (const [page, bits] of this.pages.entries()) {
      const word = bits?.findIndex((some) => some !== 0) ?? -1
      if (bits === undefined || word < 0) continue
      return (page << PAGE_SHIFT) | (word << 5) | (31 - Math.clz32(bits[word]))
    }
    return undefined
  }
}
