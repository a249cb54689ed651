/**
 * The sparse body of a HyperLogLog: runs of equal registers, in order, that together cover all 16384.
 *
 *     00llllll             ZERO    l + 1 registers are 0                       (1 to 64)
 *     01llllll llllllll    XZERO   l + 1 registers are 0, high part first      (1 to 16384)
 *     1vvvvvll             VAL     l + 1 registers (1 to 4) are v + 1          (1 to 32)
 *
 * A register above 32 cannot be said, which is one of the two reasons to become dense; the other is size.
 *
 * Setting a register takes the run that covers it apart into at most three, writes the new one between, and then looks
 * at up to five runs from the one before, joining neighbouring VALs of one value where four registers still hold them.
 * These steps, limits included, decide the bytes, and the bytes are what GET, DUMP and replicas see.
 *
 * Invariant: the runs' lengths add up to 16384; anything else is a corrupt value. At most 2 bytes a register.
 *
 * Worked example: after one element, register 7292 at 1 is 5c 7b (XZERO 7292), 80 (VAL 1 x 1), 63 82 (XZERO 9091).
 */
import { HLL_REGISTERS } from "./HllHash.js"

/** The greatest value a VAL run can hold. */
export const HLL_SPARSE_VALUE_MAX = 32

const VAL_RUN_MAX = 4
const ZERO_RUN_MAX = 64
const MERGE_SCAN = 5

/** Outcomes of setting a register that are no new length. */
export const SPARSE_UNCHANGED = -1
const SPARSE_TOO_LARGE = -2
export const SPARSE_CORRUPT = -3

const isVal = (op: number): boolean => (op & 0x80) !== 0
const isXZero = (op: number): boolean => (op & 0xc0) === 0x40
const opBytes = (op: number): number => (isXZero(op) ? 2 : 1)
const valueOf = (op: number): number => (isVal(op) ? ((op >> 2) & 0x1f) + 1 : 0)

const runLength = (buf: Uint8Array, p: number): number => {
  const op = buf[p]
  if (isVal(op)) return (op & 0x03) + 1
  return isXZero(op) ? (((op & 0x3f) << 8) | buf[p + 1]) + 1 : (op & 0x3f) + 1
}

const valOp = (value: number, run: number): number => 0x80 | ((value - 1) << 2) | (run - 1)

/** The pieces a run is taken apart into, before they go in. */
const pieces = new Uint8Array(5)

/** Appends a run of `run` registers of `value` (0: zeros) to `pieces`; returns the new length. */
const putRun = (at: number, value: number, run: number): number => {
  if (run === 0) return at
  if (value > 0) {
    pieces[at] = valOp(value, run)
    return at + 1
  }
  if (run <= ZERO_RUN_MAX) {
    pieces[at] = run - 1
    return at + 1
  }
  pieces[at] = 0x40 | ((run - 1) >> 8)
  pieces[at + 1] = (run - 1) & 0xff
  return at + 2
}

/** Joins VAL neighbours from `from` on, within the scan's budget; returns the new end. */
const mergeRuns = (buf: Uint8Array, from: number, end: number): number => {
  let p = from
  let stop = end
  for (let steps = 0; steps < MERGE_SCAN && p < stop; steps++) {
    const op = buf[p]
    if (!isVal(op)) {
      p += opBytes(op)
      continue
    }
    const next = p + 1 < stop ? buf[p + 1] : 0
    const run = (op & 0x03) + 1 + (next & 0x03) + 1
    if (isVal(next) && valueOf(op) === valueOf(next) && run <= VAL_RUN_MAX) {
      buf[p + 1] = valOp(valueOf(op), run)
      buf.copyWithin(p, p + 1, stop)
      stop--
    } else p++
  }
  return stop
}

/**
 * Raises register `index` to `value` (1 to 32) in the runs at `buf[start, end)`, in place; the runs may grow by up to 3
 * bytes, for which `buf` must have room. Returns the new end; or SPARSE_UNCHANGED when the register was as high already,
 * SPARSE_TOO_LARGE (nothing written) when the runs would have to grow beyond `endMax`, SPARSE_CORRUPT.
 */
export const sparseSet = (
  buf: Uint8Array,
  start: number,
  end: number,
  index: number,
  value: number,
  endMax: number,
): number => {
  let p = start
  let previous = start
  let first = 0
  let run = 0
  for (; p < end; p += opBytes(buf[p])) {
    if (p + opBytes(buf[p]) > end) return SPARSE_CORRUPT
    run = runLength(buf, p)
    if (index < first + run) break
    previous = p
    first += run
  }
  if (p >= end) return SPARSE_CORRUPT
  const old = valueOf(buf[p])
  if (old >= value) return SPARSE_UNCHANGED
  const bytes = opBytes(buf[p])
  if (first + run > HLL_REGISTERS) return SPARSE_CORRUPT
  if (run === 1 && bytes === 1) {
    buf[p] = valOp(value, 1)
    return mergeRuns(buf, previous, end)
  }
  let length = putRun(0, old, index - first)
  pieces[length++] = valOp(value, 1)
  length = putRun(length, old, first + run - 1 - index)
  const grown = end + length - bytes
  if (length > bytes && grown > endMax) return SPARSE_TOO_LARGE
  buf.copyWithin(p + length, p + bytes, end)
  for (let k = 0; k < length; k++) buf[p + k] = pieces[k]
  return mergeRuns(buf, previous, grown)
}

/** Calls for each run, in order; false when the runs do not cover exactly 16384 registers. */
const eachRun = (
  buf: Uint8Array,
  start: number,
  end: number,
  visit: (value: number, first: number, run: number, op: number) => void,
): boolean => {
  let first = 0
  let p = start
  while (p < end) {
    const op = buf[p]
    const bytes = opBytes(op)
    if (p + bytes > end) return false
    const run = runLength(buf, p)
    if (first + run > HLL_REGISTERS) return false
    visit(valueOf(op), first, run, op)
    first += run
    p += bytes
  }
  return first === HLL_REGISTERS
}

/** Adds the registers' values to `histogram`; false when corrupt. */
export const sparseHistogram = (
  buf: Uint8Array,
  start: number,
  end: number,
  histogram: Int32Array,
): boolean =>
  eachRun(buf, start, end, (value, _first, run) => {
    histogram[value] += run
  })

/** Raises each of `registers` (16384 bytes) to this body's; false when corrupt. */
export const sparseMergeInto = (
  buf: Uint8Array,
  start: number,
  end: number,
  registers: Uint8Array,
): boolean =>
  eachRun(buf, start, end, (value, first, run) => {
    if (value === 0) return
    for (let i = first; i < first + run; i++) if (registers[i] < value) registers[i] = value
  })

/** The runs in words, as PFDEBUG DECODE tells them ("Z:7292 v:1,1 Z:9091"); undefined when corrupt. */
export const sparseDescribe = (buf: Uint8Array, start: number, end: number): string | undefined => {
  let text = ""
  const whole = eachRun(buf, start, end, (value, _first, run, op) => {
    text += isVal(op) ? `v:${value},${run} ` : isXZero(op) ? `Z:${run} ` : `z:${run} `
  })
  return whole ? text.trimEnd() : undefined
}
