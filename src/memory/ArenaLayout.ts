/** Numbers of the arena's layout, which Arena.ts draws: chunks and their header pages. */
import { PAGE_BYTES } from "./SizeClasses.js"

export const CHUNK_BYTES = 8 * 1024 * 1024
export const PAGES_PER_CHUNK = CHUNK_BYTES / PAGE_BYTES
/** An arena that holds nothing else begins with a chunk of so many pages. */
const FIRST_PAGES = 56
export const FIRST_BYTES = FIRST_PAGES * PAGE_BYTES
/** Free pages kept while more memory can be had, 4 MiB: what has begun must not run out of small blocks half way. */
const RESERVE_PAGES = 64
/** The same while there is nothing but the first chunk: a page for every size class but three. */
const FIRST_RESERVE_PAGES = 44
export const SPAN_TAIL = 0x7fff
/** Int32 word offsets inside a chunk's header page. */
export const HEADER_EPOCH_WORD = 0
export const HEADER_PREIMAGE_WORD = 128
export const HEADER_KIND_WORD = 256

/** Pages of a chunk of blocks of this size. */
export const pagesIn = (bytes: number): number => (bytes === FIRST_BYTES ? FIRST_PAGES : PAGES_PER_CHUNK)

/** Pages to keep free where so many bytes are reserved in all. */
export const reserveFor = (reservedBytes: number): number =>
  reservedBytes > FIRST_BYTES ? RESERVE_PAGES : FIRST_RESERVE_PAGES

/** The size of a new chunk, beside so many bytes in others, in which `n` pages in a row are wanted. */
export const chunkBytesFor = (reservedBytes: number, n: number): number =>
  reservedBytes === 0 && n <= FIRST_PAGES - FIRST_RESERVE_PAGES ? FIRST_BYTES : CHUNK_BYTES

/** The arena has no room left for a block of this size. */
export class ArenaFullError extends Error {
  readonly _tag = "ArenaFullError"
  constructor(
    /** Bytes that were asked for. */
    readonly bytesWanted: number,
  ) {
    super(`arena full: no room for a block of ${bytesWanted} bytes`)
  }
}
