/**
 * A ref: the address of a block of the arena in 32 bits, and the one place that knows how it is made.
 *
 *     bits 20..31   index of the chunk          bits 0..19   place in the chunk, in units of 8 bytes
 *
 * 0 is none. Refs are kept as int32, so one of a chunk from 2048 on is negative: only these functions take one apart.
 * V8 inlines them: a SET, GET, HSET or ZADD costs what it did with the shifts written out.
 *
 * Example: 0x00102000 is chunk 1, unit 0x2000: byte 65536, word 16384, page 1.
 */

/** Address of a block; 0 is none. */
export type Ref = number

const CHUNK_SHIFT = 20
const UNIT_MASK = 0xfffff
const UNIT_BYTES_SHIFT = 3
const UNITS_PER_PAGE_SHIFT = 13
const PAGE_UNIT_MASK = 0x1fff

/** Chunks that refs can name. */
export const CHUNK_COUNT_MAX: number = 1 << (32 - CHUNK_SHIFT)

/** The ref of the block at a byte, a multiple of 8, of a chunk. */
export const refOf = (chunk: number, byte: number): Ref =>
  (chunk << CHUNK_SHIFT) | (byte >>> UNIT_BYTES_SHIFT)

export const chunkOf = (ref: Ref): number => ref >>> CHUNK_SHIFT
/** Where the block begins in its chunk's `u8`. */
export const byteOf = (ref: Ref): number => (ref & UNIT_MASK) << UNIT_BYTES_SHIFT
/** Where the block begins in its chunk's `i32`. */
export const wordOf = (ref: Ref): number => (ref & UNIT_MASK) << 1
/** Where the block begins in its chunk's `f64`. */
export const doubleOf = (ref: Ref): number => ref & UNIT_MASK
/** Where the block begins in its page. */
export const byteInPage = (ref: Ref): number => (ref & PAGE_UNIT_MASK) << UNIT_BYTES_SHIFT
/** The page of its chunk that the block is in. */
export const pageOf = (ref: Ref): number => (ref & UNIT_MASK) >>> UNITS_PER_PAGE_SHIFT
