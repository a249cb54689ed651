/** Bytes in bulk. */

/** Zeroes bytes [from, to); short runs, as APPEND makes them, without a call. */
export const zeroBytes = (bytes: Uint8Array, from: number, to: number): void => {
  if (to - from > 64) bytes.fill(0, from, to)
  else for (let i = from; i < to; i++) bytes[i] = 0
}

/** Copies n bytes; short runs by a loop, which beats the two view objects of `set` up to about 64 bytes. */
export const copyBytes = (src: Uint8Array, s: number, dst: Uint8Array, d: number, n: number): void => {
  if (n <= 64) {
    if (src === dst && s < d) for (let i = n - 1; i >= 0; i--) dst[d + i] = src[s + i]
    else for (let i = 0; i < n; i++) dst[d + i] = src[s + i]
  } else if (src === dst) dst.copyWithin(d, s, s + n)
  else dst.set(src.subarray(s, s + n), d)
}

/** The same numbers, with room for more behind them. */
export const grownInts = (old: Int32Array, length: number): Int32Array => {
  const next = new Int32Array(length)
  next.set(old)
  return next
}
