/** LCS: the longest common subsequence of two strings. */
import { longestCommonSubsequence } from "../../bytes/Lcs.js"
import type { LcsRun } from "../../bytes/Lcs.js"
import type { Ref } from "../../memory/Arena.js"
import * as Errors from "../../resp/Errors.js"
import { entryType, stringChunk, stringLength, stringOffset, TYPE_STRING } from "../../store/Entry.js"
import type { CommandContext } from "../../engine/CommandContext.js"

interface LcsOptions {
  readonly len: boolean
  readonly idx: boolean
  readonly withMatchLen: boolean
  readonly minMatchLen: number
}

/** Bytes Redis takes for a cell of its table: they decide which pairs of strings are refused as too long. */
const CELL_BYTES = 4

export const lcs = (c: CommandContext): void => {
  const a = c.read(1)
  const b = c.read(2)
  const arena = c.keyspace.arena
  if ((a !== 0 && entryType(arena, a) !== TYPE_STRING) || (b !== 0 && entryType(arena, b) !== TYPE_STRING))
    return c.fail(Errors.lcsNotStrings)
  const options = readOptions(c)
  if (options === undefined) return
  const x = valueOf(c, a)
  const y = valueOf(c, b)
  if ((x.length + 1) * (y.length + 1) * CELL_BYTES > c.settings.protoMaxBulkLen)
    return c.fail(Errors.lcsTooLong)
  const lengthOnly = options.len
  const result = longestCommonSubsequence(x, y, lengthOnly)
  if (options.idx) replyRuns(c, result.runs, result.length, options)
  else if (options.len) c.out.int(result.length)
  else c.out.bulk(result.bytes, 0, result.length)
}

const valueOf = (c: CommandContext, ref: Ref): Uint8Array => {
  if (ref === 0) return new Uint8Array(0)
  const arena = c.keyspace.arena
  const off = stringOffset(arena, ref)
  return stringChunk(arena, ref).subarray(off, off + stringLength(arena, ref))
}

/** The options after the two keys; undefined after an error reply. */
const readOptions = (c: CommandContext): LcsOptions | undefined => {
  let len = false
  let idx = false
  let withMatchLen = false
  let minMatchLen = 0
  for (let i = 3; i < c.argc; i++) {
    if (c.is(i, "IDX")) idx = true
    else if (c.is(i, "LEN")) len = true
    else if (c.is(i, "WITHMATCHLEN")) withMatchLen = true
    else if (c.is(i, "MINMATCHLEN") && i + 1 < c.argc) {
      minMatchLen = c.integer(++i)
      if (minMatchLen !== minMatchLen) return refuse(c, Errors.notInteger)
    } else return refuse(c, Errors.syntax)
  }
  if (idx && len) return refuse(c, Errors.lcsLenAndIdx)
  return { len, idx, withMatchLen, minMatchLen }
}

const refuse = (c: CommandContext, text: string): undefined => {
  c.fail(text)
  return undefined
}

const replyRuns = (
  c: CommandContext,
  runs: ReadonlyArray<LcsRun>,
  length: number,
  options: LcsOptions,
): void => {
  const { out } = c
  out.map(2)
  out.bulkText("matches")
  const mark = out.deferredStart()
  let count = 0
  for (const run of runs) {
    const n = run.aEnd - run.aStart + 1
    if (n < options.minMatchLen) continue
    count++
    out.array(options.withMatchLen ? 3 : 2)
    out.array(2)
    out.int(run.aStart)
    out.int(run.aEnd)
    out.array(2)
    out.int(run.bStart)
    out.int(run.bEnd)
    if (options.withMatchLen) out.int(n)
  }
  out.deferredEnd(mark, "array", count)
  out.bulkText("len")
  out.int(length)
}
