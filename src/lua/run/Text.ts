/**
 * Values as `tostring` shows them, without metatables.
 */
import type { Identity } from "./Layout.js"
import { numberText } from "../lib/numberText.js"
import { LuaFunction, LuaTable, type LuaValue, Userdata } from "./Value.js"

/** Addresses are only to look like some: objects have none. */
const ADDRESS_BASE = 0x7f0000001000
const ADDRESS_STEP = 64

const addressOf = (object: Identity): string => `0x${(ADDRESS_BASE + object.id * ADDRESS_STEP).toString(16)}`

export const plainText = (value: LuaValue): string => {
  switch (typeof value) {
    case "string":
      return value
    case "number":
      return numberText(value)
    case "boolean":
      return value ? "true" : "false"
    case "undefined":
      return "nil"
    default:
      if (value instanceof Userdata) return value.isNull ? "userdata: (nil)" : `userdata: ${addressOf(value)}`
      if (value instanceof LuaTable) return `table: ${addressOf(value)}`
      if (!(value instanceof LuaFunction)) return `thread: ${addressOf(value)}`
      return `function: ${value.info === undefined ? "" : "builtin: "}${addressOf(value)}`
  }
}
