/**
 * SHA-1 (FIPS 180-4) of short byte strings: the digests of DEBUG DIGEST and the names of scripts.
 *
 * One call hashes one string: whole blocks of 64 bytes are read where they lie, the rest is padded in a scratch block
 * (byte 80, zeros, the length in bits as 64 bits, highest byte first). Nothing is allocated. SHA-1 is no protection
 * against an adversary; it serves here because Redis uses it.
 *
 * Worked example: "abc" is a9993e364706816aba3e25717850c26c9cd0d89d.
 */

/** Bytes in a digest. */
export const SHA1_BYTES = 20

const BLOCK = 64

const schedule = new Int32Array(80)
const state = new Int32Array(5)
const tail = new Uint8Array(BLOCK)

const compress = (buf: Uint8Array, off: number): void => {
  const w = schedule
  for (let t = 0, i = off; t < 16; t++, i += 4) {
    w[t] = (buf[i] << 24) | (buf[i + 1] << 16) | (buf[i + 2] << 8) | buf[i + 3]
  }
  for (let t = 16; t < 80; t++) {
    const x = w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16]
    w[t] = (x << 1) | (x >>> 31)
  }
  let a = state[0]
  let b = state[1]
  let c = state[2]
  let d = state[3]
  let e = state[4]
  // A loop for each kind of round: asking in one loop which kind it is took 0.44 us for a short string, this 0.28.
  for (let t = 0; t < 20; t++) {
    const f = ((b & c) | (~b & d)) + 0x5a827999
    const next = (((a << 5) | (a >>> 27)) + f + e + w[t]) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = next
  }
  for (let t = 20; t < 40; t++) {
    const f = (b ^ c ^ d) + 0x6ed9eba1
    const next = (((a << 5) | (a >>> 27)) + f + e + w[t]) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = next
  }
  for (let t = 40; t < 60; t++) {
    const f = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
    const next = (((a << 5) | (a >>> 27)) + f + e + w[t]) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = next
  }
  for (let t = 60; t < 80; t++) {
    const f = (b ^ c ^ d) + 0xca62c1d6
    const next = (((a << 5) | (a >>> 27)) + f + e + w[t]) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = next
  }
  state[0] += a
  state[1] += b
  state[2] += c
  state[3] += d
  state[4] += e
}

/** Writes the SHA-1 of `buf[off, off + len)` as 20 bytes at `dst[dOff]`; `dst` may be `buf`. */
export const sha1 = (buf: Uint8Array, off: number, len: number, dst: Uint8Array, dOff: number): void => {
  state[0] = 0x67452301
  state[1] = 0xefcdab89
  state[2] = 0x98badcfe
  state[3] = 0x10325476
  state[4] = 0xc3d2e1f0
  const end = off + len
  let i = off
  for (; i + BLOCK <= end; i += BLOCK) compress(buf, i)
  tail.fill(0)
  const rest = end - i
  for (let k = 0; k < rest; k++) tail[k] = buf[i + k]
  tail[rest] = 0x80
  if (rest >= BLOCK - 8) {
    compress(tail, 0)
    tail.fill(0)
  }
  const bitsHigh = Math.floor(len / 0x20000000)
  const bitsLow = len << 3
  for (let k = 0; k < 4; k++) {
    tail[BLOCK - 8 + k] = bitsHigh >>> (24 - 8 * k)
    tail[BLOCK - 4 + k] = bitsLow >>> (24 - 8 * k)
  }
  compress(tail, 0)
  for (let k = 0; k < SHA1_BYTES; k++) dst[dOff + k] = state[k >> 2] >>> (24 - 8 * (k & 3))
}

/** The SHA-1 of `buf[off, off + len)` as 40 lower-case hexadecimal digits. */
export const sha1Hex = (buf: Uint8Array, off: number, len: number): string => {
  const digest = new Uint8Array(SHA1_BYTES)
  sha1(buf, off, len, digest, 0)
  let text = ""
  for (const byte of digest) text += byte.toString(16).padStart(2, "0")
  return text
}
