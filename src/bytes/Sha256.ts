/**
 * SHA-256 (FIPS 180-4) of a byte string: the form in which ACL lists passwords.
 *
 * The string is hashed by blocks of 64 bytes, the last of which are padded: byte 80, zeros, the length in bits as 64 bits,
 * highest byte first. Nothing here is in a hurry: a password is hashed when somebody asks for it.
 *
 * Worked example: "abc" is ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad.
 */

const BLOCK = 64
const ROUNDS = 64

const isPrime = (n: number): boolean => {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false
  return true
}

/** The first 32 bits behind the point of a root of each of the first primes: the standard's constants. */
const rootBits = (count: number, root: (n: number) => number): Int32Array => {
  const bits: Array<number> = []
  for (let n = 2; bits.length < count; n++)
    if (isPrime(n)) bits.push(Math.floor((root(n) % 1) * 0x1_0000_0000))
  return Int32Array.from(bits, (value) => value | 0)
}

const constants = rootBits(ROUNDS, Math.cbrt)
const start = rootBits(8, Math.sqrt)

const rotated = (x: number, n: number): number => (x >>> n) | (x << (32 - n))

const schedule = new Int32Array(ROUNDS)

const compress = (state: Int32Array, block: DataView, off: number): void => {
  const w = schedule
  for (let t = 0; t < 16; t++) w[t] = block.getInt32(off + t * 4)
  for (let t = 16; t < ROUNDS; t++) {
    const x = w[t - 15]
    const y = w[t - 2]
    const low = rotated(x, 7) ^ rotated(x, 18) ^ (x >>> 3)
    const high = rotated(y, 17) ^ rotated(y, 19) ^ (y >>> 10)
    w[t] = w[t - 16] + low + w[t - 7] + high
  }
  let [a, b, c, d, e, f, g, h] = state
  for (let t = 0; t < ROUNDS; t++) {
    const choice = (e & f) ^ (~e & g)
    const first = (h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + choice + constants[t] + w[t]) | 0
    const majority = (a & b) ^ (a & c) ^ (b & c)
    const second = ((rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + majority) | 0
    ;[h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0]
  }
  for (const [i, value] of [a, b, c, d, e, f, g, h].entries()) state[i] += value
}

/** The SHA-256 of the bytes as 64 lower-case hexadecimal digits. */
export const sha256Hex = (bytes: Uint8Array): string => {
  const state = Int32Array.from(start)
  const padded = new Uint8Array((Math.floor((bytes.length + 8) / BLOCK) + 1) * BLOCK)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setBigUint64(padded.length - 8, BigInt(bytes.length) * 8n)
  for (let off = 0; off < padded.length; off += BLOCK) compress(state, view, off)
  return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("")
}
