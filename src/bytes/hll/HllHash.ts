/**
 * MurmurHash64A, Austin Appleby's 64-bit hash, in 32-bit halves, and what a HyperLogLog takes from it.
 *
 * The bytes are read as little-endian 64-bit words k. Each is mixed (k *= M; k ^= k >>> 47; k *= M), XORed into h, and h
 * multiplied by M; the last 0 to 7 bytes are XORed in low end first, and h is mixed once more at the end. h starts as
 * seed ^ (length * M), M = c6a4a7935bd1e995. HyperLogLog's seed is adc83b19.
 *
 * From the hash, the low 14 bits choose one of 16384 registers; the count is one more than the number of zero bits that
 * follow, at most 51.
 *
 * A product of halves needs the high word of 32 x 32 bits, which is put together from 16-bit parts.
 */

const M_LO = 0x5bd1e995
const M_HI = 0xc6a4a793 | 0
const M_LO_LOW = M_LO & 0xffff
const M_LO_HIGH = M_LO >>> 16

/** The seed of every HyperLogLog, in RDB files and on the wire alike. */
export const HLL_SEED = 0xadc83b19

/** Bits of the hash that choose a register. */
export const HLL_INDEX_BITS = 14

/** Registers of a HyperLogLog. */
export const HLL_REGISTERS = 1 << HLL_INDEX_BITS

/** The high word of a * M_LO, unsigned. */
const highTimesM = (a: number): number => {
  const low = a & 0xffff
  const high = a >>> 16
  const middle = high * M_LO_LOW + ((low * M_LO_LOW) >>> 16)
  const cross = low * M_LO_HIGH + (middle & 0xffff)
  return (high * M_LO_HIGH + Math.floor(middle / 65536) + Math.floor(cross / 65536)) | 0
}

/** The high half of (hi, lo) * M; the low half is Math.imul(lo, M_LO). */
const productHigh = (hi: number, lo: number): number =>
  (highTimesM(lo) + Math.imul(hi, M_LO) + Math.imul(lo, M_HI)) | 0

/** The halves of the last hash computed. */
let hashLo = 0
let hashHi = 0

/** Leaves the hash of the bytes in `hashLo` and `hashHi`. */
const murmur = (buf: Uint8Array, off: number, len: number, seed: number): void => {
  let lo = seed ^ Math.imul(len, M_LO)
  let hi = productHigh(0, len)
  const end = off + len
  const words = off + (len & ~7)
  for (let i = off; i < words; i += 8) {
    let kl = buf[i] | (buf[i + 1] << 8) | (buf[i + 2] << 16) | (buf[i + 3] << 24)
    let kh = buf[i + 4] | (buf[i + 5] << 8) | (buf[i + 6] << 16) | (buf[i + 7] << 24)
    kh = productHigh(kh, kl)
    kl = Math.imul(kl, M_LO)
    kl ^= kh >>> 15
    hi ^= productHigh(kh, kl)
    lo ^= Math.imul(kl, M_LO)
    hi = productHigh(hi, lo)
    lo = Math.imul(lo, M_LO)
  }
  if (words < end) {
    for (let i = words, shift = 0; i < end; i++, shift += 8) {
      if (shift < 32) lo ^= buf[i] << shift
      else hi ^= buf[i] << (shift - 32)
    }
    hi = productHigh(hi, lo)
    lo = Math.imul(lo, M_LO)
  }
  lo ^= hi >>> 15
  hi = productHigh(hi, lo)
  lo = Math.imul(lo, M_LO)
  hashLo = lo ^ (hi >>> 15)
  hashHi = hi
}

/** The 64-bit hash as 16 hexadecimal digits, for tests. */
export const murmurHex = (buf: Uint8Array, off: number, len: number, seed: number): string => {
  murmur(buf, off, len, seed)
  return (hashHi >>> 0).toString(16).padStart(8, "0") + (hashLo >>> 0).toString(16).padStart(8, "0")
}

const trailingZeros = (v: number): number => 31 - Math.clz32(v & -v)

/** The register and count of an element, packed: index in the low 14 bits, count (1 to 51) above. */
export const hllPattern = (buf: Uint8Array, off: number, len: number): number => {
  murmur(buf, off, len, HLL_SEED)
  const rest = hashLo >>> HLL_INDEX_BITS
  const below = 32 - HLL_INDEX_BITS
  const zeros = rest !== 0 ? trailingZeros(rest) : hashHi !== 0 ? below + trailingZeros(hashHi) : below + 32
  return (hashLo & (HLL_REGISTERS - 1)) | ((zeros + 1) << HLL_INDEX_BITS)
}
