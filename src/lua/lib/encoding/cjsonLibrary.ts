/**
 * The table `cjson` (lua-cjson 2.1.0), and the tables that `cjson.new` makes, each with settings of its own.
 */
import { numberArgument, stringArgument } from "../../run/Arguments.js"
import { int32 } from "../../run/Arguments.js"
import { builtin } from "../../run/Builtin.js"
import type { LuaState } from "../../run/State.js"
import { type LuaFunction, LuaTable, type LuaValue, type Results, Userdata } from "../../run/Value.js"
import { CjsonDecoder } from "./cjsonDecode.js"
import { CjsonEncoder } from "./cjsonEncode.js"
import { CjsonSettings } from "./cjsonSettings.js"

const INT_MAX = 2147483647
const PRECISION_MAX = 14

const limitArguments = (state: LuaState, given: number, most: number): void => {
  if (given > most) throw state.badArgument(most + 1, "found too many arguments")
}

/** A setting that is a whole number; complaints are always about argument 1. */
const wholeOption = (
  state: LuaState,
  args: ReadonlyArray<LuaValue>,
  position: number,
  current: number,
  least: number,
  most: number,
): number => {
  const value = args[position - 1]
  if (value === undefined) return current
  const wanted = int32(numberArgument(state, value, position, args.length))
  if (wanted < least || wanted > most) {
    throw state.badArgument(1, `expected integer between ${least} and ${most}`)
  }
  return wanted
}

/** A setting that is one of a few words; true and false are the second and the first of them. */
const wordOption = (
  state: LuaState,
  args: ReadonlyArray<LuaValue>,
  current: number,
  words: ReadonlyArray<string>,
): number => {
  const value = args[0]
  if (value === undefined) return current
  if (typeof value === "boolean") return value ? 1 : 0
  const word = stringArgument(state, value, 1, args.length)
  const index = words.indexOf(word)
  if (index < 0) throw state.badArgument(1, `invalid option '${word}'`)
  return index
}

const OFF_ON: ReadonlyArray<string> = ["off", "on"]
const OFF_ON_NULL: ReadonlyArray<string> = ["off", "on", "null"]

const flagOption = (state: LuaState, args: ReadonlyArray<LuaValue>, current: boolean): boolean =>
  wordOption(state, args, current ? 1 : 0, OFF_ON) === 1

const setting = (
  state: LuaState,
  name: string,
  most: number,
  change: (args: ReadonlyArray<LuaValue>) => Results,
): LuaFunction =>
  builtin(
    name,
    function (...args: LuaValue[]): Results {
      limitArguments(state, args.length, most)
      return change(args)
    },
    { cost: 10 },
  )

const settingFunctions = (state: LuaState, settings: CjsonSettings): ReadonlyArray<LuaFunction> => [
  setting(state, "encode_sparse_array", 3, (args) => {
    settings.sparseConvert = flagOption(state, args, settings.sparseConvert)
    settings.sparseRatio = wholeOption(state, args, 2, settings.sparseRatio, 0, INT_MAX)
    settings.sparseSafe = wholeOption(state, args, 3, settings.sparseSafe, 0, INT_MAX)
    return [settings.sparseConvert, settings.sparseRatio, settings.sparseSafe]
  }),
  setting(state, "encode_max_depth", 1, (args) => {
    settings.encodeMaxDepth = wholeOption(state, args, 1, settings.encodeMaxDepth, 1, INT_MAX)
    return settings.encodeMaxDepth
  }),
  setting(state, "decode_max_depth", 1, (args) => {
    settings.decodeMaxDepth = wholeOption(state, args, 1, settings.decodeMaxDepth, 1, INT_MAX)
    return settings.decodeMaxDepth
  }),
  setting(state, "encode_number_precision", 1, (args) => {
    settings.precision = wholeOption(state, args, 1, settings.precision, 1, PRECISION_MAX)
    return settings.precision
  }),
  setting(state, "encode_keep_buffer", 1, (args) => {
    settings.keepBuffer = flagOption(state, args, settings.keepBuffer)
    return settings.keepBuffer
  }),
  setting(state, "encode_invalid_numbers", 1, (args) => {
    settings.encodeInvalid = wordOption(state, args, settings.encodeInvalid, OFF_ON_NULL)
    return settings.encodeInvalid < 2 ? settings.encodeInvalid === 1 : OFF_ON_NULL[settings.encodeInvalid]
  }),
  setting(state, "decode_invalid_numbers", 1, (args) => {
    settings.decodeInvalid = flagOption(state, args, settings.decodeInvalid)
    return settings.decodeInvalid
  }),
]

const moduleTable = (state: LuaState, nothing: Userdata): LuaTable => {
  const settings = new CjsonSettings()
  const encoder = new CjsonEncoder(state, settings)
  const decoder = new CjsonDecoder(state, settings, nothing)
  const encode = builtin(
    "encode",
    function (value: LuaValue): string {
      if (arguments.length !== 1) throw state.badArgument(1, "expected 1 argument")
      return encoder.encode(value)
    },
    { cost: 200, returns: "string" },
  )
  const decode = builtin(
    "decode",
    function (text: LuaValue): LuaValue {
      if (arguments.length !== 1) throw state.badArgument(1, "expected 1 argument")
      return decoder.decode(stringArgument(state, text, 1, 1))
    },
    { cost: 200, returns: "value" },
  )
  const make = builtin("new", () => moduleTable(state, nothing), { cost: 500, returns: "value" })
  const table = new LuaTable()
  for (const f of [encode, decode, ...settingFunctions(state, settings), make]) {
    table.setText(f.info?.name ?? "", f)
  }
  table.setText("null", nothing)
  table.setText("_NAME", "cjson")
  table.setText("_VERSION", "2.1.0")
  return table
}

export const cjsonLibrary = (state: LuaState): LuaTable => moduleTable(state, new Userdata())
