/**
 * Which chunks of an arena to empty, so that what is left holds the same blocks in fewer pages.
 *
 * Chunks are taken from the emptiest on, as long as the blocks of those taken find room in the others: in their pages of
 * the same size with room, or in pages that are free. A chunk that is nearly full is not worth the copying.
 *
 * Example: four chunks, each half full of blocks of 100 bytes: two are chosen, and the other two are full afterwards.
 */
import type { Arena } from "./Arena.js"
import { PAGES_PER_CHUNK, pagesIn } from "./ArenaLayout.js"
import { CLASS_BLOCKS, CLASS_BYTES, CLASS_COUNT, PAGE_BYTES } from "./SizeClasses.js"

/** Part of a chunk's pages that must come free. */
const WORTH_PART = 1 / 8

/** Pages in use that are so full are as good as full. */
const DENSE = 0.95

interface Sparse {
  readonly chunk: number
  /** Bytes of live blocks in it. */
  readonly bytes: number
}

/** Blocks and room by class, of all chunks that stay and of those that go. */
class Tally {
  readonly room = new Float64Array(CLASS_COUNT)
  readonly going = new Float64Array(CLASS_COUNT)
  spanPages = 0

  constructor(private readonly arena: Arena) {
    for (let chunk = 0; chunk < arena.u8.length; chunk++) this.addRoom(chunk, 1)
  }

  private addRoom(chunk: number, sign: number): void {
    this.arena.forEachPage(chunk, (kind, blocks) => {
      if (kind > 0) this.room[kind] += sign * (CLASS_BLOCKS[kind] - blocks)
    })
  }

  /** A chunk goes, or with -1 stays after all. */
  count(chunk: number, sign: number): void {
    this.addRoom(chunk, -sign)
    this.arena.forEachPage(chunk, (kind, blocks) => {
      if (kind > 0) this.going[kind] += sign * blocks
      else this.spanPages -= sign * kind
    })
  }

  /** Free pages that the blocks of those that go need. */
  get pagesNeeded(): number {
    let pages = this.spanPages
    for (let cls = 1; cls < CLASS_COUNT; cls++)
      pages += Math.ceil(Math.max(0, this.going[cls] - this.room[cls]) / CLASS_BLOCKS[cls])
    return pages
  }
}

const liveIn = (arena: Arena, chunk: number): number => {
  let bytes = 0
  arena.forEachPage(chunk, (kind, blocks) => {
    bytes += kind > 0 ? blocks * CLASS_BYTES[kind] : -kind * PAGE_BYTES
  })
  return bytes
}

export const blocksIn = (arena: Arena): number => {
  let blocks = 0
  for (let chunk = 0; chunk < arena.u8.length; chunk++)
    arena.forEachPage(chunk, (_kind, live) => {
      blocks += live
    })
  return blocks
}

/** Chunks with something in them that could be moved, the emptiest first. */
const byBytes = (arena: Arena): ReadonlyArray<Sparse> => {
  const sparse: Array<Sparse> = []
  for (let chunk = 0; chunk < arena.u8.length; chunk++) {
    if (arena.u8[chunk].length === 0 || arena.isHuge(chunk) || arena.leaving[chunk] !== 0) continue
    const bytes = liveIn(arena, chunk)
    if (bytes > 0) sparse.push({ chunk, bytes })
  }
  return sparse.sort((x, y) => x.bytes - y.bytes)
}

/**
 * The chunks whose pages in use are the sparsest, with about so many bytes in them: for who frees blocks of his choice. One
 * that is just being filled is not among them.
 */
export const sparsestChunks = (arena: Arena, most: number): ReadonlyArray<number> => {
  const densities = new Map<number, number>()
  for (const { chunk, bytes } of byBytes(arena)) {
    const pages = pagesIn(arena.u8[chunk].length) - 1
    const inUse = pages - arena.pagesFreeIn(chunk)
    const density = bytes / (inUse * PAGE_BYTES)
    if (inUse > pages / 2 && density < DENSE) densities.set(chunk, density)
  }
  const chunks: Array<number> = []
  let bytes = 0
  for (const [chunk] of [...densities].sort(([, x], [, y]) => x - y)) {
    bytes += liveIn(arena, chunk)
    if (bytes > most && chunks.length > 0) break
    chunks.push(chunk)
  }
  return chunks
}

/** @param pagesSpare free pages that may be used up, those of the chunks chosen among them */
export const sparseChunks = (arena: Arena, pagesSpare: number): ReadonlyArray<number> => {
  const tally = new Tally(arena)
  const chunks: Array<number> = []
  let spare = pagesSpare
  let needed = 0
  for (const { chunk } of byBytes(arena)) {
    const offered = arena.pagesFreeIn(chunk)
    tally.count(chunk, 1)
    const more = tally.pagesNeeded - needed
    const gained = pagesIn(arena.u8[chunk].length) - 1 - offered - more
    if (needed + more > spare - offered || gained < PAGES_PER_CHUNK * WORTH_PART) {
      tally.count(chunk, -1)
      continue
    }
    chunks.push(chunk)
    spare -= offered
    needed += more
  }
  return chunks
}
