/**
 * Lua's own quicksort: the median of three as pivot, the smaller half by recursion. A comparison function sees the same
 * pairs in the same order as in Lua, and one that is no order is found out in the same places.
 *
 * Where nobody can see the comparisons (numbers or strings only, no function given) JavaScript's sort does it: elements
 * that compare equal are the same value.
 */
import { RADIX_SORT_MIN, radixSorted } from "../../bytes/RadixSort.js"
import { LuaError } from "../run/LuaError.js"
import { CALL, Metamethods } from "../run/Metamethods.js"
import { OUTSIDE } from "../run/Site.js"
import { first, type LuaState } from "../run/State.js"
import type { LuaTable, LuaValue, PlainForm, Steps } from "../run/Value.js"
import { LuaFunction } from "../run/Value.js"

const truth = (value: LuaValue): boolean => value !== undefined && value !== false

const areNumbers = (values: LuaValue[]): values is number[] => {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (typeof value !== "number" || value !== value || Object.is(value, -0)) return false
  }
  return true
}

const areStrings = (values: LuaValue[]): values is string[] =>
  values.every((value) => typeof value === "string")

const sortedNumbers = (numbers: number[]): Int32Array | Float64Array => {
  if (numbers.length < RADIX_SORT_MIN) return Float64Array.from(numbers).sort()
  const integers = new Int32Array(numbers.length)
  for (let i = 0; i < numbers.length; i++) {
    integers[i] = numbers[i]
    if (integers[i] !== numbers[i]) return Float64Array.from(numbers).sort()
  }
  return radixSorted(integers)
}

/** Sorts what JavaScript can sort; answers whether it did. */
export const sortSimply = (table: LuaTable, count: number): boolean => {
  const { array } = table
  if (array.length !== count || table.readonly) return false
  if (areNumbers(array)) {
    const sorted = sortedNumbers(array)
    for (let i = 0; i < count; i++) array[i] = sorted[i]
    return true
  }
  if (!areStrings(array)) return false
  array.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  return true
}

export class Sort {
  private readonly metamethods: Metamethods
  private readonly at
  private readonly isPlain: boolean
  private readonly plain: PlainForm

  constructor(
    private readonly state: LuaState,
    private readonly table: LuaTable,
    private readonly order: LuaValue,
  ) {
    this.metamethods = new Metamethods(state)
    this.at = state.at
    this.isPlain = order instanceof LuaFunction && order.g === undefined
    this.plain = order instanceof LuaFunction ? order.p : () => false
  }

  private get(i: number): LuaValue {
    return this.table.getNumber(i)
  }

  private set(i: number, value: LuaValue): void {
    if (this.table.readonly) throw this.state.bare("Attempt to modify a readonly table")
    this.table.setNumber(i, value)
  }

  /** The order of a function that is plain. */
  private lessNow(a: LuaValue, b: LuaValue): boolean {
    const result = this.plain(a, b)
    return truth(Array.isArray(result) ? result[0] : result)
  }

  private *less(a: LuaValue, b: LuaValue): Generator<undefined | object, boolean, LuaValue | LuaValue[]> {
    const { state, order } = this
    if (order === undefined) {
      const found = this.compare(a, b)
      return truth(found === CALL ? first(yield* this.metamethods.finish()) : found)
    }
    return truth(first(yield* state.call(order, a, b)))
  }

  /** The order of `<`, whose errors have no position here. */
  private compare(a: LuaValue, b: LuaValue): LuaValue {
    try {
      return this.metamethods.less(a, b, OUTSIDE)
    } catch (error) {
      throw error instanceof LuaError ? new LuaError(error.value, this.at) : error
    }
  }

  private invalid(): LuaError {
    this.state.at = this.at
    return this.state.raise("invalid order function for sorting")
  }

  *sort(count: number): Steps {
    const { state, at, isPlain } = this
    if (isPlain && count > 1) state.callFromC()
    if (isPlain) {
      state.at = OUTSIDE
      state.cDepth++
    }
    yield* this.run(1, count)
    if (isPlain) state.cDepth--
    state.at = at
    return []
  }

  private *run(from: number, to: number): Steps {
    let low = from
    let high = to
    while (low < high) {
      if (
        this.isPlain
          ? this.lessNow(this.get(high), this.get(low))
          : yield* this.less(this.get(high), this.get(low))
      )
        this.swap(low, high)
      if (high - low === 1) break
      const middle = (low + high) >> 1
      if (
        this.isPlain
          ? this.lessNow(this.get(middle), this.get(low))
          : yield* this.less(this.get(middle), this.get(low))
      )
        this.swap(middle, low)
      else if (
        this.isPlain
          ? this.lessNow(this.get(high), this.get(middle))
          : yield* this.less(this.get(high), this.get(middle))
      )
        this.swap(middle, high)
      if (high - low === 2) break
      const pivot = this.get(middle)
      this.swap(middle, high - 1)
      const cut = first(yield* this.partition(low, high, pivot))
      if (typeof cut !== "number") break
      this.swap(high - 1, cut)
      if (cut - low < high - cut) {
        yield* this.run(low, cut - 1)
        low = cut + 1
      } else {
        yield* this.run(cut + 1, high)
        high = cut - 1
      }
    }
    return []
  }

  private *partition(low: number, high: number, pivot: LuaValue): Steps {
    const { state } = this
    let i = low
    let j = high - 1
    for (;;) {
      for (;;) {
        if (--state.fuel < 0 && state.tick()) yield undefined
        const value = this.get(++i)
        if (!(this.isPlain ? this.lessNow(value, pivot) : yield* this.less(value, pivot))) break
        if (i > high) throw this.invalid()
      }
      for (;;) {
        if (--state.fuel < 0 && state.tick()) yield undefined
        const value = this.get(--j)
        if (!(this.isPlain ? this.lessNow(pivot, value) : yield* this.less(pivot, value))) break
        if (j < low) throw this.invalid()
      }
      if (j < i) return i
      this.swap(i, j)
    }
  }

  private swap(i: number, j: number): void {
    const a = this.get(i)
    this.set(i, this.get(j))
    this.set(j, a)
  }
}
