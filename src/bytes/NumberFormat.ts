/**
 * Integers in decimal, written straight into a buffer, two digits at a time, with no string in between. Doubles are
 * FloatText.ts.
 *
 * Example: writeInt(buf, 0, -1234) puts "-1234" at the start of the buffer and answers 5.
 */

/** Most bytes `writeInt` writes: a sign and 17 digits of a safe integer. */
export const maxIntBytes = 20

/** Tens and ones of 0..99. */
const digitPairs = new Uint8Array(200)
for (let i = 0; i < 100; i++) {
  digitPairs[i * 2] = 48 + ((i / 10) | 0)
  digitPairs[i * 2 + 1] = 48 + (i % 10)
}

/** Number of decimal digits of an integer in 0 .. 2^53. */
export const digitCount = (n: number): number => {
  if (n < 10) return 1
  if (n < 100) return 2
  if (n < 1000) return 3
  if (n < 10000) return 4
  if (n < 100000) return 5
  if (n < 1000000) return 6
  let count = 6
  let bound = 1e6
  while (n >= bound) {
    count++
    bound *= 10
  }
  return count
}

/** Writes a safe integer at `pos` in decimal and returns the position after it. The caller has made room. */
export const writeInt = (buf: Uint8Array, pos: number, n: number): number => {
  if (n < 0) {
    buf[pos++] = 45
    n = -n
  }
  if (n < 10) {
    buf[pos] = 48 + n
    return pos + 1
  }
  const end = pos + digitCount(n)
  writeDigitsBefore(buf, end, n)
  return end
}

/** Writes an integer in 0 .. 2^53 so that it ends just before `end`, and returns where it starts. */
export const writeDigitsBefore = (buf: Uint8Array, end: number, n: number): number => {
  let at = end
  while (n > 0x7fffffff) {
    const rest = Math.floor(n / 100)
    const pair = (n - rest * 100) * 2
    buf[--at] = digitPairs[pair + 1]
    buf[--at] = digitPairs[pair]
    n = rest
  }
  let small = n | 0
  while (small >= 100) {
    const rest = (small / 100) | 0
    const pair = (small - rest * 100) << 1
    buf[--at] = digitPairs[pair + 1]
    buf[--at] = digitPairs[pair]
    small = rest
  }
  if (small >= 10) {
    buf[--at] = digitPairs[small * 2 + 1]
    buf[--at] = digitPairs[small * 2]
  } else {
    buf[--at] = 48 + small
  }
  return at
}
