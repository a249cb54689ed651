/**
 * The table `cmsgpack` (lua-cmsgpack 0.4.0).
 */
import { int32, numberArgument, optionalNumber, stringArgument, toInteger } from "../../run/Arguments.js"
import { builtin } from "../../run/Builtin.js"
import type { LuaState } from "../../run/State.js"
import { LuaTable, type LuaValue, type Results } from "../../run/Value.js"
import { Packer } from "./cmsgpackPack.js"
import { Unpacker } from "./cmsgpackUnpack.js"

/**
 * Values from `offset` on, at most `limit`; 0 and 0 mean all of them, without the next offset in front. Errors show the
 * offset's low 32 bits.
 */
const unpackFrom = (
  state: LuaState,
  unpacker: Unpacker,
  text: string,
  limit: number,
  offset: number,
): Results => {
  if (offset < 0 || limit < 0) {
    throw state.raise(
      `Invalid request to unpack with offset of ${int32(offset)} and limit of ${text.length}.`,
    )
  }
  if (offset > text.length) {
    throw state.raise(`Start offset ${int32(offset)} greater than input length ${text.length}.`)
  }
  const all = limit === 0 && offset === 0
  const most = all ? Infinity : limit
  const values: LuaValue[] = []
  try {
    unpacker.start(text, offset)
    while (!unpacker.done && values.length < most) values.push(unpacker.next(values.length))
    state.charge((unpacker.at - offset) >> 3)
    if (!all) values.unshift(unpacker.done ? -1 : unpacker.at)
  } finally {
    unpacker.start("", 0)
  }
  return values.length === 1 ? values[0] : values
}

export const cmsgpackLibrary = (state: LuaState): LuaTable => {
  const packer = new Packer(state)
  const unpacker = new Unpacker(state)
  const pack = builtin(
    "pack",
    function (...values: LuaValue[]): string {
      if (values.length === 0) throw state.badArgument(0, "MessagePack pack needs input.")
      return packer.pack(values)
    },
    { cost: 200, returns: "string" },
  )
  const unpack = builtin(
    "unpack",
    function (text: LuaValue): Results {
      return unpackFrom(state, unpacker, stringArgument(state, text, 1, arguments.length), 0, 0)
    },
    { cost: 200 },
  )
  const unpackOne = builtin(
    "unpack_one",
    function (text: LuaValue, offset: LuaValue): Results {
      const given = arguments.length
      const from = toInteger(optionalNumber(state, offset, 2, given, 0))
      return unpackFrom(state, unpacker, stringArgument(state, text, 1, given), 1, from)
    },
    { cost: 100 },
  )
  const unpackLimit = builtin(
    "unpack_limit",
    function (text: LuaValue, limit: LuaValue, offset: LuaValue): Results {
      const given = arguments.length
      const most = toInteger(numberArgument(state, limit, 2, given))
      const from = toInteger(optionalNumber(state, offset, 3, given, 0))
      return unpackFrom(state, unpacker, stringArgument(state, text, 1, given), most, from)
    },
    { cost: 100 },
  )
  const table = new LuaTable()
  for (const f of [pack, unpack, unpackOne, unpackLimit]) table.setText(f.info?.name ?? "", f)
  table.setText("_NAME", "cmsgpack")
  table.setText("_VERSION", "lua-cmsgpack 0.4.0")
  table.setText("_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo")
  table.setText("_DESCRIPTION", "MessagePack C implementation for Lua")
  return table
}
