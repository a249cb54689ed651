/**
 * exp, log, log10, cosh and pow as C gives them: practically always the nearest double. V8's are off by one bit in up to
 * one case of ten (10 ** -5 is not 0.00001), which shows as soon as a number is printed with 17 digits, as arguments of
 * commands are.
 *
 * Computed in pairs of doubles, an unevaluated sum `high + low` of about 106 bits; `pairHigh` and `pairLow` hold the last
 * result. exp halves its argument eight times, sums a short series and squares back; log corrects V8's by one step
 * with exp; whole powers are multiplied out. Results near the ends of the range of doubles are left to V8.
 */

const SPLITTER = 2 ** 27 + 1
const LN2_HIGH = 0.6931471805599453
const LN2_LOW = 2.3190468138462996e-17

let pairHigh = 0
let pairLow = 0

/** The sum of a pair's parts of which the first is the larger. */
const setPair = (high: number, low: number): void => {
  pairHigh = high + low
  pairLow = low - (pairHigh - high)
}

/** The rounding error of a * b, found by splitting both into halves of 26 bits. */
const productError = (a: number, b: number, product: number): number => {
  const ta = SPLITTER * a
  const aHigh = ta - (ta - a)
  const aLow = a - aHigh
  const tb = SPLITTER * b
  const bHigh = tb - (tb - b)
  const bLow = b - bHigh
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow)
}

const multiply = (aHigh: number, aLow: number, bHigh: number, bLow: number): void => {
  const product = aHigh * bHigh
  setPair(product, productError(aHigh, bHigh, product) + (aHigh * bLow + aLow * bHigh))
}

const add = (aHigh: number, aLow: number, bHigh: number, bLow: number): void => {
  const sum = aHigh + bHigh
  const part = sum - aHigh
  setPair(sum, aHigh - (sum - part) + (bHigh - part) + (aLow + bLow))
}

const HALVINGS = 8
/** Enough for arguments below 0.0014: the next term is under 2^-106. */
const TERMS = 9

/** The pair of e^(high + low) - 1 for a small argument (at most half of ln 2). */
const expSmall = (high: number, low: number): void => {
  const scale = 2 ** -HALVINGS
  const x = high * scale
  const y = low * scale
  setPair(0, 0)
  // Horner's scheme: x (1 + x/2 (1 + x/3 (...))), from the innermost out.
  for (let n = TERMS; n >= 1; n--) {
    add(1, 0, pairHigh, pairLow)
    multiply(pairHigh, pairLow, x, y)
    const sumHigh = pairHigh
    const quotient = sumHigh / n
    const product = quotient * n
    setPair(quotient, (sumHigh - product - productError(quotient, n, product) + pairLow) / n)
  }
  for (let i = 0; i < HALVINGS; i++) {
    const onceHigh = pairHigh
    const onceLow = pairLow
    multiply(onceHigh, onceLow, onceHigh, onceLow)
    add(2 * onceHigh, 2 * onceLow, pairHigh, pairLow)
  }
}

/** Beyond these, V8 answers: there are overflow, subnormal results, and splits that overflow. */
const EXPONENT_MAX = 690

/** e^(high + low) rounded to a double. */
const expPair = (high: number, low: number): number => {
  const twos = Math.round(high / LN2_HIGH)
  multiply(twos, 0, LN2_HIGH, LN2_LOW)
  add(high, low, -pairHigh, -pairLow)
  expSmall(pairHigh, pairLow)
  add(1, 0, pairHigh, pairLow)
  return pairHigh * 2 ** twos
}

export const exp = (x: number): number =>
  x < EXPONENT_MAX && x > -EXPONENT_MAX && Math.abs(x) > 1e-8 ? expPair(x, 0) : Math.exp(x)

/** Leaves the logarithm of a normal `x` > 0 in the pair. */
const logPair = (x: number): void => {
  let twos = Math.round(Math.log2(x))
  if (twos > 1000) twos = 1000
  const mantissa = x * 2 ** -twos
  const near = Math.log(mantissa)
  expSmall(-near, 0)
  // mantissa * e^-near - 1, which is what the logarithm lacks.
  const factorHigh = pairHigh
  const factorLow = pairLow
  multiply(mantissa, 0, factorHigh, factorLow)
  add(pairHigh, pairLow, mantissa - 1, 0)
  const rest = pairHigh + pairLow
  setPair(near, rest - (rest * rest) / 2)
  const logHigh = pairHigh
  const logLow = pairLow
  multiply(twos, 0, LN2_HIGH, LN2_LOW)
  add(pairHigh, pairLow, logHigh, logLow)
}

