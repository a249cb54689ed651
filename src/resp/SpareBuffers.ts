/**
 * Room for large requests, lent to one parser after another: bytes of a request that came in pieces, and the places of many
 * arguments. The runtime counts what is let go until it collects garbage, and with a heap as small as here begins to as soon
 * as 8 MB have been: 60 SADDs of 5000 members each left 19 MB, and the collections' ends were waits of 3 to 8 ms.
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

const newTables = (entries: number): ArgumentTables => ({
  offsets: new Int32Array(entries),
  lengths: new Int32Array(entries),
})

const noBytes = new Uint8Array(0)
const noTables = newTables(0)
let spareBytes: Uint8Array = noBytes
let spareTables = noTables

/**
 * So many bytes or more, which hold anything. A plain Uint8Array, because an argument that is kept is copied by `slice`, which
 * in a Buffer would be a view.
 */
export const takeBytes = (least: number): Uint8Array => {
  if (least <= BYTES_MIN || least > spareBytes.length)
    return new Uint8Array(Buffer.allocUnsafeSlow(least).buffer)
  const taken = spareBytes
  spareBytes = noBytes
  return taken
}

/** Answers what to have in their place. */
export const giveBytes = (bytes: Uint8Array): Uint8Array => {
  const { length } = bytes
  if (length > BYTES_MIN && length <= BYTES_MAX && length > spareBytes.length) spareBytes = bytes
  return noBytes
}

/** The same with room for twice as many, at least. */
export const growTables = ({ offsets, lengths }: ArgumentTables): ArgumentTables => {
  const least = offsets.length * 2
  let tables = spareTables
  if (least >= ENTRIES_MIN && least <= tables.offsets.length) spareTables = noTables
  else tables = newTables(least)
  tables.offsets.set(offsets)
  tables.lengths.set(lengths)
  return tables
}

export const giveTables = (tables: ArgumentTables): void => {
  const { length } = tables.offsets
  if (length > spareTables.offsets.length && length <= ENTRIES_MAX) spareTables = tables
}
