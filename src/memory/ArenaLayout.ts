/** Numbers of the arena's layout, which Arena.ts draws: chunks and their header pages. */
import { PAGE_BYTES } from "./SizeClasses.js"

export const CHUNK_BYTES = 8 * 1024 * 1024
export const PAGES_PER_CHUNK = CHUNK_BYTES / PAGE_BYTES
/** An arena that holds nothing else begins with a chunk of so many pages. */
export const FIRST_PAGES = 56
export const FIRST_BYTES = FIRST_PAGES * PAGE_BYTES
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
