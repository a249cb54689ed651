/**
 * PFSELFTEST: the server checks its HyperLogLogs on random data. Registers must keep what is put into them, a sparse and
 * a dense value that saw the same elements must agree, and the estimates must lie near the truth.
 */
import {
  HLL_CHANGED,
  HLL_CORRUPT,
  HLL_REGISTERS,
  hllCount,
  HllEditor,
  hllMergeInto,
} from "../../bytes/hll/HyperLogLog.js"

/** Elements added by the estimate's check. */
const ELEMENTS = 100_000
/** Relative error allowed: six times the standard error 1.04 / sqrt(16384), plus a few elements for small counts. */
const ERROR_MAX = (6 * 1.04) / 128
const ERROR_FLOOR = 6
/** Up to this size a value stays sparse, as by default: a larger one takes long to edit. */
const SPARSE_BYTES = 3000
const ROUNDS = 4
const REGISTER_VALUES = 64

type Random = (n: number) => number

/** What is wrong, or undefined. */
export const hllSelfTest = (random: Random): string | undefined =>
  checkRegisters(random) ?? checkEstimates(random)

const checkRegisters = (random: Random): string | undefined => {
  for (let round = 0; round < ROUNDS; round++) {
    const editor = new HllEditor()
    editor.create()
    const model = new Uint8Array(HLL_REGISTERS)
    for (let i = 0; i < HLL_REGISTERS; i++) {
      const index = random(HLL_REGISTERS)
      // Half the rounds stay within what a sparse value can say.
      const value = 1 + random((round & 1) === 0 ? 32 : REGISTER_VALUES - 1)
      const changed = editor.raise(index, value, SPARSE_BYTES)
      if ((changed === HLL_CHANGED) !== value > model[index]) return `register ${index} did not follow`
      if (value > model[index]) model[index] = value
    }
    const read = new Uint8Array(HLL_REGISTERS)
    if (!hllMergeInto(read, editor.bytes, editor.offset, editor.length)) return "a value became corrupt"
    for (let i = 0; i < HLL_REGISTERS; i++) {
      if (read[i] !== model[i]) return `register ${i} should be ${model[i]} but is ${read[i]}`
    }
  }
  return undefined
}

const checkEstimates = (random: Random): string | undefined => {
  const sparse = new HllEditor()
  const dense = new HllEditor()
  sparse.create()
  dense.create()
  if (dense.toDense() === HLL_CORRUPT) return "the empty value cannot become dense"
  const element = new Uint8Array(12)
  for (let k = 8; k < element.length; k++) element[k] = random(256)
  let checkAt = 1
  for (let n = 1; n <= ELEMENTS; n++) {
    for (let k = 0; k < 4; k++) element[k] = n >>> (k * 8)
    sparse.add(element, 0, element.length, SPARSE_BYTES)
    dense.add(element, 0, element.length, SPARSE_BYTES)
    if (n !== checkAt) continue
    checkAt *= 10
    const counted = hllCount(dense.bytes, dense.offset, dense.length)
    if (counted !== hllCount(sparse.bytes, sparse.offset, sparse.length)) return "dense and sparse disagree"
    if (Math.abs(counted - n) > n * ERROR_MAX + ERROR_FLOOR) return `${n} elements were counted as ${counted}`
  }
  return undefined
}
