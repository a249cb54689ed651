/**
 * The table `bit` (LuaBitOp): operations on 32 bits, results signed.
 *
 * Arguments are brought to 32 bits as LuaBitOp does it in C: by adding 2^52 + 2^51, which leaves the number, rounded to
 * the nearest whole one (ties to even), in the low bits of the double; these are taken as they are, whatever the number
 * was. So 2.5 is 2, 2^32 is 0, and 1e20 is what the double happens to hold.
 */
import { numberArgument } from "../run/Arguments.js"
import { builtin, library } from "../run/Builtin.js"
import type { LuaState } from "../run/State.js"
import type { LuaFunction, LuaTable, LuaValue } from "../run/Value.js"

const TO_LOW_BITS = 2 ** 52 + 2 ** 51

const double = new Float64Array(1)
const halves = new Int32Array(double.buffer)
double[0] = 1
/** Which half of a double is the low one on this machine. */
const LOW = halves[0] === 0 ? 0 : 1

const toBits = (x: number): number => {
  if ((x | 0) === x) return x | 0
  double[0] = x + TO_LOW_BITS
  return halves[LOW]
}

const bitsArgument = (state: LuaState, value: LuaValue, position: number, given: number): number =>
  toBits(numberArgument(state, value, position, given))

const single = (state: LuaState, name: string, compute: (bits: number) => number): LuaFunction =>
  builtin(
    name,
    function (value: LuaValue): number {
      return compute(bitsArgument(state, value, 1, arguments.length))
    },
    { returns: "number", cost: 3 },
  )

const folded = (state: LuaState, name: string, combine: (a: number, b: number) => number): LuaFunction =>
  builtin(
    name,
    function (...args: LuaValue[]): number {
      const given = args.length
      let bits = bitsArgument(state, args[0], 1, given)
      // From the last to the second, as one sees by which of two wrong ones is named.
      for (let i = given; i > 1; i--) bits = combine(bits, bitsArgument(state, args[i - 1], i, given))
      return bits
    },
    { returns: "number", cost: 5 },
  )

const shifted = (state: LuaState, name: string, shift: (bits: number, by: number) => number): LuaFunction =>
  builtin(
    name,
    function (value: LuaValue, by: LuaValue): number {
      const given = arguments.length
      const bits = bitsArgument(state, value, 1, given)
      return shift(bits, bitsArgument(state, by, 2, given) & 31)
    },
    { returns: "number", cost: 5 },
  )

const swapBytes = (bits: number): number =>
  (bits >>> 24) | ((bits >>> 8) & 0xff00) | ((bits & 0xff00) << 8) | (bits << 24)

const DIGITS_MAX = 8

const hexText = (state: LuaState): LuaFunction =>
  builtin(
    "tohex",
    function (value: LuaValue, count: LuaValue): string {
      const given = arguments.length
      const bits = bitsArgument(state, value, 1, given)
      const wanted = count === undefined && given < 2 ? DIGITS_MAX : bitsArgument(state, count, 2, given)
      const digits = Math.min(Math.abs(wanted), DIGITS_MAX)
      const text = (bits >>> 0)
        .toString(16)
        .padStart(DIGITS_MAX, "0")
        .slice(DIGITS_MAX - digits)
      return wanted < 0 ? text.toUpperCase() : text
    },
    { returns: "string", cost: 20 },
  )

export const bitLibrary = (state: LuaState): LuaTable =>
  library([
    single(state, "tobit", (bits) => bits),
    single(state, "bnot", (bits) => ~bits),
    folded(state, "band", (a, b) => a & b),
    folded(state, "bor", (a, b) => a | b),
    folded(state, "bxor", (a, b) => a ^ b),
    shifted(state, "lshift", (bits, by) => bits << by),
    shifted(state, "rshift", (bits, by) => (bits >>> by) | 0),
    shifted(state, "arshift", (bits, by) => bits >> by),
    shifted(state, "rol", (bits, by) => (bits << by) | (bits >>> (32 - by))),
    shifted(state, "ror", (bits, by) => (bits >>> by) | (bits << (32 - by))),
    single(state, "bswap", swapBytes),
    hexText(state),
  ])
