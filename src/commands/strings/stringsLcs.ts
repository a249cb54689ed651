/** LCS: the longest common subsequence of two strings. */
import { longestCommonSubsequence } from "../../bytes/Lcs.js"
import type { LcsRun } from "../../bytes/Lcs.js"
import type { Ref } from "../../memory/Arena.js"
import * as Errors from "../../resp/Errors.js"
import { entryType, stringChunk, stringLength, stringOffset, TYPE_STRING } from "../../store/Entry.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import * as spec from "../spec/strings.js"

/** Bytes Redis takes for a cell of its table: they decide which pairs of strings are refused as too long. */
const CELL_BYTES = 4

export const lcs = (c: CommandContext): void => {
  const a = c.read(1)
  const b = c.read(2)
  const arena = c.keyspace.arena
  if ((a !== 0 && entryType(arena, a) !== TYPE_STRING) || (b !== 0 && entryType(arena, b) !== TYPE_STRING))
    return c.fail(Errors.lcsNotStrings)
  if (!readOptions(c)) return
  const x = valueOf(c, a)
  const y = valueOf(c, b)
  if ((x.length + 1) * (y.length + 1) * CELL_BYTES > c.settings.protoMaxBulkLen)
    return c.fail(Errors.lcsTooLong)
  const lengthOnly = (lcsOptions.found & LEN) !== 0
  const result = longestCommonSubsequence(x, y, lengthOnly)
  if ((lcsOptions.found & IDX) !== 0) replyRuns(c, result.runs, result.length)
  else if (lengthOnly) c.out.int(result.length)
  else c.out.bulk(result.bytes, 0, result.length)
}

const valueOf = (c: CommandContext, ref: Ref): Uint8Array => {
  if (ref === 0) return new Uint8Array(0)
  const arena = c.keyspace.arena
  const off = stringOffset(arena, ref)
  return stringChunk(arena, ref).subarray(off, off + stringLength(arena, ref))
}

const declared = options(spec.LCS)
const [LEN, IDX, MINMATCHLEN, WITHMATCHLEN] = declared.bits("LEN", "IDX", "MINMATCHLEN", "WITHMATCHLEN")

/** The options of the command at hand: bits of those given, and the shortest run wanted. */
const lcsOptions = { found: 0, minMatchLen: 0 }

/** Reads the options after the two keys; false after an error reply. */
const readOptions = (c: CommandContext): boolean => {
  lcsOptions.found = lcsOptions.minMatchLen = 0
  for (let i = 3, option = 0; i < c.argc; i += declared.words(option)) {
    option = declared.at(c, i)
    if (option === 0) return c.refuse(Errors.syntax)
    lcsOptions.found |= option
    if (option !== MINMATCHLEN) continue
    const length = c.integer(i + 1)
    if (length !== length) return c.refuse(Errors.notInteger)
    lcsOptions.minMatchLen = length
  }
  const both = LEN | IDX
  return (lcsOptions.found & both) !== both || c.refuse(Errors.lcsLenAndIdx)
}

const replyRuns = (c: CommandContext, runs: ReadonlyArray<LcsRun>, length: number): void => {
  const { out } = c
  const { minMatchLen } = lcsOptions
  const withMatchLen = (lcsOptions.found & WITHMATCHLEN) !== 0
  out.map(2)
  out.bulkText("matches")
  const mark = out.deferredStart()
  let count = 0
  for (const run of runs) {
    const n = run.aEnd - run.aStart + 1
    if (n < minMatchLen) continue
    count++
    out.array(withMatchLen ? 3 : 2)
    out.array(2)
    out.int(run.aStart)
    out.int(run.aEnd)
    out.array(2)
    out.int(run.bStart)
    out.int(run.bEnd)
    if (withMatchLen) out.int(n)
  }
  out.deferredEnd(mark, "array", count)
  out.bulkText("len")
  out.int(length)
}
