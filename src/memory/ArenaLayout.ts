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
/** Pages of the longest span that the first chunk may begin with. */
export const FIRST_SPAN_PAGES = FIRST_PAGES - FIRST_RESERVE_PAGES

/** Pages of a chunk of so many bytes. */
export const pagesIn = (bytes: number): number => (bytes === FIRST_BYTES ? FIRST_PAGES : PAGES_PER_CHUNK)

/** Free pages that an arena of so many bytes keeps. */
export const reserveOf = (bytes: number): number =>
  bytes > FIRST_BYTES ? RESERVE_PAGES : FIRST_RESERVE_PAGES

export const SPAN_TAIL = 0x7fff
/** Int32 word offsets inside a chunk's header page. */
export const HEADER_EPOCH_WORD = 0
export const HEADER_PREIMAGE_WORD = 128
export const HEADER_KIND_WORD = 256

/** The arena has no room left for a block of this size. */
export class ArenaFullError extends Error {
  readonly _tag = "ArenaFullError"
  constructor(readonly bytesWanted: number) {
    super(`arena full: no room for a block of ${bytesWanted} bytes`)
  }
}
