/**
 * The numbers of `math.random`: the 48-bit linear congruence of drand48, x' = (x * 0x5DEECE66D + 11) mod 2^48, of which
 * the upper 31 bits are the result. Products do not fit into a double, so x is kept as two halves of 24 bits.
 *
 * A process has one such state for all of its scripts, and it is not reset between them.
 */

const HALF = 2 ** 24
const MULTIPLIER_HIGH = 0x5de
const MULTIPLIER_LOW = 0xece66d
const INCREMENT = 11

/** The greatest result, which C calls RAND_MAX. */
const RESULT_MAX = 0x7fffffff

export class LuaRandom {
  private high = 0x1234ab
  private low = 0xcd330e

  seed(seed: number): void {
    const value = seed >>> 0
    this.high = value >>> 8
    this.low = ((value & 0xff) << 16) | 0x330e
  }

  /** In [0, 1), as Lua makes it of the next 31 bits. */
  next(): number {
    const product = this.low * MULTIPLIER_LOW + INCREMENT
    const carry = Math.floor(product / HALF)
    this.high = (this.high * MULTIPLIER_LOW + this.low * MULTIPLIER_HIGH + carry) % HALF
    this.low = product % HALF
    const bits = this.high * 128 + (this.low >>> 17)
    return (bits % RESULT_MAX) / RESULT_MAX
  }
}
