/**
 * Sine, cosine and arc sine to within 0.501 of a unit in the last place.
 *
 * Engines differ from the C library in the last bit of these functions, and now and then that bit is seen in a distance
 * printed with four decimals. The C library's results are those of rounding the exact value, in all but one case in
 * thousands, so these functions round (nearly) exactly.
 *
 * An argument is taken as k / 64 + r with |r| <= 1 / 128. Sine and cosine of k / 64 come from a table of unevaluated
 * sums high + low, 106 bits wide; r's own are short series. The one product that matters is formed exactly, and the
 * terms are added from the smallest up. The table is built by integer arithmetic when it is first needed: the series for
 * 1 / 64, then one rotation an entry.
 *
 * Limits: |x| <= 3.15 for sine and cosine, |x| <= 1 for arc sine.
 *
 * Worked example: sinExact(0.5) has k = 32, r = 0 and is the table's own entry, 0.479425538604203.
 */

const STEPS = 64
const ENTRIES = 204
const FRACTION_BITS = 140n
const ONE = 1n << FRACTION_BITS

const sinHigh = new Float64Array(ENTRIES)
const sinLow = new Float64Array(ENTRIES)
const cosHigh = new Float64Array(ENTRIES)
const cosLow = new Float64Array(ENTRIES)
let built = false

/** Splits a fixed-point number in the nearest double and the rest. */
const split = (v: bigint, high: Float64Array, low: Float64Array, k: number): void => {
  const scale = 2 ** -Number(FRACTION_BITS)
  const h = Number(v) * scale
  high[k] = h
  low[k] = Number(v - BigInt(h * 2 ** Number(FRACTION_BITS))) * scale
}

const build = (): void => {
  const x = ONE / BigInt(STEPS)
  let stepSin = 0n
  let stepCos = 0n
  let term = ONE
  for (let n = 0n; term !== 0n; n++) {
    if (n % 2n === 0n) stepCos += n % 4n === 0n ? term : -term
    else stepSin += n % 4n === 1n ? term : -term
    term = (term * x) / ((n + 1n) << FRACTION_BITS)
  }
  let s = 0n
  let c = ONE
  for (let k = 0; k < ENTRIES; k++) {
    split(s, sinHigh, sinLow, k)
    split(c, cosHigh, cosLow, k)
    const next = (s * stepCos + c * stepSin) >> FRACTION_BITS
    c = (c * stepCos - s * stepSin) >> FRACTION_BITS
    s = next
  }
  built = true
}

/** Splits a double in halves of 26 bits, whose products are exact. */
const SPLITTER = 134217729

/** The part of the last result that its double could not hold. */
let tail = 0

/** high + low + (slopeHigh + slopeLow) * sin r + high * (cos r - 1), rounded; leaves the remainder in `tail`. */
const combine = (high: number, low: number, slopeHigh: number, slopeLow: number, r: number): number => {
  const r2 = r * r
  const sinRest = r * r2 * (-1 / 6 + r2 * (1 / 120 + r2 * (-1 / 5040 + r2 / 362880)))
  const cosRest = r2 * (-0.5 + r2 * (1 / 24 + r2 * (-1 / 720 + r2 / 40320)))
  const product = slopeHigh * r
  const a = slopeHigh * SPLITTER
  const aHigh = a - (a - slopeHigh)
  const aLow = slopeHigh - aHigh
  const b = r * SPLITTER
  const bHigh = b - (b - r)
  const bLow = r - bHigh
  const productLow = aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow)
  const sum = high + product
  const back = sum - high
  const sumLow = high - (sum - back) + (product - back)
  const rest = sumLow + (productLow + (slopeHigh * sinRest + high * cosRest + (low + slopeLow * r)))
  const result = sum + rest
  tail = sum - result + rest
  return result
}

/** The sine of x. */
export const sinExact = (x: number): number => {
  if (!built) build()
  const a = Math.abs(x)
  const k = Math.round(a * STEPS)
  const s = combine(sinHigh[k], sinLow[k], cosHigh[k], cosLow[k], a - k / STEPS)
  if (x >= 0) return s
  tail = -tail
  return -s
}

/** The cosine of x. */
export const cosExact = (x: number): number => {
  if (!built) build()
  const a = Math.abs(x)
  const k = Math.round(a * STEPS)
  return combine(cosHigh[k], cosLow[k], -sinHigh[k], -sinLow[k], a - k / STEPS)
}

/** The arc sine of x: the engine's, corrected by one Newton step against `sinExact`. */
export const asinExact = (x: number): number => {
  const y = Math.asin(x)
  const cosine = Math.cos(y)
  if (cosine < 1e-9) return y
  const s = sinExact(y)
  return y + (x - s - tail) / cosine
}
