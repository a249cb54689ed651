/**
 * The table `math`. What C defines otherwise than the host is written out here and in power.ts. The trigonometric functions
 * are the host's: of theirs, one result in thirty differs from C's in the last bit of 53.
 */
import { integerArgument, numberArgument } from "../run/Arguments.js"
import { builtin, library } from "../run/Builtin.js"
import type { LuaState } from "../run/State.js"
import type { LuaFunction, LuaTable, LuaValue, Results } from "../run/Value.js"
import { cosh, exp, log, log10, power as powerOf } from "./power.js"
import type { LuaRandom } from "./random.js"

type OneNumber = (x: number) => number
type TwoNumbers = (x: number, y: number) => number

const unary = (state: LuaState, name: string, compute: OneNumber): LuaFunction =>
  builtin(
    name,
    function (x: LuaValue): number {
      return compute(typeof x === "number" ? x : numberArgument(state, x, 1, arguments.length))
    },
    { returns: "number", cost: 3 },
  )

/** The second argument is looked at first: C evaluates the arguments of a call from right to left here. */
const binary = (state: LuaState, name: string, compute: TwoNumbers): LuaFunction =>
  builtin(
    name,
    function (x: LuaValue, y: LuaValue): number {
      const given = arguments.length
      const second = numberArgument(state, y, 2, given)
      return compute(numberArgument(state, x, 1, given), second)
    },
    { returns: "number", cost: 5 },
  )

/** max and min: NaN only wins where it comes first. */
const extreme = (state: LuaState, name: string, better: (x: number, best: number) => boolean): LuaFunction =>
  builtin(
    name,
    function (...args: LuaValue[]): number {
      const given = args.length
      let best = numberArgument(state, args[0], 1, given)
      for (let i = 1; i < given; i++) {
        const x = numberArgument(state, args[i], i + 1, given)
        if (better(x, best)) best = x
      }
      return best
    },
    { returns: "number", cost: 5 },
  )

const modf = (state: LuaState): LuaFunction =>
  builtin("modf", function (value: LuaValue): Results {
    const x = numberArgument(state, value, 1, arguments.length)
    const whole = Math.trunc(x)
    const fraction = x - x === 0 ? x - whole : x !== x ? x : 0
    return [whole, fraction === 0 && (x < 0 || Object.is(x, -0)) ? -0 : fraction]
  })

const doubleBits = new DataView(new ArrayBuffer(8))
const SUBNORMAL_SHIFT = 54

const frexp = (state: LuaState): LuaFunction =>
  builtin("frexp", function (value: LuaValue): Results {
    const x = numberArgument(state, value, 1, arguments.length)
    if (x === 0 || x - x !== 0) return [x, 0]
    const subnormal = Math.abs(x) < 2 ** -1022
    doubleBits.setFloat64(0, subnormal ? x * 2 ** SUBNORMAL_SHIFT : x)
    const high = doubleBits.getUint32(0)
    const exponent = ((high >>> 20) & 0x7ff) - 1022 - (subnormal ? SUBNORMAL_SHIFT : 0)
    doubleBits.setUint32(0, (high & 0x800fffff) | (1022 << 20))
    return [doubleBits.getFloat64(0), exponent]
  })

/** One step of scaling: an exact power of two. Further out every double is 0 or infinite. */
const SCALE_STEP = 1000
const SCALE_MAX = 3000

/** x * 2^exponent, rounded once: the odd step comes first, while the number is normal. */
const scale = (x: number, exponent: number): number => {
  let left = Math.max(-SCALE_MAX, Math.min(SCALE_MAX, exponent))
  const odd = left % SCALE_STEP
  let scaled = x * 2 ** odd
  left -= odd
  for (; left > 0; left -= SCALE_STEP) scaled *= 2 ** SCALE_STEP
  for (; left < 0; left += SCALE_STEP) scaled *= 2 ** -SCALE_STEP
  return scaled
}

const ldexp = (state: LuaState): LuaFunction =>
  builtin(
    "ldexp",
    function (x: LuaValue, exponent: LuaValue): number {
      const given = arguments.length
      const power = integerArgument(state, exponent, 2, given)
      return scale(numberArgument(state, x, 1, given), power)
    },
    { returns: "number", cost: 5 },
  )

const randomFunction = (state: LuaState, random: LuaRandom): LuaFunction =>
  builtin(
    "random",
    function (low: LuaValue, high: LuaValue): number {
      const given = arguments.length
      // The number is drawn before the arguments are looked at.
      const r = random.next()
      if (given === 0) return r
      if (given > 2) throw state.raise("wrong number of arguments")
      const first = integerArgument(state, low, 1, given)
      if (given === 1) {
        if (first < 1) throw state.badArgument(1, "interval is empty")
        return Math.floor(r * first) + 1
      }
      const last = integerArgument(state, high, 2, given)
      if (first > last) throw state.badArgument(2, "interval is empty")
      // The width is a C int, which wraps.
      return Math.floor(r * ((last - first + 1) | 0)) + first
    },
    { returns: "number", cost: 10 },
  )

const randomSeed = (state: LuaState, random: LuaRandom): LuaFunction =>
  builtin("randomseed", function (seed: LuaValue): Results {
    random.seed(integerArgument(state, seed, 1, arguments.length))
    return []
  })

const RADIANS_A_DEGREE = Math.PI / 180

const singles: ReadonlyArray<readonly [string, OneNumber]> = [
  ["abs", Math.abs],
  ["acos", Math.acos],
  ["asin", Math.asin],
  ["atan", Math.atan],
  ["ceil", Math.ceil],
  ["cosh", cosh],
  ["cos", Math.cos],
  ["deg", (x) => x / RADIANS_A_DEGREE],
  ["exp", exp],
  ["floor", Math.floor],
  ["log10", log10],
  ["log", log],
  ["rad", (x) => x * RADIANS_A_DEGREE],
  ["sinh", Math.sinh],
  ["sin", Math.sin],
  ["sqrt", Math.sqrt],
  ["tanh", Math.tanh],
  ["tan", Math.tan],
]

const pairs: ReadonlyArray<readonly [string, TwoNumbers]> = [
  ["atan2", Math.atan2],
  ["fmod", (x, y) => x % y],
  ["pow", powerOf],
]

/** Lua registers its functions in this order, on which that of `pairs` depends. */
const order: ReadonlyArray<string> =
  "abs acos asin atan2 atan ceil cosh cos deg exp floor fmod frexp ldexp log10 log max min modf pow rad random randomseed sinh sin sqrt tanh tan".split(
    " ",
  )

export const mathLibrary = (state: LuaState, random: LuaRandom): LuaTable => {
  const functions = [
    ...singles.map(([name, compute]) => unary(state, name, compute)),
    ...pairs.map(([name, compute]) => binary(state, name, compute)),
    extreme(state, "max", (x, best) => x > best),
    extreme(state, "min", (x, best) => x < best),
    modf(state),
    frexp(state),
    ldexp(state),
    randomFunction(state, random),
    randomSeed(state, random),
  ]
  const place = (f: LuaFunction): number => order.indexOf(f.info?.name ?? "")
  const table = library(functions.sort((a, b) => place(a) - place(b)))
  table.setText("pi", Math.PI)
  table.setText("huge", Infinity)
  table.setText("mod", table.getText("fmod"))
  return table
}
