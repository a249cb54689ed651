/**
 * What SCAN, SSCAN, HSCAN and ZSCAN have in common: cursor, options, and the gathering of a page from a hash table.
 *
 * A cursor is what HashTable.scan takes, 32 bits; of a larger one that a client sends the low half counts.
 */
import type { Ref } from "../../memory/Arena.js"
import { globMatch } from "../../bytes/Glob.js"
import { parseCursor } from "../../bytes/Numbers.js"
import * as Errors from "../../resp/Errors.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import { SCAN } from "../spec/generic.js"

const COUNT_DEFAULT = 10
/** Buckets looked at for one page, a multiple of COUNT: a sparse table must not hold the server up. */
const BUCKETS_PER_COUNT = 10
const STAR = 42

/** The cursor in argument i; -1 after answering an error. */
export const scanCursor = (c: CommandContext, i: number): number => {
  const cursor = parseCursor(c.buf, c.argOff[i], c.argLen[i])
  if (cursor !== undefined) return Number(cursor & 0xffffffffn)
  c.out.error(Errors.invalidCursor)
  return -1
}

/** The options of the command at hand; one object for the one thread. */
export const scanOptions = {
  /** Where a collection's scan goes on; `openScan` sets it. */
  cursor: 0,
  count: COUNT_DEFAULT,
  /** Argument with the pattern, 0 = every element matches. */
  pattern: 0,
  /** Argument with the type's name, 0 = all types; only SCAN has it. */
  type: 0,
}

/** SSCAN, HSCAN and ZSCAN take the same options as SCAN but TYPE. */
const declared = options(SCAN)
const [MATCH, COUNT, TYPE] = declared.bits("MATCH", "COUNT", "TYPE")

/** Reads the options from argument `first` on; false after answering an error. */
export const readScanOptions = (c: CommandContext, first: number, withType: boolean): boolean => {
  scanOptions.count = COUNT_DEFAULT
  scanOptions.pattern = 0
  scanOptions.type = 0
  for (let i = first, option = 0; i < c.argc; i += declared.words(option)) {
    option = declared.at(c, i)
    if (option === COUNT) {
      const count = c.integer(i + 1)
      if (!(count >= 1)) return c.refuse(count === count ? Errors.syntax : Errors.notInteger)
      scanOptions.count = count
    } else if (option === MATCH) {
      const all = c.argLen[i + 1] === 1 && c.buf[c.argOff[i + 1]] === STAR
      scanOptions.pattern = all ? 0 : i + 1
    } else if (option === TYPE && withType) scanOptions.type = i + 1
    else return c.refuse(Errors.syntax)
  }
  return true
}

/** Whether an element passes MATCH. */
export const scanMatches = (c: CommandContext, src: Uint8Array, off: number, len: number): boolean => {
  const i = scanOptions.pattern
  return i === 0 || globMatch(c.buf, c.argOff[i], c.argLen[i], src, off, len, false)
}

/** Entries of the page being gathered; one page at a time. */
class ScanPage {
  refs: Int32Array = new Int32Array(64)
  count = 0
  private readonly add = (ref: Ref): void => {
    if (this.count === this.refs.length) {
      const grown = new Int32Array(this.count * 2)
      grown.set(this.refs)
      this.refs = grown
    }
    this.refs[this.count++] = ref
  }

  /** Gathers about `scanOptions.count` entries of a table (or anything that scans like one); answers the next cursor. */
  fill(table: ScanTable, cursor: number): number {
    this.count = 0
    const wanted = scanOptions.count
    let buckets = wanted * BUCKETS_PER_COUNT
    let next = cursor
    do next = table.scan(next, this.add)
    while (next !== 0 && this.count < wanted && --buckets > 0)
    return next
  }
}

interface ScanTable {
  readonly scan: (cursor: number, visit: (ref: Ref) => void) => number
}

/** The page shared by all commands. */
export const scanPage = new ScanPage()

/** Opens the reply: the next cursor; the array of elements follows. */
export const replyCursor = (c: CommandContext, cursor: number): void => {
  c.out.array(2)
  c.out.bulkInt(cursor)
}

/** What SSCAN, HSCAN and ZSCAN begin with: the entry of the collection, 0 where everything is answered already. */
export const openScan = (c: CommandContext, type: number): Ref => {
  scanOptions.cursor = scanCursor(c, 2)
  if (scanOptions.cursor < 0) return 0
  const entry = c.read(1)
  if (entry === 0) {
    replyCursor(c, 0)
    c.out.emptyArray()
    return 0
  }
  return c.wrongType(entry, type) || !readScanOptions(c, 3, false) ? 0 : entry
}
