/** Bytes in bulk. */

/** Zeroes bytes [from, to); short runs, as APPEND makes them, without a call. */
export const zeroBytes = (bytes: Uint8Array, from: number, to: number): void => {
  if (to - from > 64) bytes.fill(0, from, to)
  else for (let i = from; i < to; i++) bytes[i] = 0
}