const NORMAL_MIN = 2 ** -1000
const NORMAL_MAX = 2 ** 1000

export const log = (x: number): number => {
  if (!(x > NORMAL_MIN && x < NORMAL_MAX)) return Math.log(x)
  logPair(x)
  return pairHigh
}

const LOG10_2_HIGH = 3.01029995663611771306e-1
const LOG10_2_LOW = 3.69423907715893078616e-13
const INVERSE_LN10 = 4.34294481903251816668e-1

/** As C computes it, in plain doubles from the logarithm of the mantissa: no more exact, but the same. */
export const log10 = (x: number): number => {
  if (!(x > NORMAL_MIN && x < NORMAL_MAX)) return Math.log10(x)
  let twos = Math.floor(Math.log2(x))
  if (2 ** twos > x) twos--
  else if (2 ** (twos + 1) <= x) twos++
  if (twos < 0) twos++
  const mantissa = x * 2 ** -twos
  return twos * LOG10_2_LOW + INVERSE_LN10 * log(mantissa) + twos * LOG10_2_HIGH
}

const COSH_BY_EXP_MIN = 0.5 * Math.LN2
const COSH_SMALL_PART = 22

/** As C computes it where that goes by exp. */
export const cosh = (x: number): number => {
  const size = Math.abs(x)
  if (!(size > COSH_BY_EXP_MIN && size < EXPONENT_MAX)) return Math.cosh(x)
  const whole = exp(size)
  return size < COSH_SMALL_PART ? 0.5 * whole + 0.5 / whole : 0.5 * whole
}

const LARGEST = 1e270
const SMALLEST = 1e-270
const WHOLE_EXPONENT_MAX = 1024

const inRange = (x: number): boolean => x < LARGEST && x > SMALLEST

/** Halfway between two doubles C's pow takes the one further from zero. */
const rounded = (high: number, low: number): number => {
  const up = high + 2 * low
  return low !== 0 && low > 0 === high > 0 && up - high === 2 * low ? up : high
}

/** base^exponent for a whole exponent of at least 1; NaN when it leaves the safe range on the way. */
const wholePower = (base: number, exponent: number, inverse: boolean): number => {
  let high = 1
  let low = 0
  let squareHigh = base
  let squareLow = 0
  for (let left = exponent; ;) {
    if ((left & 1) === 1) {
      multiply(high, low, squareHigh, squareLow)
      high = pairHigh
      low = pairLow
    }
    left >>= 1
    if (left === 0) break
    multiply(squareHigh, squareLow, squareHigh, squareLow)
    squareHigh = pairHigh
    squareLow = pairLow
    if (!inRange(squareHigh)) return NaN
  }
  if (!inRange(Math.abs(high))) return NaN
  if (!inverse) return rounded(high, low)
  const quotient = 1 / high
  const product = quotient * high
  const rest = 1 - product - productError(quotient, high, product) - quotient * low
  return quotient + rest / high
}

/** `a ^ b`, and math.pow. 1 and -1 to an infinite or undefined power are 1 in C. */
export const power = (a: number, b: number): number => {
  if (b === 2) return a * a
  if (a === 1) return 1
  if (a === -1 && (b === Infinity || b === -Infinity)) return 1
  if (b === 0.5 && a > 0) return Math.sqrt(a)
  if (a - a !== 0 || b - b !== 0 || b === 0 || a === 0) return a ** b
  if (Number.isInteger(b) && b >= -WHOLE_EXPONENT_MAX && b <= WHOLE_EXPONENT_MAX) {
    const result = wholePower(a, Math.abs(b), b < 0)
    if (result === result) return result
  }
  if (!(a > NORMAL_MIN && a < NORMAL_MAX)) return a ** b
  logPair(a)
  const logHigh = pairHigh
  const logLow = pairLow
  if (!(Math.abs(b) < 1e200 && Math.abs(b * logHigh) < EXPONENT_MAX)) return a ** b
  multiply(logHigh, logLow, b, 0)
  return Math.abs(pairHigh) > 1e-8 ? expPair(pairHigh, pairLow) : a ** b
}
