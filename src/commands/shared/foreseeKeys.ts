/**
 * Lookups of many keys by one command: brings the memory of sixteen keys near at once (HashTable.touch), as the server
 * does for pipelined commands.
 */
import { foreseen, LOOKAHEAD_MAX } from "../../memory/table/Foresight.js"
import { hashBytes } from "../../bytes/SipHash.js"
import type { CommandContext } from "../../engine/CommandContext.js"

/** Fewer keys than this are looked up as they come. */
const WORTHWHILE = 4
const hashes = new Int32Array(LOOKAHEAD_MAX)

/**
 * Called before the lookup of the key in argument i, for keys that stand from argument 1 on, every `step` arguments.
 * Does nothing for a command of few keys.
 */
export const foreseeKey = (c: CommandContext, i: number, step: number): void => {
  if (c.argc <= WORTHWHILE * step) return
  const at = ((i - 1) / step) & (LOOKAHEAD_MAX - 1)
  const { buf, argOff, argLen } = c
  if (at === 0) {
    let n = 0
    for (let k = i; k < c.argc && n < LOOKAHEAD_MAX; k += step)
      hashes[n++] = hashBytes(buf, argOff[k], argLen[k])
    c.db.table.touch(hashes, n)
  }
  foreseen.buf = buf
  foreseen.off = argOff[i]
  foreseen.len = argLen[i]
  foreseen.hash = hashes[at]
}
