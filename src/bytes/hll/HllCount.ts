/**
 * The HyperLogLog estimate: Otmar Ertl's improved estimator ("New cardinality estimation algorithms for HyperLogLog
 * sketches", 2017, algorithm 6), which needs no bias table.
 *
 * Input is the histogram of register values, C[0..51] for 16384 registers and 50 counted bits:
 *
 *     z = m * tau(1 - C[51] / m);  for k = 50 down to 1: z = (z + C[k]) / 2;  z = z + m * sigma(C[0] / m)
 *     estimate = round(m * m / (2 ln 2 * z))
 *
 * sigma and tau are power series summed until they no longer change. The order of the sums is part of the result: it
 * decides the last digit now and then.
 *
 * Worked example: all registers 0 gives sigma(1) = infinity, so the estimate is 0.
 */
import { HLL_REGISTERS } from "./HllHash.js"

const COUNTED_BITS = 50
const ALPHA_INFINITY = 0.7213475204444817

/** Entries of a register histogram: registers are 6 bits wide. */
export const HLL_HISTOGRAM = 64

const sigma = (start: number): number => {
  if (start === 1) return Infinity
  let x = start
  let y = 1
  let z = x
  for (;;) {
    x *= x
    const before = z
    z += x * y
    y += y
    if (before === z) return z
  }
}

const tau = (start: number): number => {
  if (start === 0 || start === 1) return 0
  let x = start
  let y = 1
  let z = 1 - x
  for (;;) {
    x = Math.sqrt(x)
    const before = z
    y *= 0.5
    z -= (1 - x) * (1 - x) * y
    if (before === z) return z / 3
  }
}

/** The estimated count of distinct elements for a histogram of all 16384 register values. */
export const hllEstimate = (histogram: Int32Array): number => {
  const m = HLL_REGISTERS
  let z = m * tau((m - histogram[COUNTED_BITS + 1]) / m)
  for (let k = COUNTED_BITS; k >= 1; k--) {
    z += histogram[k]
    z *= 0.5
  }
  z += m * sigma(histogram[0] / m)
  return Math.round((ALPHA_INFINITY * m * m) / z)
}
