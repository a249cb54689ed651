/**
 * Size classes of the arena: which block sizes exist, and which one a request falls into.
 *
 * A page of 64 KiB is cut into equal blocks of one class. Classes are multiples of 8 bytes; above 128 bytes they are at
 * most 25 % apart, and from 5 KiB on each is the largest multiple of 8 of which n fit into a page, so that a page is
 * never wasted at its end by more than 8 * n bytes.
 *
 * Worked example: a request for 38 bytes falls into class 40; 65536 / 40 = 1638 blocks a page, 16 bytes unused.
 */

/** Bytes of one page: the unit that is given to one size class. */
export const PAGE_BYTES = 65536
/** Smallest block. A freed block must hold its free-list link, and two blocks never start within 16 bytes. */
export const BLOCK_BYTES_MIN = 16
/** Largest block that shares a page; above it a block is a span of whole pages. */
export const SMALL_BYTES_MAX = 32768

const buildClasses = (): Array<number> => {
  const sizes: Array<number> = []
  for (let s = 16; s <= 128; s += 8) sizes.push(s)
  for (let base = 128; base < 4096; base *= 2) {
    for (let q = 1; q <= 4; q++) sizes.push(base + (base / 4) * q)
  }
  for (let n = 13; n >= 2; n--) sizes.push(Math.floor(PAGE_BYTES / n / 8) * 8)
  return sizes
}

/** Block size in bytes of each class; class 0 is not used, so that 0 can mean "free page". */
export const CLASS_BYTES: Int32Array = Int32Array.from([0, ...buildClasses()])
/** Number of classes, the unused class 0 included. */
export const CLASS_COUNT: number = CLASS_BYTES.length
/** Blocks of each class that fit into a page. */
export const CLASS_BLOCKS: Int32Array = CLASS_BYTES.map((b) => (b === 0 ? 0 : Math.floor(PAGE_BYTES / b)))

/** Class of a request of n bytes is CLASS_OF[(n + 7) >> 3], for n up to SMALL_BYTES_MAX. */
export const CLASS_OF: Uint8Array = (() => {
  const table = new Uint8Array((SMALL_BYTES_MAX >> 3) + 1)
  let cls = 1
  for (let i = 0; i < table.length; i++) {
    while ((CLASS_BYTES[cls] ?? 0) < i * 8) cls++
    table[i] = cls
  }
  return table
})()

/** Bytes a request of n bytes really takes. */
export const roundedBytes = (n: number): number =>
  n <= SMALL_BYTES_MAX
    ? (CLASS_BYTES[CLASS_OF[(n + 7) >> 3] ?? 0] ?? 0)
    : Math.ceil(n / PAGE_BYTES) * PAGE_BYTES
