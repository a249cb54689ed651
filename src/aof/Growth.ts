/**
 * Makes room in a database's table for the keys that a file is going to bring, so that filling it moves few of them again:
 * each time the table holds four times as many as before, the keys that have come since for each byte that was read tell how
 * many the rest of the file will bring. At most eight times as many as there are, in case it brings none.
 */
import { ArenaFullError } from "../memory/Arena.js"
import type { HashTable } from "../memory/table/HashTable.js"

const LOOKED_AT_MIN = 1000
const LOOKS_FACTOR = 4
const GROWTH_MAX = 8

interface Growing {
  readonly table: Pick<HashTable, "count" | "reserve" | "fit">
}

export class Growth {
  private fromKeys: number
  private fromBytes = 0

  /** @param totalBytes of the file */
  constructor(
    private readonly db: Growing,
    private readonly totalBytes: number,
  ) {
    this.fromKeys = db.table.count
  }

  /** So many bytes of the file have been loaded. */
  reached(bytes: number): void {
    const { table } = this.db
    const { count } = table
    if (count < Math.max(LOOKED_AT_MIN, this.fromKeys * LOOKS_FACTOR) || bytes <= this.fromBytes) return
    const rate = (count - this.fromKeys) / (bytes - this.fromBytes)
    this.fromKeys = count
    this.fromBytes = bytes
    try {
      table.reserve(Math.min(count * GROWTH_MAX, count + rate * (this.totalBytes - bytes)))
    } catch (thrown) {
      // Memory is short: what the table needs it will take as keys come.
      if (!(thrown instanceof ArenaFullError)) throw thrown
    }
  }

  /** The file is loaded. */
  ended(): void {
    this.db.table.fit()
  }
}
