/**
 * Room for large requests, lent to one parser after another: bytes of a request that came in pieces, and the places of many
 * arguments. The runtime counts what is let go until it collects garbage, and with a heap as small as here begins to as soon
 * as 8 MB have been: 60 SADDs of 5000 members each left 19 MB, and the collections' ends were waits of 3 to 8 ms.
 *
 * One of each size is kept, sizes being doublings of the least. Who asks gets at most eight times what it asks for: a client
 * may keep what it was lent for long, idle after a command or in the middle of one, and that is in no count of memory.
 *
 * Invariant: who gives something back has no use for it any more; what is in it is not cleared.
 */

/** Smaller and larger ones are the collector's. */
const BYTES_MIN = 4096
const BYTES_MAX = 1 << 20
const ENTRIES_MIN = 256
const ENTRIES_MAX = 1 << 16

/** Where each argument begins, and how long it is: as many entries in both. */
interface ArgumentTables {
  readonly offsets: Int32Array<ArrayBuffer>
  readonly lengths: Int32Array<ArrayBuffer>
}

/** What is kept, one of each size: by the number of binary digits of its length. */
class Spares<A> {
  private readonly kept: Array<A | undefined> = []

  constructor(private readonly sizeOf: (one: A) => number) {}

  /** One of `least` to eight times as much; undefined where there is none. */
  take(least: number): A | undefined {
    const size = 32 - Math.clz32(least)
    for (let i = size; i < size + 3; i++) {
      const one = this.kept[i]
      if (one === undefined || this.sizeOf(one) < least) continue
      this.kept[i] = undefined
      return one
    }
    return undefined
  }

  give(one: A): void {
    const length = this.sizeOf(one)
    const size = 32 - Math.clz32(length)
    const present = this.kept[size]
    if (present === undefined || length > this.sizeOf(present)) this.kept[size] = one
  }
}

const noBytes = new Uint8Array(0)
const spareBytes = new Spares<Uint8Array>((bytes) => bytes.length)
const spareTables = new Spares<ArgumentTables>((tables) => tables.offsets.length)

/**
 * So many bytes or more, which hold anything. A plain Uint8Array, because an argument that is kept is copied by `slice`, which
 * in a Buffer would be a view.
 */
export const takeBytes = (least: number): Uint8Array =>
  (least > BYTES_MIN ? spareBytes.take(least) : undefined) ??
  new Uint8Array(Buffer.allocUnsafeSlow(least).buffer)

/** Answers what to have in their place. */
export const giveBytes = (bytes: Uint8Array): Uint8Array => {
  if (bytes.length > BYTES_MIN && bytes.length <= BYTES_MAX) spareBytes.give(bytes)
  return noBytes
}

/** The same with room for twice as many, at least. */
export const growTables = ({ offsets, lengths }: ArgumentTables): ArgumentTables => {
  const least = offsets.length * 2
  const tables = (least >= ENTRIES_MIN ? spareTables.take(least) : undefined) ?? {
    offsets: new Int32Array(least),
    lengths: new Int32Array(least),
  }
  tables.offsets.set(offsets)
  tables.lengths.set(lengths)
  giveTables({ offsets, lengths })
  return tables
}

export const giveTables = (tables: ArgumentTables): void => {
  const { length } = tables.offsets
  if (length >= ENTRIES_MIN && length <= ENTRIES_MAX) spareTables.give(tables)
}
