/**
 * The quicksort of Bentley and McIlroy ("Engineering a sort function", 1993), which goes on only in those parts that hold
 * some of the wanted places. It is not stable, and where SORT compares weights that are equal the order it leaves is what
 * replicas and clients see: so it takes its pivots and swaps exactly as the paper does.
 *
 *     = pivot | < pivot | not seen | > pivot | = pivot        equal ones gather at both ends ...
 *     0       less      seen       above     greater
 *     < pivot | = pivot | > pivot                             ... and go to the middle
 *
 * Below 7 elements it is an insertion sort; the pivot is the middle one of 7, of three up to 40, else of three times three.
 */

type Compare = (i: number, j: number) => number

const INSERTION_MAX = 6
const MIDDLE_ONLY = 7
const MEDIAN_OF_THREE_MAX = 40

const swap = (order: Int32Array, i: number, j: number): void => {
  const kept = order[i]
  order[i] = order[j]
  order[j] = kept
}

/** Exchanges `n` places from `i` on with those from `j` on. */
const swapMany = (order: Int32Array, i: number, j: number, n: number): void => {
  for (let k = 0; k < n; k++) swap(order, i + k, j + k)
}

const insertionSort = (order: Int32Array, from: number, n: number, compare: Compare): void => {
  for (let i = from + 1; i < from + n; i++)
    for (let j = i; j > from && compare(order[j - 1], order[j]) > 0; j--) swap(order, j, j - 1)
}

/** Which of three places holds the median. */
const median = (order: Int32Array, i: number, j: number, k: number, compare: Compare): number => {
  if (compare(order[i], order[j]) < 0) {
    if (compare(order[j], order[k]) < 0) return j
    return compare(order[i], order[k]) < 0 ? k : i
  }
  if (compare(order[j], order[k]) > 0) return j
  return compare(order[i], order[k]) < 0 ? i : k
}

const pivotOf = (order: Int32Array, from: number, n: number, compare: Compare): number => {
  let middle = from + (n >> 1)
  if (n === MIDDLE_ONLY) return middle
  let low = from
  let high = from + n - 1
  if (n > MEDIAN_OF_THREE_MAX) {
    const d = n >> 3
    low = median(order, low, low + d, low + 2 * d, compare)
    middle = median(order, middle - d, middle, middle + d, compare)
    high = median(order, high - 2 * d, high - d, high, compare)
  }
  return median(order, low, middle, high, compare)
}

/** Numbers of elements below and above the pivot after `partition`. */
const sides = { below: 0, above: 0 }

const partition = (order: Int32Array, from: number, n: number, compare: Compare): void => {
  swap(order, from, pivotOf(order, from, n, compare))
  const end = from + n
  let less = from + 1
  let seen = less
  let above = end - 1
  let greater = above
  for (;;) {
    for (let d; seen <= above && (d = compare(order[seen], order[from])) <= 0; seen++)
      if (d === 0) swap(order, less++, seen)
    for (let d; seen <= above && (d = compare(order[above], order[from])) >= 0; above--)
      if (d === 0) swap(order, above, greater--)
    if (seen > above) break
    swap(order, seen++, above--)
  }
  let equal = Math.min(less - from, seen - less)
  swapMany(order, from, seen - equal, equal)
  equal = Math.min(greater - above, end - greater - 1)
  swapMany(order, seen, end - equal, equal)
  sides.below = seen - less
  sides.above = greater - above
}

/** Sorts places [from, from + n) of `order` as far as places `first` to `last` show it. */
export const sortPart = (
  order: Int32Array,
  from: number,
  n: number,
  first: number,
  last: number,
  compare: Compare,
): void => {
  while (n > INSERTION_MAX && first < from + n && last >= from) {
    partition(order, from, n, compare)
    const { below, above } = sides
    const aboveFrom = from + n - above
    // The larger side is the loop's: however unequal they are, few calls stand on the stack.
    if (below < above) {
      sortPart(order, from, below, first, last, compare)
      from = aboveFrom
      n = above
    } else {
      sortPart(order, aboveFrom, above, first, last, compare)
      n = below
    }
  }
  if (first < from + n && last >= from) insertionSort(order, from, n, compare)
}
