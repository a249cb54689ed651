/**
 * The longest common subsequence of two byte strings, as LCS answers it: its bytes, its length, and the runs in which it
 * lies in both strings.
 *
 * The lengths L(i, j) for the prefixes of i and j bytes are computed row by row; of a finished row only one bit a cell is
 * kept, which says where the way back goes when the bytes differ: set = to (i - 1, j), clear = to (i, j - 1), the latter
 * on a tie. A cell whose bytes are equal goes to (i - 1, j - 1).
 *
 * Cost: O(n m) time; n m / 8 bytes and two rows of words. The caller bounds n m.
 *
 * Worked example: "ohmytext" and "mynewtext" have "mytext", in the runs (4..7, 5..8) and (2..3, 0..1).
 */

/** One run: bytes aStart..aEnd of the first string equal bStart..bEnd of the second, ends included. */
export interface LcsRun {
  readonly aStart: number
  readonly aEnd: number
  readonly bStart: number
  readonly bEnd: number
}

interface LcsResult {
  readonly length: number
  /** The subsequence; empty when only the length was asked for. */
  readonly bytes: Uint8Array
  /** From the last run to the first. */
  readonly runs: ReadonlyArray<LcsRun>
}

const NO_BYTES = new Uint8Array(0)

/**
 * @param lengthOnly the way back is not needed: no bits are kept
 */
export const longestCommonSubsequence = (a: Uint8Array, b: Uint8Array, lengthOnly: boolean): LcsResult => {
  const n = a.length
  const m = b.length
  const stride = (m + 7) >>> 3
  const ways = lengthOnly ? NO_BYTES : new Uint8Array(n * stride)
  let above = new Int32Array(m + 1)
  let row = new Int32Array(m + 1)
  for (let i = 0; i < n; i++) {
    const byte = a[i]
    const base = i * stride
    let left = 0
    for (let j = 0; j < m; j++) {
      if (byte === b[j]) left = above[j] + 1
      else if (above[j + 1] > left) {
        left = above[j + 1]
        if (!lengthOnly) ways[base + (j >>> 3)] |= 1 << (j & 7)
      }
      row[j + 1] = left
    }
    const swap = above
    above = row
    row = swap
  }
  const length = above[m]
  return lengthOnly ? { length, bytes: NO_BYTES, runs: [] } : walkBack(a, b, ways, stride, length)
}

const walkBack = (
  a: Uint8Array,
  b: Uint8Array,
  ways: Uint8Array,
  stride: number,
  length: number,
): LcsResult => {
  const bytes = new Uint8Array(length)
  const runs: Array<LcsRun> = []
  let at = length
  let i = a.length - 1
  let j = b.length - 1
  while (at > 0) {
    if (a[i] !== b[j]) {
      if ((ways[i * stride + (j >>> 3)] & (1 << (j & 7))) !== 0) i--
      else j--
      continue
    }
    const aEnd = i
    const bEnd = j
    while (at > 0 && i >= 0 && j >= 0 && a[i] === b[j]) {
      bytes[--at] = a[i]
      i--
      j--
    }
    runs.push({ aStart: i + 1, aEnd, bStart: j + 1, bEnd })
  }
  return { length, bytes, runs }
}
