/**
 * Lists with nil in them. Lua sizes a table anew again and again while such values are assigned one after another; where
 * nil is decides alone how it ends up. So what became of a list of each pattern is remembered, as a table whose values
 * only stand for some: the next list of the pattern is arranged as that one.
 */
import { LuaTable, type LuaValue } from "./Value.js"

/** A pattern is a bit a value, behind a first one. */
const LENGTH_MAX = 24
const MODELS_MAX = 512

const models = new Map<number, LuaTable>()

const modelOf = (pattern: number, values: ReadonlyArray<LuaValue>): LuaTable => {
  const known = models.get(pattern)
  if (known !== undefined) return known
  if (models.size === MODELS_MAX) models.clear()
  const made = new LuaTable().assign(values.map((value) => (value === undefined ? undefined : true)))
  models.set(pattern, made)
  return made
}

/** A table that was empty and got these values one after another. */
export const assignedList = (values: ReadonlyArray<LuaValue>): LuaTable => {
  const { length } = values
  if (length > LENGTH_MAX) return new LuaTable().assign(values)
  let pattern = 1
  for (let i = 0; i < length; i++) pattern = (pattern << 1) | (values[i] === undefined ? 1 : 0)
  return modelOf(pattern, values).withValues(values)
}
