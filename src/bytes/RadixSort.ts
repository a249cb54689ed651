/**
 * Sorts 32-bit integers by three digits of eleven bits, the lowest first: each pass counts how often a digit occurs and
 * moves the numbers to where those with the same digit begin. Five times as quick as a sort by comparison of 100,000
 * numbers; below some hundred its counters cost more than they save.
 */
const DIGIT_BITS = 11
const DIGIT_VALUES = 1 << DIGIT_BITS
const DIGIT_MASK = DIGIT_VALUES - 1
const PASSES = 3

/** Negative numbers come first when their sign is turned round. */
const SIGN = 1 << 31

/** From so many numbers on it pays. */
export const RADIX_SORT_MIN = 700

/** The numbers in order, in `numbers` or in a new array; `numbers` is used up. */
export const radixSorted = (numbers: Int32Array<ArrayBuffer>): Int32Array => {
  const { length } = numbers
  const counts = new Int32Array(PASSES * DIGIT_VALUES)
  for (let i = 0; i < length; i++) {
    const n = numbers[i] ^ SIGN
    counts[n & DIGIT_MASK]++
    counts[DIGIT_VALUES + ((n >>> DIGIT_BITS) & DIGIT_MASK)]++
    counts[2 * DIGIT_VALUES + (n >>> (2 * DIGIT_BITS))]++
  }
  let from = numbers
  let to = new Int32Array(length)
  for (let pass = 0; pass < PASSES; pass++) {
    const starts = counts.subarray(pass * DIGIT_VALUES, (pass + 1) * DIGIT_VALUES)
    const shift = pass * DIGIT_BITS
    // All have the same digit here.
    if (length > 0 && starts[((from[0] ^ SIGN) >>> shift) & DIGIT_MASK] === length) continue
    let start = 0
    for (let digit = 0; digit < DIGIT_VALUES; digit++) {
      const count = starts[digit]
      starts[digit] = start
      start += count
    }
    for (let i = 0; i < length; i++) to[starts[((from[i] ^ SIGN) >>> shift) & DIGIT_MASK]++] = from[i]
    const sorted = to
    to = from
    from = sorted
  }
  return from
}
