/** What the bitmap commands share: bit offsets, and the words of a string. */
import { chunkOf } from "../../memory/Ref.js"
import type { Ref } from "../../memory/Arena.js"
import { parseInt64 } from "../../bytes/Numbers.js"
import * as Errors from "../../resp/Errors.js"
import { entryEncoding, entryValue, STRING_EXTERNAL } from "../../store/Entry.js"
import type { CommandContext } from "../../engine/CommandContext.js"

/**
 * The bit offset in argument i, -1 after an error reply. With `width` > 0 the form "#n" means n fields of that width.
 * A master's word is obeyed beyond the limit of a string's length.
 */
export const readBitOffset = (c: CommandContext, i: number, width: number): number => {
  const numbered = width > 0 && c.argLen[i] > 0 && c.buf[c.argOff[i]] === 35
  const n = numbered ? fieldOffset(c, i, width) : c.integer(i)
  if (n >= 0 && (c.fromMaster || Math.floor(n / 8) < c.settings.protoMaxBulkLen)) return n
  c.fail(Errors.bitOffset)
  return -1
}

/** "#n" as bits, NaN when n is no integer. As in Redis the product wraps around at 64 bits. */
const fieldOffset = (c: CommandContext, i: number, width: number): number => {
  const number = parseInt64(c.buf, c.argOff[i] + 1, c.argLen[i] - 1)
  return number === undefined ? NaN : Number(BigInt.asIntN(64, number * BigInt(width)))
}

/** Word view of the chunk that holds the string's bytes. */
export const stringWords = (c: CommandContext, ref: Ref): Int32Array => {
  const a = c.keyspace.arena
  return a.i32[chunkOf(entryEncoding(a, ref) === STRING_EXTERNAL ? entryValue(a, ref) : ref)]
}
